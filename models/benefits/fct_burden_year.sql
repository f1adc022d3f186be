-- Who bears what of a person's cost of a benefit year (rule E7).
{%- set amounts = [
    'total_cost', 'basic_paid', 'critical_illness_paid', 'supplementary_paid', 'medical_aid_paid', 'other_paid',
    'relief_paid', 'out_of_pocket', 'capped_amount',
] %}
with

burdens as (

    select * from {{ ref('fct_burden') }}

)

select
    {{ surrogate_key(['person_key', 'benefit_year']) }} as burden_year_key,
    person_key,
    benefit_year,
    max_by(region_code, concat_ws('|', cast(settled_at as {{ dbt.type_string() }}), settlement_id)) as region_code,
    max_by(insurance_type, concat_ws('|', cast(settled_at as {{ dbt.type_string() }}), settlement_id))
        as insurance_type,
    count(*) as settlement_count,
    {%- for amount in amounts %}
    cast(sum({{ amount }}) as decimal(18, 2)) as {{ amount }},
    {%- endfor %}
    {{ status_name('max(' ~ status_rank('parameter_status') ~ ')') }} as parameter_status
from burdens
group by person_key, benefit_year
