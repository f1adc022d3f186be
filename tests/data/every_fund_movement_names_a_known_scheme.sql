-- A movement of a scheme that the seeds do not know is in no fund's year (rule H3): mend its scheme_id at the source,
-- or add the scheme to seeds/policy/scheme.csv.
{{ config(severity='warn') }}

with

movements as (

    select * from {{ ref('stg_fund_transaction') }}

),

schemes as (

    select * from {{ ref('scheme') }}

)

select
    movements.transaction_id,
    movements.scheme_id,
    movements.amount
from movements
left join schemes on movements.scheme_id = schemes.scheme_id
where schemes.scheme_id is null
