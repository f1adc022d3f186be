-- How medical aid came to what it gave: category, what was left, rate and limits, each with its article (rules E9, F2).
{{ config(materialized='view') }}

with

aids as (

    select
        aids.*,
        aided.terms_on,
        schemes.pool_region_code
    from {{ ref('int_medical_aid') }} as aids
    inner join {{ ref('int_aided_settlement') }} as aided
        on
            aids.settlement_id = aided.settlement_id
            and aids.scheme_id = aided.scheme_id
    inner join (
        select distinct
            scheme_id,
            pool_region_code
        from {{ ref('scheme') }}
    ) as schemes on aids.scheme_id = schemes.scheme_id

),

parameters as (

    select
        aids.*,
        case
            when parameters.parameter like 'medical_aid_rate_%' then 'rate'
            when parameters.parameter like 'medical_aid_limit_waived_%' then 'limit_waived'
            else replace(parameters.parameter, 'medical_aid_', '')
        end as parameter,
        parameters.value,
        parameters.document_id,
        parameters.article
    from aids
    inner join {{ ref('pool_parameter') }} as parameters
        on
            aids.pool_region_code = parameters.pool_region_code
            and parameters.parameter in (
                'medical_aid_rate_' || aids.assistance_category,
                'medical_aid_limit_waived_' || aids.assistance_category,
                'medical_aid_deductible', 'medical_aid_annual_limit', 'medical_aid_outpatient_limit'
            )
            and {{ is_in_force('parameters', 'aids.terms_on') }}

),

-- Which expense aid looks at.
ranges as (

    select
        aids.settlement_id,
        aids.scheme_id,
        max(coverage.document_id) as document_id,
        max(coverage.article) as article
    from aids
    inner join {{ ref('coverage') }} as coverage
        on
            aids.scheme_id = coverage.scheme_id
            and {{ is_in_force('coverage', 'aids.terms_on') }}
    group by aids.settlement_id, aids.scheme_id

)

select
    aids.settlement_id,
    aids.scheme_id,
    {{ trace_step('50', 'aid_base', {
        'base_amount': 'aids.eligible_expense', 'amount_before': 'aids.base_before', 'amount_after': 'aids.base_after',
        'amount': 'aids.aid_base', 'document_id': 'ranges.document_id', 'article': 'ranges.article',
    }) }}
from aids
left join ranges
    on
        aids.settlement_id = ranges.settlement_id
        and aids.scheme_id = ranges.scheme_id

{%- set of_document = {'document_id': 'document_id', 'article': 'article'} %}
{%- for step_no, step, columns, source, condition in [
    (4, 'category', {'item': 'assistance_category'}, 'aids', 'true'),
    (55, 'deductible', dict({'item': "'payout'", 'amount': 'deductible'}, **of_document), 'parameters',
        "parameter = 'deductible' and deductible <> 0"),
    (60, 'aid_rate', dict({'base_amount': 'aid_base', 'rate': 'rate', 'amount': 'entitlement'}, **of_document),
        'parameters', "parameter = 'rate'"),
    (80, 'limit', dict({'item': "'payout'", 'amount': 'annual_limit'}, **of_document), 'parameters',
        "parameter = 'annual_limit' and annual_limit is not null"),
    (81, 'limit', dict({'item': "'outpatient'", 'amount': 'outpatient_limit'}, **of_document), 'parameters',
        "parameter = 'outpatient_limit' and outpatient_limit is not null and is_outpatient"),
    (82, 'limit_waived', dict({'item': "'limit_waived'"}, **of_document), 'parameters',
        "parameter = 'limit_waived' and value = 'true'"),
    (85, 'held', {'base_amount': 'entitlement', 'amount': 'payout_amount'}, 'aids', 'entitlement <> payout_amount'),
    (90, 'payout', {'amount': 'payout_amount'}, 'aids', 'true'),
] %}

union all

select
    settlement_id,
    scheme_id,
    {{ trace_step(step_no, step, columns) }}
from {{ source }}
where {{ condition }}
{%- endfor %}
