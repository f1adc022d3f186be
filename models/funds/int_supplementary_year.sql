-- Premiums, payouts and money moved of a supplementary scheme, a row a year from the first to the last (rule H6).
with

schemes as (

    select
        scheme_id,
        max(pool_region_code) as pool_region_code,
        max({{ status_rank('status') }}) as status_rank
    from {{ ref('scheme') }}
    where scheme_kind = 'supplementary'
    group by scheme_id

),

movements as (

    select * from {{ ref('int_fund_transaction') }}

),

payouts as (

    select * from {{ ref('int_fund_payout') }}

),

covers as (

    select
        scheme_id,
        cover_year as benefit_year,
        count(distinct person_key) as insured_heads
    from {{ ref('fct_cover_span') }}
    group by scheme_id, cover_year

),

amounts as (

    select
        scheme_id,
        benefit_year,
        {%- for column, kinds in {
            'premium_amount': "('premium_in', 'transfer_in')",
            'carried_in_amount': "('carried_in')",
            'service_fee_amount': "('service_fee')",
            'interest_amount': "('interest')",
            'advance_amount': "('advance')",
        }.items() %}
        case when transaction_type in {{ kinds }} then amount else 0 end as {{ column }},
        {%- endfor %}
        0 as payout_amount,
        1 as status_rank
    from movements
    union all
    select
        scheme_id,
        benefit_year,
        {%- for column in ['premium_amount', 'carried_in_amount', 'service_fee_amount', 'interest_amount',
            'advance_amount'] %}
        0 as {{ column }},
        {%- endfor %}
        payout_amount,
        status_rank
    from payouts

),

sums as (

    select
        scheme_id,
        benefit_year,
        {%- for column in ['premium_amount', 'carried_in_amount', 'service_fee_amount', 'interest_amount',
            'advance_amount', 'payout_amount'] %}
        cast(sum({{ column }}) as decimal(18, 2)) as {{ column }},
        {%- endfor %}
        max(status_rank) as status_rank
    from amounts
    group by scheme_id, benefit_year

)

select
    sums.scheme_id,
    schemes.pool_region_code,
    sums.benefit_year,
    coalesce(covers.insured_heads, 0) as insured_heads,
    sums.premium_amount,
    -- What is said to be carried in later stands in the balance already (rule H3).
    case
        when sums.benefit_year = min(sums.benefit_year) over (partition by sums.scheme_id) then sums.carried_in_amount
        else 0
    end as carried_in_amount,
    sums.service_fee_amount,
    sums.interest_amount,
    sums.advance_amount,
    sums.payout_amount,
    greatest(sums.status_rank, schemes.status_rank) as status_rank
from sums
inner join schemes on sums.scheme_id = schemes.scheme_id
left join covers
    on
        sums.scheme_id = covers.scheme_id
        and sums.benefit_year = covers.benefit_year
