-- A supplementary scheme opens a year with what the one before carried forward: its balance, or nothing where a cycle
-- ended in a loss, which stays with its insurers (rule H6).
with

years as (

    select
        *,
        lag(carried_forward_amount) over (partition by scheme_id order by benefit_year) as former_forward_amount
    from {{ ref('fct_fund_cycle') }}

)

select *
from years
where opening_balance_amount <> former_forward_amount
