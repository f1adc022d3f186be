-- A settlement's own expense as far as its fee lines explain it, one column a part (rule B4).
select
    settlement_id,
    cast(sum(case when component = 'own_expense' and item_type = 'drug' then amount else 0 end) as decimal(18, 2))
        as own_expense_drug,
    cast(sum(case when component = 'own_expense' and item_type = 'service' then amount else 0 end) as decimal(18, 2))
        as own_expense_service,
    cast(sum(case when component = 'own_expense' and item_type = 'material' then amount else 0 end) as decimal(18, 2))
        as own_expense_material,
    cast(sum(case when component = 'restricted_use' then amount else 0 end) as decimal(18, 2)) as restricted_use
from {{ ref('int_fee_component') }}
where component in ('own_expense', 'restricted_use')
group by settlement_id
