"""The second engine: build on a Spark cluster, then bring the public marts into the DuckDB file that BI reads.

The heavy part is Spark's, the serving part is as ever: same tables, contracts, comments, checks and file.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import yaml

from dabing.database import open_database
from dabing.errors import DabingError

# Below this the time goes into planning and compiling queries, not into rows.
SMALL_INPUT_BYTES = 50_000_000
# Spark's names of the types of public columns (docs/public-marts.md) under DuckDB's.
TYPES = {"string": "VARCHAR", "int": "INTEGER", "bigint": "BIGINT", "timestamp_ntz": "TIMESTAMP", "date": "DATE"}
# Added to by every run, and kept in the served file: they say when, and in which run.
HISTORY = ("check_result", "release", "release_input")
# The models of what-if by their tag; read from the published file by no model, but by a macro and by the commands.
SCENARIO = "scenario"
READ_BY_NAME = ("int_pool_term", "assistance_category", "wording")


@contextmanager
def cluster(work: Path, raw: Path) -> Iterator[None]:
    """The cluster that DABING_SPARK_HOST names, else one of our own for the time of the block."""
    if "DABING_SPARK_HOST" in os.environ:
        yield
        return
    from dabing.cluster import SMALL, Cluster

    size = sum(path.stat().st_size for path in raw.rglob("*") if path.is_file())
    is_small = size < SMALL_INPUT_BYTES
    with Cluster(work, settings=SMALL if is_small else None) as started:
        # A thrift server on loopback answers in a millisecond: dbt need not sleep between two looks.
        wanted = {
            **started.environment,
            "DABING_SPARK_POLL": "0",
            "DABING_SPARK_PARTITIONED": "0" if is_small else "1",
        }
        os.environ.update(wanted)
        try:
            yield
        finally:
            for name in wanted:
                del os.environ[name]


def keep_key(warehouse: Path) -> None:
    """The key of the person hash is a file on Spark (macros/dialect): see that it is the one configured."""
    from dabing.duckdb_plugin import person_key

    path = warehouse / "person_key"
    configured = os.environ.get("DBT_ENV_SECRET_PERSON_KEY", "")
    if configured and not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(configured)
    if configured and person_key("", path) != configured:
        raise DabingError(
            f"{path}: holds another key than DBT_ENV_SECRET_PERSON_KEY. Spark reads the key from this file: take one of"
            " the two away."
        )
    person_key("", path)


def connect():
    """A cursor of the thrift server, in the session that dbt has: the settings are read from profiles.yml."""
    from pyhive import hive

    profile = yaml.safe_load((Path(__file__).resolve().parent.parent / "profiles.yml").read_text())
    return hive.connect(
        host=os.environ.get("DABING_SPARK_HOST", "localhost"),
        port=int(os.environ.get("DABING_SPARK_PORT", "10000")),
        username=os.environ.get("DABING_SPARK_USER", "dabing"),
        configuration=profile["dabing"]["outputs"]["spark"]["server_side_parameters"],
    ).cursor()


def rows(cursor, query: str) -> list[tuple]:
    """The rows of a query."""
    cursor.execute(query)
    return cursor.fetchall()


def failing_rows(query: str, limit: int) -> list[str]:
    """Some rows of a failing data test, in words."""
    cursor = connect()
    found = rows(cursor, f"select * from ({query}) limit {limit}")
    names = [column[0].split(".")[-1] for column in cursor.description]
    return [", ".join(f"{name} {value}" for name, value in zip(names, row, strict=True)) for row in found]


def public_tables(manifest: dict) -> list[dict]:
    """The nodes of the public marts: every model with a contract, and the seeds that stand beside them."""
    models = [
        node for node in manifest["nodes"].values() if node["resource_type"] == "model" and node["contract"]["enforced"]
    ]
    schemas = {node["schema"] for node in models}
    seeds = [
        node for node in manifest["nodes"].values() if node["resource_type"] == "seed" and node["schema"] in schemas
    ]
    return _by_name(models + seeds)


def served_nodes(manifest: dict) -> list[dict]:
    """What the published file holds: the public marts, the scenarios, and the tables that their SQL reads there."""
    nodes = manifest["nodes"]
    scenarios = [node for node in nodes.values() if SCENARIO in node["tags"] and node["resource_type"] == "model"]
    tests = [node for node in nodes.values() if node.get("attached_node") in {node["unique_id"] for node in scenarios}]
    read = [node for node in nodes.values() if node["name"] in READ_BY_NAME]
    waiting = public_tables(manifest) + scenarios + read
    waiting += [nodes[parent] for node in scenarios + tests for parent in _parents(node)]
    found: dict[str, dict] = {}
    while waiting:
        node = waiting.pop()
        if node["unique_id"] not in found:
            found[node["unique_id"]] = node
            # A view is made again where it is served, over what it reads.
            waiting += [nodes[parent] for parent in _parents(node)] if is_view(node) else []
    return _by_name(found.values())


def is_view(node: dict) -> bool:
    """Whether a model is one in every engine."""
    return node["config"]["materialized"] == "view"


def _parents(node: dict) -> list[str]:
    return [parent for parent in node["depends_on"].get("nodes", []) if parent.split(".")[0] in ("model", "seed")]


def _by_name(nodes: Iterable[dict]) -> list[dict]:
    return sorted(nodes, key=lambda node: (node["schema"], node["alias"]))


def manifest_of(project: Path) -> dict:
    """dbt's own list of what there is, as its last command left it."""
    folder = project / os.environ.get("DBT_TARGET_PATH", "target")
    return json.loads((folder / "manifest.json").read_text())


def serve(database: Path, manifest: dict) -> None:
    """Write the served tables of the cluster into ``database``, contracts and comments included.

    The Parquet files of the cluster are read where they lie, so its warehouse must be a place that this machine can
    read too (a shared disk, an object store). Raises DabingError where a column differs from its contract.
    """
    public = {node["unique_id"] for node in public_tables(manifest)}
    cursor = connect()
    with open_database(database) as connection:
        connection.execute("set preserve_insertion_order = false")
        for node in served_nodes(manifest):
            if is_view(node):
                continue
            table = f"{node['schema']}.{node['alias']}"
            connection.execute(f"create schema if not exists {node['schema']}")
            if node["unique_id"] in public:
                connection.execute(_table_sql(node))
                _assert_types(cursor, connection, table)
                if node["alias"] not in HISTORY:
                    connection.execute(f"insert into {table} by name select * from {_files(cursor, table)}")
            else:
                columns = ", ".join(spark_types(cursor, table))
                connection.execute(f"create table {table} as select {columns} from {_files(cursor, table)}")
            for comment in _comments_sql(node):
                connection.execute(comment)
        connection.execute("checkpoint")


def _table_sql(node: dict) -> str:
    types = node["config"].get("column_types") or {}
    parts = []
    for name, column in node["columns"].items():
        kinds = [constraint["type"] for constraint in column["constraints"]]
        parts.append(
            f"{name} {column['data_type'] or types[name]}"
            + (" not null" if "not_null" in kinds else "")
            + (" primary key" if "primary_key" in kinds else "")
        )
    parts += [
        f"primary key ({', '.join(constraint['columns'])})"
        for constraint in node.get("constraints", [])
        if constraint["type"] == "primary_key"
    ]
    return f"create table {node['schema']}.{node['alias']} ({', '.join(parts)})"


def _comments_sql(node: dict) -> list[str]:
    table = f"{node['schema']}.{node['alias']}"
    return [f"comment on table {table} is {_literal(node['description'])}"] + [
        f"comment on column {table}.{name} is {_literal(column['description'])}"
        for name, column in node["columns"].items()
        if column["description"]
    ]


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def spark_types(cursor, table: str) -> dict[str, str]:
    """The columns of a table of the cluster with their types under DuckDB's names."""
    found = rows(cursor, f"describe {table}")
    return {name: TYPES.get(kind, kind.upper()) for name, kind, _ in found if name and not name.startswith("#")}


def _assert_types(cursor, connection: duckdb.DuckDBPyConnection, table: str) -> None:
    built = spark_types(cursor, table)
    wanted = {name: kind for name, kind, *_ in connection.execute(f"describe {table}").fetchall()}
    if built != wanted:
        differing = sorted(name for name in built.keys() | wanted.keys() if built.get(name) != wanted.get(name))
        raise DabingError(
            f"{table}: {', '.join(differing)} came from Spark under another type than the contract says. Nothing is"
            " published."
        )


def _files(cursor, table: str) -> str:
    """What DuckDB reads of a table of the cluster: the files of the version that its view shows."""
    described = {row[0]: row[1] for row in rows(cursor, f"describe extended {table}")}
    version = re.search(r"table_version`?\.`?(\w+)", described["View Text"]).group(1)
    location = {row[0]: row[1] for row in rows(cursor, f"describe extended table_version.{version}")}["Location"]
    path = re.sub(r"^file:/*", "/", location)
    if path.startswith("/") and not list(Path(path).rglob("*.parquet")):
        raise DabingError(
            f"{path}: the files of {table} cannot be read from here. The warehouse of the cluster must be a place that"
            " this machine reads too (docs/spark.md)."
        )
    return f"read_parquet({_literal(path + '/**/*.parquet')}, hive_partitioning = true)"
