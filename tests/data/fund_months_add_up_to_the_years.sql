-- Twelve months of income are the year, to the fen; over all years the months of a fund hold the fees, interest and
-- payouts of its years; and the last month closes with the balance of the last year (rule H3).
with

months as (

    select
        *,
        row_number() over (partition by scheme_id, region_code, insurance_type order by month_start desc) as months_back
    from {{ ref('fct_fund_month') }}

),

years as (

    select
        *,
        row_number() over (partition by scheme_id, region_code, insurance_type order by benefit_year desc) as years_back
    from {{ ref('fct_fund_year') }}

),

-- Income by year, everything else over all years.
compared as (

    select
        scheme_id,
        region_code,
        insurance_type,
        calendar_year as of_year,
        sum(income_amount) as month_amount,
        0 as year_amount,
        'income_amount' as what
    from months
    group by scheme_id, region_code, insurance_type, calendar_year
    union all
    select
        scheme_id,
        region_code,
        insurance_type,
        benefit_year as of_year,
        0 as month_amount,
        income_amount as year_amount,
        'income_amount' as what
    from years
    {%- for column in ['payout_amount', 'service_fee_amount', 'interest_amount', 'transfer_in_amount'] %}
    union all
    select
        scheme_id,
        region_code,
        insurance_type,
        0 as of_year,
        {{ column }} as month_amount,
        0 as year_amount,
        '{{ column }}' as what
    from months
    union all
    select
        scheme_id,
        region_code,
        insurance_type,
        0 as of_year,
        0 as month_amount,
        {{ column }} as year_amount,
        '{{ column }}' as what
    from years
    {%- endfor %}
    union all
    select
        scheme_id,
        region_code,
        insurance_type,
        0 as of_year,
        balance_amount as month_amount,
        0 as year_amount,
        'last balance' as what
    from months
    where months_back = 1
    union all
    select
        scheme_id,
        region_code,
        insurance_type,
        0 as of_year,
        0 as month_amount,
        balance_amount as year_amount,
        'last balance' as what
    from years
    where years_back = 1

)

select
    what,
    scheme_id,
    region_code,
    insurance_type,
    of_year,
    sum(month_amount) as month_amount,
    sum(year_amount) as year_amount
from compared
group by what, scheme_id, region_code, insurance_type, of_year
having sum(month_amount) <> sum(year_amount)
