"""The same input on DuckDB and on a Spark cluster gives the same marts: rows, columns, types, comments, to the fen."""

from __future__ import annotations

import json
import subprocess
import sys

import duckdb
import pytest
from conftest import VERSIONS_AT_THE_KILL
from dialect import PROJECT

from dabing.spark import HISTORY, connect, is_view, public_tables, rows, spark_types

VIEW = "benefits.payout_trace"
SETTLEMENT = "PLANT-layer-straddle-both-pools-1-2"


@pytest.fixture(scope="module")
def both(builds):
    """A connection with the two warehouses: `here` is DuckDB's, `there` is what came from Spark."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{builds.duckdb}' as here (read_only)")
        connection.execute(f"attach '{builds.spark}' as there (read_only)")
        yield connection


@pytest.fixture(scope="module")
def tables(manifest) -> list[str]:
    """The public marts by name, but for the one that is a view: it has a test of its own."""
    named = {f"{node['schema']}.{node['alias']}": node for node in public_tables(manifest)}
    assert [name for name, node in named.items() if is_view(node)] == [VIEW]
    return [name for name in named if name != VIEW]


def test_every_public_mart_is_equal_row_by_row(both, tables):
    assert len(tables) >= 17
    differing, counted = {}, 0
    for table in tables:
        if table.split(".")[1] in HISTORY:
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


def test_the_view_is_equal_row_by_row(builds, cluster, environment, monkeypatch, tmp_path):
    """On DuckDB, on the cluster, and made again over the cluster's tables where BI reads."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    cursor = connect()
    cursor.execute(f"create table default.trace using parquet as select * from {VIEW}")
    for name, database in (("here", builds.duckdb), ("served", builds.spark)):
        with duckdb.connect(str(database), read_only=True) as connection:
            connection.execute(f"copy (from {VIEW}) to '{tmp_path / name}.parquet'")
            wanted = {column: kind for column, kind, *_ in connection.execute(f"describe {VIEW}").fetchall()}
            assert spark_types(cursor, VIEW) == wanted
    here = f"from '{tmp_path}/here.parquet'"
    assert duckdb.sql(f"select count(*) {here}").fetchone()[0] > 5_000
    for there in (f"from '{tmp_path}/served.parquet'", f"from '{cluster.work}/warehouse/trace/*.parquet'"):
        assert duckdb.sql(f"{here} except all {there} limit 3").fetchall() == []
        assert duckdb.sql(f"{there} except all {here} limit 3").fetchall() == []


@pytest.mark.parametrize(
    "command",
    [
        ["explain", SETTLEMENT],
        ["whatif", "--set", "xianyang_cii.deductible=9000", "--set", "xianyang_cii.rate.2+0.05", "--by", "county"],
    ],
    ids=["explain", "whatif"],
)
def test_the_file_of_a_cluster_answers_like_one_of_duckdb(builds, command):
    said = [
        subprocess.run(
            [sys.executable, "-m", "dabing.cli", *command, "--json", "--warehouse", database.parent],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for database in (builds.duckdb, builds.spark)
    ]
    assert json.loads(said[0])
    assert said[0] == said[1]


def test_the_file_of_a_cluster_has_the_ladder_as_a_macro(builds):
    with duckdb.connect(str(builds.spark), read_only=True) as connection:
        paid = "select max(payout_amount) from benefit('xianyang_cii', date '2021-06-30', 'registered_poor', 60000)"
        assert str(connection.execute(paid).fetchone()[0]) == "38750.00"


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
