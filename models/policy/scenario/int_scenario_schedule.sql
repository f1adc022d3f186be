-- The compiled ladders of the scenarios: benefit_schedule, had these numbers been enacted (section D).
{{ schedule_of_ladders(
    ladders=ref('int_scenario_ladder'),
) }}
