-- What became of every delivered row, by raw table and file (rules A1, A2, A6).
with

{% for raw_table, name in raw_tables().items() -%}
{{ name }}_delivered as (

    select
        source_file,
        count(*) as delivered
    from {{ ref('base_' ~ name) }}
    group by source_file

),

{{ name }}_rejected as (

    select
        source_file,
        count(case when row_status = 'superseded' then 1 end) as superseded,
        count(case when row_status = 'void' then 1 end) as void,
        count(case when row_status = 'quarantined' then 1 end) as quarantined
    from {{ ref('reject_' ~ name) }}
    group by source_file

),

{% endfor -%}

by_file as (

    {%- for raw_table, name in raw_tables().items() %}

    select
        '{{ raw_table }}' as raw_table,
        delivered.source_file,
        delivered.delivered,
        coalesce(rejected.superseded, 0) as superseded,
        coalesce(rejected.void, 0) as void,
        coalesce(rejected.quarantined, 0) as quarantined
    from {{ name }}_delivered as delivered
    left join {{ name }}_rejected as rejected on delivered.source_file = rejected.source_file
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

)

select
    raw_table,
    source_file,
    delivered,
    delivered - superseded - void - quarantined as accepted,
    superseded,
    void,
    quarantined
from by_file
