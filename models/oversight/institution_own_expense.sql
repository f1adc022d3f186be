-- Own expense in the bills of aided persons by institution and year, against the agreed ceiling (rule I4).
with

claims as (

    select
        claims.*,
        aided.assistance_category is not null as is_aided
    from {{ ref('int_standing_claim') }} as claims
    left join {{ ref('int_aided_claim') }} as aided on claims.settlement_id = aided.settlement_id
    where claims.institution_code is not null

),

line_costs as (

    select * from {{ ref('int_aided_line_cost') }}

),

institutions as (

    select * from {{ ref('dim_institution') }}

),

regions as (

    select * from {{ ref('dim_region') }}

),

parameters as (

    select * from {{ ref('pool_parameter') }}

),

years as (

    select
        institution_code,
        benefit_year,
        count(distinct case when is_aided then person_key end) as aided_persons,
        count(case when is_aided then 1 end) as aided_settlements,
        sum(case when is_aided then total_cost else 0 end) as aided_total_cost,
        sum(case when is_aided then own_expense else 0 end) as aided_own_expense,
        sum(case when is_aided then 0 else total_cost end) as other_total_cost,
        sum(case when is_aided then 0 else own_expense end) as other_own_expense
    from claims
    group by institution_code, benefit_year
    having count(case when is_aided then 1 end) > 0

)

select
    {{ surrogate_key(['years.institution_code', 'years.benefit_year']) }} as institution_year_key,
    years.institution_code,
    years.benefit_year,
    regions.current_region_code as region_code,
    regions.pool_region_code,
    years.aided_persons,
    years.aided_settlements,
    cast(years.aided_total_cost as decimal(18, 2)) as aided_total_cost,
    cast(years.aided_own_expense as decimal(18, 2)) as aided_own_expense,
    {{ ratio('years.aided_own_expense', 'years.aided_total_cost') }} as own_expense_share,
    cast(parameters.value as decimal(6, 4)) as own_expense_ceiling,
    years.aided_own_expense > {{ share_of('years.aided_total_cost', "cast(parameters.value as decimal(6, 4))") }}
        as is_above_ceiling,
    {{ ratio('years.other_own_expense', 'years.other_total_cost') }} as own_expense_share_of_others,
    cast(coalesce(line_costs.line_cost, 0) as decimal(18, 2)) as line_cost,
    {{ ratio('line_costs.catalogue_cost', 'line_costs.line_cost') }} as catalogue_share,
    cast(coalesce(line_costs.drug_cost, 0) as decimal(18, 2)) as drug_cost,
    {{ ratio('line_costs.negotiated_drug_cost', 'line_costs.drug_cost') }} as negotiated_drug_share,
    {{ ratio('line_costs.procured_drug_cost', 'line_costs.drug_cost') }} as procured_drug_share,
    parameters.status as parameter_status
from years
left join line_costs
    on
        years.institution_code = line_costs.institution_code
        and years.benefit_year = line_costs.benefit_year
left join institutions on years.institution_code = institutions.institution_code
left join regions on institutions.region_code = regions.region_code
-- The agreement is the one between an institution and the pool where it stands.
left join parameters
    on
        regions.pool_region_code = parameters.pool_region_code
        and parameters.parameter = 'own_expense_ceiling_aided'
        and {{ is_in_force('parameters', year_start('years.benefit_year')) }}
