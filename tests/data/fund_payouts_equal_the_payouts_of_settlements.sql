-- The payouts of a fund are those of its settlements, to the fen, for every scheme and year and at every level of
-- the way up: county, city, province (rule H3, dim_region). An area that is missing from dim_region, or has lost its
-- city or province, breaks the sum.
with

payouts as (

    select
        scheme_id,
        benefit_year,
        region_code,
        sum(payout_amount) as settlement_payout,
        0 as fund_payout
    from {{ ref('fct_payout') }}
    group by scheme_id, benefit_year, region_code

),

funds as (

    select
        funds.scheme_id,
        funds.benefit_year,
        funds.region_code,
        regions.city_code,
        regions.province_code,
        funds.payout_amount
    from {{ ref('fct_fund_year') }} as funds
    inner join {{ ref('dim_region') }} as regions on funds.region_code = regions.region_code

),

-- Settlements go up by the seed itself, so that the two sides share nothing but the county.
parents as (

    select
        region.region_code,
        region.parent_region_code,
        region.region_level,
        parent.region_level as parent_level,
        parent.parent_region_code as grandparent_region_code
    from {{ ref('region') }} as region
    left join {{ ref('region') }} as parent on region.parent_region_code = parent.region_code

),

settlement_payouts as (

    select
        payouts.scheme_id,
        payouts.benefit_year,
        payouts.region_code,
        payouts.settlement_payout,
        case
            when parents.region_level = 'city' then payouts.region_code
            when parents.parent_level = 'city' then parents.parent_region_code
        end as city_code,
        case
            when parents.region_level = 'province' then payouts.region_code
            when parents.parent_level = 'province' then parents.parent_region_code
            else parents.grandparent_region_code
        end as province_code
    from payouts
    left join parents on payouts.region_code = parents.region_code

),

levels as (

    {%- for level, column in {'county': 'region_code', 'city': 'city_code', 'province': 'province_code'}.items() %}

    select
        '{{ level }}' as region_level,
        {{ column }} as region_code,
        scheme_id,
        benefit_year,
        settlement_payout,
        0 as fund_payout
    from settlement_payouts
    union all
    select
        '{{ level }}' as region_level,
        {{ column }} as region_code,
        scheme_id,
        benefit_year,
        0 as settlement_payout,
        payout_amount as fund_payout
    from funds
    union all
    {%- endfor %}

    select
        'scheme' as region_level,
        cast(null as {{ dbt.type_string() }}) as region_code,
        scheme_id,
        benefit_year,
        settlement_payout,
        fund_payout
    from payouts
    union all
    select
        'scheme' as region_level,
        cast(null as {{ dbt.type_string() }}) as region_code,
        scheme_id,
        benefit_year,
        0 as settlement_payout,
        payout_amount as fund_payout
    from {{ ref('fct_fund_year') }}

)

select
    region_level,
    region_code,
    scheme_id,
    benefit_year,
    sum(settlement_payout) as settlement_payout,
    sum(fund_payout) as fund_payout
from levels
group by region_level, region_code, scheme_id, benefit_year
having sum(settlement_payout) <> sum(fund_payout)
