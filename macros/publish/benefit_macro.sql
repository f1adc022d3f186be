{#- The ladder as a table macro in the published file, for analysts:
    select * from benefit('xianyang_cii', date '2021-06-30', 'registered_poor', 60000)
    It is the ladder of macros/benefit/ladder.sql over benefit_schedule; DuckDB only. -#}
{%- macro create_benefit_macro() -%}
    {{- return(adapter.dispatch('create_benefit_macro', 'dabing')()) -}}
{%- endmacro -%}


{%- macro default__create_benefit_macro() -%}{%- endmacro -%}


{#- DuckDB binds a macro when it is made, so its tables must be there. -#}
{%- macro duckdb__create_benefit_macro() -%}
    {%- if adapter.get_relation(target.database, 'policy', 'benefit_schedule') is not none
        and adapter.get_relation(target.database, 'policy', 'int_pool_term') is not none -%}
        {{ benefit_macro_sql() }}
    {%- endif -%}
{%- endmacro -%}


{#- Every column is qualified: a bare one of a parameter's name would be the parameter. -#}
{%- macro benefit_macro_sql() -%}
create or replace macro main.benefit(scheme, on_date, category, expense, insurance := null) as table
with

in_force as (

    select schedule.*
    from policy.benefit_schedule as schedule
    where
        schedule.scheme_id = scheme
        and schedule.assistance_category = category
        and {{ is_valid_on('schedule', 'cast(on_date as date)') }}
        and (insurance is null or schedule.insurance_type = insurance)

),

-- Where no insurance type is named, its ladders must be the same.
ladder_types as (

    select
        min(in_force.insurance_type) as insurance_type,
        count(*) as tiers,
        count(distinct in_force.insurance_type) * count(distinct row(
            in_force.tier_no, in_force.lower_bound, in_force.upper_bound, in_force.rate, in_force.deductible,
            in_force.annual_limit
        )) as tiers_if_alike
    from in_force

),

troubles as (

    select
        ladder_types.insurance_type,
        {{ benefit_trouble() }} as sentence
    from ladder_types

),

-- The left join and the filter on its left side alone: the sentence is said whatever part of the result is asked for.
ladder as (

    select
        in_force.*,
        cast({{ payable_limit('in_force') }} as decimal(18, 2)) as payable_limit
    from troubles
    left join in_force on troubles.insurance_type = in_force.insurance_type
    where case when troubles.sentence is not null then error(troubles.sentence) else true end

),

payable as (

    select
        ladder.*,
        cast({{ payable_expense('cast(expense as decimal(18, 2))', 'ladder') }} as decimal(18, 2)) as payable_expense
    from ladder

)

select
    payable.tier_no,
    payable.rate,
    cast({{ tier_reached('payable.payable_expense', 'payable') }} as decimal(18, 2)) as tier_expense,
    cast({{ tier_paid('payable.payable_expense', 'payable') }} as decimal(18, 2)) as tier_payout,
    cast(sum({{ tier_paid('payable.payable_expense', 'payable') }}) over () as decimal(18, 2)) as payout_amount,
    payable.lower_bound,
    payable.upper_bound,
    payable.deductible,
    payable.payable_expense,
    payable.insurance_type,
    payable.parameter_status
from payable
order by payable.tier_no;
comment on macro table main.benefit is
    'What a scheme pays on eligible expense of a year, tier by tier; payout_amount is the total of the tiers, in yuan'
    ' (sections D and E). benefit(scheme, on_date, category, expense [, insurance := ''employee'' or ''resident''])'
{%- endmacro -%}


{#- What keeps the question from being answered, as a sentence. -#}
{%- macro benefit_trouble() -%}
        case
            when scheme is null or on_date is null or category is null or expense is null
                then 'Give a scheme, a date, a category and an expense: none of them may be NULL.'
            when scheme not in (select schedule.scheme_id from policy.benefit_schedule as schedule)
                then 'There is no scheme ' || scheme || '. There are: '
                    || (
                        select string_agg(distinct schedule.scheme_id, ', ' order by schedule.scheme_id)
                        from policy.benefit_schedule as schedule
                    ) || '.'
            when category not in (select schedule.assistance_category from policy.benefit_schedule as schedule)
                then 'There is no category ' || category || '. There are: '
                    || (
                        select string_agg(
                            distinct schedule.assistance_category, ', ' order by schedule.assistance_category
                        )
                        from policy.benefit_schedule as schedule
                    ) || '.'
            when insurance not in ('employee', 'resident')
                then 'There is no insurance type ' || insurance || '. There are: employee, resident.'
            when cast(expense as decimal(18, 2)) < 0
                then 'The expense is ' || expense || '. Give the eligible expense of a year, 0 or more.'
            when (
                select count(distinct terms.expense_pool)
                from policy.int_pool_term as terms
                where terms.scheme_id = scheme
            ) > 1
                then 'The scheme ' || scheme || ' has several expense pools with deductibles of their own:'
                    || ' one sum of expense does not say what it pays.'
            when ladder_types.tiers = 0
                then 'No terms of ' || scheme || coalesce(' for insurance type ' || insurance, '') || ' are in force on '
                    || cast(on_date as date) || '. They hold: '
                    || (
                        select string_agg(
                            spans.insurance_type || ' from ' || spans.valid_from
                            || coalesce(' until the day before ' || spans.valid_to, ' on'),
                            ', ' order by spans.insurance_type
                        )
                        from (
                            select
                                schedule.insurance_type,
                                min(schedule.valid_from) as valid_from,
                                case
                                    when count(schedule.valid_to) = count(*) then max(schedule.valid_to)
                                end as valid_to
                            from policy.benefit_schedule as schedule
                            where schedule.scheme_id = scheme
                            group by schedule.insurance_type
                        ) as spans
                    ) || '.'
            when ladder_types.tiers <> ladder_types.tiers_if_alike
                then 'The ladders of ' || scheme || ' differ by insurance type: add insurance := ''employee'' or ''resident''.'
        end
{%- endmacro -%}
