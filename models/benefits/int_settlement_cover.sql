-- Whether a settlement lies inside the cover of the supplementary insurance, and why it does not (rule G6).
with

settlements as (

    select
        settlement_id,
        scheme_id,
        person_key,
        terms_on,
        {{ year_of('terms_on') }} as cover_year
    from {{ ref('int_scheme_settlement') }}
    where scheme_kind = 'supplementary'

),

starts as (

    select * from {{ ref('int_cover_start') }}

),

benefit_spans as (

    -- An open end as a date: with a condition on NULL the join below would compare every row with every other.
    select
        scheme_id,
        person_key,
        benefits_from,
        coalesce(benefits_to, cast('9999-12-31' as date)) as benefits_until
    from {{ ref('int_basic_benefit_span') }}

),

insured as (

    select distinct
        scheme_id,
        person_key
    from benefit_spans

),

cover_spans as (

    select * from {{ ref('fct_cover_span') }}

)

select
    settlements.settlement_id,
    settlements.scheme_id,
    settlements.terms_on,
    case
        when cover_spans.person_key is not null then 'covered'
        when starts.person_key is null then 'not_enrolled'
        when insured.person_key is null then 'not_insured'
        when benefit_spans.person_key is null then 'basic_suspended'
        when starts.starts_on > settlements.terms_on then 'waiting'
        -- Premium and basic benefits are in force: what is left is the waiting time after a break (rule G5).
        else 'waiting_after_break'
    end as cover_status,
    cover_spans.cover_rule
from settlements
left join starts
    on
        settlements.scheme_id = starts.scheme_id
        and settlements.person_key = starts.person_key
        and settlements.cover_year = starts.cover_year
left join insured
    on
        settlements.scheme_id = insured.scheme_id
        and settlements.person_key = insured.person_key
left join benefit_spans
    on
        settlements.scheme_id = benefit_spans.scheme_id
        and settlements.person_key = benefit_spans.person_key
        and benefit_spans.benefits_from <= settlements.terms_on
        and settlements.terms_on < benefit_spans.benefits_until
left join cover_spans
    on
        settlements.scheme_id = cover_spans.scheme_id
        and settlements.person_key = cover_spans.person_key
        and cover_spans.covered_from <= settlements.terms_on
        and settlements.terms_on < cover_spans.covered_to
