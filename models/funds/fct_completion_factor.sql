-- Completion factors: the share of a month's payouts that has been posted so many months later, by chain ladder (rule
-- H3).
with

shares as (

    select
        *,
        {{ ratio('paid_amount', 'paid_next_amount', 6) }} as share
    from {{ ref('int_development_share') }}

),

pivoted as (

    select
        scheme_id,
        insurance_type,
        {%- for month in range(11) %}
        max(case when development_month = {{ month }} then share end) as share_{{ month }},
        {%- endfor %}
        max(case when development_month = 11 then share end) as share_11
    from shares
    group by scheme_id, insurance_type

),

completed as (

    {%- for month in range(13) %}
    select
        scheme_id,
        insurance_type,
        {{ month }} as development_month,
        {{ completed_from(month, 11) }} as completion_factor
    from pivoted
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}

)

select
    {{ surrogate_key(['completed.scheme_id', 'completed.insurance_type', 'completed.development_month']) }}
        as completion_key,
    completed.scheme_id,
    completed.insurance_type,
    completed.development_month,
    cast(coalesce(shares.month_count, 0) as bigint) as month_count,
    cast(coalesce(shares.paid_amount, 0) as decimal(18, 2)) as paid_amount,
    cast(coalesce(shares.paid_next_amount, 0) as decimal(18, 2)) as paid_next_amount,
    {{ ratio('shares.paid_next_amount', 'shares.paid_amount', 6) }} as development_factor,
    completed.completion_factor
from completed
left join shares
    on
        completed.scheme_id = shares.scheme_id
        and completed.insurance_type = shares.insurance_type
        and completed.development_month = shares.development_month
