-- Settlements whose recorded payout differs from the computed one, with the terms that apply (rule E8).
with

differing as (

    select * from {{ ref('int_recorded_payout') }}
    where recorded_amount <> computed_amount

),

terms as (

    select
        scheme_id,
        insurance_type,
        assistance_category,
        valid_from,
        valid_to,
        sum(deductible) as deductible
    from {{ ref('int_pool_term') }}
    group by scheme_id, insurance_type, assistance_category, valid_from, valid_to

),

person_years as (

    select distinct
        person_key,
        scheme_id,
        benefit_year
    from differing

),

-- What earlier reversals took off the accumulator.
reversed as (

    select
        payouts.settlement_id,
        payouts.scheme_id,
        coalesce(sum(case when payouts.is_reversal then -payouts.eligible_expense else 0 end) over (
            partition by payouts.person_key, payouts.scheme_id, payouts.benefit_year
            order by payouts.settled_at, payouts.settlement_id
            rows between unbounded preceding and 1 preceding
        ), 0) as reversed_before
    from {{ ref('fct_payout') }} as payouts
    inner join person_years
        on
            payouts.person_key = person_years.person_key
            and payouts.scheme_id = person_years.scheme_id
            and payouts.benefit_year = person_years.benefit_year

)

select
    differing.*,
    terms.valid_from,
    cast(terms.deductible as decimal(18, 2)) as deductible,
    cast(coalesce(reversed.reversed_before, 0) as decimal(18, 2)) as reversed_before,
    originals.recorded_amount as original_recorded_amount,
    originals.total_cost as original_total_cost
from differing
left join terms
    on
        differing.scheme_id = terms.scheme_id
        and differing.insurance_type = terms.insurance_type
        and differing.assistance_category = terms.assistance_category
        and {{ is_valid_on('terms', 'differing.terms_on') }}
left join reversed
    on
        differing.settlement_id = reversed.settlement_id
        and differing.scheme_id = reversed.scheme_id
left join {{ ref('int_recorded_payout') }} as originals
    on
        differing.reversed_settlement_id = originals.settlement_id
        and differing.scheme_id = originals.scheme_id
