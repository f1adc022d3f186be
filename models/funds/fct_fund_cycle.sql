-- A supplementary scheme year by year inside its contract cycle: balance carried, result at the cycle's end, who bears
-- it (rule H6).
with

years as (

    select * from {{ ref('int_supplementary_year') }}

),

cycles as (

    select * from {{ ref('int_fund_cycle') }}

),

required_ratios as (

    select * from {{ ref('pool_parameter') }}
    where parameter = 'supplementary_loss_ratio_required'

),

placed as (

    select
        years.*,
        cycles.cycle_from,
        cycles.cycle_to,
        cast(required_ratios.value as decimal(6, 4)) as required_loss_ratio,
        years.benefit_year = extract(year from cycles.cycle_to) - 1 as is_last_of_cycle,
        cycles.cycle_opening_amount + sum(
            years.carried_in_amount + years.premium_amount + years.interest_amount
            - years.payout_amount - years.service_fee_amount
        ) over (
            partition by years.scheme_id, cycles.cycle_from
            order by years.benefit_year
            rows between unbounded preceding and current row
        ) as balance_amount
    from years
    inner join cycles
        on
            years.scheme_id = cycles.scheme_id
            and {{ year_start('years.benefit_year') }} >= cycles.cycle_from
            and {{ year_start('years.benefit_year') }} < cycles.cycle_to
    left join required_ratios
        on
            years.pool_region_code = required_ratios.pool_region_code
            and {{ is_in_force('required_ratios', year_start('years.benefit_year')) }}

)

select
    {{ surrogate_key(['scheme_id', 'benefit_year']) }} as fund_cycle_key,
    scheme_id,
    benefit_year,
    cycle_from,
    cycle_to,
    is_last_of_cycle,
    cast(insured_heads as bigint) as insured_heads,
    cast(balance_amount - premium_amount - interest_amount + payout_amount + service_fee_amount as decimal(18, 2))
        as opening_balance_amount,
    premium_amount as income_amount,
    payout_amount,
    service_fee_amount,
    interest_amount,
    cast(balance_amount as decimal(18, 2)) as balance_amount,
    -- A year that ends below zero is advanced by the insurers; the advance is no income.
    cast(greatest(0, 0 - balance_amount) as decimal(18, 2)) as shortfall_amount,
    advance_amount,
    cast(case when is_last_of_cycle then balance_amount end as decimal(18, 2)) as cycle_result_amount,
    case
        when not is_last_of_cycle then 'carried_into_next_year'
        when balance_amount < 0 then 'insurers'
        else 'carried_into_next_cycle'
    end as result_goes_to,
    cast(case when is_last_of_cycle then greatest(0, balance_amount) else balance_amount end as decimal(18, 2))
        as carried_forward_amount,
    {{ ratio('payout_amount', 'premium_amount - service_fee_amount') }} as loss_ratio,
    required_loss_ratio,
    payout_amount >= cast(premium_amount - service_fee_amount as decimal(26, 2)) * required_loss_ratio
        as is_loss_ratio_met,
    {{ status_name('status_rank') }} as parameter_status
from placed
