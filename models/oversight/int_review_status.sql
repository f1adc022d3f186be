-- Care after death, and care on a day on which the person was not insured in the pool (rule I9).
with

claims as (

    select
        settlement_id,
        person_key,
        settled_on,
        pool_region_code,
        coalesce(started_on, settled_on) as started_on
    from {{ ref('int_standing_claim') }}

),

deaths as (

    select * from {{ ref('int_death') }}
    where died_on is not null

),

insured_spells as (

    -- An open end as a date: with a condition on NULL the join below would compare every row with every other.
    select
        person_key,
        pool_region_code,
        insured_from,
        coalesce(insured_to, cast('9999-12-31' as date)) as insured_to
    from {{ ref('int_insured_spell') }}

),

after_death as (

    select {{ review_finding('R03', {
        'settlement_id': 'claims.settlement_id',
        'observed_value': days_between('deaths.died_on', 'claims.started_on'),
        'expected_value': 'rules.threshold',
        'evidence': "'care began on ' || " ~ said('claims.started_on') ~ " || ', the person died on ' || "
            ~ said('deaths.died_on'),
    }) }}
    from claims
    inner join deaths on claims.person_key = deaths.person_key
    inner join {{ review_rule('R03', 'claims') }}
    where {{ days_between('deaths.died_on', 'claims.started_on') }} > rules.threshold

),

not_insured as (

    select {{ review_finding('R04', {
        'settlement_id': 'claims.settlement_id',
        'evidence': "'care began on ' || " ~ said('claims.started_on')
            ~ " || ', when no basic insurance of the person in the pool was in force'",
    }) }}
    from claims
    inner join {{ review_rule('R04', 'claims') }}
    left join insured_spells
        on
            claims.person_key = insured_spells.person_key
            and claims.pool_region_code = insured_spells.pool_region_code
            and insured_spells.insured_from <= claims.started_on
            and claims.started_on < insured_spells.insured_to
    where insured_spells.person_key is null

)

select * from after_death
union all
select * from not_insured
