-- A fund that says it carried another balance into a year than it closed the year before with does not balance
-- (rule H3): the row names it. What was carried in before the first year of a scheme has nothing to be held
-- against.
{{ config(severity='warn') }}

with

stated as (

    select
        scheme_id,
        region_code,
        insurance_type,
        benefit_year,
        sum(amount) as carried_in_amount
    from {{ ref('int_fund_transaction') }}
    where transaction_type = 'carried_in'
    group by scheme_id, region_code, insurance_type, benefit_year

),

years as (

    select
        *,
        min(benefit_year) over (partition by scheme_id) as first_year
    from {{ ref('fct_fund_year') }}

)

select
    years.scheme_id,
    years.region_code,
    years.insurance_type,
    years.benefit_year,
    years.opening_balance_amount,
    stated.carried_in_amount
from stated
inner join years
    on
        stated.scheme_id = years.scheme_id
        and stated.region_code = years.region_code
        and stated.insurance_type = years.insurance_type
        and stated.benefit_year = years.benefit_year
where years.benefit_year > years.first_year and stated.carried_in_amount <> years.opening_balance_amount
