"""Input that nobody here wrote: 57,390 stays with the totals that their publisher printed for each person and year."""

from __future__ import annotations

import duckdb
import pytest
from conftest import PROJECT, copy_project, run_dabing

NEUTRAL = PROJECT.parent / "shared" / "data" / "synpuf"
pytestmark = pytest.mark.skipif(not NEUTRAL.exists(), reason="the neutral input is not beside this project")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    project = copy_project(tmp_path_factory.mktemp("neutral") / "project")
    folder = project / "warehouse"
    finished = run_dabing(
        "run", "--raw", NEUTRAL / "raw", "--warehouse", folder, project=project,
        environment={"DBT_ENV_SECRET_PERSON_KEY": "test"},
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout + finished.stderr
    with duckdb.connect(str(folder / "dabing.duckdb"), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def differing(warehouse) -> dict[str, set[tuple[str, int]]]:
    """Person-years whose sums differ from the published ones, by column, and those that lost a row to quarantine."""
    warehouse.execute(
        f"""
        create temp table compared as
        with published as (
            select *, left(sha256(concat('test:', psn_no)), 32) as person_key
            from read_parquet('{NEUTRAL / "published_totals.parquet"}')
        ), summed as (
            select person_key, benefit_year, sum(basic_paid) as basic, sum(other_paid) as other,
                sum(person_paid) as person
            from benefits.fct_claim_expense group by all
        )
        select psn_no, benefit_year, basic_fund_paid <> coalesce(basic, 0) as basic_differs,
            other_payer_paid <> coalesce(other, 0) as other_differs,
            person_paid <> coalesce(person, 0) as person_differs
        from published left join summed using (person_key, benefit_year)
        """
    )
    found = {
        column: set(warehouse.execute(f"select psn_no, benefit_year from compared where {column}").fetchall())
        for column in ("basic_differs", "other_differs", "person_differs")
    }
    found["negative"] = set(
        warehouse.execute(
            "select raw_row ->> 'psn_no', year(cast(raw_row ->> 'setl_time' as timestamp)) from quality.quarantine"
            " where reasons = 'Q05 negative_total'"
        ).fetchall()
    )
    return found


def test_every_person_year_is_compared(warehouse, differing):
    assert warehouse.execute("select count(*) from compared").fetchone() == (295_458,)


def test_basic_payments_differ_by_the_quarantined_rows_only(differing):
    assert len(differing["negative"]) == 9
    assert differing["basic_differs"] == differing["negative"]


def test_other_payers_meet_the_published_totals(differing):
    assert differing["other_differs"] <= differing["negative"]


def test_persons_payments_differ_where_the_publishers_own_totals_do(differing):
    assert len(differing["person_differs"] - differing["negative"]) <= 51


def test_every_row_is_accounted_for(warehouse):
    audit = warehouse.execute(
        "select sum(delivered), sum(accepted), sum(superseded), sum(void), sum(quarantined)"
        " from quality.load_audit where raw_table = 'setl_d'"
    ).fetchone()
    assert audit == (57_390, 57_327, 0, 0, 63)
