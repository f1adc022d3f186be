-- Every reversal with its original, the root of its chain, and why it cannot be used if so (rule A3).
{{ config(pre_hook="{{ keep_served() }}") }}

{% set depth = 4 %}
with

candidates as (

    select * from {{ ref('reversal_candidate') }}

),

reversals as (

    select *
    from candidates
    where original_id is not null

),

level_0 as (

    select
        setl_id,
        psn_no,
        setl_time,
        medfee_sumamt,
        setl_id as root_id,
        setl_time as root_time,
        enddate as root_enddate
    from candidates
    where original_id is null

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
    reversals.source_file,
    reversals.original_id,
    all_judged.root_id,
    all_judged.root_time,
    all_judged.root_enddate,
    roots.insu_admdvs as root_insu_admdvs,
    roots.insutype as root_insutype,
    roots.med_type as root_med_type,
    roots.dise_no as root_dise_no,
    case when all_judged.row_id is null then 'Q09 orphan_reversal' else all_judged.reasons end as reasons
from reversals
left join all_judged on reversals.row_id = all_judged.row_id
left join candidates as roots
    on
        all_judged.root_id = roots.setl_id
        and roots.original_id is null
