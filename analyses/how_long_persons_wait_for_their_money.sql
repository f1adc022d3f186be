-- Days from discharge to settlement and the share settled on the spot, scheme by scheme, as disclosed.
with

disclosed as (

    select * from {{ ref('annual_disclosure') }}

)

select
    scheme_id,
    benefit_year,
    max(case when measure = 'median_days' then disclosed_value end) as median_days,
    max(case when measure = 'percentile_90_days' then disclosed_value end) as percentile_90_days,
    max(case when row_code = 'on_the_spot' and measure = 'cases_paid' then disclosed_value end) as cases_on_the_spot,
    max(case when row_code = 'by_hand' and measure = 'cases_paid' then disclosed_value end) as cases_by_hand,
    max(case when section = 'summary' and measure = 'cases_paid' then disclosed_value end) as cases_paid
from disclosed
group by scheme_id, benefit_year
order by scheme_id, benefit_year
