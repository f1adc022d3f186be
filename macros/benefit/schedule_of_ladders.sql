{#- The compiled ladders: every tier on payable expense, by scheme version, insurance type and category (section D). -#}
{%- macro schedule_of_ladders(ladders) -%}
with

ladder as (

    select * from {{ ladders }}

),

full_payouts as (

    select
        *,
        cast(round(cast(upper_bound - lower_bound as decimal(26, 2)) * rate, 2) as decimal(18, 2)) as full_payout
    from ladder

),

lower_tiers as (

    select
        *,
        coalesce(cast(sum(full_payout) over (
            partition by scheme_id, insurance_type, assistance_category, valid_from
            order by tier_no
            rows between unbounded preceding and 1 preceding
        ) as decimal(18, 2)), 0) as paid_in_lower_tiers
    from full_payouts

)

select
    {{ surrogate_key(['scheme_id', 'insurance_type', 'assistance_category', 'valid_from', 'tier_no']) }}
        as schedule_key,
    scheme_id,
    insurance_type,
    assistance_category,
    valid_from,
    valid_to,
    tier_no,
    expense_pool,
    cast(lower_bound as decimal(18, 2)) as lower_bound,
    cast(upper_bound as decimal(18, 2)) as upper_bound,
    rate,
    -- What the annual limit on payouts leaves to this tier once the lower ones are full (rules D4, E4).
    cast(case
        when payout_limit is not null then greatest(least(payout_limit - paid_in_lower_tiers, full_payout), 0)
    end as decimal(18, 2)) as tier_payout_limit,
    deductible,
    annual_limit,
    limit_basis,
    tier_basis,
    bound_inclusive,
    cast(published_lower_bound as decimal(18, 2)) as published_lower_bound,
    cast(published_upper_bound as decimal(18, 2)) as published_upper_bound,
    document_id,
    article,
    {{ status_name('status_rank') }} as parameter_status
from lower_tiers
{%- endmacro -%}
