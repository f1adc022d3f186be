-- Whether a scheme covered the person, by which rule of cover, and since when (rules E9, G1 to G6).
{{ config(materialized='view') }}

with

payouts as (

    select
        settlement_id,
        scheme_id,
        person_key,
        cover_status
    from {{ ref('fct_payout') }}

),

covers as (

    select * from {{ ref('int_settlement_cover') }}

),

starts as (

    select * from {{ ref('int_cover_start') }}

),

rules as (

    select * from {{ ref('cover_rule') }}

),

-- The rule that gave cover, or that keeps the person waiting.
ruled as (

    select
        payouts.settlement_id,
        payouts.scheme_id,
        payouts.cover_status,
        starts.starts_on,
        case
            when payouts.cover_status = 'waiting_after_break' then 'basic_benefits_resumed'
            else coalesce(covers.cover_rule, starts.cover_rule)
        end as cover_rule,
        {{ year_start(year_of('covers.terms_on')) }} as year_begins_on
    from payouts
    inner join covers
        on
            payouts.settlement_id = covers.settlement_id
            and payouts.scheme_id = covers.scheme_id
    left join starts
        on
            payouts.scheme_id = starts.scheme_id
            and payouts.person_key = starts.person_key
            and starts.cover_year = {{ year_of('covers.terms_on') }}

),

documented as (

    select
        ruled.*,
        rules.document_id,
        rules.article
    from ruled
    left join rules
        on
            ruled.scheme_id = rules.scheme_id
            and ruled.cover_rule = rules.rule
            and {{ is_in_force('rules', 'ruled.year_begins_on') }}

)

select
    settlement_id,
    scheme_id,
    {{ trace_step('1', 'cover', {'item': 'cover_status'}) }}
from payouts

union all

select
    settlement_id,
    scheme_id,
    {{ trace_step('2', 'cover_rule', {'item': 'cover_rule', 'document_id': 'document_id', 'article': 'article'}) }}
from documented
where cover_rule is not null and cover_status in ('covered', 'waiting', 'waiting_after_break')

union all

select
    settlement_id,
    scheme_id,
    {{ trace_step('3', 'cover_from', {'item': 'starts_on'}) }}
from documented
where starts_on is not null and cover_status in ('covered', 'waiting')
