-- Assistance identity spells that can be used, one row per key, under project names (rules A1, A2, A6).
{{ config(materialized='view') }}

select
    {{ person_key('delivered.psn_no') }} as person_key,
    delivered.psn_no as person_number,
    delivered.psn_idet_type as identity_type,
    delivered.insu_admdvs as insured_region_code,
    cast(delivered.begntime as date) as held_from,
    -- An end with a time of day still holds on that day; a blank end is open (rule C1).
    case
        when cast(cast(delivered.endtime as date) as timestamp) = delivered.endtime
            then cast(delivered.endtime as date)
        else {{ add_days('cast(delivered.endtime as date)', 1) }}
    end as held_to
from {{ ref('base_identity_spell') }} as delivered
where {{ is_accepted(ref('reject_identity_spell')) }}
