-- What each layer says it pays of a settlement, beside the cost that there is to divide (rules B1, E6).
{{ config(materialized='view') }}

with

expenses as (

    select * from {{ ref('fct_claim_expense') }}

),

insurance_types as (

    select 'employee' as insurance_type
    union all
    select 'resident' as insurance_type

),

-- Which pools compute a layer of their own, and since when.
computed as (

    select
        schemes.pool_region_code,
        insurance_types.insurance_type,
        min(case when schemes.scheme_kind = 'critical_illness' then schemes.effective_from end) as cii_from,
        min(case when schemes.scheme_kind = 'medical_aid' then schemes.effective_from end) as aid_from
    from {{ ref('scheme') }} as schemes
    inner join insurance_types on schemes.insurance_type in ('all', insurance_types.insurance_type)
    group by schemes.pool_region_code, insurance_types.insurance_type

),

scheme_kinds as (

    select distinct
        scheme_id,
        scheme_kind
    from {{ ref('scheme') }}

),

payouts as (

    select
        payouts.settlement_id,
        sum(case when scheme_kinds.scheme_kind = 'critical_illness' then payouts.payout_amount else 0 end)
            as critical_illness,
        sum(case when scheme_kinds.scheme_kind = 'supplementary' then payouts.payout_amount else 0 end)
            as supplementary,
        max({{ status_rank('payouts.parameter_status') }}) as status_rank
    from {{ ref('fct_payout') }} as payouts
    inner join scheme_kinds on payouts.scheme_id = scheme_kinds.scheme_id
    where payouts.payout_amount <> 0
    group by payouts.settlement_id

),

aids as (

    select * from {{ ref('int_medical_aid') }}

)

select
    expenses.settlement_id,
    expenses.person_key,
    expenses.benefit_year,
    expenses.settled_at,
    expenses.is_reversal,
    expenses.total_cost,
    expenses.basic_paid as basic_amount,
    cast(coalesce(payouts.critical_illness, 0) as decimal(18, 2)) as critical_illness_amount,
    cast(coalesce(payouts.supplementary, 0) as decimal(18, 2)) as supplementary_amount,
    -- Aid that the live system recorded stands in for what is not computed.
    case
        when expenses.root_settled_on >= computed.aid_from then coalesce(aids.payout_amount, 0)
        else expenses.medical_aid_recorded
    end as medical_aid_amount,
    -- A recorded critical illness fund where no scheme of ours is computed is another payer.
    cast(
        expenses.other_paid - expenses.medical_aid_recorded + expenses.hospital_paid
        + case
            when expenses.root_settled_on >= computed.cii_from then 0
            else expenses.resident_cii_recorded + expenses.employee_cii_recorded
        end
        as decimal(18, 2)
    ) as other_amount,
    greatest(
        coalesce(payouts.status_rank, 1),
        case when aids.payout_amount <> 0 then aids.status_rank else 1 end
    ) as status_rank
from expenses
left join computed
    on
        expenses.pool_region_code = computed.pool_region_code
        and expenses.insurance_type = computed.insurance_type
left join payouts on expenses.settlement_id = payouts.settlement_id
left join aids on expenses.settlement_id = aids.settlement_id
