{#- Payout of a settlement by tier (rules E4, E5). What is cut, of a payout or of what is taken back, comes off the highest
    tiers. -#}
{%- macro tier_payouts_within_limit(tier_payouts, limit_cuts) -%}
with

tier_payouts as (

    select * from {{ tier_payouts }}

),

limit_cuts as (

    select * from {{ limit_cuts }}

),

below as (

    select
        tier_payouts.settlement_id,
        tier_payouts.scheme_id,
        tier_payouts.tier_no,
        tier_payouts.tier_payout_without_limit,
        limit_cuts.payout_amount,
        sum(tier_payouts.tier_payout_without_limit) over (
            partition by tier_payouts.settlement_id, tier_payouts.scheme_id
        ) as ladder_payout,
        coalesce(sum(abs(tier_payouts.tier_payout_without_limit)) over (
            partition by tier_payouts.settlement_id, tier_payouts.scheme_id
            order by tier_payouts.tier_no
            rows between unbounded preceding and 1 preceding
        ), 0) as in_lower_tiers
    from tier_payouts
    inner join limit_cuts
        on
            tier_payouts.settlement_id = limit_cuts.settlement_id
            and tier_payouts.scheme_id = limit_cuts.scheme_id

),

cut_to_limit as (

    select
        settlement_id,
        scheme_id,
        tier_no,
        case
            when payout_amount = ladder_payout then tier_payout_without_limit
            else
                greatest(least(abs(tier_payout_without_limit), abs(payout_amount) - in_lower_tiers), 0)
                * case when payout_amount < 0 then -1 else 1 end
        end as tier_payout
    from below

)

select
    tier_payouts.settlement_id,
    tier_payouts.scheme_id,
    tier_payouts.tier_no,
    tier_payouts.schedule_key,
    tier_payouts.rate,
    tier_payouts.tier_expense,
    cast(coalesce(cut_to_limit.tier_payout, tier_payouts.tier_payout) as decimal(18, 2)) as tier_payout
from tier_payouts
left join cut_to_limit
    on
        tier_payouts.settlement_id = cut_to_limit.settlement_id
        and tier_payouts.scheme_id = cut_to_limit.scheme_id
        and tier_payouts.tier_no = cut_to_limit.tier_no
{%- endmacro -%}
