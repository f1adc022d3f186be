-- Payouts to date against income, and for how many months the balance lasts, by county and month (rule I10).
{%- set limits = ['fund_months_alarm', 'fund_months_watch', 'fund_share_ahead'] %}
with

fund_years as (

    select * from {{ ref('fct_fund_year') }}

),

regions as (

    select * from {{ ref('dim_region') }}

),

parameters as (

    select * from {{ ref('pool_parameter') }}

),

-- The limits in force on 1 January of a year, of every pool that has any.
terms as (

    select
        years.benefit_year,
        parameters.pool_region_code,
        {%- for limit in limits %}
        max(case when parameters.parameter = '{{ limit }}' then cast(parameters.value as decimal(18, 4)) end)
            as {{ limit }},
        {%- endfor %}
        max({{ status_rank('parameters.status') }}) as status_rank
    from (select distinct benefit_year from fund_years) as years
    inner join parameters
        on
            parameters.parameter in ('fund_months_alarm', 'fund_months_watch', 'fund_share_ahead')
            and {{ is_in_force('parameters', year_start('years.benefit_year')) }}
    group by years.benefit_year, parameters.pool_region_code

),

months as (

    select
        *,
        sum(payout_amount) over (
            partition by scheme_id, region_code, insurance_type, benefit_year
            order by posted_month
            rows between unbounded preceding and current row
        ) as payout_to_date_amount
    from {{ ref('int_warning_payout_month') }}

),

balanced as (

    select
        months.*,
        fund_years.income_amount,
        fund_years.opening_balance_amount + fund_years.income_amount + fund_years.interest_amount
        - fund_years.service_fee_amount - months.payout_to_date_amount as balance_amount,
        terms.fund_months_alarm,
        terms.fund_months_watch,
        terms.fund_share_ahead,
        greatest({{ status_rank('fund_years.parameter_status') }}, coalesce(terms.status_rank, 1)) as status_rank
    from months
    inner join fund_years
        on
            months.scheme_id = fund_years.scheme_id
            and months.region_code = fund_years.region_code
            and months.insurance_type = fund_years.insurance_type
            and months.benefit_year = fund_years.benefit_year
    inner join regions on months.region_code = regions.region_code
    left join terms
        on
            regions.pool_region_code = terms.pool_region_code
            and months.benefit_year = terms.benefit_year

)

-- Compared by multiplying, so that no rounding decides: the balance lasts less than m months when balance * months so
-- far < m * payouts so far.
select
    {{ surrogate_key(['scheme_id', 'region_code', 'insurance_type', 'posted_month']) }} as fund_warning_key,
    scheme_id,
    region_code,
    insurance_type,
    benefit_year,
    posted_month,
    month_of_year,
    income_amount,
    payout_amount,
    cast(payout_to_date_amount as decimal(18, 2)) as payout_to_date_amount,
    {{ ratio('payout_to_date_amount', 'income_amount') }} as payout_share,
    {{ ratio('month_of_year', '12') }} as elapsed_share,
    cast(balance_amount as decimal(18, 2)) as balance_amount,
    case
        when payout_to_date_amount > 0
            then {{ ratio('greatest(balance_amount, 0) * month_of_year', 'payout_to_date_amount', 2) }}
    end as months_lasting,
    case
        -- A county where nobody was insured and nobody paid has nothing to exhaust.
        when balance_amount <= 0 and (balance_amount < 0 or payout_to_date_amount > 0) then 'exhausted'
        when balance_amount * month_of_year < fund_months_alarm * payout_to_date_amount then 'alarm'
        when
            balance_amount * month_of_year < fund_months_watch * payout_to_date_amount
            or payout_to_date_amount * 12 > (fund_share_ahead * 12 + month_of_year) * income_amount
            then 'watch'
        else 'none'
    end as warning_level,
    {{ status_name('status_rank') }} as parameter_status
from balanced
