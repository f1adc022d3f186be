-- The cost of a settlement, split into the components of section B.
with

settlements as (

    select * from {{ ref('int_settlement') }}

),

own_expense_parts as (

    select * from {{ ref('int_own_expense_part') }}

),

components as (

    select
        settlements.*,
        cast(settlements.inside_policy - settlements.basic_paid as decimal(18, 2)) as coinsurance,
        coalesce(own_expense_parts.own_expense_drug, 0) as own_expense_drug,
        coalesce(own_expense_parts.own_expense_service, 0) as own_expense_service,
        coalesce(own_expense_parts.own_expense_material, 0) as own_expense_material,
        coalesce(own_expense_parts.restricted_use, 0) as restricted_use
    from settlements
    left join own_expense_parts on settlements.settlement_id = own_expense_parts.settlement_id

)

select
    settlement_id,
    person_key,
    benefit_year,
    settled_at,
    cast(settled_at as date) as settled_on,
    cast(root_settled_at as date) as root_settled_on,
    started_on,
    ended_on,
    region_code,
    pool_region_code,
    insurance_type,
    insurance_line,
    person_type,
    care_type,
    settlement_place,
    institution_code,
    institution_region_code,
    hospital_level,
    disease_code,
    is_reversal,
    reversed_settlement_id,
    cast(total_cost as decimal(18, 2)) as total_cost,
    cast(basic_paid as decimal(18, 2)) as basic_paid,
    coinsurance,
    cast(class_b_self_pay as decimal(18, 2)) as class_b_self_pay,
    cast(transfer_self_pay as decimal(18, 2)) as transfer_self_pay,
    cast(over_limit as decimal(18, 2)) as over_limit,
    cast(own_expense as decimal(18, 2)) as own_expense,
    cast(own_expense_drug as decimal(18, 2)) as own_expense_drug,
    cast(own_expense_service as decimal(18, 2)) as own_expense_service,
    cast(own_expense_material as decimal(18, 2)) as own_expense_material,
    cast(restricted_use as decimal(18, 2)) as restricted_use,
    cast(
        own_expense - own_expense_drug - own_expense_service - own_expense_material - restricted_use as decimal(18, 2)
    ) as own_expense_unclassified,
    -- What breaks identity A5; zero on a sound row.
    cast(
        total_cost - inside_policy - class_b_self_pay - transfer_self_pay - over_limit - own_expense as decimal(18, 2)
    ) as unexplained_cost,
    cast(
        civil_servant_paid + enterprise_paid + disabled_fund_paid + medical_aid_recorded + other_fund_paid
        as decimal(18, 2)
    ) as other_paid,
    cast(medical_aid_recorded as decimal(18, 2)) as medical_aid_recorded,
    cast(hospital_paid as decimal(18, 2)) as hospital_paid,
    cast(resident_cii_recorded as decimal(18, 2)) as resident_cii_recorded,
    cast(employee_cii_recorded as decimal(18, 2)) as employee_cii_recorded,
    cast(person_paid as decimal(18, 2)) as person_paid
from components
