"""Scenarios: to the fen what a build with these numbers in the seeds pays; and the ladder that answers in SQL."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT, copy_project, run_dabing
from policy_rows import DATED, append
from test_build import copy_build, dbt

BY_PLACE = ("scheme_id", "region_code", "assistance_category", "benefit_year")
PAYOUTS = """
    select scheme_id, region_code, assistance_category, benefit_year,
        count(distinct case when payable_after > 0 then person_key end),
        count(distinct case when payout_amount > 0 then person_key end), sum(payout_amount)
    from {database}.benefits.fct_payout
    where scheme_id in (
        select scheme_id from {database}.policy.dim_scheme where scheme_kind = 'critical_illness'
    )
    group by all
    having count_if(payable_after > 0) > 0
"""


def told(build, *arguments: str) -> dict:
    """What `dabing whatif --json` says."""
    finished = run_dabing("whatif", "--warehouse", build.database.parent, "--json", *arguments)
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def refused(build, *arguments: str | Path) -> str:
    """The sentence with which `dabing whatif` refuses."""
    finished = run_dabing("whatif", "--warehouse", build.database.parent, *arguments)
    assert finished.returncode == 1
    assert finished.stdout == ""
    return finished.stderr


def settings(*given: str) -> list[str]:
    return [argument for setting in given for argument in ("--set", setting)]


def by_place(results: list[dict], measures: tuple[str, ...]) -> dict[tuple, tuple]:
    return {
        tuple(row[name] for name in BY_PLACE): tuple(Decimal(row[name]) for name in measures)
        for row in results
        if any(Decimal(row[name]) for name in measures)
    }


def paid(database: Path) -> dict[tuple, tuple]:
    """Persons above the deductible, persons paid and payouts of a build, by place."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{database}' as built (read_only)")
        return {
            tuple(row[:4]): tuple(row[4:]) for row in connection.execute(PAYOUTS.format(database="built")).fetchall()
        }


# ---------------------------------------------------------------------------------------------
# Scenario against build
# ---------------------------------------------------------------------------------------------


def edit(seeds: Path, seed: str, change: Callable[[dict[str, str]], None]) -> None:
    path = seeds / "policy" / f"{seed}.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        change(row)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def changed_terms(row: dict[str, str]) -> None:
    if row["scheme_id"] == "wenzhou_cii":
        row.update(deductible="20706.00", annual_limit="310590.00")
    elif row["scheme_id"] == "lishui_cii":
        row.update(annual_limit="45000.00")
    elif row["scheme_id"] == "jilin_cii":
        row.update(deductible="15400.00", annual_limit="")
    elif row["scheme_id"] == "xianyang_cii":
        row.update(deductible="9000.00", annual_limit="250000.00")


def changed_tiers(row: dict[str, str]) -> None:
    if row["scheme_id"] == "jilin_cii":
        row["rate"] = str(Decimal(row["rate"]) + Decimal("0.05"))
    elif row["scheme_id"] == "wenzhou_cii":
        row["lower_bound"] = "20706.00"
    elif row["scheme_id"] == "xianyang_cii":
        if row["tier_no"] == "1":
            row["lower_bound"] = "9000.00"
        elif row["tier_no"] == "2":
            row.update(rate="0.7200", upper_bound="60000.00")
        else:
            row["tier_no"] = "4"


def changed_modifiers(row: dict[str, str]) -> None:
    if row["scheme_id"] == "wenzhou_cii":
        row["deductible_factor"] = "0.4000" if row["assistance_category"] == "extremely_poor" else "0.4500"
    elif row["scheme_id"] == "lishui_cii" and row["assistance_category"] == "subsistence_allowance":
        row.update(limit_waived="false", rate_override="0.8500")
    elif row["scheme_id"] == "jilin_cii":
        row["rate_addition"] = "0.1000"


# The same numbers twice: as what a person would write into the seeds, and as what one asks `dabing whatif`.
SETTINGS = settings(
    "wenzhou_cii.deductible=20706",
    "wenzhou_cii.annual_limit=310590",
    "wenzhou_cii.deductible_factor-0.05",
    "wenzhou_cii.deductible_factor.extremely_poor*0.8",
    "wenzhou_cii.deductible_factor.temporary_relief=0.75",
    "lishui_cii.annual_limit*0.1",
    "lishui_cii.limit_waived.subsistence_allowance=false",
    "lishui_cii.rate_override.subsistence_allowance+0.05",
    "jilin_cii.deductible*1.1",
    "jilin_cii.annual_limit=none",
    "jilin_cii.rate+0.05",
    "jilin_cii.rate_addition.registered_poor=0.1",
    "xianyang_cii.deductible-1000",
    "xianyang_cii.annual_limit=250000",
    "xianyang_cii.rate.2+0.02",
    "xianyang_cii.new_tier.60000=0.75",
)


@pytest.fixture(scope="module")
def rebuilt(sample_build, tmp_path_factory) -> Path:
    """A copy of the build, built again from seeds with other numbers."""
    folder = tmp_path_factory.mktemp("rebuilt")
    project = copy_project(folder / "project")
    seeds = project / "seeds"
    edit(seeds, "benefit_term", changed_terms)
    edit(seeds, "benefit_tier", changed_tiers)
    edit(seeds, "category_modifier", changed_modifiers)
    dated = {**DATED, "effective_from": "2021-01-01", "document_id": "wenzhou_2021", "status": "illustrative"}
    append(seeds, "category_modifier", [{
        "scheme_id": "wenzhou_cii", "assistance_category": "temporary_relief", "deductible_factor": "0.75", **dated,
    }])  # fmt: skip
    append(seeds, "benefit_tier", [{
        "scheme_id": "xianyang_cii", "insurance_type": "resident", "tier_no": "3", "lower_bound": "60000.00",
        "upper_bound": "100000.00", "rate": "0.7500", **dated, "effective_from": "2020-01-01",
        "effective_to": "2025-01-01",
    }])  # fmt: skip
    database = copy_build(sample_build, project)
    dbt(
        "build", "--select", "benefit_term+", "benefit_tier+", "category_modifier+",
        "--exclude", "tag:scenario", "fct_scenario", "--exclude-resource-type", "unit_test",
        raw=sample_build.raw, project=project,
    )  # fmt: skip
    return database


def test_a_scenario_pays_what_a_build_with_its_numbers_pays(sample_build, rebuilt):
    results = told(sample_build, *SETTINGS, "--by", "county", "--by", "category")["results"]
    expected = paid(rebuilt)
    assert len({place[0] for place in expected}) == 4
    assert by_place(results, ("persons", "persons_paid", "payout_amount")) == expected
    enacted = ("enacted_persons", "enacted_persons_paid", "enacted_payout_amount")
    assert by_place(results, enacted) == paid(sample_build.database)
    for row in results:
        assert Decimal(row["payout_difference"]) == Decimal(row["payout_amount"]) - Decimal(
            row["enacted_payout_amount"]
        )


def test_the_numbers_asked_for_touch_persons_whose_category_and_limit_change(sample_build, rebuilt):
    """Else the test above would say little."""
    with duckdb.connect() as connection:
        connection.execute(
            f"attach '{rebuilt}' as rebuilt (read_only); attach '{sample_build.database}' as built (read_only)"
        )
        person_years = """
            select count(*) from (
                select person_key from rebuilt.benefits.fct_payout
                group by person_key, scheme_id, benefit_year
                having count(distinct assistance_category) > 1 and sum(payout_amount) > 0)
        """
        assert connection.execute(person_years).fetchone()[0] > 5
        assert connection.execute("select count(*) from rebuilt.benefits.int_limit_cut").fetchone()[0] > 0
        modified_anew = """
            select count(*) from rebuilt.benefits.fct_payout as after
            inner join built.benefits.fct_payout as before
                on after.settlement_id = before.settlement_id and after.scheme_id = before.scheme_id
            where after.assistance_category = 'temporary_relief' and after.payout_amount > before.payout_amount
        """
        assert connection.execute(modified_anew).fetchone()[0] > 0
        of_limit = """
            select count(*) from (
                select sum(payout_amount) as paid, max(annual_limit) as most, max(limit_basis) as basis
                from rebuilt.benefits.fct_payout group by person_key, scheme_id, benefit_year)
            where basis = 'payout' and paid = most
        """
        assert connection.execute(of_limit).fetchone()[0] > 0


def test_totals_count_a_person_once(sample_build, rebuilt):
    results = told(sample_build, *SETTINGS)["results"]
    with duckdb.connect(str(rebuilt), read_only=True) as connection:
        expected = connection.execute(
            "select scheme_id, benefit_year, count(distinct case when payout_amount > 0 then person_key end),"
            " sum(payout_amount) from benefits.fct_payout where scheme_id in"
            " (select scheme_id from policy.dim_scheme where scheme_kind = 'critical_illness')"
            " group by all having count_if(payable_after > 0) > 0"
        ).fetchall()
    found = {
        (row["scheme_id"], row["benefit_year"]): (row["persons_paid"], Decimal(row["payout_amount"]))
        for row in results
        if row["persons"]
    }
    assert found == {(scheme, year): (persons, payouts) for scheme, year, persons, payouts in expected}


def test_numbers_that_change_nothing_pay_what_is_enacted(sample_build):
    """A factor of 1 and a bound where the rate stays: 0.00 in every row."""
    given = settings("wenzhou_cii.deductible*1", "lishui_cii.annual_limit+0", "jilin_cii.rate+0",
                     "xianyang_cii.new_tier.45000.50=0.7")  # fmt: skip
    results = told(sample_build, *given)["results"]
    assert len({row["scheme_id"] for row in results}) == 4
    # A split tier is rounded in two parts, so a settlement in both may be a fen away (rule E4).
    assert {row["payout_difference"] for row in results if row["scheme_id"] != "xianyang_cii"} == {"0.00"}
    assert all(abs(Decimal(row["payout_difference"])) < 1 for row in results)


def test_a_scenario_of_the_seeds_is_what_the_command_line_says(sample_build):
    names = ("scheme_id", "benefit_year", "persons", "persons_paid", "payout_amount", "payout_difference")
    of_seeds = told(sample_build, "--scenario", "wenzhou_income_half")
    asked = told(sample_build, *settings("wenzhou_cii.deductible=20706", "wenzhou_cii.annual_limit=310590"))
    assert of_seeds["results"]
    assert [[row[name] for name in names] for row in of_seeds["results"]] == [
        [row[name] for name in names] for row in asked["results"]
    ]
    assert {row["scenario_id"] for row in told(sample_build)["results"]} == {
        row["scenario_id"] for row in csv.DictReader((PROJECT / "seeds" / "policy" / "scenario.csv").open())
    }


def test_a_ladder_moves_with_its_deductible_and_a_low_first_tier_is_left_to_the_poor(sample_build):
    """Rule D2: at a deductible of 35,000 the first tier, to 30,000, is only for who has a smaller one."""
    changes = told(sample_build, *settings("xianyang_cii.deductible=35000"))["changes"]
    ladders = {
        change["assistance_category"]: [(tier["rate"], tier["upper_bound"]) for tier in change["ladder"]]
        for change in changes
    }
    assert ladders == {
        "none": [("0.7000", "65000.00"), ("0.8000", None)],
        "registered_poor": [("0.6500", "12500.00"), ("0.7500", "82500.00"), ("0.8500", None)],
    }


def test_the_text_says_what_changed_and_what_it_costs(sample_build):
    finished = run_dabing(
        "whatif", "--warehouse", sample_build.database.parent, *settings("xianyang_cii.deductible=9000")
    )
    assert finished.returncode == 0, finished.stderr
    assert "deductible: 10,000.00 → 9,000.00" in finished.stdout
    assert "60% to 20,000.00, 70% to 90,000.00, 80% above → 60% to 21,000.00" in finished.stdout
    assert "illustrative" in finished.stdout


def test_the_published_file_stays_as_it_is(sample_build):
    before = sample_build.database.read_bytes()
    told(sample_build, *settings("xianyang_cii.deductible=9000"))
    assert sample_build.database.read_bytes() == before
    assert not Path(f"{sample_build.database}.wal").exists()


# ---------------------------------------------------------------------------------------------
# What cannot be asked
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("xianyang.deductible=9000", "Did you mean xianyang_cii?"),
        ("lishui_supplementary.deductible=9000", "There is no critical illness scheme 'lishui_supplementary'"),
        ("xianyang_cii.deductable=9000", "Did you mean deductible?"),
        ("xianyang_cii.rate_addition.registered_por=0.1", "Did you mean registered_poor?"),
        ("xianyang_cii.rate.9=0.7", "The scheme has no tier of this number"),
        ("xianyang_cii.rate.two=0.7", "no number of a tier or bound"),
        ("xianyang_cii.new_tier.1e99=0.7", "no number of a tier or bound"),
        ("xianyang_cii.rate.2=0.9", "rates do not fall"),
        ("xianyang_cii.rate+0.25", "The rate is a share of 1"),
        ("xianyang_cii.rate=70", "write 70% as 0.7"),
        ("xianyang_cii.new_tier=0.7", "say where the new tier starts"),
        ("xianyang_cii.new_tier.30000=0.65", "The bound lies inside no tier"),
        ("xianyang_cii.deductible.registered_poor=1", "leave out '.registered_poor'"),
        ("xianyang_cii.deductible-10000.01", "deductible must be at least 0"),
        ("xianyang_cii.deductible=none", "Only annual_limit and rate_override can be set to nothing"),
        ("xianyang_cii.limit_waived.registered_poor=2", "limit_waived is set to 1 (true) or 0 (false)"),
        ("xianyang_cii.rate_override+0.1", "The category has no rate_override to change"),
        ("wenzhou_cii.rate_addition.extremely_poor=0.1", "use rate_override"),
        ("xianyang_cii.deductible_factor.registered_poor-0.6", "deductible_factor must be at least 0"),
        ("xianyang_cii.deductible=many", "'many' is no number"),
        ("xianyang_cii.deductible=1e99", "below 10^12"),
        ("xianyang_cii.deductible", "is not understood"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(sample_build, setting, sentence):
    said = refused(sample_build, *settings(setting))
    assert sentence in said
    assert "Traceback" not in said


def test_the_same_number_given_twice_is_refused(sample_build):
    said = refused(sample_build, *settings("xianyang_cii.deductible=9000", "xianyang_cii.deductible=8000"))
    assert "same key" in said


def test_an_unknown_scenario_and_a_mixture_are_refused(sample_build):
    assert "Did you mean wenzhou_income_half?" in refused(sample_build, "--scenario", "wenzhou_income")
    mixed = refused(sample_build, "--scenario", "wenzhou_income_half", *settings("xianyang_cii.deductible=1"))
    assert "either --scenario" in mixed


def test_a_missing_and_a_foreign_file_are_told(tmp_path):
    missing = run_dabing("whatif", "--warehouse", tmp_path)
    assert missing.returncode == 1
    assert "there is no warehouse" in missing.stderr
    (tmp_path / "dabing.duckdb").write_text("no database")
    foreign = run_dabing("whatif", "--warehouse", tmp_path)
    assert foreign.returncode == 1
    assert "cannot be read" in foreign.stderr
    (tmp_path / "dabing.duckdb").unlink()
    duckdb.connect(str(tmp_path / "dabing.duckdb")).close()
    empty = run_dabing("whatif", "--warehouse", tmp_path)
    assert empty.returncode == 1
    assert "has no scenarios" in empty.stderr


@pytest.mark.parametrize(
    ("rows", "test"),
    [
        ([{"scheme_id": "xianyang", "parameter": "rate", "operation": "set", "value": "0.7"}], "say_what_they_change"),
        ([{"scheme_id": "xianyang_cii", "parameter": "rates", "operation": "set", "value": "0.7"}], "accepted_values"),
        ([{"scheme_id": "xianyang_cii", "parameter": "rate", "operation": "times", "value": "1"}], "accepted_values"),
        (
            [{"scheme_id": "xianyang_cii", "parameter": "rate", "operation": "add", "value": "0.5"}],
            "tiers_are_contiguous",
        ),
    ],
)
def test_a_scenario_in_the_seeds_that_cannot_be_stops_the_build(sample_build, tmp_path, rows, test):
    project = copy_project(tmp_path / "project")
    append(project / "seeds", "scenario", [{"scenario_id": "wrong", "description": "Wrong.", "status": "illustrative"}])
    append(project / "seeds", "scenario_override", [{"scenario_id": "wrong", **row} for row in rows])
    copy_build(sample_build, project)
    with pytest.raises(AssertionError, match=test):
        dbt(
            "build", "--select", "scenario", "scenario_override", "int_scenario_scheme", "int_scenario_term",
            "int_scenario_category_term", "int_scenario_tier_placed", "int_scenario_tier",
            "scenario_overrides_say_what_they_change", "--exclude-resource-type", "unit_test",
            raw=sample_build.raw, project=project,
        )  # fmt: skip


# ---------------------------------------------------------------------------------------------
# The ladder in SQL
# ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def warehouse(sample_build):
    with duckdb.connect(str(sample_build.database), read_only=True) as connection:
        yield connection


@pytest.mark.parametrize(
    ("question", "tiers"),
    [
        # Section F: the examples of the documents.
        ("'xianyang_cii', date '2021-06-30', 'none', 60000", ["0.6 20000 12000", "0.7 30000 21000", "0.8 0 0"]),
        (
            "'xianyang_cii', date '2021-06-30', 'registered_poor', 60000",
            ["0.65 25000 16250", "0.75 30000 22500", "0.85 0 0"],
        ),
        ("'xianyang_cii', date '2021-06-30', 'none', 10000", ["0.6 0 0", "0.7 0 0", "0.8 0 0"]),
        (
            "'xianyang_cii', date '2021-06-30', 'none', 400000",
            ["0.6 20000 12000", "0.7 70000 49000", "0.8 300000 239000"],
        ),
        ("'wenzhou_cii', date '2021-06-30', 'none', 30000", ["0.7 4300 3010"]),
        ("'wenzhou_cii', date '2021-06-30', 'extremely_poor', 30000", ["0.8 17150 13720"]),
        ("'wenzhou_cii', date '2021-06-30', 'none', 400000", ["0.7 359800 251860"]),
        ("'wenzhou_cii', date '2021-06-30', 'none', 400000, insurance := 'employee'", ["0.7 359800 251860"]),
    ],
)
def test_the_ladder_answers_in_sql(warehouse, question, tiers):
    found = warehouse.execute(
        f"select rate, tier_expense, tier_payout, payout_amount from benefit({question})"
    ).fetchall()
    expected = [tuple(map(Decimal, tier.split())) for tier in tiers]
    assert [row[:3] for row in found] == expected
    assert {row[3] for row in found} == {sum(payout for *_, payout in expected)}


def test_the_ladder_in_sql_pays_every_first_settlement_as_the_build_does(warehouse):
    compared, differing = warehouse.execute("""
        select count(*), count_if(asked.payout <> payouts.payout_amount)
        from (
            select * from benefits.fct_payout
            where accumulated_before = 0 and not is_reversal and scheme_id in (
                select scheme_id from policy.dim_scheme where scheme_kind = 'critical_illness'
            )
        ) as payouts, lateral (
            select sum(tier_payout) as payout from benefit(
                payouts.scheme_id, cast(payouts.settled_at as date), payouts.assistance_category,
                payouts.accumulated_after, insurance := payouts.insurance_type
            )
        ) as asked
    """).fetchone()
    assert compared > 500
    assert differing == 0


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("'xianyang', date '2021-06-30', 'none', 1", "There is no scheme xianyang. There are: .*xianyang_cii"),
        ("'xianyang_cii', date '2021-06-30', 'poor', 1", "There is no category poor. There are: .*registered_poor"),
        (
            "'xianyang_cii', date '2025-01-01', 'none', 1",
            "in force on 2025-01-01. They hold: resident from 2020-01-01 until the day before 2025-01-01",
        ),
        ("'xianyang_cii', date '2019-12-31', 'none', 1", "No terms of xianyang_cii are in force on 2019-12-31"),
        (
            "'xianyang_cii', date '2021-06-30', 'none', 1, insurance := 'employee'",
            "No terms of xianyang_cii for insurance",
        ),
        ("'xianyang_cii', date '2021-06-30', 'none', 1, insurance := 'other'", "There is no insurance type other"),
        ("'xianyang_cii', date '2021-06-30', 'none', -0.01", "0 or more"),
        ("'xianyang_cii', date '2021-06-30', 'none', null", "none of them may be NULL"),
        ("'lishui_supplementary', date '2021-06-30', 'none', 1", "has several expense pools"),
    ],
)
def test_a_question_without_an_answer_is_told_in_a_sentence(warehouse, question, sentence):
    for asked in ("*", "sum(tier_payout)", "count(*)"):
        with pytest.raises(duckdb.Error, match=sentence):
            warehouse.execute(f"select {asked} from benefit({question})").fetchall()


def test_the_ladder_in_sql_says_what_it_is(warehouse):
    comment, parameters = warehouse.execute(
        "select comment, parameters from duckdb_functions() where function_name = 'benefit'"
    ).fetchone()
    assert "payout_amount" in comment
    assert parameters == ["scheme", "on_date", "category", "expense", "insurance"]
