-- Persons whose payable expense ended a year within a tenth below a tier of a higher rate: whom a lower bound would
-- reach, and what it is worth to them at the next rate.
with

accumulators as (

    select * from {{ ref('fct_accumulator_year') }}
    where payout_amount > 0

),

-- The ladder on the last day of the year, of schemes with one expense pool.
tiers as (

    select
        scheme_id,
        insurance_type,
        assistance_category,
        valid_from,
        valid_to,
        tier_no,
        lower_bound,
        rate,
        lag(rate) over (
            partition by scheme_id, insurance_type, assistance_category, valid_from
            order by tier_no
        ) as lower_rate
    from {{ ref('benefit_schedule') }}
    where expense_pool is null

)

select
    accumulators.scheme_id,
    accumulators.benefit_year,
    tiers.tier_no,
    tiers.lower_bound,
    tiers.lower_rate,
    tiers.rate,
    count(*) as persons,
    sum(tiers.lower_bound - accumulators.payable_expense) as missing_to_the_tier
from accumulators
inner join tiers
    on
        accumulators.scheme_id = tiers.scheme_id
        and accumulators.insurance_type = tiers.insurance_type
        and accumulators.assistance_category = tiers.assistance_category
        and extract(year from tiers.valid_from) <= accumulators.benefit_year
        and coalesce(extract(year from tiers.valid_to), 9999) > accumulators.benefit_year
where
    tiers.rate > tiers.lower_rate
    and accumulators.payable_expense < tiers.lower_bound
    and accumulators.payable_expense * 10 >= tiers.lower_bound * 9
group by
    accumulators.scheme_id,
    accumulators.benefit_year,
    tiers.tier_no,
    tiers.lower_bound,
    tiers.lower_rate,
    tiers.rate
order by accumulators.scheme_id, accumulators.benefit_year, tiers.tier_no, tiers.lower_bound
