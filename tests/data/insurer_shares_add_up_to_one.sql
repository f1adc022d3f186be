-- The shares of the insurers that carry a line together add up to 1 on every date (rule H6): what they do not add up to
-- would be paid or earned by nobody.
with

shares as (

    select * from {{ ref('insurer_share') }}

),

change_dates as (

    select
        scheme_id,
        insurance_line,
        effective_from as on_date
    from shares
    union
    select
        scheme_id,
        insurance_line,
        effective_to as on_date
    from shares
    where effective_to is not null

)

select
    change_dates.scheme_id,
    change_dates.insurance_line,
    change_dates.on_date,
    sum(shares.share) as share_total,
    'The shares of the insurers in force on this date do not add up to 1: '
    || 'correct share, or the dates of an insurer.' as problem
from change_dates
inner join shares
    on
        change_dates.scheme_id = shares.scheme_id
        and change_dates.insurance_line = shares.insurance_line
        and change_dates.on_date >= shares.effective_from
        and (shares.effective_to is null or change_dates.on_date < shares.effective_to)
group by
    change_dates.scheme_id,
    change_dates.insurance_line,
    change_dates.on_date
having sum(shares.share) <> 1
