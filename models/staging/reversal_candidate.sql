-- Usable rows of setl_d that take back another, and those that they name: few, so that the chains are followed through
-- a small table (rule A3).
{{ config(
    materialized=grown_table(),
    pre_hook="{{ keep_rows('setl_d', ref('base_settlement')) }}",
    post_hook="{{ keep_candidates(ref('reject_settlement_row')) }}",
) }}
{%- set base = ref('base_settlement') %}
{%- set is_added_to = new_files('setl_d') is not none %}
{%- set columns %}
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
        coalesce(delivered.medfee_sumamt, 0) as medfee_sumamt,
        delivered.source_file
{%- endset %}
with

usable as (

    select {{ columns }}
    from {{ base }} as delivered
    where
        {{ is_accepted(ref('reject_settlement_row')) }}
        and {{ is_new_row('setl_d', 'delivered') }}

),
{% if is_added_to %}
-- Originals that nothing named before: rows of any file.
sought as (

    select distinct original_id as setl_id
    from usable
    where
        original_id is not null
        and original_id not in (select setl_id from {{ this }})
        and original_id not in (select original_id from {{ this }} where original_id is not null)

),

earlier as (

    select {{ columns }}
    from {{ base }} as delivered
    inner join sought on delivered.setl_id = sought.setl_id
    where
        {{ is_accepted(ref('reject_settlement_row')) }}
        and not {{ is_new_row('setl_d', 'delivered') }}
        {%- set named_by_new %}
        select delivered.init_setl_id from {{ base }} as delivered where {{ is_new_row('setl_d', 'delivered') }}
        {%- endset %}
        and {{ is_from_new_files_and('setl_d', files_of(named_by_new, known_settlements())) }}

),
{% endif %}
named as (

    select distinct original_id as setl_id
    from usable
    where original_id is not null
    {%- if is_added_to %}
    union
    select original_id as setl_id from {{ this }} where original_id is not null
    {%- endif %}

)

select usable.*
from usable
left join named on usable.setl_id = named.setl_id
where usable.original_id is not null or named.setl_id is not null
{%- if is_added_to %}
union all
select * from earlier
{%- endif %}
