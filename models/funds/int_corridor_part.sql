-- The result of a line and year cut at the bounds of the risk corridor, and the band that it ends in (rule H5).
with

years as (

    select * from {{ ref('int_corridor_year') }}

),

bands as (

    select * from {{ ref('risk_corridor_band') }}

),

-- Bounds are shares of the premium: multiplied, never divided, so that a result at the very bound is exactly there.
bounded as (

    select
        years.scheme_id,
        years.insurance_line,
        years.benefit_year,
        years.margin_amount,
        bands.margin_from,
        bands.margin_to,
        bands.insurer_share,
        bands.band_basis,
        bands.outcome,
        {{ status_rank('bands.status') }} as status_rank,
        years.premium_amount * bands.margin_from as from_amount,
        years.premium_amount * bands.margin_to as to_amount,
        lag(bands.insurer_share) over (
            partition by years.scheme_id, years.insurance_line, years.benefit_year
            order by bands.margin_from nulls first
        ) as insurer_share_below
    from years
    inner join bands
        on
            years.scheme_id = bands.scheme_id
            and years.insurance_line = bands.insurance_line
            and {{ is_in_force('bands', year_start('years.benefit_year')) }}

)

select
    scheme_id,
    insurance_line,
    benefit_year,
    margin_amount,
    margin_from,
    from_amount,
    insurer_share,
    insurer_share_below,
    band_basis,
    outcome,
    status_rank,
    -- A bound belongs to the band nearer to 0.
    (
        margin_from is null
        or margin_amount > from_amount
        or (margin_amount = from_amount and margin_from < 0)
    )
    and (
        margin_to is null
        or margin_amount < to_amount
        or (margin_amount = to_amount and margin_to > 0)
    ) as is_reached,
    -- What of the result lies in the band, counted from 0 outwards; of a loss below zero.
    cast(
        greatest(0, least(margin_amount, coalesce(to_amount, margin_amount)) - greatest(0, coalesce(from_amount, 0)))
        - greatest(0, least(0, coalesce(to_amount, 0)) - greatest(margin_amount, coalesce(from_amount, margin_amount)))
        as decimal(24, 6)
    ) as part_amount
from bounded
