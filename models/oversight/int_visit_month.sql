-- Visits by county of the insured, county of the institution and month, as far as there were any (rule I6).
with

claims as (

    select * from {{ ref('int_standing_claim') }}
    where care_type in ('inpatient', 'special_outpatient', 'outpatient')

),

referred as (

    select * from {{ ref('int_referred_claim') }}

),

aided as (

    select * from {{ ref('int_aided_claim') }}

),

institutions as (

    select * from {{ ref('dim_institution') }}

),

placed as (

    select
        claims.*,
        coalesce(claims.institution_region_code, institutions.region_code) as place_code,
        case when referred.settlement_id is not null then 1 else 0 end as is_referred,
        case when aided.settlement_id is not null then 1 else 0 end as is_aided
    from claims
    left join institutions on claims.institution_code = institutions.institution_code
    left join referred on claims.settlement_id = referred.settlement_id
    left join aided on claims.settlement_id = aided.settlement_id

)

select
    placed.pool_region_code,
    placed.region_code as home_region_code,
    -- Places of care elsewhere need not be in the dictionary of areas.
    coalesce(regions.current_region_code, placed.place_code, 'unknown') as care_region_code,
    {{ year_of('placed.settled_on') }} * 100 + cast(extract(month from placed.settled_on) as integer)
        as settled_month,
    count(*) as visit_count,
    sum(placed.is_referred) as referred_visit_count,
    sum(placed.is_aided) as aided_visit_count,
    sum(placed.total_cost) as total_cost,
    sum(case when placed.is_aided = 1 then placed.total_cost else 0 end) as aided_total_cost,
    sum(case when placed.is_referred = 1 then placed.total_cost else 0 end) as referred_total_cost,
    sum(placed.out_of_pocket) as out_of_pocket,
    sum(case when placed.is_aided = 1 then placed.out_of_pocket else 0 end) as aided_out_of_pocket
from placed
left join {{ ref('dim_region') }} as regions on placed.place_code = regions.region_code
group by
    placed.pool_region_code,
    placed.region_code,
    coalesce(regions.current_region_code, placed.place_code, 'unknown'),
    {{ year_of('placed.settled_on') }} * 100 + cast(extract(month from placed.settled_on) as integer)
