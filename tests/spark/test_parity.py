"""The same input on DuckDB and on a Spark cluster gives the same marts: rows, columns, types, comments, to the fen."""

from __future__ import annotations

import duckdb
import pytest
from conftest import VERSIONS_AT_THE_KILL

from dabing.spark import HISTORY, connect, public_tables, rows, spark_types


@pytest.fixture(scope="module")
def both(builds):
    """A connection with the two warehouses: `here` is DuckDB's, `there` is what came from Spark."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{builds.duckdb}' as here (read_only)")
        connection.execute(f"attach '{builds.spark}' as there (read_only)")
        yield connection


@pytest.fixture(scope="module")
def tables(manifest) -> list[str]:
    """The public marts by name."""
    return [f"{node['schema']}.{node['alias']}" for node in public_tables(manifest)]


def test_every_public_mart_is_equal_row_by_row(both, tables):
    assert len(tables) >= 17
    differing, counted = {}, 0
    for table in tables:
        if table.endswith(f".{HISTORY}"):
            # Its rows say when a check ran and in which run.
            continue
        left, right, count = both.execute(
            f"""select
                (select count(*) from (select * from here.{table} except all select * from there.{table})),
                (select count(*) from (select * from there.{table} except all select * from here.{table})),
                (select count(*) from here.{table})"""
        ).fetchone()
        counted += count
        if left or right:
            differing[table] = (
                both.execute(f"select * from here.{table} except all select * from there.{table} limit 3").fetchall(),
                both.execute(f"select * from there.{table} except all select * from here.{table} limit 3").fetchall(),
            )
    assert differing == {}
    assert counted > 10_000


def test_every_column_has_the_same_type_on_the_cluster_itself(both, tables, environment, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    cursor = connect()
    for table in tables:
        wanted = {name: kind for name, kind, *_ in both.execute(f"describe here.{table}").fetchall()}
        assert spark_types(cursor, table) == wanted, table
        assert {name: kind for name, kind, *_ in both.execute(f"describe there.{table}").fetchall()} == wanted, table


def test_keys_not_null_and_comments_are_the_same_where_bi_reads(both, tables):
    def told(database: str) -> list[tuple]:
        found = []
        for kind, columns in (("columns", "column_name, is_nullable, comment"), ("constraints", "constraint_text")):
            found += both.execute(
                f"select schema_name || '.' || table_name as name, {columns} from duckdb_{kind}()"
                " where database_name = ? and name in (select unnest(?::varchar[])) order by all",
                [database, tables],
            ).fetchall()
        return found

    assert told("there") == told("here")


def test_comments_are_on_the_cluster_too(tables, manifest, environment, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    cursor = connect()
    for node in public_tables(manifest):
        found = {name: comment for name, _, comment in rows(cursor, f"describe {node['schema']}.{node['alias']}")}
        wanted = {name: column["description"] for name, column in node["columns"].items() if column["description"]}
        assert {name: found[name] for name in wanted} == wanted


def test_a_worker_was_killed_in_the_middle_of_that_build(builds, cluster):
    assert "worker-1" not in cluster.processes
    assert VERSIONS_AT_THE_KILL <= builds.killed_with_tables < builds.tables_in_the_end - 10


def test_the_run_says_the_same_as_on_duckdb(builds):
    for part in ("Built on Spark", "Checked the marts border", "Critical illness insurance", "Published: "):
        assert part in builds.said


def test_awkward_rows_are_in_quarantine_whole(both):
    reasons = dict(
        both.execute(
            "select record_key, min(reasons) from there.quality.quarantine where record_key like 'AWK-%' group by all"
        ).fetchall()
    )
    assert len(reasons) > 12
    assert reasons["AWK-F3"].startswith("Q04 bad_value: medfee_sumamt '1e+20' is not an amount")
    kept = both.execute(
        """select raw_row ->> '备注', raw_row ->> 'medfee_sumamt' from there.quality.quarantine
        where record_key = 'AWK-C9'"""
    ).fetchone()
    assert kept == ('a "quoted", 值', "ten\nlines \\ and 'quotes'")
    keys = both.execute("select count(*), count(distinct quarantine_key) from there.quality.quarantine").fetchone()
    assert keys[0] == keys[1]
