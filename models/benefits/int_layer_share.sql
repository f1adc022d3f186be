-- How basic insurance, the computed layers and other payers divide the cost of a settlement; what is left over is for
-- relief and the person (rules E6, E7).
{{ config(materialized='view') }}

with

amounts as (

    select
        amounts.*,
        amounts.total_cost as left_over
    from {{ ref('int_layer_amount') }} as amounts

)

{%- set source = namespace(name='amounts', paid=[]) %}
{%- for layer in burden_layers() %},

{{ layer }}_divided as (

    select
        {%- for column in ['settlement_id', 'person_key', 'benefit_year', 'settled_at', 'is_reversal', 'total_cost',
            'status_rank'] + source.paid %}
        {{ column }},
        {%- endfor %}
        {%- for other in burden_layers() %}
        {{ other }}_amount,
        {%- endfor %}
        {{ part_of(layer ~ '_amount', 'left_over') }} as {{ layer }}_paid,
        left_over - {{ part_of(layer ~ '_amount', 'left_over') }} as left_over
    from {{ source.name }}

)
{%- set source.name = layer ~ '_divided' %}
{%- set source.paid = source.paid + [layer ~ '_paid'] %}
{%- endfor %},

reopened as (

    select * from {{ ref('int_reopened_layer') }}

),

chosen as (

    select
        divided.settlement_id,
        divided.person_key,
        divided.benefit_year,
        divided.settled_at,
        divided.is_reversal,
        divided.total_cost,
        divided.status_rank,
        {%- for layer in burden_layers() %}
        divided.{{ layer }}_amount,
        case when reopened.settlement_id is null then divided.{{ layer }}_paid else reopened.{{ layer }}_paid end
            as {{ layer }}_paid,
        {%- endfor %}
        case when reopened.settlement_id is null then divided.left_over else reopened.left_over end as left_over
    from other_divided as divided
    left join reopened on divided.settlement_id = reopened.settlement_id

)

select
    settlement_id,
    person_key,
    benefit_year,
    settled_at,
    is_reversal,
    cast(total_cost as decimal(18, 2)) as total_cost,
    {%- for layer in burden_layers() %}
    cast({{ layer }}_paid as decimal(18, 2)) as {{ layer }}_paid,
    {%- endfor %}
    cast(left_over as decimal(18, 2)) as left_over,
    cast(
        {%- for layer in burden_layers() %}
        {{ '+ ' if not loop.first }}{{ layer }}_amount - {{ layer }}_paid
        {%- endfor %}
        as decimal(18, 2)
    ) as capped_amount,
    status_rank
from chosen
