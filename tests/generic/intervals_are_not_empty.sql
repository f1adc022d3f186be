{#-
    An interval starts before it ends. Intervals are half-open, so one that ends on the day on which it starts holds no day at
    all and its row would never be used (rule D5). A blank end is open.
-#}
{% test intervals_are_not_empty(model, start_column='effective_from', end_column='effective_to') %}

select
    *,
    '{{ end_column }} must be later than {{ start_column }}, or blank.' as problem
from {{ model }}
where {{ end_column }} <= {{ start_column }}

{% endtest %}
