-- How often the settlements of a raw file give a disease a name.
{{ config(
    materialized=grown_table(),
    pre_hook="{{ keep_untouched('setl_d', ref('stg_touched_settlement') if can_keep_years(), 'source_file') }}",
) }}

select
    delivered.source_file,
    delivered.disease_code,
    delivered.disease_name,
    count(*) as settlements
from {{ ref('stg_settlement') }} as delivered
where
    delivered.disease_code is not null
    and {{ is_in_touched_files('setl_d', ref('stg_touched_settlement') if can_keep_years()) }}
group by delivered.source_file, delivered.disease_code, delivered.disease_name
