-- The schemes of one pooling region read the benefit year of a settlement in the same way (rule A4): a settlement has
-- one benefit year, and the layers of a person-year could not be added up otherwise (rule E7). That holds for a scheme
-- that follows another too.
with

schemes as (

    select * from {{ ref('scheme') }}

)

select
    schemes.pool_region_code,
    schemes.scheme_id,
    schemes.benefit_year_basis,
    other_schemes.scheme_id as other_scheme_id,
    other_schemes.benefit_year_basis as other_benefit_year_basis,
    'Two schemes of one pool differ in benefit_year_basis: give both the same.' as problem
from schemes
inner join schemes as other_schemes
    on
        schemes.pool_region_code = other_schemes.pool_region_code
        and schemes.scheme_id < other_schemes.scheme_id
        and schemes.benefit_year_basis <> other_schemes.benefit_year_basis
