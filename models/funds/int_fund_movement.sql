-- Recorded movements of a fund's money by county, insurance type and year (rules H2, H3).
select
    scheme_id,
    region_code,
    insurance_type,
    benefit_year,
    cast(sum(case when transaction_type = 'carried_in' then amount else 0 end) as decimal(18, 2)) as carried_in_amount,
    cast(
        sum(case when transaction_type in ('transfer_in', 'premium_in') then amount else 0 end) as decimal(18, 2)
    ) as transfer_in_amount,
    cast(sum(case when transaction_type = 'advance' then amount else 0 end) as decimal(18, 2)) as advance_amount,
    cast(sum(case when transaction_type = 'service_fee' then amount else 0 end) as decimal(18, 2))
        as service_fee_amount,
    cast(sum(case when transaction_type = 'interest' then amount else 0 end) as decimal(18, 2)) as interest_amount
from {{ ref('int_fund_transaction') }}
group by scheme_id, region_code, insurance_type, benefit_year
