-- What had been paid by each month of development, beside what the same months of service had been paid a month later
-- (rule H3).
with

cells as (

    select * from {{ ref('fct_claim_triangle') }}

),

with_next as (

    select
        *,
        lead(cumulative_amount) over (
            partition by scheme_id, insurance_type, service_month
            order by development_month
        ) as next_amount
    from cells

)

select
    scheme_id,
    insurance_type,
    development_month,
    count(next_amount) as month_count,
    cast(coalesce(sum(case when next_amount is not null then cumulative_amount end), 0) as decimal(18, 2))
        as paid_amount,
    cast(coalesce(sum(next_amount), 0) as decimal(18, 2)) as paid_next_amount
from with_next
group by scheme_id, insurance_type, development_month
