-- Transfers due and received by date, and the true-up of net heads, by county, insurance type and year (rule H2).
with

dues as (

    select * from {{ ref('int_fund_due_settled') }}

),

transfers as (

    select * from dues
    where due_kind = 'transfer'

),

true_ups as (

    select * from dues
    where due_kind = 'true_up'

),

funds as (

    select * from {{ ref('fct_fund_year') }}

)

select
    {{ surrogate_key(['funds.scheme_id', 'funds.region_code', 'funds.insurance_type', 'funds.benefit_year']) }}
        as fund_year_key,
    funds.scheme_id,
    funds.region_code,
    funds.insurance_type,
    funds.benefit_year,
    cast(funds.insured_heads as bigint) as insured_heads,
    cast(funds.insured_heads + true_ups.head_count as bigint) as year_end_heads,
    cast(true_ups.head_count as bigint) as net_heads,
    funds.per_capita_amount,
    funds.income_amount,
    {%- for kind, relation in {'transfer': 'transfers', 'true_up': 'true_ups'}.items() %}
    {{ relation }}.due_on as {{ kind }}_due_on,
    {{ relation }}.due_amount as {{ kind }}_due_amount,
    {{ relation }}.received_by_due_amount as {{ kind }}_by_due_amount,
    {{ relation }}.received_late_amount as {{ kind }}_late_amount,
    {{ relation }}.outstanding_amount as {{ kind }}_outstanding_amount,
    {{ relation }}.settled_on as {{ kind }}_settled_on,
    {{ relation }}.days_late as {{ kind }}_days_late,
    {{ relation }}.due_status as {{ kind }}_status,
    {%- endfor %}
    cast(transfers.outstanding_amount + true_ups.outstanding_amount as decimal(18, 2)) as outstanding_amount,
    funds.parameter_status
from funds
inner join transfers
    on
        funds.scheme_id = transfers.scheme_id
        and funds.region_code = transfers.region_code
        and funds.insurance_type = transfers.insurance_type
        and funds.benefit_year = transfers.benefit_year
inner join true_ups
    on
        funds.scheme_id = true_ups.scheme_id
        and funds.region_code = true_ups.region_code
        and funds.insurance_type = true_ups.insurance_type
        and funds.benefit_year = true_ups.benefit_year
