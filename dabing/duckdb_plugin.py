"""dbt-duckdb plugin: gives every connection the key of the person hash (rule J3).

The key comes from the environment (``DBT_ENV_SECRET_PERSON_KEY``, which dbt keeps out of its logs). Without one, a
random key is made once and kept in a file beside the warehouse, readable by its owner only, so that person keys stay
the same from run to run of one warehouse.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from dbt.adapters.duckdb.plugins import BasePlugin

from dabing.errors import DabingError


def person_key(configured: str, key_file: str | Path) -> str:
    """Return the configured key, else the one kept in ``key_file``, made there when it is missing."""
    if configured:
        return configured
    path = Path(key_file)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _make_key(path)
    key = path.read_text().strip()
    if not key:
        raise DabingError(
            f"{path}: the file for the person key is empty. Delete it, or set the key in the environment."
        )
    return key


def _make_key(path: Path) -> None:
    """Written aside and named when it is whole: on a full disk an empty key would stay behind."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        try:
            # Fails where another process was first, whose key then counts.
            os.link(beside, path)
        except FileExistsError:
            pass
        except OSError:
            os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


class Plugin(BasePlugin):
    """Sets the DuckDB variable ``person_key`` on each cursor that dbt opens."""

    def initialize(self, plugin_config: dict) -> None:
        """Find the key once for the process; DuckDB makes no folder for its file."""
        Path(plugin_config["database"]).parent.mkdir(parents=True, exist_ok=True)
        key_file = os.environ.get("DABING_KEY_FILE", "warehouse/person_key")
        key = person_key(plugin_config.get("person_key", ""), key_file)
        self._literal = "'" + key.replace("'", "''") + "'"

    def configure_cursor(self, cursor) -> None:
        """Variables belong to one DuckDB connection, and each cursor is one."""
        cursor.execute(f"set variable person_key = {self._literal}")
