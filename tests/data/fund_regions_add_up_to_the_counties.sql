-- Counties hold the money and heads of all fund years, to the fen; cities and provinces those of the counties that have
-- one: a provincial seat has no city, a city added by itself no province (rule H3).
with

funds as (

    select
        funds.*,
        regions.city_code,
        regions.province_code
    from {{ ref('fct_fund_year') }} as funds
    inner join {{ ref('dim_region') }} as regions on funds.region_code = regions.region_code

),

expected as (

    {%- for level in ['county', 'city', 'province'] %}
    select
        '{{ level }}' as region_level,
        scheme_id,
        insurance_type,
        benefit_year,
        insured_heads,
        income_amount,
        payout_amount,
        balance_amount
    from funds
    {%- if level != 'county' %}
    where {{ level }}_code is not null
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

compared as (

    select
        *,
        1 as side
    from expected
    union all
    select
        region_level,
        scheme_id,
        insurance_type,
        benefit_year,
        insured_heads,
        income_amount,
        payout_amount,
        balance_amount,
        -1 as side
    from {{ ref('fund_year_by_region') }}

)

select
    region_level,
    scheme_id,
    insurance_type,
    benefit_year,
    sum(side * insured_heads) as heads_lost,
    sum(side * income_amount) as income_lost,
    sum(side * payout_amount) as payouts_lost,
    sum(side * balance_amount) as balance_lost
from compared
group by region_level, scheme_id, insurance_type, benefit_year
having
    sum(side * insured_heads) <> 0
    or sum(side * income_amount) <> 0
    or sum(side * payout_amount) <> 0
    or sum(side * balance_amount) <> 0
