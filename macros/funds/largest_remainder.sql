{#- A part of an amount by shares that add up to 1, so that the parts add up to the amount and no fen is lost (rule H6): each
    part is rounded down to fen (towards zero), and the fen that are left go one each to the largest remainders;
    `order_by` decides between equal ones. -#}
{%- macro largest_remainder(amount, share, partition_by, order_by) -%}
    cast(case when {{ amount }} < 0 then -1 else 1 end * cast('0.01' as decimal(2, 2)) * (
        {{ _part_down(amount, share) }}
        + case
            when row_number() over (
                partition by {{ partition_by }}
                order by {{ _part_total(amount, share) }} - {{ _part_down(amount, share) }} * 10000 desc, {{ order_by }}
            ) <= {{ _short_fen(amount) }} - sum({{ _part_down(amount, share) }}) over (partition by {{ partition_by }})
                then 1
            else 0
        end
    ) as decimal(18, 2))
{%- endmacro -%}


{#- Ten-thousandths of a fen. -#}
{%- macro _part_total(amount, share) -%}
    cast({{ _short_fen(amount) }} * cast({{ share }} * 10000 as decimal(10, 0)) as decimal(28, 0))
{%- endmacro -%}


{%- macro _part_down(amount, share) -%}
    cast({{ whole_quotient(_part_total(amount, share), '10000') }} as decimal(18, 0))
{%- endmacro -%}
