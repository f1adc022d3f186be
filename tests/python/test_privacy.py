"""Rule J3: the public tables name nobody; the lists by name are files of their own that only their owner may read."""

from __future__ import annotations

import csv
import stat
from pathlib import Path

import duckdb
import pytest
from conftest import Build, run_dabing
from test_build import PUBLIC

from dabing import cluster
from dabing.cases import LISTS, _as_text, write_cases
from dabing.database import open_database
from dabing.errors import DabingError
from dabing.run import _without_key

# Rows as they were delivered, for those who mend the extract (docs/public-marts.md): the one exception.
AS_DELIVERED = {("quality", "quarantine", "raw_row"), ("quality", "quarantine", "record_key")}
# Person numbers of the sample's bulk, and certificate numbers, wherever they stand in a text.
INSIDE = r"(^|[^0-9])((330300|331100|220000|610400)[0-9]{12}|000000[0-9]{12})($|[^0-9])|样例"


@pytest.fixture(scope="module")
def warehouse(sample_build, tmp_path_factory):
    """The published file with all names, certificate numbers and person numbers of the raw tables as `secret`."""
    # As the package opens it: one process opens a file in one way.
    with open_database(sample_build.database, read_only=True) as connection:
        files = [str(path) for path in (sample_build.raw / "psn_info_b").rglob("*.parquet")]
        connection.execute(f"""
            create temp table secret as
            select distinct unnest([psn_name, certno, psn_no]) as value
            from read_parquet({files}, union_by_name = true, hive_partitioning = false)""")
        # a blank is nobody's name
        connection.execute("delete from secret where value is null or trim(value) = ''")
        yield connection


def columns_of(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str, str], str]:
    """Every column of every public table with its type."""
    found = connection.execute("""
        select schema_name, table_name, column_name, data_type from duckdb_columns()
        where not internal and database_name = current_database()""").fetchall()
    return {
        (schema, table, column): data_type
        for schema, table, column, data_type in found
        if table in PUBLIC.get(schema, set()) and (schema, table, column) not in AS_DELIVERED
    }


def named_in(connection: duckdb.DuckDBPyConnection, schema: str, table: str, column: str) -> int:
    """Values of a column that are a name or number of a person, or hold one."""
    return connection.execute(
        f"""select count(*) from (select distinct {column} as value from {schema}.{table}) as found
        where value in (select value from secret) or regexp_matches(value, $1)""",
        [INSIDE],
    ).fetchone()[0]


def test_no_public_table_holds_a_name_a_certificate_or_a_person_number(warehouse):
    """Every column of every public table: texts are searched, numbers are too short to be those of a person."""
    columns = columns_of(warehouse)
    assert {(schema, table) for schema, table, _ in columns} == {
        (schema, table) for schema, tables in PUBLIC.items() for table in tables
    }
    texts = [column for column, data_type in columns.items() if data_type == "VARCHAR"]
    assert len(texts) > 150
    assert [column for column in texts if named_in(warehouse, *column)] == []
    numbers: dict[tuple[str, str], list[str]] = {}
    for (schema, table, column), data_type in columns.items():
        if data_type.startswith(("DECIMAL", "BIGINT", "INTEGER", "HUGEINT")):
            numbers.setdefault((schema, table), []).append(f"max(abs({column}))")
        else:
            assert data_type in {"VARCHAR", "DATE", "TIMESTAMP", "BOOLEAN"}, (schema, table, column)
    for (schema, table), largest in numbers.items():
        found = warehouse.execute(f"select greatest({', '.join(largest)}, 0) from {schema}.{table}").fetchone()
        assert found[0] < 10**12, (schema, table)


def test_the_search_finds_what_is_there(warehouse):
    """The same search over tables that do hold persons."""
    assert named_in(warehouse, "staging", "base_person", "psn_name") > 100
    assert named_in(warehouse, "staging", "base_person", "certno") > 100
    assert named_in(warehouse, "staging", "base_person", "psn_no") > 100
    assert named_in(warehouse, "quality", "quarantine", "raw_row") > 0


def test_the_lists_by_name_are_for_their_owner_only(sample_build, tmp_path):
    """Files 0600 in a folder 0700, persons by name, and the same rows as the marts."""
    folder = tmp_path / "cases"
    finished = run_dabing("cases", "--warehouse", sample_build.database.parent, "--directory", folder)
    assert finished.returncode == 0, finished.stderr
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with open_database(sample_build.database, read_only=True) as connection:
        for table, condition in LISTS.items():
            path = folder / f"{table}.csv"
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            with path.open(encoding="utf-8-sig", newline="") as file:
                rows = list(csv.DictReader(file))
            [(count,)] = connection.execute(f"select count(*) from oversight.{table} where {condition}").fetchall()
            assert len(rows) == count > 0
            assert all(row["person_number"] and row["person_name"] for row in rows)
    again = run_dabing("cases", "--warehouse", sample_build.database.parent, "--directory", folder)
    assert again.returncode == 1
    assert "is there already" in again.stderr


def test_the_tables_of_a_cluster_of_our_own_are_for_their_owner_only(tmp_path, monkeypatch):
    """All that the marts are made from lies there, with names in it. No process is started."""
    for name in ("_assert_engine", "_assert_java", "_wait_for_port"):
        monkeypatch.setattr(cluster, name, lambda *_: None)
    monkeypatch.setattr(cluster.Cluster, "_spawn", lambda self, name, *_, **__: self.processes.setdefault(name))
    started = cluster.Cluster(tmp_path / "spark")
    started.start()
    assert stat.S_IMODE(started.work.stat().st_mode) == 0o700


def test_a_name_is_no_formula():
    assert [_as_text(value) for value in ("=1+1", "@x", "王一", None, -1)] == ["'=1+1", "'@x", "王一", None, -1]


def copy_without_key(build: Build, folder: Path) -> Path:
    """A warehouse whose key is elsewhere."""
    folder.mkdir()
    (folder / "dabing.duckdb").symlink_to(build.database)
    return folder


def test_without_the_key_a_sentence_says_what_to_do(sample_build, tmp_path, monkeypatch):
    monkeypatch.delenv("DBT_ENV_SECRET_PERSON_KEY", raising=False)
    warehouse = copy_without_key(sample_build, tmp_path / "warehouse")
    with pytest.raises(DabingError, match="Set DBT_ENV_SECRET_PERSON_KEY"):
        write_cases(warehouse, tmp_path / "cases")
    monkeypatch.setenv("DBT_ENV_SECRET_PERSON_KEY", "another key than that of the build")
    with pytest.raises(DabingError, match="under this key"):
        write_cases(warehouse, tmp_path / "cases")
    assert not (tmp_path / "cases").exists()
    with pytest.raises(DabingError, match="no published warehouse"):
        write_cases(tmp_path / "nowhere", tmp_path / "cases")


def test_a_run_without_a_key_says_what_to_do(sample_raw, tmp_path):
    """Rule J3: the sample has a key of its own and says so."""
    of_the_sample, of_others = _without_key(sample_raw, tmp_path), _without_key(tmp_path, tmp_path)
    assert "made-up persons of the sample" in of_the_sample
    assert "sample" not in of_others
    for told in (of_the_sample, of_others):
        assert "DBT_ENV_SECRET_PERSON_KEY" in told
        assert str(tmp_path / "person_key") in told


def test_the_key_made_by_a_run_is_for_its_owner_only(sample_build):
    """Rule J3: the shared build was made without a key in the environment."""
    path = sample_build.database.with_name("person_key")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_text().strip()) == 64
