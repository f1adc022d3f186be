-- For every raw table delivered = accepted + superseded + void + quarantined (rules A1, A2, A6), and each of the
-- numbers is counted again where the rows are: delivered in the base table, accepted in staging, quarantined in the
-- quarantine. No row is lost or doubled on the way.
with

audited as (

    select
        raw_table,
        sum(delivered) as delivered,
        sum(accepted) as accepted,
        sum(superseded) as superseded,
        sum(void) as void,
        sum(quarantined) as quarantined,
        min(least(accepted, superseded, void, quarantined)) as smallest
    from {{ ref('load_audit') }}
    group by raw_table

),

quarantined_rows as (

    select
        raw_table,
        count(*) as quarantine_rows
    from {{ ref('quarantine') }}
    group by raw_table

),

counted as (

    {%- for raw_table, name in raw_tables().items() %}

    select
        '{{ raw_table }}' as raw_table,
        (select count(*) from {{ ref('base_' ~ name) }}) as base_rows,
        (select count(*) from {{ ref('stg_' ~ name) }}) as staging_rows
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

compared as (

    select
        counted.raw_table,
        counted.base_rows,
        coalesce(audited.delivered, 0) as delivered,
        counted.staging_rows,
        coalesce(audited.accepted, 0) as accepted,
        coalesce(audited.superseded, 0) as superseded,
        coalesce(audited.void, 0) as void,
        coalesce(audited.quarantined, 0) as quarantined,
        coalesce(quarantined_rows.quarantine_rows, 0) as quarantine_rows,
        coalesce(audited.smallest, 0) as smallest
    from counted
    left join audited on counted.raw_table = audited.raw_table
    left join quarantined_rows on counted.raw_table = quarantined_rows.raw_table

)

select * from compared
where
    delivered <> accepted + superseded + void + quarantined
    or delivered <> base_rows
    or accepted <> staging_rows
    or quarantined <> quarantine_rows
    or smallest < 0
