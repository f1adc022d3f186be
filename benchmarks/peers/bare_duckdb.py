"""Peer: the same tables as the project, as one hand-written DuckDB script.

This is what the project is measured against: no dbt, no tests, no contracts, no column comments, no atomic publishing;
only the SQL that the work itself needs. It reads the raw files and the policy seeds and writes
``fct_claim_expense``, ``fct_payout``, ``fct_payout_tier``, ``fct_accumulator_year``, ``fct_fund_year``, ``load_audit``
and ``quarantine`` into a DuckDB file. Written to the rulebook (rules A1 to E5), not to the project's SQL.

It knows only what the shipped seeds use, and stops when they ask for more: one expense pool a scheme, benefit year by
settlement, prospective status, reversals under the terms of their original.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[2]

# Raw tables: key, then columns by type. Only what is used is kept; every typed column is checked (rule A6).
COMMON_TEXT, COMMON_TIME = ["vali_flag", "rid"], ["updt_time"]
TABLES = {
    "setl_d": {
        "key": ["setl_id"],
        "text": [
            "setl_id",
            "init_setl_id",
            "psn_no",
            "insutype",
            "insu_admdvs",
            "med_type",
            "fixmedins_code",
        ]
        + ["dise_no"],
        "time": ["setl_time"],
        "money": ["medfee_sumamt", "fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt"]
        + ["trafout_preselfpay_amt", "inscp_amt", "hifp_pay"],
        "unused": {
            "date": ["begndate", "enddate"],
            "money": [
                "act_pay_dedc",
                "cvlserv_pay",
                "hifes_pay",
                "hifmi_pay",
                "hifob_pay",
                "hifdm_pay",
                "maf_pay",
            ]
            + [
                "othfund_pay",
                "fund_pay_sumamt",
                "psn_pay",
                "acct_pay",
                "cash_payamt",
                "ownpay_hosp_part",
            ],
        },
    },
    "fee_list_d": {
        "key": ["bkkp_sn", "setl_id"],
        "text": ["bkkp_sn", "setl_id", "chrgitm_lv", "list_type", "med_list_codg"],
        "money": ["det_item_fee_sumamt", "fulamt_ownpay_amt"],
        "unused": {
            "time": ["fee_ocur_time"],
            "number": ["cnt", "pric"],
            "money": ["overlmt_selfpay", "preselfpay_amt", "inscp_amt"],
        },
    },
    "psn_idet_d": {
        "key": ["psn_no", "psn_idet_type", "begntime"],
        "text": ["psn_no", "psn_idet_type", "insu_admdvs"],
        "time": ["begntime", "endtime"],
    },
    "psn_insu_d": {
        "key": ["psn_insu_rlts_id"],
        "text": ["psn_insu_rlts_id", "psn_no", "insutype", "psn_insu_stas", "insu_admdvs"],
        "date": ["crt_insu_date", "paus_insu_date"],
    },
    "fund_txn_d": {
        "key": ["txn_id"],
        "text": ["txn_id", "scheme_id", "insu_admdvs", "insutype", "txn_type"],
        "date": ["txn_date"],
        "integer": ["benefit_year"],
        "money": ["amount"],
    },
    "mdtrt_d": {
        "key": ["mdtrt_id"],
        "text": ["mdtrt_id"],
        "unused": {"time": ["begntime", "endtime"], "date": ["die_date"]},
    },
    "psn_info_b": {"key": ["psn_no"], "text": ["psn_no"], "unused": {"date": ["brdy"]}},
    "supp_enrl_d": {
        "key": ["enrl_id"],
        "text": ["enrl_id", "psn_no"],
        "unused": {
            "integer": ["cover_year"],
            "time": ["paid_time", "auto_renew_consent_time", "renewal_withdrawn_time"],
            "money": ["premium_amt"],
            "date": ["event_date"],
        },
    },
    "fixmedins_b": {"key": ["fixmedins_code"], "text": ["fixmedins_code"]},
    "refl_appy_evt_c": {
        "key": ["evtsn"],
        "text": ["evtsn", "psn_no"],
        "unused": {"date": ["refl_date", "begndate", "enddate"]},
    },
}
ALIASES = {
    "inscp_scp_amt": "inscp_amt",
    "oth_pay": "othfund_pay",
    "psn_part_amt": "psn_pay",
    "psn_cash_pay": "cash_payamt",
    "hosp_part_amt": "ownpay_hosp_part",
    "dise_codg": "dise_no",
    "insuplc_admdvs": "insu_admdvs",
    "overlmt_amt": "overlmt_selfpay",
    "feedetl_sn": "bkkp_sn",
}
SQL_TYPES = {
    "text": "varchar",
    "time": "timestamp",
    "date": "date",
    "money": "decimal(18,2)",
    "number": "decimal(18,4)",
    "integer": "integer",
}
# Reasons beside Q01 (key) and Q04 (a value that does not parse), in the order of their numbers.
REASONS = {
    "setl_d": {
        "Q02": "psn_no is null",
        "Q03": "setl_time is null and not is_bad",
        "Q05": "medfee_sumamt < 0 and not coalesce(init_setl_id <> setl_id, false)",
        "Q06": "pool is null",
        "Q07": "insurance_type is null",
        "Q08": "care_type is null",
    },
    "fee_list_d": {"Q04": "det_item_fee_sumamt is null"},
    "psn_idet_d": {"Q02": "psn_no is null", "Q06": "insu_admdvs is not null and pool is null"},
    "psn_insu_d": {
        "Q02": "psn_no is null",
        "Q04": "crt_insu_date is null",
        "Q06": "pool is null",
        "Q07": "insurance_type is null",
    },
    "fund_txn_d": {
        "Q04": "amount is null or txn_date is null",
        "Q06": "insu_admdvs is not null and pool is null",
    },
    "supp_enrl_d": {"Q02": "psn_no is null"},
    "refl_appy_evt_c": {"Q02": "psn_no is null"},
}

MACROS = r"""
create temp macro blank_free(v) as nullif(trim(cast(v as varchar)), '');
create temp macro as_money(v) as
    case when regexp_full_match(v, '[+-]?[0-9]+([.][0-9]{0,2}0*)?') then try_cast(v as decimal(16,2)) end;
create temp macro as_number(v) as
    case when regexp_full_match(v, '[+-]?[0-9]+([.][0-9]*)?') then try_cast(v as decimal(18,4)) end;
create temp macro as_integer(v) as
    case when regexp_full_match(v, '[+-]?[0-9]{1,9}([.]0+)?') then try_cast(v as integer) end;
create temp macro as_time(v) as
    case
        when regexp_full_match(v, '[0-9]{8}') then try_strptime(v, '%Y%m%d')
        when regexp_full_match(v, '[0-9]{14}') then try_strptime(v, '%Y%m%d%H%M%S')
        when regexp_full_match(
            v, '[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}([ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?)?'
        ) then try_cast(replace(v, '/', '-') as timestamp)
    end;
create temp macro as_date(v) as cast(as_time(v) as date);
create temp macro in_force(day, valid_from, valid_to) as day >= valid_from and (valid_to is null or day < valid_to);
"""

POLICY = """
create schema benefits;
create schema funds;
create schema quality;

create temp table scheme as
select
    scheme_id, pool_region_code as pool, insurance_type, cast(effective_from as date) as valid_from,
    cast(effective_to as date) as valid_to, status
from read_csv(seed('scheme'), all_varchar = true)
where scheme_kind = 'critical_illness';

-- Which scheme a settlement belongs to; `all` stands for employees and residents.
create temp table covered as
select scheme_id, pool, kinds.insurance_type, valid_from, valid_to
from scheme
inner join (values ('employee'), ('resident'), ('other')) as kinds (insurance_type)
    on scheme.insurance_type = kinds.insurance_type
    or (scheme.insurance_type = 'all' and kinds.insurance_type <> 'other');

-- Codes of areas with the pool that each belongs to: itself or the nearest ancestor that is a pool (rule A7).
create temp table region as
with recursive
area as (from read_csv(seed('region'), all_varchar = true)),
pools as (select distinct pool_region_code as pool from read_csv(seed('scheme'), all_varchar = true)),
renamed as (
    select region_code, region_code as current_code, 0 as step from area
    union all
    select renamed.region_code, area.retired_into, step + 1
    from renamed inner join area on area.region_code = renamed.current_code
    where area.retired_into is not null and step < 9
),
climb as (
    select region_code, arg_max(current_code, step) as current_code, arg_max(current_code, step) as ancestor, 0 as height
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
    pools.pool, codes.insutype, arg_max(codes.insurance_type, codes.pool_region_code is not null) as insurance_type
from (select distinct pool from region union all select '') as pools
inner join read_csv(seed('insurance_type_code'), all_varchar = true) as codes
    on codes.pool_region_code is null or codes.pool_region_code = pools.pool
group by all;

create temp table medtype as
select pools.pool, codes.med_type, arg_max(codes.care_type, codes.pool_region_code is not null) as care_type
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
    scheme_id, insurance_type, cast(tier_no as integer) as tier_no, cast(lower_bound as decimal(18,2)) as lower_bound,
    cast(upper_bound as decimal(18,2)) as upper_bound, cast(rate as decimal(6,4)) as rate,
    cast(effective_from as date) as valid_from, cast(effective_to as date) as valid_to, status
from read_csv(seed('benefit_tier'), all_varchar = true) semi join scheme using (scheme_id);

create temp table modifier as
select
    scheme_id, assistance_category, cast(deductible_factor as decimal(6,4)) as deductible_factor,
    cast(rate_addition as decimal(6,4)) as rate_addition, cast(rate_override as decimal(6,4)) as rate_override,
    cast(limit_waived as boolean) as limit_waived,
    cast(effective_from as date) as valid_from, cast(effective_to as date) as valid_to, status
from read_csv(seed('category_modifier'), all_varchar = true) semi join scheme using (scheme_id);

create temp table coverage as
select
    row_number() over () as coverage_no, scheme_id, care_type, component, item_type, item_list_id, list_rule,
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
select scheme_id, day as valid_from, lead(day) over (partition by scheme_id order by day) as valid_to
from changes
where day is not null;

create temp table ladder as
select
    row_number() over () as ladder_no,
    version.*,
    term.insurance_type,
    category.assistance_category,
    round(term.deductible * coalesce(modifier.deductible_factor, 1), 2)::decimal(18,2) as deductible,
    case when not coalesce(modifier.limit_waived, false) then term.annual_limit end as annual_limit,
    term.limit_basis,
    term.tier_basis,
    coalesce(modifier.rate_addition, 0) as rate_addition,
    modifier.rate_override,
    greatest(status_rank(scheme.status), status_rank(term.status), status_rank(modifier.status)) as status_rank,
from version
inner join scheme using (scheme_id)
inner join term
    on term.scheme_id = version.scheme_id and in_force(version.valid_from, term.valid_from, term.valid_to)
cross join category
left join modifier
    on modifier.scheme_id = version.scheme_id and modifier.assistance_category = category.assistance_category
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
            else greatest(0, tier_seed.lower_bound - case when tier_basis = 'gross' then deductible else 0 end)
        end::decimal(18,2) as lower_bound,
        greatest(0, tier_seed.upper_bound - case when tier_basis = 'gross' then deductible else 0 end)::decimal(18,2)
            as shifted_upper,
        tier_seed.upper_bound is null as is_open,
        least(1, coalesce(ladder.rate_override, tier_seed.rate + ladder.rate_addition))::decimal(6,4) as rate
    from ladder
    inner join tier_seed
        on tier_seed.scheme_id = ladder.scheme_id and tier_seed.insurance_type in ('all', ladder.insurance_type)
        and in_force(ladder.valid_from, tier_seed.valid_from, tier_seed.valid_to)
)
select
    ladder_no, tier_no, lower_bound, rate,
    case when is_open then 999999999999.99::decimal(18,2) else shifted_upper end as upper_bound,
    case
        when limit_basis = 'payout' and annual_limit is not null then greatest(
            0, annual_limit - coalesce(
                sum(round(rate * (shifted_upper - lower_bound), 2)) over (
                    partition by ladder_no order by tier_no rows between unbounded preceding and 1 preceding
                ), 0
            )
        )
    end::decimal(18,2) as payout_cap
from shifted;
create temp macro climbed(x, t) as
    cast(greatest(least(x, struct_extract(t, 'upper_bound')) - struct_extract(t, 'lower_bound'), 0) as decimal(18,2));

-- Shares of the header's components in one row a scheme, care type and span.
create temp table header_share as
select
    version.scheme_id, version.valid_from, version.valid_to, coverage.care_type,
    coalesce(max(share) filter (where component = 'coinsurance'), 0)::decimal(6,4) as coinsurance,
    coalesce(max(share) filter (where component = 'class_b_self_pay'), 0)::decimal(6,4) as class_b_self_pay,
    coalesce(max(share) filter (where component = 'transfer_self_pay'), 0)::decimal(6,4) as transfer_self_pay,
    coalesce(max(share) filter (where component = 'over_limit'), 0)::decimal(6,4) as over_limit
from version
inner join coverage
    on coverage.scheme_id = version.scheme_id and in_force(version.valid_from, coverage.valid_from, coverage.valid_to)
where item_list_id is null
group by all;
"""

# What the script does not know must not be in the seeds: a wrong benchmark is worse than none.
ASSUMPTIONS = {
    "one expense pool a CII scheme": """
        select scheme_id from read_csv(seed('benefit_term'), all_varchar = true) semi join scheme using (scheme_id)
        group by scheme_id having count(distinct expense_pool) > 1""",
    "benefit year by settlement, prospective status, reversals under original terms": """
        select scheme_id from read_csv(seed('scheme'), all_varchar = true) semi join scheme using (scheme_id)
        where benefit_year_basis <> 'settlement' or status_change_rule <> 'prospective'
            or coalesce(reversal_terms, 'original') <> 'original'""",
    "one coverage row a header component": """
        select a.scheme_id from coverage as a inner join coverage as b
            on a.scheme_id = b.scheme_id and a.care_type = b.care_type and a.component = b.component
            and a.coverage_no < b.coverage_no and a.valid_from < coalesce(b.valid_to, '9999-12-31')
            and b.valid_from < coalesce(a.valid_to, '9999-12-31')
        where a.item_list_id is null""",
    "lines count only for lists that name what is in": """
        select scheme_id from coverage
        where (component in ('own_expense', 'restricted_use') or item_type is not null)
            and (item_list_id is null or list_rule <> 'in')""",
}


class Build:
    """One run of the script on one connection."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        """Open the output file with the project's own settings of memory and threads."""
        self.raw = Path(arguments.raw).resolve()
        self.seeds = Path(arguments.seeds).resolve()
        self.out = Path(arguments.out)
        self.out.parent.mkdir(parents=True, exist_ok=True)
        self.out.unlink(missing_ok=True)
        self.payouts_only = arguments.payouts_only
        self.con = duckdb.connect(
            ":memory:" if self.payouts_only else str(self.out),
            config={
                "memory_limit": arguments.memory,
                "threads": arguments.threads,
                "temp_directory": str(arguments.temp or self.out.parent / "spill"),
                "preserve_insertion_order": False,
            },
        )
        self.verbose = arguments.verbose
        self.files: list[tuple[str, int, str]] = []
        self.clock = time.perf_counter()

    def run(self) -> None:
        """Everything, in order."""
        self.policy()
        tables = ["setl_d", "fee_list_d", "psn_idet_d"] if self.payouts_only else list(TABLES)
        for table in tables:
            self.load(table)
        self.reversals()
        self.claim_expense()
        self.payouts()
        if not self.payouts_only:
            self.accumulators()
            self.fund_years()
            self.audit()
            self.con.execute("checkpoint")
            self.lap("checkpoint")
        self.con.close()

    def lap(self, step: str) -> None:
        """Say what a step took."""
        now = time.perf_counter()
        if self.verbose:
            print(f"{now - self.clock:8.2f} s  {step}", file=sys.stderr)
        self.clock = now

    def policy(self) -> None:
        """Compile the seeds into ladders (section D)."""
        places = {path.stem: path for path in sorted(self.seeds.rglob("*.csv"))}
        cases = " ".join(f"when '{name}' then '{path}'" for name, path in places.items())
        self.con.execute(f"create temp macro seed(name) as case name {cases} end")
        self.con.execute(
            "set variable person_key = ?",
            [os.environ.get("DBT_ENV_SECRET_PERSON_KEY", "benchmark")],
        )
        hashed = "left(sha256(concat(getvariable('person_key'), ':', psn_no)), 32)"
        self.con.execute(
            f"create temp macro person_key(psn_no) as {'psn_no' if self.payouts_only else hashed}"
        )
        self.con.execute(
            "create temp macro status_rank(s) as case s when 'enacted' then 0 when 'reference' then 1 when "
            "'illustrative' then 2 else 0 end"
        )
        self.con.execute(MACROS)
        self.con.execute(POLICY)
        for assumption, query in ASSUMPTIONS.items():
            found = self.con.execute(query).fetchall()
            if found:
                sys.exit(
                    f"The seeds have what this peer does not know ({assumption}): {found[0][0]}. Teach it or skip it."
                )
        self.lap("policy")

    def load(self, table: str) -> None:
        """Read a raw table as typed rows with the fate of each (rules A1, A2, A6)."""
        spec = TABLES[table]
        parts = []
        files = sorted(
            path
            for path in (self.raw / table).rglob("*")
            if path.name.lower().endswith((".parquet", ".csv", ".csv.gz"))
            and path.name[0] not in "._"
        )
        for path in files:
            number = len(self.files)
            self.files.append((table, number, str(path.relative_to(self.raw))))
            parts.append(self.file_rows(table, path, number))
        if not parts:
            nothing = [f"null::{SQL_TYPES[kind]} as {name}" for name, kind in kept_columns(spec)]
            parts = [
                f"select {', '.join(nothing)}, false as is_bad, 0 as file_no, 0 as row_no where false"
            ]

        reasons = {"Q01": " or ".join(f"{name} is null" for name in spec["key"]), "Q04": "is_bad"}
        for code, condition in REASONS.get(table, {}).items():
            reasons[code] = f"{reasons[code]} or {condition}" if code in reasons else condition
        texts = ", ".join(
            f"case when {reasons[code]} then '{code}' end" for code in sorted(reasons)
        )
        unusable = " or ".join(f"coalesce({condition}, false)" for condition in reasons.values())
        columns, joins = "rows.*", ""
        if "insu_admdvs" in spec["text"]:
            columns += ", region.pool, region.region_code"
            joins += " left join region on region.code = rows.insu_admdvs"
        if "insutype" in spec["text"]:
            columns += ", insutype.insurance_type"
            joins += " left join insutype on insutype.pool = coalesce(region.pool, '') and insutype.insutype = rows.insutype"
        if "med_type" in spec["text"]:
            columns += ", medtype.care_type"
            joins += " left join medtype on medtype.pool = coalesce(region.pool, '') and medtype.med_type = rows.med_type"
        self.con.execute(f"""
            create temp table {table} as
            select
                * exclude (vali_flag),
                case
                    when coalesce(vali_flag, '1') <> '1' then 'void'
                    when {unusable} then 'quarantined'
                    else 'usable'
                end as fate,
                case when fate = 'quarantined' then concat_ws(',', {texts}) end as reasons
            from (select {columns} from ({" union all ".join(parts)}) as rows {joins})
        """)
        key = ", ".join(spec["key"])
        # Few keys come twice: find them by hash, then rank only their rows.
        self.con.execute(f"""
            update {table} set fate = 'superseded'
            where fate = 'usable' and rowid in (
                with
                twice as (
                    select hash({key}) as key_hash from {table} where fate <> 'quarantined'
                    group by key_hash having count(*) > 1
                ),
                ranked as (
                    select
                        rowid as row_id,
                        row_number() over (
                            partition by {key}
                            order by
                                updt_time desc nulls last, length(rid) desc nulls last, rid desc nulls last, file_no desc
                        ) as place
                    from {table}
                    where fate <> 'quarantined' and hash({key}) in (select key_hash from twice)
                )
                select row_id from ranked where place > 1
            )
        """)
        self.con.execute(
            f"create temp view {table}_used as select * from {table} where fate = 'usable'"
        )
        self.lap(f"load {table}")

    def file_rows(self, table: str, path: Path, number: int) -> str:
        """One file as a select of typed columns; text is parsed, typed columns are only cast."""
        if path.suffix.lower() == ".parquet":
            source = f"read_parquet('{path}', file_row_number = true, hive_partitioning = false)"
        else:
            # A CSV row has no number of its own to find it again by.
            source = f"csv_{number}"
            self.con.execute(
                f"create temp table {source} as select row_number() over () as file_row_number, * from "
                f"read_csv('{path}', all_varchar = true, header = true, delim = ',', quote = '\"')"
            )
        types = {}
        for name, kind, *_ in self.con.execute(f"describe select * from {source}").fetchall():
            types.setdefault(ALIASES.get(name.lower(), name.lower()), (f'"{name}"', kind))
        spec, columns, bad = TABLES[table], [], []
        kept = kept_columns(spec)
        for name, kind in kept + [
            (n, k) for k, names in spec.get("unused", {}).items() for n in names
        ]:
            wanted = SQL_TYPES[kind]
            if name not in types:
                value = f"null::{wanted}"
            else:
                column, found = types[name]
                if kind == "text":
                    value = f"blank_free({column})"
                elif is_exact(found, kind):
                    value = f"{column}::{wanted}"
                else:
                    value = f"as_{kind}(blank_free({column}))::{wanted}"
                    bad.append(
                        f"(blank_free({column}) is not null and as_{kind}(blank_free({column})) is null)"
                    )
            if (name, kind) in kept:
                columns.append(f"{value} as {name}")
        return (
            f"select {', '.join(columns)}, {' or '.join(bad) or 'false'} as is_bad, {number} as file_no, "
            f"file_row_number as row_no from {source}"
        )

    def reversals(self) -> None:
        """Which reversals stand, and under which root (rule A3); at most four deep."""
        self.con.execute("""
            create temp table reversal as
            select setl_id, init_setl_id, psn_no, setl_time, medfee_sumamt as total from setl_d_used
            where init_setl_id <> setl_id;
            create temp table link (
                setl_id varchar, psn_no varchar, setl_time timestamp, total decimal(18,2), root_time timestamp, depth int
            );
            create temp table rejected (setl_id varchar, reasons varchar);
            insert into link
            select setl_id, psn_no, setl_time, medfee_sumamt, setl_time, 0 from setl_d_used
            where not coalesce(init_setl_id <> setl_id, false)
                and setl_id in (select init_setl_id from reversal);
        """)
        for depth in range(1, 5):
            self.con.execute(f"""
                create or replace temp table candidate as
                select
                    reversal.*, original.root_time,
                    case
                        when reversal.setl_time < original.setl_time then 'Q10'
                        when sign(reversal.total) * sign(original.total) > 0 then 'Q11'
                    end as reasons,
                    coalesce(abs(original.total), 0) as available,
                    sum(case when reasons is null then abs(reversal.total) end) over (
                        partition by reversal.init_setl_id
                    ) as wanted
                from reversal
                inner join link as original
                    on original.setl_id = reversal.init_setl_id and original.psn_no = reversal.psn_no
                    and original.depth = {depth} - 1
            """)
            # Where an original is asked for more than it has, one after the other is let in while it fits.
            rows = self.con.execute("""
                select init_setl_id, setl_id, abs(total), available from candidate
                where wanted > available and reasons is null order by init_setl_id, setl_time, setl_id
            """).fetchall()
            refused = []
            for _, group in groupby(rows, key=lambda row: row[0]):
                taken = Decimal(0)
                for _, setl_id, total, available in group:
                    if taken + total > available:
                        refused.append((setl_id,))
                    else:
                        taken += total
            if refused:
                self.con.execute("create or replace temp table refused (setl_id varchar)")
                self.con.executemany("insert into refused values (?)", refused)
                self.con.execute(
                    "update candidate set reasons = 'Q11' where setl_id in (from refused)"
                )
            self.con.execute(f"""
                insert into rejected select setl_id, reasons from candidate where reasons is not null;
                insert into link
                select setl_id, psn_no, setl_time, total, root_time, {depth} from candidate where reasons is null;
            """)
        self.con.execute("""
            delete from link where depth = 0;
            insert into rejected
            select setl_id, 'Q09' from reversal
            anti join link using (setl_id) anti join rejected using (setl_id);
        """)
        self.lap("reversals")

    def claim_expense(self) -> None:
        """Expense components of every settlement (section B)."""
        self.con.execute("""
            create temp table line as
            select
                setl_id, med_list_codg, fulamt_ownpay_amt as amount,
                case
                    when list_type in ('101', '102', '103') then 'drug'
                    when list_type = '201' then 'service'
                    when list_type = '301' then 'material'
                end as item_type,
                coalesce(chrgitm_lv in ('01', '02', '1', '2', '甲', '乙', '1.0', '2.0'), false) as is_restricted
            from fee_list_d_used
            where fulamt_ownpay_amt <> 0;

            create table benefits.fct_claim_expense as
            with parts as (
                select
                    setl_id,
                    sum(amount) filter (where not is_restricted and item_type = 'drug') as drug,
                    sum(amount) filter (where not is_restricted and item_type = 'service') as service,
                    sum(amount) filter (where not is_restricted and item_type = 'material') as material,
                    sum(amount) filter (where is_restricted) as restricted_use,
                    sum(amount) filter (where is_restricted or item_type is not null) as explained
                from line
                group by setl_id
            )
            select
                s.setl_id as settlement_id,
                person_key(s.psn_no) as person_key,
                year(coalesce(link.root_time, s.setl_time))::integer as benefit_year,
                s.setl_time as settled_at,
                coalesce(link.root_time, s.setl_time)::date as terms_date,
                s.pool,
                s.region_code,
                s.insurance_type,
                s.care_type,
                s.fixmedins_code as institution_code,
                s.dise_no as disease_code,
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
                (coalesce(s.fulamt_ownpay_amt, 0) - coalesce(parts.explained, 0))::decimal(18,2)
                    as own_expense_unclassified
            from setl_d_used as s
            left join link on link.setl_id = s.setl_id
            left join parts on parts.setl_id = s.setl_id
            where not coalesce(s.init_setl_id <> s.setl_id, false) or link.setl_id is not null;
        """)
        self.lap("fct_claim_expense")

    def payouts(self) -> None:
        """Eligible expense, accumulators, ladders and limits (sections C to E)."""
        self.con.execute("""
            create temp table listed as
            with hits as (
                select distinct
                    line.rowid as line_id, line.setl_id, line.amount, coverage.coverage_no, coverage.scheme_id,
                    coverage.share
                from line
                inner join item_list on item_list.item_code = line.med_list_codg
                inner join coverage
                    on coverage.item_list_id = item_list.item_list_id
                    and line.item_type = coalesce(coverage.item_type, line.item_type)
                    and line.is_restricted = (coverage.component = 'restricted_use')
                inner join covered on covered.scheme_id = coverage.scheme_id
                inner join benefits.fct_claim_expense as e
                    on e.settlement_id = line.setl_id and e.pool = covered.pool
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
        """)
        self.lap("listed items")
        self.con.execute("""
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
        """)
        self.lap("eligible expense")
        self.con.execute("""
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
        """)
        self.lap("accumulators")
        self.con.execute("""
            create temp table held as
            with spells as (
                select
                    person_key(spell.psn_no) as person_key,
                    category.*,
                    spell.begntime::date as held_from,
                    spell.endtime::date + (spell.endtime > date_trunc('day', spell.endtime))::integer as held_to
                from psn_idet_d_used as spell
                inner join identity
                    on identity.pool = coalesce(spell.pool, '') and identity.psn_idet_type = spell.psn_idet_type
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
                on modifier.scheme_id = a.scheme_id and modifier.assistance_category = spells.assistance_category
                and in_force(a.terms_date, modifier.valid_from, modifier.valid_to)
            group by all;
        """)
        self.lap("categories")
        self.con.execute("""
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
                ladder.ladder_no, ladder.status_rank, ladder.deductible, ladder.annual_limit, ladder.limit_basis,
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
                (climbed(payable_after, tier) - climbed(payable_before, tier))::decimal(18,2) as tier_expense,
                (
                    least(round(rate * climbed(payable_after, tier), 2), payout_cap)
                    - least(round(rate * climbed(payable_before, tier), 2), payout_cap)
                )::decimal(18,2) as tier_payout
            from priced as p
            inner join tier using (ladder_no)
            where payable_after <> payable_before and tier_expense <> 0;
        """)
        self.lap("ladders")
        self.cut_to_limits()
        if self.payouts_only:
            self.con.execute(f"""
                copy (
                    with paid as (
                        select settlement_id, scheme_id, sum(tier_payout) as payout_amount
                        from benefits.fct_payout_tier group by all
                    )
                    select
                        p.settlement_id, p.scheme_id, (coalesce(payout_amount, 0) * 100)::bigint as payout_fen
                    from priced as p
                    left join paid using (settlement_id, scheme_id)
                ) to '{self.out}' (format parquet)
            """)
            self.lap("payouts")
            return
        self.con.execute("""
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
        """)
        self.lap("fct_payout")

    def cut_to_limits(self) -> None:
        """Cut positive payouts to what is left of the year's limit, where a change of category let the sum pass it."""
        rows = self.con.execute("""
            with
            paid as (
                select p.person_key, p.scheme_id, p.benefit_year, p.settled_at, p.settlement_id,
                    case when p.limit_basis = 'payout' then p.annual_limit end as payout_limit,
                    sum(t.tier_payout) as amount
                from priced as p
                inner join benefits.fct_payout_tier as t using (settlement_id, scheme_id)
                group by all
            ),
            running as (
                select *, sum(amount) over (
                    partition by person_key, scheme_id, benefit_year order by settled_at, settlement_id
                    rows unbounded preceding
                ) as paid_after
                from paid
            ),
            over_limit as (
                select distinct person_key, scheme_id, benefit_year from running
                where paid_after > payout_limit and amount > 0
            )
            select person_key, scheme_id, benefit_year, settlement_id, payout_limit, tier_no, tier_payout
            from paid
            semi join over_limit using (person_key, scheme_id, benefit_year)
            inner join benefits.fct_payout_tier using (settlement_id, scheme_id)
            order by person_key, scheme_id, benefit_year, settled_at, settlement_id, tier_no desc
        """).fetchall()
        cuts = []
        for _, year in groupby(rows, key=lambda row: row[:3]):
            paid = Decimal(0)
            for (settlement_id, limit), tiers in groupby(year, key=lambda row: row[3:5]):
                tiers = list(tiers)
                amount = sum(row[6] for row in tiers)
                excess = (
                    amount - max(Decimal(0), limit - paid)
                    if limit is not None and amount > 0
                    else Decimal(0)
                )
                paid += amount - max(excess, Decimal(0))
                for row in tiers:
                    cut = min(row[6], excess)
                    if cut > 0:
                        cuts.append((settlement_id, row[1], row[5], cut))
                        excess -= cut
        if cuts:
            self.con.execute(
                "create temp table cut (settlement_id text, scheme_id text, tier_no int, cut decimal(18,2))"
            )
            self.con.executemany("insert into cut values (?, ?, ?, ?)", cuts)
            self.con.execute("""
                update benefits.fct_payout_tier as t set tier_payout = tier_payout - cut.cut from cut
                where cut.settlement_id = t.settlement_id and cut.scheme_id = t.scheme_id and cut.tier_no = t.tier_no
            """)
        self.lap(f"limit cuts ({len(cuts)})")

    def accumulators(self) -> None:
        """One row a person, scheme and year."""
        self.con.execute("""
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
                    - case p.limit_basis when 'payout' then years.payout_amount else years.eligible_expense end, 0
                ) end::decimal(18,2) as limit_remaining,
                years.first_payout_at
            from years
            inner join priced as p using (person_key, scheme_id, benefit_year)
            where p.is_last
        """)
        self.lap("fct_accumulator_year")

    def fund_years(self) -> None:
        """Income against payouts by scheme, county, insurance type and year (rules H1, H3)."""
        self.con.execute("""
            create table funds.fct_fund_year as
            with
            standard as (
                select
                    scheme_id, insurance_type, cast(benefit_year as integer) as benefit_year,
                    cast(per_capita_amount as decimal(18,2)) as per_capita, cast(census_date as date) as census_date,
                    cast(public_share as decimal(6,4)) as public_share
                from read_csv(seed('funding_standard'), all_varchar = true) semi join scheme using (scheme_id)
            ),
            -- Somebody with two spells on the census date counts once, in the county of the later one.
            insured as (
                select
                    standard.scheme_id, spell.insurance_type, standard.benefit_year,
                    arg_max(spell.region_code, (spell.crt_insu_date, spell.psn_insu_rlts_id)) as region_code
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
                group by standard.scheme_id, spell.insurance_type, standard.benefit_year, spell.psn_no
            ),
            heads as (
                select scheme_id, region_code, insurance_type, benefit_year, count(*) as insured_heads
                from insured group by all
            ),
            income as (
                select
                    heads.*,
                    insured_heads * per_capita as income_amount,
                    round(insured_heads * per_capita * public_share, 2) as public_income
                from heads inner join standard using (scheme_id, insurance_type, benefit_year)
            ),
            paid as (
                select
                    scheme_id, region_code, insurance_type, benefit_year, sum(payout_amount) as payout_amount,
                    count(distinct person_key) filter (where payout_amount <> 0) as persons_paid
                from benefits.fct_payout group by all
            ),
            movements as (
                select
                    scheme_id, region_code, insurance_type, benefit_year,
                    sum(amount) filter (where txn_type = 'carried_in') as carried_in,
                    sum(amount) filter (where txn_type = 'service_fee') as service_fee,
                    sum(amount) filter (where txn_type = 'interest') as interest
                from fund_txn_d_used group by all
            )
            select
                scheme_id, region_code, insurance_type, benefit_year,
                coalesce(insured_heads, 0) as insured_heads,
                coalesce(income_amount, 0)::decimal(18,2) as income_amount,
                coalesce(public_income, 0)::decimal(18,2) as public_income_amount,
                coalesce(payout_amount, 0)::decimal(18,2) as payout_amount,
                coalesce(persons_paid, 0) as persons_paid,
                (
                    coalesce(carried_in, 0) + coalesce(income_amount, 0) + coalesce(interest, 0)
                    - coalesce(service_fee, 0) - coalesce(payout_amount, 0)
                )::decimal(18,2) as balance_amount,
                (payout_amount / nullif(income_amount, 0))::decimal(18,4) as loss_ratio
            from income
            full join paid using (scheme_id, region_code, insurance_type, benefit_year)
            full join movements using (scheme_id, region_code, insurance_type, benefit_year)
        """)
        self.lap("fct_fund_year")

    def audit(self) -> None:
        """Where every delivered row went, and the rows that could not be used, whole (rule A6)."""
        self.con.execute(
            "create temp table file (raw_table varchar, file_no integer, source_file varchar)"
        )
        if self.files:
            self.con.executemany("insert into file values (?, ?, ?)", self.files)
        self.con.execute("""
            create table quality.load_audit (
                raw_table varchar, source_file varchar, delivered bigint, accepted bigint, superseded bigint,
                void bigint, quarantined bigint
            );
            create table quality.quarantine (
                raw_table varchar, record_key varchar, reasons varchar, raw_row varchar, source_file varchar
            );
            create temp table unusable (raw_table varchar, file_no int, row_no bigint, record_key varchar, reasons varchar);
        """)
        for table, spec in TABLES.items():
            key = ", ".join(f"coalesce({name}::varchar, '')" for name in spec["key"])
            self.con.execute(f"""
                insert into unusable
                select '{table}', file_no, row_no, concat_ws('|', {key}), reasons from {table}
                where fate = 'quarantined'
            """)
            if table == "setl_d":
                self.con.execute("""
                    insert into unusable
                    select 'setl_d', s.file_no, s.row_no, s.setl_id, r.reasons
                    from setl_d_used as s inner join rejected as r using (setl_id)
                """)
            self.con.execute(f"""
                insert into quality.load_audit
                with
                delivered as (
                    select
                        file_no, count(*) as delivered, count(*) filter (where fate = 'void') as void,
                        count(*) filter (where fate = 'superseded') as superseded
                    from {table} group by file_no
                ),
                kept_out as (
                    select file_no, count(*) as quarantined from unusable where raw_table = '{table}' group by file_no
                )
                select
                    '{table}', source_file, coalesce(delivered, 0),
                    coalesce(delivered, 0) - coalesce(superseded, 0) - coalesce(void, 0) - coalesce(quarantined, 0),
                    coalesce(superseded, 0), coalesce(void, 0), coalesce(quarantined, 0)
                from file
                left join delivered using (file_no) left join kept_out using (file_no)
                where raw_table = '{table}'
            """)
        self.lap("load_audit")
        for (number,) in self.con.execute(
            "select distinct file_no from unusable order by file_no"
        ).fetchall():
            table, _, name = self.files[number]
            source = f"read_parquet('{self.raw / name}', file_row_number = true, hive_partitioning = false)"
            if not name.lower().endswith(".parquet"):
                source = f"csv_{number}"
            self.con.execute(
                f"""
                insert into quality.quarantine
                select '{table}', u.record_key, u.reasons, to_json(delivered)::varchar, ?
                from {source} as delivered
                inner join unusable as u on u.row_no = delivered.file_row_number
                where u.file_no = {number}
                """,
                [name],
            )
        self.lap("quarantine")


def kept_columns(spec: dict) -> list[tuple[str, str]]:
    """Columns that a table keeps, with their kind."""
    columns = [(name, kind) for kind in SQL_TYPES for name in spec.get(kind, [])]
    return (
        columns
        + [(name, "text") for name in COMMON_TEXT]
        + [(name, "time") for name in COMMON_TIME]
    )


def is_exact(found: str, kind: str) -> bool:
    """Whether a column of this type can be cast without looking at its values."""
    if kind in ("time", "date"):
        return found.startswith(("DATE", "TIMESTAMP"))
    if found in ("TINYINT", "SMALLINT", "INTEGER") or (found == "BIGINT" and kind == "integer"):
        return True
    scales = (",2)", ",1)", ",0)") if kind == "money" else (",4)", ",3)", ",2)", ",1)", ",0)")
    return kind in ("money", "number") and found.startswith("DECIMAL") and found.endswith(scales)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", required=True, help="folder of the raw tables")
    parser.add_argument(
        "--out", required=True, help="DuckDB file (with --payouts-only: Parquet file) to write"
    )
    parser.add_argument("--seeds", default=str(ROOT / "seeds"))
    parser.add_argument("--memory", default="6GB")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--temp", help="folder for spilled data")
    parser.add_argument(
        "--payouts-only", action="store_true", help="no tables, only the payout of each settlement"
    )
    parser.add_argument("--verbose", action="store_true", help="time each step on stderr")
    Build(parser.parse_args()).run()


if __name__ == "__main__":
    main()
