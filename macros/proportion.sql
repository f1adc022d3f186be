{#- amount × part / whole, rounded half away from zero to fen, NULL where the whole is 0. Exact: by whole numbers of fen,
    since decimals divide as floats on one engine and by other rules on the next. Each of the three has at most 16
    digits before the point. -#}
{%- macro proportion(amount, part, whole) -%}
    cast(
        case when sign({{ amount }}) * sign({{ part }}) * sign({{ whole }}) < 0 then -1 else 1 end
        * cast({{ whole_quotient(
            _short_fen(amount) ~ ' * ' ~ _short_fen(part) ~ ' * 2 + ' ~ _short_fen(whole),
            'nullif(' ~ _short_fen(whole) ~ ' * 2, 0)',
        ) }} as decimal(22, 0))
        * cast('0.01' as decimal(2, 2)) as decimal(18, 2)
    )
{%- endmacro -%}


{%- macro _short_fen(amount) -%}
    cast(abs(cast({{ amount }} as decimal(18, 2))) * 100 as decimal(18, 0))
{%- endmacro -%}
