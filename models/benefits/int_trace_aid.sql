-- How medical aid and relief came to what they gave (rules E9, F2, I2).
{{ config(materialized='view') }}

with

aided as (

    select
        aided.*,
        schemes.pool_region_code
    from {{ ref('int_aided_settlement') }} as aided
    inner join (
        select distinct
            scheme_id,
            pool_region_code
        from {{ ref('scheme') }}
    ) as schemes on aided.scheme_id = schemes.scheme_id

),

aids as (

    select
        aids.*,
        parameters.document_id,
        parameters.article
    from {{ ref('int_medical_aid') }} as aids
    inner join aided
        on
            aids.settlement_id = aided.settlement_id
            and aids.scheme_id = aided.scheme_id
    left join {{ ref('pool_parameter') }} as parameters
        on
            aided.pool_region_code = parameters.pool_region_code
            and parameters.parameter = 'medical_aid_rate_' || aids.assistance_category
            and {{ is_in_force('parameters', 'aided.terms_on') }}

),

reliefs as (

    select
        reliefs.*,
        'relief' as scheme_id,
        parameters.document_id,
        parameters.article
    from {{ ref('int_relief') }} as reliefs
    inner join aided on reliefs.settlement_id = aided.settlement_id
    left join {{ ref('pool_parameter') }} as parameters
        on
            aided.pool_region_code = parameters.pool_region_code
            and parameters.parameter = 'relief_ceiling_' || reliefs.assistance_category
            and {{ is_in_force('parameters', 'aided.terms_on') }}
    where reliefs.ceiling is not null

)

select
    settlement_id,
    scheme_id,
    {{ trace_step('2', 'category', {'item': 'assistance_category'}) }}
from aids

union all

select
    settlement_id,
    scheme_id,
    {{ trace_step('50', 'aid_base', {
        'base_amount': 'eligible_expense', 'amount_before': 'base_before', 'amount_after': 'base_after',
        'amount': 'aid_base',
    }) }}
from aids

union all

select
    settlement_id,
    scheme_id,
    {{ trace_step('60', 'aid_rate', {
        'base_amount': 'aid_base', 'rate': 'rate', 'amount': 'entitlement', 'document_id': 'document_id',
        'article': 'article',
    }) }}
from aids

union all

select
    settlement_id,
    scheme_id,
    {{ trace_step('80', 'limit', {'item': "'payout'", 'amount': 'annual_limit'}) }}
from aids
where annual_limit is not null

union all

select
    settlement_id,
    scheme_id,
    {{ trace_step('90', 'payout', {'amount': 'payout_amount'}) }}
from aids

union all

select
    settlement_id,
    scheme_id,
    {{ trace_step('40', 'ceiling', {
        'amount_before': 'borne_before', 'amount_after': 'borne_after', 'amount': 'ceiling',
        'document_id': 'document_id', 'article': 'article',
    }) }}
from reliefs

union all

select
    settlement_id,
    scheme_id,
    {{ trace_step('90', 'payout', {'amount': 'relief_paid'}) }}
from reliefs
