-- Settlements whose fee lines do not add up to them (rule I9).
with

lines as (

    select
        settlement_id,
        count(*) as line_count,
        sum(line_cost) as line_cost
    from {{ ref('stg_fee_line') }}
    where {{ is_built_settlement('settlement_id', ref('fct_claim_expense')) }}
    group by settlement_id

),

expenses as (

    select
        settlement_id,
        settled_on,
        total_cost
    from {{ ref('fct_claim_expense') }}

)

-- A settlement without any line is not judged: not every bureau delivers them.
select {{ review_finding('R06', {
    'settlement_id': 'expenses.settlement_id',
    'finding_count': 'lines.line_count',
    'observed_value': 'lines.line_cost',
    'expected_value': 'expenses.total_cost',
    'evidence': said('lines.line_count') ~ " || ' fee lines add up to ' || "
        ~ said('cast(lines.line_cost as decimal(18, 2))') ~ " || ', the settlement says ' || " ~ said('expenses.total_cost'),
}) }}
from expenses
inner join lines on expenses.settlement_id = lines.settlement_id
inner join {{ review_rule('R06', 'expenses') }}
where abs(lines.line_cost - expenses.total_cost) > rules.threshold
