-- Deductible and limit on eligible expense of a scheme, all its expense pools together (rules D1, D4).
select
    scheme_id,
    insurance_type,
    assistance_category,
    valid_from,
    valid_to,
    cast(sum(deductible) as decimal(18, 2)) as deductible,
    cast(sum(payable_limit) as decimal(18, 2)) as payable_limit,
    max(status_rank) as status_rank
from {{ ref('int_pool_term') }}
group by scheme_id, insurance_type, assistance_category, valid_from, valid_to
