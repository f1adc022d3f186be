{#- One settlement in how many a sample has: as many as make it half a million to a million fee lines, all where there are
    fewer. So it is another only where the lines double. A number of the query, so that what it leaves out is not typed. -#}
{%- macro sampled_one_in() -%}
    {%- set lines = ref('base_fee_line') -%}
    {%- if execute and load_relation(lines) -%}
        {%- set count = run_query('select count(*) from ' ~ lines).columns[0].values()[0] -%}
        {%- for power in range(64) if 2 ** power * 1000000 >= count -%}
            {{- return(2 ** power) -}}
        {%- endfor -%}
    {%- endif -%}
    {{- return(1) -}}
{%- endmacro -%}


{#- Whether the rows of a sample are those of the served release, with those of new files to be added. -#}
{%- macro sample_stands(raw_table) -%}
    {%- if execute and new_files(raw_table) is not none and load_relation(this) -%}
        {%- set query = 'select 1 from ' ~ this ~ ' where one_in = ' ~ sampled_one_in() ~ ' limit 1' -%}
        {{- return(run_query(query) | length > 0) -}}
    {%- endif -%}
    {{- return(false) -}}
{%- endmacro -%}


{#- Run before a sample: where it does not stand it is made anew. -#}
{%- macro keep_sample(raw_table) -%}
    {%- if execute and load_relation(this) and not sample_stands(raw_table) -%}
    delete from {{ this }}
    {%- endif -%}
{%- endmacro -%}


{#- `delivered` is a row of a sampled settlement that has to be added. -#}
{%- macro is_added_to_sample(raw_table, one_in) -%}
    {{ is_one_in(one_in, 'delivered', ['setl_id']) }}
    {%- if sample_stands(raw_table) %}
    and {{ is_new_row(raw_table, 'delivered') }}
    {%- endif -%}
{%- endmacro -%}
