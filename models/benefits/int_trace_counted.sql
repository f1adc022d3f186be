-- What of each component a scheme counted, with the row of the coverage matrix that says so (rules B7, E9).
{{ config(materialized='view') }}

with

parts as (

    select * from {{ ref('int_trace_part') }}

),

coverage as (

    select * from {{ ref('coverage') }}

),

-- What the settlement's own amounts answer.
counted_amounts as (

    select
        parts.*,
        coverage.expense_pool,
        coverage.share,
        {{ share_of('parts.amount', 'coverage.share') }} as counted_amount,
        coverage.document_id,
        coverage.article
    from parts
    inner join coverage
        on
            parts.scheme_id = coverage.scheme_id
            and parts.care_type = coverage.care_type
            and parts.component = coverage.component
            and {{ is_in_force('coverage', 'parts.terms_on') }}
            and coverage.item_type is null
            and coverage.item_list_id is null
            and coverage.component not in ('own_expense', 'restricted_use')

),

-- What its fee lines answer, with the article of one of the rows of the matrix that count them.
counted_lines as (

    select
        parts.settlement_id,
        parts.scheme_id,
        parts.component_no,
        parts.component,
        parts.amount,
        lines.expense_pool,
        max(lines.amount) as counted_amount,
        max(coverage.document_id) as document_id,
        max(coverage.article) as article
    from parts
    inner join (
        select
            settlement_id,
            scheme_id,
            component,
            expense_pool,
            sum(amount) as amount
        from {{ ref('int_eligible_line_expense') }}
        group by settlement_id, scheme_id, component, expense_pool
    ) as lines
        on
            parts.settlement_id = lines.settlement_id
            and parts.scheme_id = lines.scheme_id
            and parts.component = lines.component
    inner join coverage
        on
            parts.scheme_id = coverage.scheme_id
            and parts.care_type = coverage.care_type
            and parts.component = coverage.component
            and lines.expense_pool = coverage.expense_pool
            and {{ is_in_force('coverage', 'parts.terms_on') }}
    group by
        parts.settlement_id, parts.scheme_id, parts.component_no, parts.component, parts.amount, lines.expense_pool

)

select
    settlement_id,
    scheme_id,
    component_no,
    component,
    amount,
    share,
    counted_amount,
    document_id,
    article
from counted_amounts

union all

select
    settlement_id,
    scheme_id,
    component_no,
    component,
    amount,
    cast(null as decimal(6, 4)) as share,
    counted_amount,
    document_id,
    article
from counted_lines
