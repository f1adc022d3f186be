"""Evaluates macros of macros/dialect through dbt, on the engine of a target."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parents[2]
CASES: dict[str, list] = yaml.safe_load((Path(__file__).parent / "dialect_cases.yml").read_text())
KEY = "a-key-of-the-test-suite"
RUNNING_TOTAL = """
select group_no, step_no, cast({{ running_total(
    {'amount': ['amount', 'decimal(18, 2)'], 'most': ['most', 'decimal(18, 2)']},
    'case when so_far.total + this_step.amount <= this_step.most then this_step.amount else 0 end',
    ['group_no'], ['step_no']) }} as {{ dbt.type_string() }}) as total
from (
    select 1 as group_no, 1 as step_no, 80 as amount, 100 as most union all
    select 1, 2, 30, 100 union all select 1, 3, 20, 100 union all select 2, 1, 200, 100
) as steps
"""
# Of 100, 80 are taken; 30 more do not fit and are left out; 20 do. 200 do not fit at all.
RUNNING_TOTALS = {(1, 1): "80.00", (1, 2): "80.00", (1, 3): "100.00", (2, 1): "0.00"}


def show(query: str, work: Path, target: str = "duckdb") -> list[dict]:
    """The rows of a query in Jinja; what `dbt show` prints."""
    key_file = work / "dialect_key"
    key_file.write_text(KEY)
    finished = subprocess.run(
        [Path(sys.executable).with_name("dbt"), "--quiet", "show", "--inline", query, "--output", "json", "--limit",
         "-1", "--target", target, "--target-path", str(work / f"target-{target}")],
        cwd=PROJECT,
        env={**os.environ, "DABING_KEY_FILE": str(key_file), "DABING_DATABASE": str(work / "dialect.duckdb"),
             "DBT_ENV_SECRET_PERSON_KEY": KEY},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout[-4000:]
    return json.loads(finished.stdout[finished.stdout.index("{") :])["show"]


def cases_given(work: Path, target: str) -> dict[str, str | None]:
    """What the engine makes of each case."""
    names = list(CASES)
    columns = ",\n".join(
        f"cast({CASES[name][0]} as {{{{ dbt.type_string() }}}}) as c{number}" for number, name in enumerate(names)
    )
    row = show(f"select {columns} from (select 'x' as a, 'y' as b) as one", work, target)[0]
    return {name: row[f"c{number}"] for number, name in enumerate(names)}


def running_totals_given(work: Path, target: str) -> dict[tuple[int, int], str]:
    """The running totals of RUNNING_TOTAL by group and step."""
    return {(int(row["group_no"]), int(row["step_no"])): row["total"] for row in show(RUNNING_TOTAL, work, target)}
