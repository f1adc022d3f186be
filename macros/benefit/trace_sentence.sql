{#- The sentence of a step of an explanation, in English or Chinese (rule E9). -#}
{%- macro trace_sentence(english) -%}
    {%- set sentences = {
        'cover': ('Cover: {item}.', '参保状态：{item}。'),
        'cover_rule': ('By the rule: {item}.', '依据：{item}。'),
        'cover_from': ('The cover of the year begins on {item}.', '本年度保障自{item}起。'),
        'deductible_factor': ('This category bears {rate} of the deductible.', '该身份起付标准按{rate}执行。'),
        'rate_addition': ('This category gets {rate} more in every tier.', '该身份各段支付比例提高{rate}。'),
        'rate_override': ('This category gets {rate} in every tier.', '该身份各段支付比例为{rate}。'),
        'limit_waived': ('This category has no limit of the year.', '该身份不设年度限额。'),
        'category': ('Paid as: {item}.', '待遇身份：{item}。'),
        'component': ('{item}: {amount} yuan.', '{item}{amount}元。'),
        'counted': ('Counted of {item}: {amount} of {base_amount} yuan.', '{item}{base_amount}元，计入{amount}元。'),
        'not_counted': ('Not counted: {item}, {base_amount} yuan.', '{item}{base_amount}元不计入。'),
        'not_covered': ('Outside cover nothing counts: {item}, {base_amount} yuan.', '不在保障期内，{item}{base_amount}元不计入。'),
        'pool_accumulator': (
            'Accumulated in the year, {item}: {amount_before} yuan before, {amount} with this settlement, {amount_after} after.',
            '{item}年度累计：结算前{amount_before}元，本次{amount}元，结算后{amount_after}元。',
        ),
        'incurred': (
            'Incurred in the year, {item}, inside cover or not: {amount_before} yuan before, {amount_after} after this'
            ~ ' settlement.',
            '{item}年度发生额（含保障期外）：结算前{amount_before}元，结算后{amount_after}元。',
        ),
        'outside': (
            'Left of settlements outside cover, which never counts: {amount} yuan.', '其中保障期外结算剩余{amount}元，不计入。',
        ),
        'pool_payable': (
            'Payable above the deductible, {item}: {amount_before} yuan before, {amount_after} after.',
            '{item}起付标准以上纳入支付：结算前{amount_before}元，结算后{amount_after}元。',
        ),
        'accumulator': (
            'Accumulated in the year: {amount_before} yuan before, {amount} with this settlement, {amount_after} after.',
            '年度累计：结算前{amount_before}元，本次{amount}元，结算后{amount_after}元。',
        ),
        'deductible': ('Deductible on {item}: {amount} yuan.', '{item}起付标准{amount}元。'),
        'earlier_layers': (
            'Paid before on {item} in the year, above a deductible of {base_amount} yuan: {amount_before} yuan before,'
            ~ ' {amount_after} after this settlement.',
            '{item}起付标准{base_amount}元以上，前序保障年度已支付：结算前{amount_before}元，结算后{amount_after}元。',
        ),
        'payable': (
            'Payable: {amount_before} yuan before, {amount_after} after, so {amount} of this settlement.',
            '纳入支付：结算前{amount_before}元，结算后{amount_after}元，本次{amount}元。',
        ),
        'tier': ('Tier {item}: {base_amount} yuan at {rate}: {amount} yuan.', '第{item}段：{base_amount}元，比例{rate}，支付{amount}元。'),
        'limit': ('Limit of the year on {item}: {amount} yuan.', '{item}年度限额{amount}元。'),
        'held': (
            'By the rates alone {base_amount} yuan; held to the limit and to what was paid in the year: {amount} yuan.',
            '按比例为{base_amount}元；受年度限额及年度已支付额约束，为{amount}元。',
        ),
        'aid_base': (
            'Left by the layers before: {amount} of {base_amount} yuan.', '前序保障后剩余{amount}元（范围内费用{base_amount}元）。',
        ),
        'aid_rate': ('Aid of {rate} on {base_amount} yuan: {amount} yuan.', '救助比例{rate}，基数{base_amount}元，应救助{amount}元。'),
        'ceiling': (
            'Borne in the year: {amount_before} yuan before, {amount_after} after; ceiling {amount} yuan.',
            '年度个人负担：结算前{amount_before}元，结算后{amount_after}元；封顶{amount}元。',
        ),
        'payout': ('Paid: {amount} yuan.', '支付{amount}元。'),
    } -%}
    case step
        {%- for step, texts in sentences.items() %}
        when '{{ step }}' then {{ filled_in(texts[0] if english else texts[1], english) }}
        {%- endfor %}
    end
{%- endmacro -%}


{#- A text with its places {column} filled in, as SQL; what is missing is left blank. -#}
{%- macro filled_in(text, english) -%}
    {%- set columns = {
        'item': 'item_en' if english else 'item_zh', 'rate': 'percentage', 'amount': 'amount',
        'amount_before': 'amount_before', 'amount_after': 'amount_after', 'base_amount': 'base_amount',
    } -%}
    concat_ws('',
        {%- for piece in text.split('{') -%}
            {%- if loop.first %} '{{ piece }}'
            {%- else -%}
                {%- set place, rest = piece.split('}') -%}
                , cast({{ columns[place] }} as {{ dbt.type_string() }}), '{{ rest }}'
            {%- endif -%}
        {%- endfor -%}
    )
{%- endmacro -%}
