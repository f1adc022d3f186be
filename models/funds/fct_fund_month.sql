-- A scheme's fund by county, insurance type and month: income, money moved, payouts, balances (rules H2, H3, H6).
with

months as (

    select * from {{ ref('int_fund_month_frame') }}

),

years as (

    select * from {{ ref('fct_fund_year') }}

),

openings as (

    select
        *,
        row_number() over (partition by scheme_id, region_code, insurance_type order by benefit_year) as year_no
    from years

),

payouts as (

    select * from {{ ref('int_fund_payout_month') }}

),

movements as (

    select * from {{ ref('int_fund_movement_month') }}

),

amounts as (

    select
        months.*,
        openings.opening_balance_amount as first_opening_amount,
        coalesce(years.insured_heads, 0) as insured_heads,
        -- A twelfth of the year's income a month: what has come in by its end less what had by its start.
        coalesce({{ proportion('years.income_amount', 'months.month_of_year', 12) }}, 0)
        - coalesce({{ proportion('years.income_amount', 'months.month_of_year - 1', 12) }}, 0) as income_amount,
        -- The insurers make a cycle's loss good at its end.
        case when months.month_of_year = 12 then coalesce(years.borne_by_insurers_amount, 0) else 0 end
            as borne_by_insurers_amount,
        {%- for column in ['transfer_in', 'true_up', 'advance', 'service_fee', 'interest'] %}
        coalesce(movements.{{ column }}_amount, 0) as {{ column }}_amount,
        {%- endfor %}
        {%- for column in ['payout_amount', 'payout_of_year_amount', 'persons_paid'] %}
        coalesce(payouts.{{ column }}, 0) as {{ column }},
        {%- endfor %}
        coalesce(payouts.cases_paid, 0) as cases_paid
    from months
    inner join openings
        on
            months.scheme_id = openings.scheme_id
            and months.region_code = openings.region_code
            and months.insurance_type = openings.insurance_type
            and openings.year_no = 1
    left join years
        on
            months.scheme_id = years.scheme_id
            and months.region_code = years.region_code
            and months.insurance_type = years.insurance_type
            and months.calendar_year = years.benefit_year
    {%- for relation in ['payouts', 'movements'] %}
    left join {{ relation }}
        on
            months.scheme_id = {{ relation }}.scheme_id
            and months.region_code = {{ relation }}.region_code
            and months.insurance_type = {{ relation }}.insurance_type
            and months.month_start = {{ relation }}.month_start
    {%- endfor %}

)

select
    {{ surrogate_key(['scheme_id', 'region_code', 'insurance_type', 'month_start']) }} as fund_month_key,
    scheme_id,
    region_code,
    insurance_type,
    month_start,
    calendar_year,
    month_of_year,
    insured_heads,
    {%- for column in ['income', 'transfer_in', 'true_up', 'advance', 'service_fee', 'interest', 'borne_by_insurers',
        'payout', 'payout_of_year'] %}
    cast({{ column }}_amount as decimal(18, 2)) as {{ column }}_amount,
    {%- endfor %}
    cast(payout_amount - payout_of_year_amount as decimal(18, 2)) as payout_of_other_years_amount,
    cast(persons_paid as bigint) as persons_paid,
    cast(cases_paid as bigint) as cases_paid,
    {%- for column, received in {
        'balance_amount': 'income_amount + borne_by_insurers_amount',
        'cash_balance_amount': 'transfer_in_amount + true_up_amount + advance_amount',
    }.items() %}
    cast(first_opening_amount + sum({{ received }} + interest_amount - service_fee_amount - payout_amount) over (
        partition by scheme_id, region_code, insurance_type
        order by month_start
        rows between unbounded preceding and current row
    ) as decimal(18, 2)) as {{ column }},
    {%- endfor %}
    {{ ratio('payout_amount', 'income_amount - service_fee_amount') }} as loss_ratio
from amounts
