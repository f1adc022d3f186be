-- What a scheme counts of a settlement, by expense pool: the coverage matrix applied (rule B7).
with

settlements as (

    select * from {{ ref('int_scheme_settlement') }}

),

coverage as (

    select * from {{ ref('coverage') }}

),

from_lines as (

    select * from {{ ref('int_eligible_line_expense') }}

),

-- Rows of the matrix that the settlement itself can answer. Own expense is only known through its lines (rule B4).
from_settlement as (

    select
        settlements.settlement_id,
        settlements.scheme_id,
        settlements.person_key,
        settlements.benefit_year,
        coverage.expense_pool,
        {{ share_of("case coverage.component
            when 'coinsurance' then settlements.coinsurance
            when 'class_b_self_pay' then settlements.class_b_self_pay
            when 'transfer_self_pay' then settlements.transfer_self_pay
            when 'over_limit' then settlements.over_limit
        end", 'coverage.share') }} as amount,
        1 as status_rank
    from settlements
    inner join coverage
        on
            settlements.scheme_id = coverage.scheme_id
            and settlements.care_type = coverage.care_type
            and {{ is_in_force('coverage', 'settlements.terms_on') }}
            and coverage.item_type is null
            and coverage.item_list_id is null
            and coverage.component not in ('own_expense', 'restricted_use')

),

combined as (

    select * from from_settlement

    union all

    select
        settlement_id,
        scheme_id,
        person_key,
        benefit_year,
        expense_pool,
        amount,
        status_rank
    from from_lines

)

select
    settlement_id,
    scheme_id,
    person_key,
    benefit_year,
    expense_pool,
    cast(sum(amount) as decimal(18, 2)) as eligible_expense,
    max(status_rank) as status_rank
from combined
where amount <> 0
group by settlement_id, scheme_id, person_key, benefit_year, expense_pool
