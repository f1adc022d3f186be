-- Coverage filters by item only what fee lines explain (rules B4, B7). Coinsurance, class-B self-pay and transfer
-- self-pay are amounts of the settlement's header: a filter on them could not be applied. Over-limit expense comes from
-- the header where item_type is blank, so a list without an item type would not be looked at.
select
    *,
    case
        when component = 'over_limit' then 'over_limit with an item list needs an item_type: add one row for each type.'
        else 'This component has no fee lines: leave item_type, item_list_id and list_rule blank.'
    end as problem
from {{ ref('coverage') }}
where
    (
        component in ('coinsurance', 'class_b_self_pay', 'transfer_self_pay')
        and (item_type is not null or item_list_id is not null or list_rule is not null)
    )
    or (component = 'over_limit' and item_type is null and item_list_id is not null)
