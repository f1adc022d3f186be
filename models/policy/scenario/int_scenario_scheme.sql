-- The schemes that a scenario changes. Each is computed as a scheme of its own beside the enacted one, so that every
-- rule holds for it without a line of its own.
with

scenarios as (

    select * from {{ ref('scenario') }}

),

schemes as (

    select distinct scheme_id from {{ ref('scheme') }}
    where scheme_kind = 'critical_illness'

),

overrides as (

    select distinct
        scenario_id,
        scheme_id
    from {{ ref('scenario_override') }}

)

select
    {{ surrogate_key(['overrides.scenario_id', 'overrides.scheme_id']) }} as scenario_scheme_id,
    overrides.scenario_id,
    overrides.scheme_id,
    {{ status_rank('scenarios.status') }} as status_rank
from overrides
inner join scenarios on overrides.scenario_id = scenarios.scenario_id
inner join schemes on overrides.scheme_id = schemes.scheme_id
