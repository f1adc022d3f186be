-- Medical aid where it comes after the supplementary insurance (rules E6, F2).
{{ medical_aid(is_before_supplementary=false) }}
