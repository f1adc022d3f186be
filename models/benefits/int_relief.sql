-- Relief: what a person bears of the year above the ceiling of the pool and category, before and after each settlement
-- under the category in force at it (rules E6, I2).
with

aided as (

    select * from {{ ref('int_aided_settlement') }}

),

parameters as (

    select * from {{ ref('pool_parameter') }}

),

pools as (

    select distinct
        scheme_id,
        pool_region_code
    from {{ ref('scheme') }}

),

ceilings as (

    select
        aided.settlement_id,
        aided.person_key,
        aided.benefit_year,
        aided.assistance_category,
        cast(parameters.value as decimal(18, 2)) as ceiling,
        {{ status_rank('parameters.status') }} as status_rank
    from aided
    inner join pools on aided.scheme_id = pools.scheme_id
    inner join parameters
        on
            pools.pool_region_code = parameters.pool_region_code
            and parameters.parameter = 'relief_ceiling_' || aided.assistance_category
            and {{ is_in_force('parameters', 'aided.terms_on') }}

),

person_years as (

    select distinct
        person_key,
        benefit_year
    from ceilings

),

borne as (

    select
        shares.settlement_id,
        shares.person_key,
        shares.benefit_year,
        shares.settled_at,
        shares.left_over,
        cast(sum(shares.left_over) over (
            partition by shares.person_key, shares.benefit_year
            order by shares.settled_at, shares.settlement_id
            rows between unbounded preceding and current row
        ) as decimal(18, 2)) as borne_after
    from {{ ref('int_layer_share') }} as shares
    inner join person_years
        on
            shares.person_key = person_years.person_key
            and shares.benefit_year = person_years.benefit_year

),

claimed as (

    select
        borne.*,
        ceilings.assistance_category,
        ceilings.ceiling,
        coalesce(ceilings.status_rank, 1) as status_rank,
        case
            when ceilings.ceiling is null then 0
            else
                greatest(borne.borne_after - ceilings.ceiling, 0)
                - greatest(borne.borne_after - borne.left_over - ceilings.ceiling, 0)
        end as claim
    from borne
    left join ceilings on borne.settlement_id = ceilings.settlement_id

),

-- Where a category changed, a reversal must not leave more relief than there is burden.
held as (

    select
        *,
        {{ held_to_running('claim', 'left_over', 'account') }} as relief_paid
    from claimed
    window account as (
        partition by person_key, benefit_year
        order by settled_at, settlement_id
        rows between unbounded preceding and current row
    )

)

select
    settlement_id,
    person_key,
    benefit_year,
    assistance_category,
    ceiling,
    cast(borne_after - left_over as decimal(18, 2)) as borne_before,
    borne_after,
    cast(relief_paid as decimal(18, 2)) as relief_paid,
    status_rank
from held
