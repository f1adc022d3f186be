-- Every rule under which the premium of a cover year could give cover, and from when (rules G1 to G4).
with

premiums as (

    select * from {{ ref('int_premium') }}

),

rules as (

    select * from {{ ref('cover_rule') }}

),

former_years as (

    select
        scheme_id,
        person_key,
        cover_year,
        lag(cover_year) over (partition by scheme_id, person_key order by cover_year) as former_cover_year
    from (
        select distinct
            scheme_id,
            person_key,
            cover_year
        from premiums
    ) as paid_years

),

candidates as (

    select
        premiums.*,
        former_years.former_cover_year,
        rules.rule as cover_rule,
        rules.waiting_months,
        case rules.starts_from
            when 'day_after_payment' then {{ add_days('premiums.paid_on', 1) }}
            when 'payment' then premiums.paid_on
            when 'paid_period_start' then greatest(premiums.paid_on, {{ year_start('premiums.cover_year') }})
            when 'basic_benefit_start' then premiums.event_on
            else {{ year_start('premiums.cover_year') }}
        end as waits_from,
        -- The kindest first.
        case
            when rules.rule = premiums.event then 1
            when rules.rule = 'paid_by_year_end' then 2
            when rules.rule = 'first_year_first_quarter' then 3
            else 4
        end as preference
    from premiums
    inner join former_years
        on
            premiums.scheme_id = former_years.scheme_id
            and premiums.person_key = former_years.person_key
            and premiums.cover_year = former_years.cover_year
    inner join rules
        on
            premiums.scheme_id = rules.scheme_id
            and {{ is_in_force('rules', 'greatest(premiums.paid_on, ' ~ year_start('premiums.cover_year') ~ ')') }}
            and case rules.rule
                when 'paid_by_year_end'
                    then
                        premiums.paid_on < {{ year_start('premiums.cover_year') }}
                        and (
                            premiums.is_first_cover_year
                            or former_years.former_cover_year = premiums.cover_year - 1
                        )
                when 'first_year_first_quarter' then premiums.is_first_cover_year
                when 'returning_member' then former_years.former_cover_year is not null
                when 'first_time_member' then former_years.former_cover_year is null
                else
                    rules.rule = premiums.event
                    and premiums.paid_on <= {{ add_days('premiums.event_on', 'rules.window_days') }}
            end

)

select
    *,
    greatest({{ add_months('waits_from', 'waiting_months') }}, {{ year_start('cover_year') }}) as starts_on
from candidates
