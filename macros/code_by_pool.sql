{#- A code dictionary spelled out for every pooling region, and for '' (area unknown), where only the rows of
    everywhere hold: provinces reuse numbers, so a pool's own row wins. -#}
{%- macro code_by_pool(seed, code, meanings) -%}
with

codes as (

    select * from {{ ref(seed) }}

),

pools as (

    select distinct pool_region_code from {{ ref('scheme') }}
    union all
    select '' as pool_region_code

),

candidates as (

    select
        pools.pool_region_code,
        codes.{{ code }},
        {%- for meaning in meanings %}
        codes.{{ meaning }},
        {%- endfor %}
        row_number() over (
            partition by pools.pool_region_code, codes.{{ code }}
            order by case when codes.pool_region_code is null then 1 else 0 end
        ) as preference
    from pools
    inner join codes on coalesce(codes.pool_region_code, pools.pool_region_code) = pools.pool_region_code

)

select
    pool_region_code,
    {{ code }},
    {%- for meaning in meanings %}
    {{ meaning }}{{ ',' if not loop.last }}
    {%- endfor %}
from candidates
where preference = 1
{%- endmacro -%}
