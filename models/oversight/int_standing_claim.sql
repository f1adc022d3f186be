-- Settlements that stand: what was taken back of them is off their amounts, and those taken back whole are gone (rules
-- A3, I4 to I9).
with

expenses as (

    select * from {{ ref('fct_claim_expense') }}

),

burdens as (

    select * from {{ ref('fct_burden') }}

),

reversals as (

    select
        settlement_id,
        root_settlement_id
    from {{ ref('int_settlement') }}
    where is_reversal

),

-- Read apart from the others: a CTE that is read twice is held, and this is every settlement with its columns.
reversed_expenses as (

    select * from {{ ref('fct_claim_expense') }}
    where is_reversal

),

reversed_burdens as (

    select * from {{ ref('fct_burden') }}
    where is_reversal

),

taken_back as (

    select
        reversals.root_settlement_id,
        sum(reversed_expenses.total_cost) as total_cost,
        sum(reversed_expenses.own_expense) as own_expense,
        sum(reversed_burdens.out_of_pocket) as out_of_pocket
    from reversals
    inner join reversed_expenses on reversals.settlement_id = reversed_expenses.settlement_id
    inner join reversed_burdens on reversals.settlement_id = reversed_burdens.settlement_id
    group by reversals.root_settlement_id

)

select
    expenses.settlement_id,
    expenses.person_key,
    expenses.benefit_year,
    expenses.settled_on,
    expenses.started_on,
    expenses.ended_on,
    expenses.region_code,
    expenses.pool_region_code,
    expenses.care_type,
    expenses.settlement_place,
    expenses.institution_code,
    expenses.institution_region_code,
    expenses.hospital_level,
    expenses.disease_code,
    cast(expenses.total_cost + coalesce(taken_back.total_cost, 0) as decimal(18, 2)) as total_cost,
    cast(expenses.own_expense + coalesce(taken_back.own_expense, 0) as decimal(18, 2)) as own_expense,
    cast(burdens.out_of_pocket + coalesce(taken_back.out_of_pocket, 0) as decimal(18, 2)) as out_of_pocket
from expenses
inner join burdens on expenses.settlement_id = burdens.settlement_id
left join taken_back on expenses.settlement_id = taken_back.root_settlement_id
where
    not expenses.is_reversal
    and (taken_back.root_settlement_id is null or expenses.total_cost + taken_back.total_cost <> 0)
