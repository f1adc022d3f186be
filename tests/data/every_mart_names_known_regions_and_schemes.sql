-- Every region that a mart names is a current code of dim_region, and every scheme a row of dim_scheme (rules A7,
-- C3): otherwise a roll-up from county to province, or a join to the scheme, loses rows without a word.
{%- set marts = {
    'fct_claim_expense': ['region_code', 'pool_region_code'],
    'fct_payout': ['region_code', 'scheme_id'],
    'fct_payout_tier': ['scheme_id'],
    'fct_accumulator_year': ['region_code', 'scheme_id'],
    'fct_cover_span': ['scheme_id'],
    'fct_burden': ['region_code'],
    'fct_burden_year': ['region_code'],
    'fct_payout_variance': ['region_code', 'scheme_id'],
    'fct_fund_year': ['region_code', 'scheme_id'],
    'fund_year_by_region': ['region_code', 'scheme_id'],
    'fct_fund_month': ['region_code', 'scheme_id'],
    'fct_fund_true_up': ['region_code', 'scheme_id'],
    'fct_fund_quarter_plan': ['region_code', 'scheme_id'],
    'fct_fund_corridor': ['scheme_id'],
    'fct_fund_cycle': ['scheme_id'],
    'fct_insurer_result': ['scheme_id'],
    'fct_participation': ['region_code', 'scheme_id'],
    'fct_cost_per_head': ['region_code', 'scheme_id'],
    'fct_claim_triangle': ['scheme_id'],
    'fct_balancing_standard': ['scheme_id'],
    'dim_scheme': ['pool_region_code'],
    'benefit_schedule': ['scheme_id'],
    'guardrail_check': ['pool_region_code', 'scheme_id'],
    'fct_scenario': ['region_code', 'scheme_id'],
    'poverty_risk_watchlist': ['region_code', 'pool_region_code'],
    'relief_case': ['region_code', 'pool_region_code'],
    'claim_review_flag': ['region_code', 'pool_region_code'],
    'disease_ranking': ['region_code', 'pool_region_code'],
    'institution_ranking': ['region_code', 'pool_region_code'],
    'item_ranking': ['region_code', 'pool_region_code'],
    'visit_flow': ['home_region_code', 'pool_region_code'],
    'tilt_and_deposit': ['region_code', 'pool_region_code'],
    'fund_warning': ['region_code', 'scheme_id'],
    'annual_disclosure': ['scheme_id'],
} %}
with

named as (

    {%- for mart, columns in marts.items() %}
    {%- set is_last_mart = loop.last %}
    {%- for column in columns %}

    select
        '{{ mart }}' as mart,
        '{{ column }}' as mart_column,
        {{ column }} as named_value,
        count(*) as row_count
    from {{ ref(mart) }}
    group by {{ column }}
    {%- if not (loop.last and is_last_mart) %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}

),

known as (

    select
        'scheme' as kind,
        scheme_id as known_value
    from {{ ref('dim_scheme') }}
    union
    select
        'region' as kind,
        region_code as known_value
    from {{ ref('dim_region') }}
    where not is_retired

)

select
    named.mart,
    named.mart_column,
    named.named_value,
    named.row_count
from named
left join known
    on
        named.named_value = known.known_value
        and known.kind = case when named.mart_column = 'scheme_id' then 'scheme' else 'region' end
where known.known_value is null
