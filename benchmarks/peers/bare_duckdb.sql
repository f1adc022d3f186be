-- The SQL of bare_duckdb.py, in the order in which it runs; each part begins with its name.

-- :macros
-- Values read from text: NULL where the text has not the form (rule A6).
create temp macro blank_free(v) as nullif(trim(cast(v as varchar)), '');
create temp macro as_code(v) as
    case
        when contains(v, '.0') and regexp_full_match(v, '[0-9]+[.]0+') then split_part(v, '.', 1)
        else v
    end;
create temp macro as_money(v) as
    case
        when regexp_full_match(v, '[+-]?[0-9]+([.][0-9]{1,2}0*)?') then try_cast(v as decimal(16,2))
    end;
create temp macro as_number(v) as
    case when regexp_full_match(v, '[+-]?[0-9]+([.][0-9]+)?') then try_cast(v as decimal(18,4)) end;
create temp macro as_integer(v) as
    case when regexp_full_match(v, '[+-]?[0-9]{1,9}([.]0+)?') then try_cast(v as integer) end;
create temp macro as_time(v) as
    case
        when regexp_full_match(v, '[0-9]{8}') then try_strptime(v, '%Y%m%d')
        when regexp_full_match(v, '[0-9]{14}') then try_strptime(v, '%Y%m%d%H%M%S')
        when regexp_full_match(
            v,
            '[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}([ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?)?'
        ) then try_cast(replace(v, '/', '-') as timestamp)
    end;
create temp macro as_date(v) as cast(as_time(v) as date);
create temp macro in_force(day, valid_from, valid_to) as
    day >= valid_from and (valid_to is null or day < valid_to);
create temp macro status_rank(status) as
    case status when 'reference' then 1 when 'illustrative' then 2 else 0 end;
create temp macro shifted(bound, basis, deductible) as
    greatest(0, bound - case when basis = 'gross' then deductible else 0 end);
create temp macro held_to(whole, amount) as
    greatest(least(amount, greatest(whole, 0)), least(whole, 0));
-- amount * part / whole, rounded half away from zero, in whole fen on the way.
create temp macro fen(v) as cast(abs(cast(v as decimal(18,2))) * 100 as hugeint);
create temp macro proportion(amount, part, whole) as
    sign(amount) * sign(part) * sign(whole)
    * cast((2 * fen(amount) * fen(part) + fen(whole)) // (2 * fen(whole)) as decimal(18,0)) * 0.01;
create temp macro climbed(payable, lower_bound, upper_bound) as
    cast(greatest(least(payable, upper_bound) - lower_bound, 0) as decimal(18,2));

-- :policy
-- The seeds compiled into ladders (section D).
create schema benefits;
create schema funds;
create schema quality;

create temp table scheme as
select
    scheme_id, pool_region_code as pool, insurance_type, cast(effective_from as date) as valid_from,
    cast(effective_to as date) as valid_to, status
from read_csv(seed('scheme'), all_varchar = true)
where scheme_kind = 'critical_illness';

create temp table scheme_pool as
select scheme_id, any_value(pool_region_code) as pool
from read_csv(seed('scheme'), all_varchar = true) group by scheme_id;

-- Which scheme a settlement belongs to; `all` stands for employees and residents.
create temp table covered as
select scheme_id, pool, kinds.insurance_type, valid_from, valid_to
from scheme
inner join (values ('employee'), ('resident'), ('other')) as kinds (insurance_type)
    on scheme.insurance_type = kinds.insurance_type
    or (scheme.insurance_type = 'all' and kinds.insurance_type <> 'other');

-- Codes of areas with the pool of each: itself or the nearest ancestor that is a pool (rule A7).
create temp table region as
with recursive
area as (from read_csv(seed('region'), all_varchar = true)),
pools as (
    select distinct pool_region_code as pool from read_csv(seed('scheme'), all_varchar = true)
),
renamed as (
    select region_code, region_code as current_code, 0 as step from area
    union all
    select renamed.region_code, area.retired_into, step + 1
    from renamed inner join area on area.region_code = renamed.current_code
    where area.retired_into is not null and step < 9
),
climb as (
    select
        region_code,
        arg_max(current_code, step) as current_code,
        arg_max(current_code, step) as ancestor,
        0 as height
    from renamed group by region_code
    union all
    select climb.region_code, climb.current_code, area.parent_region_code, height + 1
    from climb inner join area on area.region_code = climb.ancestor
    where area.parent_region_code is not null
)
select climb.region_code as code, current_code as region_code, arg_min(pool, height) as pool
from climb inner join pools on pools.pool = climb.ancestor
group by all;

create temp table insutype as
select
    pools.pool,
    codes.insutype,
    arg_max(codes.insurance_type, codes.pool_region_code is not null) as insurance_type
from (select distinct pool from region union all select '') as pools
inner join read_csv(seed('insurance_type_code'), all_varchar = true) as codes
    on codes.pool_region_code is null or codes.pool_region_code = pools.pool
group by all;

create temp table medtype as
select
    pools.pool,
    codes.med_type,
    arg_max(codes.care_type, codes.pool_region_code is not null) as care_type
from (select distinct pool from region union all select '') as pools
inner join read_csv(seed('care_type_code'), all_varchar = true) as codes
    on codes.pool_region_code is null or codes.pool_region_code = pools.pool
group by all;

create temp table identity as
select
    pools.pool,
    codes.psn_idet_type,
    arg_max(codes.assistance_category, codes.pool_region_code is not null) as assistance_category,
from (select distinct pool from region union all select '') as pools
inner join read_csv(seed('identity_code'), all_varchar = true) as codes
    on codes.pool_region_code is null or codes.pool_region_code = pools.pool
group by all;

create temp table category as
select assistance_category, cast(priority as integer) as priority
from read_csv(seed('assistance_category'), all_varchar = true);

create temp table term as
select
    scheme_id, insurance_type, cast(deductible as decimal(18,2)) as deductible,
    cast(annual_limit as decimal(18,2)) as annual_limit, limit_basis, tier_basis,
    cast(effective_from as date) as valid_from, cast(effective_to as date) as valid_to, status
from read_csv(seed('benefit_term'), all_varchar = true) semi join scheme using (scheme_id);

create temp table tier_seed as
select
    scheme_id, insurance_type, cast(tier_no as integer) as tier_no,
    cast(lower_bound as decimal(18,2)) as lower_bound,
    cast(upper_bound as decimal(18,2)) as upper_bound, cast(rate as decimal(6,4)) as rate,
    cast(effective_from as date) as valid_from, cast(effective_to as date) as valid_to, status
from read_csv(seed('benefit_tier'), all_varchar = true) semi join scheme using (scheme_id);

create temp table modifier as
select
    scheme_id, assistance_category, cast(deductible_factor as decimal(6,4)) as deductible_factor,
    cast(rate_addition as decimal(6,4)) as rate_addition,
    cast(rate_override as decimal(6,4)) as rate_override,
    cast(limit_waived as boolean) as limit_waived,
    cast(effective_from as date) as valid_from, cast(effective_to as date) as valid_to, status
from read_csv(seed('category_modifier'), all_varchar = true) semi join scheme using (scheme_id);

create temp table coverage as
select
    row_number() over () as coverage_no, scheme_id, care_type, component, item_type, item_list_id,
    list_rule,
    cast(share as decimal(6,4)) as share, cast(effective_from as date) as valid_from,
    cast(effective_to as date) as valid_to, status
from read_csv(seed('coverage'), all_varchar = true) semi join scheme using (scheme_id);

create temp table item_list as
select
    item_list_id, item_code, disease_code, cast(effective_from as date) as valid_from,
    cast(effective_to as date) as valid_to
from read_csv(seed('item_list'), all_varchar = true);

-- Spans in which nothing of a scheme's policy changes.
create temp table version as
with changes as (
    select scheme_id, unnest([valid_from, valid_to]) as day from term
    union select scheme_id, unnest([valid_from, valid_to]) from tier_seed
    union select scheme_id, unnest([valid_from, valid_to]) from modifier
    union select scheme_id, unnest([valid_from, valid_to]) from coverage
)
select
    scheme_id,
    day as valid_from,
    lead(day) over (partition by scheme_id order by day) as valid_to
from changes
where day is not null;

create temp table ladder as
select
    row_number() over () as ladder_no,
    version.*,
    term.insurance_type,
    category.assistance_category,
    round(term.deductible * coalesce(modifier.deductible_factor, 1), 2)::decimal(18,2)
        as deductible,
    case when not coalesce(modifier.limit_waived, false) then term.annual_limit end as annual_limit,
    term.limit_basis,
    term.tier_basis,
    coalesce(modifier.rate_addition, 0) as rate_addition,
    modifier.rate_override,
    greatest(status_rank(scheme.status), status_rank(term.status), status_rank(modifier.status))
        as status_rank,
from version
inner join scheme using (scheme_id)
inner join term
    on term.scheme_id = version.scheme_id
    and in_force(version.valid_from, term.valid_from, term.valid_to)
cross join category
left join modifier
    on modifier.scheme_id = version.scheme_id
    and modifier.assistance_category = category.assistance_category
    and in_force(version.valid_from, modifier.valid_from, modifier.valid_to);

create temp table tier as
with shifted as (
    select
        ladder.ladder_no,
        ladder.annual_limit,
        ladder.limit_basis,
        tier_seed.tier_no,
        case
            when row_number() over (partition by ladder_no order by tier_no) = 1 then 0
            else shifted(tier_seed.lower_bound, tier_basis, deductible)
        end::decimal(18,2) as lower_bound,
        shifted(tier_seed.upper_bound, tier_basis, deductible)::decimal(18,2) as shifted_upper,
        tier_seed.upper_bound is null as is_open,
        least(1, coalesce(ladder.rate_override, tier_seed.rate + ladder.rate_addition))
            ::decimal(6,4) as rate
    from ladder
    inner join tier_seed
        on tier_seed.scheme_id = ladder.scheme_id
        and tier_seed.insurance_type in ('all', ladder.insurance_type)
        and in_force(ladder.valid_from, tier_seed.valid_from, tier_seed.valid_to)
)
select
    ladder_no, tier_no, lower_bound, rate,
    case when is_open then 999999999999.99::decimal(18,2) else shifted_upper end as upper_bound,
    case
        when limit_basis = 'payout' and annual_limit is not null then greatest(
            0, annual_limit - coalesce(
                sum(round(rate * (shifted_upper - lower_bound), 2)) over (
                    partition by ladder_no order by tier_no
                    rows between unbounded preceding and 1 preceding
                ), 0
            )
        )
    end::decimal(18,2) as payout_cap
from shifted;

-- Shares of the header's components in one row a scheme, care type and span.
create temp table header_share as
select
    version.scheme_id, version.valid_from, version.valid_to, coverage.care_type,
    coalesce(max(share) filter (where component = 'coinsurance'), 0)::decimal(6,4) as coinsurance,
    coalesce(max(share) filter (where component = 'class_b_self_pay'), 0)::decimal(6,4)
        as class_b_self_pay,
    coalesce(max(share) filter (where component = 'transfer_self_pay'), 0)::decimal(6,4)
        as transfer_self_pay,
    coalesce(max(share) filter (where component = 'over_limit'), 0)::decimal(6,4) as over_limit
from version
inner join coverage
    on coverage.scheme_id = version.scheme_id
    and in_force(version.valid_from, coverage.valid_from, coverage.valid_to)
where item_list_id is null
group by all;

-- :reversals
-- Reversals, and the settlements that they may reverse (rule A3).
create temp table reversal as
select setl_id, init_setl_id, psn_no, setl_time, medfee_sumamt as total from setl_d_used
where init_setl_id <> setl_id;
create temp table link (
    setl_id varchar, psn_no varchar, setl_time timestamp, total decimal(18,2),
    root_time timestamp, root_id varchar, depth int
);
create temp table rejected (setl_id varchar, reasons varchar);
insert into link
select setl_id, psn_no, setl_time, medfee_sumamt, setl_time, setl_id, 0 from setl_d_used
where not coalesce(init_setl_id <> setl_id, false)
    and setl_id in (select init_setl_id from reversal);

-- :charge
-- Own expense of the fee lines; inside the catalogue it is restricted use (rule B4).
create temp view charge as
select
    setl_id, med_list_codg, fulamt_ownpay_amt as amount,
    case as_code(list_type)
        when '101' then 'drug'
        when '102' then 'drug'
        when '103' then 'drug'
        when '201' then 'service'
        when '301' then 'material'
    end as item_type,
    coalesce(as_code(chrgitm_lv) in ('01', '02', '1', '2', '甲', '乙', '甲类', '乙类'), false)
        as is_restricted
from fee_list_d_used
where fulamt_ownpay_amt <> 0;

-- :families
-- For payouts alone: only what has items on the schemes' lists, its root and what takes that back.
create temp table family as
with listed as (
    select distinct setl_id from charge
    where med_list_codg in (select item_code from item_list semi join coverage using (item_list_id))
),
root as (
    select coalesce(link.root_id, listed.setl_id) as root_id
    from listed left join link using (setl_id)
)
select root_id as setl_id from root
union
select setl_id from link semi join root using (root_id);
create temp view line as from charge semi join family using (setl_id);

-- :parts
-- What the lines say of each settlement, and where that is not what counts: lines that come to more than the settlement
-- says are believed in proportion (rule B4), and a reversal without lines takes back its root's items (rule A3).
create temp table said as
select
    setl_id,
    sum(amount) filter (where not is_restricted and item_type = 'drug') as drug,
    sum(amount) filter (where not is_restricted and item_type = 'service') as service,
    sum(amount) filter (where not is_restricted and item_type = 'material') as material,
    sum(amount) filter (where is_restricted) as restricted_use,
    sum(amount) as total
from line
group by setl_id;

create temp table exceeding as
select said.setl_id, said.total, held_to(coalesce(s.fulamt_ownpay_amt, 0), said.total) as held
from said
inner join setl_d_used as s on s.setl_id = said.setl_id
where said.total <> held_to(coalesce(s.fulamt_ownpay_amt, 0), said.total);

-- Several of one root go on where the one before stopped.
create temp table untold as
select
    link.setl_id, link.root_id, s.fulamt_ownpay_amt as amount, root.fulamt_ownpay_amt as whole,
    sum(s.fulamt_ownpay_amt) over (
        partition by link.root_id order by s.setl_time, s.setl_id rows unbounded preceding
    ) as taken
from link
inner join setl_d_used as s on s.setl_id = link.setl_id
inner join setl_d_used as root on root.setl_id = link.root_id
anti join said on said.setl_id = link.setl_id
where s.fulamt_ownpay_amt <> 0 and root.fulamt_ownpay_amt <> 0;

-- Items of listed lines, and of the few settlements whose amounts are not simply their lines'. Shares are rounded on
-- running sums, so that they come to the whole to the fen.
create temp table part as
with items as (
    select
        setl_id, is_restricted, coalesce(item_type, '') as item_type,
        coalesce(listed.item_code, '') as item_code, sum(amount) as amount
    from line
    left join (select distinct item_code from item_list) as listed
        on listed.item_code = med_list_codg
    where listed.item_code is not null
        or setl_id in (select setl_id from exceeding union select root_id from untold)
    group by all
),
running as (
    select items.*, exceeding.total, exceeding.held, sum(amount) over item as so_far
    from items
    left join exceeding on exceeding.setl_id = items.setl_id
    window item as (
        partition by items.setl_id order by is_restricted, item_type, item_code
        rows unbounded preceding
    )
),
own as (
    select
        setl_id, is_restricted, item_type, item_code,
        case
            when total is null then amount
            else proportion(so_far, held, total) - proportion(so_far - amount, held, total)
        end::decimal(18,2) as amount
    from running
),
root_items as (
    select
        untold.setl_id, is_restricted, item_type, item_code, own.amount, taken,
        taken - untold.amount as taken_before, whole, sum(own.amount) over item as so_far
    from untold
    inner join own on own.setl_id = untold.root_id
    window item as (
        partition by untold.setl_id order by is_restricted, item_type, item_code
        rows unbounded preceding
    )
)
select * from own
union all
select
    setl_id, is_restricted, item_type, item_code,
    (
        proportion(so_far, taken, whole) - proportion(so_far - amount, taken, whole)
        - proportion(so_far, taken_before, whole)
        + proportion(so_far - amount, taken_before, whole)
    )::decimal(18,2)
from root_items;

-- :claim_expense
-- Expense components of every settlement (section B).
create table benefits.fct_claim_expense as
with parts as (
    select setl_id, drug, service, material, restricted_use
    from said anti join exceeding using (setl_id)
    union all
    select
        setl_id,
        sum(amount) filter (where not is_restricted and item_type = 'drug'),
        sum(amount) filter (where not is_restricted and item_type = 'service'),
        sum(amount) filter (where not is_restricted and item_type = 'material'),
        sum(amount) filter (where is_restricted)
    from part
    where setl_id in (select setl_id from exceeding union select setl_id from untold)
    group by setl_id
),
-- A reversal is of the place of its root.
place as (
    select link.setl_id, link.root_time, s.pool, s.region_code, s.insurance_type, s.care_type, s.dise_no
    from link
    inner join setl_d_used as s on s.setl_id = link.root_id
)
select
    s.setl_id as settlement_id,
    person_key(s.psn_no) as person_key,
    year(coalesce(link.root_time, s.setl_time))::integer as benefit_year,
    s.setl_time as settled_at,
    coalesce(link.root_time, s.setl_time)::date as terms_date,
    coalesce(link.pool, s.pool) as pool,
    coalesce(link.region_code, s.region_code) as region_code,
    coalesce(link.insurance_type, s.insurance_type) as insurance_type,
    coalesce(link.care_type, s.care_type) as care_type,
    s.fixmedins_code as institution_code,
    case when link.setl_id is null then s.dise_no else link.dise_no end as disease_code,
    link.setl_id is not null as is_reversal,
    coalesce(s.medfee_sumamt, 0)::decimal(18,2) as total_cost,
    coalesce(s.hifp_pay, 0)::decimal(18,2) as basic_paid,
    (coalesce(s.inscp_amt, 0) - coalesce(s.hifp_pay, 0))::decimal(18,2) as coinsurance,
    (coalesce(s.preselfpay_amt, 0) - coalesce(s.trafout_preselfpay_amt, 0))::decimal(18,2)
        as class_b_self_pay,
    coalesce(s.trafout_preselfpay_amt, 0)::decimal(18,2) as transfer_self_pay,
    coalesce(s.overlmt_selfpay, 0)::decimal(18,2) as over_limit,
    coalesce(s.fulamt_ownpay_amt, 0)::decimal(18,2) as own_expense,
    coalesce(parts.drug, 0)::decimal(18,2) as own_expense_drug,
    coalesce(parts.service, 0)::decimal(18,2) as own_expense_service,
    coalesce(parts.material, 0)::decimal(18,2) as own_expense_material,
    coalesce(parts.restricted_use, 0)::decimal(18,2) as restricted_use,
    (
        own_expense - own_expense_drug - own_expense_service - own_expense_material
        - coalesce(parts.restricted_use, 0)
    )::decimal(18,2) as own_expense_unclassified
from setl_d_used as s
left join place as link on link.setl_id = s.setl_id
left join parts on parts.setl_id = s.setl_id
where not coalesce(s.init_setl_id <> s.setl_id, false) or link.setl_id is not null;

-- :listed
-- Own expense of items on the lists that a scheme counts (rule B5).
create temp table listed as
with hits as (
    select distinct
        part.*, coverage.coverage_no, coverage.scheme_id, coverage.share
    from part
    inner join item_list using (item_code)
    -- A line without a type is unclassified, unless a list alone says what its item is.
    inner join coverage
        on coverage.item_list_id = item_list.item_list_id
        and part.item_type = coalesce(coverage.item_type, part.item_type)
        and part.is_restricted = (coverage.component = 'restricted_use')
    inner join covered on covered.scheme_id = coverage.scheme_id
    inner join benefits.fct_claim_expense as e
        on e.settlement_id = part.setl_id and e.pool = covered.pool
        and e.insurance_type = covered.insurance_type and e.care_type = coverage.care_type
        and in_force(e.terms_date, coverage.valid_from, coverage.valid_to)
        and in_force(e.terms_date, item_list.valid_from, item_list.valid_to)
        and coalesce(item_list.disease_code = e.disease_code, item_list.disease_code is null)
),
amounts as (
    select setl_id, scheme_id, coverage_no, round(share * sum(amount), 2) as amount
    from hits group by setl_id, scheme_id, coverage_no, share
)
select setl_id as settlement_id, scheme_id, sum(amount) as amount from amounts group by all;

-- :counted
-- Eligible expense of every settlement in its scheme (rule B7).
create temp table counted as
select
    e.settlement_id, covered.scheme_id, e.person_key, e.benefit_year, e.settled_at, e.terms_date,
    e.region_code, e.insurance_type, e.is_reversal,
    (
        coalesce(round(e.coinsurance * h.coinsurance, 2), 0)
        + coalesce(round(e.class_b_self_pay * h.class_b_self_pay, 2), 0)
        + coalesce(round(e.transfer_self_pay * h.transfer_self_pay, 2), 0)
        + coalesce(round(e.over_limit * h.over_limit, 2), 0)
        + coalesce(listed.amount, 0)
    )::decimal(18,2) as eligible_expense
from benefits.fct_claim_expense as e
inner join covered
    on covered.pool = e.pool and covered.insurance_type = e.insurance_type
    and in_force(e.terms_date, covered.valid_from, covered.valid_to)
left join header_share as h
    on h.scheme_id = covered.scheme_id and h.care_type = e.care_type
    and in_force(e.terms_date, h.valid_from, h.valid_to)
left join listed on listed.settlement_id = e.settlement_id and listed.scheme_id = covered.scheme_id;

-- :accumulated
-- Accumulators of the person-years that have any eligible expense (rules C3, E1, E2).
create temp table accumulated as
select
    *,
    sum(eligible_expense) over accumulator as accumulated_after,
    lead(settlement_id) over accumulator is null as is_last
from counted
semi join (
    select person_key, scheme_id, benefit_year from counted where eligible_expense <> 0
) using (person_key, scheme_id, benefit_year)
window accumulator as (
    partition by person_key, scheme_id, benefit_year order by settled_at, settlement_id
    rows unbounded preceding
);
drop table counted;

-- :held
-- Assistance category at each settlement (rules C1, C2).
create temp table held as
with identities as (
    select *, person_key(psn_no) as person_key from psn_idet_d_used
),
-- Without an area a code means what it does where the person settles or is insured.
arealess as (
    select distinct psn_no, person_key from identities where insu_admdvs is null
),
place as (
    select person_key, pool from benefits.fct_claim_expense semi join arealess using (person_key)
    union
    select person_key, pool from psn_insu_d_used inner join arealess using (psn_no)
),
spells as (
    select
        spell.person_key,
        category.*,
        spell.begntime::date as held_from,
        spell.endtime::date + (spell.endtime > date_trunc('day', spell.endtime))::integer as held_to
    from identities as spell
    left join place on place.person_key = spell.person_key and spell.insu_admdvs is null
    inner join identity
        on identity.pool = coalesce(spell.pool, place.pool, '')
        and identity.psn_idet_type = spell.psn_idet_type
    inner join category using (assistance_category)
)
select
    a.settlement_id, a.scheme_id,
    arg_min(
        spells.assistance_category,
        spells.priority + case when modifier.scheme_id is null then 1000 else 0 end
    ) as assistance_category
from accumulated as a
inner join spells on spells.person_key = a.person_key and in_force(a.terms_date, held_from, held_to)
left join modifier
    on modifier.scheme_id = a.scheme_id
    and modifier.assistance_category = spells.assistance_category
    and in_force(a.terms_date, modifier.valid_from, modifier.valid_to)
group by all;

-- :ladders
-- Payable expense, and what each tier pays of it (rules E3 to E5).
create temp table priced as
with graded as (
    select
        a.*,
        coalesce(held.assistance_category, 'none') as assistance_category,
        a.accumulated_after - a.eligible_expense as accumulated_before,
    from accumulated as a
    left join held on held.settlement_id = a.settlement_id and held.scheme_id = a.scheme_id
)
select
    g.* exclude (accumulated_after, accumulated_before),
    accumulated_before::decimal(18,2) as accumulated_before,
    accumulated_after::decimal(18,2) as accumulated_after,
    ladder.ladder_no, ladder.status_rank, ladder.deductible, ladder.annual_limit,
    ladder.limit_basis,
    case when limit_basis = 'eligible_expense' then annual_limit - deductible end as payable_cap,
    coalesce(least(greatest(accumulated_before - deductible, 0), payable_cap), 0)::decimal(18,2)
        as payable_before,
    coalesce(least(greatest(accumulated_after - deductible, 0), payable_cap), 0)::decimal(18,2)
        as payable_after
from graded as g
left join ladder
    on ladder.scheme_id = g.scheme_id and ladder.assistance_category = g.assistance_category
    and ladder.insurance_type in ('all', g.insurance_type)
    and in_force(g.terms_date, ladder.valid_from, ladder.valid_to);
drop table accumulated;

create table benefits.fct_payout_tier as
select
    p.settlement_id, p.scheme_id, tier.tier_no, tier.rate,
    (
        climbed(payable_after, lower_bound, upper_bound)
        - climbed(payable_before, lower_bound, upper_bound)
    )::decimal(18,2) as tier_expense,
    (
        least(round(rate * climbed(payable_after, lower_bound, upper_bound), 2), payout_cap)
        - least(round(rate * climbed(payable_before, lower_bound, upper_bound), 2), payout_cap)
    )::decimal(18,2) as tier_payout
from priced as p
inner join tier using (ladder_no)
where payable_after <> payable_before and tier_expense <> 0;

-- :payout
-- The payouts (rule E4).
create table benefits.fct_payout as
with paid as (
    select settlement_id, scheme_id, sum(tier_payout) as payout_amount, count(*) > 1 as is_straddle
    from benefits.fct_payout_tier group by all
)
select
    p.settlement_id, p.scheme_id, p.person_key, p.benefit_year, p.settled_at, p.region_code,
    p.insurance_type, p.assistance_category, p.eligible_expense, p.accumulated_before,
    p.accumulated_after, p.payable_before, p.payable_after,
    coalesce(paid.payout_amount, 0)::decimal(18,2) as payout_amount,
    coalesce(paid.is_straddle, false) as is_straddle,
    p.is_reversal,
    'covered' as cover_status,
    case p.status_rank when 0 then 'enacted' when 1 then 'reference' else 'illustrative' end
        as parameter_status
from priced as p
left join paid using (settlement_id, scheme_id);

-- :changed
-- Payouts without any limit of the person-years whose terms change, in order.
with
changed as (
    select person_key, scheme_id, benefit_year from priced
    group by all having count(distinct ladder_no) > 1
)
select
    p.person_key, p.scheme_id, p.benefit_year, p.settlement_id,
    case when p.limit_basis = 'payout' then p.annual_limit end as payout_limit,
    t.tier_no, t.tier_payout,
    (
        round(t.rate * climbed(payable_after, lower_bound, upper_bound), 2)
        - round(t.rate * climbed(payable_before, lower_bound, upper_bound), 2)
    )::decimal(18,2) as wanted
from priced as p
semi join changed using (person_key, scheme_id, benefit_year)
inner join tier using (ladder_no)
inner join benefits.fct_payout_tier as t
    on t.settlement_id = p.settlement_id and t.scheme_id = p.scheme_id and t.tier_no = tier.tier_no
order by p.person_key, p.scheme_id, p.benefit_year, p.settled_at, p.settlement_id, t.tier_no

-- :accumulator_year
-- One row a person, scheme and year.
create table benefits.fct_accumulator_year as
with years as (
    select
        person_key, scheme_id, benefit_year, count(*) as settlement_count,
        sum(eligible_expense)::decimal(18,2) as eligible_expense,
        sum(payout_amount)::decimal(18,2) as payout_amount,
        min(settled_at) filter (where payout_amount > 0) as first_payout_at
    from benefits.fct_payout
    group by person_key, scheme_id, benefit_year
)
select
    years.person_key, years.scheme_id, years.benefit_year, p.region_code, p.insurance_type,
    p.assistance_category, years.settlement_count, years.eligible_expense,
    p.payable_after as payable_expense, years.payout_amount, p.deductible,
    greatest(p.deductible - years.eligible_expense, 0)::decimal(18,2) as deductible_remaining,
    p.annual_limit,
    case when p.annual_limit is not null then greatest(
        p.annual_limit
        - case p.limit_basis
            when 'payout' then years.payout_amount
            else years.eligible_expense
        end,
        0
    ) end::decimal(18,2) as limit_remaining,
    years.first_payout_at
from years
inner join priced as p using (person_key, scheme_id, benefit_year)
where p.is_last

-- :fund_year
-- Income against payouts by scheme, county, insurance type and year (rules H1, H3).
create table funds.fct_fund_year as
with
standard as (
    select
        scheme_id, insurance_type, cast(benefit_year as integer) as benefit_year,
        cast(per_capita_amount as decimal(18,2)) as per_capita,
        cast(census_date as date) as census_date,
        cast(public_share as decimal(6,4)) as public_share
    from read_csv(seed('funding_standard'), all_varchar = true) semi join scheme using (scheme_id)
),
-- Somebody with two spells on the census date counts once, by the later one.
insured as (
    select
        standard.scheme_id, standard.benefit_year,
        arg_max(spell.region_code, (spell.crt_insu_date, spell.psn_insu_rlts_id)) as region_code,
        arg_max(spell.insurance_type, (spell.crt_insu_date, spell.psn_insu_rlts_id))
            as insurance_type
    from psn_insu_d_used as spell
    inner join scheme on scheme.pool = spell.pool
    inner join standard
        on standard.scheme_id = scheme.scheme_id and standard.insurance_type = spell.insurance_type
        and in_force(
            standard.census_date, spell.crt_insu_date,
            case
                when spell.psn_insu_stas in ('2', '3')
                    then coalesce(spell.paus_insu_date, spell.updt_time::date)
                else spell.paus_insu_date
            end
        )
    group by standard.scheme_id, standard.benefit_year, spell.psn_no
),
heads as (
    select scheme_id, region_code, insurance_type, benefit_year, count(*) as insured_heads
    from insured group by all
),
paid as (
    select
        scheme_id, region_code, insurance_type, benefit_year, sum(payout_amount) as payout_amount,
        count(distinct person_key) filter (where payout_amount <> 0) as persons_paid
    from benefits.fct_payout group by all
),
movements as (
    select
        scheme_id, coalesce(moved.region_code, scheme.pool) as region_code, benefit_year,
        coalesce(moved.insurance_type, scheme.insurance_type) as insurance_type,
        coalesce(sum(amount) filter (where txn_type = 'carried_in'), 0) as carried_in,
        -- An amount or an outflow; a correction has the other sign.
        abs(coalesce(sum(amount) filter (where txn_type = 'service_fee'), 0)) as service_fee,
        coalesce(sum(amount) filter (where txn_type = 'interest'), 0) as interest
    from fund_txn_d_used as moved
    inner join scheme using (scheme_id)
    group by all
),
-- Standards and open spells reach beyond the extract: only the years count of which it tells.
years as (
    select scheme_id, min(benefit_year) as first_year, max(benefit_year) as last_year
    from (
        select scheme_id, benefit_year from benefits.fct_payout
        union all select scheme_id, year(settled_at) from benefits.fct_payout
        union all select scheme_id, benefit_year from movements
    )
    group by scheme_id
),
income as (
    select
        heads.*,
        insured_heads * per_capita as income_amount,
        round(insured_heads * per_capita * public_share, 2) as public_income
    from heads
    inner join standard using (scheme_id, insurance_type, benefit_year)
    inner join years
        on years.scheme_id = heads.scheme_id
        and heads.benefit_year between years.first_year and years.last_year
),
amounts as (
    select
        scheme_id, region_code, insurance_type, benefit_year,
        coalesce(insured_heads, 0) as insured_heads,
        coalesce(income_amount, 0)::decimal(18,2) as income_amount,
        coalesce(public_income, 0)::decimal(18,2) as public_income_amount,
        coalesce(payout_amount, 0)::decimal(18,2) as payout_amount,
        coalesce(persons_paid, 0) as persons_paid,
        -- What is said to be carried in later stands in the balance already (rule H3).
        case when benefit_year = min(benefit_year) over (partition by scheme_id) then coalesce(carried_in, 0) else 0 end
            as carried_in,
        coalesce(service_fee, 0) as service_fee,
        coalesce(interest, 0) as interest
    from income
    full join paid using (scheme_id, region_code, insurance_type, benefit_year)
    full join movements using (scheme_id, region_code, insurance_type, benefit_year)
)
select
    * exclude (carried_in, service_fee, interest),
    sum(carried_in + income_amount + interest - service_fee - payout_amount) over (
        partition by scheme_id, region_code, insurance_type order by benefit_year
        rows unbounded preceding
    )::decimal(18,2) as balance_amount,
    (payout_amount / nullif(income_amount - service_fee, 0))::decimal(18,4) as loss_ratio
from amounts;

-- :audit
-- Where the audit goes (rule A6).
create table quality.load_audit (
    raw_table varchar, source_file varchar, delivered bigint, accepted bigint, superseded bigint,
    void bigint, quarantined bigint
);
create table quality.quarantine (
    raw_table varchar, record_key varchar, reasons varchar, raw_row varchar, source_file varchar
);
create temp table unusable (
    raw_table varchar, file_no int, row_no bigint, record_key varchar, reasons varchar
);
