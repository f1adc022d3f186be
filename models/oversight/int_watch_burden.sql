-- Burden of the year to date and of the last 12 months, on every day on which it or what it is held against may change
-- (rule I1).
with

claims as (

    select * from {{ ref('int_watch_claim') }}

),

persons as (

    select * from {{ ref('int_watch_person') }}

),

spells as (

    select * from {{ ref('int_assistance_spell') }}

),

threshold_days as (

    select distinct
        pool_region_code,
        effective_from as changes_on
    from {{ ref('pool_parameter') }}
    where parameter like 'watch_%_level_%'

),

steps as (

    {%- for window, leaves_on in {'year': 'leaves_year_on', 'months': 'leaves_12_months_on'}.items() %}
    {%- for day, amount in {'settled_on': 'out_of_pocket', leaves_on: '-out_of_pocket'}.items() %}
    select
        person_key,
        {{ day }} as changes_on,
        cast({{ amount if window == 'year' else 0 }} as decimal(18, 2)) as year_step,
        cast({{ amount if window == 'months' else 0 }} as decimal(18, 2)) as months_step
    from claims
    where settled_on < {{ leaves_on }}
    union all
    {%- endfor %}
    {%- endfor %}
    -- Days without money on which the category or the thresholds change.
    {%- for day in ['spells.held_from', 'spells.held_to'] %}
    select
        persons.person_key,
        {{ day }} as changes_on,
        cast(0 as decimal(18, 2)) as year_step,
        cast(0 as decimal(18, 2)) as months_step
    from persons
    inner join spells on persons.person_key = spells.person_key
    where {{ day }} > persons.first_settled_on
    union all
    {%- endfor %}
    select
        persons.person_key,
        threshold_days.changes_on,
        cast(0 as decimal(18, 2)) as year_step,
        cast(0 as decimal(18, 2)) as months_step
    from persons
    inner join threshold_days on persons.pool_region_code = threshold_days.pool_region_code
    where threshold_days.changes_on > persons.first_settled_on

),

days as (

    select
        steps.person_key,
        steps.changes_on,
        sum(steps.year_step) as year_step,
        sum(steps.months_step) as months_step
    from steps
    inner join persons on steps.person_key = persons.person_key
    where steps.changes_on <= persons.last_settled_on
    group by steps.person_key, steps.changes_on

)

select
    person_key,
    changes_on,
    cast(sum(year_step) over past as decimal(18, 2)) as year_to_date_burden,
    cast(sum(months_step) over past as decimal(18, 2)) as last_12_months_burden
from days
window past as (partition by person_key order by changes_on rows between unbounded preceding and current row)
