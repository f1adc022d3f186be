-- Every delivered row of fixmedins_b, typed and under its raw names; nothing is left out (rule A6).
{{ typed_rows('fixmedins_b') }}
