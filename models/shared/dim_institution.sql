-- Hospitals and pharmacies.
select
    institution_code,
    institution_name,
    institution_type,
    hospital_level,
    institution_region_code as region_code,
    coalesce(institution_name like '%测试%', false) as is_test_institution
from {{ ref('stg_institution') }}
