"""What BI tools and notebooks see of the published file, and when they see the next release (docs/bi.md).

Superset and clients of an older DuckDB have environments of their own: tests/bi, `make test-bi`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas
import polars
import pytest
import sqlalchemy
from conftest import PROJECT
from sqlalchemy.pool import NullPool

from dabing import publish

RELEASE = "select max(release_number) from quality.release"
PUBLISH = """
import sys
from pathlib import Path
from test_publish import publish_one
publish_one(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[2])
"""


def publish_next(warehouse: Path, number: int) -> None:
    """A release by another process, as a run is one."""
    path = os.pathsep.join([str(PROJECT), str(PROJECT / "tests" / "python")])
    command = [sys.executable, "-c", PUBLISH, str(warehouse), str(number)]
    subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=True)


@pytest.fixture
def served(tmp_path) -> Path:
    """A served file: release 1, to be followed by others."""
    publish_next(tmp_path, 1)
    return tmp_path / publish.DATABASE


def test_money_is_exact_in_polars_and_in_pandas_by_arrow(served):
    with duckdb.connect(str(served), read_only=True) as connection:
        query = "select payout_amount from benefits.fct_payout"
        frame = connection.sql(query).pl()
        assert frame.schema == {"payout_amount": polars.Decimal(18, 2)}
        assert polars.read_database(query, connection).equals(frame)
        exact = connection.sql(query).to_arrow_table().to_pandas(types_mapper=pandas.ArrowDtype)
        # The trap: the shortest way makes floats of it.
        rounded = connection.sql(query).df()
    assert exact["payout_amount"].sum() == Decimal("3010.00")
    assert "decimal128(18, 2)" in str(exact["payout_amount"].dtype)
    assert rounded["payout_amount"].dtype == "float64"


def test_sqlalchemy_reads_descriptions_and_exact_money_and_cannot_write(served):
    engine = sqlalchemy.create_engine(f"duckdb:///{served}", connect_args={"read_only": True}, poolclass=NullPool)
    inspector = sqlalchemy.inspect(engine)
    assert "fct_payout" in inspector.get_table_names(schema="benefits")
    assert inspector.get_table_comment("fct_payout", schema="benefits")["text"] == "What is paid."
    assert [column["comment"] for column in inspector.get_columns("fct_payout", schema="benefits")] == ["In yuan."]
    query = sqlalchemy.text("select payout_amount from benefits.fct_payout")
    with engine.connect() as connection:
        assert connection.execute(query).scalar() == Decimal("3010.00")
        exact = pandas.read_sql(query, connection, coerce_float=False)
        assert [type(value) for value in exact["payout_amount"]] == [Decimal]
        assert pandas.read_sql(query, connection)["payout_amount"].dtype == "float64"
        with pytest.raises(sqlalchemy.exc.DBAPIError, match="read-only mode"):
            connection.execute(sqlalchemy.text("create table benefits.mine (number integer)"))


def test_one_process_opens_the_file_in_one_way(served):
    """A connection of SQLAlchemy and one of DuckDB itself differ in their settings: one of them is refused."""
    engine = sqlalchemy.create_engine(f"duckdb:///{served}", connect_args={"read_only": True})
    with (
        engine.connect(),
        pytest.raises(duckdb.ConnectionException, match="different configuration"),
    ):
        duckdb.connect(str(served), read_only=True)
    engine.dispose()
    duckdb.connect(str(served), read_only=True).close()


def test_a_kept_connection_shows_the_old_release_until_the_last_one_of_its_process_is_closed(served):
    first = duckdb.connect(str(served), read_only=True)
    assert first.execute(RELEASE).fetchone() == (1,)
    publish_next(served.parent, 2)
    # Also a new connection, for the process has the file open already.
    second = duckdb.connect(str(served), read_only=True)
    assert second.execute(RELEASE).fetchone() == (1,)
    first.close()
    assert second.execute(RELEASE).fetchone() == (1,)
    second.close()
    with duckdb.connect(str(served), read_only=True) as third:
        assert third.execute(RELEASE).fetchone() == (2,)


def test_an_attached_release_is_kept_until_it_is_detached(served):
    with duckdb.connect() as connection:
        attach = f"attach '{served}' as served (read_only)"
        query = RELEASE.replace("from ", "from served.")
        connection.execute(attach)
        publish_next(served.parent, 2)
        assert connection.execute(query).fetchone() == (1,)
        connection.execute("detach served")
        connection.execute(attach)
        assert connection.execute(query).fetchone() == (2,)


@pytest.mark.parametrize(("pool", "seen"), [(None, 1), (NullPool, 2)])
def test_a_pool_of_sqlalchemy_keeps_the_old_release_and_no_pool_does_not(served, pool, seen):
    options = {"poolclass": pool} if pool else {}
    engine = sqlalchemy.create_engine(f"duckdb:///{served}", connect_args={"read_only": True}, **options)

    def ask() -> int:
        with engine.connect() as connection:
            return connection.execute(sqlalchemy.text(RELEASE)).scalar()

    assert ask() == 1
    publish_next(served.parent, 2)
    assert ask() == seen
    engine.dispose()
    assert ask() == 2
    engine.dispose()
