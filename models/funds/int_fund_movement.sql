-- Recorded movements of a fund's money by county, insurance type and year (rules H2, H3).
select
    scheme_id,
    region_code,
    insurance_type,
    benefit_year,
    {%- for column, kinds in {
        'carried_in': "('carried_in')",
        'transfer_in': "('transfer_in', 'premium_in')",
        'advance': "('advance')",
        'service_fee': "('service_fee')",
        'interest': "('interest')",
    }.items() %}
    cast(sum(case when transaction_type in {{ kinds }} then amount else 0 end) as decimal(18, 2))
        as {{ column }}_amount{{ ',' if not loop.last }}
    {%- endfor %}
from {{ ref('int_fund_transaction') }}
group by scheme_id, region_code, insurance_type, benefit_year
