{#-
    Values lie between two bounds, both included; blanks are left to `not_null`. Rates and shares are shares of 1: a 70 typed
    for 0.70 would pay a hundredfold (rules B7, D1, D3, H1).
-#}
{% test values_are_between(model, column_name, at_least=none, at_most=none) %}

select
    *,
    '{{ column_name }} must be
    {%- if at_least is not none %} at least {{ at_least }}{% endif %}
    {%- if at_least is not none and at_most is not none %} and{% endif %}
    {%- if at_most is not none %} at most {{ at_most }}{% endif %}.' as problem
from {{ model }}
where
    false
    {%- if at_least is not none %}
    or {{ column_name }} < {{ at_least }}
    {%- endif %}
    {%- if at_most is not none %}
    or {{ column_name }} > {{ at_most }}
    {%- endif %}

{% endtest %}
