-- Payouts of a scheme by county, insurance type and year: by benefit year and by date of posting (rule H3).
with

payouts as (

    select * from {{ ref('fct_payout') }}

),

by_benefit_year as (

    select
        scheme_id,
        region_code,
        insurance_type,
        benefit_year,
        max({{ status_rank('parameter_status') }}) as status_rank,
        sum(eligible_expense) as eligible_expense,
        sum(payout_amount) as payout_amount,
        0 as payout_posted_amount,
        count(distinct case when payout_amount > 0 then person_key end) as persons_paid,
        count(case when payout_amount > 0 then 1 end) as cases_paid
    from payouts
    group by scheme_id, region_code, insurance_type, benefit_year

),

by_posting as (

    select
        scheme_id,
        region_code,
        insurance_type,
        cast(extract(year from settled_at) as integer) as benefit_year,
        max({{ status_rank('parameter_status') }}) as status_rank,
        0 as eligible_expense,
        0 as payout_amount,
        sum(payout_amount) as payout_posted_amount,
        0 as persons_paid,
        0 as cases_paid
    from payouts
    group by scheme_id, region_code, insurance_type, cast(extract(year from settled_at) as integer)

),

combined as (

    select * from by_benefit_year
    union all
    select * from by_posting

)

select
    scheme_id,
    region_code,
    insurance_type,
    benefit_year,
    max(status_rank) as status_rank,
    cast(sum(eligible_expense) as decimal(18, 2)) as eligible_expense,
    cast(sum(payout_amount) as decimal(18, 2)) as payout_amount,
    cast(sum(payout_posted_amount) as decimal(18, 2)) as payout_posted_amount,
    sum(persons_paid) as persons_paid,
    sum(cases_paid) as cases_paid
from combined
group by scheme_id, region_code, insurance_type, benefit_year
