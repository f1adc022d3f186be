-- Stays that cost far more than their peers (rule I9).
with

stays as (

    select * from {{ ref('int_standing_claim') }}
    where care_type = 'inpatient'

),

peers as (

    select * from {{ ref('int_review_peer') }}

)

select {{ review_finding('R11', {
    'settlement_id': 'stays.settlement_id',
    'finding_count': 'peers.peers',
    'observed_value': 'stays.total_cost',
    'expected_value': 'peers.median_cost + rules.threshold * peers.median_deviation',
    'evidence': "'cost ' || " ~ said('stays.total_cost') ~ " || ', median of ' || " ~ said('peers.peers')
        ~ " || ' peers ' || " ~ said('peers.median_cost') ~ " || ', median deviation ' || "
        ~ said('peers.median_deviation'),
}) }}
from stays
inner join peers
    on
        stays.pool_region_code = peers.pool_region_code
        and stays.disease_code = peers.disease_code
        and stays.hospital_level = peers.hospital_level
inner join {{ review_rule('R11', 'stays') }}
where
    peers.peers >= rules.minimum_peers
    -- Where half of the peers cost the same there is no measure of far.
    and peers.median_deviation > 0
    and stays.total_cost > peers.median_cost + rules.threshold * peers.median_deviation
