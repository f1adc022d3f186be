-- Every delivered row of psn_idet_d, typed and under its raw names; nothing is left out (rule A6).
{{ typed_rows('psn_idet_d') }}
