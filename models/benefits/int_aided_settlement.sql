-- Settlements that are aided: the person holds a category for which medical aid has a rate (rules C2, F2).
{%- set amounts = ['deductible', 'annual_limit', 'outpatient_limit'] %}
with

categories as (

    select * from {{ ref('int_category_at_claim') }}

),

settlements as (

    select * from {{ ref('int_scheme_settlement') }}
    where scheme_kind = 'medical_aid'

),

terms as (

    select * from {{ ref('int_aid_term') }}

),

parameters as (

    select * from {{ ref('pool_parameter') }}

),

-- The order of the layers is that of the schemes (rule E6).
orders as (

    select
        aid.scheme_id,
        coalesce(max(aid.layer_order) < min(supplementary.layer_order), false) as is_before_supplementary
    from {{ ref('scheme') }} as aid
    left join {{ ref('scheme') }} as supplementary
        on
            aid.pool_region_code = supplementary.pool_region_code
            and supplementary.scheme_kind = 'supplementary'
    where aid.scheme_kind = 'medical_aid'
    group by aid.scheme_id

)

select
    settlements.settlement_id,
    settlements.scheme_id,
    settlements.person_key,
    settlements.benefit_year,
    settlements.settled_at,
    settlements.terms_on,
    categories.assistance_category,
    orders.is_before_supplementary,
    terms.rate,
    coalesce(cast(deductible.value as decimal(18, 2)), 0) as deductible,
    -- No limit where the parameters name none, and none for a category that is without.
    case when coalesce(waivers.value, 'false') <> 'true' then cast(annual_limit.value as decimal(18, 2)) end
        as annual_limit,
    case when coalesce(waivers.value, 'false') <> 'true' then cast(outpatient_limit.value as decimal(18, 2)) end
        as outpatient_limit,
    greatest(
        terms.status_rank
        {%- for parameter in amounts + ['waivers'] %},
        case when {{ parameter }}.status is null then 1 else {{ status_rank(parameter ~ '.status') }} end
        {%- endfor %}
    ) as status_rank
from settlements
inner join categories
    on
        settlements.settlement_id = categories.settlement_id
        and settlements.scheme_id = categories.scheme_id
inner join terms
    on
        settlements.scheme_id = terms.scheme_id
        and categories.assistance_category = terms.assistance_category
        and {{ is_in_force('terms', 'settlements.terms_on') }}
inner join orders on settlements.scheme_id = orders.scheme_id
{%- for parameter in amounts %}
left join parameters as {{ parameter }}
    on
        settlements.pool_region_code = {{ parameter }}.pool_region_code
        and {{ parameter }}.parameter = 'medical_aid_{{ parameter }}'
        and {{ is_in_force(parameter, 'settlements.terms_on') }}
{%- endfor %}
left join parameters as waivers
    on
        settlements.pool_region_code = waivers.pool_region_code
        and waivers.parameter = 'medical_aid_limit_waived_' || categories.assistance_category
        and {{ is_in_force('waivers', 'settlements.terms_on') }}
