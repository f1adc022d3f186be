-- Settlements whose row may be another than in the served release, each with the files in which the row may stand or
-- stood. Empty where all rows are read anew.
{{ config(enabled=can_keep_years()) }}
{%- set verdicts = ref('reversal_verdict') %}
{%- set served_verdicts = as_served(verdicts) if new_files('setl_d') %}
{%- set told = ['original_id', 'root_id', 'root_time', 'root_enddate', 'root_insu_admdvs', 'root_insutype',
    'root_med_type', 'root_dise_no', 'reasons'] %}
with

added as (

    select
        delivered.row_id,
        delivered.setl_id,
        delivered.source_file,
        coalesce(delivered.vali_flag, '1') <> '1' as is_void
    from {{ ref('base_settlement') }} as delivered
    where {{ is_added_row('setl_d', 'delivered') }}

),

usable as (

    select
        delivered.setl_id,
        delivered.source_file
    from added as delivered
    where {{ is_accepted(ref('reject_settlement_row')) }}

),

-- A reversal depends on its original and on other reversals of that (rule A3).
judged_otherwise as (

    {% if served_verdicts %}
    select
        verdicts.setl_id,
        verdicts.source_file
    from {{ verdicts }} as verdicts
    left join {{ served_verdicts }} as served on verdicts.setl_id = served.setl_id
    where
        {%- for column in told %}
        {{ 'or ' if not loop.first }}verdicts.{{ column }} is distinct from served.{{ column }}
        {%- endfor %}
    {% else %}
    select
        setl_id,
        source_file
    from {{ verdicts }}
    where false
    {% endif %}

),

-- A void row takes back what was there, unless something came later (rules A1, A2).
voided as (

    select distinct setl_id from added
    where is_void

),

found as (

    {%- for rows in ['usable', 'judged_otherwise'] %}
    select
        setl_id,
        source_file,
        true as may_stand
    from {{ rows }}
    union all
    {%- endfor %}
    select
        setl_id,
        null as source_file,
        true as may_stand
    from voided

),

-- Where what is touched stood, and what is void may still.
stood as (

    {% if new_files('setl_d') %}
    select
        known.settlement_id as setl_id,
        known.source_file,
        voided.setl_id is not null as may_stand
    from ({{ standing_settlements() }}) as known
    left join voided on known.settlement_id = voided.setl_id
    where known.settlement_id in (select found.setl_id from found)
    {% else %}
    select * from found
    where false
    {% endif %}

),

files as (

    select * from found
    where source_file is not null
    union all
    select * from stood

)

select
    setl_id as settlement_id,
    source_file,
    bool_or(may_stand) as may_stand
from files
group by setl_id, source_file
