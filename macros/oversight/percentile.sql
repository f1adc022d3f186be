{#- The row of a sorted group that is its percentile by nearest rank: the first at or above so many hundredths of the
    rows. A value of the group itself, exact on decimals and the same on every engine, where percentile_cont is a float
    on some; of an even number the median is the lower of the two in the middle. -#}
{%- macro is_percentile(row_no, row_count, percent) -%}
    (
        {{ row_no }} * 100 >= {{ row_count }} * {{ percent }}
        and ({{ row_no }} - 1) * 100 < {{ row_count }} * {{ percent }}
    )
{%- endmacro -%}
