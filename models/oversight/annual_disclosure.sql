-- What a scheme discloses of a year, small cells withheld (rules J1, J2).
{%- set funding = {'per_capita_amount': 'yuan', 'insured_heads': 'person', 'income_amount': 'yuan'} %}
{%- set paid = {
    'balance_amount': 'yuan', 'persons_paid': 'person', 'cases_paid': 'case', 'payout_amount': 'yuan',
    'median_days': 'day', 'percentile_90_days': 'day',
} %}
with

summaries as (

    select * from {{ ref('int_disclosure_summary') }}

),

-- The balance tells the payouts, and the income tells the heads: they go with them.
measures as (

    {%- for measure, unit in funding.items() %}
    select
        scheme_id,
        benefit_year,
        'summary' as section,
        'scheme' as row_code,
        'total' as column_code,
        '{{ measure }}' as measure,
        '{{ unit }}' as unit,
        cast({{ measure }} as decimal(18, 4)) as measure_value,
        {{ 'false' if measure == 'per_capita_amount' else 'is_funding_withheld' }} as is_withheld
    from summaries
    where {{ measure }} is not null
    union all
    {%- endfor %}
    {%- for measure, unit in paid.items() %}
    select
        scheme_id,
        benefit_year,
        'summary' as section,
        'scheme' as row_code,
        'total' as column_code,
        '{{ measure }}' as measure,
        '{{ unit }}' as unit,
        cast({{ measure }} as decimal(18, 4)) as measure_value,
        is_payout_withheld{{ ' or is_funding_withheld' if measure == 'balance_amount' }} as is_withheld
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
