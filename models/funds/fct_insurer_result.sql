-- What falls to each of the insurers that carry a scheme together: premium, payouts and result by their shares, to the
-- fen (rules H5, H6).
with

corridors as (

    select * from {{ ref('fct_fund_corridor') }}

),

cycles as (

    select * from {{ ref('fct_fund_cycle') }}

),

shares as (

    select * from {{ ref('insurer_share') }}

),

-- A cycle stands as far as it has come; what its balance will be at the end falls to the insurers only as a loss.
cycle_ends as (

    select
        *,
        {%- for column in ['income_amount', 'payout_amount', 'service_fee_amount'] %}
        sum({{ column }}) over (partition by scheme_id, cycle_from) as cycle_{{ column }},
        {%- endfor %}
        row_number() over (partition by scheme_id, cycle_from order by benefit_year desc) as years_back,
        min(benefit_year) over (partition by scheme_id, cycle_from) as first_year
    from cycles

),

periods as (

    select
        scheme_id,
        insurance_line,
        benefit_year as first_year,
        benefit_year as last_year,
        true as is_complete,
        income_amount,
        payout_amount,
        service_fee_amount,
        margin_amount as result_amount,
        insurer_amount,
        {{ status_rank('parameter_status') }} as status_rank
    from corridors
    union all
    select
        scheme_id,
        'all' as insurance_line,
        first_year,
        benefit_year as last_year,
        is_last_of_cycle as is_complete,
        cast(cycle_income_amount as decimal(18, 2)) as income_amount,
        cast(cycle_payout_amount as decimal(18, 2)) as payout_amount,
        cast(cycle_service_fee_amount as decimal(18, 2)) as service_fee_amount,
        balance_amount as result_amount,
        cast(case when is_last_of_cycle then least(0, balance_amount) else 0 end as decimal(18, 2)) as insurer_amount,
        {{ status_rank('parameter_status') }} as status_rank
    from cycle_ends
    where years_back = 1

)

select
    {{ surrogate_key(['periods.scheme_id', 'periods.insurance_line', 'periods.first_year', 'shares.insurer']) }}
        as insurer_result_key,
    periods.scheme_id,
    periods.insurance_line,
    periods.first_year,
    periods.last_year,
    shares.insurer,
    shares.share,
    periods.is_complete,
    {%- for column in ['income_amount', 'payout_amount', 'service_fee_amount', 'result_amount', 'insurer_amount'] %}
    {{ largest_remainder(
        'periods.' ~ column, 'shares.share',
        'periods.scheme_id, periods.insurance_line, periods.first_year', 'shares.insurer',
    ) }} as {{ column }},
    {%- endfor %}
    {{ status_name('greatest(periods.status_rank, ' ~ status_rank('shares.status') ~ ')') }} as parameter_status
from periods
inner join shares
    on
        periods.scheme_id = shares.scheme_id
        and periods.insurance_line = shares.insurance_line
        and {{ is_in_force('shares', year_start('periods.first_year')) }}
