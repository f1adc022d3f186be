-- What each correction met in the delivered rows, and why it cannot be applied where it cannot.
{%- set known = correctable_columns() %}
{%- set quote = sql_text("'") %}
with

corrections as (

    select
        *,
        count(*) over (partition by raw_table, record_key, column_name) as times_written,
        concat_ws(' ', raw_table, record_key, column_name) as named
    from {{ ref('base_correction') }}

),

-- The latest delivery of the row decides (rule A2): the one that is used.
ranked as (

    select
        *,
        row_number() over (
            partition by raw_table, record_key, column_name
            order by
                case when coalesce(vali_flag, '1') = '1' then 0 else 1 end,
                updt_time desc nulls last,
                length(rid) desc nulls last,
                rid desc nulls last,
                source_file desc nulls last,
                row_id desc
        ) as version_rank
    from {{ ref('correction_match') }}

),

matches as (

    select
        raw_table,
        record_key,
        column_name,
        count(*) as delivered_rows,
        count(case when is_expected then 1 end) as corrected_rows,
        max(case when version_rank = 1 then found end) as found,
        max(case when version_rank = 1 then source_file end) as source_file,
        count(case when version_rank = 1 and is_expected then 1 end) as latest_is_expected
    from ranked
    group by raw_table, record_key, column_name

)

select
    corrections.raw_table,
    corrections.record_key,
    corrections.column_name,
    corrections.expected,
    corrections.corrected,
    corrections.reason,
    corrections.corrected_by,
    corrections.corrected_at,
    coalesce(matches.delivered_rows, 0) as delivered_rows,
    coalesce(matches.corrected_rows, 0) as corrected_rows,
    matches.source_file,
    'Correction of ' || corrections.source_file || ' (' || corrections.named || '): ' || case
        when corrections.raw_table is null or corrections.record_key is null or corrections.column_name is null
            then 'raw_table, record_key or column_name is blank. Say which value it corrects.'
        when corrections.reason is null or corrections.corrected_by is null
            then 'reason or corrected_by is blank. Say why, and who answers for it.'
        when corrections.parse_errors is not null then corrections.parse_errors || '. Write it as YYYY-MM-DD.'
        {%- if known %}
        when corrections.raw_table || '.' || corrections.column_name not in ({{ known | join(', ') }})
            then 'no raw table has this column. Only delivered values can be corrected, under their names there.'
        {%- endif %}
        when corrections.times_written > 1 then 'it is written more than once. Keep the one that holds.'
        when matches.delivered_rows is null
            then 'no delivered row has this key. Take the correction away, or mend its key.'
        when matches.latest_is_expected = 0
            then 'expected ' || coalesce({{ quote }} || corrections.expected || {{ quote }}, 'a blank') || ', found '
                || coalesce({{ quote }} || matches.found || {{ quote }}, 'a blank') || ' in ' || matches.source_file
                || '. The source has changed: take the correction away, or mend it.'
    end as problem
from corrections
left join matches
    on
        corrections.raw_table = matches.raw_table
        and corrections.record_key = matches.record_key
        and corrections.column_name = matches.column_name
