-- The compiled ladders: every tier on payable expense, by scheme version, insurance type and category (section D).
{{ schedule_of_ladders(
    ladders=ref('int_ladder'),
) }}
