{#-
    One row per combination of the columns, where a blank is equal to a blank (the built-in `unique` looks at one column and
    skips blanks). A dictionary with two meanings of one code would double the settlements that use it (rules A6, B6, C1).
-#}
{% test rows_are_unique(model, columns) %}

select
    {{ columns | join(',\n    ') }},
    count(*) as row_count,
    'These rows have the same key: keep one of them.' as problem
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
