-- Every scheme that pays by a ladder has, for each insurance type that it covers and on every date on which it is in
-- force, one row of terms and some coverage for each of its expense pools, and one ladder (rule D5): a settlement must
-- find exactly one version of each parameter that it needs. A row for 'all' beside one for a single type would be two.
-- Medical aid and relief take their numbers from pool_parameter (rule F2). Looked at on every date on which something
-- changes; nothing changes in between.
with

insurance_types as (

    select 'employee' as insurance_type
    union all
    select 'resident' as insurance_type

),

schemes as (

    select
        scheme.scheme_id,
        insurance_types.insurance_type,
        scheme.effective_from,
        scheme.effective_to
    from {{ ref('scheme') }} as scheme
    inner join insurance_types
        on scheme.insurance_type in (insurance_types.insurance_type, 'all')
    where scheme.scheme_kind in ('critical_illness', 'supplementary')

),

parts as (

    select
        'terms' as part,
        scheme_id,
        insurance_type,
        expense_pool,
        effective_from,
        effective_to
    from {{ ref('benefit_term') }}
    union all
    select
        'ladder' as part,
        scheme_id,
        insurance_type,
        cast(null as {{ dbt.type_string() }}) as expense_pool,
        effective_from,
        effective_to
    from {{ ref('benefit_tier') }}
    union all
    select
        'coverage' as part,
        scheme_id,
        'all' as insurance_type,
        expense_pool,
        effective_from,
        effective_to
    from {{ ref('coverage') }}

),

change_dates as (

    select
        scheme_id,
        effective_from as on_date
    from schemes
    union
    select
        scheme_id,
        effective_from as on_date
    from parts
    union
    select
        scheme_id,
        effective_to as on_date
    from parts
    where effective_to is not null

),

parts_in_force as (

    select
        schemes.scheme_id,
        schemes.insurance_type,
        change_dates.on_date,
        parts.part,
        parts.insurance_type as given_for,
        parts.expense_pool
    from schemes
    inner join change_dates
        on
            schemes.scheme_id = change_dates.scheme_id
            and change_dates.on_date >= schemes.effective_from
            and (schemes.effective_to is null or change_dates.on_date < schemes.effective_to)
    left join parts
        on
            schemes.scheme_id = parts.scheme_id
            and parts.insurance_type in (schemes.insurance_type, 'all')
            and change_dates.on_date >= parts.effective_from
            and (parts.effective_to is null or change_dates.on_date < parts.effective_to)

),

by_scheme as (

    select
        scheme_id,
        insurance_type,
        on_date,
        cast(null as {{ dbt.type_string() }}) as expense_pool,
        case
            when sum(case when part = 'terms' then 1 else 0 end) = 0
                then 'The scheme has no terms on this date: add rows to benefit_term.'
            when sum(case when part = 'coverage' then 1 else 0 end) = 0
                then 'The scheme covers nothing on this date: add rows to coverage.'
            when count(distinct case when part = 'ladder' then given_for end) = 0
                then 'The scheme has no ladder on this date: add rows to benefit_tier.'
            when count(distinct case when part = 'ladder' then given_for end) > 1
                then
                    'Two ladders on this date, one for all and one for the type: '
                    || 'give the ladder for all, or for each type.'
        end as problem
    from parts_in_force
    group by
        scheme_id,
        insurance_type,
        on_date

),

by_pool as (

    select
        scheme_id,
        insurance_type,
        on_date,
        expense_pool,
        case
            when sum(case when part = 'terms' then 1 else 0 end) = 0
                then 'Coverage counts expense in a pool without terms on this date: add a row to benefit_term.'
            when sum(case when part = 'coverage' then 1 else 0 end) = 0
                then 'Nothing is counted in this pool on this date: add rows to coverage.'
            when sum(case when part = 'terms' then 1 else 0 end) > 1
                then 'Two rows of terms for the pool on this date: give the terms for all, or for each type.'
        end as problem
    from parts_in_force
    where expense_pool is not null
    group by
        scheme_id,
        insurance_type,
        on_date,
        expense_pool

),

problems as (

    select * from by_scheme
    union all
    select * from by_pool

)

select * from problems
where problem is not null
