"""The warehouse against the oracle, row by row; and the oracle against the rulebook's examples."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import fund_oracle
import oracle
import oversight_oracle
import populations
import pyarrow
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
EXAMPLES = int(os.environ.get("DABING_HYPOTHESIS_EXAMPLES", "2"))

# ---------------------------------------------------------------------------------------------
# Comparison
# ---------------------------------------------------------------------------------------------

COMPONENT_COLUMNS = (
    "region_code",
    "insurance_type",
    "care_type",
    "settled_at",
    "is_reversal",
    "total_cost",
    "basic_paid",
    "coinsurance",
    "class_b_self_pay",
    "transfer_self_pay",
    "over_limit",
    "own_expense",
    "own_expense_drug",
    "own_expense_service",
    "own_expense_material",
    "restricted_use",
    "own_expense_unclassified",
)
PAYOUT_COLUMNS = (
    "benefit_year",
    "settled_at",
    "region_code",
    "insurance_type",
    "assistance_category",
    "eligible_expense",
    "accumulated_before",
    "accumulated_after",
    "payable_before",
    "payable_after",
    "payout_amount",
    "is_straddle",
    "is_reversal",
    "cover_status",
    "parameter_status",
)
TIER_COLUMNS = ("rate", "tier_expense", "tier_payout")
ACCOUNT_COLUMNS = (
    "region_code",
    "insurance_type",
    "assistance_category",
    "settlement_count",
    "eligible_expense",
    "payable_expense",
    "payout_amount",
    "deductible",
    "deductible_remaining",
    "annual_limit",
    "limit_remaining",
    "first_payout_at",
)
FUND_COLUMNS = ("insured_heads", "income_amount", "payout_amount")
AUDIT_COLUMNS = ("delivered", "accepted", "superseded", "void", "quarantined")

Keyed = dict[tuple, dict[str, Any]]


class Warehouse:
    """The served file, opened read-only."""

    def __init__(self, database: Path):
        self.connection = duckdb.connect(str(database), read_only=True)

    def rows(self, sql: str) -> list[tuple]:
        return self.connection.execute(sql).fetchall()

    def keyed(self, table: str, key: tuple[str, ...], columns: tuple[str, ...], where="true"):
        """The rows of a mart by key; a repeated key is an error, whatever its contract says."""
        keyed: Keyed = {}
        names = ", ".join((*key, *columns))
        for row in self.rows(f"select {names} from {table} where {where}"):
            position = row[: len(key)]
            if position in keyed:
                raise AssertionError(f"{table}: key {position} occurs more than once")
            keyed[position] = dict(zip(columns, row[len(key) :], strict=True))
        return keyed


def is_same(expected: Any, found: Any) -> bool:
    """Exact equality; a date stands for the time at which it begins."""
    if isinstance(expected, datetime) and isinstance(found, date):
        if not isinstance(found, datetime):
            return expected.date() == found
        return expected == found.replace(tzinfo=None)
    return expected == found


def differences(name: str, expected: Keyed, found: Keyed) -> list[str]:
    """Every row that one side lacks, and every value that differs."""
    lines = []
    for key in sorted({*expected, *found}, key=repr):
        if key not in found:
            lines.append(f"{name} {key}: missing in the warehouse; the oracle has {expected[key]}")
        elif key not in expected:
            lines.append(f"{name} {key}: only in the warehouse: {found[key]}")
        else:
            wrong = [
                f"{column} is {found[key][column]}, the oracle has {value}"
                for column, value in expected[key].items()
                if not is_same(value, found[key][column])
            ]
            if wrong:
                lines.append(f"{name} {key}: " + "; ".join(wrong))
    return lines


def columns_of(row: Any, columns: Iterable[str]) -> dict[str, Any]:
    """The named fields of a dataclass."""
    return {column: getattr(row, column) for column in columns}


def compare_audit(warehouse: Warehouse, result: oracle.Result) -> list[str]:
    """Rule A6: counts of every raw table, summed over its files."""
    sums = ", ".join(f"coalesce(sum({column}), 0)" for column in AUDIT_COLUMNS)
    found = {table: dict.fromkeys(AUDIT_COLUMNS, 0) for table in oracle.TABLES}
    for table, *counts in warehouse.rows(f"select raw_table, {sums} from quality.load_audit group by raw_table"):
        found[table] = dict(zip(AUDIT_COLUMNS, map(int, counts), strict=True))
    expected = {table: dataclasses.asdict(audit) for table, audit in result.audits.items()}
    return differences(
        "load_audit",
        {(table,): counts for table, counts in expected.items()},
        {(table,): counts for table, counts in found.items()},
    )


def compare_corrections(warehouse: Warehouse, raw_dir: Path) -> list[str]:
    """Each correction stands with what it did; those of drawn populations are of rows that are delivered once."""
    key = ("raw_table", "record_key", "column_name")
    columns = ("expected", "corrected", "reason", "corrected_by", "delivered_rows", "corrected_rows")
    expected = {
        tuple(told[name] for name in key): {**told, "delivered_rows": 1, "corrected_rows": 1}
        for told in oracle.read_corrections(raw_dir)
    }
    return differences(
        "correction",
        {place: {name: row[name] for name in columns} for place, row in expected.items()},
        warehouse.keyed("quality.correction", key, columns),
    )


def compare_quarantine(warehouse: Warehouse, result: oracle.Result) -> list[str]:
    """Rule A6: reason codes by key where the key is one column, else by table."""

    def counted(rows: Iterable[tuple[str, str | None, Iterable[str]]]) -> Keyed:
        counts = Counter((table, key, "+".join(sorted(set(codes)))) for table, key, codes in rows)
        return {key: {"rows": count} for key, count in counts.items()}

    def is_simple(table: str) -> bool:
        return len(oracle.TABLES[table].key) == 1

    expected = counted(
        (row.table, (row.key[0] or "") if is_simple(row.table) else "", row.reasons) for row in result.quarantine
    )
    found = counted(
        (table, (key or "") if is_simple(table) else "", re.findall(r"Q\d\d", str(reasons)))
        for table, key, reasons in warehouse.rows("select raw_table, record_key, reasons from quality.quarantine")
    )
    return differences("quarantine", expected, found)


def compare_components(warehouse: Warehouse, result: oracle.Result) -> list[str]:
    """Section B: the components of every accepted settlement."""
    expected = {
        (key,): {
            column: row.components[column] if column in row.components else getattr(row, column)
            for column in COMPONENT_COLUMNS
        }
        for key, row in result.settlements.items()
    }
    found = warehouse.keyed("benefits.fct_claim_expense", ("settlement_id",), COMPONENT_COLUMNS)
    return differences("fct_claim_expense", expected, found)


def compare_payouts(warehouse: Warehouse, result: oracle.Result, where: str) -> list[str]:
    """Section E: payouts and tiers of every settlement and scheme."""
    key = ("settlement_id", "scheme_id")
    expected = {(row.settlement_id, row.scheme_id): columns_of(row, PAYOUT_COLUMNS) for row in result.all_payouts}
    tiers = {(row.settlement_id, row.scheme_id, row.tier_no): columns_of(row, TIER_COLUMNS) for row in result.tiers}
    return [
        *differences(
            "fct_payout",
            expected,
            warehouse.keyed("benefits.fct_payout", key, PAYOUT_COLUMNS, where),
        ),
        *differences(
            "fct_payout_tier",
            tiers,
            warehouse.keyed("benefits.fct_payout_tier", (*key, "tier_no"), TIER_COLUMNS, where),
        ),
    ]


def person_keys(warehouse: Warehouse, result: oracle.Result) -> tuple[dict[str, str], list[str]]:
    """The hashed key of each person, through the person's settlements; it must be one to one."""
    keys: dict[str, set[str]] = defaultdict(set)
    persons: dict[str, set[str]] = defaultdict(set)
    for settlement_id, key in warehouse.rows("select settlement_id, person_key from benefits.fct_claim_expense"):
        if settlement_id in result.settlements:
            person = result.settlements[settlement_id].person_no
            keys[person].add(key)
            persons[key].add(person)
    lines = [f"person {p}: has the keys {sorted(k)}" for p, k in keys.items() if len(k) > 1]
    lines += [f"person_key {k}: stands for {sorted(p)}" for k, p in persons.items() if len(p) > 1]
    return {person: min(of_person) for person, of_person in keys.items()}, lines


def compare_accounts(warehouse: Warehouse, result: oracle.Result, where: str) -> list[str]:
    """Rule E2: the accumulator of every person, scheme and benefit year."""
    key_of, lines = person_keys(warehouse, result)
    expected = {
        (key_of.get(row.person_no, row.person_no), row.scheme_id, row.benefit_year): columns_of(row, ACCOUNT_COLUMNS)
        for row in result.all_accounts
    }
    found = warehouse.keyed(
        "benefits.fct_accumulator_year",
        ("person_key", "scheme_id", "benefit_year"),
        ACCOUNT_COLUMNS,
        where,
    )
    return lines + differences("fct_accumulator_year", expected, found)


def compare_covers(warehouse: Warehouse, result: oracle.Result) -> list[str]:
    """Section G: why each settlement is covered or not, and the spans of everyone who has a settlement."""
    key_of, lines = person_keys(warehouse, result)
    found = warehouse.keyed("benefits.int_settlement_cover", ("settlement_id", "scheme_id"), ("cover_status",))
    lines += differences(
        "int_settlement_cover", {key: {"cover_status": status} for key, status in result.cover_statuses.items()}, found
    )
    key, columns = ("scheme_id", "person_key", "covered_from"), ("covered_to", "cover_rule", "channel")
    spans = {
        (scheme_id, key_of[person], begin): dict(zip(columns, row, strict=True))
        for scheme_id, person, begin, *row in result.cover_spans
        if person in key_of
    }
    known = set(key_of.values())
    found = {
        place: row
        for place, row in warehouse.keyed("benefits.fct_cover_span", key, columns).items()
        if place[1] in known
    }
    return lines + differences("fct_cover_span", spans, found)


def compare_burdens(warehouse: Warehouse, result: oracle.Result) -> list[str]:
    """Rules E6, E7, F2, I2: medical aid, and who bears what of every settlement."""
    aids = {(key,): {"payout_amount": amount} for key, amount in result.aids.items()}
    return [
        *differences(
            "int_medical_aid", aids, warehouse.keyed("benefits.int_medical_aid", ("settlement_id",), ("payout_amount",))
        ),
        *differences(
            "fct_burden",
            {(key,): amounts for key, amounts in result.burdens.items()},
            warehouse.keyed("benefits.fct_burden", ("settlement_id",), oracle.BURDEN),
        ),
    ]


def compare_variances(warehouse: Warehouse, result: oracle.Result) -> list[str]:
    """Recorded against computed, with the cause (rule E8)."""
    columns = ("recorded_amount", "computed_amount", "variance", "cause", "assumption", "matching_assumptions")
    expected = {(row.settlement_id, row.scheme_id): columns_of(row, columns) for row in result.variances}
    table = "benefits.fct_payout_variance"
    return differences("fct_payout_variance", expected, warehouse.keyed(table, ("settlement_id", "scheme_id"), columns))


def compare_funds(warehouse: Warehouse, result: oracle.Result, where: str) -> list[str]:
    """Rules H1, H3: heads, income and payouts by county; a row that is not there counts as 0.

    A year that has a standard but no settlement in the raw tables is not compared: whether a fund
    year exists before its first claim, the rules leave open.
    """
    claimed = {(row.scheme_id, row.benefit_year) for row in result.payouts}
    found = warehouse.keyed(
        "funds.fct_fund_year",
        ("scheme_id", "region_code", "insurance_type", "benefit_year"),
        FUND_COLUMNS,
        where,
    )
    for row in found.values():
        row |= {column: 0 for column, value in row.items() if value is None}
    expected = {key: columns_of(row, FUND_COLUMNS) for key, row in result.funds.items()}
    nothing = dict.fromkeys(FUND_COLUMNS, 0)
    both = {key for key in {*expected, *found} if (key[0], key[3]) in claimed}
    return differences(
        "fct_fund_year",
        {key: expected.get(key, nothing) for key in both},
        {key: found.get(key, nothing) for key in both},
    )


def scenario_payouts(raw_dir: Path, seeds_dir: Path) -> dict[str, dict[tuple[str, int], Decimal]]:
    """What each scenario of the seeds would pay: the oracle over seeds that say so; every year of a changed scheme."""
    overrides = defaultdict(list)
    for row in oracle.read_seed(seeds_dir, "scenario_override"):
        overrides[row["scenario_id"]].append(row)
    found = {}
    for scenario_id, rows in overrides.items():
        with tempfile.TemporaryDirectory() as folder:
            seeds = populations.SeedFolder(Path(shutil.copytree(seeds_dir, Path(folder) / "seeds")))
            for row in rows:
                name, column = {
                    "deductible": ("benefit_term", "deductible"),
                    "annual_limit": ("benefit_term", "annual_limit"),
                    "rate": ("benefit_tier", "rate"),
                }[row["parameter"]]
                assert row["tier_no"] is None and row["operation"] in ("set", "add")

                def change(seed: dict, row=row, column=column) -> None:
                    if seed["scheme_id"] == row["scheme_id"]:
                        former = Decimal(0) if row["operation"] == "set" else Decimal(seed[column])
                        seed[column] = str(former + Decimal(row["value"]))

                seeds.edit(name, change)
            paid = {(row["scheme_id"], None): Decimal("0.00") for row in rows}
            for p in oracle.compute(raw_dir, seeds.folder).payouts:
                if (p.scheme_id, None) in paid:
                    key = (p.scheme_id, p.benefit_year)
                    paid[key] = paid.get(key, Decimal("0.00")) + p.payout_amount
            found[scenario_id] = paid
    return found


def compare_fund_marts(
    warehouse: Warehouse, result: oracle.Result, seeds_dir: Path, scenarios: dict | None = None
) -> list[str]:
    """Rules H1 to H7: every fund mart, every row, rows of zeros included."""
    funds = fund_oracle.Funds(result, oracle.Policy.read(seeds_dir), seeds_dir)
    fund = ("scheme_id", "region_code", "insurance_type")
    lines = []
    for mart, key, expected, where in (
        ("fct_fund_year", (*fund, "benefit_year"), funds.years, "true"),
        (
            "fund_year_by_region",
            ("scheme_id", "region_level", "region_code", "insurance_type", "benefit_year"),
            funds.by_region,
            "true",
        ),
        ("fct_fund_month", (*fund, "month_start"), funds.months, "true"),
        ("fct_fund_true_up", (*fund, "benefit_year"), funds.true_ups, "true"),
        ("fct_fund_quarter_plan", (*fund, "quarter_start"), funds.quarters, "true"),
        ("fct_fund_corridor", ("scheme_id", "insurance_line", "benefit_year"), funds.corridors, "true"),
        ("fct_fund_cycle", ("scheme_id", "benefit_year"), funds.cycles, "true"),
        ("fct_insurer_result", ("scheme_id", "insurance_line", "first_year", "insurer"), funds.insurers, "true"),
        (
            "fct_participation",
            ("scheme_id", "region_code", "benefit_year", "enrolment_group"),
            funds.participation,
            "true",
        ),
        ("fct_cost_per_head", (*fund, "age_band", "benefit_year"), funds.costs, "true"),
        (
            "fct_claim_triangle",
            ("scheme_id", "insurance_type", "service_month", "development_month"),
            funds.triangle,
            "true",
        ),
        (
            "fct_completion_factor",
            ("scheme_id", "insurance_type", "development_month"),
            funds.completion,
            "true",
        ),
        (
            "fct_balancing_standard",
            ("scheme_id", "benefit_year", "scenario_id"),
            funds.balancing(scenarios or {}),
            "scenario_id = 'enacted'" if scenarios is None else "true",
        ),
    ):
        columns = tuple(next(iter(expected.values()), ()))
        lines += differences(mart, expected, warehouse.keyed(f"funds.{mart}", key, columns, where))
    return lines


def compare_oversight(warehouse: Warehouse, result: oracle.Result, seeds_dir: Path) -> list[str]:
    """Sections I and J, as far as tests/python/oversight_oracle.py says them."""
    keys, _ = person_keys(warehouse, result)
    return oversight_oracle.compare(warehouse, result, Path(seeds_dir), keys, differences)


def compare(
    database_path: Path, raw_dir: Path, seeds_dir: Path, is_whole: bool = False, with_scenarios: bool = False
) -> list[str]:
    """Every difference between the marts of a served file and the oracle, row by row, exact."""
    result = oracle.compute(raw_dir, seeds_dir)
    warehouse = Warehouse(database_path)
    names = ", ".join(f"'{scheme_id}'" for scheme_id in result.scheme_ids)
    where = f"scheme_id in ({names})"
    try:
        return [
            *compare_audit(warehouse, result),
            *compare_corrections(warehouse, raw_dir),
            *compare_quarantine(warehouse, result),
            *compare_components(warehouse, result),
            *compare_payouts(warehouse, result, where),
            *compare_accounts(warehouse, result, where),
            *compare_covers(warehouse, result),
            *compare_burdens(warehouse, result),
            *compare_variances(warehouse, result),
            *compare_funds(warehouse, result, where),
            *(
                compare_fund_marts(
                    warehouse, result, seeds_dir, scenario_payouts(raw_dir, seeds_dir) if with_scenarios else None
                )
                if is_whole
                else ()
            ),
            *(compare_oversight(warehouse, result, seeds_dir) if is_whole else ()),
        ]
    finally:
        warehouse.connection.close()


def spelled_out(found: list[str], most: int = 20) -> str:
    """The first differences, and how many there are of each table."""
    counts = Counter(line.split(" ")[0] for line in found)
    return "\n".join([f"{len(found)} differences: {dict(counts)}", *found[:most]])


# ---------------------------------------------------------------------------------------------
# The warehouse against the oracle
# ---------------------------------------------------------------------------------------------


def test_sample_is_what_the_oracle_computes(sample_build):
    found = compare(sample_build.database, sample_build.raw, sample_build.seeds, is_whole=True)
    assert not found, spelled_out(found)


@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # a build is slow: a failing case is not shrunk
    suppress_health_check=list(HealthCheck),
)
@example(
    case=populations.Case(
        seed=1, layouts=("csv", "parquet_text", "parquet_typed"), is_policy_varied=False, is_corrected=True
    )
)
# A supplementary scheme with a limit of the year that is reached, and a scheme that follows another.
@example(case=populations.Case(seed=22, layouts=("csv",), is_policy_varied=True))
@given(case=populations.cases())
def test_generated_populations_are_what_the_oracle_computes(build, case):
    with tempfile.TemporaryDirectory() as folder:
        raw_dir, seeds_dir = populations.write_case(case, Path(folder), SEEDS)
        found = compare(build(raw_dir, seeds_dir), raw_dir, seeds_dir, is_whole=True, with_scenarios=True)
    assert not found, f"{case}\n{spelled_out(found)}"


# ---------------------------------------------------------------------------------------------
# The comparison itself
# ---------------------------------------------------------------------------------------------


def create(connection, table: str, rows: list[dict[str, Any]]) -> None:
    """A table of the given rows."""
    connection.register("given", pyarrow.Table.from_pylist(rows))
    connection.execute(f"create schema if not exists {table.split('.')[0]}")
    connection.execute(f"create table {table} as select * from given")


def write_warehouse(result: oracle.Result, raw_dir: Path, path: Path) -> None:
    """A served file that holds just what the oracle computed."""
    connection = duckdb.connect(str(path))
    claims = [
        {"settlement_id": key, "person_key": f"hash of {row.person_no}"}
        | {name: row.components.get(name, getattr(row, name, None)) for name in COMPONENT_COLUMNS}
        for key, row in result.settlements.items()
    ]
    payouts = [columns_of(row, ("settlement_id", "scheme_id", *PAYOUT_COLUMNS)) for row in result.all_payouts]
    accounts = [
        {"person_key": f"hash of {row.person_no}"} | columns_of(row, ("scheme_id", "benefit_year", *ACCOUNT_COLUMNS))
        for row in result.all_accounts
    ]
    fund_key = ("scheme_id", "region_code", "insurance_type", "benefit_year")
    funds = [dict(zip(fund_key, key, strict=True)) | dataclasses.asdict(fund) for key, fund in result.funds.items()]
    audit = [
        {"raw_table": table, "source_file": "part-0"} | dataclasses.asdict(counts)
        for table, counts in result.audits.items()
    ]
    quarantine = [
        {
            "raw_table": row.table,
            "record_key": "|".join(str(part) for part in row.key if part is not None),
            "reasons": ",".join(row.reasons),
        }
        for row in result.quarantine
    ]
    create(connection, "benefits.fct_claim_expense", claims)
    create(connection, "benefits.fct_payout", payouts)
    create(connection, "benefits.fct_payout_tier", list(map(dataclasses.asdict, result.tiers)))
    create(connection, "benefits.fct_accumulator_year", accounts)
    create(connection, "funds.fct_fund_year", funds)
    covers = [
        {"settlement_id": settlement, "scheme_id": scheme_id, "cover_status": status}
        for (settlement, scheme_id), status in result.cover_statuses.items()
    ]
    create(connection, "benefits.int_settlement_cover", covers)
    names = ("scheme_id", "person_key", "covered_from", "covered_to", "cover_rule", "channel")
    spans = [
        dict(zip(names, (scheme_id, f"hash of {person}", *rest), strict=True))
        for scheme_id, person, *rest in result.cover_spans
    ]
    create(connection, "benefits.fct_cover_span", spans)
    aids = [{"settlement_id": key, "payout_amount": amount} for key, amount in result.aids.items()]
    create(connection, "benefits.int_medical_aid", aids)
    burdens = [{"settlement_id": key} | amounts for key, amounts in result.burdens.items()]
    create(connection, "benefits.fct_burden", burdens)
    create(connection, "benefits.fct_payout_variance", list(map(dataclasses.asdict, result.variances)))
    create(connection, "quality.load_audit", audit)
    create(connection, "quality.quarantine", quarantine)
    corrections = [told | {"delivered_rows": 1, "corrected_rows": 1} for told in oracle.read_corrections(raw_dir)]
    create(connection, "quality.correction", corrections)
    connection.close()


@pytest.fixture(scope="session")
def written(seeds, tmp_path_factory) -> tuple[Path, Path, Path]:
    """A small population, and a served file with what the oracle makes of it."""
    folder = tmp_path_factory.mktemp("written")
    case = populations.Case(seed=7, layouts=("csv", "parquet_typed"), is_policy_varied=True, is_corrected=True)
    raw_dir, seeds_dir = populations.write_case(case, folder, seeds, persons=60)
    write_warehouse(oracle.compute(raw_dir, seeds_dir), raw_dir, folder / "right.duckdb")
    return folder / "right.duckdb", raw_dir, seeds_dir


def test_the_comparison_agrees_with_what_is_right(written):
    assert compare(*written) == []


@pytest.mark.parametrize(
    "change",
    [
        "update benefits.fct_payout set payout_amount = payout_amount + 0.01",
        "update benefits.fct_payout set is_straddle = not is_straddle",
        "update benefits.fct_payout set assistance_category = null",
        "update benefits.fct_payout_tier set tier_payout = 0",
        "delete from benefits.fct_payout_tier where tier_no = 1",
        "update benefits.fct_accumulator_year set limit_remaining = 1",
        "update benefits.fct_claim_expense set own_expense_drug = 0.01",
        "update benefits.fct_claim_expense set person_key = 'the same'",
        "update quality.load_audit set superseded = superseded + 1",
        "update quality.quarantine set reasons = 'Q01'",
        "update quality.correction set corrected_rows = 0",
        "update funds.fct_fund_year set insured_heads = insured_heads + 1",
        "update funds.fct_fund_year set payout_amount = payout_amount - 0.01",
        "update benefits.int_settlement_cover set cover_status = 'covered'",
        "update benefits.fct_cover_span set covered_to = covered_to + 1",
        "update benefits.int_medical_aid set payout_amount = payout_amount + 0.01",
        "update benefits.fct_burden set out_of_pocket = out_of_pocket + 0.01",
        "delete from benefits.fct_burden where relief_paid = 0",
        "update benefits.fct_payout_variance set cause = 'rounding'",
        "update benefits.fct_payout_variance set matching_assumptions = matching_assumptions + 1",
    ],
)
def test_the_comparison_finds_what_is_wrong(written, tmp_path, change):
    database, raw_dir, seeds_dir = written
    wrong = tmp_path / "wrong.duckdb"
    shutil.copy(database, wrong)
    connection = duckdb.connect(str(wrong))
    connection.execute(change)
    connection.close()
    assert compare(wrong, raw_dir, seeds_dir)


# ---------------------------------------------------------------------------------------------
# The oracle against the rulebook
# ---------------------------------------------------------------------------------------------

REGIONS = (
    ("330000", "province", "", ""),
    ("330300", "city", "330000", ""),
    ("330302", "county", "330300", ""),
    ("330303", "county", "330300", ""),
    ("330399", "seat", "330300", ""),
    ("330322", "county", "330300", "330303"),
    ("331100", "city", "330000", ""),
    ("331102", "county", "331100", ""),
    ("220000", "province", "", ""),
    ("220102", "county", "220000", ""),
    ("610000", "province", "", ""),
    ("610400", "city", "610000", ""),
    ("610402", "county", "610400", ""),
)


@pytest.fixture(scope="session")
def seeds(tmp_path_factory) -> Path:
    """The project's seeds with a small region seed of this file."""
    folder = tmp_path_factory.mktemp("seeds")
    shutil.copytree(SEEDS / "policy", folder / "policy")
    rows = ["region_code,region_name,region_name_zh,region_level,parent_region_code,retired_into"]
    rows += [f"{code},,,{level},{parent},{into}" for code, level, parent, into in REGIONS]
    (folder / "policy" / "region.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def policy(seeds) -> oracle.Policy:
    return oracle.Policy.read(seeds)


def rows_of(table: str, *rows: dict[str, str]) -> list[oracle.Row]:
    """Rows of a table as they would be read from a file of text; required columns default to ''."""
    names = {*oracle.TABLES[table].required, *(name for row in rows for name in row)}
    columns = {name: [row.get(name, "") for row in rows] for name in names}
    return oracle.rows_of(table, f"{table}/part-0.csv", columns)


def settlement(setl_id: str, eligible: str, at: str = "2021-06-01", **columns: str):
    """A stay with nothing but coinsurance."""
    row = {"setl_id": setl_id, "psn_no": "P1", "insutype": "390", "insu_admdvs": "330302"}
    row |= {"med_type": "21", "setl_time": at, "medfee_sumamt": eligible, "inscp_amt": eligible}
    return row | columns


def reversal(setl_id: str, of: str, amount: str, at: str = "2021-07-01", **columns: str):
    return settlement(setl_id, f"-{amount}", at, init_setl_id=of, **columns)


def identity(code: str, begin: str, end: str = "", region: str = "", person: str = "P1"):
    row = {"psn_no": person, "psn_idet_type": code, "begntime": begin, "endtime": end}
    return row | {"insu_admdvs": region}


def evaluate(policy: oracle.Policy, *settlements: dict, **tables: list[dict]) -> oracle.Result:
    parsed = {table: rows_of(table, *rows) for table, rows in tables.items()}
    return oracle.evaluate({"setl_d": rows_of("setl_d", *settlements), **parsed}, policy)


def paid(result: oracle.Result) -> dict[str, Decimal]:
    return {row.settlement_id: row.payout_amount for row in result.payouts}


def reasons(result: oracle.Result) -> dict[tuple, tuple[str, ...]]:
    return {row.key: row.reasons for row in result.quarantine}


def changed(policy: oracle.Policy, seed: str, scheme_id: str, **columns: Any) -> oracle.Policy:
    """A policy whose rows of one scheme say something else."""
    rows = [row | (columns if row["scheme_id"] == scheme_id else {}) for row in policy.seeds[seed]]
    return oracle.Policy(policy.seeds | {seed: rows})


@pytest.mark.parametrize(
    ("place", "at", "category", "eligible", "payout"),
    [
        ("330302", "2021-06-01", None, "30000", "3010.00"),
        ("330302", "2021-06-01", "7019", "30000", "13720.00"),
        ("330302", "2021-06-01", None, "400000", "251860.00"),
        ("330302", "2021-06-01", "7131", "400000", "309720.00"),
        ("610402", "2020-06-01", None, "60000", "33000.00"),
        ("610402", "2020-06-01", "7202", "60000", "38750.00"),
        ("610402", "2020-06-01", None, "398750", "300000.00"),
        ("610402", "2020-06-01", None, "398749.99", "299999.99"),
        ("610402", "2020-06-01", None, "500000", "300000.00"),
        ("610402", "2020-06-01", "7101", "500000", "300000.00"),
        ("331102", "2021-06-01", None, "18000", "0.00"),
        ("331102", "2021-06-01", "7201", "19000", "8000.00"),
    ],
)
def test_examples_of_the_rulebook(policy, place, at, category, eligible, payout):
    held = [identity(category, "2020-01-01", region=place)] if category else []
    stay = settlement("S1", eligible, at, insu_admdvs=place)
    assert paid(evaluate(policy, stay, psn_idet_d=held)) == {"S1": Decimal(payout)}


GOLDEN = [
    # place and year, deductible, basis, bounds, rates, limit basis, limit, eligible, published
    (
        "Shandong residents 2014",
        "10000",
        "gross",
        "100000",
        ".5 .6",
        "payout",
        "200000",
        "170000",
        "87000.00",
    ),
    (
        "a city's residents 2018",
        "20000",
        "net",
        "20000 50000 100000 200000 300000 400000 500000",
        ".3 .4 .5 .6 .65 .7 .75 .8",
        None,
        None,
        "50000",
        "10000.00",
    ),
    (
        "Ziyang rural residents",
        "8000",
        "gross",
        "50000 100000",
        ".5 .6 .7",
        None,
        None,
        "50000",
        "21000.00",
    ),
    (
        "Ziyang rural residents",
        "8000",
        "gross",
        "50000 100000",
        ".5 .6 .7",
        None,
        None,
        "80000",
        "39000.00",
    ),
    ("Beijing employees", "39525", "net", "50000", ".6 .7", None, None, "300000", "177332.50"),
    ("Chengdu 2012", "404.20", "net", "", ".83", "payout", "46336", "30000", "24564.51"),
    ("Chengdu 2012", "404.20", "net", "", ".85", "payout", "46336", "60000", "46336.00"),
    ("Honghe", "10000", "net", "", ".8", None, None, "20000", "8000.00"),
    (
        "Wenzhou 2025",
        "25700",
        "gross",
        "",
        ".7",
        "eligible_expense",
        "385500",
        "385500",
        "251860.00",
    ),
]


@pytest.mark.parametrize(
    (
        "place",
        "deductible",
        "basis",
        "bounds",
        "rates",
        "limit_basis",
        "limit",
        "eligible",
        "payout",
    ),
    GOLDEN,
)
def test_published_cases(place, deductible, basis, bounds, rates, limit_basis, limit, eligible, payout):
    ladder = ladder_of(deductible, basis, bounds.split(), rates.split(), limit_basis, limit)
    payable = oracle.payable_of({"eligible": Decimal(eligible)}, ladder)
    assert year_payout(payable, ladder) == Decimal(payout), place


def year_payout(payable: Decimal, ladder: oracle.Ladder) -> Decimal:
    """What a year comes to under terms that do not change."""
    by_ladder = sum(oracle.tier_payouts(payable, ladder))
    return by_ladder if ladder.payout_limit is None else min(by_ladder, ladder.payout_limit)


def ladder_of(deductible, basis, bounds, rates, limit_basis=None, limit=None, modifier=None):
    """A ladder from numbers, through the same seed columns."""
    term = {"expense_pool": "eligible", "deductible": deductible, "annual_limit": limit}
    term |= {"limit_basis": limit_basis, "tier_basis": basis, "status": "enacted"}
    edges = [deductible if basis == "gross" else "0", *bounds, None]
    tiers = [
        {
            "tier_no": str(number + 1),
            "lower_bound": edges[number],
            "upper_bound": edges[number + 1],
            "rate": rate,
            "status": "enacted",
        }
        for number, rate in enumerate(rates)
    ]
    return oracle.compile_ladder([term], tiers, modifier)


def modifier_of(factor=None, addition=None, override=None, waived="false"):
    row = {"deductible_factor": factor, "rate_addition": addition, "rate_override": override}
    return row | {"limit_waived": waived, "status": "enacted"}


def test_a_straddle_is_paid_tier_by_tier(policy):
    result = evaluate(
        policy,
        settlement("S1", "25000", "2020-06-01", insu_admdvs="610402"),
        settlement("S2", "90000", "2020-06-02", insu_admdvs="610402"),
    )
    assert [(t.settlement_id, t.tier_no, t.tier_expense, t.tier_payout) for t in result.tiers] == [
        ("S1", 1, Decimal("15000.00"), Decimal("9000.00")),
        ("S2", 1, Decimal("5000.00"), Decimal("3000.00")),
        ("S2", 2, Decimal("70000.00"), Decimal("49000.00")),
        ("S2", 3, Decimal("15000.00"), Decimal("12000.00")),
    ]
    assert [row.is_straddle for row in result.payouts] == [False, True]


def test_a_settlement_that_ends_at_a_bound_is_no_straddle(policy):
    result = evaluate(policy, settlement("S1", "30000", "2020-06-01", insu_admdvs="610402"))
    assert [row.is_straddle for row in result.payouts] == [False]
    assert [tier.tier_no for tier in result.tiers] == [1]


def test_ties_of_settlement_time_go_by_id(policy):
    result = evaluate(policy, settlement("S2", "20000"), settlement("S1", "20000"))
    assert paid(result) == {"S1": Decimal("0.00"), "S2": Decimal("10010.00")}


def test_a_reversal_takes_back_what_was_paid(policy):
    result = evaluate(policy, settlement("S1", "30000"), reversal("S2", "S1", "30000"))
    assert paid(result) == {"S1": Decimal("3010.00"), "S2": Decimal("-3010.00")}
    assert result.accounts[0].payout_amount == 0
    assert result.accounts[0].settlement_count == 2


def test_a_reversal_belongs_to_the_year_and_terms_of_its_original(policy):
    held = [identity("7019", "2021-01-01", "2022-01-01")]
    original, back = settlement("S1", "30000"), reversal("S2", "S1", "30000", "2022-03-01")
    result = evaluate(policy, original, back, psn_idet_d=held)
    assert paid(result)["S2"] == Decimal("-13720.00")
    assert {row.benefit_year for row in result.payouts} == {2021}
    posting = changed(policy, "scheme", "wenzhou_cii", reversal_terms="posting")
    result = evaluate(posting, original, back, psn_idet_d=held)
    assert paid(result)["S2"] == Decimal("-3010.00")
    assert {row.benefit_year for row in result.payouts} == {2021}


def test_reversals_of_reversals(policy):
    result = evaluate(
        policy,
        settlement("S1", "30000"),
        reversal("S2", "S1", "30000"),
        settlement("S3", "30000", "2022-01-05", init_setl_id="S2"),
    )
    assert paid(result)["S3"] == Decimal("3010.00")
    assert {row.benefit_year for row in result.payouts} == {2021}


@pytest.mark.parametrize(
    ("rows", "refused"),
    [
        ([reversal("S2", "S9", "5")], {"S2": "Q09"}),
        ([reversal("S2", "S1", "5", psn_no="P2")], {"S2": "Q09"}),
        ([reversal("S2", "S1", "5", "2021-05-31")], {"S2": "Q10"}),
        ([reversal("S2", "S1", "5", "2021-06-01")], {}),
        ([reversal("S2", "S1", "100.01")], {"S2": "Q11"}),
        ([settlement("S2", "5", "2021-07-01", init_setl_id="S1")], {"S2": "Q11"}),
        ([reversal("S2", "S1", "60"), reversal("S3", "S1", "41")], {"S3": "Q11"}),
        (
            [reversal("S2", "S1", "60"), reversal("S3", "S1", "41"), reversal("S4", "S1", "40")],
            {"S3": "Q11"},
        ),
        (
            [reversal("S2", "S9", "5"), settlement("S3", "5", "2021-08-01", init_setl_id="S2")],
            {"S2": "Q09", "S3": "Q09"},
        ),
        ([reversal("S2", "S3", "5"), reversal("S3", "S2", "5")], {"S2": "Q09", "S3": "Q09"}),
        ([settlement("S2", "-5")], {"S2": "Q05"}),
        ([settlement("S2", "-5", init_setl_id="S2")], {"S2": "Q05"}),
    ],
)
def test_reversals_that_are_refused(policy, rows, refused):
    result = evaluate(policy, settlement("S1", "100"), *rows)
    assert reasons(result) == {(key,): (code,) for key, code in refused.items()}
    audit = result.audits["setl_d"]
    assert audit.delivered == audit.accepted + audit.quarantined


@pytest.mark.parametrize(
    ("columns", "codes"),
    [
        ({"setl_id": ""}, "Q01"),
        ({"psn_no": " "}, "Q02"),
        ({"setl_time": ""}, "Q03"),
        ({"setl_time": "2021-02-29"}, "Q04"),
        ({"hifob_pay": "1.234"}, "Q04"),
        ({"updt_time": "x"}, "Q04"),
        ({"insu_admdvs": "330000"}, "Q06"),
        ({"insu_admdvs": ""}, "Q06"),
        ({"insutype": "777"}, "Q07"),
        ({"med_type": ""}, "Q08"),
        ({"med_type": "15"}, "Q08"),
        ({"psn_no": "", "setl_time": "", "insutype": ""}, "Q02 Q03 Q07"),
        ({"insu_admdvs": "330399", "hifob_pay": "1.230"}, ""),
        ({"insu_admdvs": "330300", "hifob_pay": ""}, ""),
    ],
)
def test_rows_that_cannot_be_used(policy, columns, codes):
    result = evaluate(policy, settlement("S1", "100") | columns)
    expected = [tuple(codes.split())] if codes else []
    assert [row.reasons for row in result.quarantine] == expected


@pytest.mark.parametrize(
    ("second", "accepted"),
    [
        ({"updt_time": "2021-09-02"}, "200"),
        ({"updt_time": "2021-08-31"}, "100"),
        ({"updt_time": ""}, "100"),
        ({"rid": "10"}, "200"),
        ({"rid": "8"}, "100"),
        ({"rid": ""}, "100"),
        ({"updt_time": "2021-09-02", "hifp_pay": "?"}, "100"),
        ({"updt_time": "2021-09-02", "vali_flag": "0"}, None),
        ({"updt_time": "2021-08-31", "vali_flag": "0"}, "100"),
        ({"updt_time": "2021-09-02", "vali_flag": ""}, "200"),
    ],
)
def test_redeliveries(policy, second, accepted):
    first = settlement("S1", "100", rid="9", updt_time="2021-09-01", vali_flag="1")
    again = first | {"medfee_sumamt": "200"} | second
    result = evaluate(policy, first, again)
    totals = [row.components["total_cost"] for row in result.settlements.values()]
    assert totals == ([Decimal(accepted)] if accepted else [])
    audit = result.audits["setl_d"]
    assert audit.accepted + audit.superseded + audit.void + audit.quarantined == 2


def test_retired_codes_map_and_a_move_in_the_pool_keeps_the_accumulator(policy):
    result = evaluate(
        policy,
        settlement("S1", "20000", insu_admdvs="330322"),
        settlement("S2", "20000", "2021-06-02", insu_admdvs="330302"),
    )
    assert [row.region_code for row in result.payouts] == ["330303", "330302"]
    assert len(result.accounts) == 1
    assert result.accounts[0].deductible_remaining == 0
    assert result.accounts[0].limit_remaining == Decimal("345500.00")
    assert result.accounts[0].first_payout_at == datetime(2021, 6, 2)


@pytest.mark.parametrize(
    ("held", "category"),
    [
        ([identity("7019", "2021-06-01 10:00:00")], "subsistence_allowance"),
        ([identity("7019", "2021-06-02")], "none"),
        ([identity("7019", "2021-01-01", "2021-06-01")], "none"),
        ([identity("7019", "2021-01-01", "2021-06-01 23:59:59")], "subsistence_allowance"),
        ([identity("7019", "2021-01-01", "2021-06-02")], "subsistence_allowance"),
        ([identity("7019", "2021-01-01"), identity("7131", "2021-01-01")], "extremely_poor"),
        ([identity("7120", "2021-01-01")], "temporary_relief"),
        ([identity("7120", "2021-01-01"), identity("7202", "2021-01-01")], "temporary_relief"),
        ([identity("7101", "2021-01-01")], "none"),
        ([identity("7101", "2021-01-01", region="220102")], "registered_poor"),
        ([identity("7202", "2021-01-01"), identity("7069", "2021-05-01")], "special_hardship"),
        ([identity("7019", "2021-01-01", region="999999")], "none"),
        ([identity("7019", "2021-01-01", person="P2")], "none"),
    ],
)
def test_category_at_the_claim(policy, held, category):
    result = evaluate(policy, settlement("S1", "30000"), psn_idet_d=held)
    assert [row.assistance_category for row in result.payouts] == [category]


def test_a_category_with_a_modifier_goes_before_a_higher_one_without(policy):
    held = [identity("7202", "2020-01-01"), identity("7019", "2020-01-01")]
    stay = settlement("S1", "60000", "2020-06-01", insu_admdvs="610402")
    result = evaluate(policy, stay, psn_idet_d=held)
    assert [row.assistance_category for row in result.payouts] == ["registered_poor"]


def test_status_change_prospective_and_retroactive(policy):
    stays = [settlement("S1", "30000", "2021-03-01"), settlement("S2", "1000", "2021-09-01")]
    held = [identity("7019", "2021-08-01")]
    assert paid(evaluate(policy, *stays, psn_idet_d=held)) == {
        "S1": Decimal("3010.00"),
        "S2": Decimal("800.00"),
    }
    retroactive = changed(policy, "scheme", "wenzhou_cii", status_change_rule="retroactive")
    assert paid(evaluate(retroactive, *stays, psn_idet_d=held)) == {
        "S1": Decimal("13720.00"),
        "S2": Decimal("800.00"),
    }


def test_the_payout_limit_is_never_passed_when_the_category_changes(policy):
    stays = [settlement("S1", "700000", "2021-03-01"), settlement("S2", "1000", "2021-09-01")]
    stays = [stay | {"insu_admdvs": "331102"} for stay in stays]
    aided = [identity("7019", "2021-01-01", "2021-06-01")]
    result = evaluate(policy, *stays, psn_idet_d=aided)
    assert paid(result) == {"S1": Decimal("552800.00"), "S2": Decimal("0.00")}
    assert result.accounts[0].limit_remaining == 0


def test_what_is_paid_counts_for_the_limit_and_not_what_new_terms_would_have_paid(policy):
    """260,000 at the ordinary ladder pay 189,000; of 300,000 there are 111,000 left for who is then registered poor."""
    stays = [settlement("S1", "260000", "2021-02-01"), settlement("S2", "200000", "2021-08-01")]
    stays = [stay | {"insu_admdvs": "610402"} for stay in stays]
    result = evaluate(policy, *stays, psn_idet_d=[identity("7101", "2021-06-01", region="610402")])
    assert paid(result) == {"S1": Decimal("189000.00"), "S2": Decimal("111000.00")}


def test_a_reversal_takes_back_no_more_than_a_limit_had_left_to_pay(policy):
    """Of the second 182,600 yuan by the ladder the limit had let 137,200 through."""
    stays = [settlement("S1", "400000", "2021-02-01"), settlement("S2", "400000", "2021-07-01")]
    back = settlement("S3", "-400000", "2021-08-01", init_setl_id="S2")
    rows = [row | {"insu_admdvs": "331102"} for row in [*stays, back]]
    result = evaluate(policy, *rows, psn_idet_d=[identity("7131", "2021-01-01", "2021-06-01")])
    assert paid(result) == {
        "S1": Decimal("312800.00"),
        "S2": Decimal("137200.00"),
        "S3": Decimal("-137200.00"),
    }


def test_a_person_year_is_never_paid_below_zero(policy):
    """Taking back the first by the aided ladder would be 13,720; only 8,730 were paid."""
    rows = [
        settlement("S1", "20000", "2021-02-01"),
        settlement("S2", "10000", "2021-06-01"),
        settlement("S3", "-20000", "2021-07-01", init_setl_id="S1"),
    ]
    result = evaluate(policy, *rows, psn_idet_d=[identity("7019", "2021-01-01", "2021-05-01")])
    assert paid(result) == {"S1": Decimal("5720.00"), "S2": Decimal("3010.00"), "S3": Decimal("-8730.00")}


def test_benefit_year_by_discharge(policy):
    discharge = changed(policy, "scheme", "wenzhou_cii", benefit_year_basis="discharge")
    stays = [
        settlement("S1", "30000", "2022-01-02", enddate="2021-12-31"),
        settlement("S2", "30000", "2022-01-02", enddate=""),
    ]
    years = {row.settlement_id: row.benefit_year for row in evaluate(discharge, *stays).payouts}
    assert years == {"S1": 2021, "S2": 2022}


def test_care_that_is_not_covered_has_no_eligible_expense(policy):
    result = evaluate(policy, settlement("S1", "30000", med_type="11"))
    assert result.payouts == []
    both = evaluate(policy, settlement("S1", "30000", med_type="11"), settlement("S2", "1"))
    assert [row.eligible_expense for row in both.payouts] == [Decimal("0.00"), Decimal("1.00")]


def test_listed_items_and_components(policy):
    stay = settlement(
        "S1",
        "30000",
        fulamt_ownpay_amt="1000",
        preselfpay_amt="300",
        trafout_preselfpay_amt="100",
        hifp_pay="10000",
    )
    lines = [
        {"bkkp_sn": "1", "fulamt_ownpay_amt": "400", "list_type": "101", "med_list_codg": "XSD001"},
        {"bkkp_sn": "2", "fulamt_ownpay_amt": "100", "list_type": "101", "med_list_codg": "XSD006"},
        {"bkkp_sn": "3", "fulamt_ownpay_amt": "50", "list_type": "201", "med_list_codg": "XSD001"},
        {"bkkp_sn": "4", "fulamt_ownpay_amt": "20", "list_type": "301", "chrgitm_lv": "甲"},
        {"bkkp_sn": "5", "fulamt_ownpay_amt": "7", "list_type": "999"},
    ]
    lines = [{"setl_id": "S1", "det_item_fee_sumamt": "1"} | line for line in lines]
    result = evaluate(policy, stay, fee_list_d=lines)
    components = result.settlements["S1"].components
    assert components["coinsurance"] == Decimal("20000.00")
    assert components["class_b_self_pay"] == Decimal("200.00")
    assert components["own_expense_drug"] == Decimal("500.00")
    assert components["own_expense_service"] == Decimal("50.00")
    assert components["restricted_use"] == Decimal("20.00")
    assert components["own_expense_unclassified"] == Decimal("430.00")
    payout = result.payouts[0]
    assert payout.eligible_expense == Decimal("20600.00")
    assert payout.parameter_status == "illustrative"


def test_disease_lists(policy):
    def extension(disease: str) -> Decimal:
        stay = settlement("S1", "100", "2020-06-01", insu_admdvs="220102", dise_no=disease, fulamt_ownpay_amt="9")
        line = {"setl_id": "S1", "bkkp_sn": "1", "det_item_fee_sumamt": "9", "list_type": "101"}
        line |= {"med_list_codg": "XJL001", "fulamt_ownpay_amt": "9"}
        return evaluate(policy, stay, fee_list_d=[line]).payouts[0].eligible_expense

    assert extension("C50") == extension("C16") == Decimal("109.00")
    assert extension("C92") == extension("") == Decimal("100.00")


def test_heads_and_income(policy):
    def spell(number: str, person: str, begin: str, end: str = "", **columns: str):
        row = {"psn_insu_rlts_id": number, "psn_no": person, "insutype": "390"}
        row |= {"psn_insu_stas": "1", "crt_insu_date": begin, "paus_insu_date": end}
        return row | {"insu_admdvs": "330302"} | columns

    spells = [
        spell("1", "P1", "2021-01-01"),
        spell("2", "P2", "2021-01-02"),
        spell("3", "P3", "2020-01-01", "2021-01-01"),
        spell("4", "P4", "2020-01-01", "2021-01-02"),
        spell("5", "P5", "2020-01-01", psn_insu_stas="2", updt_time="2021-01-01 09:00:00"),
        spell("6", "P6", "2020-01-01", psn_insu_stas="3", updt_time="2021-01-02"),
        spell("7", "P7", "2020-01-01", insutype="310"),
        spell("8", "P8", "2020-01-01"),
        spell("9", "P8", "2020-02-01", insu_admdvs="330322"),
        spell("10", "P9", "2020-02-01"),
        spell("11", "P9", "2020-02-01", insu_admdvs="330322"),
    ]
    result = evaluate(policy, psn_insu_d=spells)
    funds = {key[1:3]: fund for key, fund in result.funds.items() if key[3] == 2021}
    assert funds["330302", "resident"].insured_heads == 3
    assert funds["330302", "resident"].income_amount == Decimal("255.00")
    assert funds["330303", "resident"].insured_heads == 2
    assert funds["330302", "employee"].insured_heads == 1


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12", "12.00"),
        (" +12.5 ", "12.50"),
        ("-0.10", "-0.10"),
        ("1.500", "1.50"),
        ("007.25", "7.25"),
    ],
)
def test_amounts_that_parse(text, amount):
    assert oracle.as_amount(text) == Decimal(amount)


@pytest.mark.parametrize("text", [*populations.BAD_AMOUNTS, ".5", "１２", "1 2", "nan", "1" * 15])
def test_amounts_that_do_not_parse(text):
    assert oracle.as_amount(text) is oracle.BAD


@pytest.mark.parametrize(
    "text",
    [
        "2024-02-29",
        "2024/2/29",
        "2024/02/29",
        "20240229",
        "2024-02-29 00:00",
        "20240229000000",
        "2024-02-29 00:00:00.000",
    ],
)
def test_times_that_parse(text):
    assert oracle.as_time(text) == datetime(2024, 2, 29)


@pytest.mark.parametrize("text", [*populations.BAD_TIMES, "2024-02-30", "0000-00-00", "45000"])
def test_times_that_do_not_parse(text):
    assert oracle.as_time(text) is oracle.BAD


def test_a_missing_column_is_named():
    with pytest.raises(ValueError, match=r"part-0\.csv: column psn_no is missing"):
        oracle.rows_of("refl_appy_evt_c", "refl_appy_evt_c/part-0.csv", {"evtsn": ["R1"]})


def test_a_gap_in_the_policy_is_an_error(policy):
    stay = settlement("S1", "30000", "2020-06-01", insu_admdvs="610402")
    gap = changed(policy, "benefit_tier", "xianyang_cii", effective_from=date(2021, 1, 1))
    with pytest.raises(oracle.PolicyGap, match="xianyang_cii: no terms or tiers"):
        evaluate(gap, stay)


# ---------------------------------------------------------------------------------------------
# Properties of the oracle
# ---------------------------------------------------------------------------------------------

CENTS = st.integers(min_value=0, max_value=60_000_000).map(lambda cents: Decimal(cents) / 100)


@st.composite
def ladders(draw) -> oracle.Ladder:
    """Any ladder with rising bounds: gross or net, limits of both kinds, a category or none."""
    deductible = draw(CENTS.filter(lambda amount: amount < 50_000))
    basis = draw(st.sampled_from(("gross", "net")))
    count = draw(st.integers(1, 8))
    steps = draw(st.lists(st.integers(1, 5_000_000), min_size=count - 1, max_size=count - 1))
    lower = deductible if basis == "gross" else oracle.ZERO
    bounds = []
    for step in steps:
        lower += Decimal(step) / 100
        bounds.append(str(lower))
    rates = sorted(draw(st.lists(st.integers(0, 10_000), min_size=count, max_size=count)))
    rates = [str(Decimal(rate) / 10_000) for rate in rates]
    limit_basis = draw(st.sampled_from((None, "payout", "eligible_expense")))
    limit = str(deductible + draw(CENTS)) if limit_basis else None
    modifier = None
    if draw(st.booleans()):
        modifier = modifier_of(
            factor=draw(st.sampled_from(("0", "0.3333", "0.5", "1"))),
            addition=draw(st.sampled_from((None, "0.05", "0.5"))),
            override=draw(st.sampled_from((None, "0.8"))),
            waived=draw(st.sampled_from(("true", "false"))),
        )
    return ladder_of(str(deductible), basis, bounds, rates, limit_basis, limit, modifier)


def account(ladder: oracle.Ladder, amounts: list[Decimal]) -> list[oracle.Payout]:
    """The payouts of one account under one ladder."""
    claims = []
    for number, amount in enumerate(amounts):
        stay = oracle.Settlement(
            settlement_id=f"S{number:03d}",
            person_no="P1",
            region_code="330302",
            pool="330300",
            insurance_type="resident",
            care_type="inpatient",
            settled_at=datetime(2021, 1, 1),
            discharged_on=None,
            disease_code=None,
            is_reversal=amount < 0,
            components={},
        )
        claims.append(oracle.Claim(stay, "s", 2021, "none", ladder, {"eligible": amount}, {"enacted"}))
    return list(oracle.pay(claims))


@settings(deadline=None)
@given(ladder=ladders(), amounts=st.lists(CENTS, min_size=1, max_size=8))
def test_payouts_of_one_category_add_up_rise_and_stay_within_expense_and_limit(ladder, amounts):
    payouts = account(ladder, amounts)
    for payout in payouts:
        assert sum(tier.tier_payout for tier in payout.tiers) == payout.payout_amount
        grown = payout.payable_after - payout.payable_before
        assert sum(tier.tier_expense for tier in payout.tiers) == grown
        assert all(tier.tier_payout >= 0 for tier in payout.tiers)
        assert 0 <= grown <= payout.eligible_expense
        slack = Decimal("0.01") * len(ladder.tiers)  # each tier is rounded by itself
        assert 0 <= payout.payout_amount <= grown + slack
    total = sum(payout.payout_amount for payout in payouts)
    assert total == year_payout(payouts[-1].payable_after, ladder)
    if ladder.payout_limit is not None:
        assert total <= ladder.payout_limit
    for pool, limit in ladder.expense_limits.items():
        assert payouts[-1].payable_after <= max(0, limit - ladder.deductibles[pool])


@settings(deadline=None)
@given(ladder=ladders(), amount=CENTS, more=CENTS)
def test_more_eligible_expense_never_pays_less(ladder, amount, more):
    def payout(eligible: Decimal) -> Decimal:
        payable = oracle.payable_of({"eligible": eligible}, ladder)
        return year_payout(payable, ladder)

    assert payout(amount) <= payout(amount + more)


@settings(deadline=None)
@given(ladder=ladders(), amounts=st.lists(CENTS, min_size=1, max_size=6), data=st.data())
def test_the_order_of_settlements_does_not_change_the_year(ladder, amounts, data):
    other = data.draw(st.permutations(amounts))

    def total(of: list[Decimal]) -> Decimal:
        return sum(payout.payout_amount for payout in account(ladder, of))

    assert total(amounts) == total(other)


@settings(deadline=None)
@given(ladder=ladders(), amounts=st.lists(CENTS, min_size=1, max_size=6))
def test_reversing_everything_takes_back_everything(ladder, amounts):
    payouts = account(ladder, amounts + [-amount for amount in amounts])
    assert sum(payout.payout_amount for payout in payouts) == 0


@settings(
    max_examples=10,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),
)
@given(case=populations.cases())
def test_populations_hold_the_invariants(seeds, case):
    """A drawn population by the oracle alone: every row accounted for, limits kept, sums exact."""
    with tempfile.TemporaryDirectory() as folder:
        result = oracle.compute(*populations.write_case(case, Path(folder), seeds, persons=60))
    for table, audit in result.audits.items():
        became = audit.accepted + audit.superseded + audit.void + audit.quarantined
        assert audit.delivered == became, table
    assert len(result.quarantine) == sum(a.quarantined for a in result.audits.values())
    for payout in result.payouts:
        assert sum(tier.tier_payout for tier in payout.tiers) == payout.payout_amount
        moved = payout.payable_after - payout.payable_before
        assert sum(tier.tier_expense for tier in payout.tiers) == moved
    paid_by_account = sum(row.payout_amount for row in result.accounts)
    assert paid_by_account == sum(row.payout_amount for row in result.payouts)
    assert paid_by_account == sum(fund.payout_amount for fund in result.funds.values())
    for key, burden in result.burdens.items():
        layers = [burden[name] for name in oracle.BURDEN[1:]]
        assert sum(layers) == burden["total_cost"], key
        assert result.settlements[key].is_reversal or min(layers) >= 0, key
    for settled in result.settlements.values():
        parts = settled.components
        assert parts["own_expense"] == (
            parts["own_expense_drug"]
            + parts["own_expense_service"]
            + parts["own_expense_material"]
            + parts["restricted_use"]
            + parts["own_expense_unclassified"]
        )
