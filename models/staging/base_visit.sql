-- Every delivered row of mdtrt_d, typed and under its raw names; nothing is left out (rule A6).
{{ typed_rows('mdtrt_d') }}
