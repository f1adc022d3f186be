-- Settlements whose row may be another than in the served release, each with the files that the row may stand in. Empty
-- where all rows are read anew.
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

-- A void row takes back what was there, unless something came later (rules A1, A2).
voided as (

    select
        delivered.setl_id,
        delivered.source_file
    from {{ ref('base_settlement') }} as delivered
    where
        delivered.setl_id in (
            select added.setl_id from added
            where added.is_void
        )

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

)

{%- for rows in ['usable', 'voided', 'judged_otherwise'] %}
select
    {{ rows }}.setl_id as settlement_id,
    {{ rows }}.source_file
from {{ rows }}
{{ 'union' if not loop.last }}
{%- endfor %}
