-- From when until when a scheme takes the settlements of an insurance type (rules C3, D5). A pool may have one scheme
-- after the other: each takes what was settled while it was in force, and keeps person-years of its own.
with

insurance_types as (

    select 'employee' as insurance_type
    union all
    select 'resident' as insurance_type

),

-- A scheme's pool, scope and rules hold for all its versions; the seed's tests see to it.
schemes as (

    select
        scheme_id,
        pool_region_code,
        max(scheme_kind) as scheme_kind,
        max(insurance_type) as scope,
        min(effective_from) as first_day,
        max(coalesce(effective_to, cast('9999-12-31' as date))) as ended_on
    from {{ ref('scheme') }}
    group by scheme_id, pool_region_code

),

scheme_types as (

    select
        schemes.*,
        insurance_types.insurance_type
    from schemes
    inner join insurance_types on schemes.scope in ('all', insurance_types.insurance_type)

),

neighbours as (

    select
        schemes.scheme_id,
        schemes.insurance_type,
        min(case when others.first_day < schemes.first_day then others.first_day end) as preceded_from,
        min(case when others.ended_on > schemes.ended_on then greatest(others.first_day, schemes.ended_on) end)
            as followed_from
    from scheme_types as schemes
    inner join scheme_types as others
        on
            schemes.pool_region_code = others.pool_region_code
            and schemes.scheme_kind = others.scheme_kind
            and schemes.insurance_type = others.insurance_type
    group by schemes.scheme_id, schemes.insurance_type

)

-- Critical illness insurance must know the terms of every settlement of its pool, so the first scheme also takes what
-- came before it, and the last what comes after: without terms these stop the build (rule D5). A later layer has
-- nothing to do with what was settled before it began, nor medical aid and relief with what comes after their end.
select
    schemes.scheme_id,
    schemes.insurance_type,
    schemes.pool_region_code,
    schemes.scheme_kind,
    case
        when schemes.scheme_kind = 'critical_illness' and neighbours.preceded_from is null
            then cast('0001-01-01' as date)
        else schemes.first_day
    end as takes_from,
    case
        when neighbours.followed_from is not null then neighbours.followed_from
        when schemes.scheme_kind in ('critical_illness', 'supplementary') then cast('9999-12-31' as date)
        else schemes.ended_on
    end as takes_until,
    schemes.ended_on
from scheme_types as schemes
inner join neighbours
    on
        schemes.scheme_id = neighbours.scheme_id
        and schemes.insurance_type = neighbours.insurance_type
