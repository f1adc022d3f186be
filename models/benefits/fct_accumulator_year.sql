-- Where a person stands in a scheme at the end of a benefit year (rules C3, E2).
with

payouts as (

    select
        *,
        row_number() over (
            partition by person_key, scheme_id, benefit_year
            order by settled_at desc, settlement_id desc
        ) as newest_first
    from {{ ref('fct_payout') }}

),

-- What the latest settlement says, beside the sums of the year.
person_years as (

    select
        person_key,
        scheme_id,
        benefit_year,
        max(case when newest_first = 1 then region_code end) as region_code,
        max(case when newest_first = 1 then insurance_type end) as insurance_type,
        max(case when newest_first = 1 then assistance_category end) as assistance_category,
        max(case when newest_first = 1 then cover_status end) as cover_status,
        count(*) as settlement_count,
        cast(sum(eligible_expense) as decimal(18, 2)) as eligible_expense,
        max(case when newest_first = 1 then payable_after end) as payable_expense,
        cast(sum(payout_amount) as decimal(18, 2)) as payout_amount,
        max(case when newest_first = 1 then deductible end) as deductible,
        max(case when newest_first = 1 then deductible_remaining end) as deductible_remaining,
        max(case when newest_first = 1 then limit_basis end) as limit_basis,
        max(case when newest_first = 1 then annual_limit end) as annual_limit,
        min(case when payout_amount > 0 then settled_at end) as first_payout_at
    from payouts
    group by person_key, scheme_id, benefit_year

)

select
    {{ surrogate_key(['person_key', 'scheme_id', 'benefit_year']) }} as accumulator_key,
    person_key,
    scheme_id,
    benefit_year,
    region_code,
    insurance_type,
    assistance_category,
    cover_status,
    settlement_count,
    eligible_expense,
    payable_expense,
    payout_amount,
    deductible,
    deductible_remaining,
    annual_limit,
    cast(case
        when annual_limit is null then null
        when limit_basis = 'payout' then greatest(annual_limit - payout_amount, 0)
        else greatest(annual_limit - eligible_expense, 0)
    end as decimal(18, 2)) as limit_remaining,
    first_payout_at
from person_years
