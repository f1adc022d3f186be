"""The hand-written peers of the benchmark against the oracle, on drawn raw files: payouts equal to the fen.

A rule that moves must move in the peers too, or the benchmark compares the project with something else. They run as in
`benchmarks/bench.py`; the seeds are the shipped ones, which is what the peers know. The bare script, which writes the
project's tables by hand, is held to the oracle in those too.
"""

from __future__ import annotations

import dataclasses
import random
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import oracle
import populations
import pytest
import test_oracle
from populations import Tables

PROJECT = Path(__file__).resolve().parents[2]
SEEDS = PROJECT / "seeds"
PEERS = PROJECT / "benchmarks" / "peers"
# Each peer, what of it is run, and the file that it writes.
RUNS = {
    "bare DuckDB": (("bare_duckdb.py", "--memory", "1GB", "--threads", "1"), "bare.duckdb"),
    "bare DuckDB, payouts only": (
        ("bare_duckdb.py", "--memory", "1GB", "--threads", "1", "--payouts-only"),
        "bare.parquet",
    ),
    "Polars": (("with_polars.py",), "polars.parquet"),
    "pandas": (("with_pandas.py",), "pandas.parquet"),
}
# Two populations: how each is delivered, and the seed that it is drawn from.
DRAWN = ((3, ("csv", "parquet_text", "parquet_typed")), (11, ("parquet_typed", "csv_gz", "parquet_text")))
# Fees as some record them, an amount and its correction: scheme, area, insutype, amounts, what comes off the balance.
FEES = (
    ("wenzhou_cii", "330302", "390", ("1000.00", "-200.00"), ("330302", "resident", Decimal("800.00"))),
    ("xianyang_cii", "", "", ("-300.00", "40.00"), ("610400", "resident", Decimal("260.00"))),
    ("lishui_cii", "331102", "777", ("5000.00",), None),
)
FEE_YEAR = 2023
LISTED = ("XSD001", "XSD002", "XJL001", "XJL002", "SJL001")

Payouts = dict[tuple[str, str], int]


@dataclass(frozen=True)
class Drawn:
    """Raw files, and what the oracle makes of them."""

    raw: Path
    truth: oracle.Result

    @property
    def payouts(self) -> Payouts:
        """Fen by settlement and scheme."""
        return {(p.settlement_id, p.scheme_id): int(p.payout_amount * 100) for p in self.truth.payouts}


def harden(tables: Tables, rng: random.Random) -> None:
    """What populations have little of: codes that went through a float, listed items, and these taken back."""
    for table, rows in tables.items():
        codes = sorted(oracle.CODES.intersection(oracle.TABLES[table].texts))
        for row in rng.sample(rows, len(rows) // 4):
            code = rng.choice(codes) if codes else None
            if code and row.get(code, "").isdigit():
                row[code] += ".0"

    def draw(row: dict[str, str], table: str) -> random.Random:
        """The same draws for every delivery of a key: of two that tie in everything else none is the right one."""
        return random.Random("|".join(row[column] for column in oracle.TABLES[table].key))

    taken_back = {row["init_setl_id"] for row in tables["setl_d"]} - {""}
    for row in tables["setl_d"]:
        own = draw(row, "setl_d")
        row["dise_no"] = own.choice((row["dise_no"], "C50"))
        if row["init_setl_id"] or row["setl_id"] in taken_back:
            row["fulamt_ownpay_amt"] = f"-{own.randrange(20_000)}.67" if row["init_setl_id"] else "20000.01"
    for row in tables["fee_list_d"]:
        own = draw(row, "fee_list_d")
        row["med_list_codg"] = own.choice((row["med_list_codg"], own.choice(LISTED)))
    for settlement in sorted(taken_back):
        for item in rng.sample(LISTED, 2):
            line = {"setl_id": settlement, "bkkp_sn": item, "med_list_codg": item, "chrgitm_lv": "03"}
            line["list_type"] = rng.choice(("101", "102.0"))
            line["det_item_fee_sumamt"] = line["fulamt_ownpay_amt"] = f"{rng.randrange(5_000, 15_000)}.07"
            tables["fee_list_d"].append(line)


def add_fees(tables: Tables) -> None:
    """The service fees, which populations have none of."""
    for scheme, area, insutype, amounts, _ in FEES:
        for amount in amounts:
            movement = {"txn_id": f"{scheme}{amount}", "scheme_id": scheme, "insu_admdvs": area, "insutype": insutype}
            movement |= {"benefit_year": str(FEE_YEAR), "txn_date": f"{FEE_YEAR}-12-31", "txn_type": "service_fee"}
            tables["fund_txn_d"].append(movement | {"amount": amount})


@pytest.fixture(scope="module", params=DRAWN, ids=lambda drawn: f"seed {drawn[0]}")
def drawn(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    """A drawn population as raw files, computed by the oracle."""
    seed, layouts = request.param
    rng = random.Random(seed)
    tables = populations.populate(SEEDS, rng)
    harden(tables, rng)
    add_fees(tables)
    raw = tmp_path_factory.mktemp("drawn") / "raw"
    populations.write_raw(tables, raw, rng, layouts)
    return Drawn(raw, oracle.compute(raw, SEEDS))


def run_peer(name: str, raw: Path, folder: Path) -> Path:
    """Run a peer over a raw folder; what it wrote."""
    (script, *options), file = RUNS[name]
    command = [sys.executable, PEERS / script, "--raw", raw, "--out", folder / file, *options]
    finished = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return folder / file


def payouts_in(path: Path) -> Payouts:
    """Fen by settlement and scheme in the file of a peer."""
    with duckdb.connect() as connection:
        if path.suffix == ".duckdb":
            connection.execute(f"attach '{path}' as bare (read_only)")
            table, fen = "bare.benefits.fct_payout", "cast(payout_amount * 100 as bigint)"
        else:
            table, fen = f"'{path}'", "payout_fen"
        rows = connection.execute(f"select settlement_id, scheme_id, {fen} from {table}").fetchall()
    payouts = {(settlement, scheme): amount for settlement, scheme, amount in rows}
    assert len(payouts) == len(rows), "a settlement has two payouts of one scheme"
    return payouts


def differences(expected: Payouts, found: Payouts) -> list[str]:
    """Every payout that only one side has, or that differs."""
    return [
        f"{key}: {found.get(key, 'none')} fen, the oracle has {expected.get(key, 'none')}"
        for key in sorted({*expected, *found})
        if found.get(key) != expected.get(key)
    ]


@pytest.mark.parametrize("name", RUNS)
def test_a_peer_pays_what_the_oracle_pays(drawn, name, tmp_path):
    found = payouts_in(run_peer(name, drawn.raw, tmp_path))
    wrong = differences(drawn.payouts, found)
    assert not wrong, f"{len(wrong)} of {len(drawn.payouts)} payouts differ:\n" + "\n".join(wrong[:20])


def compare_tiers(warehouse: test_oracle.Warehouse, truth: oracle.Result) -> list[str]:
    """Rule E4: the tiers of every payout."""
    key, columns = ("settlement_id", "scheme_id", "tier_no"), test_oracle.TIER_COLUMNS
    expected = {
        (tier.settlement_id, tier.scheme_id, tier.tier_no): test_oracle.columns_of(tier, columns)
        for payout in truth.payouts
        for tier in payout.tiers
    }
    return test_oracle.differences(
        "fct_payout_tier", expected, warehouse.keyed("benefits.fct_payout_tier", key, columns)
    )


def compare_balances(warehouse: test_oracle.Warehouse) -> list[str]:
    """Rule H3: income less payouts and the fees above, added up over the years."""
    fees = {(scheme, *place[:2], FEE_YEAR): place[2] for scheme, _, _, _, place in FEES if place}
    key = ("scheme_id", "region_code", "insurance_type", "benefit_year")
    columns = ("income_amount", "payout_amount", "balance_amount")
    found = warehouse.keyed("funds.fct_fund_year", key, columns)
    assert fees.keys() <= found.keys()
    balances: dict[tuple, Decimal] = defaultdict(Decimal)
    wrong = []
    for year, row in sorted(found.items(), key=repr):
        balances[year[:3]] += row["income_amount"] - row["payout_amount"] - fees.get(year, 0)
        if row["balance_amount"] != balances[year[:3]]:
            wrong.append(f"fct_fund_year {year}: balance {row['balance_amount']}, not {balances[year[:3]]}")
    return wrong


def test_the_tables_of_the_bare_script_are_the_oracles(drawn, tmp_path):
    warehouse = test_oracle.Warehouse(run_peer("bare DuckDB", drawn.raw, tmp_path))
    # The script knows critical illness insurance only.
    truth = dataclasses.replace(drawn.truth, supplementary_payouts=[], supplementary_accounts=[])
    found = [
        *test_oracle.compare_audit(warehouse, truth),
        *test_oracle.compare_quarantine(warehouse, truth),
        *test_oracle.compare_components(warehouse, truth),
        *compare_tiers(warehouse, truth),
        *test_oracle.compare_accounts(warehouse, truth, "true"),
        *test_oracle.compare_funds(warehouse, truth, "true"),
        *compare_balances(warehouse),
    ]
    warehouse.connection.close()
    assert not found, test_oracle.spelled_out(found)
