-- Spans in which an aided person has no basic insurance, up to the last day that is known (rule I3). A sweep over the
-- days on which either begins or ends: it costs a sort, where a join of spans to spans would cost a product.
with

assistance_spells as (

    select
        person_key,
        held_from as begins_on,
        coalesce(held_to, cast('9999-12-31' as date)) as ends_on
    from {{ ref('int_assistance_spell') }}

),

insured_spells as (

    select
        spells.person_key,
        spells.insured_from as begins_on,
        coalesce(spells.insured_to, cast('9999-12-31' as date)) as ends_on
    from {{ ref('int_insured_spell') }} as spells
    inner join (select distinct person_key from assistance_spells) as aided on spells.person_key = aided.person_key
    where spells.insured_to is null or spells.insured_to > spells.insured_from

),

deaths as (

    select * from {{ ref('int_death') }}

),

last_day as (

    select max(last_settled_on) as last_settled_on
    from {{ ref('int_pool_extent') }}

),

steps as (

    {%- for spells in ['assistance_spells', 'insured_spells'] %}
    {%- set is_last = loop.last %}
    {%- for day, step in {'begins_on': 1, 'ends_on': -1}.items() %}
    select
        person_key,
        {{ day }} as changes_on,
        {{ step if spells == 'assistance_spells' else 0 }} as aided_step,
        {{ step if spells == 'insured_spells' else 0 }} as insured_step
    from {{ spells }}
    {%- if not (is_last and loop.last) %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}

),

days as (

    select
        person_key,
        changes_on,
        sum(aided_step) as aided_step,
        sum(insured_step) as insured_step
    from steps
    group by person_key, changes_on

),

running as (

    select
        person_key,
        changes_on,
        sum(aided_step) over past > 0 and sum(insured_step) over past = 0 as is_gap
    from days
    window past as (partition by person_key order by changes_on rows between unbounded preceding and current row)

),

with_former as (

    select
        *,
        coalesce(lag(is_gap) over (partition by person_key order by changes_on), false) as was_gap
    from running

),

bounded as (

    select
        person_key,
        is_gap,
        changes_on as uninsured_from,
        lead(changes_on) over (partition by person_key order by changes_on) as uninsured_until
    from with_former
    where is_gap <> was_gap

)

select
    bounded.person_key,
    bounded.uninsured_from,
    -- NULL: it still lasts on the last day that is known.
    case
        when deaths.died_by < bounded.uninsured_until then {{ add_days('deaths.died_by', 1) }}
        when bounded.uninsured_until <= last_day.last_settled_on then bounded.uninsured_until
    end as uninsured_to
from bounded
cross join last_day
left join deaths on bounded.person_key = deaths.person_key
where
    bounded.is_gap
    and bounded.uninsured_from <= last_day.last_settled_on
    and (deaths.died_by is null or bounded.uninsured_from <= deaths.died_by)
