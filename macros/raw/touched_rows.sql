{#- `delivered` is a row of a settlement that may read otherwise now; nothing where all rows are read anew. -#}
{%- macro is_touched_settlement() -%}
    {%- set touched = ref('stg_touched_settlement') if can_keep_years() -%}
    {%- if touched and new_files('setl_d') is not none -%}
    {{ is_in_files_of(touched, 'may_stand') }}
    and delivered.setl_id in (select touched.settlement_id from {{ touched }} as touched)
    {%- endif -%}
{%- endmacro -%}


{#- `delivered` comes from a file in which a row stands or stood that may read otherwise now (`touched`); true where all rows
    are read anew. -#}
{%- macro is_in_touched_files(raw_table, touched) -%}
    {{ is_in_files_of(touched) if can_keep_years() and new_files(raw_table) is not none else 'true' }}
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


{#- Run before a table that is kept by settlement or by raw file (`column`): what it says of those goes that may read
    otherwise now, which are in `touched`, and all of it where all rows of the raw table are read anew. -#}
{%- macro keep_untouched(raw_table, touched, column) -%}
    {%- if execute and can_keep_years() and load_relation(this) -%}
    delete from {{ this }}
        {%- if new_files(raw_table) is not none %}
    where {{ column }} in (select touched.{{ column }} from {{ touched }} as touched){% endif -%}
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
