"""Lint: what does not run on both DuckDB and Spark, or means two things there, stands in macros/dialect or nowhere.

Run by `make lint`. The models and data tests are compiled for DuckDB, with the macros of macros/dialect that stand for
an expression replaced by a call of their own name, and each text is looked through as a tree. No Spark is needed.
What a tree cannot show (a blank in an ORDER BY, a decimal that overflows) is left to the parity test
(`make test-spark`).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import sqlglot
from sqlglot import exp

PROJECT = Path(__file__).resolve().parents[2]
# Macros of macros/dialect that stand for an expression, with the arguments that are expressions themselves.
EXPRESSIONS = {
    "matches": ["text"],
    "as_text": ["expression"],
    "trimmed": ["text"],
    "columns_as_json": [],
    "row_hash": [],
    "person_key": ["person_number"],
    "add_days": ["date", "days"],
    "whole_quotient": ["dividend", "divisor"],
    "running_total": ["step"],
}
# Functions and operators with one meaning on both engines. `concat` is none (a blank part makes it blank on Spark;
# || does so on both), nor is `avg` (a float on DuckDB).
PORTABLE = {
    "abs", "and", "arg_max", "arg_min", "case", "cast", "coalesce", "concat_ws", "count", "exists", "extract",
    "first_value", "floor", "greatest", "if", "isnan", "is_nan", "lag", "last_value", "lead", "least", "left", "length",
    "lower", "max", "max_by", "md5", "min", "min_by", "nullif", "or", "rank", "dense_rank", "replace", "round",
    "row_number", "sign", "substring", "sum", "trim", "try_cast", "upper",
}  # fmt: skip
FORBIDDEN: list[tuple[type[exp.Expression], str]] = [
    (exp.Qualify, "QUALIFY: number the rows in a CTE and filter there"),
    (exp.Pivot, "PIVOT or UNPIVOT: one case expression a column"),
    (exp.Array, "a list: one row a value, or a macro in macros/dialect"),
    (exp.Struct, "a struct: one column a value, or a macro in macros/dialect"),
    (exp.Bracket, "an element by its place: one row a value, or a macro in macros/dialect"),
    (exp.Unnest, "unnest: one row a value from the start, or a macro in macros/dialect"),
    (exp.Explode, "unnest: one row a value from the start, or a macro in macros/dialect"),
    (exp.Lambda, "a lambda: a macro in macros/dialect (running_total)"),
    (exp.Interval, "an interval: add_days, or another macro in macros/dialect"),
    (exp.Div, "division: ratio or whole_quotient; money by / is a float on DuckDB"),
    (exp.IntDiv, "division: whole_quotient"),
    (exp.Mod, "modulo: its sign differs between types; whole_quotient"),
    (exp.Columns, "columns(): name the columns"),
    (exp.RegexpLike, "a regular expression: matches"),
    (exp.SimilarTo, "a regular expression: matches"),
    (exp.ILike, "ilike: lower both sides"),
    (exp.Glob, "glob: like"),
]


def findings(sql: str) -> list[str]:
    """What in a query does not run on both engines; empty when all does."""
    found = []
    bare = re.sub(r"'(?:[^']|'')*'|--[^\n]*", "''", sql)
    if re.search(r"\bvarchar\b", bare, re.I):
        found.append("varchar: dbt.type_string()")
    if "::" in bare:
        found.append("::, a cast of one engine: cast(... as ...)")
    for tree in sqlglot.parse(sql, read="duckdb"):
        for node in tree.walk() if tree else []:
            found += _node_findings(node)
    return list(dict.fromkeys(found))


def _node_findings(node: exp.Expression) -> list[str]:
    found = [says for kind, says in FORBIDDEN if isinstance(node, kind)]
    if isinstance(node, exp.With) and node.args.get("recursive"):
        found.append("a recursive query: running_total, or a fixed number of levels")
    if isinstance(node, exp.Star) and any(node.args.get(name) for name in ("except_", "except", "replace", "rename")):
        found.append("* with exclude, replace or rename: name the columns")
    if isinstance(node, exp.SetOperation) and node.args.get("by_name"):
        found.append("union by name: the same columns in the same order")
    if isinstance(node, exp.Join) and (node.args.get("method") or "").upper() in ("ASOF", "POSITIONAL"):
        found.append("an ASOF or positional join: row_number in a CTE")
    if isinstance(node, exp.Window) and isinstance(node.this, exp.Filter):
        found.append("FILTER on a window: a case expression inside it")
    if isinstance(node, exp.WindowSpec) and (node.args.get("kind") or "").upper() == "GROUPS":
        found.append("a GROUPS frame: rows, or range over whole days")
    if isinstance(node, exp.Order) and isinstance(node.parent, exp.AggFunc):
        found.append("an order inside an aggregate: max_by, or row_number in a CTE")
    if isinstance(node, exp.Identifier) and node.args.get("quoted") and not isinstance(node.parent, exp.Table):
        found.append(f'"{node.name}": a quoted name is a text on Spark; use a name that needs no quotes')
    if isinstance(node, exp.DataType) and node.this in (
        exp.DataType.Type.DOUBLE, exp.DataType.Type.FLOAT, exp.DataType.Type.INT128, exp.DataType.Type.TIMESTAMPTZ,
    ):  # fmt: skip
        found.append(f"{node.sql().lower()}: decimal for amounts, timestamp without zone for times")
    if isinstance(node, exp.Literal) and not node.is_string and re.search(r"[eE]", node.this):
        found.append(f"{node.this}: a float; a quoted cast to decimal")
    if isinstance(node, exp.Func) and not isinstance(node, exp.Cast | exp.TryCast | exp.AggFunc | exp.Connector):
        name = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
        if name not in PORTABLE and not name.startswith("dialect_"):
            found.append(f"{name}(): not known to be the same on both engines; a macro in macros/dialect")
    if isinstance(node, exp.AggFunc | exp.AnonymousAggFunc) and node.sql_name().lower() not in PORTABLE:
        found.append(f"{node.sql_name().lower()}(): not the same on both engines; a macro in macros/dialect")
    if isinstance(node, exp.Select):
        found += _aliases_in_windows(node)
    return found


def _aliases_in_windows(select: exp.Select) -> list[str]:
    """An alias used inside a window of the same SELECT: DuckDB takes it, Spark looks for a column of that name."""
    made = {
        item.alias
        for item in select.expressions
        if isinstance(item, exp.Alias) and not (isinstance(item.this, exp.Column) and item.this.name == item.alias)
    }
    used = {
        column.name
        for window in select.find_all(exp.Window)
        if window.find_ancestor(exp.Select) is select
        for column in window.find_all(exp.Column)
        if not column.table and not _is_own(column, select)
    }
    return [
        f"{name}: an alias inside a window of the same select; give it in a CTE before" for name in sorted(made & used)
    ]


def _is_own(column: exp.Column, select: exp.Select) -> bool:
    """`max(x) over (...) as x`: the inner x is the column, on both engines."""
    alias = column.find_ancestor(exp.Alias)
    return isinstance(alias, exp.Alias) and alias.alias == column.name and alias.parent is select


def neutral_project(target: Path) -> Path:
    """A copy of the project in which what macros/dialect stands for is a call of the macro's name."""
    target.mkdir(parents=True)
    for name in ("dbt_project.yml", "profiles.yml", "models", "tests", "analyses", "seeds", "dabing"):
        (target / name).symlink_to(PROJECT / name)
    shutil.copytree(PROJECT / "macros", target / "macros")
    path = target / "macros" / "dialect" / "duckdb.sql"
    text = path.read_text()
    for name, arguments in EXPRESSIONS.items():
        call = f"dialect_{name}({', '.join('{{ ' + argument + ' }}' for argument in arguments)})"
        text, replaced = re.subn(
            rf"(\{{%- macro duckdb__{name}\([^)]*\) -%\}}).*?(\{{%- endmacro -%\}})",
            lambda found, call=call: f"{found[1]}{call}{found[2]}",
            text,
            flags=re.S,
        )
        assert replaced == 1, name
    path.write_text(text)
    return target


def compiled_texts(work: Path) -> dict[str, str]:
    """Every model and data test of the project as SQL, by its path."""
    project = neutral_project(work / "project")
    raw = work / "raw" / "setl_d"
    raw.mkdir(parents=True)
    required = "setl_id,psn_no,insutype,insu_admdvs,med_type,setl_time,medfee_sumamt,fulamt_ownpay_amt,overlmt_selfpay"
    (raw / "empty.csv").write_text(f"{required},preselfpay_amt,inscp_amt,hifp_pay\n")
    finished = subprocess.run(
        [Path(sys.executable).with_name("dbt"), "--quiet", "compile", "--target-path", str(work / "target")],
        cwd=project,
        env={
            **os.environ,
            "DABING_RAW": str(work / "raw"),
            "DABING_DATABASE": str(work / "lint.duckdb"),
            "DABING_KEY_FILE": str(work / "person_key"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise SystemExit(finished.stdout + finished.stderr)
    compiled = work / "target" / "compiled" / "dabing"
    return {
        str(path.relative_to(compiled)): path.read_text()
        for path in sorted(compiled.rglob("*.sql"))
        # What makes days is each engine's own; analyses are for who reads the published file.
        if path.name != "dim_date.sql" and path.relative_to(compiled).parts[0] != "analyses"
    }


def source_findings() -> list[str]:
    """What must not stand in a file whatever it compiles to: a look at the engine, a fixture in one engine's SQL."""
    found = []
    for folder in ("models", "macros", "tests/data", "tests/generic"):
        for path in sorted((PROJECT / folder).rglob("*.*")):
            name = path.relative_to(PROJECT)
            if "dialect" in name.parts or path.suffix not in (".sql", ".yml"):
                continue
            text = path.read_text()
            if re.search(r"\btarget\.(type|name)\b|adapter\.type\(", text):
                found.append(f"{name}: asks which engine it is; a macro in macros/dialect does that")
            if path.name.endswith("_unit_tests.yml") and re.search(r"format:\s*sql\b", text):
                found.append(f"{name}: a fixture in SQL; rows or CSV are read by both engines")
    return found


def main() -> int:
    """Print what is wrong, a line each; 0 when nothing is."""
    with tempfile.TemporaryDirectory() as work:
        texts = compiled_texts(Path(work))
    told = [f"{name}: {says}" for name, sql in texts.items() for says in findings(sql)] + source_findings()
    for line in told:
        print(line)
    return 1 if told or len(texts) < 100 else 0


if __name__ == "__main__":
    sys.exit(main())
