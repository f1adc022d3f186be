-- What a scheme counts of a settlement through its fee lines: item types and item lists (rules B4, B5, B7).
with

settlements as (

    select * from {{ ref('int_scheme_settlement') }}

),

coverage as (

    select * from {{ ref('coverage') }}

),

fee_components as (

    select * from {{ ref('int_fee_component') }}

),

item_lists as (

    select * from {{ ref('item_list') }}

),

fee_component_coverage as (

    select
        settlements.settlement_id,
        settlements.scheme_id,
        settlements.person_key,
        settlements.benefit_year,
        settlements.disease_code,
        settlements.terms_on,
        coverage.expense_pool,
        coverage.component,
        coverage.item_type,
        coverage.item_list_id,
        coverage.list_rule,
        coverage.share,
        fee_components.item_code,
        fee_components.amount
    from fee_components
    inner join settlements on fee_components.settlement_id = settlements.settlement_id
    inner join coverage
        on
            settlements.scheme_id = coverage.scheme_id
            and settlements.care_type = coverage.care_type
            and fee_components.component = coverage.component
            -- Without a type a line is unclassified and not covered (rule B4), unless a list says what the item is.
            and (
                fee_components.item_type = coalesce(coverage.item_type, fee_components.item_type)
                or (coverage.item_type is null and coverage.item_list_id is not null and coverage.list_rule = 'in')
            )
            and {{ is_in_force('coverage', 'settlements.terms_on') }}
            and (
                coverage.item_type is not null
                or coverage.item_list_id is not null
                or coverage.component in ('own_expense', 'restricted_use')
            )

),

-- An item may stand on a list for several diseases; it counts once (rule B5).
listed as (

    select
        lines.settlement_id,
        lines.scheme_id,
        lines.item_list_id,
        lines.item_code,
        max({{ status_rank('item_lists.status') }}) as status_rank
    from fee_component_coverage as lines
    inner join item_lists
        on
            lines.item_list_id = item_lists.item_list_id
            and lines.item_code = item_lists.item_code
            and (item_lists.disease_code is null or item_lists.disease_code = lines.disease_code)
            and {{ is_in_force('item_lists', 'lines.terms_on') }}
    group by lines.settlement_id, lines.scheme_id, lines.item_list_id, lines.item_code

),

counted as (

    select
        lines.*,
        coalesce(listed.status_rank, 1) as status_rank
    from fee_component_coverage as lines
    left join listed
        on
            lines.settlement_id = listed.settlement_id
            and lines.scheme_id = listed.scheme_id
            and lines.item_list_id = listed.item_list_id
            and lines.item_code = listed.item_code
    where
        lines.item_list_id is null
        or (lines.list_rule = 'in' and listed.item_code is not null)
        or (lines.list_rule = 'not_in' and listed.item_code is null)

)

select
    settlement_id,
    scheme_id,
    person_key,
    benefit_year,
    expense_pool,
    component,
    {{ share_of('sum(amount)', 'share') }} as amount,
    max(status_rank) as status_rank
from counted
group by
    settlement_id, scheme_id, person_key, benefit_year, expense_pool,
    component, item_type, item_list_id, list_rule, share
