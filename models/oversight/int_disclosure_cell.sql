-- The cells of the disclosed tables by county and by place of settlement, and which are withheld (rules J1, J2).
{%- set measures = {'persons': ['persons_paid', 'person'], 'payout': ['payout_amount', 'yuan']} %}
with

table_rows as (

    select
        cells.*,
        max(case when cells.is_total = 1 then cells.total_cases end) over (
            partition by cells.scheme_id, cells.benefit_year, cells.section
        ) as table_cases,
        withheld.is_aided_withheld,
        withheld.is_other_withheld,
        withheld.is_total_withheld
    from {{ ref('int_disclosure_row') }} as cells
    inner join {{ ref('int_disclosure_withheld') }} as withheld
        on
            cells.scheme_id = withheld.scheme_id
            and cells.benefit_year = withheld.benefit_year
            and cells.section = withheld.section
            and cells.row_code = withheld.row_code

),

-- Places of settlement are not told apart by aid: two tables with the same sums could be held against each other.
measures as (

    {%- for column in ['aided', 'other', 'total'] %}
    {%- for measure, names in measures.items() %}
    select
        scheme_id,
        benefit_year,
        section,
        row_code,
        '{{ column }}' as column_code,
        '{{ names[0] }}' as measure,
        '{{ names[1] }}' as unit,
        cast({{ column }}_{{ measure }} as decimal(18, 4)) as measure_value,
        is_{{ column }}_withheld as is_withheld
    from table_rows
    where section in ({{ "'county', 'settlement_place'" if column == 'total' else "'county'" }})
    union all
    {%- endfor %}
    {%- endfor %}
    {%- for measure, value in {
        'cases_paid': 'total_cases', 'case_share': ratio('total_cases', 'table_cases'),
    }.items() %}
    select
        scheme_id,
        benefit_year,
        section,
        row_code,
        'total' as column_code,
        '{{ measure }}' as measure,
        '{{ 'case' if measure == 'cases_paid' else 'rate' }}' as unit,
        cast({{ value }} as decimal(18, 4)) as measure_value,
        is_total_withheld as is_withheld
    from table_rows
    where section = 'settlement_place'
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

)

select * from measures
