-- Benefit schemes as the seeds state them, with their pool by name.
with

schemes as (

    select * from {{ ref('scheme') }}

),

regions as (

    select * from {{ ref('dim_region') }}

)

select
    {{ surrogate_key(['schemes.scheme_id', 'schemes.effective_from']) }} as scheme_key,
    schemes.scheme_id,
    schemes.scheme_name,
    schemes.scheme_name_zh,
    schemes.scheme_kind,
    schemes.pool_region_code,
    regions.region_name as pool_region_name,
    schemes.insurance_type,
    schemes.layer_order,
    coalesce(schemes.benefit_year_basis, 'settlement') as benefit_year_basis,
    coalesce(schemes.status_change_rule, 'prospective') as status_change_rule,
    coalesce(schemes.reversal_terms, 'original') as reversal_terms,
    schemes.recorded_payment_column,
    schemes.effective_from as valid_from,
    schemes.effective_to as valid_to,
    schemes.document_id,
    schemes.article,
    schemes.status as parameter_status
from schemes
left join regions on schemes.pool_region_code = regions.region_code
