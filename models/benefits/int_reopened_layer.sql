-- How the layers divide the cost in person-years with a reversal: running sums keep what is taken back to what was
-- given (rules E5, E7). Elsewhere each settlement is divided for itself (int_layer_share).
with

reopened as (

    select distinct
        person_key,
        benefit_year
    from {{ ref('fct_claim_expense') }}
    where is_reversal

),

roots as (

    select
        settlement_id,
        root_settlement_id
    from {{ ref('stg_settlement') }}
    where is_reversal

),

amounts as (

    select
        amounts.*,
        coalesce(roots.root_settlement_id, amounts.settlement_id) as root_settlement_id,
        amounts.total_cost as left_over
    from {{ ref('int_layer_amount') }} as amounts
    inner join reopened
        on
            amounts.person_key = reopened.person_key
            and amounts.benefit_year = reopened.benefit_year
    left join roots on amounts.settlement_id = roots.settlement_id

)

{%- set source = namespace(name='amounts') %}
{%- for layer in burden_layers() %},

{{ layer }}_claims as (

    select
        *,
        {{ layer_claim(layer) }} as {{ layer }}_claim
    from {{ source.name }}
    window family as (
        partition by root_settlement_id
        order by settled_at, settlement_id
        rows between unbounded preceding and current row
    )

),

{{ layer }}_held as (

    select
        *,
        {{ held_to_running(layer ~ '_claim', 'left_over', 'account') }} as {{ layer }}_paid
    from {{ layer }}_claims
    window account as (
        partition by person_key, benefit_year
        order by settled_at, settlement_id
        rows between unbounded preceding and current row
    )

),

{{ layer }}_divided as (

    select
        {%- for column in ['settlement_id', 'person_key', 'benefit_year', 'settled_at', 'is_reversal', 'total_cost',
            'root_settlement_id', 'status_rank'] %}
        {{ column }},
        {%- endfor %}
        {%- for other in burden_layers() %}
        {{ other }}_amount,
        {%- if loop.index0 <= burden_layers().index(layer) %}
        {{ other }}_paid,
        {%- endif %}
        {%- endfor %}
        left_over - {{ layer }}_paid as left_over
    from {{ layer }}_held

)
{%- set source.name = layer ~ '_divided' %}
{%- endfor %}

select
    settlement_id,
    {%- for layer in burden_layers() %}
    cast({{ layer }}_paid as decimal(18, 2)) as {{ layer }}_paid,
    {%- endfor %}
    cast(left_over as decimal(18, 2)) as left_over
from other_divided
