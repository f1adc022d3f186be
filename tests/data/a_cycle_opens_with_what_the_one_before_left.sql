-- A supplementary scheme opens a year with the balance with which it closed the one before; the first year of a
-- cycle with nothing where the cycle before ended in a loss, which stays with its insurers (rule H6).
with

years as (

    select
        *,
        lag(balance_amount) over (partition by scheme_id order by benefit_year) as former_balance_amount,
        lag(cycle_from) over (partition by scheme_id order by benefit_year) as former_cycle_from
    from {{ ref('fct_fund_cycle') }}

)

select *
from years
where
    former_balance_amount is not null
    and opening_balance_amount <> case
        when former_cycle_from <> cycle_from then greatest(0, former_balance_amount)
        else former_balance_amount
    end
