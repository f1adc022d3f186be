-- What insurers and fund keep or bear of a year, and what is negotiated, add up to its result; and the parts of the
-- insurers to the whole (rules H5, H6).
with

corridors as (

    select * from {{ ref('fct_fund_corridor') }}

),

cycles as (

    select
        *,
        row_number() over (partition by scheme_id, cycle_from order by benefit_year desc) as years_back
    from {{ ref('fct_fund_cycle') }}

),

insurers as (

    select
        scheme_id,
        insurance_line,
        last_year,
        sum(income_amount) as income_amount,
        sum(result_amount) as result_amount,
        sum(insurer_amount) as insurer_amount
    from {{ ref('fct_insurer_result') }}
    group by scheme_id, insurance_line, last_year

)

select
    scheme_id,
    insurance_line,
    benefit_year,
    margin_amount as whole_amount,
    insurer_amount + fund_amount + negotiated_amount as parts_amount,
    'The parts of the corridor do not add up to the margin.' as problem
from corridors
where margin_amount <> insurer_amount + fund_amount + negotiated_amount

union all

select
    insurers.scheme_id,
    insurers.insurance_line,
    insurers.last_year as benefit_year,
    corridors.margin_amount as whole_amount,
    insurers.result_amount as parts_amount,
    'The parts of the insurers do not add up to the line.' as problem
from insurers
inner join corridors
    on
        insurers.scheme_id = corridors.scheme_id
        and insurers.insurance_line = corridors.insurance_line
        and insurers.last_year = corridors.benefit_year
where
    insurers.result_amount <> corridors.margin_amount
    or insurers.income_amount <> corridors.income_amount
    or insurers.insurer_amount <> corridors.insurer_amount

union all

select
    insurers.scheme_id,
    insurers.insurance_line,
    insurers.last_year as benefit_year,
    cycles.balance_amount as whole_amount,
    insurers.result_amount as parts_amount,
    'The parts of the insurers do not add up to the cycle.' as problem
from insurers
inner join cycles
    on
        insurers.scheme_id = cycles.scheme_id
        and insurers.last_year = cycles.benefit_year
        and cycles.years_back = 1
where insurers.result_amount <> cycles.balance_amount
