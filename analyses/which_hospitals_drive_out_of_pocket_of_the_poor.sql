-- The ten institutions of each pool and year at which aided persons bear most, with what is own expense: whom to talk
-- to about the agreed ceiling first.
with

institutions as (

    select * from {{ ref('institution_ranking') }}
    where area_level = 'pool' and period_kind = 'year' and person_group = 'aided'

),

totals as (

    select
        region_code,
        period,
        sum(out_of_pocket) as out_of_pocket
    from institutions
    group by region_code, period

)

select
    institutions.region_code as pool_region_code,
    institutions.period as benefit_year,
    institutions.rank_by_out_of_pocket,
    institutions.institution_code,
    institutions.institution_name,
    institutions.persons,
    institutions.total_cost,
    institutions.out_of_pocket,
    institutions.own_expense,
    totals.out_of_pocket as out_of_pocket_of_the_pool
from institutions
inner join totals
    on
        institutions.region_code = totals.region_code
        and institutions.period = totals.period
where institutions.rank_by_out_of_pocket <= 10
order by institutions.region_code, institutions.period, institutions.rank_by_out_of_pocket
