-- The risk corridor: who keeps the surplus or bears the loss of a line and year (rule H5).
with

years as (

    select * from {{ ref('int_corridor_year') }}

),

parts as (

    select * from {{ ref('int_corridor_part') }}

),

-- By the part of the result in each band, and by the whole of it.
shares as (

    select
        scheme_id,
        insurance_line,
        benefit_year,
        max(status_rank) as status_rank,
        max(case when is_reached then outcome end) as outcome,
        max(case when is_reached then band_basis end) as band_basis,
        sum(case when outcome = 'to_be_negotiated' then part_amount else 0 end) as excess_negotiated,
        sum(part_amount * coalesce(insurer_share, 0)) as excess_insurer,
        sum(case when is_reached and outcome = 'to_be_negotiated' then margin_amount else 0 end) as whole_negotiated,
        -- What goes back is only what lies above the bound; up to there the shares of the band below hold.
        sum(case
            when not is_reached or outcome = 'to_be_negotiated' then 0
            when outcome = 'returned' then from_amount * coalesce(insurer_share_below, 0)
            else margin_amount * insurer_share
        end) as whole_insurer
    from parts
    group by scheme_id, insurance_line, benefit_year

),

divided as (

    select
        years.*,
        shares.outcome,
        shares.band_basis,
        greatest(years.status_rank, coalesce(shares.status_rank, 1)) as weakest_rank,
        case
            when shares.outcome is null then years.margin_amount
            when shares.band_basis = 'excess' then cast(round(shares.excess_negotiated, 2) as decimal(18, 2))
            else cast(shares.whole_negotiated as decimal(18, 2))
        end as negotiated_amount,
        case
            when shares.outcome is null then cast(0 as decimal(18, 2))
            when shares.band_basis = 'excess' then cast(round(shares.excess_insurer, 2) as decimal(18, 2))
            else cast(round(shares.whole_insurer, 2) as decimal(18, 2))
        end as insurer_amount
    from years
    left join shares
        on
            years.scheme_id = shares.scheme_id
            and years.insurance_line = shares.insurance_line
            and years.benefit_year = shares.benefit_year

)

select
    {{ surrogate_key(['scheme_id', 'insurance_line', 'benefit_year']) }} as corridor_key,
    scheme_id,
    insurance_line,
    benefit_year,
    insured_heads,
    premium_amount as income_amount,
    payout_amount,
    service_fee_amount,
    margin_amount,
    {{ ratio('margin_amount', 'premium_amount', 6) }} as margin_rate,
    {{ ratio('payout_amount', 'premium_amount - service_fee_amount') }} as loss_ratio,
    coalesce(outcome, 'no_corridor') as outcome,
    band_basis,
    insurer_amount,
    cast(margin_amount - negotiated_amount - insurer_amount as decimal(18, 2)) as fund_amount,
    negotiated_amount,
    {{ status_name('weakest_rank') }} as parameter_status
from divided
