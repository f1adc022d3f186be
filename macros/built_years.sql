{#- True of a benefit year that this run builds: of every one, unless the environment names some. `dabing run` then
    takes the rows of the others from the served file (dabing/years.py). -#}
{%- macro is_built_year(benefit_year) -%}
    {%- set years = env_var('DABING_BUILT_YEARS', '') if execute else '' -%}
    {{ benefit_year ~ ' in (' ~ years ~ ')' if years else 'true' }}
{%- endmacro -%}

{#- The same of the period of a ranking: a year such as 2022 or a month such as 202207. -#}
{%- macro is_built_period(period) -%}
    {{ is_built_year(period) }}
{%- endmacro -%}

{#- True of a settlement that this run builds. The others are missing in `settlements`, so a join with these says the same,
    but not before every row has been read. -#}
{%- macro is_built_settlement(settlement_id, settlements) -%}
    {%- set years = env_var('DABING_BUILT_YEARS', '') if execute else '' -%}
    {{ settlement_id ~ ' in (select built.settlement_id from ' ~ settlements ~ ' as built)' if years else 'true' }}
{%- endmacro -%}

{#- `delivered` comes from a file in which rows of settlements lie that this run builds: of every one, unless the run has
    listed these files (dabing/years.py). -#}
{%- macro is_in_built_files(raw_table) -%}
    {{ is_in_files_of(table_named('staging', 'built_file'), 'raw_table = ' ~ sql_text(raw_table)) }}
{%- endmacro -%}
