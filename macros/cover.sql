{#- From when the cover can use a span of basic benefits: at once, after a break only when the waiting time is over; for
    somebody whose event starts the span there was no break that counts (rules G4, G5). -#}
{%- macro usable_from(span, rule, start) -%}
    case
        when {{ span }}.former_benefits_to is null then {{ span }}.benefits_from
        when
            {{ span }}.former_benefits_to <= {{ start }}.event_on
            and ({{ span }}.benefits_to is null or {{ start }}.event_on < {{ span }}.benefits_to)
            then {{ span }}.benefits_from
        else {{ add_months(span ~ '.benefits_from', 'coalesce(' ~ rule ~ '.waiting_months, 0)') }}
    end
{%- endmacro -%}
