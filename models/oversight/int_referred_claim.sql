-- Settlements of care that the person was referred to: by a referral in force when it began, or by the visit itself
-- (rules I6 to I8).
with

claims as (

    select * from {{ ref('int_standing_claim') }}
    where started_on is not null

),

referrals as (

    select
        referral_id,
        person_key,
        institution_code as referring_institution_code,
        receiving_institution_code,
        receiving_region_code,
        coalesce(started_on, referred_on) as begins_on,
        coalesce(ended_on, cast('9999-12-31' as date)) as ends_on
    from {{ ref('stg_referral') }}

),

visits as (

    select
        person_key,
        institution_code,
        cast(started_at as date) as started_on
    from {{ ref('stg_visit') }}
    where referring_visit_id is not null

),

levels as (

    select * from {{ ref('hospital_level') }}

),

institutions as (

    select * from {{ ref('dim_institution') }}

),

found as (

    select
        claims.settlement_id,
        referrals.referral_id,
        referrals.referring_institution_code
    from claims
    inner join referrals
        on
            claims.person_key = referrals.person_key
            and referrals.begins_on <= claims.started_on
            and claims.started_on <= referrals.ends_on
            -- A referral that names no hospital is to any in its area.
            and coalesce(referrals.receiving_institution_code, claims.institution_code) = claims.institution_code
            and (
                referrals.receiving_institution_code is not null
                or referrals.receiving_region_code = claims.institution_region_code
            )
    union all
    select
        claims.settlement_id,
        null as referral_id,
        null as referring_institution_code
    from claims
    inner join visits
        on
            claims.person_key = visits.person_key
            and claims.institution_code = visits.institution_code
            and claims.started_on = visits.started_on

)

select
    found.settlement_id,
    min(found.referral_id) as referral_id,
    min_by(
        found.referring_institution_code,
        case when found.referring_institution_code is not null then found.referral_id end
    ) as referring_institution_code,
    max(case when levels.level_group = 'primary' then 1 else 0 end) = 1 as is_from_primary_care
from found
left join institutions on found.referring_institution_code = institutions.institution_code
left join levels on institutions.hospital_level = levels.hospital_level
group by found.settlement_id
