"""Published payouts of other places, and a scheme that follows another: through the whole build, in rows only."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT
from policy_rows import add_document, add_reform, add_region, read_cases, settlement, write_csv

PUBLISHED = PROJECT.parent / "shared" / "golden" / "cases.csv"
CASES = PUBLISHED if PUBLISHED.exists() else Path(__file__).with_name("golden_cases.csv")


@pytest.fixture(scope="module")
def database(tmp_path_factory, build) -> Path:
    """Each case as one settlement (A) and in three parts (B), and a pool whose scheme is followed by another."""
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
    county = add_reform(seeds)
    before, after = Decimal("30000.00"), Decimal("40000.00")
    rows.append(settlement("REFORM-1", "REFORM-P1", county, "2021-12-31 23:59:59", before))
    rows.append(settlement("REFORM-2", "REFORM-P1", county, "2022-01-01 00:00:00", after))
    back = settlement("REFORM-3", "REFORM-P1", county, "2022-02-01 10:00:00", -before)
    back |= {"hifp_pay": "-100.00", "medfee_sumamt": "-30100.00", "inscp_amt": "-30100.00"}
    rows = [{"init_setl_id": "", **row} for row in [*rows, back | {"init_setl_id": "REFORM-1"}]]
    write_csv(folder / "raw" / "setl_d" / "golden.csv", rows)
    return build(folder / "raw", seeds)


@pytest.fixture(scope="module")
def payouts(database) -> dict[str, Decimal]:
    """Payouts by settlement's case."""
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


def test_a_scheme_that_follows_another_has_person_years_of_its_own(database):
    """Rule C3: until 2021 10,000 at 60%, from 2022 20,000 at 70%; what is taken back then goes back to the former."""
    with duckdb.connect(str(database), read_only=True) as connection:
        payouts = connection.execute(
            "select settlement_id, scheme_id, benefit_year, accumulated_before, payout_amount from benefits.fct_payout"
            " where settlement_id like 'REFORM-%' order by all"
        ).fetchall()
        funds = connection.execute(
            "select scheme_id, benefit_year, sum(payout_amount), sum(payout_posted_amount) from funds.fct_fund_year"
            " where scheme_id like 'reform_%' group by all order by all"
        ).fetchall()
    assert payouts == [
        ("REFORM-1", "reform_until_2021", 2021, Decimal("0.00"), Decimal("12000.00")),
        ("REFORM-2", "reform_from_2022", 2022, Decimal("0.00"), Decimal("14000.00")),
        ("REFORM-3", "reform_until_2021", 2021, Decimal("30000.00"), Decimal("-12000.00")),
    ]
    assert funds == [
        ("reform_from_2022", 2022, Decimal("14000.00"), Decimal("14000.00")),
        ("reform_until_2021", 2021, Decimal("0.00"), Decimal("12000.00")),
        ("reform_until_2021", 2022, Decimal("0.00"), Decimal("-12000.00")),
    ]
