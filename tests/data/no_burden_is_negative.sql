-- No layer pays less than nothing and nobody bears less than nothing: in any settlement that takes nothing back, and in
-- any person-year (rule E7).
{%- set parts = [
    'basic_paid', 'critical_illness_paid', 'supplementary_paid', 'medical_aid_paid', 'other_paid', 'relief_paid',
    'out_of_pocket',
] %}
select
    'settlement' as grain,
    settlement_id as burden_key,
    {{ parts | join(', ') }}
from {{ ref('fct_burden') }}
where not is_reversal and least({{ parts | join(', ') }}) < 0

union all

select
    'person-year' as grain,
    burden_year_key as burden_key,
    {{ parts | join(', ') }}
from {{ ref('fct_burden_year') }}
where least({{ parts | join(', ') }}) < 0
