{#- A share of an amount, rounded half up to fen (rule B7). -#}
{%- macro share_of(amount, share) -%}
    cast(round(cast({{ amount }} as decimal(26, 2)) * {{ share }}, 2) as decimal(18, 2))
{%- endmacro -%}


{#- An amount times a part of a whole, both amounts too, rounded half up to fen. Exact: by whole numbers of fen, since
    decimals divide as floats on one engine. -#}
{%- macro proportion(amount, part, whole) -%}
    {%- set product = fen_of(amount) ~ ' * ' ~ fen_of(part) -%}
    cast(
        case when sign({{ amount }}) * sign({{ part }}) * sign({{ whole }}) < 0 then -1 else 1 end
        * cast({{ whole_quotient(
            product ~ ' + ' ~ product ~ ' + ' ~ fen_of(whole),
            'nullif(' ~ fen_of(whole) ~ ' + ' ~ fen_of(whole) ~ ', 0)',
        ) }} as decimal(20, 0))
        * cast('0.01' as decimal(2, 2)) as decimal(18, 2)
    )
{%- endmacro -%}


{#- An amount of money as a whole number of fen, without its sign. -#}
{%- macro fen_of(amount) -%}
    cast(abs(cast({{ amount }} as decimal(18, 2))) * 100 as decimal(18, 0))
{%- endmacro -%}
