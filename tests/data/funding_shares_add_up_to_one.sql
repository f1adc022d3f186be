-- The parts of a funding standard that the public and the person bear add up to the whole (rule H1): otherwise the
-- income of the fund is not the heads times the standard.
select
    *,
    'public_share and individual_share add up to 1: correct one of them.' as problem
from {{ ref('funding_standard') }}
where public_share + individual_share <> 1
