{#- The assistance category under which a settlement is paid, for the people that have held one (rules C1, C2). -#}
{%- macro categories_at_claim(settlements, spells, category_terms) -%}
with

settlements as (

    select * from {{ settlements }}

),

spells as (

    select * from {{ spells }}

),

category_terms as (

    select * from {{ category_terms }}

),

held as (

    select
        settlements.settlement_id,
        settlements.scheme_id,
        settlements.insurance_type,
        settlements.terms_on,
        spells.assistance_category
    from settlements
    inner join spells
        on
            settlements.person_key = spells.person_key
            and case
                when settlements.status_change_rule = 'retroactive'
                    -- Any day of the benefit year counts for the whole of it.
                    then
                        extract(year from spells.held_from) <= settlements.benefit_year
                        and (
                            spells.held_to is null
                            or extract(year from {{ add_days('spells.held_to', -1) }}) >= settlements.benefit_year
                        )
                else
                    spells.held_from <= settlements.terms_on
                    and (spells.held_to is null or settlements.terms_on < spells.held_to)
            end

),

-- Several at once: the highest in priority of those that change something in this scheme; a category of which the
-- scheme says nothing must not hide one of which it does.
ranked as (

    select
        held.settlement_id,
        held.scheme_id,
        held.assistance_category,
        row_number() over (
            partition by held.settlement_id, held.scheme_id
            order by case when category_terms.is_modified then 0 else 1 end, category_terms.priority
        ) as preference
    from held
    inner join category_terms
        on
            held.scheme_id = category_terms.scheme_id
            and held.insurance_type = category_terms.insurance_type
            and held.assistance_category = category_terms.assistance_category
            and {{ is_valid_on('category_terms', 'held.terms_on') }}

)

select
    settlement_id,
    scheme_id,
    assistance_category
from ranked
where preference = 1
{%- endmacro -%}
