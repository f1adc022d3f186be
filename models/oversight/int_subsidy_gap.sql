-- Persons entitled to have the premium of the supplementary insurance paid for them who are not enrolled for a cover
-- year, or for whom a premium was paid besides the subsidised one (rules G7, I3).
with

premiums as (

    select * from {{ ref('int_premium') }}

),

spells as (

    select * from {{ ref('int_assistance_spell') }}

),

benefit_spans as (

    select * from {{ ref('int_basic_benefit_span') }}

),

parameters as (

    select * from {{ ref('pool_parameter') }}
    where parameter like 'subsidised_enrolment_%' and value = 'true'

),

categories as (

    select * from {{ ref('assistance_category') }}

),

pools as (

    select distinct
        scheme_id,
        pool_region_code
    from {{ ref('scheme') }}
    where scheme_kind = 'supplementary'

),

cover_years as (

    select distinct
        scheme_id,
        cover_year,
        {{ year_start('cover_year') }} as starts_on
    from premiums

),

-- Entitled on the first day of the cover year, with basic benefits in the pool on it.
entitled as (

    select
        cover_years.scheme_id,
        cover_years.cover_year,
        benefit_spans.person_key,
        min_by(categories.assistance_category, categories.priority) as assistance_category
    from cover_years
    inner join pools on cover_years.scheme_id = pools.scheme_id
    inner join benefit_spans
        on
            cover_years.scheme_id = benefit_spans.scheme_id
            and benefit_spans.benefits_from <= cover_years.starts_on
            and cover_years.starts_on < coalesce(benefit_spans.benefits_to, cast('9999-12-31' as date))
    inner join spells
        on
            benefit_spans.person_key = spells.person_key
            and spells.held_from <= cover_years.starts_on
            and cover_years.starts_on < coalesce(spells.held_to, cast('9999-12-31' as date))
    inner join categories on spells.assistance_category = categories.assistance_category
    inner join parameters
        on
            pools.pool_region_code = parameters.pool_region_code
            and parameters.parameter = 'subsidised_enrolment_' || spells.assistance_category
            and {{ is_in_force('parameters', 'cover_years.starts_on') }}
    group by cover_years.scheme_id, cover_years.cover_year, benefit_spans.person_key

),

-- What a consent would renew is no payment of its own beside one that was made.
paid as (

    select
        scheme_id,
        person_key,
        cover_year,
        count(case when not is_renewed_by_consent then 1 end) as payments,
        count(case when channel = 'subsidised' and not is_renewed_by_consent then 1 end) as subsidised_payments
    from premiums
    group by scheme_id, person_key, cover_year

)

select
    coalesce(entitled.scheme_id, paid.scheme_id) as scheme_id,
    coalesce(entitled.person_key, paid.person_key) as person_key,
    coalesce(entitled.cover_year, paid.cover_year) as cover_year,
    entitled.assistance_category,
    coalesce(paid.payments, 0) as payments,
    coalesce(paid.subsidised_payments, 0) as subsidised_payments,
    case when paid.person_key is null then 'subsidised_not_enrolled' else 'subsidised_twice' end as gap_kind
from entitled
full join paid
    on
        entitled.scheme_id = paid.scheme_id
        and entitled.person_key = paid.person_key
        and entitled.cover_year = paid.cover_year
where paid.person_key is null or (paid.payments > 1 and paid.subsidised_payments > 0)
