-- Institutions that can be used, one row per key, under project names (rules A1, A2, A6).
{{ config(materialized='view') }}

select
    delivered.fixmedins_code as institution_code,
    delivered.fixmedins_name as institution_name,
    delivered.fix_blng_admdvs as institution_region_code,
    delivered.fixmedins_type as institution_type,
    delivered.hosp_lv as hospital_level
from {{ ref('base_institution') }} as delivered
where {{ is_accepted(ref('reject_institution')) }}
