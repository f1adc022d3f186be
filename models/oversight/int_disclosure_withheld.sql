-- Which cells of a disclosed table are withheld (rule J2): those of 1 to 4 persons, and second ones where a row or a
-- column would let the first be computed back. With three columns that add up (aided, others, total) that is a matter
-- of counting: when no row and no column has exactly one cell withheld, their sums give none away (docs/decisions.md).
with

cells as (

    select * from {{ ref('int_disclosure_row') }}

),

small as (

    select
        *,
        case when aided_persons between 1 and 4 then 1 else 0 end as is_aided_small,
        case when other_persons between 1 and 4 then 1 else 0 end as is_other_small,
        case when total_persons between 1 and 4 then 1 else 0 end as is_total_small
    from cells

),

-- Within a row: one small part of two is the total less the other, so both go.
by_row as (

    select
        *,
        greatest(is_aided_small, case when is_other_small + is_total_small = 1 then 1 else 0 end) as is_aided_out,
        greatest(is_other_small, case when is_aided_small + is_total_small = 1 then 1 else 0 end) as is_other_out,
        is_total_small as is_total_out
    from small

),

counted as (

    select
        *,
        sum(is_aided_out) over whole_table as aided_outs,
        sum(is_other_out) over whole_table as other_outs,
        sum(is_total_out) over whole_table as total_outs
    from by_row
    window whole_table as (partition by scheme_id, benefit_year, section)

),

alone as (

    select
        *,
        case when aided_outs = 1 then 1 else 0 end as is_aided_alone,
        case when other_outs = 1 then 1 else 0 end as is_other_alone,
        case when total_outs = 1 then 1 else 0 end as is_total_alone,
        case when aided_outs = 1 then 1 else 0 end + case when other_outs = 1 then 1 else 0 end
        + case when total_outs = 1 then 1 else 0 end as columns_alone
    from counted

),

-- Within a column: a cell that stands alone gets the company of a second row; one with persons before an empty one, a
-- small one before a large one. Never the totals: they stand in other sections too.
ranked as (

    select
        *,
        columns_alone > 0
        and is_total = 0
        and is_aided_alone * is_aided_out + is_other_alone * is_other_out + is_total_alone * is_total_out = 0
            as is_candidate,
        row_number() over (
            partition by scheme_id, benefit_year, section
            order by
                is_total,
                is_aided_alone * is_aided_out + is_other_alone * is_other_out + is_total_alone * is_total_out,
                case when total_persons > 0 then 0 else 1 end,
                total_persons,
                row_code
        ) as preference
    from alone

),

-- Where no row is left to keep it company, every row goes.
chosen as (

    select
        *,
        is_candidate and preference = 1 as is_company,
        columns_alone > 0
        and is_total = 0
        and max(case when is_candidate then 1 else 0 end) over (partition by scheme_id, benefit_year, section) = 0
            as is_swept
    from ranked

)

-- The company is withheld where it is needed, and where others are withheld too: it must not stand alone itself.
select
    scheme_id,
    benefit_year,
    section,
    row_code,
    is_aided_out = 1
    or is_swept
    or (is_company and (is_aided_alone = 1 or (columns_alone = 1 and aided_outs > 1))) as is_aided_withheld,
    is_other_out = 1
    or is_swept
    or (is_company and (is_other_alone = 1 or (columns_alone = 1 and other_outs > 1))) as is_other_withheld,
    is_total_out = 1
    or is_swept
    or (is_company and (is_total_alone = 1 or (columns_alone = 1 and total_outs > 1))) as is_total_withheld
from chosen
