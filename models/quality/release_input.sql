-- The raw files that this file was made from; a run adds them at its end.
{{ config(materialized=kept_table(), on_schema_change='fail') }}

select
    cast(null as {{ dbt.type_string() }}) as source_file,
    cast(null as bigint) as size_bytes,
    cast(null as timestamp) as modified_at
where false
