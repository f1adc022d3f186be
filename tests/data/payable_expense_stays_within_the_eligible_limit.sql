-- Where the annual limit is on eligible expense, payable expense stops at limit less deductible (rule D4): what lies
-- above it is not paid. Schemes with several expense pools have a limit for each pool, added up here.
with

limits as (

    select
        scheme_id,
        insurance_type,
        assistance_category,
        valid_from,
        sum(payable_limit) as payable_limit
    from {{ ref('int_pool_term') }}
    group by scheme_id, insurance_type, assistance_category, valid_from
    having count(payable_limit) = count(*)

),

highest as (

    select
        scheme_id,
        insurance_type,
        assistance_category,
        valid_from,
        max(greatest(payable_before, payable_after)) as payable_expense
    from {{ ref('int_payable') }}
    group by scheme_id, insurance_type, assistance_category, valid_from

),

passed as (

    select
        limits.*,
        highest.payable_expense
    from highest
    inner join limits
        on
            highest.scheme_id = limits.scheme_id
            and highest.insurance_type = limits.insurance_type
            and highest.assistance_category = limits.assistance_category
            and highest.valid_from = limits.valid_from
    where highest.payable_expense > limits.payable_limit

)

select
    payables.settlement_id,
    payables.scheme_id,
    payables.assistance_category,
    payables.payable_after,
    passed.payable_limit
from {{ ref('int_payable') }} as payables
inner join passed
    on
        payables.scheme_id = passed.scheme_id
        and payables.insurance_type = passed.insurance_type
        and payables.assistance_category = passed.assistance_category
        and payables.valid_from = passed.valid_from
where greatest(payables.payable_before, payables.payable_after) > passed.payable_limit
