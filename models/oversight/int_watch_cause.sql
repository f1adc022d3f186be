-- What a watched person's burden comes from: the disease and the institution that cost the person most, how much of it
-- is own expense, and how it moved in the last 12 months of the warning (rule I1).
{%- set quarters = {'1_to_3': [3, 0], '4_to_6': [6, 3], '7_to_9': [9, 6], '10_to_12': [12, 9]} %}
with

spells as (

    select
        spells.person_key,
        spells.first_passed_on,
        coalesce(spells.resolved_on, persons.last_settled_on) as observed_on,
        -- On the day of the end nothing is passed any more.
        coalesce({{ add_days('spells.resolved_on', -1) }}, persons.last_settled_on) as warned_on
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
        spells.warned_on,
        claims.settled_on,
        claims.disease_code,
        claims.institution_code,
        claims.own_expense,
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
        sum(out_of_pocket) as borne_amount,
        row_number() over (
            partition by person_key, first_passed_on
            order by sum(out_of_pocket) desc, {{ part }}_code asc
        ) as place
    from spell_claims
    where {{ part }}_code is not null
    group by person_key, first_passed_on, {{ part }}_code

),
{%- endfor %}

quarters as (

    select
        person_key,
        first_passed_on,
        {%- for name, months in quarters.items() %}
        sum(case
            when
                settled_on > {{ add_months('warned_on', -months[0]) }}
                and settled_on <= {{ add_months('warned_on', -months[1]) }}
                then out_of_pocket
            else 0
        end) as borne_months_{{ name }},
        {%- endfor %}
        sum(own_expense) as own_expense
    from spell_claims
    group by person_key, first_passed_on

)

select
    quarters.person_key,
    quarters.first_passed_on,
    by_disease.disease_code as main_disease_code,
    cast(by_disease.borne_amount as decimal(18, 2)) as main_disease_burden,
    by_institution.institution_code as main_institution_code,
    cast(by_institution.borne_amount as decimal(18, 2)) as main_institution_burden,
    cast(quarters.own_expense as decimal(18, 2)) as own_expense,
    cast(quarters.borne_months_1_to_3 as decimal(18, 2)) as borne_months_1_to_3,
    cast(quarters.borne_months_4_to_6 as decimal(18, 2)) as borne_months_4_to_6,
    cast(quarters.borne_months_7_to_9 as decimal(18, 2)) as borne_months_7_to_9,
    cast(quarters.borne_months_10_to_12 as decimal(18, 2)) as borne_months_10_to_12
from quarters
left join by_disease
    on
        quarters.person_key = by_disease.person_key
        and quarters.first_passed_on = by_disease.first_passed_on
        and by_disease.place = 1
left join by_institution
    on
        quarters.person_key = by_institution.person_key
        and quarters.first_passed_on = by_institution.first_passed_on
        and by_institution.place = 1
