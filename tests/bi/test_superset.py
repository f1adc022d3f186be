"""Apache Superset over the published file, through its API as docs/bi.md says: tables, descriptions, a chart."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import requests

from dabing.publish import PUBLIC_TABLES

PROJECT = Path(__file__).resolve().parents[2]
SUPERSET = PROJECT / ".venv-superset" / "bin" / "superset"
PASSWORD = "of-one-test"
NEWEST = "max(release_number)"


@dataclass
class Client:
    """Somebody who is logged in."""

    address: str
    token: str

    def ask(self, method: str, path: str, **body: object) -> dict:
        """What the API answers, as JSON."""
        answer = requests.request(
            method,
            f"{self.address}/api/v1{path}",
            json=body or None,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=120,
        )
        assert answer.ok, answer.text
        return answer.json()

    def chart(self, dataset: int, metric: str, columns: list[str] | None = None) -> list[dict]:
        """The rows of a chart of one metric."""
        query = {
            "columns": columns or [],
            "metrics": [{"expressionType": "SQL", "sqlExpression": metric, "label": "value"}],
            "row_limit": 1000,
        }
        source = {"id": dataset, "type": "table"}
        return self.ask("POST", "/chart/data", datasource=source, queries=[query])["result"][0]["data"]


@pytest.fixture(scope="module")
def warehouse(served, tmp_path_factory) -> Path:
    """A copy of the served file that may be replaced."""
    folder = tmp_path_factory.mktemp("superset_data")
    shutil.copy(served.database, folder)
    return folder


@pytest.fixture(scope="module")
def client(tmp_path_factory) -> Iterator[Client]:
    """A server on loopback for the time of the tests, and its administrator."""
    assert SUPERSET.exists(), "Superset is not installed: make test-bi"
    home = tmp_path_factory.mktemp("superset")
    environment = os.environ | {
        "SUPERSET_HOME": str(home),
        "SUPERSET_CONFIG_PATH": str(Path(__file__).with_name("superset_config.py")),
        "FLASK_APP": "superset.app:create_app()",
    }
    named = ["--username", "admin", "--firstname", "A", "--lastname", "B", "--email", "a@example.org"]
    for command in (["db", "upgrade"], ["fab", "create-admin", *named, "--password", PASSWORD], ["init"]):
        made = subprocess.run(
            [SUPERSET, *command], env=environment, cwd=home, capture_output=True, text=True, check=False
        )
        assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = home / "server.log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            [SUPERSET, "run", "--host", "127.0.0.1", "--port", str(port)],
            env=environment,
            cwd=home,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as server,
    ):
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(f"{address}/health", server, log)
            asked = {"username": "admin", "password": PASSWORD, "provider": "db"}
            answer = requests.post(f"{address}/api/v1/security/login", json=asked, timeout=60)
            yield Client(address, answer.json()["access_token"])
        finally:
            server.terminate()


def wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    """Until the server answers."""
    for _ in range(180):
        assert server.poll() is None, log.read_text()[-3000:]
        try:
            if requests.get(address, timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(1)
    raise AssertionError(f"no answer from {address}: {log.read_text()[-3000:]}")


@pytest.fixture(scope="module")
def database(client, warehouse) -> int:
    """The connection, registered as docs/bi.md says."""
    return client.ask(
        "POST",
        "/database/",
        database_name="dabing",
        sqlalchemy_uri=f"duckdb:///{warehouse / 'dabing.duckdb'}",
        extra=json.dumps({"engine_params": {"connect_args": {"read_only": True}}}),
    )["id"]


@pytest.fixture(scope="module")
def fund_year(client, database) -> int:
    """The funds as a dataset."""
    return client.ask("POST", "/dataset/", database=database, schema="funds", table_name="fct_fund_year")["id"]


def test_every_public_table_is_listed(client, database, served):
    for schema in ("benefits", "funds", "oversight", "policy", "quality", "shared"):
        listed = client.ask("GET", f"/database/{database}/tables/?q=(schema_name:{schema})")["result"]
        public = {table for of_schema, table in served.ask(PUBLIC_TABLES) if of_schema == schema}
        assert public
        assert public <= {table["value"] for table in listed}


def test_a_dataset_has_the_descriptions_of_its_columns(client, fund_year, served):
    columns = client.ask("GET", f"/dataset/{fund_year}")["result"]["columns"]
    described = served.ask(
        "select column_name, comment from duckdb_columns() where schema_name = 'funds' and table_name = 'fct_fund_year'"
    )
    assert len(described) > 10
    assert {column["column_name"]: column["description"] for column in columns} == dict(described)


def test_a_chart_shows_what_the_file_says(client, fund_year, served):
    rows = client.chart(fund_year, "sum(payout_amount)", ["scheme_id"])
    paid = dict(served.ask("select scheme_id, sum(payout_amount) from funds.fct_fund_year group by all"))
    assert len(paid) == 5
    # Superset's answers are JSON: money comes as a float, exact to the fen up to some ten trillion yuan.
    assert {row["scheme_id"]: Decimal(str(row["value"])) for row in rows} == paid


def test_the_next_release_is_seen_with_the_next_query(client, database, warehouse):
    release = client.ask("POST", "/dataset/", database=database, schema="quality", table_name="release")["id"]
    assert client.chart(release, NEWEST) == [{"value": 1}]
    following = warehouse / "next.duckdb"
    shutil.copy(warehouse / "dabing.duckdb", following)
    following.chmod(0o600)
    with duckdb.connect(str(following)) as connection:
        connection.execute("update quality.release set release_number = 2")
    os.replace(following, warehouse / "dabing.duckdb")
    assert client.chart(release, f"{NEWEST} + 0") == [{"value": 2}]


def test_it_cannot_write(client, database, warehouse):
    before = (warehouse / "dabing.duckdb").read_bytes()
    client.ask("PUT", f"/database/{database}", allow_dml=True)
    answer = requests.post(
        f"{client.address}/api/v1/sqllab/execute/",
        json={"database_id": database, "sql": "delete from funds.fct_fund_year", "runAsync": False},
        headers={"Authorization": f"Bearer {client.token}"},
        timeout=120,
    )
    assert not answer.ok
    assert "read-only" in answer.text
    assert (warehouse / "dabing.duckdb").read_bytes() == before
