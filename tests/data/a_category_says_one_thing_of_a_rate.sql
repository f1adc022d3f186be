-- An override replaces the rate of a tier and an addition raises it (rule D3): a row that gives both says two things.
select
    scheme_id,
    assistance_category,
    effective_from,
    rate_addition,
    rate_override,
    'category_modifier gives rate_addition and rate_override: keep one of them.' as problem
from {{ ref('category_modifier') }}
where rate_override is not null and rate_addition <> 0
