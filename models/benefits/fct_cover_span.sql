-- Spans in which a person has cover of the supplementary insurance: premium, waiting time and basic benefits together
-- (rules G1 to G5).
with

starts as (

    select * from {{ ref('int_cover_start') }}

),

benefit_spans as (

    select * from {{ ref('int_basic_benefit_span') }}

),

rules as (

    select * from {{ ref('cover_rule') }}
    where rule = 'basic_benefits_resumed'

),

usable as (

    select
        starts.*,
        benefit_spans.benefits_to,
        {{ usable_from('benefit_spans', 'rules', 'starts') }} as usable_from
    from starts
    inner join benefit_spans
        on
            starts.scheme_id = benefit_spans.scheme_id
            and starts.person_key = benefit_spans.person_key
    left join rules
        on
            starts.scheme_id = rules.scheme_id
            and {{ is_in_force('rules', year_start('starts.cover_year')) }}

),

spans as (

    select
        *,
        greatest(starts_on, usable_from) as covered_from,
        least(coalesce(benefits_to, {{ year_start('cover_year + 1') }}), {{ year_start('cover_year + 1') }})
            as covered_to
    from usable

)

select
    {{ surrogate_key(['person_key', 'scheme_id', 'covered_from']) }} as cover_span_key,
    person_key,
    scheme_id,
    covered_from,
    covered_to,
    cast(cover_year as integer) as cover_year,
    cover_rule,
    starts_on,
    channel,
    payer,
    paid_on,
    is_renewed_by_consent
from spans
where covered_from < covered_to
