{#-
    The tiers in force on any date form one ladder (rules D2, D3, E4): numbered from 1, starting at 0 or, where bounds are
    gross, at the deductible; each tier starts where the one before it ends, the last one is open, and rates lie in 0 to 1 and
    do not fall. Steps below the deductible of one expense pool come first, and end at that deductible. A hole between tiers would pay nothing for the expense in it, an overlap would pay twice. The ladder is looked
    at on every date on which it or its terms change, because nothing changes in between.
-#}
{% test tiers_are_contiguous(model, terms) %}

with

tiers as (

    select * from {{ model }}

),

terms as (

    select * from {{ terms }}

),

ladders as (

    select distinct
        scheme_id,
        insurance_type
    from tiers

),

change_dates as (

    select
        scheme_id,
        effective_from as on_date
    from tiers
    union
    select
        scheme_id,
        effective_to as on_date
    from tiers
    where effective_to is not null
    union
    select
        scheme_id,
        effective_from as on_date
    from terms

),

ladder_starts as (

    select
        ladders.scheme_id,
        ladders.insurance_type,
        change_dates.on_date,
        min(case when terms.tier_basis = 'gross' then terms.deductible end) as gross_deductible
    from ladders
    inner join change_dates
        on ladders.scheme_id = change_dates.scheme_id
    left join terms
        on ladders.scheme_id = terms.scheme_id
        and (ladders.insurance_type = terms.insurance_type or 'all' in (ladders.insurance_type, terms.insurance_type))
        and change_dates.on_date >= terms.effective_from
        and (terms.effective_to is null or change_dates.on_date < terms.effective_to)
    group by
        ladders.scheme_id,
        ladders.insurance_type,
        change_dates.on_date

),

steps as (

    select
        ladder_starts.scheme_id,
        ladder_starts.insurance_type,
        ladder_starts.on_date,
        ladder_starts.gross_deductible,
        tiers.tier_no,
        tiers.expense_pool,
        tiers.lower_bound,
        tiers.upper_bound,
        tiers.rate,
        step_terms.deductible as step_deductible,
        row_number() over all_tiers as tier_place,
        row_number() over ladder as step_no,
        lag(tiers.upper_bound) over ladder as previous_upper_bound,
        lag(tiers.rate) over all_tiers as previous_rate,
        lead(tiers.tier_no) over ladder as next_tier_no
    from ladder_starts
    inner join tiers
        on ladder_starts.scheme_id = tiers.scheme_id
        and ladder_starts.insurance_type = tiers.insurance_type
        and ladder_starts.on_date >= tiers.effective_from
        and (tiers.effective_to is null or ladder_starts.on_date < tiers.effective_to)
    left join terms as step_terms
        on tiers.scheme_id = step_terms.scheme_id
        and tiers.expense_pool = step_terms.expense_pool
        and (tiers.insurance_type = step_terms.insurance_type or 'all' in (tiers.insurance_type, step_terms.insurance_type))
        and ladder_starts.on_date >= step_terms.effective_from
        and (step_terms.effective_to is null or ladder_starts.on_date < step_terms.effective_to)
    window
        all_tiers as (
            partition by ladder_starts.scheme_id, ladder_starts.insurance_type, ladder_starts.on_date
            order by tiers.tier_no, tiers.lower_bound
        ),
        ladder as (
            partition by
                ladder_starts.scheme_id, ladder_starts.insurance_type, ladder_starts.on_date,
                coalesce(tiers.expense_pool, '')
            order by tiers.tier_no, tiers.lower_bound
        )

),

problems as (

    select
        *,
        case
            when tier_no <> tier_place
                then 'Tiers in force on one date are numbered 1, 2, 3 and so on, each once: mend tier_no, or the dates of the tiers.'
            when expense_pool is not null and step_deductible is null
                then 'A step belongs to an expense pool with terms on this date: mend expense_pool, or add its terms.'
            when expense_pool is null and step_no = 1 and lower_bound <> 0 and (gross_deductible is null or lower_bound <> gross_deductible)
                then 'The first tier starts at 0, or at the deductible where tier_basis is gross: mend lower_bound.'
            when step_no > 1 and (previous_upper_bound is null or lower_bound <> previous_upper_bound)
                then 'The tier must start where the one before it ends: mend lower_bound, or upper_bound of that one.'
            when expense_pool is not null and next_tier_no is null and (upper_bound is null or upper_bound <> step_deductible)
                then 'The last step ends at the deductible of its pool: mend upper_bound, or the deductible.'
            when expense_pool is null and next_tier_no is null and upper_bound is not null
                then 'The last tier is open: leave upper_bound blank, or add the tier above it.'
            when upper_bound <= lower_bound
                then 'The tier ends before it starts: mend upper_bound.'
            when rate < 0 or rate > 1
                then 'The rate is a share of 1: write 70% as 0.7000.'
            when rate < previous_rate
                then 'The rate is lower than that of the tier before it: rates do not fall.'
        end as problem
    from steps

)

select * from problems
where problem is not null

{% endtest %}
