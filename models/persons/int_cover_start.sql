-- From when the premium of a cover year gives cover, as far as basic benefits allow, and by which rule (rules G1, G3).
with

ranked as (

    select
        *,
        row_number() over (
            partition by scheme_id, person_key, cover_year
            order by preference, paid_on, is_renewed_by_consent, enrolment_id
        ) as choice
    from {{ ref('int_cover_candidate') }}

),

chosen as (

    select
        *,
        cover_rule = 'paid_by_year_end' and former_cover_year is not null as is_continuing
    from ranked
    where choice = 1

),

-- A premium paid in time after one of the year before goes on with that one's cover, or with its waiting time.
chained as (

    select
        *,
        sum(case when is_continuing then 0 else 1 end) over (
            partition by scheme_id, person_key
            order by cover_year
            rows between unbounded preceding and current row
        ) as chain_no
    from chosen

),

with_head as (

    select
        *,
        max(case when not is_continuing then starts_on end) over chain as head_starts_on,
        max(case when not is_continuing then cover_rule end) over chain as head_cover_rule,
        max(case when not is_continuing and preference = 1 then event_on end) over chain as head_event_on
    from chained
    window chain as (partition by scheme_id, person_key, chain_no)

)

select
    scheme_id,
    person_key,
    cover_year,
    enrolment_id,
    paid_on,
    channel,
    payer,
    is_renewed_by_consent,
    case when head_starts_on > starts_on then head_cover_rule else cover_rule end as cover_rule,
    greatest(starts_on, head_starts_on) as starts_on,
    head_event_on as event_on
from with_head
