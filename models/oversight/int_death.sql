-- Persons who died, with the last day on which anything is owed to them (rules I3, I9).
with

visits as (

    select
        person_key,
        min(died_on) as died_on
    from {{ ref('stg_visit') }}
    where died_on is not null
    group by person_key

),

persons as (

    select person_key
    from {{ ref('stg_person') }}
    where alive_flag = '0'

),

-- Who is only said to be dead died by the end of basic insurance.
last_insured as (

    select
        spells.person_key,
        max(spells.insured_to) as insured_to
    from {{ ref('int_insured_spell') }} as spells
    inner join persons on spells.person_key = persons.person_key
    group by spells.person_key

)

select
    coalesce(visits.person_key, last_insured.person_key) as person_key,
    visits.died_on,
    coalesce(visits.died_on, {{ add_days('last_insured.insured_to', -1) }}) as died_by
from visits
full join last_insured on visits.person_key = last_insured.person_key
where visits.died_on is not null or last_insured.insured_to is not null
