{#- The settlements whose row may read otherwise now, as a query. -#}
{%- macro touched_settlements() -%}
    {%- if can_keep_years() -%}
    select touched.settlement_id from {{ ref('stg_touched_settlement') }} as touched
    {%- endif -%}
{%- endmacro -%}


{#- `delivered` is a row of such a settlement; nothing where all rows are read anew. -#}
{%- macro is_touched_settlement() -%}
    {%- set touched = touched_settlements() -%}
    {%- if touched and new_files('setl_d') is not none -%}
    {{ is_in_files_of(ref('stg_touched_settlement')) }}
    and delivered.setl_id in ({{ touched }})
    {%- endif -%}
{%- endmacro -%}


{#- The settlements of which rows are added, as a query. -#}
{%- macro added_settlements(raw_table, base) -%}
    select delivered.setl_id from {{ base }} as delivered where {{ is_added_row(raw_table, 'delivered') }}
{%- endmacro -%}


{#- The persons of whom something else is told than in the served release, as a query; none where there is nobody. -#}
{%- macro persons_told_otherwise(readings) -%}
    {%- set served = as_served(readings) -%}
    {%- if served -%}
        {%- set query -%}
        select coalesce(readings.person_key, served.person_key)
        from {{ readings }} as readings
        full join {{ served }} as served on readings.person_key = served.person_key
        where readings.facts_hash is distinct from served.facts_hash
        {%- endset -%}
        {%- if run_query(query ~ ' limit 1') -%}
            {{- return(query) -}}
        {%- endif -%}
    {%- endif -%}
    {{- return(none) -}}
{%- endmacro -%}


{#- Run before a table that is kept by settlement: what it says of settlements that may read otherwise now goes, and all
    of it where all rows of a raw table are read anew. `touched` is a query of settlement_id. -#}
{%- macro keep_settlements(raw_table, touched) -%}
    {%- if execute and can_keep_years() and load_relation(this) -%}
    delete from {{ this }}
        {%- if new_files(raw_table) is not none %}
    where settlement_id in ({{ touched }}){% endif -%}
    {%- endif -%}
{%- endmacro -%}


{#- Run after the candidates of reversals: those of the served release stand that are used and needed. Not before, so that
    what a row named that is not used any more need not be sought among all rows. -#}
{%- macro keep_candidates(rejects) -%}
    {%- if execute and can_keep_years() and new_files('setl_d') is not none -%}
    delete from {{ this }}
    where
        row_id in (select row_id from {{ rejects }})
        or (
            original_id is null
            and setl_id not in (
                select original_id from {{ this }}
                where original_id is not null and row_id not in (select row_id from {{ rejects }})
            )
        )
    {%- endif -%}
{%- endmacro -%}
