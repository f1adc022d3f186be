-- Spans of cover of one person and scheme do not overlap (rule G1): a settlement would lie in two of them and be paid
-- twice.
with

spans as (

    select
        *,
        lead(covered_from) over (partition by scheme_id, person_key order by covered_from) as next_covered_from
    from {{ ref('fct_cover_span') }}

)

select * from spans
where next_covered_from < covered_to
