-- A scheme's fund by county, insurance type and year: heads, income, payouts, balance (rules H1, H3, H6).
with

amounts as (

    select * from {{ ref('int_fund_year_amount') }}

),

-- Every county begins anew after a cycle whose loss stayed with the insurers.
numbered as (

    select
        *,
        coalesce(sum(case when is_borne_by_insurers then 1 else 0 end) over (
            partition by scheme_id, region_code, insurance_type
            order by benefit_year
            rows between unbounded preceding and 1 preceding
        ), 0) as losses_before
    from amounts

),

balanced as (

    select
        *,
        sum(carried_in_amount + income_amount + interest_amount - payout_amount - service_fee_amount) over (
            partition by scheme_id, region_code, insurance_type, losses_before
            order by benefit_year
            rows between unbounded preceding and current row
        ) as own_balance_amount
    from numbered

)

select
    {{ surrogate_key(['scheme_id', 'region_code', 'insurance_type', 'benefit_year']) }} as fund_year_key,
    scheme_id,
    scheme_kind,
    region_code,
    insurance_type,
    benefit_year,
    insured_heads,
    per_capita_amount,
    cast(
        own_balance_amount - income_amount - interest_amount + payout_amount + service_fee_amount as decimal(18, 2)
    ) as opening_balance_amount,
    cast(income_amount as decimal(18, 2)) as income_amount,
    cast({{ share_of('income_amount', 'public_share') }} as decimal(18, 2)) as public_income_amount,
    cast(income_amount - {{ share_of('income_amount', 'public_share') }} as decimal(18, 2)) as individual_income_amount,
    cast(transfer_in_amount as decimal(18, 2)) as transfer_in_amount,
    cast(eligible_expense as decimal(18, 2)) as eligible_expense,
    cast(payout_amount as decimal(18, 2)) as payout_amount,
    cast(payout_posted_amount as decimal(18, 2)) as payout_posted_amount,
    cast(service_fee_amount as decimal(18, 2)) as service_fee_amount,
    cast(interest_amount as decimal(18, 2)) as interest_amount,
    cast(case when is_borne_by_insurers then 0 - own_balance_amount else 0 end as decimal(18, 2))
        as borne_by_insurers_amount,
    cast(case when is_borne_by_insurers then 0 else own_balance_amount end as decimal(18, 2)) as balance_amount,
    {{ ratio('payout_amount', 'income_amount - service_fee_amount') }} as loss_ratio,
    cast(persons_paid as bigint) as persons_paid,
    cast(cases_paid as bigint) as cases_paid,
    {{ ratio('payout_amount', 'insured_heads', 2) }} as payout_per_head,
    {{ ratio('payout_amount', 'cases_paid', 2) }} as payout_per_case,
    {{ ratio('persons_paid', 'insured_heads', 6) }} as persons_paid_rate,
    {{ ratio('payout_amount', 'eligible_expense') }} as cover_rate,
    {{ status_name('status_rank') }} as parameter_status
from balanced
