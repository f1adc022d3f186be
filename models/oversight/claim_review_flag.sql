-- Settlements that a review rule flags, each with its evidence (rule I9).
{%- set findings = [
    'int_review_stay', 'int_review_status', 'int_review_sum', 'int_review_line_total', 'int_review_item',
    'int_review_cost',
] %}
with

findings as (

    {%- for finding in findings %}
    select * from {{ ref(finding) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

expenses as (

    select * from {{ ref('fct_claim_expense') }}

),

rules as (

    select * from {{ ref('review_rule') }}

)

select
    {{ surrogate_key(['findings.rule_no', 'findings.settlement_id']) }} as flag_key,
    findings.rule_no,
    rules.rule_name,
    rules.severity,
    findings.settlement_id,
    expenses.person_key,
    expenses.benefit_year,
    expenses.settled_on,
    {{ year_of('expenses.settled_on') }} * 100 + cast(extract(month from expenses.settled_on) as integer)
        as settled_month,
    expenses.region_code,
    expenses.pool_region_code,
    expenses.institution_code,
    expenses.care_type,
    expenses.total_cost,
    findings.finding_count,
    findings.observed_value,
    findings.expected_value,
    findings.related_settlement_id,
    findings.item_code,
    findings.evidence,
    rules.status as parameter_status
from findings
inner join expenses on findings.settlement_id = expenses.settlement_id
inner join rules
    on
        findings.rule_no = rules.rule_no
        and {{ is_in_force('rules', 'expenses.settled_on') }}
