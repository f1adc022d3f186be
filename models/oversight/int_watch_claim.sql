-- What the persons who may be watched bear of each settlement, with the day on which it leaves each window (rule I1).
with

burdens as (

    select * from {{ ref('fct_burden') }}

),

expenses as (

    select * from {{ ref('fct_claim_expense') }}

),

persons as (

    select * from {{ ref('int_watch_person') }}

)

select
    expenses.settlement_id,
    expenses.person_key,
    expenses.settled_on,
    expenses.disease_code,
    expenses.institution_code,
    expenses.benefit_year,
    expenses.own_expense,
    burdens.out_of_pocket,
    -- A year that goes by discharge may be over before its last settlements: those are in no year to date.
    {{ year_start('expenses.benefit_year + 1') }} as leaves_year_on,
    -- A reversal leaves with what it takes back, or the window would fall below nothing in between (rule A3).
    {{ add_months('expenses.root_settled_on', 12) }} as leaves_12_months_on
from expenses
inner join burdens on expenses.settlement_id = burdens.settlement_id
inner join persons on expenses.person_key = persons.person_key
