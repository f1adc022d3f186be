-- Every delivered row of setl_d, typed and under its raw names; nothing is left out (rule A6).
{{ typed_rows('setl_d') }}
