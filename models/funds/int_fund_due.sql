-- What each county owes to the fund of a year, and by when: the transfer of the income, and the true-up of the net
-- change of heads between the census date and the end of the year (rule H2).
with

funds as (

    select * from {{ ref('fct_fund_year') }}
    where scheme_kind = 'critical_illness'

),

standards as (

    select * from {{ ref('funding_standard') }}

),

year_end_heads as (

    select
        scheme_id,
        region_code,
        insurance_type,
        benefit_year,
        sum(insured_heads) as insured_heads
    from {{ ref('int_head_count') }}
    where head_basis = 'year_end'
    group by scheme_id, region_code, insurance_type, benefit_year

),

heads as (

    select
        funds.scheme_id,
        funds.region_code,
        funds.insurance_type,
        funds.benefit_year,
        funds.insured_heads,
        coalesce(year_end_heads.insured_heads, 0) as year_end_heads,
        funds.income_amount,
        funds.per_capita_amount,
        standards.transfer_due,
        standards.true_up_due
    from funds
    inner join standards
        on
            funds.scheme_id = standards.scheme_id
            and standards.insurance_type in ('all', funds.insurance_type)
            and funds.benefit_year = standards.benefit_year
    left join year_end_heads
        on
            funds.scheme_id = year_end_heads.scheme_id
            and funds.region_code = year_end_heads.region_code
            and funds.insurance_type = year_end_heads.insurance_type
            and funds.benefit_year = year_end_heads.benefit_year

)

select
    scheme_id,
    region_code,
    insurance_type,
    benefit_year,
    'transfer' as due_kind,
    insured_heads as head_count,
    per_capita_amount,
    income_amount as due_amount,
    transfer_due as due_on
from heads

union all

select
    scheme_id,
    region_code,
    insurance_type,
    benefit_year,
    'true_up' as due_kind,
    year_end_heads - insured_heads as head_count,
    per_capita_amount,
    cast((year_end_heads - insured_heads) * per_capita_amount as decimal(18, 2)) as due_amount,
    true_up_due as due_on
from heads
