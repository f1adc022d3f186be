"""Peer: the same tables as the project, as one hand-written DuckDB script.

This is what the project is measured against: no dbt, no tests, no contracts, no column comments,
no atomic publishing; only the SQL that the work itself needs (``bare_duckdb.sql``, and what
depends on the files here). It reads the raw files and the policy seeds and writes
``fct_claim_expense``, ``fct_payout``, ``fct_payout_tier``, ``fct_accumulator_year``,
``fct_fund_year``, ``load_audit`` and ``quarantine`` into a DuckDB file. Written to the rulebook
(rules A1 to E5), not to the project's SQL.

It knows only what the shipped seeds use, and stops when they ask for more: one expense pool a
scheme, benefit year by settlement, prospective status, reversals under the terms of their original.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_suffix(".sql")


def columns(**kinds: str) -> dict[str, list[str]]:
    """Names of columns by kind."""
    return {kind: names.split() for kind, names in kinds.items()}


# Raw tables: key, columns that are used, and columns that are only checked for values that do not
# parse (rule A6).
TABLES = {
    "setl_d": (
        "setl_id",
        columns(
            text="setl_id init_setl_id psn_no fixmedins_code dise_no",
            code="insutype insu_admdvs med_type",
            time="setl_time",
            money="medfee_sumamt fulamt_ownpay_amt overlmt_selfpay preselfpay_amt"
            " trafout_preselfpay_amt inscp_amt hifp_pay",
        ),
        columns(
            date="begndate enddate",
            money="act_pay_dedc cvlserv_pay hifes_pay hifmi_pay hifob_pay hifdm_pay maf_pay"
            " othfund_pay fund_pay_sumamt psn_pay acct_pay cash_payamt ownpay_hosp_part",
        ),
    ),
    "fee_list_d": (
        "bkkp_sn setl_id",
        columns(
            text="bkkp_sn setl_id chrgitm_lv list_type med_list_codg",
            money="det_item_fee_sumamt fulamt_ownpay_amt",
        ),
        columns(
            time="fee_ocur_time",
            number="cnt pric",
            money="overlmt_selfpay preselfpay_amt inscp_amt",
        ),
    ),
    "psn_idet_d": (
        "psn_no psn_idet_type begntime",
        columns(text="psn_no", code="psn_idet_type insu_admdvs", time="begntime endtime"),
        {},
    ),
    "psn_insu_d": (
        "psn_insu_rlts_id",
        columns(
            text="psn_insu_rlts_id psn_no psn_insu_stas",
            code="insutype insu_admdvs",
            date="crt_insu_date paus_insu_date",
        ),
        {},
    ),
    "fund_txn_d": (
        "txn_id",
        columns(
            text="txn_id scheme_id txn_type",
            code="insu_admdvs insutype",
            date="txn_date",
            integer="benefit_year",
            money="amount",
        ),
        {},
    ),
    "mdtrt_d": (
        "mdtrt_id",
        columns(text="mdtrt_id"),
        columns(time="begntime endtime", date="die_date"),
    ),
    "psn_info_b": ("psn_no", columns(text="psn_no"), columns(date="brdy")),
    "supp_enrl_d": (
        "enrl_id",
        columns(text="enrl_id psn_no"),
        columns(
            integer="cover_year",
            time="paid_time auto_renew_consent_time renewal_withdrawn_time",
            money="premium_amt",
            date="event_date",
        ),
    ),
    "fixmedins_b": ("fixmedins_code", columns(text="fixmedins_code"), {}),
    "refl_appy_evt_c": (
        "evtsn",
        columns(text="evtsn psn_no"),
        columns(date="refl_date begndate enddate"),
    ),
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
    "code": "varchar",
    "time": "timestamp",
    "date": "date",
    "money": "decimal(18,2)",
    "number": "decimal(18,4)",
    "integer": "integer",
}
# Reasons beside Q01 (blank key) and Q04 (a value that does not parse).
REASONS = {
    "setl_d": {
        "Q02": "psn_no is null",
        "Q03": "is_timeless",
        "Q05": "medfee_sumamt < 0 and nullif(init_setl_id, setl_id) is null",
        "Q06": "pool is null",
        "Q07": "insurance_type is null",
        "Q08": "care_type is null",
    },
    "fee_list_d": {"Q04": "det_item_fee_sumamt is null"},
    "psn_idet_d": {"Q01": "is_timeless", "Q02": "psn_no is null", "Q06": "insu_admdvs is not null and pool is null"},
    "psn_insu_d": {
        "Q02": "psn_no is null",
        "Q04": "crt_insu_date is null",
        "Q06": "pool is null",
        "Q07": "insurance_type is null",
    },
    "fund_txn_d": {
        "Q04": "amount is null or txn_date is null or benefit_year is null",
        "Q06": "insu_admdvs is not null and pool is null",
        "Q07": "insutype is not null and insurance_type is null",
    },
    "psn_info_b": {"Q02": "psn_no is null"},
    "supp_enrl_d": {"Q02": "psn_no is null"},
    "refl_appy_evt_c": {"Q02": "psn_no is null"},
}
# Times that may not be blank; one that does not parse is Q04.
NEEDED_TIMES = {"setl_d": "setl_time", "psn_idet_d": "begntime"}
# What the script does not know must not be in the seeds: a wrong benchmark is worse than none.
ASSUMPTIONS = {
    "several versions of a scheme": """
        select scheme_id from scheme group by scheme_id having count(*) > 1""",
    "an expense pool that another scheme pays first, or steps below a deductible": """
        select scheme_id from read_csv(seed('benefit_term'), all_varchar = true)
        semi join scheme using (scheme_id) where after_scheme_id is not null
        union all
        select scheme_id from read_csv(seed('benefit_tier'), all_varchar = true)
        semi join scheme using (scheme_id) where expense_pool is not null""",
    "more than one expense pool of a scheme": """
        select scheme_id from read_csv(seed('benefit_term'), all_varchar = true)
        semi join scheme using (scheme_id)
        group by scheme_id having count(distinct expense_pool) > 1""",
    "benefit year by discharge, retroactive status or reversals under their own terms": """
        select scheme_id from read_csv(seed('scheme'), all_varchar = true)
        semi join scheme using (scheme_id)
        where benefit_year_basis <> 'settlement' or status_change_rule <> 'prospective'
            or coalesce(reversal_terms, 'original') <> 'original'""",
    "two coverage rows of a header component": """
        select a.scheme_id from coverage as a inner join coverage as b
            on a.scheme_id = b.scheme_id and a.care_type = b.care_type and a.component = b.component
            and a.coverage_no < b.coverage_no and a.valid_from < coalesce(b.valid_to, '9999-12-31')
            and b.valid_from < coalesce(a.valid_to, '9999-12-31')
        where a.item_list_id is null""",
    "lines that count without a list, or because they are not on one": """
        select scheme_id from coverage
        where (component in ('own_expense', 'restricted_use') or item_type is not null)
            and (item_list_id is null or list_rule <> 'in')""",
    "a list for something else than own expense": """
        select scheme_id from coverage
        where component not in ('own_expense', 'restricted_use') and item_list_id is not null""",
}


class Build:
    """One run of the script on one connection."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Open the output with the project's own settings of memory and threads."""
        self.raw = Path(options.raw).resolve()
        self.seeds = Path(options.seeds).resolve()
        self.out = Path(options.out).resolve()
        self.payouts_only = options.payouts_only
        self.verbose = options.verbose
        self.out.parent.mkdir(parents=True, exist_ok=True)
        self.out.unlink(missing_ok=True)
        self.con = duckdb.connect(
            ":memory:" if self.payouts_only else str(self.out),
            config={
                "memory_limit": options.memory,
                "threads": options.threads,
                "temp_directory": str(options.temp or self.out.parent / "spill"),
                "preserve_insertion_order": False,
            },
        )
        # Alternately the text before, the name and the text of each part.
        parts = re.split(r"^-- :(\w+)$", SCRIPT.read_text(encoding="utf-8"), flags=re.MULTILINE)
        self.parts = dict(zip(parts[1::2], parts[2::2], strict=True))
        self.files: list[tuple[str, int, str]] = []
        self.clock = time.perf_counter()

    def run(self) -> None:
        """Everything, in order."""
        self.policy()
        for table in ("setl_d", "fee_list_d", "psn_idet_d") if self.payouts_only else TABLES:
            self.load(table)
        if self.payouts_only:
            self.insurance_spells()
        self.reversals()
        self.script("charge")
        if self.payouts_only:
            self.script("families")
        else:
            self.con.execute("create temp view line as from charge")
        for part in ("parts", "claim_expense", "listed", "counted", "accumulated", "held", "ladders"):
            self.script(part)
        self.cut_to_limits()
        if self.payouts_only:
            self.write_payouts()
        else:
            self.script("payout")
            self.script("accumulator_year")
            self.script("fund_year")
            self.audit()
            self.con.execute("checkpoint")
            self.lap("checkpoint")
        self.con.close()

    def insurance_spells(self) -> None:
        """Load them where an identity has no area: payouts alone need them for nothing else (rule C1)."""
        if self.con.execute("select 1 from psn_idet_d_used where insu_admdvs is null limit 1").fetchone():
            self.load("psn_insu_d")
        else:
            self.con.execute("create temp view psn_insu_d_used as select '' as psn_no, '' as pool where false")

    def script(self, part: str) -> list[tuple]:
        """Run a part of the SQL file and return its rows."""
        rows = self.con.execute(self.parts[part]).fetchall()
        self.lap(part)
        return rows

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
        key = os.environ.get("DBT_ENV_SECRET_PERSON_KEY", "benchmark")
        self.con.execute("set variable person_key = ?", [key])
        hashed = "left(sha256(concat(getvariable('person_key'), ':', psn_no)), 32)"
        hashed = "psn_no" if self.payouts_only else hashed
        self.con.execute(f"create temp macro person_key(psn_no) as {hashed}")
        self.script("macros")
        self.script("policy")
        for assumption, query in ASSUMPTIONS.items():
            found = self.con.execute(query).fetchall()
            if found:
                sys.exit(f"The seeds have what this peer does not know: {assumption} ({found[0][0]})")

    def load(self, table: str) -> None:
        """Read a raw table as typed rows with the fate of each (rules A1, A2, A6)."""
        key, used, _ = TABLES[table]
        parts = [self.typed_rows(table, *source) for source in self.sources(table)]
        if not parts:
            blank = [f"null::{SQL_TYPES[kind]} as {name}" for name, kind in kept_columns(table)]
            more = "false as is_bad, false as is_timeless, 0 as file_no, 0 as row_no"
            parts = [f"select {', '.join(blank)}, {more} where false"]

        keys = [name for name in key.split() if name != NEEDED_TIMES.get(table)]
        reasons = {"Q01": " or ".join(f"{name} is null" for name in keys), "Q04": "is_bad"}
        for code, condition in REASONS.get(table, {}).items():
            reasons[code] = f"{reasons[code]} or {condition}" if code in reasons else condition
        texts = ", ".join(f"case when {reasons[c]} then '{c}' end" for c in sorted(reasons))
        unusable = " or ".join(f"coalesce({condition}, false)" for condition in reasons.values())
        meanings, joins = ["rows.*"], []
        codes, pool = used.get("code", []), "region.pool"
        if "insu_admdvs" in codes:
            meanings += ["region.pool", "region.region_code"]
            joins.append("left join region on region.code = rows.insu_admdvs")
        if "scheme_id" in used["text"]:
            # A movement without an area is of its scheme's pool.
            pool = "region.pool, scheme_pool.pool"
            joins.append("left join scheme_pool on scheme_pool.scheme_id = rows.scheme_id")
        for dictionary, code, meaning in (
            ("insutype", "insutype", "insurance_type"),
            ("medtype", "med_type", "care_type"),
        ):
            if code in codes:
                meanings.append(f"{dictionary}.{meaning}")
                joins.append(
                    f"left join {dictionary} on {dictionary}.pool = coalesce({pool}, '')"
                    f" and {dictionary}.{code} = rows.{code}"
                )
        self.con.execute(f"""
            create temp table {table} as
            select
                * exclude (vali_flag, is_timeless),
                case
                    when coalesce(vali_flag, '1') not in ('1', '01', '1.0', '1.00') then 'void'
                    when {unusable} then 'quarantined'
                    else 'usable'
                end as fate,
                case when fate = 'quarantined' then concat_ws(',', {texts}) end as reasons
            from (
                select {", ".join(meanings)} from ({" union all ".join(parts)}) as rows
                {" ".join(joins)}
            )
        """)
        # Few keys come twice: find them by hash, then rank only their rows.
        keys = ", ".join(key.split())
        self.con.execute(f"""
            update {table} set fate = 'superseded'
            where fate = 'usable' and rowid in (
                with
                twice as (
                    select hash({keys}) as key_hash from {table} where fate <> 'quarantined'
                    group by key_hash having count(*) > 1
                ),
                ranked as (
                    select
                        rowid as row_id,
                        row_number() over (
                            partition by {keys}
                            order by
                                updt_time desc nulls last, length(rid) desc nulls last,
                                rid desc nulls last, file_no desc
                        ) as place
                    from {table}
                    where fate <> 'quarantined' and hash({keys}) in (select key_hash from twice)
                )
                select row_id from ranked where place > 1
            );
            create temp view {table}_used as select * from {table} where fate = 'usable';
        """)
        self.lap(f"load {table}")

    def sources(self, table: str) -> list[tuple[str, dict[str, str]]]:
        """Return what to read a table from, with the columns and types that are there.

        Parquet files of one schema are read together, so that files without text need no parsing.
        """
        groups: dict[tuple, list[tuple[int, Path]]] = {}
        paths = data_files(self.raw / table)
        parquet = [str(path) for path in paths if path.suffix.lower() == ".parquet"]
        schemas: dict[str, list] = {path: [] for path in parquet}
        if parquet:
            schema = "from parquet_schema(?) where num_children is null order by column_id"
            fields = self.con.execute(f"select file_name, name, duckdb_type {schema}", [parquet])
            for path, *field in fields.fetchall():
                schemas[path].append(tuple(field))
        sources = []
        for path in paths:
            number = len(self.files)
            self.files.append((table, number, str(path.relative_to(self.raw))))
            if str(path) in schemas:
                groups.setdefault(tuple(schemas[str(path)]), []).append((number, path))
                continue
            # A CSV row has no number of its own to find it again by.
            self.con.execute(f"""
                create temp table csv_{number} as
                select row_number() over () as row_no, {number} as file_no, *
                from read_csv('{path}', all_varchar = true, header = true, delim = ',', quote = '"')
            """)
            fields = self.con.execute(f"describe csv_{number}").fetchall()
            sources.append((f"csv_{number}", {name: kind for name, kind, *_ in fields[2:]}))
        for fields, files in groups.items():
            numbers = [number for number, _ in files]
            names = [str(path) for _, path in files]
            sources.append(
                (
                    f"(select *, {numbers}[file_index::int + 1] as file_no,"
                    f" file_row_number as row_no"
                    f" from read_parquet({names}, hive_partitioning = false))",
                    dict(fields),
                )
            )
        return sources

    def typed_rows(self, table: str, source: str, types: dict[str, str]) -> str:
        """Make a source a select of typed columns; text is parsed, typed columns are only cast."""
        found = {}
        # The platform's own names first: under two names the other counts where the own one is blank.
        for name, kind in sorted(types.items(), key=lambda column: column[0].lower() in ALIASES):
            meant, column = ALIASES.get(name.lower(), name.lower()), (f'"{name}"', kind)
            if meant in found:
                column = (f"coalesce(blank_free({found[meant][0]}), blank_free({column[0]}))", "VARCHAR")
            found[meant] = column
        kept = kept_columns(table)
        checked = [(name, kind) for kind, names in TABLES[table][2].items() for name in names]
        values, bad, is_timeless = [], [], str(table in NEEDED_TIMES).lower()
        for name, kind in kept + checked:
            value = "null"
            if name in found:
                value, actual = found[name]
                text = f"blank_free({value})"
                if name == NEEDED_TIMES.get(table):
                    is_timeless = f"{text} is null"
                if kind == "code" or (kind == "text" and actual.startswith(("FLOAT", "DOUBLE", "DECIMAL"))):
                    value = f"as_code({text})"
                elif kind == "text":
                    value = text
                elif not is_exact(actual, kind):
                    value = f"as_{kind}({text})"
                    bad.append(f"({text} is not null and {value} is null)")
            if (name, kind) in kept:
                values.append(f"{value}::{SQL_TYPES[kind]} as {name}")
        is_bad = " or ".join(bad) or "false"
        more = f"{is_bad} as is_bad, {is_timeless} as is_timeless, file_no, row_no"
        return f"select {', '.join(values)}, {more} from {source}"

    def reversals(self) -> None:
        """Find which reversals stand, and under which root (rule A3); at most four deep."""
        self.script("reversals")
        for depth in range(1, 5):
            self.con.execute(f"""
                create or replace temp table candidate as
                select
                    reversal.*, original.root_time, original.root_id,
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
                    on original.setl_id = reversal.init_setl_id
                    and original.psn_no = reversal.psn_no and original.depth = {depth} - 1
            """)
            # Where an original is asked for more than it has, they are let in one by one.
            rows = self.con.execute("""
                select init_setl_id, setl_id, abs(total), available from candidate
                where wanted > available and reasons is null
                order by init_setl_id, setl_time, setl_id
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
                self.con.execute("update candidate set reasons = 'Q11' where setl_id in (from refused)")
            self.con.execute(f"""
                insert into rejected
                select setl_id, reasons from candidate where reasons is not null;
                insert into link
                select setl_id, psn_no, setl_time, total, root_time, root_id, {depth}
                from candidate where reasons is null;
            """)
        self.con.execute("""
            delete from link where depth = 0;
            insert into rejected
            select setl_id, 'Q09' from reversal
            anti join link using (setl_id) anti join rejected using (setl_id);
        """)
        self.lap("reversals")

    def cut_to_limits(self) -> None:
        """Hold payouts to what is left of the year's limit, and reversals to what was paid (rules D4, E5).

        A ladder keeps to both by itself; only a change of terms needs this.
        """
        cuts = []
        for _, year in groupby(self.script("changed"), key=lambda row: row[:3]):
            paid = owed = Decimal(0)
            for (settlement_id, limit), rows in groupby(year, key=lambda row: row[3:5]):
                tiers = list(rows)
                amount = sum(row[7] for row in tiers)
                owed = max(Decimal(0), owed + amount)
                if amount > 0:
                    kept = amount if limit is None else min(amount, max(Decimal(0), limit - paid))
                else:
                    kept = min(Decimal(0), owed - paid)
                paid += kept
                left = abs(kept)
                for row in tiers:
                    part = min(abs(row[7]), left)
                    left -= part
                    cut = row[6] - (part if kept > 0 else -part)
                    if cut:
                        cuts.append((settlement_id, row[1], row[5], cut))
        if cuts:
            self.con.execute(
                "create temp table cut (settlement_id text, scheme_id text, tier_no int, cut decimal(18,2))"
            )
            self.con.executemany("insert into cut values (?, ?, ?, ?)", cuts)
            self.con.execute("""
                update benefits.fct_payout_tier as t set tier_payout = tier_payout - cut.cut
                from cut
                where cut.settlement_id = t.settlement_id and cut.scheme_id = t.scheme_id
                    and cut.tier_no = t.tier_no
            """)
        self.lap(f"{len(cuts)} cuts to a limit")

    def write_payouts(self) -> None:
        """Write nothing but the payout of each settlement and scheme, in fen."""
        self.con.execute(f"""
            copy (
                with paid as (
                    select settlement_id, scheme_id, sum(tier_payout) as payout_amount
                    from benefits.fct_payout_tier group by all
                )
                select
                    p.settlement_id, p.scheme_id,
                    (coalesce(payout_amount, 0) * 100)::bigint as payout_fen
                from priced as p
                left join paid using (settlement_id, scheme_id)
            ) to '{self.out}' (format parquet)
        """)
        self.lap("payouts")

    def audit(self) -> None:
        """Say where every delivered row went; keep the unusable ones whole (rule A6)."""
        self.con.execute("create temp table file (raw_table varchar, file_no integer, source_file varchar)")
        self.con.executemany("insert into file values (?, ?, ?)", self.files)
        self.script("audit")
        for table, (key, *_) in TABLES.items():
            parts = ", ".join(f"coalesce({name}::varchar, '')" for name in key.split())
            self.con.execute(f"""
                insert into unusable
                select '{table}', file_no, row_no, concat_ws('|', {parts}), reasons from {table}
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
                fates as (
                    select
                        file_no,
                        count(*) as delivered,
                        count(*) filter (where fate = 'void') as void,
                        count(*) filter (where fate = 'superseded') as superseded
                    from {table} group by file_no
                ),
                kept_out as (
                    select file_no, count(*) as quarantined from unusable
                    where raw_table = '{table}' group by file_no
                )
                select
                    '{table}', source_file, coalesce(delivered, 0),
                    coalesce(delivered, 0) - coalesce(superseded, 0) - coalesce(void, 0)
                    - coalesce(quarantined, 0),
                    coalesce(superseded, 0), coalesce(void, 0), coalesce(quarantined, 0)
                from file
                left join fates using (file_no)
                left join kept_out using (file_no)
                where raw_table = '{table}'
            """)
        self.lap("load_audit")
        numbers = self.con.execute("select distinct file_no from unusable order by 1").fetchall()
        for (number,) in numbers:
            table, _, name = self.files[number]
            source = f"select * exclude (file_no, row_no), row_no from csv_{number}"
            if name.lower().endswith(".parquet"):
                file = f"read_parquet('{self.raw / name}', hive_partitioning = false)"
                source = f"select *, file_row_number as row_no from {file}"
            self.con.execute(
                f"""
                insert into quality.quarantine
                select '{table}', u.record_key, u.reasons, to_json(delivered)::varchar, ?
                from ({source}) as delivered
                inner join unusable as u on u.row_no = delivered.row_no
                where u.file_no = {number}
                """,
                [name],
            )
        self.lap("quarantine")


def data_files(folder: Path) -> list[Path]:
    """Return the files of a raw table."""
    endings = (".parquet", ".csv", ".csv.gz")
    files = (path for path in folder.rglob("*") if path.name.lower().endswith(endings))
    return sorted(path for path in files if path.name[0] not in "._")


def kept_columns(table: str) -> list[tuple[str, str]]:
    """Return the columns that a table keeps, with their kind."""
    used = TABLES[table][1]
    kept = [(name, kind) for kind in SQL_TYPES for name in used.get(kind, [])]
    return [*kept, ("vali_flag", "text"), ("rid", "text"), ("updt_time", "time")]


def is_exact(actual: str, kind: str) -> bool:
    """Tell whether a column of this type can be cast without looking at its values."""
    if kind in ("time", "date"):
        return actual.startswith(("DATE", "TIMESTAMP"))
    if actual in ("TINYINT", "SMALLINT", "INTEGER") or (actual == "BIGINT" and kind == "integer"):
        return True
    scales = (",2)", ",1)", ",0)") if kind == "money" else (",4)", ",3)", ",2)", ",1)", ",0)")
    return kind in ("money", "number") and actual.startswith("DECIMAL") and actual.endswith(scales)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", required=True, help="folder of the raw tables")
    parser.add_argument("--out", required=True, help="DuckDB file (with --payouts-only: Parquet file) to write")
    parser.add_argument("--seeds", default=str(ROOT / "seeds"), help="folder of the policy seeds")
    parser.add_argument("--memory", default="6GB", help="memory limit of DuckDB (default: 6GB)")
    parser.add_argument("--threads", type=int, default=2, help="threads of DuckDB (default: 2)")
    parser.add_argument("--temp", help="folder for spilled data (default: beside the output)")
    parser.add_argument("--payouts-only", action="store_true", help="no tables, only the payout of each settlement")
    parser.add_argument("--verbose", action="store_true", help="time each step on standard error")
    Build(parser.parse_args()).run()


if __name__ == "__main__":
    main()
