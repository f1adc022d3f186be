-- Persons that can be used, one row per key, under project names (rules A1, A2, A6).
{{ config(materialized='view') }}

select
    {{ person_key('delivered.psn_no') }} as person_key,
    delivered.psn_no as person_number,
    delivered.psn_name as person_name,
    delivered.gend as sex,
    delivered.brdy as born_on,
    delivered.psn_cert_type as certificate_type,
    delivered.certno as certificate_number,
    delivered.surv_stas as alive_flag,
    delivered.resd_loc_admdvs as residence_region_code
from {{ ref('base_person') }} as delivered
where {{ is_accepted(ref('reject_person')) }}
