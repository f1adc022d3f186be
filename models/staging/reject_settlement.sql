-- Rows of setl_d that are not used, each with its status and why (rules A1 to A3, A6).
with

rejected_rows as (

    select * from {{ ref('reject_settlement_row') }}

),

unfit as (

    select * from {{ ref('reversal_verdict') }}
    where reasons is not null

),

delivered as (

    select * from {{ ref('base_settlement') }} as delivered
    where {{ is_in_files_of(ref('reversal_verdict'), 'reasons is not null') }}

),

unfit_reversals as (

    select
        unfit.row_id,
        unfit.setl_id as record_key,
        'quarantined' as row_status,
        unfit.reasons,
        delivered.source_file,
        coalesce(delivered.raw_row, {{ typed_row_as_json('setl_d') }}) as raw_row
    from unfit
    inner join delivered on unfit.row_id = delivered.row_id

)

select * from rejected_rows
union all
select * from unfit_reversals
