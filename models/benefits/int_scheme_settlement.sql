-- Settlements of the people that a scheme is for, with the date whose terms apply (rules C2, D5).
{{ config(materialized='view') }}

with

settlements as (

    select * from {{ ref('fct_claim_expense') }}

),

-- A scheme's pool, scope and rules hold for all its versions; the seed's tests see to it.
schemes as (

    select
        scheme_id,
        pool_region_code,
        max(scheme_kind) as scheme_kind,
        min(effective_from) as first_day,
        max(insurance_type) as insurance_type,
        max(coalesce(status_change_rule, 'prospective')) as status_change_rule,
        max(coalesce(reversal_terms, 'original')) as reversal_terms
    from {{ ref('scheme') }}
    group by scheme_id, pool_region_code

),

placed as (

    select
        settlements.*,
        schemes.scheme_id,
        schemes.scheme_kind,
        schemes.status_change_rule,
        schemes.first_day,
        -- A reversal takes back what was paid, so it goes by the terms of what it takes back (rules A3, C2).
        case
            when schemes.reversal_terms = 'original' then settlements.root_settled_on
            else settlements.settled_on
        end as terms_on
    from settlements
    inner join schemes
        on
            settlements.pool_region_code = schemes.pool_region_code
            and schemes.insurance_type in ('all', settlements.insurance_type)
            and settlements.insurance_type in ('employee', 'resident')

)

-- A later layer has nothing to do with what was settled before it began; critical illness insurance must know the
-- terms of every settlement of its pool (rule D5).
select *
from placed
where scheme_kind = 'critical_illness' or terms_on >= first_day
