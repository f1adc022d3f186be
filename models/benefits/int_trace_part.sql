-- The components of a settlement under each scheme that looks at it (rules B1 to B4, E9).
{{ config(materialized='view') }}

with

settlements as (

    select
        settlements.*,
        payouts.cover_status
    from {{ ref('int_scheme_settlement') }} as settlements
    inner join {{ ref('fct_payout') }} as payouts
        on
            settlements.settlement_id = payouts.settlement_id
            and settlements.scheme_id = payouts.scheme_id

)

{% for component in trace_components() %}
{{- 'union all' if not loop.first }}
select
    settlement_id,
    scheme_id,
    care_type,
    terms_on,
    cover_status,
    {{ loop.index }} as component_no,
    '{{ component }}' as component,
    {{ component }} as amount
from settlements
where {{ component }} <> 0
{% endfor %}
