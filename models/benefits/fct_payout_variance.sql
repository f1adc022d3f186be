-- What the live system paid against what is computed, with the cause that was found (rule E8).
with

recorded as (

    select * from {{ ref('int_recorded_payout') }}

),

causes as (

    select * from {{ ref('int_variance_cause') }}

)

select
    recorded.settlement_id,
    recorded.scheme_id,
    recorded.person_key,
    recorded.benefit_year,
    recorded.settled_at,
    recorded.region_code,
    recorded.insurance_type,
    recorded.assistance_category,
    recorded.is_reversal,
    cast(recorded.recorded_amount as decimal(18, 2)) as recorded_amount,
    cast(recorded.computed_amount as decimal(18, 2)) as computed_amount,
    cast(recorded.recorded_amount - recorded.computed_amount as decimal(18, 2)) as variance,
    case
        when recorded.recorded_amount = recorded.computed_amount then 'none'
        else coalesce(causes.cause, case when recorded.recorded_amount = 0 then 'not_recorded' else 'unexplained' end)
    end as cause,
    causes.assumption,
    coalesce(causes.matching_assumptions, 0) as matching_assumptions
from recorded
left join causes
    on
        recorded.settlement_id = causes.settlement_id
        and recorded.scheme_id = causes.scheme_id
