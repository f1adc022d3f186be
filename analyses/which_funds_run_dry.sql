-- Counties whose fund was in warning at the end of a year or of its newest month, the shortest first.
with

warnings as (

    select * from {{ ref('fund_warning') }}

),

newest as (

    select
        scheme_id,
        benefit_year,
        max(posted_month) as posted_month
    from warnings
    group by scheme_id, benefit_year

)

select
    warnings.scheme_id,
    warnings.region_code,
    warnings.insurance_type,
    warnings.posted_month,
    warnings.warning_level,
    warnings.payout_share,
    warnings.elapsed_share,
    warnings.balance_amount,
    warnings.months_lasting
from warnings
inner join newest
    on
        warnings.scheme_id = newest.scheme_id
        and warnings.posted_month = newest.posted_month
where warnings.warning_level <> 'none'
order by warnings.balance_amount, warnings.scheme_id, warnings.region_code, warnings.insurance_type
