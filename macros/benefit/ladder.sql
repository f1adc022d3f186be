{#- The ladder, written once (rule E4): what a tier has paid once payable expense has reached `payable`, rounded half up
    to fen and held to the tier's share of the annual limit. `tier` names a row of benefit_schedule. The payout of a
    settlement in a tier is this after it minus this before it. -#}
{%- macro tier_paid(payable, tier) -%}
    least({{ tier_paid_without_limit(payable, tier) }}, {{ tier }}.tier_payout_limit)
{%- endmacro -%}


{#- The same by the rate alone. -#}
{%- macro tier_paid_without_limit(payable, tier) -%}
    cast(round(cast({{ tier_reached(payable, tier) }} as decimal(26, 2)) * {{ tier }}.rate, 2) as decimal(18, 2))
{%- endmacro -%}


{#- The part of payable expense that lies in a tier. -#}
{%- macro tier_reached(payable, tier) -%}
    greatest(least({{ payable }}, coalesce({{ tier }}.upper_bound, {{ payable }})) - {{ tier }}.lower_bound, 0)
{%- endmacro -%}


{#- Payable expense of one expense pool: what is accumulated above the deductible, up to where an annual limit on
    eligible expense stops it (rules D4, E3). -#}
{%- macro payable_expense(accumulated, term) -%}
    least(greatest({{ accumulated }} - {{ term }}.deductible, 0), {{ term }}.payable_limit)
{%- endmacro -%}


{#- Most that payable expense can reach under a limit on eligible expense: limit - deductible (rule D4). -#}
{%- macro payable_limit(term) -%}
    case
        when {{ term }}.limit_basis = 'eligible_expense' and {{ term }}.annual_limit is not null
            then greatest({{ term }}.annual_limit - {{ term }}.deductible, 0)
    end
{%- endmacro -%}


{#- A payout held to what is left of the annual limit; a limit that is NULL is none (rules D4, E4). -#}
{%- macro within_limit(payout, limit, paid_so_far) -%}
    case
        when {{ limit }} is not null then least({{ payout }}, greatest({{ limit }} - {{ paid_so_far }}, 0))
        else {{ payout }}
    end
{%- endmacro -%}


{#- What the earlier layers left of an expense: what lies above their deductible, less what they paid (rule F3). -#}
{%- macro left_by_earlier(incurred, paid, earlier) -%}
    greatest(greatest({{ incurred }} - {{ earlier }}.deductible, 0) - {{ paid }}, 0)
{%- endmacro -%}


{#- The part of an expense pool's accumulator that lies in the steps below its deductible (rule F3). -#}
{%- macro stepped_expense(accumulated, steps) -%}
    greatest(least({{ accumulated }}, {{ steps }}.steps_to) - {{ steps }}.steps_from, 0)
{%- endmacro -%}
