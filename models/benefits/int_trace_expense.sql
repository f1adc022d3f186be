-- What a settlement consists of, what of it a scheme counted, and what it did not (rules B1 to B7, E9).
{{ config(materialized='view') }}

with

parts as (

    select * from {{ ref('int_trace_part') }}

),

counted as (

    select counted.*
    from {{ ref('int_trace_counted') }} as counted
    inner join parts
        on
            counted.settlement_id = parts.settlement_id
            and counted.scheme_id = parts.scheme_id
            and counted.component = parts.component
    -- Outside cover nothing counts (rule G6).
    where parts.cover_status = 'covered'

),

not_counted as (

    select parts.*
    from parts
    left join counted
        on
            parts.settlement_id = counted.settlement_id
            and parts.scheme_id = counted.scheme_id
            and parts.component = counted.component
    where counted.settlement_id is null

)

select
    settlement_id,
    scheme_id,
    {{ trace_step('10 + component_no', 'component', {'item': 'component', 'amount': 'amount'}) }}
from parts

union all

select
    settlement_id,
    scheme_id,
    {{ trace_step('20 + component_no', 'counted', {
        'item': 'component', 'base_amount': 'amount', 'rate': 'share', 'amount': 'counted_amount',
        'document_id': 'document_id', 'article': 'article',
    }) }}
from counted

union all

select
    settlement_id,
    scheme_id,
    {{ trace_step('20 + component_no', 'not_counted', {'item': 'component', 'base_amount': 'amount'}) }}
from not_counted
where cover_status = 'covered'

union all

select
    settlement_id,
    scheme_id,
    {{ trace_step('20 + component_no', 'not_covered', {'item': 'component', 'base_amount': 'amount'}) }}
from not_counted
where cover_status <> 'covered'
