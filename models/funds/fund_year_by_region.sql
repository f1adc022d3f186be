-- The fund years summed up from county to city to province (rules H1, H3).
with

funds as (

    select * from {{ ref('fct_fund_year') }}

),

levels as (

    select * from {{ ref('int_region_level') }}

),

persons as (

    select * from {{ ref('int_fund_person_region') }}

),

sums as (

    select
        funds.scheme_id,
        levels.region_level,
        levels.summary_region_code as region_code,
        funds.insurance_type,
        funds.benefit_year,
        {%- for column in ['insured_heads', 'opening_balance_amount', 'income_amount', 'public_income_amount',
            'individual_income_amount', 'transfer_in_amount', 'eligible_expense', 'payout_amount',
            'payout_posted_amount', 'service_fee_amount', 'interest_amount', 'borne_by_insurers_amount',
            'balance_amount', 'cases_paid'] %}
        sum(funds.{{ column }}) as {{ column }},
        {%- endfor %}
        count(*) as county_count,
        max({{ status_rank('funds.parameter_status') }}) as status_rank
    from funds
    inner join levels on funds.region_code = levels.region_code
    group by
        funds.scheme_id,
        levels.region_level,
        levels.summary_region_code,
        funds.insurance_type,
        funds.benefit_year

)

select
    {{ surrogate_key(['sums.scheme_id', 'sums.region_level', 'sums.region_code', 'sums.insurance_type',
        'sums.benefit_year']) }} as fund_year_key,
    sums.scheme_id,
    sums.region_level,
    sums.region_code,
    sums.insurance_type,
    sums.benefit_year,
    sums.county_count,
    {%- for column in ['insured_heads', 'cases_paid'] %}
    cast(sums.{{ column }} as bigint) as {{ column }},
    {%- endfor %}
    cast(coalesce(persons.persons_paid, 0) as bigint) as persons_paid,
    {%- for column in ['opening_balance_amount', 'income_amount', 'public_income_amount', 'individual_income_amount',
        'transfer_in_amount', 'eligible_expense', 'payout_amount', 'payout_posted_amount', 'service_fee_amount',
        'interest_amount', 'borne_by_insurers_amount', 'balance_amount'] %}
    cast(sums.{{ column }} as decimal(18, 2)) as {{ column }},
    {%- endfor %}
    {{ ratio('sums.payout_amount', 'sums.income_amount - sums.service_fee_amount') }} as loss_ratio,
    {{ ratio('sums.payout_amount', 'sums.insured_heads', 2) }} as payout_per_head,
    {{ ratio('sums.payout_amount', 'sums.cases_paid', 2) }} as payout_per_case,
    {{ ratio('coalesce(persons.persons_paid, 0)', 'sums.insured_heads', 6) }} as persons_paid_rate,
    {{ ratio('sums.payout_amount', 'sums.eligible_expense') }} as cover_rate,
    {{ status_name('sums.status_rank') }} as parameter_status
from sums
left join persons
    on
        sums.scheme_id = persons.scheme_id
        and sums.region_level = persons.region_level
        and sums.region_code = persons.summary_region_code
        and sums.insurance_type = persons.insurance_type
        and sums.benefit_year = persons.benefit_year
