-- Stays that overlap an earlier one, or begin on the day and in the hospital of a discharge (rule I9).
with

stays as (

    select
        settlement_id,
        person_key,
        settled_on,
        institution_code,
        started_on,
        coalesce(ended_on, started_on) as ended_on
    from {{ ref('int_standing_claim') }}
    where care_type = 'inpatient' and started_on is not null

),

-- Among the stays that began before, the one that lasts longest; and the last that ended in the same hospital by then.
with_earlier as (

    select
        *,
        max(concat_ws('|', cast(ended_on as {{ dbt.type_string() }}), settlement_id)) over (
            partition by person_key
            order by started_on, ended_on, settlement_id
            rows between unbounded preceding and 1 preceding
        ) as longest_earlier,
        lag(settlement_id) over same_hospital as former_settlement_id,
        lag(ended_on) over same_hospital as former_ended_on
    from stays
    window same_hospital as (
        partition by person_key, institution_code
        order by ended_on, started_on, settlement_id
    )

),

earlier as (

    select
        *,
        cast(left(longest_earlier, 10) as date) as reached_on,
        substr(longest_earlier, 12) as reached_by
    from with_earlier

),

overlapping as (

    select {{ review_finding('R01', {
        'settlement_id': 'earlier.settlement_id',
        'observed_value': days_between('earlier.started_on', 'least(earlier.reached_on, earlier.ended_on)'),
        'expected_value': 'rules.threshold',
        'related_settlement_id': 'earlier.reached_by',
        'evidence': "'stay from ' || " ~ said('earlier.started_on') ~ " || ' to ' || " ~ said('earlier.ended_on')
            ~ " || ' begins before ' || earlier.reached_by || ' ends on ' || " ~ said('earlier.reached_on'),
    }) }}
    from earlier
    inner join {{ review_rule('R01', 'earlier') }}
    where
        earlier.reached_on is not null
        and {{ days_between('earlier.started_on', 'least(earlier.reached_on, earlier.ended_on)') }} > rules.threshold

),

readmitted as (

    select {{ review_finding('R02', {
        'settlement_id': 'earlier.settlement_id',
        'observed_value': days_between('earlier.former_ended_on', 'earlier.started_on'),
        'expected_value': 'rules.threshold',
        'related_settlement_id': 'earlier.former_settlement_id',
        'evidence': "'admitted on ' || " ~ said('earlier.started_on')
            ~ " || ' to the hospital that discharged ' || earlier.former_settlement_id || ' on ' || "
            ~ said('earlier.former_ended_on'),
    }) }}
    from earlier
    inner join {{ review_rule('R02', 'earlier') }}
    where
        earlier.institution_code is not null
        and earlier.started_on >= earlier.former_ended_on
        and {{ days_between('earlier.former_ended_on', 'earlier.started_on') }} <= rules.threshold

)

select * from overlapping
union all
select * from readmitted
