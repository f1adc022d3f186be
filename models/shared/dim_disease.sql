-- Diseases met in settlements, each under the name that it is given most often.
with

names as (

    select
        disease_code,
        disease_name,
        sum(settlements) as settlements
    from {{ ref('int_disease_name_count') }}
    group by disease_code, disease_name

),

ranked as (

    select
        disease_code,
        disease_name,
        row_number() over (
            partition by disease_code
            order by case when disease_name is null then 1 else 0 end asc, settlements desc, disease_name asc
        ) as preference
    from names

)

select
    disease_code,
    disease_name
from ranked
where preference = 1
