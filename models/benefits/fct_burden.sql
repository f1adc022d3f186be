-- Who bears what of a settlement: the cost divided among the layers, to the fen (rules E6, E7).
with

expenses as (

    select * from {{ ref('fct_claim_expense') }}

),

shares as (

    select * from {{ ref('int_layer_share') }}

),

reliefs as (

    select * from {{ ref('int_relief') }}

)

select
    expenses.settlement_id,
    expenses.person_key,
    expenses.benefit_year,
    expenses.settled_at,
    expenses.region_code,
    expenses.insurance_type,
    expenses.is_reversal,
    expenses.total_cost,
    shares.basic_paid,
    shares.critical_illness_paid,
    shares.supplementary_paid,
    shares.medical_aid_paid,
    shares.other_paid,
    cast(coalesce(reliefs.relief_paid, 0) as decimal(18, 2)) as relief_paid,
    cast(shares.left_over - coalesce(reliefs.relief_paid, 0) as decimal(18, 2)) as out_of_pocket,
    shares.capped_amount,
    {{ status_name("greatest(
        shares.status_rank, case when reliefs.relief_paid <> 0 then reliefs.status_rank else 1 end
    )") }} as parameter_status
from expenses
inner join shares on expenses.settlement_id = shares.settlement_id
left join reliefs on expenses.settlement_id = reliefs.settlement_id
