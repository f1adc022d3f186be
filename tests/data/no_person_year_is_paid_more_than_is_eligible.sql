-- A person-year is never paid more than what is eligible in it (rules D3, E4). The one exception is what rule C2
-- lets a person keep: where something was taken back under other terms than those under which the rest was paid,
-- less may come back than the others got.
with

person_years as (

    select
        person_key,
        scheme_id,
        benefit_year,
        eligible_expense,
        payout_amount
    from {{ ref('fct_accumulator_year') }}
    -- Rows with negative parts can leave less than nothing eligible; nothing paid is not more than that.
    where payout_amount > greatest(eligible_expense, 0)

),

excused as (

    select
        payouts.person_key,
        payouts.scheme_id,
        payouts.benefit_year
    from {{ ref('fct_payout') }} as payouts
    inner join person_years
        on
            payouts.person_key = person_years.person_key
            and payouts.scheme_id = person_years.scheme_id
            and payouts.benefit_year = person_years.benefit_year
    inner join {{ ref('int_scheme_payable') }} as payables
        on
            payouts.settlement_id = payables.settlement_id
            and payouts.scheme_id = payables.scheme_id
    group by payouts.person_key, payouts.scheme_id, payouts.benefit_year
    having
        min(payouts.eligible_expense) < 0
        and count(distinct {{ surrogate_key([
            'payables.insurance_type', 'payables.assistance_category', 'payables.valid_from'
        ]) }}) > 1

)

select person_years.*
from person_years
left join excused
    on
        person_years.person_key = excused.person_key
        and person_years.scheme_id = excused.scheme_id
        and person_years.benefit_year = excused.benefit_year
where excused.person_key is null
