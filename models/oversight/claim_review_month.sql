-- Review flags of an institution by month and rule, beside all that it settled in the month (rule I9).
with

flags as (

    select
        rule_no,
        coalesce(institution_code, 'unknown') as institution_code,
        settled_month,
        settlement_id,
        total_cost
    from {{ ref('claim_review_flag') }}

),

settled as (

    select
        coalesce(institution_code, 'unknown') as institution_code,
        {{ year_of('settled_on') }} * 100 + cast(extract(month from settled_on) as integer) as settled_month,
        count(*) as settlement_count
    from {{ ref('fct_claim_expense') }}
    group by
        coalesce(institution_code, 'unknown'),
        {{ year_of('settled_on') }} * 100 + cast(extract(month from settled_on) as integer)

),

counted as (

    select
        institution_code,
        settled_month,
        rule_no,
        count(*) as flag_count,
        sum(total_cost) as flagged_cost
    from flags
    group by institution_code, settled_month, rule_no

)

select
    {{ surrogate_key(['counted.institution_code', 'counted.settled_month', 'counted.rule_no']) }} as review_month_key,
    counted.institution_code,
    counted.settled_month,
    counted.rule_no,
    counted.flag_count,
    cast(counted.flagged_cost as decimal(18, 2)) as flagged_cost,
    settled.settlement_count,
    {{ ratio('counted.flag_count', 'settled.settlement_count') }} as flag_rate
from counted
inner join settled
    on
        counted.institution_code = settled.institution_code
        and counted.settled_month = settled.settled_month
