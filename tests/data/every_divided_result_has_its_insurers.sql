-- A line and year with a risk corridor whose insurers' shares are not in the seeds is divided, and nobody gets it
-- (rules H5, H6): add its rows to seeds/policy/insurer_share.csv.
{{ config(severity='warn') }}

with

corridors as (

    select * from {{ ref('fct_fund_corridor') }}

),

insurers as (

    select distinct
        scheme_id,
        insurance_line,
        last_year
    from {{ ref('fct_insurer_result') }}

)

select
    corridors.scheme_id,
    corridors.insurance_line,
    corridors.benefit_year,
    corridors.insurer_amount
from corridors
left join insurers
    on
        corridors.scheme_id = insurers.scheme_id
        and corridors.insurance_line = insurers.insurance_line
        and corridors.benefit_year = insurers.last_year
where insurers.scheme_id is null
