-- The accumulator of a person-year starts at 0 and ends at the sum of what was eligible (rules E1, E2). Added up
-- over a person-year, what each settlement found is what those before it left: a settlement that takes the wrong
-- place, or is missing, breaks the sum. Sums of a person-year instead of a comparison with the row before: that
-- would sort the whole table.
with

placed as (

    select
        person_key,
        scheme_id,
        benefit_year,
        accumulated_before,
        accumulated_after,
        eligible_expense,
        -- A blank sorts before the point of a fraction of a second.
        concat_ws(' ', cast(settled_at as {{ dbt.type_string() }}), settlement_id) as place
    from {{ ref('fct_payout') }}

),

person_years as (

    select
        person_key,
        scheme_id,
        benefit_year,
        min_by(accumulated_before, place) as first_found,
        max_by(accumulated_after, place) as last_left,
        sum(eligible_expense) as eligible_expense
    from placed
    group by person_key, scheme_id, benefit_year

)

select * from person_years
where first_found <> 0 or last_left <> eligible_expense
