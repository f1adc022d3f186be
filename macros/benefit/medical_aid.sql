{#- Medical aid of the pools in which it stands at one place of the layers (rules E6, F2): a share of what the layers
    before it left, up to the limits of the year. Written once for both places: before the supplementary insurance and
    after it. -#}
{%- macro medical_aid(is_before_supplementary) -%}
with

aided as (

    select * from {{ ref('int_aided_settlement') }}
    where {{ '' if is_before_supplementary else 'not ' }}is_before_supplementary

),

-- Coverage says which expense is outpatient: its pool has a limit of its own.
eligible as (

    select
        settlement_id,
        scheme_id,
        sum(eligible_expense) as eligible_expense,
        max(case when expense_pool = 'outpatient' then 1 else 0 end) as is_outpatient,
        max(status_rank) as status_rank
    from {{ ref('int_eligible_expense') }}
    group by settlement_id, scheme_id

),

paid_before as (

    select
        settlement_id,
        sum(payout_amount) as payout_amount
    from (
        select
            settlement_id,
            tier_payout as payout_amount
        from {{ ref('int_paid_tier') }}
        {%- if not is_before_supplementary %}
        union all
        select
            settlement_id,
            tier_payout_on_left as payout_amount
        from {{ ref('int_supplementary_tier') }}
        {%- endif %}
    ) as earlier_payouts
    group by settlement_id

),

left_over as (

    select
        aided.*,
        eligible.is_outpatient,
        eligible.eligible_expense,
        greatest(aided.status_rank, eligible.status_rank) as aid_status_rank,
        cast({{ part_of('eligible.eligible_expense - coalesce(paid_before.payout_amount, 0)', 'eligible.eligible_expense') }}
            as decimal(18, 2)) as aid_base
    from aided
    inner join eligible
        on
            aided.settlement_id = eligible.settlement_id
            and aided.scheme_id = eligible.scheme_id
    left join paid_before on aided.settlement_id = paid_before.settlement_id

),

accumulated as (

    select
        *,
        cast(sum(aid_base) over (
            partition by scheme_id, person_key, benefit_year
            order by settled_at, settlement_id
            rows between unbounded preceding and current row
        ) as decimal(18, 2)) as base_after
    from left_over

),

-- What the rate gives of what was added, before any limit (rule E4).
entitled as (

    select
        *,
        {{ share_of('greatest(base_after - deductible, 0)', 'rate') }}
        - {{ share_of('greatest(base_after - aid_base - deductible, 0)', 'rate') }} as entitlement
    from accumulated

),

running as (

    select
        *,
        cast(sum(case when is_outpatient = 1 then entitlement else 0 end) over account as decimal(18, 2))
            as outpatient_after,
        cast(sum(case when is_outpatient = 1 then 0 else entitlement end) over account as decimal(18, 2))
            as inpatient_after
    from entitled
    window account as (
        partition by scheme_id, person_key, benefit_year
        order by settled_at, settlement_id
        rows between unbounded preceding and current row
    )

),

limited as (

    select
        *,
        {{ within_aid_limits('inpatient_after', 'outpatient_after') }}
        - {{ within_aid_limits(
            'inpatient_after - case when is_outpatient = 1 then 0 else entitlement end',
            'outpatient_after - case when is_outpatient = 1 then entitlement else 0 end'
        ) }} as payout_amount
    from running

)

select
    settlement_id,
    scheme_id,
    person_key,
    benefit_year,
    settled_at,
    assistance_category,
    rate,
    deductible,
    annual_limit,
    outpatient_limit,
    is_outpatient = 1 as is_outpatient,
    cast(eligible_expense as decimal(18, 2)) as eligible_expense,
    aid_base,
    cast(base_after - aid_base as decimal(18, 2)) as base_before,
    base_after,
    cast(entitlement as decimal(18, 2)) as entitlement,
    cast(payout_amount as decimal(18, 2)) as payout_amount,
    aid_status_rank as status_rank
from limited
{%- endmacro -%}


{#- What has been given of what the rates gave: outpatient aid up to its limit, and all of it up to that of the year;
    a limit that is NULL is none. -#}
{%- macro within_aid_limits(inpatient, outpatient) -%}
    least({{ inpatient }} + least({{ outpatient }}, outpatient_limit), annual_limit)
{%- endmacro -%}


{#- An amount held to a whole: between nothing and the whole, on the side on which the whole lies. -#}
{%- macro part_of(amount, whole) -%}
    greatest(least({{ amount }}, greatest({{ whole }}, 0)), least({{ whole }}, 0))
{%- endmacro -%}
