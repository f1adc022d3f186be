-- A scheme's fund by county, insurance type and year: heads, income, payouts, balance (rules H1, H3).
with

frame as (

    select * from {{ ref('int_fund_year_frame') }}

),

standards as (

    select * from {{ ref('funding_standard') }}

),

heads as (

    select * from {{ ref('int_census_head') }}

),

payouts as (

    select * from {{ ref('int_fund_payout') }}

),

movements as (

    select * from {{ ref('int_fund_movement') }}

),

amounts as (

    select
        frame.*,
        standards.per_capita_amount,
        standards.public_share,
        {{ status_rank("coalesce(standards.status, 'illustrative')") }} as status_rank,
        coalesce(heads.insured_heads, 0) as insured_heads,
        coalesce(heads.insured_heads, 0) * coalesce(standards.per_capita_amount, 0) as income_amount,
        payouts.status_rank as payout_status_rank,
        {%- for column in ['eligible_expense', 'payout_amount', 'payout_posted_amount', 'persons_paid', 'cases_paid'] %}
        coalesce(payouts.{{ column }}, 0) as {{ column }},
        {%- endfor %}
        -- What is said to be carried in later stands in the balance already (rule H3).
        case
            when frame.benefit_year = min(frame.benefit_year) over (partition by frame.scheme_id)
                then coalesce(movements.carried_in_amount, 0)
            else 0
        end as carried_in_amount,
        coalesce(movements.transfer_in_amount, 0) as transfer_in_amount,
        coalesce(movements.service_fee_amount, 0) as service_fee_amount,
        coalesce(movements.interest_amount, 0) as interest_amount
    from frame
    left join standards
        on
            frame.scheme_id = standards.scheme_id
            and standards.insurance_type in ('all', frame.insurance_type)
            and frame.benefit_year = standards.benefit_year
    {%- for relation in ['heads', 'payouts', 'movements'] %}
    left join {{ relation }}
        on
            frame.scheme_id = {{ relation }}.scheme_id
            and frame.region_code = {{ relation }}.region_code
            and frame.insurance_type = {{ relation }}.insurance_type
            and frame.benefit_year = {{ relation }}.benefit_year
    {%- endfor %}

),

balanced as (

    select
        *,
        sum(carried_in_amount + income_amount + interest_amount - payout_amount - service_fee_amount) over (
            partition by scheme_id, region_code, insurance_type
            order by benefit_year
            rows between unbounded preceding and current row
        ) as balance_amount
    from amounts

)

select
    {{ surrogate_key(['scheme_id', 'region_code', 'insurance_type', 'benefit_year']) }} as fund_year_key,
    scheme_id,
    region_code,
    insurance_type,
    benefit_year,
    insured_heads,
    per_capita_amount,
    cast(
        balance_amount - income_amount - interest_amount + payout_amount + service_fee_amount as decimal(18, 2)
    ) as opening_balance_amount,
    cast(income_amount as decimal(18, 2)) as income_amount,
    cast({{ share_of('income_amount', 'coalesce(public_share, 0)') }} as decimal(18, 2)) as public_income_amount,
    cast(income_amount - {{ share_of('income_amount', 'coalesce(public_share, 0)') }} as decimal(18, 2))
        as individual_income_amount,
    cast(transfer_in_amount as decimal(18, 2)) as transfer_in_amount,
    cast(eligible_expense as decimal(18, 2)) as eligible_expense,
    cast(payout_amount as decimal(18, 2)) as payout_amount,
    cast(payout_posted_amount as decimal(18, 2)) as payout_posted_amount,
    cast(service_fee_amount as decimal(18, 2)) as service_fee_amount,
    cast(interest_amount as decimal(18, 2)) as interest_amount,
    cast(balance_amount as decimal(18, 2)) as balance_amount,
    {{ ratio('payout_amount', 'income_amount - service_fee_amount') }} as loss_ratio,
    cast(persons_paid as bigint) as persons_paid,
    cast(cases_paid as bigint) as cases_paid,
    {{ ratio('payout_amount', 'insured_heads', 2) }} as payout_per_head,
    {{ ratio('payout_amount', 'cases_paid', 2) }} as payout_per_case,
    {{ ratio('persons_paid', 'insured_heads', 6) }} as persons_paid_rate,
    {{ ratio('payout_amount', 'eligible_expense') }} as cover_rate,
    -- The weaker of the standard's status and that of the terms behind the payouts.
    {{ status_name('greatest(status_rank, coalesce(payout_status_rank, 1))') }} as parameter_status
from balanced
