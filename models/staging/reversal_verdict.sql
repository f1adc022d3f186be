-- Every reversal with its original, the root of its chain, and why it cannot be used if so (rule A3).
{% set depth = 4 %}
with

delivered as (

    select
        setl_id,
        psn_no,
        setl_time,
        enddate,
        medfee_sumamt,
        nullif(init_setl_id, setl_id) as original_id,
        {{ row_id() }} as row_id
    from {{ ref('base_settlement') }} as delivered
    where {{ is_accepted(ref('reject_settlement_row')) }}

),

reversals as (

    select * from delivered where original_id is not null

),

level_0 as (

    select
        delivered.setl_id,
        delivered.psn_no,
        delivered.setl_time,
        delivered.medfee_sumamt,
        delivered.setl_id as root_id,
        delivered.setl_time as root_time,
        delivered.enddate as root_enddate
    from delivered
    where
        delivered.original_id is null
        and delivered.setl_id in (select reversals.original_id from reversals)

),
{% for level in range(1, depth + 1) %}
-- Reversals of level {{ level - 1 }}: {{ 'ordinary ones' if level == 1 else 'a reversal of a reversal gives back' }}.
matched_{{ level }} as (

    select
        reversals.row_id,
        reversals.setl_id,
        reversals.psn_no,
        reversals.setl_time,
        reversals.medfee_sumamt,
        reversals.original_id,
        original.medfee_sumamt as original_total,
        original.root_id,
        original.root_time,
        original.root_enddate,
        reversals.setl_time < original.setl_time as is_before_original,
        reversals.medfee_sumamt * original.medfee_sumamt > 0 as is_same_sign
    from reversals
    inner join level_{{ level - 1 }} as original
        on
            reversals.original_id = original.setl_id
            and reversals.psn_no = original.psn_no

),

judged_{{ level }} as (

    select
        *,
        case
            when is_before_original then 'Q10 reversal_before_original'
            when is_same_sign then 'Q11 reversal_exceeds_original'
            when
                abs(sum(case when not is_before_original and not is_same_sign then medfee_sumamt else 0 end) over (
                    partition by original_id
                    order by setl_time, setl_id
                    rows between unbounded preceding and current row
                )) > abs(original_total)
                then 'Q11 reversal_exceeds_original'
        end as reasons
    from matched_{{ level }}

),

level_{{ level }} as (

    select
        setl_id,
        psn_no,
        setl_time,
        medfee_sumamt,
        root_id,
        root_time,
        root_enddate
    from judged_{{ level }}
    where reasons is null

),
{% endfor %}
all_judged as (
{% for level in range(1, depth + 1) %}
    select row_id, original_id, root_id, root_time, root_enddate, reasons from judged_{{ level }}
    {{ 'union all' if not loop.last }}
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
