-- Which layer could still help a watched person on the last day that is known (rule I1).
with

spells as (

    select
        spells.*,
        persons.region_code,
        persons.pool_region_code,
        coalesce(spells.resolved_on, persons.last_settled_on) as observed_on,
        -- On the day of the end nothing is passed any more.
        coalesce({{ add_days('spells.resolved_on', -1) }}, persons.last_settled_on) as warned_on
    from {{ ref('int_watch_spell') }} as spells
    inner join {{ ref('int_watch_person') }} as persons on spells.person_key = persons.person_key

),

-- Who has paid and waits is enrolled: a premium is looked for, not cover.
enrolments as (

    select distinct
        spells.person_key,
        spells.first_passed_on
    from spells
    inner join {{ ref('int_premium') }} as premiums
        on
            spells.person_key = premiums.person_key
            and premiums.cover_year = {{ year_of('spells.observed_on') }}
            and premiums.paid_on <= spells.observed_on

),

{% for kind in ['supplementary', 'medical_aid'] -%}
{{ kind }}_pools as (

    select
        pool_region_code,
        min(effective_from) as offered_from
    from {{ ref('scheme') }}
    where scheme_kind = '{{ kind }}'
    group by pool_region_code

),

{% endfor -%}
-- Years of which the rates of medical aid would give more than its limits do.
limited_years as (

    select
        person_key,
        benefit_year
    from {{ ref('int_medical_aid') }}
    group by person_key, benefit_year
    having sum(entitlement) > sum(payout_amount)

),

-- What was borne in such a year weighs as long as it is in the last 12 months: New Year takes nothing of it away.
aid_limits as (

    select distinct
        spells.person_key,
        spells.first_passed_on
    from spells
    inner join {{ ref('int_watch_claim') }} as claims
        on
            spells.person_key = claims.person_key
            and claims.settled_on <= spells.warned_on
            and spells.warned_on < claims.leaves_12_months_on
    inner join limited_years
        on
            claims.person_key = limited_years.person_key
            and claims.benefit_year = limited_years.benefit_year

)

select
    spells.person_key,
    spells.first_passed_on,
    spells.observed_on,
    coalesce(supplementary_pools.offered_from <= spells.observed_on and enrolments.person_key is null, false)
        as can_enrol_supplementary,
    coalesce(medical_aid_pools.offered_from <= spells.observed_on, false)
    and spells.monitored_as = 'fall_into_poverty' as can_be_recognised,
    aid_limits.person_key is not null as is_aid_limit_reached
from spells
left join enrolments
    on
        spells.person_key = enrolments.person_key
        and spells.first_passed_on = enrolments.first_passed_on
left join supplementary_pools on spells.pool_region_code = supplementary_pools.pool_region_code
left join medical_aid_pools on spells.pool_region_code = medical_aid_pools.pool_region_code
left join aid_limits
    on
        spells.person_key = aid_limits.person_key
        and spells.first_passed_on = aid_limits.first_passed_on
