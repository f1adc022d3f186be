-- The cause of a difference: the assumption that gives what the live system recorded (rule E8).
with

recorded as (

    select * from {{ ref('int_recorded_payout') }}

),

supposed as (

    select * from {{ ref('int_supposed_payout') }}

),

tiers as (

    select
        settlement_id,
        scheme_id,
        count(*) as tier_count
    from {{ ref('fct_payout_tier') }}
    group by settlement_id, scheme_id

),

-- An assumption is a cause when it gives the recorded amount to the fen. Where nothing was recorded most assumptions
-- could give that, so only those count that are known to happen.
matches as (

    select
        supposed.settlement_id,
        supposed.scheme_id,
        supposed.cause,
        supposed.assumption,
        case supposed.cause
            when 'other_column' then 0
            when 'reversal' then 2
            when 'category' then 3
            when 'deductible' then 4
            when 'limit' then 5
            when 'tier' then 6
            else 7
        end as cause_rank
    from supposed
    inner join recorded
        on
            supposed.settlement_id = recorded.settlement_id
            and supposed.scheme_id = recorded.scheme_id
            and supposed.supposed_amount = recorded.recorded_amount
    where
        recorded.recorded_amount <> recorded.computed_amount
        and (recorded.recorded_amount <> 0 or supposed.cause in ('other_column', 'reversal', 'category', 'deductible'))

),

-- Half a fen a tier, this way or that.
roundings as (

    select
        recorded.settlement_id,
        recorded.scheme_id,
        'rounding' as cause,
        'a fen a tier' as assumption,
        1 as cause_rank
    from recorded
    left join tiers
        on
            recorded.settlement_id = tiers.settlement_id
            and recorded.scheme_id = tiers.scheme_id
    where
        recorded.recorded_amount <> recorded.computed_amount
        and recorded.recorded_amount <> 0
        and abs(recorded.recorded_amount - recorded.computed_amount)
        <= coalesce(tiers.tier_count, 1) * cast('0.01' as decimal(4, 2))

),

causes as (

    select * from matches
    union all
    select * from roundings

)

select
    settlement_id,
    scheme_id,
    min_by(cause, cast(cause_rank as {{ dbt.type_string() }}) || assumption) as cause,
    min_by(assumption, cast(cause_rank as {{ dbt.type_string() }}) || assumption) as assumption,
    count(*) as matching_assumptions
from causes
group by settlement_id, scheme_id
