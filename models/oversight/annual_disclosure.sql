-- What a scheme discloses of a year, small cells withheld (rules J1, J2).
{%- set paid = 'is_payout_withheld' %}
{%- set figures = {
    'insured_heads': ['person', 'is_funding_withheld'],
    'income_amount': ['yuan', 'is_funding_withheld'],
    'balance_amount': ['yuan', 'is_balance_withheld'],
    'persons_paid': ['person', paid],
    'cases_paid': ['case', paid],
    'payout_amount': ['yuan', paid],
    'median_days': ['day', 'is_days_withheld or ' ~ paid],
    'percentile_90_days': ['day', 'is_days_withheld or ' ~ paid],
} %}
with

summaries as (

    select * from {{ ref('int_disclosure_summary') }}

),

-- The balance tells the payouts, and the income tells the heads: they go with them.
measures as (

    {%- for measure, (unit, is_withheld) in figures.items() %}
    select
        scheme_id,
        benefit_year,
        'summary' as section,
        'scheme' as row_code,
        'total' as column_code,
        '{{ measure }}' as measure,
        '{{ unit }}' as unit,
        cast({{ measure }} as decimal(18, 4)) as measure_value,
        {{ is_withheld }} as is_withheld
    from summaries
    where {{ measure }} is not null
    union all
    {%- endfor %}
    select
        scheme_id,
        benefit_year,
        'benefit' as section,
        row_code,
        column_code,
        measure,
        unit,
        measure_value,
        false as is_withheld
    from {{ ref('int_disclosure_benefit') }}
    union all
    select * from {{ ref('int_disclosure_cell') }}

)

select
    {{ surrogate_key(['scheme_id', 'benefit_year', 'section', 'row_code', 'column_code', 'measure']) }}
        as disclosure_key,
    scheme_id,
    cast(benefit_year as integer) as benefit_year,
    section,
    row_code,
    column_code,
    measure,
    unit,
    case when not is_withheld then measure_value end as disclosed_value,
    is_withheld
from measures
