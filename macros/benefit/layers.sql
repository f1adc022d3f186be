{#- The layers that divide a cost, in the order in which each takes from what the ones before it left (rules B1, E6).
    Medical aid stands after supplementary insurance here also where it is computed before it: computed amounts of the
    two never reach further than what is left, and the order matters only where dirty rows make them. -#}
{%- macro burden_layers() -%}
    {{- return(['basic', 'critical_illness', 'supplementary', 'medical_aid', 'other']) -}}
{%- endmacro -%}


{#- A running sum of amounts held to the running sum of what there is to divide, as the move that one row makes. Both
    sums never fall below zero, so whatever rows take back, no more is counted than there is. -#}
{%- macro held_to_running(amount, whole, account) -%}
    least(greatest(sum({{ amount }}) over {{ account }}, 0), greatest(sum({{ whole }}) over {{ account }}, 0))
    - least(
        greatest((sum({{ amount }}) over {{ account }}) - {{ amount }}, 0),
        greatest((sum({{ whole }}) over {{ account }}) - {{ whole }}, 0)
    )
{%- endmacro -%}


{#- What a layer claims of a settlement in a person-year with a reversal. What is recorded is taken back with the
    settlement that it belongs to, as far as it was counted there; what is computed follows the accumulator, and a
    reversal may give back more or less than its original got. -#}
{%- macro layer_claim(layer) -%}
    {%- if layer in ('basic', 'other') -%}
        {{ held_to_running(layer ~ '_amount', 'left_over', 'family') }}
    {%- else -%}
        case when is_reversal then {{ layer }}_amount else {{ part_of(layer ~ '_amount', 'left_over') }} end
    {%- endif -%}
{%- endmacro -%}
