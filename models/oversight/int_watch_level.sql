-- The risk level of a person on each of these days: thresholds of the pool for the kind of warning, aided persons apart
-- (rule I1).
with

burdens as (

    select * from {{ ref('int_watch_burden') }}

),

persons as (

    select * from {{ ref('int_watch_person') }}

),

spells as (

    select * from {{ ref('int_assistance_spell') }}

),

categories as (

    select * from {{ ref('assistance_category') }}

),

thresholds as (

    select
        *,
        cast(value as decimal(18, 2)) as threshold,
        cast(right(parameter, 1) as integer) as level_no
    from {{ ref('pool_parameter') }}
    where parameter like 'watch_%_level_%'

),

-- Several at once: the highest in priority (rule C1).
held as (

    select
        burdens.person_key,
        burdens.changes_on,
        min_by(categories.assistance_category, categories.priority) as assistance_category
    from burdens
    inner join spells
        on
            burdens.person_key = spells.person_key
            and spells.held_from <= burdens.changes_on
            and burdens.changes_on < coalesce(spells.held_to, cast('9999-12-31' as date))
    inner join categories on spells.assistance_category = categories.assistance_category
    group by burdens.person_key, burdens.changes_on

),

watched as (

    select
        burdens.*,
        persons.pool_region_code,
        categories.assistance_category,
        categories.monitored_as
    from burdens
    inner join persons on burdens.person_key = persons.person_key
    left join held
        on
            burdens.person_key = held.person_key
            and burdens.changes_on = held.changes_on
    inner join categories on coalesce(held.assistance_category, 'none') = categories.assistance_category

)

-- A burden passes a threshold that it exceeds; a pool without one passes none.
select
    watched.person_key,
    watched.changes_on,
    watched.assistance_category,
    watched.monitored_as,
    watched.year_to_date_burden,
    watched.last_12_months_burden,
    {%- for window in ['year_to_date', 'last_12_months'] %}
    max(case when watched.{{ window }}_burden > thresholds.threshold then thresholds.level_no else 0 end)
        as {{ window }}_level,
    {%- endfor %}
    max(case when thresholds.status is null then 1 else {{ status_rank('thresholds.status') }} end) as status_rank
from watched
left join thresholds
    on
        watched.pool_region_code = thresholds.pool_region_code
        and thresholds.parameter like 'watch_' || watched.monitored_as || '_level_%'
        and {{ is_in_force('thresholds', 'watched.changes_on') }}
group by
    watched.person_key,
    watched.changes_on,
    watched.assistance_category,
    watched.monitored_as,
    watched.year_to_date_burden,
    watched.last_12_months_burden
