-- Meaning of a med_type in each pooling region: the pool's own row, else that of everywhere (rule B6).
{{ code_by_pool('care_type_code', 'med_type', ['care_type']) }}
