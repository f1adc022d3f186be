-- Unbroken times above the lowest threshold: from the day on which a person first passed it to the day on which neither
-- window does any more (rule I1).
with

levels as (

    select
        *,
        greatest(year_to_date_level, last_12_months_level) as risk_level
    from {{ ref('int_watch_level') }}

),

with_former as (

    select
        *,
        coalesce(lag(risk_level) over (partition by person_key order by changes_on), 0) as former_level
    from levels

),

numbered as (

    select
        *,
        sum(case when risk_level > 0 and former_level = 0 then 1 else 0 end) over (
            partition by person_key
            order by changes_on
            rows between unbounded preceding and current row
        ) as spell_no
    from with_former

),

-- The first day below ends a spell; the days after it belong to none.
with_end as (

    select
        *,
        min(case when risk_level = 0 then changes_on end) over (partition by person_key, spell_no) as resolved_on
    from numbered
    where spell_no > 0

)

select
    person_key,
    min(changes_on) as first_passed_on,
    min(case when risk_level >= 2 then changes_on end) as level_2_passed_on,
    min(case when risk_level = 3 then changes_on end) as level_3_passed_on,
    max(resolved_on) as resolved_on,
    max_by(risk_level, changes_on) as risk_level,
    max_by(year_to_date_level, changes_on) as year_to_date_level,
    max_by(last_12_months_level, changes_on) as last_12_months_level,
    max(risk_level) as peak_level,
    max_by(year_to_date_burden, changes_on) as year_to_date_burden,
    max_by(last_12_months_burden, changes_on) as last_12_months_burden,
    max(greatest(year_to_date_burden, last_12_months_burden)) as peak_burden,
    -- The warning is the one that was given: on the day of the end nothing is passed any more.
    max_by(assistance_category, case when risk_level > 0 then changes_on end) as assistance_category,
    max_by(monitored_as, case when risk_level > 0 then changes_on end) as monitored_as,
    max(status_rank) as status_rank
from with_end
where resolved_on is null or changes_on <= resolved_on
group by person_key, spell_no
