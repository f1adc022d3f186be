-- Premiums, payouts and money moved of a supplementary scheme, a row a year from the first to the last (rule H6).
with

years as (

    select distinct
        scheme_id,
        benefit_year
    from {{ ref('int_fund_year_frame') }}
    where scheme_kind = 'supplementary'

),

schemes as (

    select
        scheme_id,
        max(pool_region_code) as pool_region_code,
        max({{ status_rank('status') }}) as status_rank
    from {{ ref('scheme') }}
    group by scheme_id

),

movements as (

    select
        scheme_id,
        benefit_year,
        sum(transfer_in_amount) as premium_amount,
        sum(carried_in_amount) as carried_in_amount,
        sum(service_fee_amount) as service_fee_amount,
        sum(interest_amount) as interest_amount,
        sum(advance_amount) as advance_amount
    from {{ ref('int_fund_movement') }}
    group by scheme_id, benefit_year

),

payouts as (

    select
        scheme_id,
        benefit_year,
        sum(payout_amount) as payout_amount,
        max(status_rank) as status_rank
    from {{ ref('int_fund_payout') }}
    group by scheme_id, benefit_year

),

covers as (

    select
        scheme_id,
        cover_year as benefit_year,
        count(distinct person_key) as insured_heads
    from {{ ref('fct_cover_span') }}
    group by scheme_id, cover_year

)

select
    years.scheme_id,
    schemes.pool_region_code,
    years.benefit_year,
    coalesce(covers.insured_heads, 0) as insured_heads,
    -- What is said to be carried in later stands in the balance already (rule H3).
    cast(
        case
            when years.benefit_year = min(years.benefit_year) over (partition by years.scheme_id)
                then coalesce(movements.carried_in_amount, 0)
            else 0
        end as decimal(18, 2)
    ) as carried_in_amount,
    {%- for column in ['movements.premium', 'movements.service_fee', 'movements.interest', 'movements.advance',
        'payouts.payout'] %}
    cast(coalesce({{ column }}_amount, 0) as decimal(18, 2)) as {{ column.split('.')[1] }}_amount,
    {%- endfor %}
    greatest(schemes.status_rank, coalesce(payouts.status_rank, 1)) as status_rank
from years
inner join schemes on years.scheme_id = schemes.scheme_id
{%- for relation in ['movements', 'payouts', 'covers'] %}
left join {{ relation }}
    on years.scheme_id = {{ relation }}.scheme_id and years.benefit_year = {{ relation }}.benefit_year
{%- endfor %}
