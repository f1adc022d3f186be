{#- What a scenario makes of an amount or a rate: `override` names a row of scenario_override or, where there is none, a
    row of NULLs, which leaves it as it is. A product is rounded half up to `scale` places (rules D1, D3). -#}
{%- macro overridden(amount, override, scale) -%}
    cast(case {{ override }}.operation
        when 'set' then {{ override }}.value
        when 'add' then {{ amount }} + {{ override }}.value
        when 'multiply'
            then round(cast({{ amount }} as decimal(26, {{ scale }})) * cast({{ override }}.value as decimal(10, 4)), {{ scale }})
        else {{ amount }}
    end as decimal(18, {{ scale }}))
{%- endmacro -%}
