-- Payouts of each scheme and year by tier, net of reversals: where a changed rate would cost most.
with

tiers as (

    select * from {{ ref('fct_payout_tier') }}

),

payouts as (

    select * from {{ ref('fct_payout') }}

)

select
    payouts.scheme_id,
    payouts.benefit_year,
    tiers.tier_no,
    tiers.rate,
    count(distinct payouts.person_key) as persons,
    sum(tiers.tier_expense) as tier_expense,
    sum(tiers.tier_payout) as tier_payout
from tiers
inner join payouts
    on
        tiers.settlement_id = payouts.settlement_id
        and tiers.scheme_id = payouts.scheme_id
group by payouts.scheme_id, payouts.benefit_year, tiers.tier_no, tiers.rate
order by payouts.scheme_id, payouts.benefit_year, tiers.tier_no, tiers.rate
