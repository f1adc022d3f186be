-- The standard of a scheme's year, and the benefits that it offers on the first day of it, as measures (rule J1).
with

years as (

    select distinct
        scheme_id,
        benefit_year,
        {{ year_start('benefit_year') }} as starts_on
    from {{ ref('int_disclosure_summary') }}

),

schedules as (

    select
        schedules.*,
        years.benefit_year,
        schedules.insurance_type || '|' || schedules.assistance_category as row_code
    from {{ ref('benefit_schedule') }} as schedules
    inner join years
        on
            schedules.scheme_id = years.scheme_id
            and {{ is_valid_on('schedules', 'years.starts_on') }}

),

measures as (

    {%- for measure in ['deductible', 'annual_limit'] %}
    select distinct
        scheme_id,
        benefit_year,
        row_code,
        'all' as column_code,
        '{{ measure }}' as measure,
        'yuan' as unit,
        cast({{ measure }} as decimal(18, 4)) as measure_value
    from schedules
    where {{ measure }} is not null
    union all
    {%- endfor %}
    select
        scheme_id,
        benefit_year,
        row_code,
        'tier_' || cast(tier_no as {{ dbt.type_string() }}) as column_code,
        'lower_bound' as measure,
        'yuan' as unit,
        cast(lower_bound as decimal(18, 4)) as measure_value
    from schedules
    union all
    select
        scheme_id,
        benefit_year,
        row_code,
        'tier_' || cast(tier_no as {{ dbt.type_string() }}) as column_code,
        'rate' as measure,
        'rate' as unit,
        cast(rate as decimal(18, 4)) as measure_value
    from schedules
    union all
    select
        standards.scheme_id,
        standards.benefit_year,
        standards.insurance_type as row_code,
        'all' as column_code,
        'per_capita_amount' as measure,
        'yuan' as unit,
        cast(standards.per_capita_amount as decimal(18, 4)) as measure_value
    from {{ ref('funding_standard') }} as standards
    inner join years
        on
            standards.scheme_id = years.scheme_id
            and standards.benefit_year = years.benefit_year

)

select * from measures
