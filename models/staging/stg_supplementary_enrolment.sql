-- Premium payments and consents of the supplementary insurance that can be used, one row per key, under project names
-- (rules A1, A2, A6).
{{ config(materialized='view') }}

select
    delivered.enrl_id as enrolment_id,
    {{ person_key('delivered.psn_no') }} as person_key,
    delivered.psn_no as person_number,
    delivered.cover_year,
    delivered.paid_time as paid_at,
    coalesce(delivered.premium_amt, 0) as premium,
    delivered.channel,
    delivered.payer,
    delivered.auto_renew_consent_time as renewal_consent_at,
    delivered.renewal_withdrawn_time as renewal_withdrawn_at,
    delivered.event,
    delivered.event_date as event_on
from {{ ref('base_supplementary_enrolment') }} as delivered
where {{ is_accepted(ref('reject_supplementary_enrolment')) }}
