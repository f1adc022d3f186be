"""Oversight over the sample: what the manifest planted is found, its neighbours are left in peace (sections I, J)."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction

import duckdb
import oversight_oracle
import pytest
from conftest import PROJECT
from test_build import PUBLIC

from dabing.duckdb_plugin import person_key


@pytest.fixture(scope="module")
def warehouse(sample_build) -> Iterator[duckdb.DuckDBPyConnection]:
    key = person_key("", sample_build.database.with_name("person_key"))
    with duckdb.connect(str(sample_build.database), read_only=True) as connection:
        # the staging views hash the person numbers anew
        connection.execute("set variable person_key = $1", [key])
        connection.execute("""
            create temp view person as
            select person_key, person_number from staging.stg_person where starts_with(person_number, 'PLANT-')""")
        yield connection


@pytest.fixture(scope="module")
def cases(sample_build) -> dict[str, dict]:
    return json.loads((sample_build.raw / "_manifest.json").read_text())["cases"]


def expected(cases: dict[str, dict], name: str) -> dict[str, list[list[str]]]:
    """What the manifest says must be found, by person number."""
    return {person: rows for case in cases.values() for person, rows in case.get(f"expected_{name}", {}).items()}


def found(warehouse: duckdb.DuckDBPyConnection, query: str) -> dict[str, list[tuple]]:
    """Rows of a query over a mart by the number of the scripted person, which is its first column."""
    rows: dict[str, list[tuple]] = {}
    for number, *row in warehouse.execute(query).fetchall():
        rows.setdefault(number, []).append(tuple(row))
    return rows


def day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def test_the_watch_list_has_the_planted_persons_and_not_their_neighbours(warehouse, cases):
    """Rule I1: thresholds to the fen, both windows, reversals, categories, levels, the layer that could help."""
    rows = found(
        warehouse,
        """
        select person_number, monitored_as, peak_level, first_passed_on, resolved_on, helping_layer
        from oversight.poverty_risk_watchlist inner join person using (person_key)
        where person_number like 'PLANT-watch-%' order by all""",
    )
    planted = {
        person: [(kind, int(level), day(first), day(end), layer) for kind, level, first, end, layer in told]
        for person, told in expected(cases, "watch").items()
    }
    assert rows == planted
    assert len(planted) > 10


def test_enrolment_gaps_are_the_planted_ones(warehouse, cases):
    """Rule I3: each kind stands in the sample, to the day."""
    rows = found(
        warehouse,
        """
        select person_number, gap_kind, gap_from, gap_to
        from oversight.enrolment_gap inner join person using (person_key)
        where person_number like 'PLANT-gap-%' order by all""",
    )
    planted = {
        person: [(kind, day(begin), day(end)) for kind, begin, end in told]
        for person, told in expected(cases, "gap").items()
    }
    assert rows == planted
    assert {row[0] for told in planted.values() for row in told} == {
        "aided_not_insured", "subsidised_not_enrolled", "subsidised_twice", "aided_not_paid_as_aided",
    }  # fmt: skip


def test_relief_cases_are_the_planted_ones_and_add_up(warehouse, cases):
    """Rule I2: what is above the ceiling, and to the fen what the burden says was relieved."""
    rows = found(
        warehouse,
        """
        select person_number, benefit_year, ceiling, relief_amount
        from oversight.relief_case inner join person using (person_key)""",
    )
    for person, told in expected(cases, "relief").items():
        assert rows[person] == [(int(year), Decimal(ceiling), Decimal(amount)) for year, ceiling, amount in told]
    # worked out in the script of the layers
    assert rows["PLANT-layer-relief-1"] == [(2022, Decimal("10000.00"), Decimal("13256.00"))]
    sums = warehouse.execute("""
        select (select sum(relief_amount) from oversight.relief_case),
            (select sum(relief_paid) from benefits.fct_burden_year)""").fetchone()
    assert sums[0] == sums[1] > 0


def test_every_review_rule_finds_the_planted_and_leaves_the_rest_alone(warehouse, cases):
    """Rule I9: of the scripted persons of the review exactly the planted settlements, with evidence."""
    flags = warehouse.execute("""
        select settlement_id, rule_no, evidence from oversight.claim_review_flag
        where settlement_id like 'PLANT-review-%' order by all""").fetchall()
    planted = sorted(
        (f"{person}-{number}", rule) for person, told in expected(cases, "review").items() for rule, number in told
    )
    assert [flag[:2] for flag in flags] == planted
    assert {rule for _, rule in planted} == {f"R{number:02}" for number in range(1, 12)}
    assert all(len(evidence) > 30 for *_, evidence in flags)


def test_the_clean_part_of_the_sample_has_no_flag_of_what_was_not_planted(warehouse, sample_build):
    """Rule I9: in the random bulk sums break where columns were swapped, and lines and items nowhere."""
    flags = dict(
        warehouse.execute("""
            select rule_no, count(*) from oversight.claim_review_flag
            where not starts_with(settlement_id, 'PLANT-') group by rule_no""").fetchall()
    )
    dirt = json.loads((sample_build.raw / "_manifest.json").read_text())["dirt"]
    assert flags.get("R05", 0) == dirt["swapped_columns"]
    assert not {"R03", "R06", "R07", "R08", "R09", "R10"} & set(flags)
    insured = warehouse.execute("""
        select count(*) from oversight.claim_review_flag
        inner join persons.int_insured_spell using (person_key)
        where rule_no = 'R04' and not starts_with(settlement_id, 'PLANT-')""").fetchone()
    assert insured == (0,)


# What the bulk holds by chance, found by comparing every stay of a person with every other, and every cost with the
# quantiles of the engine.
PAIRS = """
    select later.settlement_id
    from (from oversight.int_standing_claim select *, coalesce(ended_on, started_on) as left_on) as later
    inner join (from oversight.int_standing_claim select *, coalesce(ended_on, started_on) as left_on) as earlier
        on later.person_key = earlier.person_key and later.settlement_id <> earlier.settlement_id
    where later.care_type = 'inpatient' and earlier.care_type = 'inpatient' and """
OVERLAPPING = (
    PAIRS
    + """(earlier.started_on, earlier.left_on, earlier.settlement_id)
            < (later.started_on, later.left_on, later.settlement_id)
        and earlier.left_on > later.started_on and later.left_on > later.started_on"""
)
READMITTED = (
    PAIRS
    + """later.institution_code = earlier.institution_code and later.started_on = earlier.left_on
        and (earlier.left_on, earlier.started_on, earlier.settlement_id)
            < (later.left_on, later.started_on, later.settlement_id)"""
)
DEAR = """
    with stays as (
        select *, count(*) over peers as peers, quantile_disc(total_cost, 0.5) over peers as median
        from oversight.int_standing_claim
        where care_type = 'inpatient' and disease_code is not null and hospital_level is not null
        window peers as (partition by pool_region_code, disease_code, hospital_level)
    ), distant as (
        select *, quantile_disc(abs(total_cost - median), 0.5) over (
            partition by pool_region_code, disease_code, hospital_level) as deviation
        from stays
    )
    select settlement_id from distant inner join policy_seed.review_rule on rule_no = 'R11'
    where peers >= minimum_peers and deviation > 0 and total_cost > median + threshold * deviation"""


@pytest.mark.parametrize(
    ("rule_no", "query"),
    [("R01", OVERLAPPING), ("R02", READMITTED), ("R11", DEAR)],
    ids=["overlapping stays", "readmissions", "cost far above the peers"],
)
def test_no_flag_of_a_stay_is_false(warehouse, rule_no, query):
    """Rule I9: what chance makes in the bulk is flagged where it is true, and only there."""
    flagged = {
        settlement
        for [settlement] in warehouse.execute(
            "select settlement_id from oversight.claim_review_flag where rule_no = $1", [rule_no]
        ).fetchall()
    }
    found = {settlement for [settlement] in warehouse.execute(query).fetchall()}
    assert flagged == found != set()


def test_review_counts_add_up_to_the_flags(warehouse):
    """Rule I9: by institution and month."""
    assert (
        warehouse.execute("""
        select rule_no, count(*) from oversight.claim_review_flag group by all
        except select rule_no, sum(flag_count)::bigint from oversight.claim_review_month group by all""").fetchall()
        == []
    )


def test_extra_aid_and_deposits_are_the_planted_ones(warehouse, cases):
    """Rules I7, I8: by referral, place, category and day; extra aid to the fen."""
    rows = warehouse.execute("""
        select settlement_id, measure, tilt_amount from oversight.tilt_and_deposit
        where settlement_id like 'PLANT-tilt-%' or settlement_id like 'PLANT-deposit-%' order by all""").fetchall()
    planted = sorted(
        (f"{person}-{number}", measure, Decimal(amount) if amount else None)
        for person, told in expected(cases, "care").items()
        for measure, number, amount in told
    )
    assert rows == planted
    assert len(planted) == 3


def test_the_ceiling_on_own_expense_is_passed_by_a_fen(warehouse, cases):
    """Rule I4: of aided persons alone, exactly at the ceiling and a fen above it."""
    rows = warehouse.execute("""
        select institution_code, benefit_year::varchar, is_above_ceiling::varchar
        from oversight.institution_own_expense where institution_code like 'H330329009%' order by all""").fetchall()
    assert rows == sorted(tuple(row) for told in expected(cases, "ceiling").values() for row in told)
    assert {row[2] for row in rows} == {"true", "false"}


def test_visit_flow_is_a_whole_grid_and_loses_no_visit(warehouse):
    """Rule I6: every home, place and month of a pool has its cell, every county is both; the cells are what stands."""
    holes = warehouse.execute("""
        select pool_region_code from oversight.visit_flow group by all
        having count(*) <> count(distinct home_region_code) * count(distinct care_region_code)
            * count(distinct settled_month)""").fetchall()
    assert holes == []
    for side in ("home", "care"):
        missing = warehouse.execute(f"""
            select region_code from shared.dim_region where region_level in ('county', 'seat') and not is_retired
                and pool_region_code in (select pool_region_code from oversight.visit_flow)
            except select {side}_region_code from oversight.visit_flow""").fetchall()
        assert missing == []
    [(cells, standing, aided)] = warehouse.execute("""
        select (select (sum(visit_count), sum(total_cost), sum(out_of_pocket)) from oversight.visit_flow),
            (select (count(*), sum(total_cost), sum(out_of_pocket)) from oversight.int_standing_claim
                where care_type in ('inpatient', 'special_outpatient', 'outpatient')),
            (select (sum(aided_visit_count), sum(aided_total_cost), sum(referred_visit_count))
                from oversight.visit_flow)""").fetchall()
    assert cells == standing
    assert min(aided) > 0


@pytest.mark.parametrize("area_level", ["pool", "county"])
@pytest.mark.parametrize("period_kind", ["year", "month"])
def test_rankings_add_up_to_what_stands(warehouse, area_level, period_kind):
    """Rule I5: every settlement with a disease or institution, every line with an item, in each area and period."""
    where = f"area_level = '{area_level}' and period_kind = '{period_kind}'"
    for table, standing in (
        ("disease_ranking", "oversight.int_standing_claim where disease_code is not null"),
        ("institution_ranking", "oversight.int_standing_claim where institution_code is not null"),
        (
            "item_ranking",
            "(select line_cost as total_cost from staging.stg_fee_line inner join oversight.int_standing_claim"
            " using (settlement_id) where item_code is not null)",
        ),
    ):
        [(everybody, aided, expected)] = warehouse.execute(f"""
            select sum(total_cost) filter (person_group = 'all'), sum(total_cost) filter (person_group = 'aided'),
                (select sum(total_cost) from {standing})
            from oversight.{table} where {where}""").fetchall()
        assert everybody == expected > aided > 0
    period = "benefit_year" if period_kind == "year" else "year(settled_on) * 100 + month(settled_on)"
    area = "pool_region_code" if area_level == "pool" else "region_code"
    wrong = warehouse.execute(f"""
        select {area}, {period}, disease_code, count(distinct person_key) from oversight.int_standing_claim
        where disease_code is not null group by all
        except select region_code, period, disease_code, persons from oversight.disease_ranking
        where {where} and person_group = 'all'""").fetchall()
    assert wrong == []


def solved(equations: list[dict[str, int]]) -> set[str]:
    """The unknowns to which a system of sums leaves one value only, whatever the sums are."""
    names = sorted({name for equation in equations for name in equation})
    rows = [[Fraction(equation.get(name, 0)) for name in names] for equation in equations]
    pivots: list[int] = []
    for column in range(len(names)):
        place = len(pivots)
        found = next((row for row in range(place, len(rows)) if rows[row][column]), None)
        if found is None:
            continue
        rows[place], rows[found] = rows[found], rows[place]
        rows[place] = [value / rows[place][column] for value in rows[place]]
        for row in range(len(rows)):
            if row != place and rows[row][column]:
                factor = rows[row][column]
                rows[row] = [a - factor * b for a, b in zip(rows[row], rows[place], strict=True)]
        pivots.append(column)
    return {names[column] for place, column in enumerate(pivots) if sum(value != 0 for value in rows[place]) == 1}


TOTAL = ("total", "total")


def attack(*tables: dict[tuple[str, str], bool]) -> set[tuple[str, str]]:
    """What rows, columns and totals of disclosed tables give away: (row, column) -> withheld or not.

    Tables of one scheme and year rest on the same persons: their totals are one number, known where one says it.
    """
    total_is_known = any(not cells.get(TOTAL, True) for cells in tables)
    names: dict[str, tuple[str, str]] = {}
    equations: list[dict[str, int]] = []
    for number, cells in enumerate(tables):

        def equation(line: list[tuple[str, str]], axis: int, number: int = number, cells: dict = cells) -> None:
            terms = {}
            # a total without parts is the sum of nothing that is told here
            if not any(cell[axis] != "total" for cell in line):
                return
            for cell in line:
                if cells[cell] and not (cell == TOTAL and total_is_known):
                    name = "total" if cell == TOTAL else f"{number}|{'|'.join(cell)}"
                    names[name] = cell
                    terms[name] = -1 if cell[axis] == "total" else 1
            if terms:
                equations.append(terms)

        rows, columns = {row for row, _ in cells}, {column for _, column in cells}
        for column in columns:
            equation([(row, column) for row in rows], 0)
        if len(columns) > 1:
            for row in rows:
                equation([(row, column) for column in columns], 1)
    return {names[name] for name in solved(equations)}


def disclosed_tables(warehouse: duckdb.DuckDBPyConnection) -> dict[tuple, dict[str, dict[tuple[str, str], bool]]]:
    """The tables of payouts of each scheme and year, by section: (row, column) -> withheld or not."""
    tables: dict[tuple, dict[str, dict[tuple[str, str], bool]]] = {}
    for scheme, year, section, row, column, is_withheld, value in warehouse.execute("""
        select scheme_id, benefit_year, section, if(section = 'summary', 'total', row_code), column_code, is_withheld,
            disclosed_value
        from oversight.annual_disclosure
        where section in ('summary', 'county', 'settlement_place') and measure = 'payout_amount'""").fetchall():
        tables.setdefault((scheme, year), {}).setdefault(section, {})[row, column] = is_withheld
        assert is_withheld == (value is None)
    return tables


def test_nothing_that_is_withheld_can_be_computed_back(warehouse):
    """Rule J2: an attack by every sum of rows and columns on all that is disclosed of a scheme and year."""
    tables = disclosed_tables(warehouse)
    found = {key: attack(*sections.values()) for key, sections in tables.items()}
    assert {key: cells for key, cells in found.items() if cells} == {}
    cells = [
        is_withheld for sections in tables.values() for table in sections.values() for is_withheld in table.values()
    ]
    assert 10 < sum(cells) < len(cells) - 10


def told_by_balances(withheld: dict[tuple[int, str], bool]) -> set[str]:
    """What the years of a scheme give away: a balance is the one before it plus income less payouts."""
    signs = {"balance_amount": 1, "income_amount": -1, "payout_amount": 1}
    equations = []
    for year in sorted({year for year, _ in withheld}):
        terms = {(year, name): sign for name, sign in signs.items()} | {(year - 1, "balance_amount"): -1}
        equations.append({f"{year} {name}": sign for (year, name), sign in terms.items() if withheld.get((year, name))})
    return solved([terms for terms in equations if terms])


def test_no_balance_tells_a_payout_that_is_withheld(warehouse):
    """Rule J2: from year to year."""
    figures: dict[str, dict[tuple[int, str], bool]] = {}
    for scheme, year, measure, is_withheld in warehouse.execute("""
        select scheme_id, benefit_year, measure, is_withheld from oversight.annual_disclosure
        where section = 'summary' and measure in ('balance_amount', 'income_amount', 'payout_amount')
    """).fetchall():
        figures.setdefault(scheme, {})[year, measure] = is_withheld
    assert [scheme for scheme, withheld in figures.items() if told_by_balances(withheld)] == []
    # as if only the balance of the year itself were withheld
    years = {(year, name): False for year in (2021, 2022, 2023) for name in ("balance_amount", "payout_amount")}
    years |= {(2022, "balance_amount"): True, (2022, "payout_amount"): True}
    assert told_by_balances(years) == {"2022 balance_amount", "2022 payout_amount"}
    assert told_by_balances(years | {(2023, "balance_amount"): True}) == set()


def test_without_second_cells_the_attack_succeeds(warehouse):
    """Rule J2: the same tables, with only the cells of 1 to 4 persons withheld, give some of them away."""
    small = warehouse.execute("""
        select scheme_id, benefit_year, section, row_code, column_code, measure_value between 1 and 4
        from oversight.int_disclosure_cell where measure = 'persons_paid'""").fetchall()
    tables: dict[tuple, dict[str, dict[tuple[str, str], bool]]] = {}
    for scheme, year, section, row, column, is_small in small:
        tables.setdefault((scheme, year), {}).setdefault(section, {})[row, column] = is_small
    assert [key for key, sections in tables.items() if attack(*sections.values())]


def test_the_attack_finds_what_one_withheld_cell_gives_away():
    """The attack itself: a cell alone in its row or column is found, two in both are not."""
    names = [(row, column) for row in ("a", "b", "total") for column in ("aided", "other", "total")]
    hidden = {("a", "aided"), ("a", "other"), ("b", "aided"), ("b", "other")}
    assert attack({name: name in hidden for name in names}) == set()
    given_away = attack({name: name in hidden - {("b", "other")} for name in names})
    assert given_away == {("a", "aided"), ("a", "other"), ("b", "aided")}
    assert attack({name: name == ("a", "aided") for name in names}) == {("a", "aided")}
    # a total that one table withholds and another one says
    places = {("by_hand", "total"): True, ("on_the_spot", "total"): False}
    assert attack({**places, TOTAL: True}) == set()
    assert attack({**places, TOTAL: True}, {TOTAL: False}) == {("by_hand", "total")}


def test_no_small_cell_is_disclosed(warehouse):
    """Rule J2: neither persons nor what is paid to them."""
    assert warehouse.execute("""
        select count(*) from oversight.annual_disclosure as disclosed
        inner join oversight.int_disclosure_cell as cells
            using (scheme_id, benefit_year, section, row_code, column_code)
        where cells.measure = 'persons_paid' and cells.measure_value between 1 and 4
            and disclosed.disclosed_value is not null""").fetchone() == (0,)
    [(disclosed,)] = warehouse.execute("""
        select count(disclosed_value) from oversight.annual_disclosure
        inner join oversight.int_disclosure_summary as summary using (scheme_id, benefit_year)
        where section = 'summary' and summary.persons_paid between 1 and 4
            and measure in ('persons_paid', 'cases_paid', 'payout_amount', 'balance_amount')""").fetchall()
    assert disclosed == 0


def test_fund_warnings_end_the_year_where_the_fund_does(warehouse):
    """Rule I10: payouts to date of the last month are those posted in the year, and the balance follows from them,
    without what insurers bear once a cycle is over."""
    [(differing,)] = warehouse.execute("""
        select count(*) from oversight.fund_warning as warnings
        inner join funds.fct_fund_year as funds using (scheme_id, region_code, insurance_type, benefit_year)
        where month_of_year = 12 and (
            payout_to_date_amount <> payout_posted_amount
            or warnings.balance_amount
                <> funds.balance_amount - borne_by_insurers_amount + funds.payout_amount - payout_posted_amount
        )""").fetchall()
    assert differing == 0
    levels = warehouse.execute("select warning_level, count(*) from oversight.fund_warning group by all").fetchall()
    assert {"none", "exhausted"} <= {level for level, _ in levels}


WITHHELD = (PROJECT / "models" / "oversight" / "int_disclosure_withheld.sql").read_text()
COLUMNS = ("aided", "other", "total")


def drawn_tables(count: int) -> list[oversight_oracle.Cells]:
    """Tables with counties as small as they come, most of them by aid, the others with totals alone."""
    draw = random.Random(7)
    tables = []
    for _ in range(count):
        columns = COLUMNS[:2] if draw.random() < 0.8 else ()
        cells: oversight_oracle.Cells = {}
        for county in range(draw.randint(1, 6)):
            parts = {column: draw.choice((0, 0, 1, 3, 4, 5, 9, 40)) for column in columns or COLUMNS[2:]}
            total = {"total": sum(parts.values())}
            cells[f"county {county}"] = {column: (persons, Decimal(0)) for column, persons in (parts | total).items()}
        cells["total"] = {
            column: (sum(row[column][0] for row in cells.values()), Decimal(0)) for column in cells["county 0"]
        }
        tables.append(cells)
    return tables


def withheld_by(query: str, tables: list[oversight_oracle.Cells]) -> list[dict[tuple[str, str], bool]]:
    """What the model, or a query in its place, withholds of the tables."""
    persons = [
        f"({number}, 2022, '{'county' if len(cells['total']) > 1 else 'settlement_place'}', '{row}',"
        f" {int(row == 'total')}, {', '.join(str(columns.get(name, (0,))[0]) for name in COLUMNS)})"
        for number, cells in enumerate(tables)
        for row, columns in cells.items()
    ]
    with duckdb.connect() as connection:
        connection.execute(f"""
            create table drawn as select * from (values {", ".join(persons)}) as drawn (
                scheme_id, benefit_year, section, row_code, is_total, aided_persons, other_persons, total_persons)""")
        found = connection.execute(query.replace("{{ ref('int_disclosure_row') }}", "drawn")).fetchall()
    withheld: list[dict[tuple[str, str], bool]] = [{} for _ in tables]
    for number, _, _, row, *flags in found:
        is_withheld = dict(zip(COLUMNS, flags, strict=True))
        withheld[number] |= {(row, column): is_withheld[column] for column in tables[number][row]}
    return withheld


def test_no_table_gives_away_what_is_withheld():
    """Rule J2: the model itself over 1,000 drawn tables: what is small is withheld, and the attack finds nothing."""
    tables = drawn_tables(1000)
    for cells, table in zip(tables, withheld_by(WITHHELD, tables), strict=True):
        assert {cell for cell, is_withheld in table.items() if is_withheld} == oversight_oracle.withheld_cells(cells)
        assert all(table[row, column] for row, column in table if 1 <= cells[row][column][0] <= 4)
        assert not attack(table), cells


@pytest.mark.parametrize(
    ("changed", "to"),
    [
        ("aided_small, case when is_other_small + is_total_small = 1 then 1 else 0 end)", "aided_small, 0)"),
        ("is_candidate and preference = 1 as is_company", "false as is_company"),
        ("    columns_alone > 0\n        and is_total = 0\n        and max(", "    false and max("),
    ],
    ids=["no second cell of a row", "no second cell of a column", "nothing swept where no row is left"],
)
def test_the_attack_breaks_a_model_that_withholds_less(changed, to):
    """Rule J2: each of the steps that withhold a second cell is needed."""
    assert WITHHELD.count(changed) == 1
    tables = drawn_tables(1000)
    assert any(map(attack, withheld_by(WITHHELD.replace(changed, to), tables)))


# What must hold of every row of an analysis, and of one at least.
LOOKS = {
    "how_long_persons_wait_for_their_money": ("median_days <= percentile_90_days", "cases_on_the_spot > 0"),
    "is_the_risk_of_poverty_rising": (
        "new_warnings + resolved_warnings + open_warnings > 0 and new_warnings <= open_warnings + resolved_warnings",
        "resolved_warnings > 0",
    ),
    "what_charity_funds_are_asked_for": (
        "relief_amount > 0 and borne_amount = relief_amount + borne_after_relief",
        "pool_region_code = '330300' and borne_after_relief = 20000 * persons",
    ),
    "what_would_a_lower_deductible_cost": (
        "sign(more_persons_paid) * sign(additional_cost) >= 0",
        "scenario_id = 'wenzhou_income_half' and more_persons_paid > 0 and additional_cost > 0",
    ),
    "where_patients_go_for_care": (
        "visits_outside_province <= visits_elsewhere and visits_elsewhere <= visits",
        "referred_visits > 0",
    ),
    "which_claims_to_review_first": ("flags >= grave_flags and length(first_evidence) > 20", "flags > 1"),
    "which_diseases_make_poor": ("peak_burden > 0 and open_warnings <= warnings", "disease_name is not null"),
    "which_funds_run_dry": ("warning_level in ('watch', 'alarm', 'exhausted')", "warning_level = 'exhausted'"),
    "which_hospitals_are_flagged_most": (
        "highest_monthly_rate between 0 and 1 and flags >= months_with_flags",
        "rule_no = 'R01'",
    ),
    "which_hospitals_drive_out_of_pocket_of_the_poor": (
        "rank_by_out_of_pocket between 1 and 10 and out_of_pocket <= out_of_pocket_of_the_pool and persons > 0",
        "rank_by_out_of_pocket = 1 and institution_name is not null",
    ),
    "which_hospitals_exceed_the_ceiling": (
        "own_expense_share >= own_expense_ceiling and starts_with(institution_code, 'H')",
        "aided_persons > 0",
    ),
    "which_items_cost_aided_persons_most": (
        "rank_by_outside_policy_cost between 1 and 10 and outside_policy_cost <= total_cost",
        "item_type = 'drug' and item_name is not null",
    ),
    "which_tiers_the_money_goes_to": ("rate between 0 and 1 and abs(tier_payout) <= abs(tier_expense)", "tier_no = 4"),
    "who_is_at_risk_and_what_could_help": (
        "persons >= greatest(persons_at_level_3, persons_rising)",
        "helping_layer = 'relief'",
    ),
    "who_is_not_protected_as_entitled": ("gaps >= persons", "gap_kind = 'aided_not_paid_as_aided' and amount > 0"),
    "who_nearly_reached_the_deductible": ("missing_to_the_deductible > 0", "missing_to_the_deductible = 0.01"),
    "who_nearly_reached_the_next_tier": (
        "rate > lower_rate and missing_to_the_tier between 0.01 and lower_bound * persons / 10",
        "scheme_id = 'xianyang_cii' and missing_to_the_tier > 0",
    ),
}


@pytest.mark.parametrize("analysis", sorted(path.stem for path in (PROJECT / "analyses").glob("*.sql")))
def test_every_analysis_runs_as_it_is_and_says_what_may_be(warehouse, analysis):
    text = (PROJECT / "analyses" / f"{analysis}.sql").read_text()
    schemas = {table: schema for schema, tables in PUBLIC.items() for table in tables}
    query = re.sub(r"\{\{ ref\('(\w+)'\) \}\}", lambda found: f"{schemas[found[1]]}.{found[1]}", text)
    every, some = LOOKS[analysis]
    [(rows, wrong, right)] = warehouse.execute(f"""
        select count(*), count(*) filter (not ({every})), count(*) filter ({some}) from ({query})""").fetchall()
    assert (wrong, min(rows, right) > 0) == (0, True)
