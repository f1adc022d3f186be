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
in_order_{{ level }} as (

    select
        *,
        row_number() over (partition by original_id order by setl_time, setl_id) as step_no
    from matched_{{ level }}
    where not is_before_original and not is_same_sign

),

taken_back_{{ level }} as (

    select
        row_id,
        original_id,
        step_no,
        abs(medfee_sumamt) <= abs(original_total) as fits,
        cast(case when abs(medfee_sumamt) <= abs(original_total) then abs(medfee_sumamt) else 0 end
            as decimal(16, 2)) as taken_back
    from in_order_{{ level }}
    where step_no = 1

    union all

    select
        following.row_id,
        following.original_id,
        following.step_no,
        earlier.taken_back + abs(following.medfee_sumamt) <= abs(following.original_total) as fits,
        case
            when earlier.taken_back + abs(following.medfee_sumamt) <= abs(following.original_total)
                then cast(earlier.taken_back + abs(following.medfee_sumamt) as decimal(16, 2))
            else earlier.taken_back
        end as taken_back
    from taken_back_{{ level }} as earlier
    inner join in_order_{{ level }} as following
        on
            earlier.original_id = following.original_id
            and following.step_no = earlier.step_no + 1

),

judged_{{ level }} as (

    select
        matched.*,
        case
            when matched.is_before_original then 'Q10 reversal_before_original'
            when not coalesce(taken_back.fits, false) then 'Q11 reversal_exceeds_original'
        end as reasons
    from matched_{{ level }} as matched
    left join taken_back_{{ level }} as taken_back on matched.row_id = taken_back.row_id

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
