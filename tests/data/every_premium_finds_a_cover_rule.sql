-- Every cover year that a premium is paid for finds a rule of cover in force (rules G1 to G4): otherwise the member
-- would never be covered, and nobody would know why. Add the rule to seeds/policy/cover_rule.csv.
select
    premiums.scheme_id,
    premiums.cover_year,
    count(*) as premiums,
    min(premiums.paid_on) as first_paid_on
from {{ ref('int_premium') }} as premiums
left join {{ ref('int_cover_start') }} as starts
    on
        premiums.scheme_id = starts.scheme_id
        and premiums.person_key = starts.person_key
        and premiums.cover_year = starts.cover_year
where starts.person_key is null
group by premiums.scheme_id, premiums.cover_year
