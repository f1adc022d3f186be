-- Participation in supplementary insurance by county and year: of everyone, and of the groups that must be enrolled
-- (rule H7).
with

heads as (

    select * from {{ ref('int_enrolment_group_head') }}

),

regions as (

    select * from {{ ref('dim_region') }}

),

schemes as (

    select distinct
        scheme_id,
        pool_region_code
    from {{ ref('scheme') }}

),

scheme_years as (

    select distinct
        scheme_id,
        benefit_year
    from heads

),

groups_of_schemes as (

    select
        scheme_id,
        'all' as enrolment_group,
        false as must_be_enrolled,
        1 as status_rank
    from scheme_years
    union
    select
        scheme_id,
        enrolment_group,
        true as must_be_enrolled,
        max({{ status_rank('status') }}) as status_rank
    from {{ ref('enrolment_duty') }}
    group by scheme_id, enrolment_group

),

-- Every county of the pool, and an area outside them in which somebody was seen.
places as (

    select
        schemes.scheme_id,
        regions.region_code
    from schemes
    inner join regions on schemes.pool_region_code = regions.pool_region_code
    where regions.region_level in ('county', 'seat') and not regions.is_retired
    union
    select
        scheme_id,
        region_code
    from heads

)

select
    {{ surrogate_key(['places.scheme_id', 'places.region_code', 'scheme_years.benefit_year',
        'groups_of_schemes.enrolment_group']) }} as participation_key,
    places.scheme_id,
    places.region_code,
    cast(scheme_years.benefit_year as integer) as benefit_year,
    groups_of_schemes.enrolment_group,
    groups_of_schemes.must_be_enrolled,
    cast(coalesce(heads.insured_heads, 0) as bigint) as insured_heads,
    cast(coalesce(heads.enrolled_heads, 0) as bigint) as enrolled_heads,
    cast(coalesce(heads.subsidised_heads, 0) as bigint) as subsidised_heads,
    cast(coalesce(heads.insured_heads - heads.enrolled_heads, 0) as bigint) as not_enrolled_heads,
    {{ ratio('heads.enrolled_heads', 'heads.insured_heads', 6) }} as participation_rate,
    {{ status_name('groups_of_schemes.status_rank') }} as parameter_status
from scheme_years
inner join places on scheme_years.scheme_id = places.scheme_id
inner join groups_of_schemes on scheme_years.scheme_id = groups_of_schemes.scheme_id
left join heads
    on
        places.scheme_id = heads.scheme_id
        and places.region_code = heads.region_code
        and scheme_years.benefit_year = heads.benefit_year
        and groups_of_schemes.enrolment_group = heads.enrolment_group
