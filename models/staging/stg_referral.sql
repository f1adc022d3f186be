-- Referrals that can be used, one row per key, under project names (rules A1, A2, A6).
{{ config(materialized='view') }}

select
    delivered.evtsn as referral_id,
    {{ person_key('delivered.psn_no') }} as person_key,
    delivered.psn_no as person_number,
    delivered.refl_date as referred_on,
    delivered.fixmedins_code as institution_code,
    delivered.reflin_medins_no as receiving_institution_code,
    delivered.mdtrtarea_admdvs as receiving_region_code,
    delivered.begndate as started_on,
    delivered.enddate as ended_on
from {{ ref('base_referral') }} as delivered
where {{ is_accepted(ref('reject_referral')) }}
