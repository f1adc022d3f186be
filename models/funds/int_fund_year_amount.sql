-- Heads, income, payouts and money moved of each fund year, side by side, before any balance (rules H1, H3).
with

frame as (

    select * from {{ ref('int_fund_year_frame') }}

),

standards as (

    select * from {{ ref('funding_standard') }}

),

heads as (

    select * from {{ ref('int_census_head') }}

),

payouts as (

    select * from {{ ref('int_fund_payout') }}

),

movements as (

    select * from {{ ref('int_fund_movement') }}

),

losses as (

    select
        scheme_id,
        benefit_year
    from {{ ref('fct_fund_cycle') }}
    where result_goes_to = 'insurers'

)

select
    frame.*,
    standards.per_capita_amount,
    coalesce(standards.public_share, 0) as public_share,
    -- The weaker of the standard's status and that of the terms behind the payouts.
    greatest({{ status_rank("coalesce(standards.status, 'illustrative')") }}, coalesce(payouts.status_rank, 1))
        as status_rank,
    coalesce(heads.insured_heads, 0) as insured_heads,
    -- A supplementary scheme lives on the premiums that came in, not on heads (rule H6).
    case
        when frame.scheme_kind = 'supplementary' then coalesce(movements.transfer_in_amount, 0)
        else coalesce(heads.insured_heads, 0) * coalesce(standards.per_capita_amount, 0)
    end as income_amount,
    {%- for column in ['eligible_expense', 'payout_amount', 'payout_posted_amount', 'persons_paid', 'cases_paid'] %}
    coalesce(payouts.{{ column }}, 0) as {{ column }},
    {%- endfor %}
    -- What is said to be carried in later stands in the balance already (rule H3).
    case
        when frame.benefit_year = min(frame.benefit_year) over (partition by frame.scheme_id)
            then coalesce(movements.carried_in_amount, 0)
        else 0
    end as carried_in_amount,
    {%- for column in ['transfer_in', 'service_fee', 'interest'] %}
    coalesce(movements.{{ column }}_amount, 0) as {{ column }}_amount,
    {%- endfor %}
    losses.scheme_id is not null as is_borne_by_insurers
from frame
left join standards
    on
        frame.scheme_id = standards.scheme_id
        and standards.insurance_type in ('all', frame.insurance_type)
        and frame.benefit_year = standards.benefit_year
left join losses on frame.scheme_id = losses.scheme_id and frame.benefit_year = losses.benefit_year
{%- for relation in ['heads', 'payouts', 'movements'] %}
left join {{ relation }}
    on
        frame.scheme_id = {{ relation }}.scheme_id
        and frame.region_code = {{ relation }}.region_code
        and frame.insurance_type = {{ relation }}.insurance_type
        and frame.benefit_year = {{ relation }}.benefit_year
{%- endfor %}
