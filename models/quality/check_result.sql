-- The outcome of every check of every run; a run adds its rows after the build, so the model itself adds none.
{{ config(materialized=kept_table(), on_schema_change='fail') }}

select
    cast(null as {{ dbt.type_string() }}) as run_id,
    cast(null as timestamp) as checked_at,
    cast(null as {{ dbt.type_string() }}) as suite,
    cast(null as {{ dbt.type_string() }}) as table_name,
    cast(null as {{ dbt.type_string() }}) as check_name,
    cast(null as {{ dbt.type_string() }}) as rule,
    cast(null as {{ dbt.type_string() }}) as severity,
    cast(null as boolean) as success,
    cast(null as bigint) as failing_rows,
    cast(null as {{ dbt.type_string() }}) as examples,
    cast(null as {{ dbt.type_string() }}) as message
where false
