-- What a county plans to pay out in a quarter, when the plan is due, what its pool asks the treasury for, and what was
-- paid in the end (rule H4).
with

quarters as (

    select * from {{ ref('int_fund_quarter') }}

),

payouts as (

    select * from {{ ref('int_fund_quarter_payout') }}

),

based as (

    select
        quarters.scheme_id,
        quarters.region_code,
        quarters.insurance_type,
        quarters.quarter_start,
        quarters.calendar_year,
        quarters.quarter_of_year,
        quarters.due_on,
        coalesce(quarters.parameter_status, 'illustrative') as parameter_status,
        payouts.former_year_amount,
        payouts.year_to_date_amount,
        payouts.former_span_amount,
        payouts.last_quarter_amount,
        payouts.actual_amount,
        case
            when payouts.former_year_amount > 0 and payouts.former_span_amount > 0 then 'same_quarter_last_year'
            when payouts.last_quarter_amount > 0 then 'last_quarter'
            else 'nothing_to_compare'
        end as plan_basis
    from quarters
    inner join payouts
        on
            quarters.scheme_id = payouts.scheme_id
            and quarters.region_code = payouts.region_code
            and quarters.insurance_type = payouts.insurance_type
            and quarters.quarter_start = payouts.quarter_start

),

planned as (

    select
        *,
        -- More taken back than paid in the year to date plans nothing, not less than nothing.
        cast(greatest(0, case plan_basis
            when 'same_quarter_last_year'
                then {{ proportion('former_year_amount', 'year_to_date_amount', 'former_span_amount') }}
            when 'last_quarter' then last_quarter_amount
            else 0
        end) as decimal(18, 2)) as planned_amount
    from based

)

select
    {{ surrogate_key(['scheme_id', 'region_code', 'insurance_type', 'quarter_start']) }} as quarter_plan_key,
    scheme_id,
    region_code,
    insurance_type,
    quarter_start,
    calendar_year,
    quarter_of_year,
    due_on,
    plan_basis,
    former_year_amount,
    year_to_date_amount,
    former_span_amount,
    last_quarter_amount,
    planned_amount,
    cast(sum(planned_amount) over (partition by scheme_id, insurance_type, quarter_start) as decimal(18, 2))
        as pool_planned_amount,
    actual_amount as payout_amount,
    cast(actual_amount - planned_amount as decimal(18, 2)) as difference_amount,
    {{ ratio('actual_amount', 'planned_amount') }} as execution_rate,
    parameter_status
from planned
