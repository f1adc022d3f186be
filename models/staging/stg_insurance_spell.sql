-- Basic insurance spells that can be used, one row per key, under project names (rules A1, A2, A6).
{{ config(materialized='view') }}

select
    delivered.psn_insu_rlts_id as spell_id,
    {{ person_key('delivered.psn_no') }} as person_key,
    delivered.psn_no as person_number,
    delivered.insutype,
    delivered.psn_type as person_type,
    delivered.psn_insu_stas as spell_status,
    delivered.crt_insu_date as insured_from,
    delivered.paus_insu_date as insured_to,
    delivered.insu_admdvs as insured_region_code,
    delivered.updt_time as updated_at
from {{ ref('base_insurance_spell') }} as delivered
where {{ is_accepted(ref('reject_insurance_spell')) }}
