"""Runs that build the benefit years of which something differs: what they publish is what a full build would."""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import oracle
import populations
import pytest
from conftest import PROJECT, copy_project

from dabing import publish, run, years
from dabing.errors import DabingError
from dabing.sample import write_sample

# Of each run, not of what it publishes.
OF_THE_RUN = {"release", "release_input", "check_result"}
# Not public, and kept from run to run. The places of CSV rows are by their arrival.
GROWN = {
    "staging.reversal_candidate": "* exclude (row_id)",
    "staging.reversal_verdict": "* exclude (row_id)",
    "claims.int_settlement_year": "*",
    "quality.int_settlement_reading": "*",
    "quality.int_line_reading": "*",
    "quality.int_person_reading": "*",
    "shared.int_disease_name_count": "*",
    "oversight.int_item_name_count": "*",
    "staging.base_settlement_sample": "*",
    "staging.base_fee_line_sample": "*",
}
AMOUNTS = populations.Population.AMOUNTS
SPELLS = ("psn_idet_d", "psn_insu_d", "supp_enrl_d")
# What models that are built by year may read beside each other, seeds and policy: all of it is in a fingerprint.
READ = {
    "int_settlement",
    "int_settlement_year",
    "stg_settlement",
    "stg_fee_line",
    "int_assistance_spell",
    "int_basic_benefit_span",
    "int_cover_start",
    "fct_cover_span",
    "stg_person",
}


@pytest.fixture
def publish_unchecked(tmp_path, monkeypatch) -> Iterator[Callable[..., Path]]:
    """A run without its checks, which cost most of the time at this size and change nothing of what is built."""
    monkeypatch.setenv("DBT_ENV_SECRET_PERSON_KEY", "the same for every warehouse")
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
    monkeypatch.setenv("DBT_LOG_PATH", str(tmp_path / "logs"))
    dbt_build = run._dbt_build
    unchecked = ["--exclude-resource-type", "test"]
    monkeypatch.setattr(run, "_dbt_build", lambda selection, *rest: dbt_build([*unchecked, *selection], *rest))
    monkeypatch.setattr(run, "_check_border", lambda *_: [])
    names = years.names
    monkeypatch.setattr(
        years, "names", lambda manifest, kind, keys: names(manifest, kind, keys) if kind == "model" else set()
    )
    return run.run


class Deliveries:
    """A population that is delivered bit by bit: late rows, corrected ones, reversals, and what is told of persons."""

    def __init__(self, folder: Path, seeds: Path, rng: random.Random, persons: int):
        self.folder, self.raw, self.rng = folder, folder / "raw", rng
        self.population = populations.Population(seeds, rng, persons)
        self.delivered = {table: list(rows) for table, rows in self.population.tables.items()}
        self.late: dict[str, list[populations.Row]] = {}
        for table in ("setl_d", "fee_list_d", *SPELLS):
            rows = self.delivered[table]
            self.late[table] = [rows.pop(rng.randrange(len(rows))) for _ in range(len(rows) // 8)]
        self.count = 0
        self.write(self.delivered)

    def settled_in(self, year: int, rows: list[populations.Row]) -> list[populations.Row]:
        """Settlements of a year, as far as their time can be read at a glance."""
        return [row for row in rows if row["setl_time"].strip().startswith(str(year))]

    def deliver(self, *years: int) -> None:
        """Another delivery: its settlements were made in these years, its spells are of any."""
        rng = self.rng
        stamp = f"{datetime(2026, 1, 1) + timedelta(days=self.count):%Y-%m-%d %H:%M:%S}"
        batch: populations.Tables = {table: [] for table in self.delivered}
        for year in years:
            late = self.settled_in(year, self.late["setl_d"])
            batch["setl_d"] += rng.sample(late, len(late) // 2)
            known = self.settled_in(year, self.delivered["setl_d"])
            for row in rng.sample(known, min(3, len(known))):
                batch["setl_d"].append({**self.population.changed("setl_d", row), "updt_time": stamp})
            # Delivered once more as it was: nothing differs by it.
            batch["setl_d"] += [{**row, "updt_time": stamp} for row in rng.sample(known, min(2, len(known)))]
            batch["setl_d"] += self.reversals(known)
            batch["setl_d"] += self.taken_back(known, stamp)
            batch["fee_list_d"] += self.lines_again(known, stamp)
        settlements = {row["setl_id"] for row in batch["setl_d"]}
        batch["fee_list_d"] += [row for row in self.late["fee_list_d"] if row["setl_id"] in settlements]
        for table in SPELLS:
            if not years or rng.random() < 0.4:
                batch[table] = self.late[table][:1]
                for row in rng.sample(self.delivered[table], 1):
                    batch[table].append({**self.population.changed(table, row), "updt_time": stamp})
        for table, rows in batch.items():
            self.late[table] = [row for row in self.late.get(table, []) if row not in rows]
            self.delivered[table] += rows
        self.write(batch)

    def reversals(self, known: list[populations.Row]) -> list[populations.Row]:
        """Reversals of a few settlements, some of a part, some posted in a later year."""
        sound = [
            row
            for row in known
            if not row["init_setl_id"]
            and isinstance(oracle.as_time(row["setl_time"]), datetime)
            and oracle.BAD not in [oracle.as_amount(row[name]) for name in AMOUNTS]
            and (oracle.as_amount(row["medfee_sumamt"]) or 0) > 1
        ]
        made = []
        for row in self.rng.sample(sound, min(2, len(sound))):
            moment = oracle.as_time(row["setl_time"]) + timedelta(days=self.rng.choice((0, 40, 400)))
            made.append(self.population.reverse(row, moment, self.rng.choice((Decimal(1), Decimal("0.5")))))
        return made

    def taken_back(self, known: list[populations.Row], stamp: str) -> list[populations.Row]:
        """Void rows, some of them older than what they name, and reversals that take back something else now."""
        rng = self.rng
        void = [
            {**row, "vali_flag": "0", "updt_time": rng.choice((stamp, "2000-01-01 00:00:00"))}
            for row in rng.sample(known, min(2, len(known)))
        ]
        reversals = [row for row in known if row["init_setl_id"]]
        other = [
            {**row, "init_setl_id": rng.choice(known)["setl_id"], "updt_time": stamp}
            for row in rng.sample(reversals, min(1, len(reversals)))
        ]
        return void + other

    def lines_again(self, known: list[populations.Row], stamp: str) -> list[populations.Row]:
        """Fee lines that come once more: with other content, as they were, void; some older than what stands."""
        settlements = {row["setl_id"] for row in known}
        lines = [row for row in self.delivered["fee_list_d"] if row["setl_id"] in settlements]
        again = []
        for place, row in enumerate(self.rng.sample(lines, min(6, len(lines)))):
            other = (row, self.population.changed("fee_list_d", row), {**row, "vali_flag": "0"})[place % 3]
            again.append({**other, "updt_time": self.rng.choice((stamp, "2000-01-01 00:00:00"))})
        return again

    def write(self, batch: populations.Tables) -> None:
        """Put the rows beside those that were delivered before, and ahead of them among the names: places shift."""
        folder = self.folder / f"delivery-{9 - self.count}"
        layouts = self.rng.sample(populations.LAYOUTS, self.rng.randint(1, 3))
        populations.write_raw(batch, folder, self.rng, layouts)
        for table in folder.iterdir():
            shutil.copytree(table, self.raw / table.name / folder.name)
        self.count += 1


def marts(database: Path) -> dict[str, Counter]:
    """The rows of every public mart, and of what a run with new files adds to."""
    with duckdb.connect(str(database), read_only=True) as connection:
        public = connection.execute(publish.PUBLIC_TABLES).fetchall()
        told = {f"{schema}.{table}": "*" for schema, table in public if table not in OF_THE_RUN} | GROWN
        return {
            table: Counter(connection.execute(f"select {columns} from {table}").fetchall())
            for table, columns in told.items()
        }


def built_years(database: Path) -> str:
    with duckdb.connect(str(database), read_only=True) as connection:
        query = "select max_by(built_years, release_number) from quality.release"
        return connection.execute(query).fetchone()[0]


def assert_same_marts(database: Path, rebuilt: Path) -> None:
    found, wanted = marts(database), marts(rebuilt)
    assert len(wanted) > 40
    assert {name for name in wanted if found[name] != wanted[name]} == set()


def test_only_years_that_a_delivery_touches_are_built_and_all_is_as_a_rebuild_has_it(tmp_path, publish_unchecked):
    deliveries = Deliveries(tmp_path, PROJECT / "seeds", random.Random(5), persons=40)
    served = publish_unchecked(deliveries.raw, tmp_path / "warehouse")
    assert built_years(served) == "all"
    deliveries.deliver(2022)
    publish_unchecked(deliveries.raw, tmp_path / "warehouse")
    assert "2022" in built_years(served)
    deliveries.deliver(2023)
    publish_unchecked(deliveries.raw, tmp_path / "warehouse", named_years=[2017])
    assert {"2017", "2023"} <= set(built_years(served).split(", ")) < {str(year) for year in range(2016, 2030)}
    assert_same_marts(served, publish_unchecked(deliveries.raw, tmp_path / "rebuilt"))


@pytest.mark.long
def test_rows_of_csv_files_keep_their_numbers_when_a_file_of_another_table_changes(tmp_path, publish_unchecked):
    """A later file that comes first among the names has the last numbers; by these rows are left out that are void."""
    deliveries = Deliveries(tmp_path, PROJECT / "seeds", random.Random(7), persons=20)
    lines = deliveries.delivered["fee_list_d"]
    shutil.rmtree(deliveries.raw / "fee_list_d")
    for name, rows in (("b", lines), ("a", [{**line, "vali_flag": "0"} for line in lines[::3]])):
        folder = deliveries.raw / "fee_list_d" / name
        folder.mkdir(parents=True)
        populations.write_file("fee_list_d", rows, folder / "part", "csv", random.Random(7))
        served = publish_unchecked(deliveries.raw, tmp_path / "warehouse")
    shutil.copytree(deliveries.raw / "mdtrt_d", deliveries.raw / "mdtrt_d" / "again")
    for file in (deliveries.raw / "psn_info_b").rglob("*.*"):
        os.utime(file)
    publish_unchecked(deliveries.raw, tmp_path / "warehouse", named_years=[2022])
    assert_same_marts(served, publish_unchecked(deliveries.raw, tmp_path / "rebuilt"))


@pytest.mark.long
def test_what_no_new_row_reaches_stands(tmp_path, publish_unchecked):
    """Movements of the funds that come once more build no year, a file beside the raw tables builds nothing."""
    deliveries = Deliveries(tmp_path, PROJECT / "seeds", random.Random(6), persons=20)
    served = publish_unchecked(deliveries.raw, tmp_path / "warehouse")
    shutil.copytree(deliveries.raw / "fund_txn_d" / "delivery-9", deliveries.raw / "fund_txn_d" / "again")
    publish_unchecked(deliveries.raw, tmp_path / "warehouse")
    assert built_years(served) == "none"
    (deliveries.raw / "note.txt").write_text("The second delivery is the first one.")
    publish_unchecked(deliveries.raw, tmp_path / "warehouse")
    assert built_years(served) == "none"
    assert_same_marts(served, publish_unchecked(deliveries.raw, tmp_path / "rebuilt"))


def test_years_cannot_be_named_where_all_are_built(tmp_path):
    with pytest.raises(DabingError, match="on Spark every benefit year is built"):
        run.run(tmp_path / "raw", tmp_path / "warehouse", engine="spark", named_years=[2021])


@pytest.mark.long
@pytest.mark.parametrize("seed", range(6))
def test_any_sequence_of_deliveries_gives_what_a_rebuild_gives(seed, tmp_path, publish_unchecked, monkeypatch):
    """Late, corrected and reversed settlements, and spells, under other policies, each step against a full build."""
    rng = random.Random(seed)
    populations.vary_seeds(PROJECT / "seeds", tmp_path / "seeds", rng)
    monkeypatch.chdir(copy_project(tmp_path / "project", tmp_path / "seeds"))
    deliveries = Deliveries(tmp_path, tmp_path / "seeds", rng, persons=80)
    served = publish_unchecked(deliveries.raw, tmp_path / "warehouse")
    built = set()
    for step in range(3):
        deliveries.deliver(*rng.sample(range(2016, 2024), rng.choice((0, 1, 2))))
        publish_unchecked(deliveries.raw, tmp_path / "warehouse")
        built.add(built_years(served))
        assert_same_marts(served, publish_unchecked(deliveries.raw, tmp_path / f"rebuilt-{step}"))
    # A few spells may touch every year.
    assert built != {"all"}


def test_models_that_are_built_by_year_read_nothing_that_no_fingerprint_has(tmp_path):
    from dbt.cli.main import dbtRunner

    folders = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(tmp_path)]
    nodes = dbtRunner().invoke(["parse", "--quiet", *folders]).result.nodes
    by_year = {key for key, node in nodes.items() if node.config.meta.get("built_by") == "benefit_year"}
    by_period = {key for key, node in nodes.items() if node.config.meta.get("built_by") == "period"}
    assert len(by_year) > 40
    assert len(by_period) == 3
    for key in by_year | by_period:
        # Of a table with an index nothing that was deleted is ever given back.
        assert "primary_key" not in {constraint.type for constraint in nodes[key].constraints}, key
        says_year = {"period", "period_kind"} if key in by_period else {"benefit_year", "settlement_id"}
        assert says_year & set(nodes[key].columns), key
        for parent in set(nodes[key].depends_on.nodes) - by_year:
            node = nodes[parent]
            is_policy = node.resource_type == "seed" or node.fqn[1] == "policy"
            assert is_policy or node.name in READ, f"{nodes[key].name} reads {node.name}"


@pytest.mark.long
def test_checks_of_a_run_that_builds_some_years_say_what_those_of_a_rebuild_say(tmp_path, monkeypatch):
    """Rows of earlier files and of other years are not looked at again where a check held of them."""
    monkeypatch.setenv("DBT_ENV_SECRET_PERSON_KEY", "the same for every warehouse")
    raw, late = tmp_path / "raw", tmp_path / "late"
    write_sample(raw, persons=1000, progress=False)
    for table in ("setl_d", "fee_list_d"):
        (late / table).mkdir(parents=True)
        for file in (raw / table).glob("year=2022/*"):
            shutil.move(file, late / table / file.name)
    served = run.run(raw, tmp_path / "warehouse")
    for table in ("setl_d", "fee_list_d"):
        shutil.copytree(late / table, raw / table / "late")
    run.run(raw, tmp_path / "warehouse")
    assert built_years(served) not in ("all", "none")
    rebuilt = run.run(raw, tmp_path / "rebuilt")
    assert found_by_checks(served) == found_by_checks(rebuilt)
    assert_same_marts(served, rebuilt)


def found_by_checks(database: Path) -> dict[tuple[str, str, str], tuple[bool, int]]:
    """What the checks of the newest release found: whether each held, and how many rows did not."""
    query = """
        select suite, table_name, check_name, success, failing_rows from quality.check_result
        where run_id = (select max_by(run_id, release_number) from quality.release)
    """
    with duckdb.connect(str(database), read_only=True) as connection:
        return {tuple(row[:3]): tuple(row[3:]) for row in connection.execute(query).fetchall()}
