-- Every reversal with its original, the root of its chain, and why it cannot be used if so (rule A3).
{% set depth = 4 %}
with

reversals as (

    select
        delivered.row_id,
        delivered.setl_id,
        delivered.psn_no,
        delivered.setl_time,
        coalesce(delivered.medfee_sumamt, 0) as medfee_sumamt,
        delivered.init_setl_id as original_id
    from {{ ref('base_settlement') }} as delivered
    where
        delivered.init_setl_id <> delivered.setl_id
        and {{ is_accepted(ref('reject_settlement_row')) }}

),

level_0 as (

    select
        delivered.setl_id,
        delivered.psn_no,
        delivered.setl_time,
        coalesce(delivered.medfee_sumamt, 0) as medfee_sumamt,
        delivered.setl_id as root_id,
        delivered.setl_time as root_time,
        delivered.enddate as root_enddate
    from {{ ref('base_settlement') }} as delivered
    where
        nullif(delivered.init_setl_id, delivered.setl_id) is null
        and delivered.setl_id in (select reversals.original_id from reversals)
        and {{ is_accepted(ref('reject_settlement_row')) }}

),
{% for level in range(1, depth + 1) %}
{{ reversal_level(level) }}
{% endfor %}
all_judged as (

    {%- for level in range(1, depth + 1) %}

    select
        row_id,
        original_id,
        root_id,
        root_time,
        root_enddate,
        reasons
    from judged_{{ level }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

)

select
    reversals.row_id,
    reversals.setl_id,
    reversals.original_id,
    all_judged.root_id,
    all_judged.root_time,
    all_judged.root_enddate,
    case when all_judged.row_id is null then 'Q09 orphan_reversal' else all_judged.reasons end as reasons
from reversals
left join all_judged on reversals.row_id = all_judged.row_id
