-- No settlement finds two versions of the policy (rule D5): two rows of terms for one expense pool, or two for one
-- tier, would pay it twice, and a second row of the scheme would count its coverage twice. Looked up once for each
-- scheme, insurance type and date that settlements have.
with

dates as (

    select distinct
        scheme_id,
        insurance_type,
        terms_on
    from {{ ref('int_scheme_settlement') }}

),

matches as (

    select
        dates.scheme_id,
        dates.insurance_type,
        dates.terms_on,
        'scheme' as policy_table,
        dates.scheme_id as policy_row
    from dates
    inner join {{ ref('scheme') }} as scheme
        on
            dates.scheme_id = scheme.scheme_id
            and {{ is_in_force('scheme', 'dates.terms_on') }}

    union all

    select
        dates.scheme_id,
        dates.insurance_type,
        dates.terms_on,
        'benefit_term' as policy_table,
        concat_ws(' ', terms.assistance_category, terms.expense_pool) as policy_row
    from dates
    inner join {{ ref('int_pool_term') }} as terms
        on
            dates.scheme_id = terms.scheme_id
            and dates.insurance_type = terms.insurance_type
            and {{ is_valid_on('terms', 'dates.terms_on') }}

    union all

    select
        dates.scheme_id,
        dates.insurance_type,
        dates.terms_on,
        'benefit_tier' as policy_table,
        concat_ws(' ', schedule.assistance_category, cast(schedule.tier_no as {{ dbt.type_string() }})) as policy_row
    from dates
    inner join {{ ref('benefit_schedule') }} as schedule
        on
            dates.scheme_id = schedule.scheme_id
            and dates.insurance_type = schedule.insurance_type
            and {{ is_valid_on('schedule', 'dates.terms_on') }}

    union all

    select
        dates.scheme_id,
        dates.insurance_type,
        dates.terms_on,
        'coverage' as policy_table,
        concat_ws(
            ' ',
            coverage.expense_pool,
            coverage.care_type,
            coverage.component,
            coverage.item_type,
            coverage.item_list_id,
            coverage.list_rule
        ) as policy_row
    from dates
    inner join {{ ref('coverage') }} as coverage
        on
            dates.scheme_id = coverage.scheme_id
            and {{ is_in_force('coverage', 'dates.terms_on') }}

),

doubled as (

    select
        scheme_id,
        insurance_type,
        terms_on,
        policy_table,
        policy_row,
        count(*) as versions
    from matches
    group by scheme_id, insurance_type, terms_on, policy_table, policy_row
    having count(*) > 1

)

select
    scheme_id,
    insurance_type,
    policy_table,
    policy_row,
    min(terms_on) as first_date,
    max(terms_on) as last_date,
    max(versions) as versions,
    'keep one row in force on these dates in seeds/policy/' || policy_table || '.csv' as what_to_do
from doubled
group by scheme_id, insurance_type, policy_table, policy_row
