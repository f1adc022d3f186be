-- Settlements of aided persons who were referred, with where they were cared for (rules I7, I8).
with

claims as (

    select * from {{ ref('int_standing_claim') }}

),

institutions as (

    select * from {{ ref('dim_institution') }}

),

regions as (

    select * from {{ ref('dim_region') }}

),

placed as (

    select
        claims.*,
        aided.assistance_category,
        referred.referral_id,
        referred.referring_institution_code,
        referred.is_from_primary_care,
        coalesce(claims.institution_region_code, institutions.region_code) as care_region_code
    from {{ ref('int_aided_claim') }} as aided
    inner join {{ ref('int_referred_claim') }} as referred on aided.settlement_id = referred.settlement_id
    inner join claims on aided.settlement_id = claims.settlement_id
    left join institutions on claims.institution_code = institutions.institution_code

)

select
    placed.settlement_id,
    placed.person_key,
    placed.benefit_year,
    placed.settled_on,
    placed.region_code,
    placed.pool_region_code,
    placed.care_type,
    placed.institution_code,
    placed.care_region_code,
    placed.assistance_category,
    placed.referral_id,
    placed.referring_institution_code,
    placed.is_from_primary_care,
    placed.out_of_pocket,
    -- The first two digits of an area code are its province.
    coalesce(left(placed.care_region_code, 2) = left(placed.pool_region_code, 2), false) as is_inside_province,
    coalesce(regions.pool_region_code = placed.pool_region_code, false) as is_inside_pool
from placed
left join regions on placed.care_region_code = regions.region_code
