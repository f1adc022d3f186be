-- Visits and stays that can be used, one row per key, under project names (rules A1, A2, A6).
{{ config(materialized='view') }}

select
    delivered.mdtrt_id as visit_id,
    {{ person_key('delivered.psn_no') }} as person_key,
    delivered.psn_no as person_number,
    delivered.med_type,
    delivered.begntime as started_at,
    delivered.endtime as ended_at,
    delivered.fixmedins_code as institution_code,
    delivered.dscg_maindiag_code as diagnosis_code,
    delivered.dscg_maindiag_name as diagnosis_name,
    delivered.dise_no as disease_code,
    delivered.refl_old_mdtrt_id as referring_visit_id,
    delivered.die_date as died_on
from {{ ref('base_visit') }} as delivered
where {{ is_accepted(ref('reject_visit')) }}
