-- Every settlement of a covered pool finds the scheme, its terms, its ladder and its coverage in force on the date
-- whose terms apply (rule D5). One that does not is an error and never paid at an old value: the rows say for which
-- dates the seeds lack policy, how many settlements wait for it, and what to do. Settlements are counted by date
-- first, so that the policy is looked up once a date.
{{ config(severity='error') }}

with

dates as (

    select
        scheme_id,
        insurance_type,
        terms_on,
        count(*) as settlements,
        min(settlement_id) as lowest_settlement_id,
        max(settlement_id) as highest_settlement_id
    from {{ ref('int_scheme_settlement') }}
    -- Medical aid and relief take their numbers from pool_parameter (rule F2).
    where scheme_kind in ('critical_illness', 'supplementary')
    group by scheme_id, insurance_type, terms_on

),

in_force as (

    select
        dates.scheme_id,
        dates.insurance_type,
        dates.terms_on,
        'scheme' as part
    from dates
    inner join {{ ref('scheme') }} as scheme
        on
            dates.scheme_id = scheme.scheme_id
            and {{ is_in_force('scheme', 'dates.terms_on') }}

    union

    select
        dates.scheme_id,
        dates.insurance_type,
        dates.terms_on,
        'terms' as part
    from dates
    inner join {{ ref('int_pool_term') }} as terms
        on
            dates.scheme_id = terms.scheme_id
            and dates.insurance_type = terms.insurance_type
            and {{ is_valid_on('terms', 'dates.terms_on') }}

    union

    select
        dates.scheme_id,
        dates.insurance_type,
        dates.terms_on,
        'ladder' as part
    from dates
    inner join {{ ref('benefit_schedule') }} as schedule
        on
            dates.scheme_id = schedule.scheme_id
            and dates.insurance_type = schedule.insurance_type
            and {{ is_valid_on('schedule', 'dates.terms_on') }}

    union

    select
        dates.scheme_id,
        dates.insurance_type,
        dates.terms_on,
        'coverage' as part
    from dates
    inner join {{ ref('coverage') }} as coverage
        on
            dates.scheme_id = coverage.scheme_id
            and {{ is_in_force('coverage', 'dates.terms_on') }}

),

parts as (

    select
        scheme_id,
        insurance_type,
        terms_on,
        max(case when part = 'scheme' then 1 else 0 end) as has_scheme,
        max(case when part = 'terms' then 1 else 0 end) as has_terms,
        max(case when part = 'ladder' then 1 else 0 end) as has_ladder,
        max(case when part = 'coverage' then 1 else 0 end) as has_coverage
    from in_force
    group by scheme_id, insurance_type, terms_on

),

looked_up as (

    select
        dates.*,
        coalesce(parts.has_scheme, 0) = 1 as has_scheme,
        coalesce(parts.has_terms, 0) = 1 as has_terms,
        coalesce(parts.has_ladder, 0) = 1 as has_ladder,
        coalesce(parts.has_coverage, 0) = 1 as has_coverage
    from dates
    left join parts
        on
            dates.scheme_id = parts.scheme_id
            and dates.insurance_type = parts.insurance_type
            and dates.terms_on = parts.terms_on

),

lacking as (

    select
        scheme_id,
        insurance_type,
        terms_on,
        settlements,
        lowest_settlement_id,
        highest_settlement_id,
        concat_ws(
            ', ',
            case when not has_scheme then 'scheme' end,
            case when not has_terms then 'terms' end,
            case when not has_ladder then 'ladder' end,
            case when not has_coverage then 'coverage' end
        ) as lacks,
        has_scheme
    from looked_up
    where not (has_scheme and has_terms and has_ladder and has_coverage)

),

sample_ids as (

    select
        scheme_id,
        insurance_type,
        lacks,
        lowest_settlement_id as settlement_id
    from lacking
    union
    select
        scheme_id,
        insurance_type,
        lacks,
        highest_settlement_id as settlement_id
    from lacking

),

numbered as (

    select
        *,
        row_number() over (partition by scheme_id, insurance_type, lacks order by settlement_id) as sample_no
    from sample_ids

),

samples as (

    select
        scheme_id,
        insurance_type,
        lacks,
        concat_ws(
            ', ',
            max(case when sample_no = 1 then settlement_id end),
            max(case when sample_no = 2 then settlement_id end),
            max(case when sample_no = 3 then settlement_id end)
        ) as sample_settlement_ids
    from numbered
    where sample_no <= 3
    group by scheme_id, insurance_type, lacks

),

spans as (

    select
        scheme_id,
        insurance_type,
        lacks,
        has_scheme,
        min(terms_on) as first_date,
        max(terms_on) as last_date,
        sum(settlements) as settlements
    from lacking
    group by scheme_id, insurance_type, lacks, has_scheme

)

select
    spans.scheme_id,
    spans.insurance_type,
    spans.lacks,
    spans.first_date,
    spans.last_date,
    spans.settlements,
    samples.sample_settlement_ids,
    case
        when not spans.has_scheme then 'extend the scheme in seeds/policy/scheme.csv to these dates, and '
        else ''
    end
    || 'add rows in force on these dates to seeds/policy/benefit_term.csv, benefit_tier.csv, coverage.csv' as what_to_do
from spans
inner join samples
    on
        spans.scheme_id = samples.scheme_id
        and spans.insurance_type = samples.insurance_type
        and spans.lacks = samples.lacks
