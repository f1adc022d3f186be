-- The bands of a risk corridor in force on any date reach from the largest loss to the largest surplus without hole or
-- overlap, and each settled band is divided whole between insurers and fund (rule H5): every result of a year falls
-- into one band.
with

bands as (

    select * from {{ ref('risk_corridor_band') }}

),

change_dates as (

    select
        scheme_id,
        insurance_line,
        effective_from as on_date
    from bands
    union
    select
        scheme_id,
        insurance_line,
        effective_to as on_date
    from bands
    where effective_to is not null

),

bands_in_force as (

    select
        change_dates.scheme_id,
        change_dates.insurance_line,
        change_dates.on_date,
        bands.margin_from,
        bands.margin_to,
        bands.insurer_share,
        bands.fund_share,
        bands.band_basis,
        row_number() over corridor as band_no,
        lag(bands.margin_to) over corridor as previous_margin_to,
        lag(bands.band_basis) over corridor as previous_band_basis,
        count(*) over (
            partition by change_dates.scheme_id, change_dates.insurance_line, change_dates.on_date
        ) as band_count
    from change_dates
    inner join bands
        on
            change_dates.scheme_id = bands.scheme_id
            and change_dates.insurance_line = bands.insurance_line
            and change_dates.on_date >= bands.effective_from
            and (bands.effective_to is null or change_dates.on_date < bands.effective_to)
    window corridor as (
        partition by change_dates.scheme_id, change_dates.insurance_line, change_dates.on_date
        order by bands.margin_from nulls first, bands.margin_to nulls last
    )

),

problems as (

    select
        *,
        case
            when band_no = 1 and margin_from is not null
                then 'The lowest band is open below: leave margin_from blank, or add the band below it.'
            when band_no = band_count and margin_to is not null
                then 'The highest band is open above: leave margin_to blank, or add the band above it.'
            when
                band_no > 1
                and (margin_from is null or previous_margin_to is null or margin_from <> previous_margin_to)
                then 'The band must start where the one below it ends: mend margin_from, or margin_to of that one.'
            when margin_to <= margin_from
                then 'The band ends before it starts: mend margin_to.'
            when insurer_share + fund_share <> 1
                then 'insurer_share and fund_share of a band add up to 1: correct one of them.'
            when band_basis <> previous_band_basis
                then 'The bands of a corridor have one band_basis: correct the odd one.'
        end as problem
    from bands_in_force

)

select * from problems
where problem is not null
