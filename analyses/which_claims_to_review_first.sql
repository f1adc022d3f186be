-- Settlements that several rules flag, the gravest first: where a reviewer's hour finds most.
with

flags as (

    select * from {{ ref('claim_review_flag') }}

)

select
    settlement_id,
    institution_code,
    settled_on,
    count(*) as flags,
    count(case when severity = 'high' then 1 end) as grave_flags,
    max(total_cost) as total_cost,
    min_by(rule_name, rule_no) as first_rule,
    min_by(evidence, rule_no) as first_evidence
from flags
group by settlement_id, institution_code, settled_on
order by grave_flags desc, flags desc, total_cost desc, settlement_id asc
limit 100
