-- What the live system recorded and what is computed of critical illness insurance, where there is either (rule E8).
with

settlements as (

    select * from {{ ref('int_scheme_settlement') }}
    where scheme_kind = 'critical_illness'

),

recorded_columns as (

    select
        scheme_id,
        max(recorded_payment_column) as recorded_payment_column
    from {{ ref('scheme') }}
    group by scheme_id

),

payouts as (

    select * from {{ ref('fct_payout') }}

),

categories as (

    select * from {{ ref('int_category_at_claim') }}

),

recorded as (

    select
        settlements.*,
        -- The seed names the column where a scheme does not keep to the usual one.
        case coalesce(
            recorded_columns.recorded_payment_column,
            case settlements.insurance_type when 'employee' then 'hifob_pay' else 'hifmi_pay' end
        )
            when 'hifob_pay' then settlements.employee_cii_recorded
            when 'hifmi_pay' then settlements.resident_cii_recorded
            when 'maf_pay' then settlements.medical_aid_recorded
        end as recorded_amount
    from settlements
    inner join recorded_columns on settlements.scheme_id = recorded_columns.scheme_id

)

select
    recorded.settlement_id,
    recorded.scheme_id,
    recorded.person_key,
    recorded.benefit_year,
    recorded.settled_at,
    recorded.region_code,
    recorded.insurance_type,
    coalesce(payouts.assistance_category, categories.assistance_category, 'none') as assistance_category,
    recorded.terms_on,
    recorded.is_reversal,
    recorded.reversed_settlement_id,
    recorded.total_cost,
    {%- for component in priced_components() %}
    recorded.{{ component }},
    {%- endfor %}
    coalesce(payouts.eligible_expense, 0) as eligible_expense,
    coalesce(payouts.accumulated_before, 0) as accumulated_before,
    coalesce(payouts.accumulated_after, 0) as accumulated_after,
    coalesce(payouts.payable_before, 0) as payable_before,
    coalesce(payouts.payable_after, 0) as payable_after,
    recorded.recorded_amount,
    -- What stands in the column of the other insurance type.
    recorded.resident_cii_recorded + recorded.employee_cii_recorded - recorded.recorded_amount as other_column_amount,
    coalesce(payouts.payout_amount, 0) as computed_amount
from recorded
left join payouts
    on
        recorded.settlement_id = payouts.settlement_id
        and recorded.scheme_id = payouts.scheme_id
left join categories
    on
        recorded.settlement_id = categories.settlement_id
        and recorded.scheme_id = categories.scheme_id
where recorded.recorded_amount <> 0 or payouts.payout_amount <> 0 or recorded.recorded_amount is null
