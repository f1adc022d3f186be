-- What is disclosed of the persons paid, before anything is withheld: by county with aided persons beside the others,
-- and by place of settlement, with totals (rules J1, J2).
with

-- One base for every table: who was paid in the year. Totals then agree wherever they stand.
persons as (

    select
        scheme_id,
        benefit_year,
        person_key,
        region_code,
        case when assistance_category <> 'none' then 1 else 0 end as is_aided,
        payout_amount
    from {{ ref('fct_accumulator_year') }}
    where payout_amount > 0

),

places as (

    select
        settlement_id,
        case settlement_place
            when '1' then 'by_hand'
            when '2' then 'on_the_spot'
            when '3' then 'elsewhere_in_province'
            when '4' then 'outside_province'
            else 'unknown'
        end as settlement_place
    from {{ ref('fct_claim_expense') }}

),

by_county as (

    select
        scheme_id,
        benefit_year,
        'county' as section,
        region_code as row_code,
        0 as is_total,
        sum(is_aided) as aided_persons,
        sum(1 - is_aided) as other_persons,
        count(*) as total_persons,
        cast(0 as bigint) as total_cases,
        sum(case when is_aided = 1 then payout_amount else 0 end) as aided_payout,
        sum(case when is_aided = 0 then payout_amount else 0 end) as other_payout,
        sum(payout_amount) as total_payout
    from persons
    group by scheme_id, benefit_year, region_code

),

-- A person may be settled in several places, so that the persons of the places do not add up.
by_place as (

    select
        persons.scheme_id,
        persons.benefit_year,
        'settlement_place' as section,
        places.settlement_place as row_code,
        0 as is_total,
        cast(0 as bigint) as aided_persons,
        cast(0 as bigint) as other_persons,
        count(distinct persons.person_key) as total_persons,
        count(case when payouts.payout_amount > 0 then 1 end) as total_cases,
        cast(0 as decimal(18, 2)) as aided_payout,
        cast(0 as decimal(18, 2)) as other_payout,
        sum(payouts.payout_amount) as total_payout
    from persons
    inner join {{ ref('fct_payout') }} as payouts
        on
            persons.scheme_id = payouts.scheme_id
            and persons.person_key = payouts.person_key
            and persons.benefit_year = payouts.benefit_year
            and payouts.payout_amount <> 0
    inner join places on payouts.settlement_id = places.settlement_id
    group by persons.scheme_id, persons.benefit_year, places.settlement_place

),

parts as (

    select * from by_county
    union all
    select * from by_place

)

select * from parts
union all
select
    parts.scheme_id,
    parts.benefit_year,
    parts.section,
    'total' as row_code,
    1 as is_total,
    sum(parts.aided_persons) as aided_persons,
    sum(parts.other_persons) as other_persons,
    max(paid.total_persons) as total_persons,
    sum(parts.total_cases) as total_cases,
    sum(parts.aided_payout) as aided_payout,
    sum(parts.other_payout) as other_payout,
    sum(parts.total_payout) as total_payout
from parts
inner join (
    select
        scheme_id,
        benefit_year,
        count(*) as total_persons
    from persons
    group by scheme_id, benefit_year
) as paid
    on
        parts.scheme_id = paid.scheme_id
        and parts.benefit_year = paid.benefit_year
group by parts.scheme_id, parts.benefit_year, parts.section
