-- A scheme's funding standard of a year stands for all insured or for each type: under both a head would count twice
-- (rule H1).
select
    scheme_id,
    benefit_year
from {{ ref('funding_standard') }}
group by scheme_id, benefit_year
having count(distinct insurance_type) > 1 and max(case when insurance_type = 'all' then 1 else 0 end) = 1
