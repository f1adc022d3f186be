"""The fund oracle against amounts worked out by hand from the rulebook (rules H2, H5, H6)."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import pairwise

import duckdb
import fund_oracle
import oracle
import pytest
from conftest import PROJECT
from hypothesis import given
from hypothesis import strategies as st

PREMIUM = Decimal("100000.00")
# margin: outcome, then what the insurers keep or bear and what is negotiated, by the whole and by the part beyond 3%
EDGES = {
    "0.00": ("insurer", "0.00", "0.00", "0.00", "0.00"),
    "3000.00": ("insurer", "3000.00", "0.00", "3000.00", "0.00"),
    "3000.01": ("shared", "900.00", "0.00", "3000.00", "0.00"),
    "5000.00": ("shared", "1500.00", "0.00", "3600.00", "0.00"),
    "5000.01": ("returned", "1500.00", "0.00", "3600.00", "0.00"),
    "-3000.00": ("insurer", "-3000.00", "0.00", "-3000.00", "0.00"),
    "-3000.01": ("shared", "-1500.01", "0.00", "-3000.01", "0.00"),
    "-5000.00": ("shared", "-2500.00", "0.00", "-4000.00", "0.00"),
    "-5000.01": ("to_be_negotiated", "0.00", "-5000.01", "-4000.00", "-0.01"),
}


@pytest.fixture(scope="module")
def bands() -> list[dict]:
    rows = oracle.read_seed(PROJECT / "seeds", "risk_corridor_band")
    return [row for row in rows if row["insurance_line"] == "rural"]


@pytest.mark.parametrize("margin", EDGES)
@pytest.mark.parametrize("basis", ["whole", "excess"])
def test_a_result_at_a_bound_and_one_fen_beyond(bands, margin, basis):
    outcome, *amounts = EDGES[margin]
    insurer, negotiated = (Decimal(text) for text in amounts[0 if basis == "whole" else 2 :][:2])
    assert fund_oracle.corridor(Decimal(margin), PREMIUM, [{**band, "band_basis": basis} for band in bands]) == {
        "outcome": outcome,
        "insurer_amount": insurer,
        "fund_amount": Decimal(margin) - insurer - negotiated,
        "negotiated_amount": negotiated,
    }


PREMIUMS = [Decimal(text) for text in ("100000.00", "33.33", "0.01", "0.00", "7777777.77", "1666.50", "999999999.99")]


def test_the_models_divide_as_the_oracle_does_at_every_edge_of_every_premium(sample_build):
    """Rule H5: the SQL of the built models over results at each bound, a fen to either side, and far beyond."""
    bounds = [
        Decimal(text) for text in ("-1", "-0.05", "-0.04", "-0.03", "0", "0.01", "0.03", "0.04", "0.05", "0.5", "1")
    ]
    margins = {
        (premium, (premium * bound).quantize(oracle.CENT, rounding) + step * oracle.CENT)
        for premium in PREMIUMS
        for bound in bounds
        for rounding in (ROUND_FLOOR, ROUND_CEILING)
        for step in (-1, 0, 1)
    }
    years = {number: pair for number, pair in enumerate(sorted(margins), 2016)}
    connection = duckdb.connect()
    connection.execute(f"attach '{sample_build.database}' as built (read_only)")
    connection.execute("create schema funds; create schema policy_seed")
    connection.execute(
        "create table policy_seed.risk_corridor_band as select * replace (basis as scheme_id, basis as band_basis)"
        " from built.policy_seed.risk_corridor_band, (values ('whole'), ('excess')) as bases (basis)"
        " where insurance_line = 'rural'"
    )
    connection.execute("create table funds.int_corridor_year as from built.funds.int_corridor_year limit 0")
    connection.executemany(
        "insert into funds.int_corridor_year select basis, 'rural', $1, 1, $2, $2 - $3, 0, $3, 1"
        " from (values ('whole'), ('excess')) as bases (basis)",
        [(year, premium, margin) for year, (premium, margin) in years.items()],
    )
    compiled = sample_build.project / "target" / "compiled" / "dabing" / "models" / "funds"
    for model in ("int_corridor_part", "fct_fund_corridor"):
        sql = (compiled / f"{model}.sql").read_text()
        sql = re.sub(r'"[^"]+"\."(funds|policy_seed)"', r"\1", sql)
        connection.execute(f"create table funds.{model} as {sql}")
    names = ("outcome", "insurer_amount", "fund_amount", "negotiated_amount")
    found = {
        row[:2]: dict(zip(names, row[2:], strict=True))
        for row in connection.execute(
            f"select scheme_id, benefit_year, {', '.join(names)} from funds.fct_fund_corridor"
        ).fetchall()
    }
    bands = [
        row for row in oracle.read_seed(PROJECT / "seeds", "risk_corridor_band") if row["insurance_line"] == "rural"
    ]
    assert found == {
        (basis, year): fund_oracle.corridor(margin, premium, [{**band, "band_basis": basis} for band in bands])
        for basis in ("whole", "excess")
        for year, (premium, margin) in years.items()
    }
    outcomes = Counter(row["outcome"] for row in found.values())
    assert min(outcomes[name] for name in ("insurer", "shared", "returned", "to_be_negotiated")) > 20


def test_a_loss_without_premium_is_negotiated(bands):
    assert fund_oracle.corridor(Decimal("-0.01"), Decimal("0.00"), bands)["negotiated_amount"] == Decimal("-0.01")
    assert fund_oracle.corridor(Decimal("0.00"), Decimal("0.00"), bands)["outcome"] == "insurer"


def test_of_equal_remainders_the_first_by_name_gets_the_fen():
    shares = {"a": Decimal("0.3333"), "b": Decimal("0.3333"), "c": Decimal("0.3334")}
    assert fund_oracle.split(Decimal("0.05"), shares) == {
        "a": Decimal("0.02"), "b": Decimal("0.01"), "c": Decimal("0.02"),
    }  # fmt: skip
    assert fund_oracle.split(Decimal("-0.01"), shares) == {
        "a": Decimal("0.00"), "b": Decimal("0.00"), "c": Decimal("-0.01"),
    }  # fmt: skip


@given(
    amount=st.decimals(min_value=-(10**12), max_value=10**12, places=2),
    cuts=st.lists(st.integers(min_value=1, max_value=9999), min_size=1, max_size=5, unique=True),
)
def test_parts_add_up_and_are_within_a_fen_of_their_share(amount, cuts):
    bounds = [0, *sorted(cuts), 10000]
    shares = {f"i{n}": Decimal(high - low) / 10000 for n, (low, high) in enumerate(pairwise(bounds))}
    parts = fund_oracle.split(amount, shares)
    assert sum(parts.values()) == amount
    assert all(abs(parts[name] - amount * share) < Decimal("0.01") for name, share in shares.items())


@pytest.mark.parametrize(
    ("due", "moved", "status", "days_late"),
    [
        ("100", [("2021-03-31", "100")], "on_time", 0),
        ("100", [("2021-04-01", "100")], "late", 1),
        ("100", [("2021-03-01", "60"), ("2021-04-10", "40")], "late", 10),
        ("100", [("2021-03-01", "99.99")], "short", 275),
        ("100", [], "not_received", 275),
        ("0", [("2021-04-01", "1")], "nothing_due", 0),
        ("-50", [("2021-03-01", "-50")], "on_time", 0),
        ("-50", [("2021-04-02", "-50")], "late", 2),
    ],
)
def test_what_was_due_and_came(due, moved, status, days_late):
    fund = ("s", "r", "resident")
    movements = [
        fund_oracle.Movement(fund, "resident", 2021, date.fromisoformat(day), "transfer_in", Decimal(amount))
        for day, amount in moved
    ]
    found = fund_oracle.Funds.came(None, Decimal(due), date(2021, 3, 31), movements, date(2021, 12, 31))
    assert (found["status"], found["days_late"]) == (status, days_late)
