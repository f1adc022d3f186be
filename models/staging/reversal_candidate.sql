-- Usable rows of setl_d that take back another, and those that they name: few, so that the chains are followed through
-- a small table (rule A3).
with

usable as (

    select
        delivered.row_id,
        delivered.setl_id,
        nullif(delivered.init_setl_id, delivered.setl_id) as original_id,
        delivered.psn_no,
        delivered.setl_time,
        delivered.enddate,
        delivered.insu_admdvs,
        delivered.insutype,
        delivered.med_type,
        delivered.dise_no,
        coalesce(delivered.medfee_sumamt, 0) as medfee_sumamt
    from {{ ref('base_settlement') }} as delivered
    where {{ is_accepted(ref('reject_settlement_row')) }}

),

named as (

    select distinct original_id as setl_id
    from usable
    where original_id is not null

)

select usable.*
from usable
left join named on usable.setl_id = named.setl_id
where usable.original_id is not null or named.setl_id is not null
