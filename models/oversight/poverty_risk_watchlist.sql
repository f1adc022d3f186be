-- Persons at risk of falling, or falling back, into poverty through illness, and the layer that could help (rule I1).
{%- set quarters = ['1_to_3', '4_to_6', '7_to_9', '10_to_12'] %}
with

spells as (

    select * from {{ ref('int_watch_spell') }}

),

persons as (

    select * from {{ ref('int_watch_person') }}

),

helps as (

    select * from {{ ref('int_watch_help') }}

),

causes as (

    select * from {{ ref('int_watch_cause') }}

)

select
    {{ surrogate_key(['spells.person_key', 'spells.first_passed_on']) }} as watch_key,
    spells.person_key,
    persons.region_code,
    persons.pool_region_code,
    spells.assistance_category,
    spells.monitored_as,
    case when spells.resolved_on is null then 'open' else 'resolved' end as watch_status,
    cast(spells.risk_level as integer) as risk_level,
    cast(spells.year_to_date_level as integer) as year_to_date_level,
    cast(spells.last_12_months_level as integer) as last_12_months_level,
    cast(spells.peak_level as integer) as peak_level,
    spells.first_passed_on,
    spells.level_2_passed_on,
    spells.level_3_passed_on,
    spells.resolved_on,
    helps.observed_on,
    spells.year_to_date_burden,
    spells.last_12_months_burden,
    spells.peak_burden,
    {%- for quarter in quarters %}
    coalesce(causes.borne_months_{{ quarter }}, 0) as borne_months_{{ quarter }},
    {%- endfor %}
    case
        when
            causes.borne_months_1_to_3 + causes.borne_months_4_to_6
            > causes.borne_months_7_to_9 + causes.borne_months_10_to_12
            then 'rising'
        when
            causes.borne_months_1_to_3 + causes.borne_months_4_to_6
            < causes.borne_months_7_to_9 + causes.borne_months_10_to_12
            then 'falling'
        else 'steady'
    end as trend,
    causes.main_disease_code,
    causes.main_disease_burden,
    causes.main_institution_code,
    causes.main_institution_burden,
    coalesce(causes.own_expense, 0) as own_expense,
    helps.can_enrol_supplementary,
    helps.can_be_recognised,
    helps.is_aid_limit_reached,
    case
        when helps.can_enrol_supplementary then 'supplementary'
        when helps.can_be_recognised then 'medical_aid'
        when helps.is_aid_limit_reached then 'relief'
        else 'none'
    end as helping_layer,
    {{ status_name('spells.status_rank') }} as parameter_status
from spells
inner join persons on spells.person_key = persons.person_key
inner join helps
    on
        spells.person_key = helps.person_key
        and spells.first_passed_on = helps.first_passed_on
left join causes
    on
        spells.person_key = causes.person_key
        and spells.first_passed_on = causes.first_passed_on
