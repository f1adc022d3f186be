-- What each scenario would pay beside what the enacted policy pays, by scheme and year, and in each year by county,
-- by category and by both: persons are counted anew on each level, since one may be in two counties or categories.
with

scenario_schemes as (

    select * from {{ ref('int_scenario_scheme') }}

),

side_by_side as (

    select
        scenario_id,
        scheme_id,
        region_code,
        assistance_category,
        benefit_year,
        case when payable_after > 0 then person_key end as person,
        case when payout_amount > 0 then person_key end as person_paid,
        payout_amount,
        cast(null as {{ dbt.type_string() }}) as enacted_person,
        cast(null as {{ dbt.type_string() }}) as enacted_person_paid,
        cast(0 as decimal(18, 2)) as enacted_payout_amount
    from {{ ref('int_scenario_payout') }}
    where payable_after > 0 or payout_amount <> 0

    union all

    select
        scenario_schemes.scenario_id,
        payouts.scheme_id,
        payouts.region_code,
        payouts.assistance_category,
        payouts.benefit_year,
        cast(null as {{ dbt.type_string() }}) as person,
        cast(null as {{ dbt.type_string() }}) as person_paid,
        cast(0 as decimal(18, 2)) as payout_amount,
        case when payouts.payable_after > 0 then payouts.person_key end as enacted_person,
        case when payouts.payout_amount > 0 then payouts.person_key end as enacted_person_paid,
        payouts.payout_amount as enacted_payout_amount
    from {{ ref('fct_payout') }} as payouts
    inner join scenario_schemes on payouts.scheme_id = scenario_schemes.scheme_id
    where payouts.payable_after > 0 or payouts.payout_amount <> 0

)

select
    scenario_id,
    scheme_id,
    benefit_year,
    case
        when grouping(region_code) = 0 and grouping(assistance_category) = 0 then 'county_and_category'
        when grouping(region_code) = 0 then 'county'
        when grouping(assistance_category) = 0 then 'category'
        else 'scheme'
    end as comparison_level,
    region_code,
    assistance_category,
    count(distinct person) as persons,
    count(distinct person_paid) as persons_paid,
    cast(sum(payout_amount) as decimal(18, 2)) as payout_amount,
    count(distinct enacted_person) as enacted_persons,
    count(distinct enacted_person_paid) as enacted_persons_paid,
    cast(sum(enacted_payout_amount) as decimal(18, 2)) as enacted_payout_amount,
    cast(sum(payout_amount) - sum(enacted_payout_amount) as decimal(18, 2)) as payout_difference
from side_by_side
group by scenario_id, scheme_id, benefit_year, cube(region_code, assistance_category)
