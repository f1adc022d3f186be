-- Listed items that were charged to somebody for whom they are not, too often, or too dear (rule I9).
{%- set rules = {
    'R07': {'when': 'quantity > quantity_to', 'observed': 'quantity', 'expected': 'quantity_to',
        'evidence': "'quantity ' || " ~ said('cast(quantity as decimal(18, 2))') ~ " || ' above ' || "
            ~ said('quantity_to')},
    'R08': {'when': 'unit_price > unit_price_to', 'observed': 'unit_price', 'expected': 'unit_price_to',
        'evidence': "'unit price ' || " ~ said('unit_price') ~ " || ' above ' || " ~ said('unit_price_to')},
    'R09': {'when': "persons_sex in ('1', '2') and persons_sex <> sex", 'observed': 'null', 'expected': 'null',
        'evidence': "'for ' || " ~ sex_name('sex') ~ " || ' persons, this one is ' || " ~ sex_name('persons_sex')},
    'R10': {'when': 'is_outside_age', 'observed': 'null', 'expected': 'null',
        'evidence': "'for ages from ' || " ~ said('coalesce(age_from, 0)') ~ " || ' to below ' || "
            ~ said('coalesce(age_to, 200)') ~ " || ', the person was born in ' || " ~ said('birth_year')},
} %}
with

items as (

    select * from {{ ref('review_item') }}

),

claims as (

    select * from {{ ref('int_standing_claim') }}

),

persons as (

    select * from {{ ref('stg_person') }}

),

-- Few items are listed: what is charged of them is added up before anything is joined to it.
charged as (

    select
        lines.settlement_id,
        lines.item_code,
        sum(lines.quantity) as quantity,
        max(lines.unit_price) as unit_price
    from {{ ref('stg_fee_line') }} as lines
    inner join (select distinct item_code from items) as listed on lines.item_code = listed.item_code
    where {{ is_built_settlement('lines.settlement_id', ref('int_standing_claim')) }}
    group by lines.settlement_id, lines.item_code

),

judged as (

    select
        charged.*,
        claims.settled_on,
        items.item_name,
        items.sex,
        items.age_from,
        items.age_to,
        items.quantity_to,
        items.unit_price_to,
        persons.sex as persons_sex,
        -- As in dim_person: the day of birth is for nobody who reads flags (rule J3).
        {{ year_of('persons.born_on') }} as birth_year,
        {{ add_months('persons.born_on', '12 * items.age_from') }} > claims.settled_on
        or {{ add_months('persons.born_on', '12 * items.age_to') }} <= claims.settled_on as is_outside_age
    from charged
    inner join claims on charged.settlement_id = claims.settlement_id
    inner join items
        on
            charged.item_code = items.item_code
            and {{ is_in_force('items', 'claims.settled_on') }}
    left join persons on claims.person_key = persons.person_key

),

{%- for rule_no, rule in rules.items() %}

{{ rule_no | lower }} as (

    select
        judged.*,
        row_number() over (partition by judged.settlement_id order by judged.item_code) as place,
        count(*) over (partition by judged.settlement_id) as items_found
    from judged
    inner join {{ review_rule(rule_no, 'judged') }}
    where {{ rule.when }}

){{ ',' if not loop.last }}
{%- endfor %}

{%- for rule_no, rule in rules.items() %}

select {{ review_finding(rule_no, {
    'settlement_id': 'settlement_id', 'finding_count': 'items_found', 'observed_value': rule.observed,
    'expected_value': rule.expected, 'item_code': 'item_code',
    'evidence': "item_name || ': ' || " ~ rule.evidence,
}) }}
from {{ rule_no | lower }}
where place = 1
{{- '\nunion all' if not loop.last }}
{%- endfor %}
