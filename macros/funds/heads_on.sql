{#- Persons with basic benefits in force on a day, each once: one insured twice on the day counts where the latest spell
    began (rule H1). `asked` has scheme_id, insurance_type, benefit_year and counted_on; other columns of it that are
    named in `keep` are kept. `columns` are those of the spell that counts. Only where a person may
    be found twice spells are grouped: a group a person, year and day would take more memory than a run has. -#}
{%- macro heads_on(asked, spells, pools, columns, keep=[]) -%}
    {%- set grain = [asked ~ '.scheme_id', asked ~ '.benefit_year'] -%}
    {%- for column in keep -%}
    {%- do grain.append(asked ~ '.' ~ column) -%}
    {%- endfor -%}
    {%- do grain.append(spells ~ '.person_key') -%}
    {%- for may_count_twice in [false, true] %}
    select
        {%- for column in grain %}
        {{ column }},
        {%- endfor %}
        {%- for column in columns %}
        {%- if may_count_twice %}
        max_by(
            {{ spells }}.{{ column }},
            concat_ws('|', cast({{ spells }}.insured_from as {{ dbt.type_string() }}), {{ spells }}.spell_id)
        ) as {{ column }}
        {%- else %}
        {{ spells }}.{{ column }}
        {%- endif %}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ asked }}
    inner join {{ pools }} on {{ asked }}.scheme_id = {{ pools }}.scheme_id
    inner join {{ spells }}
        on
            {{ pools }}.pool_region_code = {{ spells }}.pool_region_code
            and {{ asked }}.insurance_type in ('all', {{ spells }}.insurance_type)
            and {{ spells }}.insured_from <= {{ asked }}.counted_on
            and ({{ spells }}.insured_to is null or {{ asked }}.counted_on < {{ spells }}.insured_to)
    where {{ spells }}.may_count_twice = {{ may_count_twice }}
    {%- if may_count_twice %}
    group by
        {{ grain | join(',\n        ') }}
    {%- else %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro -%}
