-- Settlements of the people that a scheme is for, with the date whose terms apply (rules C2, C3, D5).
{{ config(materialized='view') }}

with

settlements as (

    select * from {{ ref('fct_claim_expense') }}

),

spans as (

    select * from {{ ref('int_scheme_span') }}

),

-- A scheme's rules hold for all its versions; the seed's tests see to it.
schemes as (

    select
        scheme_id,
        max(coalesce(status_change_rule, 'prospective')) as status_change_rule,
        max(coalesce(reversal_terms, 'original')) as reversal_terms
    from {{ ref('scheme') }}
    group by scheme_id

)

select
    settlements.*,
    spans.scheme_id,
    spans.scheme_kind,
    schemes.status_change_rule,
    -- A reversal takes back what was paid, so it goes by the terms of what it takes back (rules A3, C2); where it goes
    -- by those of its own day, and its scheme has ended by then, by the last ones that the scheme had.
    case
        when schemes.reversal_terms = 'original' then settlements.root_settled_on
        when settlements.root_settled_on < spans.ended_on
            then least(settlements.settled_on, {{ add_days('spans.ended_on', -1) }})
        else settlements.settled_on
    end as terms_on
from settlements
inner join spans
    on
        settlements.pool_region_code = spans.pool_region_code
        and settlements.insurance_type = spans.insurance_type
        and spans.takes_from <= settlements.root_settled_on
        and settlements.root_settled_on < spans.takes_until
inner join schemes on spans.scheme_id = schemes.scheme_id
