-- How relief came to what it gave: what is borne of the year and the ceiling (rules E9, I2).
{{ config(materialized='view') }}

with

reliefs as (

    select
        reliefs.*,
        parameters.document_id,
        parameters.article
    from {{ ref('int_relief') }} as reliefs
    inner join {{ ref('int_aided_settlement') }} as aided on reliefs.settlement_id = aided.settlement_id
    inner join (
        select distinct
            scheme_id,
            pool_region_code
        from {{ ref('scheme') }}
    ) as schemes on aided.scheme_id = schemes.scheme_id
    left join {{ ref('pool_parameter') }} as parameters
        on
            schemes.pool_region_code = parameters.pool_region_code
            and parameters.parameter = 'relief_ceiling_' || reliefs.assistance_category
            and {{ is_in_force('parameters', 'aided.terms_on') }}
    where reliefs.ceiling is not null

)

select
    settlement_id,
    'relief' as scheme_id,
    {{ trace_step('4', 'category', {'item': 'assistance_category'}) }}
from reliefs

union all

select
    settlement_id,
    'relief' as scheme_id,
    {{ trace_step('40', 'ceiling', {
        'amount_before': 'borne_before', 'amount_after': 'borne_after', 'amount': 'ceiling',
        'document_id': 'document_id', 'article': 'article',
    }) }}
from reliefs

union all

select
    settlement_id,
    'relief' as scheme_id,
    {{ trace_step('90', 'payout', {'amount': 'relief_paid'}) }}
from reliefs
