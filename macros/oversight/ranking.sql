{#- CTEs that end in `ranked`: what is counted of codes in every pool and county, by year and by month, for all persons and
    for aided ones apart, with the place of each code (rule I5). `source` has a row per settlement or line with area,
    period, person, is_aided (1 or 0), codes and measures. Persons become rows first, so that counting them is counting
    rows: a count of distinct texts over millions does not leave memory. -#}
{%- macro ranking(source, codes, count_name, measures, ranked_within=[]) -%}
{%- set counted = ['total_cost'] + measures -%}
{%- set place = ['area_level', 'region_code', 'pool_region_code', 'period_kind', 'period'] -%}
person_months as (

    select
        pool_region_code,
        region_code,
        benefit_year,
        settled_month,
        {{ codes | join(', ') }},
        person_key,
        count(*) as {{ count_name }},
        sum(is_aided) as aided_{{ count_name }},
        {%- for measure in counted %}
        sum({{ measure }}) as {{ measure }},
        sum(case when is_aided = 1 then {{ measure }} else 0 end) as aided_{{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ source }}
    group by pool_region_code, region_code, benefit_year, settled_month, {{ codes | join(', ') }}, person_key

),

area_persons as (

    {%- for area_level, area in {'pool': 'pool_region_code', 'county': 'region_code'}.items() %}
    {%- set is_last_area = loop.last %}
    {%- for period_kind, period in {'year': 'benefit_year', 'month': 'settled_month'}.items() %}
    select
        '{{ area_level }}' as area_level,
        {{ area }} as region_code,
        pool_region_code,
        '{{ period_kind }}' as period_kind,
        {{ period }} as period,
        {{ codes | join(', ') }},
        {%- for measure in [count_name] + counted %}
        sum({{ measure }}) as {{ measure }},
        sum(aided_{{ measure }}) as aided_{{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from person_months
    group by {{ area }}, {{ 'pool_region_code, ' if area_level == 'county' }}{{ period }}, {{ codes | join(', ') }}, person_key
    {%- if not (is_last_area and loop.last) %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}

),

counted as (

    select
        {{ (place + codes) | join(', ') }},
        count(*) as persons,
        count(case when aided_{{ count_name }} > 0 then 1 end) as aided_persons,
        {%- for measure in [count_name] + counted %}
        sum({{ measure }}) as {{ measure }},
        sum(aided_{{ measure }}) as aided_{{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from area_persons
    group by {{ (place + codes) | join(', ') }}

),

grouped as (

    {%- for person_group, prefix in {'all': '', 'aided': 'aided_'}.items() %}
    select
        {{ (place + codes) | join(', ') }},
        '{{ person_group }}' as person_group,
        {{ prefix }}persons as persons,
        cast({{ prefix }}{{ count_name }} as bigint) as {{ count_name }},
        {%- for measure in counted %}
        cast({{ prefix }}{{ measure }} as decimal(18, 2)) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from counted
    where {{ prefix }}persons > 0
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

ranked as (

    select
        *,
        {%- for measure in ['persons'] + counted %}
        cast(rank() over (
            partition by region_code, period_kind, period, person_group, area_level
                {{- ', ' ~ ranked_within | join(', ') if ranked_within }}
            order by {{ measure }} desc
        ) as integer) as rank_by_{{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from grouped

)
{%- endmacro -%}
