"""The oldest DuckDB that reads the file is 1.1.0: every public table, the descriptions, the ladder as a macro.

1.0.0 refuses it, as it does any file of today's DuckDB with a table that has a primary key and a check.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from dabing.publish import PUBLIC_TABLES

SCRIPT = """
import duckdb, json, sys
connection = duckdb.connect(sys.argv[1], read_only=True)
tables = json.loads(sys.argv[2])
seen = {"version": duckdb.__version__, "rows": {}, "types": {}, "errors": {}}
for schema, table in tables:
    name = f"{schema}.{table}"
    try:
        # Every value is read, in the engine: a view too.
        connection.execute(f'create or replace temp table held as select * from "{schema}"."{table}"')
        seen["rows"][name] = connection.execute("select count(*) from held").fetchone()[0]
        described = connection.execute(f'describe "{schema}"."{table}"').fetchall()
        seen["types"][name] = {row[0]: row[1] for row in described}
    except Exception as error:
        seen["errors"][name] = str(error).splitlines()[0]
def ask(query):
    return [[str(value) for value in row] for row in connection.execute(query).fetchall()]
seen["payouts"] = ask("select sum(payout_amount) from benefits.fct_payout")
seen["undescribed"] = ask(
    "select schema_name, table_name, column_name from duckdb_columns()"
    " where schema_name in ('benefits', 'funds') and table_name like 'fct_%' and comment is null"
)
seen["benefit"] = ask(
    "select tier_payout, payout_amount from benefit('xianyang_cii', date '2021-06-30', 'registered_poor', 60000)"
    " order by tier_no"
)
print(json.dumps(seen))
"""


@pytest.fixture(scope="module")
def seen(served, oldest) -> dict:
    """What a client of DuckDB 1.1.0 sees."""
    tables = served.ask(PUBLIC_TABLES)
    finished = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(served.database), json.dumps(tables)],
        env={**os.environ, "PYTHONPATH": str(oldest)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def test_every_public_table_is_read_whole(seen, served):
    assert seen["version"] == "1.1.0"
    assert seen["errors"] == {}
    tables = served.ask(PUBLIC_TABLES)
    assert len(tables) > 30
    for schema, table in tables:
        rows = served.ask(f'select count(*) from "{schema}"."{table}"')
        types = served.ask(f'select column_name, column_type from (describe "{schema}"."{table}")')
        assert seen["rows"][f"{schema}.{table}"] == rows[0][0], table
        assert seen["types"][f"{schema}.{table}"] == dict(types), table


def test_money_descriptions_and_the_ladder_are_the_same(seen, served):
    assert seen["payouts"] == [[str(served.ask("select sum(payout_amount) from benefits.fct_payout")[0][0])]]
    assert seen["undescribed"] == []
    assert seen["benefit"] == [["16250.00", "38750.00"], ["22500.00", "38750.00"], ["0.00", "38750.00"]]
