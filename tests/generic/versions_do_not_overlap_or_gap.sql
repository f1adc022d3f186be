{#-
    Each version of a key ends on the day on which the next one starts (rule D5): with an overlap a settlement would find
    two versions of a parameter, with a gap none. What may pause and come back, such as an item on a list, takes
    `gap_allowed`. The intervals are half-open; blank parts of a key are equal to each other.
-#}
{% test versions_do_not_overlap_or_gap(model, key, gap_allowed=false) %}

with

versions as (

    select
        {{ key | join(',\n        ') }},
        effective_from,
        effective_to,
        lead(effective_from) over (
            partition by {{ key | join(', ') }}
            order by effective_from, effective_to nulls last
        ) as next_effective_from
    from {{ model }}

)

select
    *,
    case
        when effective_to < next_effective_from then 'The key has no version between effective_to and next_effective_from: close the gap.'
        else 'Two versions of the key are in force at once: end this one on next_effective_from.'
    end as problem
from versions
where
    next_effective_from is not null
    and (
        effective_to is null
        or effective_to > next_effective_from
        {%- if not gap_allowed %}
        or effective_to < next_effective_from
        {%- endif %}
    )

{% endtest %}
