-- What a reversal takes back of each item where its own fee lines do not tell: what its original has, in proportion
-- (rules A3, B4, B5).
with

held as (

    select * from {{ ref('int_held_component') }}

),

settlements as (

    select * from {{ ref('stg_settlement') }}

),

reversals as (

    select * from settlements
    where is_reversal

),

taken_back as (

    {%- for component in ['own_expense', 'over_limit', 'class_b_self_pay'] %}

    select
        settlement_id,
        root_settlement_id,
        settled_at,
        '{{ component }}' as header_component,
        {{ component }} as amount
    from reversals
    where {{ component }} <> 0
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

told as (

    select distinct
        settlement_id,
        header_component
    from held

),

-- Several reversals of one settlement go on where the one before stopped, so that all of it is taken back to the fen.
untold as (

    select
        taken_back.*,
        sum(taken_back.amount) over (
            partition by taken_back.root_settlement_id, taken_back.header_component
            order by taken_back.settled_at, taken_back.settlement_id
            rows between unbounded preceding and current row
        ) as amount_so_far
    from taken_back
    left join told
        on
            taken_back.settlement_id = told.settlement_id
            and taken_back.header_component = told.header_component
    where told.settlement_id is null

),

by_root as (

    select
        untold.settlement_id,
        untold.header_component,
        untold.amount_so_far,
        untold.amount_so_far - untold.amount as amount_before,
        held.component,
        held.item_type,
        held.item_code,
        held.amount as root_amount,
        case untold.header_component
            when 'own_expense' then roots.own_expense
            when 'over_limit' then roots.over_limit
            else roots.class_b_self_pay
        end as root_header_amount,
        sum(held.amount) over (
            partition by untold.settlement_id, untold.header_component
            order by held.component, coalesce(held.item_type, ''), coalesce(held.item_code, '')
            rows between unbounded preceding and current row
        ) as root_so_far
    from untold
    inner join settlements as roots on untold.root_settlement_id = roots.settlement_id
    inner join held
        on
            untold.root_settlement_id = held.settlement_id
            and untold.header_component = held.header_component

)

select
    settlement_id,
    component,
    item_type,
    item_code,
    cast(
        {{ proportion('root_so_far', 'amount_so_far', 'root_header_amount') }}
        - {{ proportion('(root_so_far - root_amount)', 'amount_so_far', 'root_header_amount') }}
        - {{ proportion('root_so_far', 'amount_before', 'root_header_amount') }}
        + {{ proportion('(root_so_far - root_amount)', 'amount_before', 'root_header_amount') }}
        as decimal(18, 2)
    ) as amount
from by_root
where root_header_amount <> 0
