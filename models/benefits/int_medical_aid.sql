-- Medical aid of a settlement, at whichever place of the layers the pool has it (rules E6, F2).
{{ config(materialized='view') }}

select * from {{ ref('int_aid_before_supplementary') }}
union all
select * from {{ ref('int_aid_after_supplementary') }}
