-- Persons without direct identifiers (rule J3).
select
    person_key,
    sex,
    cast(extract(year from born_on) as integer) as birth_year,
    residence_region_code
from {{ ref('stg_person') }}
