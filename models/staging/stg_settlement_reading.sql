-- What is read of the rows of settlements: of those that may read otherwise than in the served release, and of all
-- where all rows are read anew.
{{ config(materialized='view') }}
with

settlements as (

    {{ usable_settlements(is_touched_settlement()) }}

)

select
    settlements.settlement_id,
    settlements.person_key,
    settlements.insured_region_code,
    settlements.settled_at,
    settlements.root_settled_at,
    settlements.root_ended_on,
    settlements.source_file,
    {{ whole_row_hash('settlements', but='source_file') }} as settlement_hash
from settlements
