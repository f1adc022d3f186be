-- Payouts of critical illness insurance by county, insurance type, year and year of birth (rule H3).
with

schemes as (

    select distinct scheme_id from {{ ref('scheme') }}
    where scheme_kind = 'critical_illness'

),

persons as (

    select
        person_key,
        birth_year
    from {{ ref('dim_person') }}

),

paid as (

    select
        payouts.scheme_id,
        payouts.region_code,
        payouts.insurance_type,
        payouts.benefit_year,
        payouts.person_key,
        sum(payouts.payout_amount) as payout_amount,
        count(case when payouts.payout_amount > 0 then 1 end) as cases_paid
    from {{ ref('fct_payout') }} as payouts
    inner join schemes on payouts.scheme_id = schemes.scheme_id
    where payouts.payout_amount <> 0
    group by
        payouts.scheme_id,
        payouts.region_code,
        payouts.insurance_type,
        payouts.benefit_year,
        payouts.person_key

)

select
    paid.scheme_id,
    paid.region_code,
    paid.insurance_type,
    paid.benefit_year,
    persons.birth_year,
    cast(sum(paid.payout_amount) as decimal(18, 2)) as payout_amount,
    count(case when paid.cases_paid > 0 then 1 end) as persons_paid,
    sum(paid.cases_paid) as cases_paid
from paid
left join persons on paid.person_key = persons.person_key
group by paid.scheme_id, paid.region_code, paid.insurance_type, paid.benefit_year, persons.birth_year
