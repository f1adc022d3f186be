-- A fingerprint of all that is read for a settlement: its row, its fee lines, and what is told of the person in the
-- benefit year. Where it is that of the served file for all settlements of a year, the year is as it was.
{{ config(enabled=can_keep_years()) }}

with

settlements as (

    select
        settlements.settlement_id,
        settlements.person_key,
        years.benefit_year,
        cast(settlements.root_settled_at as date) as root_settled_on,
        cast(settlements.settled_at as date) as settled_on,
        {{ whole_row_hash('settlements') }} as settlement_hash
    from {{ ref('stg_settlement') }} as settlements
    inner join {{ ref('int_settlement_year') }} as years on settlements.settlement_id = years.settlement_id

),

lines as (

    select
        lines.settlement_id,
        sum({{ whole_row_hash('lines') }}) as lines_hash
    from {{ ref('stg_fee_line') }} as lines
    group by lines.settlement_id

),

-- The days on which anything of a person-year is judged.
person_years as (

    select
        person_key,
        benefit_year,
        least(min(root_settled_on), {{ year_start('benefit_year') }}) as first_on,
        greatest({{ add_days('max(settled_on)', 1) }}, {{ year_start('benefit_year + 1') }}) as until
    from settlements
    group by person_key, benefit_year

),

-- Of a span only what lies in these days: that it goes on longer, or began earlier, changes nothing.
told as (

    select
        person_years.person_key,
        person_years.benefit_year,
        facts.fact_hash,
        greatest(facts.valid_from, person_years.first_on) as told_from,
        least(facts.valid_to, person_years.until) as told_to
    from person_years
    inner join {{ ref('int_person_fact') }} as facts
        on
            person_years.person_key = facts.person_key
            and facts.valid_from < person_years.until
            and person_years.first_on < facts.valid_to

),

facts as (

    select
        told.person_key,
        told.benefit_year,
        sum({{ row_hash('told', ['fact_hash', 'told_from', 'told_to']) }}) as facts_hash
    from told
    group by told.person_key, told.benefit_year

),

joined as (

    select
        settlements.settlement_id,
        settlements.benefit_year,
        settlements.settlement_hash,
        lines.lines_hash,
        facts.facts_hash
    from settlements
    left join lines on settlements.settlement_id = lines.settlement_id
    left join facts
        on
            settlements.person_key = facts.person_key
            and settlements.benefit_year = facts.benefit_year

)

select
    joined.settlement_id,
    joined.benefit_year,
    {{ row_hash('joined', ['settlement_hash', 'lines_hash', 'facts_hash']) }} as reading_hash
from joined
