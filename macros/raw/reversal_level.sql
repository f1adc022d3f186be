{#- The CTEs that judge the reversals of one level of a chain (rule A3): level 1 takes back settlements, level 2 takes back
    reversals of level 1, and so on. They read `reversals` and `level_<n - 1>` and end in `judged_<n>` (every reversal
    with its reasons) and `level_<n>` (those that hold). -#}
{%- macro reversal_level(level) -%}
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
        sign(reversals.medfee_sumamt) * sign(original.medfee_sumamt) > 0 as is_same_sign
    from reversals
    inner join level_{{ level - 1 }} as original
        on
            reversals.original_id = original.setl_id
            and reversals.psn_no = original.psn_no

),

-- One after the other in the order of rule E1: a reversal that would take back more than is left of its original is
-- refused, and those after it are judged without it.
taken_back_{{ level }} as (

    select
        *,
        {{ running_total(
            {
                'amount': ['abs(medfee_sumamt)', 'decimal(18, 2)'],
                'original': ['case when not is_before_original and not is_same_sign then abs(original_total) end',
                    'decimal(18, 2)'],
            },
            'case when so_far.total + this_step.amount <= this_step.original then this_step.amount else 0 end',
            ['original_id'],
            ['setl_time', 'setl_id'],
        ) }} as taken_back
    from matched_{{ level }}

),

in_order_{{ level }} as (

    select
        *,
        coalesce(lag(taken_back) over (partition by original_id order by setl_time, setl_id), 0) as taken_back_before
    from taken_back_{{ level }}

),

judged_{{ level }} as (

    select
        *,
        case
            when is_before_original then 'Q10 reversal_before_original'
            when is_same_sign or taken_back_before + abs(medfee_sumamt) > abs(original_total)
                then 'Q11 reversal_exceeds_original'
        end as reasons
    from in_order_{{ level }}

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
{%- endmacro -%}
