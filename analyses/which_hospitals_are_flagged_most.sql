-- Institutions by review rule and year: flags a thousand settlements, and what was flagged.
with

months as (

    select * from {{ ref('claim_review_month') }}

),

rules as (

    select distinct
        rule_no,
        rule_name
    from {{ ref('claim_review_flag') }}

)

select
    months.institution_code,
    months.rule_no,
    rules.rule_name,
    count(*) as months_with_flags,
    sum(months.flag_count) as flags,
    max(months.flag_rate) as highest_monthly_rate,
    sum(months.flagged_cost) as flagged_cost
from months
inner join rules on months.rule_no = rules.rule_no
group by months.institution_code, months.rule_no, rules.rule_name
order by flags desc, months.institution_code asc, months.rule_no asc
