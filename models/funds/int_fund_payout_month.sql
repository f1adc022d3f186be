-- Payouts of a scheme by county, insurance type and month of posting (rule H3).
with

payouts as (

    select
        *,
        {{ month_start('settled_at') }} as month_start
    from {{ ref('fct_payout') }}

)

select
    scheme_id,
    region_code,
    insurance_type,
    month_start,
    cast(sum(payout_amount) as decimal(18, 2)) as payout_amount,
    cast(
        sum(case when benefit_year = {{ year_of('month_start') }} then payout_amount else 0 end) as decimal(18, 2)
    ) as payout_of_year_amount,
    count(distinct case when payout_amount > 0 then person_key end) as persons_paid,
    count(case when payout_amount > 0 then 1 end) as cases_paid
from payouts
group by scheme_id, region_code, insurance_type, month_start
