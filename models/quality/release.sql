-- The releases that led to this file, the last one being this file's own; a run adds its row at its end.
{{ config(materialized=kept_table(), on_schema_change='fail') }}

select
    cast(null as bigint) as release_number,
    cast(null as {{ dbt.type_string() }}) as run_id,
    cast(null as timestamp) as released_at,
    cast(null as {{ dbt.type_string() }}) as code_version,
    cast(null as {{ dbt.type_string() }}) as code_hash,
    cast(null as {{ dbt.type_string() }}) as seed_hash,
    cast(null as {{ dbt.type_string() }}) as input_hash,
    cast(null as bigint) as input_files,
    cast(null as bigint) as input_bytes,
    cast(null as bigint) as checks,
    cast(null as bigint) as warnings,
    cast(null as {{ dbt.type_string() }}) as built_years
where false
