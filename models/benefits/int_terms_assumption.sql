-- What the live system may have assumed otherwise: one row an assumption, with where its ladder would have stood
-- (rule E8).
with

differing as (

    select * from {{ ref('int_payout_difference') }}

),

-- Of schemes with several expense pools only the sums are tried.
terms as (

    select * from {{ ref('int_scheme_term') }}

)

-- Another assistance category.
select
    differing.settlement_id,
    differing.scheme_id,
    'category' as cause,
    'as ' || terms.assistance_category as assumption,
    terms.assistance_category,
    true as is_limited,
    {{ payable_expense('differing.accumulated_before', 'terms') }} as stood_at,
    {{ payable_expense('differing.accumulated_after', 'terms') }} as stands_at
from differing
inner join terms
    on
        differing.scheme_id = terms.scheme_id
        and differing.insurance_type = terms.insurance_type
        and differing.valid_from = terms.valid_from
        and differing.assistance_category <> terms.assistance_category

union all

-- The deductible: left out, or taken anew at this settlement.
select
    differing.settlement_id,
    differing.scheme_id,
    'deductible' as cause,
    'no deductible' as assumption,
    differing.assistance_category,
    true as is_limited,
    differing.accumulated_before as stood_at,
    differing.accumulated_after as stands_at
from differing

union all

select
    differing.settlement_id,
    differing.scheme_id,
    'deductible' as cause,
    'deductible taken anew' as assumption,
    differing.assistance_category,
    true as is_limited,
    0 as stood_at,
    greatest(differing.eligible_expense - differing.deductible, 0) as stands_at
from differing
where differing.accumulated_before > 0

union all

-- The tiers: begun anew at this settlement.
select
    differing.settlement_id,
    differing.scheme_id,
    'tier' as cause,
    'tiers begun anew' as assumption,
    differing.assistance_category,
    true as is_limited,
    0 as stood_at,
    greatest(differing.payable_after - differing.payable_before, 0) as stands_at
from differing
where differing.payable_before > 0

union all

-- The limit: left out.
select
    differing.settlement_id,
    differing.scheme_id,
    'limit' as cause,
    'no limit' as assumption,
    differing.assistance_category,
    false as is_limited,
    greatest(differing.accumulated_before - differing.deductible, 0) as stood_at,
    greatest(differing.accumulated_after - differing.deductible, 0) as stands_at
from differing

union all

-- The accumulator: earlier reversals did not lower it.
select
    differing.settlement_id,
    differing.scheme_id,
    'reversal' as cause,
    'accumulator not lowered by earlier reversals' as assumption,
    differing.assistance_category,
    true as is_limited,
    {{ payable_expense('(differing.accumulated_before + differing.reversed_before)', 'own_terms') }} as stood_at,
    {{ payable_expense('(differing.accumulated_after + differing.reversed_before)', 'own_terms') }} as stands_at
from differing
inner join terms as own_terms
    on
        differing.scheme_id = own_terms.scheme_id
        and differing.insurance_type = own_terms.insurance_type
        and differing.valid_from = own_terms.valid_from
        and differing.assistance_category = own_terms.assistance_category
where differing.reversed_before <> 0
