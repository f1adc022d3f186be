-- Every delivered row of refl_appy_evt_c, typed and under its raw names; nothing is left out (rule A6).
{{ typed_rows('refl_appy_evt_c') }}
