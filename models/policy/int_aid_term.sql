-- Rate of medical aid of each category and version (rule F2).
with

schemes as (

    select distinct
        scheme_id,
        pool_region_code
    from {{ ref('scheme') }}
    where scheme_kind = 'medical_aid'

),

parameters as (

    select * from {{ ref('pool_parameter') }}
    where parameter like 'medical_aid_rate_%'

)

select
    schemes.scheme_id,
    replace(parameters.parameter, 'medical_aid_rate_', '') as assistance_category,
    parameters.effective_from,
    parameters.effective_to,
    cast(parameters.value as decimal(6, 4)) as rate,
    {{ status_rank('parameters.status') }} as status_rank
from parameters
inner join schemes on parameters.pool_region_code = schemes.pool_region_code
