-- What is read of the rows of settlements: of those that may read otherwise than in the served release, and of all
-- where all rows are read anew.
{{ config(materialized='view') }}
with

settlements as (

    {{ usable_settlements(is_touched_settlement()) }}

)

select
    settlement_id,
    person_key,
    insured_region_code,
    settled_at,
    root_settled_at,
    root_ended_on,
    source_file,
    {{ whole_row_hash('settlements', but='source_file') }} as settlement_hash
from settlements
