-- Premium, payouts and service fee of each line and year of the schemes that have a risk corridor (rule H5).
with

schemes as (

    select distinct scheme_id from {{ ref('risk_corridor_band') }}

),

fund_years as (

    select distinct
        scheme_id,
        benefit_year
    from {{ ref('int_fund_year_frame') }}

),

standards as (

    select * from {{ ref('funding_standard') }}

),

premiums as (

    select
        heads.scheme_id,
        heads.insurance_line,
        heads.benefit_year,
        heads.insured_heads,
        heads.insured_heads * standards.per_capita_amount as premium_amount,
        {{ status_rank('standards.status') }} as status_rank
    from {{ ref('int_head_count') }} as heads
    inner join standards
        on
            heads.scheme_id = standards.scheme_id
            and standards.insurance_type in ('all', heads.insurance_type)
            and heads.benefit_year = standards.benefit_year
    where heads.head_basis = 'census'

),

amounts as (

    select
        scheme_id,
        insurance_line,
        benefit_year,
        insured_heads,
        premium_amount,
        0 as payout_amount,
        0 as service_fee_amount,
        status_rank
    from premiums
    union all
    select
        payouts.scheme_id,
        expenses.insurance_line,
        payouts.benefit_year,
        0 as insured_heads,
        0 as premium_amount,
        payouts.payout_amount,
        0 as service_fee_amount,
        {{ status_rank('payouts.parameter_status') }} as status_rank
    from {{ ref('fct_payout') }} as payouts
    inner join {{ ref('fct_claim_expense') }} as expenses on payouts.settlement_id = expenses.settlement_id
    union all
    select
        scheme_id,
        insurance_line,
        benefit_year,
        0 as insured_heads,
        0 as premium_amount,
        0 as payout_amount,
        amount as service_fee_amount,
        1 as status_rank
    from {{ ref('int_fund_transaction') }}
    where transaction_type = 'service_fee'

)

select
    amounts.scheme_id,
    amounts.insurance_line,
    amounts.benefit_year,
    cast(sum(amounts.insured_heads) as bigint) as insured_heads,
    cast(sum(amounts.premium_amount) as decimal(18, 2)) as premium_amount,
    cast(sum(amounts.payout_amount) as decimal(18, 2)) as payout_amount,
    cast(sum(amounts.service_fee_amount) as decimal(18, 2)) as service_fee_amount,
    cast(sum(amounts.premium_amount - amounts.payout_amount - amounts.service_fee_amount) as decimal(18, 2))
        as margin_amount,
    max(amounts.status_rank) as status_rank
from amounts
inner join schemes on amounts.scheme_id = schemes.scheme_id
inner join fund_years
    on
        amounts.scheme_id = fund_years.scheme_id
        and amounts.benefit_year = fund_years.benefit_year
group by amounts.scheme_id, amounts.insurance_line, amounts.benefit_year
