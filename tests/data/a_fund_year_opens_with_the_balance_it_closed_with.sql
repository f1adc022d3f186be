-- A fund opens a year with the balance with which it closed the year before (rule H3), county by county and for the
-- scheme as a whole: a county that drops out of a year would take its balance with it. Before the first year the
-- opening is what was carried in.
with

funds as (

    select
        scheme_id,
        region_code,
        insurance_type,
        benefit_year,
        opening_balance_amount,
        balance_amount
    from {{ ref('fct_fund_year') }}

),

whole_schemes as (

    select
        scheme_id,
        'whole scheme' as region_code,
        insurance_type,
        benefit_year,
        sum(opening_balance_amount) as opening_balance_amount,
        sum(balance_amount) as balance_amount
    from funds
    group by scheme_id, insurance_type, benefit_year

),

balances as (

    select * from funds
    union all
    select * from whole_schemes

),

with_former as (

    select
        *,
        lag(balance_amount) over (
            partition by scheme_id, region_code, insurance_type
            order by benefit_year
        ) as former_balance_amount
    from balances

)

select * from with_former
where opening_balance_amount <> former_balance_amount
