-- How often the fee lines of a raw file give an item a name.
{{ config(
    materialized=grown_table(),
    pre_hook="{{ keep_untouched('fee_list_d', ref('stg_touched_line') if can_keep_years(), 'source_file') }}",
) }}

select
    delivered.source_file,
    delivered.item_code,
    delivered.item_name,
    count(*) as line_count
from {{ ref('stg_fee_line') }} as delivered
where
    delivered.item_code is not null
    and delivered.item_name is not null
    and {{ is_in_touched_files('fee_list_d', ref('stg_touched_line') if can_keep_years()) }}
group by delivered.source_file, delivered.item_code, delivered.item_name
