-- Every step from a settlement to what each scheme pays of it, in words that can be read aloud (rule E9).
{{ config(materialized='view') }}

with

steps as (

    select * from {{ ref('int_trace_expense') }}
    union all
    select * from {{ ref('int_trace_terms') }}
    union all
    select * from {{ ref('int_trace_cover') }}
    union all
    select * from {{ ref('int_trace_account') }}
    union all
    select * from {{ ref('int_trace_pool') }}
    union all
    select * from {{ ref('int_trace_held') }}
    union all
    select * from {{ ref('int_trace_aid') }}
    union all
    select * from {{ ref('int_trace_relief') }}

),

words as (

    select * from {{ ref('wording') }}

),

worded as (

    select
        steps.*,
        coalesce(words.english, steps.item) as item_en,
        coalesce(words.chinese, steps.item) as item_zh,
        cast(cast(steps.rate * 100 as decimal(8, 2)) as {{ dbt.type_string() }}) || '%' as percentage
    from steps
    left join words on steps.item = words.term

)

select
    settlement_id,
    scheme_id,
    cast(step_no as integer) as step_no,
    step,
    item,
    base_amount,
    rate,
    amount_before,
    amount_after,
    amount,
    {{ trace_sentence(english=true) }} as explanation,
    {{ trace_sentence(english=false) }} as explanation_zh,
    document_id,
    article
from worded
