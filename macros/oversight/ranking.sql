{#- CTEs that end in `ranked`: what is counted of codes in every pool and county, by year and by month, for all persons and
    for aided ones apart, with the place of each code (rule I5). `source` has a row per settlement or line with area,
    period, person, is_aided (1 or 0), codes and measures. Persons become rows first, so that counting them is counting
    rows: a count of distinct texts over millions does not leave memory. These rows carry nothing but the person; amounts
    are added up beside them. -#}
{%- macro ranking(source, codes, count_name, measures, ranked_within=[]) -%}
{%- set summed = [count_name, 'total_cost'] + measures -%}
{%- set place = ['area_level', 'region_code', 'pool_region_code', 'period_kind', 'period'] -%}
person_months as (

    select
        pool_region_code,
        region_code,
        benefit_year,
        settled_month,
        {{ codes | join(', ') }},
        {{ packed_key('person_key') }} as person,
        is_aided,
        count(*) as {{ count_name }},
        {%- for measure in summed[1:] %}
        cast(sum({{ measure }}) as decimal(18, 2)) as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ source }}
    where {{ is_built_period('benefit_year') }} or {{ is_built_period('settled_month') }}
    group by
        pool_region_code, region_code, benefit_year, settled_month, {{ codes | join(', ') }},
        {{ packed_key('person_key') }}, is_aided

),

area_persons as (
    {{ in_each_place(codes, ['max(is_aided) as is_aided'], ['person']) }}

),

persons as (

    select
        {{ (place + codes) | join(', ') }},
        count(*) as all_persons,
        sum(is_aided) as aided_persons
    from area_persons
    group by {{ (place + codes) | join(', ') }}

),

{%- set sums = [] %}
{%- for measure in summed %}
{%- do sums.append('sum(' ~ measure ~ ') as all_' ~ measure) %}
{%- do sums.append('sum(case when is_aided = 1 then ' ~ measure ~ ' else 0 end) as aided_' ~ measure) %}
{%- endfor %}

area_sums as (
    {{ in_each_place(codes, sums) }}

),

grouped as (

    {%- for person_group in ['all', 'aided'] %}
    select
        area_sums.{{ (place + codes) | join(', area_sums.') }},
        '{{ person_group }}' as person_group,
        cast(persons.{{ person_group }}_persons as bigint) as persons,
        {%- for measure in summed %}
        cast(area_sums.{{ person_group }}_{{ measure }} as {{ 'bigint' if measure == count_name else 'decimal(18, 2)' }})
            as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from area_sums
    inner join persons
        on
            {%- for key in place + codes %}
            {{ 'and ' if not loop.first }}area_sums.{{ key }} = persons.{{ key }}
            {%- endfor %}
    where persons.{{ person_group }}_persons > 0
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

ranked as (

    select
        *,
        {%- for measure in ['persons'] + summed[1:] %}
        cast(rank() over (
            partition by region_code, period_kind, period, person_group, area_level
                {{- ', ' ~ ranked_within | join(', ') if ranked_within }}
            order by {{ measure }} desc
        ) as integer) as rank_by_{{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from grouped

)
{%- endmacro -%}

{#- person_months gathered in every pool and county, by year and by month: `values` of each place, code and `within`. -#}
{%- macro in_each_place(codes, values, within=[]) -%}
{%- for area_level, area in {'pool': 'pool_region_code', 'county': 'region_code'}.items() %}
    {%- set is_last_area = loop.last %}
    {%- for period_kind, period in {'year': 'benefit_year', 'month': 'settled_month'}.items() %}
    select
        '{{ area_level }}' as area_level,
        {{ area }} as region_code,
        pool_region_code,
        '{{ period_kind }}' as period_kind,
        {{ period }} as period,
        {{ (codes + within) | join(', ') }},
        {{ values | join(',\n        ') }}
    from person_months
    where {{ is_built_period(period) }}
    group by {{ area }}, {{ 'pool_region_code, ' if area_level == 'county' }}{{ period }}, {{ (codes + within) | join(', ') }}
    {%- if not (is_last_area and loop.last) %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endfor %}
{%- endmacro -%}
