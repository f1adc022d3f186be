"""Published payouts of other places, through the whole build: a region is added in rows only."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT
from policy_rows import add_document, add_region, read_cases, settlement, write_csv

PUBLISHED = PROJECT.parent / "shared" / "golden" / "cases.csv"
CASES = PUBLISHED if PUBLISHED.exists() else Path(__file__).with_name("golden_cases.csv")


@pytest.fixture(scope="module")
def payouts(tmp_path_factory, build) -> dict[str, Decimal]:
    """Payouts of each case, once as one settlement (A) and once in three parts (B), by settlement's case."""
    folder = tmp_path_factory.mktemp("golden")
    seeds = Path(shutil.copytree(PROJECT / "seeds", folder / "seeds"))
    add_document(seeds)
    rows = []
    for number, case in enumerate(read_cases(CASES), 1):
        county = add_region(seeds, number, case)
        year, whole = case.year, case.eligible_expense
        first, second = (whole / 3).quantize(Decimal("0.01")), Decimal("0.01")
        rows.append(settlement(f"{case.case_id}-A", f"{case.case_id}-P1", county, f"{year}-03-01 10:00:00", whole))
        for part, amount in enumerate((first, second, whole - first - second), 1):
            rows.append(
                settlement(
                    f"{case.case_id}-B{part}", f"{case.case_id}-P2", county, f"{year}-0{part}-01 10:00:00", amount
                )
            )
    write_csv(folder / "raw" / "setl_d" / "golden.csv", rows)
    database = build(folder / "raw", seeds)
    with duckdb.connect(str(database), read_only=True) as connection:
        return dict(
            connection.execute(
                "select left(settlement_id, length(case_id) + 2), sum(payout_amount) from (select *,"
                " split_part(settlement_id, '-', 1) as case_id from benefits.fct_payout) group by 1"
            ).fetchall()
        )


@pytest.mark.parametrize("case", read_cases(CASES), ids=lambda case: case.case_id)
def test_a_region_added_in_rows_gets_its_published_payout(case, payouts):
    assert payouts[f"{case.case_id}-A"] == case.published_payout
    assert payouts[f"{case.case_id}-B"] == case.published_payout


def test_the_published_cases_are_all_there():
    assert len(read_cases(CASES)) >= 9
