{#- A ratio for display, rounded half away from zero, NULL where there is nothing to divide by. Exact: by whole numbers of
    fen, since decimals divide as floats on one engine and by other rules on the next. -#}
{%- macro ratio(numerator, denominator, scale=4) -%}
    cast(
        case when sign({{ numerator }}) * sign({{ denominator }}) < 0 then -1 else 1 end
        * cast({{ whole_quotient(
            _fen(numerator) ~ ' * ' ~ 2 * 10 ** scale ~ ' + ' ~ _fen(denominator),
            'nullif(' ~ _fen(denominator) ~ ' * 2, 0)',
        ) }} as decimal(22, 0))
        * cast('{{ '%.*f' % (scale, 10 ** -scale) }}' as decimal({{ scale }}, {{ scale }})) as decimal(18, {{ scale }})
    )
{%- endmacro -%}


{%- macro _fen(amount) -%}
    cast(abs(cast({{ amount }} as decimal(26, 2))) * 100 as decimal(27, 0))
{%- endmacro -%}
