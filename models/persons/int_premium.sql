-- Premiums of the supplementary insurance by cover year, those that a standing consent renews included (rule G7).
with

enrolments as (

    select * from {{ ref('stg_supplementary_enrolment') }}

),

schemes as (

    select
        scheme_id,
        min({{ year_of('effective_from') }}) as first_cover_year,
        -- The year of its last day; an open end is none.
        max({{ year_of(add_days("coalesce(effective_to, cast('9999-12-31' as date))", -1)) }}) as last_cover_year
    from {{ ref('scheme') }}
    where scheme_kind = 'supplementary'
    group by scheme_id

),

cover_years as (

    select distinct cover_year from enrolments

),

-- A consent that was given and not paid for is a deduction that was agreed to: it counts from that day.
paid as (

    select
        person_key,
        enrolment_id,
        cover_year,
        cast(coalesce(paid_at, renewal_consent_at) as date) as paid_on,
        channel,
        payer,
        event,
        event_on,
        false as is_renewed_by_consent
    from enrolments
    where paid_at is not null or renewal_consent_at is not null

),

-- The premium of every later year that the extract tells of is deducted by the end of the year before, unless the
-- consent was given later or has been withdrawn by then.
renewed as (

    select
        enrolments.person_key,
        enrolments.enrolment_id,
        cover_years.cover_year,
        {{ add_days(year_start('cover_years.cover_year'), -1) }} as paid_on,
        enrolments.channel,
        enrolments.payer,
        cast(null as {{ dbt.type_string() }}) as event,
        cast(null as date) as event_on,
        true as is_renewed_by_consent
    from enrolments
    inner join cover_years on enrolments.cover_year < cover_years.cover_year
    where
        cast(enrolments.renewal_consent_at as date) < {{ year_start('cover_years.cover_year') }}
        and (
            enrolments.renewal_withdrawn_at is null
            or cast(enrolments.renewal_withdrawn_at as date) >= {{ year_start('cover_years.cover_year') }}
        )

),

combined as (

    select * from paid
    union all
    select * from renewed

)

-- The raw table names no scheme: whose it is, the pool in which the person has basic benefits decides.
select
    schemes.scheme_id,
    combined.person_key,
    combined.cover_year,
    combined.enrolment_id,
    combined.paid_on,
    combined.channel,
    combined.payer,
    combined.event,
    combined.event_on,
    combined.is_renewed_by_consent,
    combined.cover_year = schemes.first_cover_year as is_first_cover_year
from combined
inner join schemes on combined.cover_year between schemes.first_cover_year and schemes.last_cover_year
