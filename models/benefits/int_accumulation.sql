-- Running sums of eligible expense of a person-year, by scheme and expense pool (rules C3, E1, E2).
{{ config(materialized='view') }}

-- Not from the CTE of the macro: what is read twice DuckDB keeps in memory, all of it.
{%- set with_eligible_expense %}
    select distinct
        scheme_id,
        person_key,
        benefit_year
    from {{ ref('int_eligible_expense') }}
    where eligible_expense <> 0
{%- endset %}

{{ accumulations(with_eligible_expense) }}
