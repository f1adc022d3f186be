-- Meaning of an insutype in each pooling region: the pool's own row, else that of everywhere (rule A6).
{{ code_by_pool('insurance_type_code', 'insutype', ['insurance_type', 'insurance_line']) }}
