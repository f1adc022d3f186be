-- Hospitals whose bills of aided persons hold more own expense than agreed, the dearest first.
with

institution_years as (

    select * from {{ ref('institution_own_expense') }}

),

institutions as (

    select * from {{ ref('dim_institution') }}
    -- 2 is a pharmacy.
    where institution_type = '1'

)

select
    institution_years.institution_code,
    institutions.institution_name,
    institution_years.benefit_year,
    institution_years.aided_persons,
    institution_years.own_expense_share,
    institution_years.own_expense_ceiling,
    institution_years.own_expense_share_of_others,
    institution_years.aided_own_expense
from institution_years
inner join institutions on institution_years.institution_code = institutions.institution_code
where institution_years.is_above_ceiling
order by institution_years.aided_own_expense desc, institution_years.institution_code asc
