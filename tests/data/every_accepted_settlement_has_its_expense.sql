-- Every accepted settlement reaches the expense table, once and with its whole cost (rules A6, B1): a code without a
-- meaning would drop it on the way, one with two meanings would double it.
with

staged as (

    select
        count(*) as settlements,
        sum(total_cost) as total_cost
    from {{ ref('stg_settlement') }}

),

priced as (

    select
        count(*) as settlements,
        sum(total_cost) as total_cost
    from {{ ref('fct_claim_expense') }}

)

select
    staged.settlements as accepted_settlements,
    priced.settlements as settlements_with_expense,
    staged.total_cost as accepted_cost,
    priced.total_cost as cost_with_expense
from staged
cross join priced
where
    staged.settlements <> priced.settlements
    or coalesce(staged.total_cost, 0) <> coalesce(priced.total_cost, 0)
