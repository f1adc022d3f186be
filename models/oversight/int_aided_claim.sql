-- Settlements that stand of persons who were aided on the day, under the highest category held (rules C1, I4).
with

claims as (

    select * from {{ ref('int_standing_claim') }}

),

spells as (

    -- An open end as a date: with a condition on NULL the join below would compare every row with every other.
    select
        person_key,
        assistance_category,
        held_from,
        coalesce(held_to, cast('9999-12-31' as date)) as held_to
    from {{ ref('int_assistance_spell') }}

),

categories as (

    select * from {{ ref('assistance_category') }}

)

select
    claims.settlement_id,
    min_by(categories.assistance_category, categories.priority) as assistance_category
from claims
inner join spells
    on
        claims.person_key = spells.person_key
        and spells.held_from <= claims.settled_on
        and claims.settled_on < spells.held_to
inner join categories on spells.assistance_category = categories.assistance_category
group by claims.settlement_id
