-- Gaps of protection by kind and county, newest first: who must be enrolled, insured or paid anew.
with

gaps as (

    select * from {{ ref('enrolment_gap') }}

)

select
    gap_kind,
    region_code,
    count(distinct person_key) as persons,
    count(*) as gaps,
    count(case when gap_to is null then 1 end) as lasting_gaps,
    max(gap_from) as newest_gap_from,
    sum(amount) as amount
from gaps
group by gap_kind, region_code
order by gap_kind asc, persons desc, region_code asc
