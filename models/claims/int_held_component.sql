-- What fee lines say of a settlement, held to what the settlement itself says: lines that come to more than it are
-- believed in proportion, so that components add up to the cost (rule B4).
with

lines as (

    select
        *,
        -- Restricted use is a part of own expense.
        case when component = 'restricted_use' then 'own_expense' else component end as header_component
    from {{ ref('int_line_component') }}

),

settlements as (

    select * from {{ ref('stg_settlement') }}

),

said as (

    select
        settlement_id,
        header_component,
        sum(amount) as said_amount
    from lines
    group by settlement_id, header_component

),

beside_header as (

    select
        said.settlement_id,
        said.header_component,
        said.said_amount,
        case said.header_component
            when 'own_expense' then settlements.own_expense
            when 'over_limit' then settlements.over_limit
            else settlements.class_b_self_pay
        end as header_amount
    from said
    inner join settlements on said.settlement_id = settlements.settlement_id

),

exceeding as (

    select
        settlement_id,
        header_component,
        said_amount,
        {{ part_of('said_amount', 'header_amount') }} as held_amount
    from beside_header
    where said_amount <> {{ part_of('said_amount', 'header_amount') }}

),

-- Rounded on the running sum, so that the parts come to the held amount to the fen.
running as (

    select
        lines.*,
        exceeding.said_amount,
        exceeding.held_amount,
        sum(lines.amount) over (
            partition by lines.settlement_id, lines.header_component
            order by lines.component, coalesce(lines.item_type, ''), coalesce(lines.item_code, '')
            rows between unbounded preceding and current row
        ) as amount_so_far
    from lines
    inner join exceeding
        on
            lines.settlement_id = exceeding.settlement_id
            and lines.header_component = exceeding.header_component

)

select
    lines.settlement_id,
    lines.header_component,
    lines.component,
    lines.item_type,
    lines.item_code,
    lines.amount
from lines
left join exceeding
    on
        lines.settlement_id = exceeding.settlement_id
        and lines.header_component = exceeding.header_component
where exceeding.settlement_id is null

union all

select
    settlement_id,
    header_component,
    component,
    item_type,
    item_code,
    cast(
        {{ proportion('amount_so_far', 'held_amount', 'said_amount') }}
        - {{ proportion('amount_so_far - amount', 'held_amount', 'said_amount') }}
        as decimal(18, 2)
    ) as amount
from running
