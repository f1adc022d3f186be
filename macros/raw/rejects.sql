{#- The rows of a base table that are not used, each with its status and why: void (rule A1), superseded by a later
    delivery of the same key (rule A2), quarantined (rule A6). `reasons` maps a reason number (seed quarantine_reason) to
    the condition that earns it; `joins` may bring dictionaries to the base rows, named `delivered`.
    The base may hold hundreds of millions of rows: it is only ever read through, never held. Where all but new files are
    as the served release has them, what it says of their rows stands, and is added to; `known` may then be a query of
    settlement_id and source_file that has every used row, so that no other file is looked through for a key. -#}
{%- macro rejects(raw_table, base, reasons, joins='', known='') -%}
{%- set key = raw_keys()[raw_table] -%}
{%- set record_key -%}
    concat_ws('|', {% for column in key %}delivered.{{ column }}{{ ', ' if not loop.last }}{% endfor %})
{%- endset -%}
{%- set is_void = "coalesce(delivered.vali_flag, '1') <> '1'" -%}
{%- set is_added_to = new_files(raw_table) is not none -%}
{%- set added -%}
    from {{ base }} as delivered where {{ is_new_row(raw_table, 'delivered') }}
{%- endset -%}
with

judged as (

    select
        delivered.*,
        {{ is_void }} as is_void,
        {{ reason_list(reasons) }} as reasons
    from {{ base }} as delivered
    {{ joins }}
    where {{ is_new_row(raw_table, 'delivered') }}

),

unusable as (

    select
        delivered.row_id,
        {{ record_key }} as record_key,
        delivered.is_void,
        delivered.reasons,
        delivered.source_file,
        coalesce(delivered.raw_row, {{ typed_row_as_json(raw_table) }}) as raw_row
    from judged as delivered
    where delivered.is_void or delivered.reasons is not null

),

quarantined as (

    select row_id
    from unusable
    where not is_void
    {%- if is_added_to %}
    union all
    select row_id from {{ this }} where row_status = 'quarantined'
    {%- endif %}

),

-- Keys that come more than once, found by their hash: most do not, and the exact comparison below is for these only. Where
-- rows are added it is for the keys of these.
repeated_hashes as (
    {% if is_added_to %}
    select distinct {{ row_hash('delivered', key) }} as key_hash
    {{ added }}
    {% else %}
    select {{ row_hash('delivered', key) }} as key_hash
    from {{ base }} as delivered
    group by {{ row_hash('delivered', key) }}
    having count(*) > 1
    {% endif %}
),

versions as (

    select
        delivered.row_id,
        {%- for column in key %}
        delivered.{{ column }},
        {%- endfor %}
        delivered.updt_time,
        delivered.rid,
        delivered.source_file,
        {{ is_void }} as is_void
    from {{ base }} as delivered
    inner join repeated_hashes on {{ row_hash('delivered', key) }} = repeated_hashes.key_hash
    left join quarantined on delivered.row_id = quarantined.row_id
    where
        -- A row that cannot be used never supersedes one that can (rule A2).
        quarantined.row_id is null
        {%- for column in key %}
        and delivered.{{ column }} is not null
        {%- endfor %}
        {%- if is_added_to and known %}
        {%- set files %}
        {{ files_of('select delivered.setl_id ' ~ added, known) }}
        union all
        select void.source_file from {{ this }} as void
        where void.row_status = 'void' and void.record_key in (select {{ record_key }} {{ added }})
        {%- endset %}
        and {{ is_from_new_files_and(raw_table, files) }}
        {%- endif %}

),

-- Ties of the time are broken by rid (a longer number is the larger one), then by file and place in it. The place is
-- fixed in Parquet; rows of one CSV file that tie in all the rest are taken in the order they were parsed.
ranked_versions as (

    select
        delivered.*,
        row_number() over (
            partition by {% for column in key %}{{ column }}{{ ', ' if not loop.last }}{% endfor %}
            order by
                updt_time desc nulls last,
                length(rid) desc nulls last,
                rid desc nulls last,
                source_file desc nulls last,
                row_id desc
        ) as version_rank
    from versions as delivered

)

select
    row_id,
    record_key,
    case when is_void then 'void' else 'quarantined' end as row_status,
    case when not is_void then reasons end as reasons,
    source_file,
    case when not is_void then raw_row end as raw_row
from unusable

union all

select
    delivered.row_id,
    {{ record_key }} as record_key,
    'superseded' as row_status,
    cast(null as {{ dbt.type_string() }}) as reasons,
    delivered.source_file,
    cast(null as {{ dbt.type_string() }}) as raw_row
from ranked_versions as delivered
where delivered.version_rank > 1 and not delivered.is_void
{%- if is_added_to %}
    and not exists (select 1 from {{ this }} as known where known.row_id = delivered.row_id)
{%- endif %}
{%- endmacro -%}


{#- 'Q03 missing_settlement_time; Q04 bad_value: ...', NULL where nothing is wrong. A condition may carry a detail. -#}
{%- macro reason_list(reasons) -%}
nullif(concat_ws('; ',
            {%- for reason in reasons %}
            case
                when {{ reason.when }} then
                {%- if reason.detail is defined %} '{{ reason.code }}: ' || {{ reason.detail }}
                {%- else %} '{{ reason.code }}'
                {%- endif %}
            end {{- ',' if not loop.last }}
            {%- endfor %}
        ), '')
{%- endmacro -%}


{#- A row whose values could all be read, as JSON: every column of the contract as text, in the contract's order. -#}
{%- macro typed_row_as_json(raw_table) -%}
    {%- set columns = [] -%}
    {%- for name in raw_contract(raw_table) -%}
        {%- do columns.append({'name': name, 'sql': 'delivered.' ~ name, 'type': ''}) -%}
    {%- endfor -%}
    {{- columns_as_json(columns) -}}
{%- endmacro -%}


{#- A value that could not be read makes the row unusable whatever its column (rule A6). -#}
{%- macro bad_value_reason() -%}
    {{- return({
        'code': 'Q04 bad_value',
        'when': 'delivered.parse_errors is not null',
        'detail': 'delivered.parse_errors',
    }) -}}
{%- endmacro -%}


{#- The base row is used: neither void, superseded nor quarantined. -#}
{%- macro is_accepted(rejects) -%}
    not exists (
        select 1
        from {{ rejects }} as rejected
        where rejected.row_id = delivered.row_id
    )
{%- endmacro -%}
