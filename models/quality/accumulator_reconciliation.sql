-- The same money added up on four ways, by scheme and benefit year (rules E4, H3): by settlement, tier, person-year and
-- fund; beside it what the live system recorded (rule E8).
{%- set ways = ['tier_payout_amount', 'person_year_payout_amount', 'fund_payout_amount'] %}
with

settlements as (

    select
        scheme_id,
        benefit_year,
        count(*) as settlement_count,
        sum(eligible_expense) as eligible_expense,
        sum(payout_amount) as payout_amount
    from {{ ref('fct_payout') }}
    group by scheme_id, benefit_year

),

tiers as (

    select
        payouts.scheme_id,
        payouts.benefit_year,
        sum(tiers.tier_payout) as payout_amount
    from {{ ref('fct_payout_tier') }} as tiers
    inner join {{ ref('fct_payout') }} as payouts
        on
            tiers.settlement_id = payouts.settlement_id
            and tiers.scheme_id = payouts.scheme_id
    group by payouts.scheme_id, payouts.benefit_year

),

person_years as (

    select
        scheme_id,
        benefit_year,
        count(*) as person_year_count,
        sum(eligible_expense) as eligible_expense,
        sum(payout_amount) as payout_amount
    from {{ ref('fct_accumulator_year') }}
    group by scheme_id, benefit_year

),

funds as (

    select
        scheme_id,
        benefit_year,
        sum(payout_amount) as payout_amount
    from {{ ref('fct_fund_year') }}
    group by scheme_id, benefit_year

),

recorded as (

    select
        scheme_id,
        benefit_year,
        sum(recorded_amount) as recorded_amount
    from {{ ref('fct_payout_variance') }}
    group by scheme_id, benefit_year

),

added_up as (

    select
        settlements.scheme_id,
        settlements.benefit_year,
        settlements.settlement_count,
        coalesce(person_years.person_year_count, 0) as person_year_count,
        cast(settlements.eligible_expense as decimal(18, 2)) as settlement_eligible_expense,
        cast(coalesce(person_years.eligible_expense, 0) as decimal(18, 2)) as person_year_eligible_expense,
        cast(settlements.payout_amount as decimal(18, 2)) as settlement_payout_amount,
        cast(coalesce(tiers.payout_amount, 0) as decimal(18, 2)) as tier_payout_amount,
        cast(coalesce(person_years.payout_amount, 0) as decimal(18, 2)) as person_year_payout_amount,
        cast(funds.payout_amount as decimal(18, 2)) as fund_payout_amount,
        cast(recorded.recorded_amount as decimal(18, 2)) as recorded_amount
    from settlements
    left join tiers
        on settlements.scheme_id = tiers.scheme_id and settlements.benefit_year = tiers.benefit_year
    left join person_years
        on settlements.scheme_id = person_years.scheme_id and settlements.benefit_year = person_years.benefit_year
    left join funds
        on settlements.scheme_id = funds.scheme_id and settlements.benefit_year = funds.benefit_year
    left join recorded
        on settlements.scheme_id = recorded.scheme_id and settlements.benefit_year = recorded.benefit_year

)

select
    *,
    cast(recorded_amount - settlement_payout_amount as decimal(18, 2)) as recorded_difference,
    -- A scheme without a fund year has nothing to compare there.
    settlement_eligible_expense = person_year_eligible_expense
    {%- for way in ways %}
    and settlement_payout_amount = coalesce({{ way }}, settlement_payout_amount)
    {%- endfor %} as is_reconciled
from added_up
