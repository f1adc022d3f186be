-- Payouts posted in each span that a quarter's plan is made from, and in the quarter itself (rule H4).
with

quarters as (

    select * from {{ ref('int_fund_quarter') }}

),

payouts as (

    select * from {{ ref('int_fund_payout_day') }}

)

select
    quarters.scheme_id,
    quarters.region_code,
    quarters.insurance_type,
    quarters.quarter_start,
    {%- for column, span in {
        'actual_amount': ('quarter_start', 'quarter_end'),
        'former_year_amount': ('former_year_start', 'former_year_end'),
        'year_to_date_amount': ('year_start', 'planned_on'),
        'former_span_amount': ('former_span_start', 'former_span_end'),
    }.items() %}
    cast(coalesce(sum(
        case
            when payouts.posted_on >= quarters.{{ span[0] }} and payouts.posted_on < quarters.{{ span[1] }}
                then payouts.payout_amount
        end
    ), 0) as decimal(18, 2)) as {{ column }},
    {%- endfor %}
    cast(coalesce(sum(
        case
            when
                payouts.posted_on >= quarters.last_quarter_start
                and payouts.posted_on < quarters.last_quarter_end
                then payouts.payout_amount
        end
    ), 0) as decimal(18, 2)) as last_quarter_amount
from quarters
left join payouts
    on
        quarters.scheme_id = payouts.scheme_id
        and quarters.region_code = payouts.region_code
        and quarters.insurance_type = payouts.insurance_type
        and payouts.posted_on >= quarters.former_span_start
        and payouts.posted_on < quarters.quarter_end
group by quarters.scheme_id, quarters.region_code, quarters.insurance_type, quarters.quarter_start
