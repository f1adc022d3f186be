{#- Source types that always read as the wanted type; anything else may hold a value that cannot be read. -#}
{%- macro safe_types(wanted) -%}
    {%- set any_type = ['VARCHAR', 'STRING', 'BOOLEAN', 'TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT', 'UTINYINT',
        'USMALLINT', 'UINTEGER', 'UBIGINT', 'FLOAT', 'DOUBLE', 'DATE', 'TIMESTAMP', 'TIMESTAMP WITH TIME ZONE'] -%}
    {%- if wanted == 'varchar' -%}
        {{- return(any_type) -}}
    {%- elif wanted in ('date', 'timestamp') -%}
        {{- return(['DATE', 'TIMESTAMP', 'TIMESTAMP_NS', 'TIMESTAMP_S', 'TIMESTAMP_MS', 'TIMESTAMP WITH TIME ZONE']) -}}
    {%- elif wanted == 'integer' -%}
        {{- return(['TINYINT', 'SMALLINT', 'INTEGER']) -}}
    {%- else -%}
        {{- return(['DECIMAL(16,2)', 'DECIMAL(14,2)', 'DECIMAL(12,2)', 'DECIMAL(10,2)', 'TINYINT', 'SMALLINT', 'INTEGER']) -}}
    {%- endif -%}
{%- endmacro -%}


{#- One delivered value as the wanted type, NULL where it is blank or cannot be read. Casts alone are too kind: they
    take '1_000', '0x1F' or a third decimal, and money must not be guessed (rule A6). `code` is the contract's word for what
    kind of code a column holds, if any. -#}
{%- macro typed_value(raw, source_type, contract_type, is_key=true, code=none) -%}
    {%- set wanted = contract_type | lower -%}
    {%- set text = trimmed('cast(' ~ raw ~ ' as ' ~ dbt.type_string() ~ ')') -%}
    {%- if not source_type -%}
        cast(null as {{ sql_type(wanted) }})
    {%- elif wanted == 'varchar' -%}
        {%- if source_type == 'BOOLEAN' -%}
        case when {{ raw }} then '1' when not {{ raw }} then '0' end
        {%- elif source_type.startswith('DECIMAL') -%}
        {#- A code column that came as a number with decimals: 390.00 is the code 390. -#}
        case
            when {{ raw }} = floor({{ raw }}) then cast({{ try_cast(raw, 'bigint') }} as {{ dbt.type_string() }})
            else cast({{ raw }} as {{ dbt.type_string() }})
        end
        {%- elif source_type in ('FLOAT', 'DOUBLE') -%}
        {#- A code column that went through a float: 390.0 is the code 390, and NaN is a blank. -#}
        case
            when isnan({{ raw }}) then null
            else coalesce(
                case when {{ raw }} = floor({{ raw }}) then cast({{ try_cast(raw, 'bigint') }} as {{ dbt.type_string() }}) end,
                {{ as_text(raw, source_type) }}
            )
        end
        {%- else -%}
        {#- Keys and codes lose every kind of blank; for the rest, on hundreds of millions of values, spaces are enough. -#}
        {%- set value = text if is_key else 'trim(cast(' ~ raw ~ ' as ' ~ dbt.type_string() ~ '))' %}
        nullif({{ code_from_text(value, code) if code else value }}, '')
        {%- endif -%}
    {%- elif source_type in safe_types(wanted) -%}
        cast({{ raw }} as {{ wanted }})
    {%- elif wanted in ('date', 'timestamp') -%}
        cast({{ text_to_timestamp(text) }} as {{ wanted }})
    {%- elif source_type.startswith('DECIMAL') -%}
        case when {{ try_cast(raw, wanted) }} = {{ raw }} then {{ try_cast(raw, wanted) }} end
    {%- elif source_type in ('FLOAT', 'DOUBLE') -%}
        {#- The nearest fen, unless the value is further from it than a float's own noise. -#}
        case when abs({{ try_cast(raw, wanted) }} - {{ raw }}) < 0.00001 then {{ try_cast(raw, wanted) }} end
    {%- elif wanted == 'integer' -%}
        case when {{ matches(text, '[+-]?[0-9]{1,9}(\\.0+)?') }} then cast({{ try_cast(text, 'decimal(18, 6)') }} as integer) end
    {%- elif wanted == 'decimal(16,2)' -%}
        case when {{ matches(text, '[+-]?[0-9]+(\\.[0-9]{1,2}0*)?') }} then {{ try_cast(text, wanted) }} end
    {%- else -%}
        case when {{ matches(text, '[+-]?[0-9]+(\\.[0-9]+)?') }} then {{ try_cast(text, wanted) }} end
    {%- endif -%}
{%- endmacro -%}


{#- The text of a code as the dictionaries write it. Text that went through a float or a spreadsheet says 390.0 for the code
    390 (a `number`), and 1.0 or 01 for the flag 1 (a `flag`). The form is looked at only where it can differ: there are
    hundreds of millions of codes. -#}
{%- macro code_from_text(text, code) -%}
    {%- if code == 'flag' -%}
        case when {{ text }} in ('01', '1.0', '1.00') then '1' else {{ text }} end
    {%- elif code == 'number' -%}
        case
            when {{ text }} like '%.0%' and {{ matches(text, '[0-9]+[.]0+') }} then split_part({{ text }}, '.', 1)
            else {{ text }}
        end
    {%- else -%}
        {%- do exceptions.raise_compiler_error("meta.code is '" ~ code ~ "' in the raw contract, not number or flag.") -%}
    {%- endif -%}
{%- endmacro -%}


{#- Text in one of the forms that extracts use (2021-02-03, 2021/2/3, 20210203, each with or without a time) as a
    timestamp; 20210231, 24:00 (one engine's next midnight) and anything else is NULL. -#}
{%- macro text_to_timestamp(text) -%}
    {%- set clock = '([01]?[0-9]|2[0-3]):[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?' -%}
    {%- set day = "substr(" ~ text ~ ", 1, 4) || '-' || substr(" ~ text ~ ", 5, 2) || '-' || substr(" ~ text ~ ", 7, 2)" -%}
    case
        when {{ matches(text, '[0-9]{8}([ T]' ~ clock ~ ')?') }}
            then {{ try_cast(day ~ " || replace(substr(" ~ text ~ ", 9), 'T', ' ')", 'timestamp') }}
        when {{ matches(text, '[0-9]{8}([01][0-9]|2[0-3])[0-9]{4}') }}
            then {{ try_cast(day ~ " || ' ' || substr(" ~ text ~ ", 9, 2) || ':' || substr(" ~ text ~ ", 11, 2) || ':' || substr("
                ~ text ~ ", 13, 2)", 'timestamp') }}
        when {{ matches(text, '[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}([ T]' ~ clock ~ ')?') }}
            then {{ try_cast("replace(replace(" ~ text ~ ", '/', '-'), 'T', ' ')", 'timestamp') }}
    end
{%- endmacro -%}


{%- macro type_in_words(wanted) -%}
    {{- {
        'date': 'a date', 'timestamp': 'a date or time', 'integer': 'a whole number',
        'decimal(16,2)': 'an amount in yuan with at most two decimals',
    }.get(wanted, 'a number') -}}
{%- endmacro -%}


{#- True where something other than blanks was delivered. -#}
{%- macro has_text(raw) -%}
    nullif({{ trimmed('cast(' ~ raw ~ ' as ' ~ dbt.type_string() ~ ')') }}, '') is not null
{%- endmacro -%}


{#- A type of the raw contract as the engine at hand names it. -#}
{%- macro sql_type(contract_type) -%}
    {{- dbt.type_string() if contract_type == 'varchar' else contract_type -}}
{%- endmacro -%}
