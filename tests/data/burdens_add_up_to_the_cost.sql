-- Total cost = basic + critical illness + supplementary + medical aid + other payers + relief + out-of-pocket, to the
-- fen, for every settlement and every person-year; the years are the sums of their settlements, and no settlement is
-- left out (rule E7).
{%- set parts = [
    'basic_paid', 'critical_illness_paid', 'supplementary_paid', 'medical_aid_paid', 'other_paid', 'relief_paid',
    'out_of_pocket',
] %}
with

settlements as (

    select
        'settlement' as grain,
        settlement_id as burden_key,
        total_cost,
        {{ parts | join(' + ') }} as divided
    from {{ ref('fct_burden') }}

),

years as (

    select
        'person-year' as grain,
        burden_year_key as burden_key,
        total_cost,
        {{ parts | join(' + ') }} as divided
    from {{ ref('fct_burden_year') }}

),

-- Nothing is lost on the way from the costs to the burdens, nor from the burdens to the years.
totals as (

    select
        'whole' as grain,
        'settlements and costs' as burden_key,
        (select sum(expenses.total_cost) + count(*) from {{ ref('fct_claim_expense') }} as expenses) as total_cost,
        (select sum(burdens.total_cost) + count(*) from {{ ref('fct_burden') }} as burdens) as divided
    {%- for part in parts %}
    union all
    select
        'whole' as grain,
        '{{ part }}' as burden_key,
        (select sum(burdens.{{ part }}) from {{ ref('fct_burden') }} as burdens) as total_cost,
        (select sum(years.{{ part }}) from {{ ref('fct_burden_year') }} as years) as divided
    {%- endfor %}

),

compared as (

    select * from settlements
    union all
    select * from years
    union all
    select * from totals

)

select * from compared
where total_cost <> divided
