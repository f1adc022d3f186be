-- Settlements whose recorded sums contradict each other (rules A5, I9).
{%- set sums = {
    'cost': {
        'recorded': 'total_cost',
        'parts': 'own_expense + over_limit + class_b_self_pay + transfer_self_pay + inside_policy',
    },
    'fund payments': {'recorded': 'fund_total', 'parts': 'funds + account_in_total'},
    'payment of the person': {
        'recorded': 'person_paid', 'parts': 'total_cost - fund_total - hospital_paid + account_in_total',
    },
    'cash payment': {'recorded': 'cash_paid', 'parts': 'person_paid - account_paid'},
} %}
{%- set contradictions = [] %}
{%- for sum in sums.values() %}
{%- do contradictions.append(sum.recorded ~ ' <> ' ~ sum.parts) %}
{%- endfor %}
with

account_pools as (

    select * from {{ ref('pool_parameter') }}
    where parameter = 'fund_total_includes_account' and value = 'true'

),

-- Where the sum of the funds holds the personal account (rule A5).
settlements as (

    select
        settlements.settlement_id,
        cast(settlements.settled_at as date) as settled_on,
        settlements.total_cost,
        settlements.own_expense,
        settlements.over_limit,
        settlements.class_b_self_pay,
        settlements.transfer_self_pay,
        settlements.inside_policy,
        settlements.fund_total,
        settlements.person_paid,
        settlements.hospital_paid,
        settlements.account_paid,
        settlements.cash_paid,
        settlements.basic_paid + settlements.civil_servant_paid + settlements.enterprise_paid
        + settlements.resident_cii_recorded + settlements.employee_cii_recorded + settlements.disabled_fund_paid
        + settlements.medical_aid_recorded + settlements.other_fund_paid as funds,
        case when account_pools.parameter is not null then settlements.account_paid else 0 end as account_in_total
    from {{ ref('int_settlement') }} as settlements
    left join account_pools
        on
            settlements.pool_region_code = account_pools.pool_region_code
            and {{ is_in_force('account_pools', 'cast(settlements.settled_at as date)') }}

),

-- One pass over all settlements leaves the few that are looked at one identity after the other.
contradicting as (

    select * from settlements
    where
        {{ contradictions | join('\n        or ') }}

),

compared as (

    {%- for name, sum in sums.items() %}
    select
        settlement_id,
        settled_on,
        {{ loop.index }} as identity_no,
        '{{ name }}' as identity,
        {{ sum.recorded }} as recorded,
        {{ sum.parts }} as parts
    from contradicting
    -- A sum of 0 was not delivered; the cost always is.
    where {{ sum.recorded }} <> {{ sum.parts }}{{ ' and ' ~ sum.recorded ~ ' <> 0' if name != 'cost' }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}

),

broken as (

    select
        compared.*,
        row_number() over (partition by compared.settlement_id order by compared.identity_no) as place,
        count(*) over (partition by compared.settlement_id) as broken_identities
    from compared
    inner join {{ review_rule('R05', 'compared') }}
    where abs(compared.recorded - compared.parts) > rules.threshold

)

select {{ review_finding('R05', {
    'settlement_id': 'settlement_id',
    'finding_count': 'broken_identities',
    'observed_value': 'recorded',
    'expected_value': 'parts',
    'evidence': "identity || ' recorded as ' || " ~ said('recorded') ~ " || ', its parts make ' || " ~ said('parts'),
}) }}
from broken
where place = 1
