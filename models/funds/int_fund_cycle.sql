-- Contract cycles of a supplementary scheme with the balance that each begins with: what the cycles before left, losses
-- apart, which stay with the insurers (rule H6).
with

cycles as (

    select distinct
        scheme_id,
        cycle_from,
        cycle_to
    from {{ ref('insurer_share') }}

),

years as (

    select * from {{ ref('int_supplementary_year') }}

),

sums as (

    select
        cycles.scheme_id,
        cycles.cycle_from,
        cycles.cycle_to,
        max(years.benefit_year) as last_year,
        sum(
            years.carried_in_amount + years.premium_amount + years.interest_amount
            - years.payout_amount - years.service_fee_amount
        ) as net_amount
    from cycles
    inner join years
        on
            cycles.scheme_id = years.scheme_id
            and {{ year_start('years.benefit_year') }} >= cycles.cycle_from
            and {{ year_start('years.benefit_year') }} < cycles.cycle_to
    group by cycles.scheme_id, cycles.cycle_from, cycles.cycle_to

),

running as (

    select
        *,
        sum(net_amount) over (
            partition by scheme_id
            order by cycle_from
            rows between unbounded preceding and current row
        ) as total_amount
    from sums

),

-- A total that lost at every cycle's end what it was below zero is what it rose above its lowest point.
lowest as (

    select
        *,
        min(total_amount) over (
            partition by scheme_id
            order by cycle_from
            rows between unbounded preceding and 1 preceding
        ) as lowest_before
    from running

)

select
    scheme_id,
    cycle_from,
    cycle_to,
    last_year,
    cast(total_amount - net_amount - least(0, coalesce(lowest_before, 0)) as decimal(18, 2)) as cycle_opening_amount
from lowest
