-- Every delivered row that a correction names, with the value found in it.
{{ correction_matches() }}
