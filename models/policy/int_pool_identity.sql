-- Meaning of a psn_idet_type in each pooling region: the pool's own row, else that of everywhere (rule C1).
{{ code_by_pool('identity_code', 'psn_idet_type', ['assistance_category']) }}
