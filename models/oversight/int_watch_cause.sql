-- What a watched person's burden comes from: the disease and the institution that cost the person most, and whether it
-- grows (rule I1).
with

spells as (

    select
        spells.person_key,
        spells.first_passed_on,
        coalesce(spells.resolved_on, persons.last_settled_on) as observed_on
    from {{ ref('int_watch_spell') }} as spells
    inner join {{ ref('int_watch_person') }} as persons on spells.person_key = persons.person_key

),

claims as (

    select * from {{ ref('int_watch_claim') }}

),

spell_claims as (

    select
        spells.person_key,
        spells.first_passed_on,
        spells.observed_on,
        claims.settled_on,
        claims.disease_code,
        claims.institution_code,
        claims.out_of_pocket
    from spells
    inner join claims
        on
            spells.person_key = claims.person_key
            and claims.settled_on > {{ add_months('spells.first_passed_on', -12) }}
            and claims.settled_on <= spells.observed_on

),

{%- for part in ['disease', 'institution'] %}

by_{{ part }} as (

    select
        person_key,
        first_passed_on,
        {{ part }}_code,
        sum(out_of_pocket) as borne_amount
    from spell_claims
    where {{ part }}_code is not null
    group by person_key, first_passed_on, {{ part }}_code

),

main_{{ part }} as (

    select
        *,
        row_number() over (
            partition by person_key, first_passed_on
            order by borne_amount desc, {{ part }}_code asc
        ) as place
    from by_{{ part }}

),
{%- endfor %}

quarters as (

    select
        person_key,
        first_passed_on,
        sum(case when settled_on > {{ add_months('observed_on', -3) }} then out_of_pocket else 0 end)
            as borne_last_3_months,
        sum(case
            when
                settled_on > {{ add_months('observed_on', -6) }}
                and settled_on <= {{ add_months('observed_on', -3) }}
                then out_of_pocket
            else 0
        end) as borne_3_months_before
    from spell_claims
    group by person_key, first_passed_on

)

select
    quarters.person_key,
    quarters.first_passed_on,
    main_disease.disease_code as main_disease_code,
    main_institution.institution_code as main_institution_code,
    cast(quarters.borne_last_3_months as decimal(18, 2)) as borne_last_3_months,
    cast(quarters.borne_3_months_before as decimal(18, 2)) as borne_3_months_before
from quarters
left join main_disease
    on
        quarters.person_key = main_disease.person_key
        and quarters.first_passed_on = main_disease.first_passed_on
        and main_disease.place = 1
left join main_institution
    on
        quarters.person_key = main_institution.person_key
        and quarters.first_passed_on = main_institution.first_passed_on
        and main_institution.place = 1
