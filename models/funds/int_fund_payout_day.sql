-- Payouts of a scheme by county, insurance type and day of posting (rules H3, H4).
select
    scheme_id,
    region_code,
    insurance_type,
    cast(settled_at as date) as posted_on,
    cast(sum(payout_amount) as decimal(18, 2)) as payout_amount
from {{ ref('fct_payout') }}
where payout_amount <> 0
group by scheme_id, region_code, insurance_type, cast(settled_at as date)
