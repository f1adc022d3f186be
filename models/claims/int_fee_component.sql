-- What a settlement's expense outside the basic fund consists of, by component, item type and item (rule B4): what its
-- fee lines say, or, of a reversal whose lines do not tell, what it takes back of its original's (rule A3).
{{ config(materialized='view') }}

select
    settlement_id,
    component,
    item_type,
    item_code,
    amount
from {{ ref('int_held_component') }}

union all

select
    settlement_id,
    component,
    item_type,
    item_code,
    amount
from {{ ref('int_reversal_component') }}
