{#- Persons with basic benefits in force on a day, each once: one insured twice on the day counts where the latest spell
    began (rule H1). `asked` has scheme_id, insurance_type, benefit_year and counted_on; other columns of it that are
    named in `keep` are kept. `columns` are those of the spell that counts. -#}
{%- macro heads_on(asked, spells, pools, columns, keep=[]) -%}
    select
        {{ asked }}.scheme_id,
        {{ asked }}.benefit_year,
        {%- for column in keep %}
        {{ asked }}.{{ column }},
        {%- endfor %}
        {{ spells }}.person_key,
        {%- for column in columns %}
        max_by(
            {{ spells }}.{{ column }},
            concat_ws('|', cast({{ spells }}.insured_from as {{ dbt.type_string() }}), {{ spells }}.spell_id)
        ) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ asked }}
    inner join {{ pools }} on {{ asked }}.scheme_id = {{ pools }}.scheme_id
    inner join {{ spells }}
        on
            {{ pools }}.pool_region_code = {{ spells }}.pool_region_code
            and {{ asked }}.insurance_type in ('all', {{ spells }}.insurance_type)
            and {{ spells }}.insured_from <= {{ asked }}.counted_on
            and ({{ spells }}.insured_to is null or {{ asked }}.counted_on < {{ spells }}.insured_to)
    group by
        {{ asked }}.scheme_id,
        {{ asked }}.benefit_year,
        {%- for column in keep %}
        {{ asked }}.{{ column }},
        {%- endfor %}
        {{ spells }}.person_key
{%- endmacro -%}
