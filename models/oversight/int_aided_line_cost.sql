-- What aided persons were charged by an institution in a year: catalogue, negotiated and procured items (rule I4).
with

lines as (

    select * from {{ ref('stg_fee_line') }}

),

aided as (

    select * from {{ ref('int_aided_claim') }}

),

claims as (

    select * from {{ ref('int_standing_claim') }}

)

select
    claims.institution_code,
    claims.benefit_year,
    sum(lines.line_cost) as line_cost,
    sum(case when lines.is_inside_catalogue then lines.line_cost else 0 end) as catalogue_cost,
    sum(case when lines.item_type = 'drug' then lines.line_cost else 0 end) as drug_cost,
    sum(case when lines.item_type = 'drug' and lines.negotiated_drug_flag = '1' then lines.line_cost else 0 end)
        as negotiated_drug_cost,
    sum(case when lines.item_type = 'drug' and lines.procured_drug_flag = '1' then lines.line_cost else 0 end)
        as procured_drug_cost
from aided
inner join claims on aided.settlement_id = claims.settlement_id
inner join lines on aided.settlement_id = lines.settlement_id
where claims.institution_code is not null
group by claims.institution_code, claims.benefit_year
