{#- Payouts of person-years whose terms changed, one settlement after the other: what is added is held to what the year has
    left of its own limit, what is taken back to what was paid (rules D4, E4, E5). Where the terms stay the same the
    ladder alone keeps both, and the person-year is not here; unless `ladder_keeps_limit` is false, as where several
    ladders are paid from one limit: then everyone is here who has a limit or from whom something is taken back. -#}
{%- macro limit_cuts(payables, tier_payouts, ladder_keeps_limit=true) -%}
with

payables as (

    select * from {{ payables }}

),

ladder_payouts as (

    select
        settlement_id,
        scheme_id,
        sum(tier_payout_without_limit) as ladder_payout
    from {{ tier_payouts }}
    group by settlement_id, scheme_id

),

steps as (

    select
        payables.settlement_id,
        payables.scheme_id,
        payables.person_key,
        payables.benefit_year,
        payables.payout_limit,
        ladder_payouts.ladder_payout,
        row_number() over (
            partition by payables.scheme_id, payables.person_key, payables.benefit_year
            order by payables.settled_at, payables.settlement_id
        ) as step_no
    from ladder_payouts
    inner join payables
        on
            ladder_payouts.settlement_id = payables.settlement_id
            and ladder_payouts.scheme_id = payables.scheme_id

),

changed as (

    select
        scheme_id,
        person_key,
        benefit_year
    {%- if ladder_keeps_limit %}
    from payables
    group by scheme_id, person_key, benefit_year
    having
        min(assistance_category) <> max(assistance_category)
        or min(insurance_type) <> max(insurance_type)
        or min(valid_from) <> max(valid_from)
    {%- else %}
    from steps
    group by scheme_id, person_key, benefit_year
    having max(payout_limit) is not null or min(ladder_payout) < 0
    {%- endif %}

),

changed_steps as (

    select steps.*
    from steps
    inner join changed
        on
            steps.scheme_id = changed.scheme_id
            and steps.person_key = changed.person_key
            and steps.benefit_year = changed.benefit_year

),

-- What the ladders alone would have come to: no one gives back more than that.
entitled as (

    select
        *,
        {{ running_total(
            {'ladder_payout': ['ladder_payout', 'decimal(18, 2)']},
            'greatest(this_step.ladder_payout, -so_far.total)',
            ['scheme_id', 'person_key', 'benefit_year'],
            ['step_no'],
        ) }} as entitled_so_far
    from changed_steps

),

-- A reversal takes back first what a limit had kept from being paid, and never more than was paid (rule E5).
paid as (

    select
        settlement_id,
        scheme_id,
        person_key,
        benefit_year,
        step_no,
        {{ running_total(
            {
                'ladder_payout': ['ladder_payout', 'decimal(18, 2)'],
                'payout_limit': ['payout_limit', 'decimal(18, 2)'],
                'entitled_so_far': ['entitled_so_far', 'decimal(18, 2)'],
            },
            paid_in_step(),
            ['scheme_id', 'person_key', 'benefit_year'],
            ['step_no'],
        ) }} as paid_so_far
    from entitled

)

select
    settlement_id,
    scheme_id,
    cast(
        paid_so_far - coalesce(lag(paid_so_far) over (
            partition by scheme_id, person_key, benefit_year
            order by step_no
        ), 0) as decimal(18, 2)
    ) as payout_amount
from paid
{%- endmacro -%}


{#- What a settlement adds to what was paid in the year: held to what is left of its limit where it adds, and no more
    than the year then comes to where it takes back (rules D4, E4, E5). -#}
{%- macro paid_in_step() -%}
    case
        when this_step.ladder_payout > 0
            then {{ within_limit('this_step.ladder_payout', 'this_step.payout_limit', 'so_far.total') }}
        else least(this_step.entitled_so_far - so_far.total, 0)
    end
{%- endmacro -%}
