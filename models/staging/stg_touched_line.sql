-- Settlements of which a fee line comes, each with the files in which its lines may stand or stood. Empty where all
-- rows are read anew.
{{ config(enabled=can_keep_years()) }}
with

added as (

    select
        delivered.setl_id as settlement_id,
        delivered.source_file
    from {{ ref('base_fee_line') }} as delivered
    where {{ is_added_row('fee_list_d', 'delivered') }}

)

select * from added
where settlement_id is not null
{%- if new_files('fee_list_d') %}
union
select known.*
from ({{ known_lines() }}) as known
where known.settlement_id in (select added.settlement_id from added)
{%- endif %}
