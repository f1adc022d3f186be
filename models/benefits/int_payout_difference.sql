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

)

select
    differing.*,
    terms.valid_from,
    cast(terms.deductible as decimal(18, 2)) as deductible,
    originals.recorded_amount as original_recorded_amount,
    originals.total_cost as original_total_cost
from differing
left join terms
    on
        differing.scheme_id = terms.scheme_id
        and differing.insurance_type = terms.insurance_type
        and differing.assistance_category = terms.assistance_category
        and {{ is_valid_on('terms', 'differing.terms_on') }}
left join {{ ref('int_recorded_payout') }} as originals
    on
        differing.reversed_settlement_id = originals.settlement_id
        and differing.scheme_id = originals.scheme_id
