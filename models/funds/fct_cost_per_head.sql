-- Cost per head by county, insurance type and age band: how often critical illness insurance pays, and how much (rules
-- H1, H3).
with

heads as (

    select * from {{ ref('int_head_count') }}
    where head_basis = 'census'

),

paid as (

    select * from {{ ref('int_paid_person_age') }}

),

bands as (

    select * from {{ ref('age_band') }}

),

combined as (

    select
        scheme_id,
        region_code,
        insurance_type,
        benefit_year,
        birth_year,
        insured_heads,
        0 as payout_amount,
        0 as persons_paid,
        0 as cases_paid
    from heads
    union all
    select
        scheme_id,
        region_code,
        insurance_type,
        benefit_year,
        birth_year,
        0 as insured_heads,
        payout_amount,
        persons_paid,
        cases_paid
    from paid

),

-- Age is that reached in the benefit year.
sums as (

    select
        combined.scheme_id,
        combined.region_code,
        combined.insurance_type,
        combined.benefit_year,
        coalesce(bands.age_band, 'unknown') as age_band,
        sum(combined.insured_heads) as insured_heads,
        sum(combined.payout_amount) as payout_amount,
        sum(combined.persons_paid) as persons_paid,
        sum(combined.cases_paid) as cases_paid
    from combined
    left join bands
        on
            combined.benefit_year - combined.birth_year >= bands.from_age
            and (bands.to_age is null or combined.benefit_year - combined.birth_year < bands.to_age)
    group by
        combined.scheme_id,
        combined.region_code,
        combined.insurance_type,
        combined.benefit_year,
        coalesce(bands.age_band, 'unknown')

)

select
    {{ surrogate_key(['scheme_id', 'region_code', 'insurance_type', 'age_band', 'benefit_year']) }} as cost_key,
    scheme_id,
    region_code,
    insurance_type,
    age_band,
    benefit_year,
    cast(insured_heads as bigint) as insured_heads,
    cast(persons_paid as bigint) as persons_paid,
    cast(cases_paid as bigint) as cases_paid,
    cast(payout_amount as decimal(18, 2)) as payout_amount,
    {{ ratio('payout_amount', 'insured_heads', 2) }} as cost_per_head,
    {{ ratio('persons_paid', 'insured_heads', 6) }} as person_frequency,
    {{ ratio('cases_paid', 'insured_heads', 6) }} as case_frequency,
    {{ ratio('payout_amount', 'cases_paid', 2) }} as severity,
    {{ ratio('payout_amount', 'persons_paid', 2) }} as payout_per_person
from sums
