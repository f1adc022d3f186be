-- What a stay costs among its peers: median and median absolute deviation, by pool, disease and level (rule I9).
-- Both hold against the few outliers that are looked for, which a mean and a standard deviation would follow.
with

stays as (

    select
        pool_region_code,
        disease_code,
        hospital_level,
        settlement_id,
        total_cost
    from {{ ref('int_standing_claim') }}
    where care_type = 'inpatient' and disease_code is not null and hospital_level is not null

),

ranked as (

    select
        *,
        row_number() over (
            partition by pool_region_code, disease_code, hospital_level
            order by total_cost, settlement_id
        ) as place,
        count(*) over (partition by pool_region_code, disease_code, hospital_level) as peers
    from stays

),

medians as (

    select
        pool_region_code,
        disease_code,
        hospital_level,
        peers,
        total_cost as median_cost
    from ranked
    where {{ is_percentile('place', 'peers', 50) }}

),

deviations as (

    select
        medians.*,
        abs(stays.total_cost - medians.median_cost) as deviation,
        row_number() over (
            partition by medians.pool_region_code, medians.disease_code, medians.hospital_level
            order by abs(stays.total_cost - medians.median_cost), stays.settlement_id
        ) as place
    from stays
    inner join medians
        on
            stays.pool_region_code = medians.pool_region_code
            and stays.disease_code = medians.disease_code
            and stays.hospital_level = medians.hospital_level

)

select
    pool_region_code,
    disease_code,
    hospital_level,
    peers,
    median_cost,
    cast(deviation as decimal(18, 2)) as median_deviation
from deviations
where {{ is_percentile('place', 'peers', 50) }}
