-- The settlements whose fingerprints a run with new files takes anew: all of each person of whom these files have a row, or
-- of whom something else is told than before.
{{ config(enabled=can_keep_years()) }}

{%- set people = ref('int_person_reading') %}
{%- set delivered = ref('base_settlement') %}
{%- set lines = ref('base_fee_line') %}
{% if is_read_by_new_files(['setl_d', 'fee_list_d']) %}
with

new_rows as (

    select setl_id
    from {{ delivered }} as delivered
    where {{ is_new_row('setl_d', 'delivered') }}
    union
    select setl_id
    from {{ lines }} as delivered
    where {{ is_new_row('fee_list_d', 'delivered') }}

),

told_otherwise as (

    select coalesce(people.person_key, before.person_key) as person_key
    from {{ people }} as people
    full join {{ before(people) }} as before on people.person_key = before.person_key
    where people.facts_hash is distinct from before.facts_hash

),

persons as (

    select distinct psn_no from {{ delivered }}

),

touched_persons as (

    -- Of a row that came before under the same key, too.
    select delivered.psn_no
    from {{ delivered }} as delivered
    inner join new_rows on delivered.setl_id = new_rows.setl_id
    union
    select persons.psn_no
    from persons
    inner join told_otherwise on {{ person_key('persons.psn_no') }} = told_otherwise.person_key

)

select distinct delivered.setl_id as settlement_id
from {{ delivered }} as delivered
inner join touched_persons on delivered.psn_no = touched_persons.psn_no
where delivered.setl_id is not null
{% else %}
select cast(null as {{ dbt.type_string() }}) as settlement_id
from {{ people }}
where false
{% endif %}
