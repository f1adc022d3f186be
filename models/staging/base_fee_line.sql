-- Every delivered row of fee_list_d, typed and under its raw names; nothing is left out (rule A6).
{{ typed_rows('fee_list_d') }}
