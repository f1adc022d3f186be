-- Rows of setl_d that are not used, each with its status and why (rules A1 to A3, A6).
with

rejected_rows as (

    select * from {{ ref('reject_settlement_row') }}

),

verdicts as (

    select * from {{ ref('reversal_verdict') }}

),

delivered as (

    select * from {{ ref('base_settlement') }}

),

unfit_reversals as (

    select
        verdicts.row_id,
        verdicts.setl_id as record_key,
        'quarantined' as row_status,
        verdicts.reasons,
        delivered.source_file,
        coalesce(delivered.raw_row, {{ typed_row_as_json('setl_d') }}) as raw_row
    from verdicts
    inner join delivered on verdicts.row_id = delivered.row_id
    where verdicts.reasons is not null

)

select * from rejected_rows
union all
select * from unfit_reversals
