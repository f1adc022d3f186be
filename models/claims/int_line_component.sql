-- What the fee lines say of a settlement's expense outside the basic fund, by component, item type and item (rule B4).
with

lines as (

    select * from {{ ref('stg_fee_line') }}
    where
        settlement_id in (
            select years.settlement_id from {{ ref('int_settlement_year') }} as years
            where {{ is_built_year('years.benefit_year') }}
        )

),

listed_items as (

    select distinct item_code from {{ ref('item_list') }}

),

components_needed as (

    select distinct component
    from {{ ref('coverage') }}
    where item_type is not null or item_list_id is not null

),

by_component as (

    select
        settlement_id,
        case when is_inside_catalogue then 'restricted_use' else 'own_expense' end as component,
        item_type,
        item_code,
        own_expense as amount
    from lines
    where own_expense <> 0

    union all

    select
        settlement_id,
        'over_limit' as component,
        item_type,
        item_code,
        over_limit as amount
    from lines
    where
        over_limit <> 0
        and exists (
            select 1 from components_needed
            where components_needed.component = 'over_limit'
        )

    union all

    select
        settlement_id,
        'class_b_self_pay' as component,
        item_type,
        item_code,
        pre_self_pay as amount
    from lines
    where
        pre_self_pay <> 0
        and exists (
            select 1 from components_needed
            where components_needed.component = 'class_b_self_pay'
        )

)

-- Items on no list are told apart by nothing, so they are added up.
select
    by_component.settlement_id,
    by_component.component,
    by_component.item_type,
    listed_items.item_code,
    cast(sum(by_component.amount) as decimal(18, 2)) as amount
from by_component
left join listed_items on by_component.item_code = listed_items.item_code
group by by_component.settlement_id, by_component.component, by_component.item_type, listed_items.item_code
