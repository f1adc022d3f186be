-- After a positive payout no more has been paid in the person-year than the limit of its own terms (rules D4, E4).
-- What was paid before under higher terms is kept, so only settlements that pay are looked at. Only person-years
-- whose positive payouts pass their lowest limit can break it: they alone are put in order.
with

suspects as (

    select
        person_key,
        scheme_id,
        benefit_year
    from {{ ref('fct_payout') }}
    where payout_amount > 0
    group by person_key, scheme_id, benefit_year
    having sum(payout_amount) > min(annual_limit)

),

payouts as (

    select payouts.*
    from {{ ref('fct_payout') }} as payouts
    inner join suspects
        on
            payouts.person_key = suspects.person_key
            and payouts.scheme_id = suspects.scheme_id
            and payouts.benefit_year = suspects.benefit_year

),

running as (

    select
        payouts.settlement_id,
        payouts.scheme_id,
        payouts.person_key,
        payouts.benefit_year,
        payouts.payout_amount,
        payables.payout_limit,
        sum(payouts.payout_amount) over (
            partition by payouts.person_key, payouts.scheme_id, payouts.benefit_year
            order by payouts.settled_at, payouts.settlement_id
            rows between unbounded preceding and current row
        ) as paid_so_far
    from payouts
    inner join {{ ref('int_scheme_payable') }} as payables
        on
            payouts.settlement_id = payables.settlement_id
            and payouts.scheme_id = payables.scheme_id

)

select * from running
where payout_amount > 0 and paid_so_far > payout_limit
