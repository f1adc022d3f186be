-- Extra aid for referred care inside the province, and stays without a deposit (rules I7, I8).
with

claims as (

    select * from {{ ref('int_referred_aided_claim') }}

),

parameters as (

    select * from {{ ref('pool_parameter') }}

),

accumulated as (

    select
        *,
        cast(sum(out_of_pocket) over (
            partition by person_key, pool_region_code, benefit_year
            order by settled_on, settlement_id
            rows between unbounded preceding and current row
        ) as decimal(18, 2)) as borne_after
    from claims
    where is_inside_province

),

terms as (

    select
        accumulated.settlement_id,
        max(case when parameters.parameter = 'tilt_threshold' then cast(parameters.value as decimal(18, 2)) end)
            as threshold,
        max(case when parameters.parameter = 'tilt_rate' then cast(parameters.value as decimal(6, 4)) end) as rate,
        max(case when parameters.parameter = 'tilt_annual_limit' then cast(parameters.value as decimal(18, 2)) end)
            as annual_limit,
        max({{ status_rank('parameters.status') }}) as status_rank
    from accumulated
    inner join parameters
        on
            accumulated.pool_region_code = parameters.pool_region_code
            and parameters.parameter like 'tilt_%'
            and {{ is_in_force('parameters', 'accumulated.settled_on') }}
    group by accumulated.settlement_id

),

-- As in every other layer: what the year has come to after the settlement less the same before it (rule E4).
tilted as (

    select
        accumulated.settlement_id,
        accumulated.borne_after - accumulated.out_of_pocket as borne_before,
        accumulated.borne_after,
        least(
            {{ share_of('greatest(accumulated.borne_after - terms.threshold, 0)', 'terms.rate') }}, terms.annual_limit
        ) as tilt_after,
        least(
            {{ share_of(
                'greatest(accumulated.borne_after - accumulated.out_of_pocket - terms.threshold, 0)', 'terms.rate'
            ) }}, terms.annual_limit
        ) as tilt_before,
        terms.status_rank
    from accumulated
    inner join terms on accumulated.settlement_id = terms.settlement_id

),

measures as (

    select
        settlement_id,
        'tilt' as measure,
        cast(borne_before as decimal(18, 2)) as borne_before,
        borne_after,
        cast(tilt_after - tilt_before as decimal(18, 2)) as tilt_amount,
        {{ status_name('status_rank') }} as parameter_status
    from tilted
    where tilt_after <> tilt_before
    union all
    select
        claims.settlement_id,
        'deposit_waiver' as measure,
        cast(null as decimal(18, 2)) as borne_before,
        cast(null as decimal(18, 2)) as borne_after,
        cast(null as decimal(18, 2)) as tilt_amount,
        parameters.status as parameter_status
    from claims
    inner join parameters
        on
            claims.pool_region_code = parameters.pool_region_code
            and parameters.parameter = 'deposit_waived_' || claims.assistance_category
            and parameters.value = 'true'
            and {{ is_in_force('parameters', 'claims.settled_on') }}
    where claims.care_type = 'inpatient' and claims.is_from_primary_care and claims.is_inside_pool

)

select
    {{ surrogate_key(['measures.settlement_id', 'measures.measure']) }} as tilt_key,
    measures.settlement_id,
    measures.measure,
    claims.person_key,
    claims.benefit_year,
    claims.settled_on,
    claims.region_code,
    claims.pool_region_code,
    claims.assistance_category,
    claims.institution_code,
    claims.referral_id,
    claims.referring_institution_code,
    claims.out_of_pocket,
    measures.borne_before,
    measures.borne_after,
    measures.tilt_amount,
    measures.parameter_status
from measures
inner join claims on measures.settlement_id = claims.settlement_id
