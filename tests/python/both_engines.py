"""The lint of `make lint` that keeps the SQL of this project one text for DuckDB and Spark 3.5 or later.

Every model, data test and analysis is compiled with a plain function call in the place of each macro that the engines
say differently (macros/dialect), then parsed and held against the rules below. Neither Spark nor raw files are needed.
What the two engines call alike and do differently with the values at hand, only a comparison of results can show.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.tokens import Token, TokenType

PROJECT = Path(__file__).resolve().parents[2]
DIALECT = Path("macros") / "dialect"
# What only the DuckDB file carries: its macros do nothing on Spark.
DUCKDB_ONLY = Path("macros") / "publish"

# Functions that both engines have under this name and with this meaning. A new one is looked up in both manuals first:
# the same name is not the same meaning (concat and any_value with NULL, regexp_replace, datediff, dayofweek).
FUNCTIONS = re.findall(
    r"\w+",
    """
    abs bit_xor bool_and bool_or cast ceil coalesce concat_ws count cube dense_rank exists extract first_value floor
    greatest grouping isnan lag last_value lead least left length lower lpad max max_by md5 min min_by nullif rank
    replace right round row_number sign split_part substr sum trim try_cast upper
    """,
)
# Words that may stand before a bracket and are no function.
GRAMMAR = re.findall(
    r"\w+",
    """
    all and any as between by case decimal distinct else except filter from having in intersect is join not on or over
    select then union using values when where
    """,
)
TYPES = {"BIGINT", "BOOLEAN", "DATE", "DECIMAL", "INT", "SMALLINT", "TIMESTAMP", "TIMESTAMPNTZ", "TINYINT"}
# What dbt.type_string() is replaced by.
TEXT_TYPE = "dialect_text"
PREFIX = "dialect_"


@dataclass(frozen=True)
class Query:
    """A compiled query: as text, as a tree, and as the words that were written."""

    sql: str
    tree: exp.Expression
    tokens: list[Token]


@dataclass(frozen=True)
class Rule:
    """What a query must not have; ``instead`` says what to do."""

    name: str
    instead: str
    find: Callable[[Query], Iterator[str]]


def said(node: exp.Expression) -> str:
    """A part of a query in one short line."""
    text = " ".join(node.sql("duckdb").split())
    return text if len(text) <= 100 else text[:97] + "..."


def nodes(*kinds: type[exp.Expression], where: Callable[[exp.Expression], bool] = lambda _: True):
    """Finds the parts of a query that are of one of these kinds."""
    return lambda query: (said(node) for node in query.tree.find_all(*kinds) if where(node))


def words(pattern: str):
    """Finds a run of words, in lower case with one blank between two of them."""

    def find(query: Query) -> Iterator[str]:
        text = " ".join(_word(token) for token in query.tokens)
        return (match.group().strip() for match in re.finditer(rf"(?<!\S)(?:{pattern})(?!\S)", text))

    return find


def _word(token: Token) -> str:
    if token.token_type == TokenType.STRING:
        return "''"
    return token.text.lower()


def unknown_functions(query: Query) -> Iterator[str]:
    """Names before a bracket that are not on the list."""
    before = TokenType.ALIAS
    for token, after in zip(query.tokens, query.tokens[1:], strict=False):
        name = token.text.lower()
        if (
            after.token_type == TokenType.L_PAREN
            and re.fullmatch(r"[a-z_]\w*", name)
            and token.token_type not in (TokenType.STRING, TokenType.IDENTIFIER)
            and before != TokenType.ALIAS
            and name not in (*FUNCTIONS, *GRAMMAR)
            and not name.startswith(PREFIX)
        ):
            yield name
        before = token.token_type
    yield from nodes(exp.CurrentDate, exp.CurrentTimestamp, exp.CurrentTime)(query)
    parts = ("year", "quarter", "month", "day")
    yield from nodes(exp.Extract, where=lambda node: node.name.lower() not in parts)(query)


def unknown_types(query: Query) -> Iterator[str]:
    """Types that only one engine has, or that are floats."""
    for node in query.tree.find_all(exp.DataType):
        if node.this == exp.DataType.Type.USERDEFINED and node.args.get("kind") == TEXT_TYPE:
            continue
        if node.this.value not in TYPES:
            yield said(node)
    yield from words(r"(?:as )?(?:decimal|numeric) (?!\()\S+")(query)


def aliases_inside_windows(query: Query) -> Iterator[str]:
    """A window that reads a name which the same SELECT computes, and which is not a column of what it reads, too."""
    for select in query.tree.find_all(exp.Select):
        computed = {
            item.alias.lower()
            for item in select.expressions
            if isinstance(item, exp.Alias)
            and item.alias.lower() not in {column.name.lower() for column in item.this.find_all(exp.Column)}
        }
        windows = [window for item in select.expressions for window in item.find_all(exp.Window)]
        for window in windows + select.args.get("windows", []):
            if window.find_ancestor(exp.Select) is select:
                for column in window.find_all(exp.Column):
                    if not column.table and column.name.lower() in computed:
                        yield f"{column.name} in {said(window)}"


def unreadable_for_spark(query: Query) -> Iterator[str]:
    """What sqlglot, which is kinder than Spark, cannot read as Spark's SQL."""
    try:
        sqlglot.parse_one(query.sql.replace(TEXT_TYPE, "string"), read="spark")
    except sqlglot.errors.SqlglotError as error:
        yield " ".join(re.sub(r"\x1b\[\d+m", "", str(error)).split())[:100]


RULES = [
    Rule(
        "qualify",
        "Number the rows in a CTE and filter in the next one.",
        nodes(exp.Qualify),
    ),
    Rule(
        "filter_on_window",
        "Put the condition in a case inside the aggregate.",
        nodes(exp.Window, where=lambda node: isinstance(node.this, exp.Filter)),
    ),
    Rule(
        "window_frame",
        "Frames are counted in rows, or are ranges over whole numbers; no GROUPS, no intervals.",
        nodes(
            exp.WindowSpec,
            where=lambda node: (node.args.get("kind") or "").lower() == "groups" or node.find(exp.Interval) is not None,
        ),
    ),
    Rule(
        "alias_in_window",
        "Compute the column in a CTE before; Spark does not see it inside a window.",
        aliases_inside_windows,
    ),
    Rule(
        "asof_join",
        "Join on the interval, or take the latest by row_number.",
        nodes(exp.Join, where=lambda node: node.method.lower() in ("asof", "positional")),
    ),
    Rule(
        "pivot",
        "Aggregate a case for each column.",
        nodes(exp.Pivot),
    ),
    Rule(
        "by_name",
        "List the columns on both sides of the union in the same order.",
        nodes(exp.SetOperation, where=lambda node: bool(node.args.get("by_name"))),
    ),
    Rule(
        "star_with_changes",
        "List the columns.",
        nodes(
            exp.Star,
            exp.Columns,
            where=lambda node: (
                isinstance(node, exp.Columns) or any(node.args.get(name) for name in ("replace", "except_", "rename"))
            ),
        ),
    ),
    Rule(
        "quoted_name",
        "Use an English name in lower case, unquoted: Spark reads double quotes as text.",
        nodes(exp.Identifier, where=lambda node: node.quoted and not isinstance(node.parent, exp.Pivot)),
    ),
    Rule(
        "list_or_struct",
        "Keep one row a value; where it cannot be helped, a macro in macros/dialect.",
        nodes(exp.Array, exp.ArrayAgg, exp.Struct, exp.Bracket, exp.Unnest, exp.Explode, exp.Lambda, exp.Dot),
    ),
    Rule(
        "recursive",
        "Write the levels out, up to a number that a test sees to.",
        nodes(exp.With, where=lambda node: bool(node.args.get("recursive"))),
    ),
    Rule(
        "interval",
        "Use add_days or add_months: DuckDB makes a timestamp of a date and an interval.",
        nodes(exp.Interval),
    ),
    Rule(
        "days_between_by_minus",
        "Compare with add_days: a date minus a date is a number on DuckDB and an interval on Spark.",
        nodes(
            exp.Add,
            exp.Sub,
            where=lambda node: any(
                isinstance(side, exp.Cast) and side.is_type("date") for side in (node.left, node.right)
            ),
        ),
    ),
    Rule(
        "division",
        "Use ratio, or whole_quotient: decimals divide as floats on DuckDB.",
        nodes(exp.Div, exp.IntDiv),
    ),
    Rule(
        "number_literal",
        "Write it as a quoted cast, cast('0.05' as decimal(6, 4)): a float makes floats of all that is computed"
        " with it. Comparing with one is fine.",
        nodes(
            exp.Literal,
            where=lambda node: (
                not node.is_string
                and not node.this.isdigit()
                and not (isinstance(node.parent, exp.Predicate) and re.fullmatch(r"[0-9.]+", node.this))
            ),
        ),
    ),
    Rule(
        "type",
        "Use dbt.type_string(), a decimal with its digits, a whole number, date, timestamp or boolean.",
        unknown_types,
    ),
    Rule(
        "escape_in_text",
        "Write the text by the macro sql_text, a pattern by matches: Spark eats backslashes and doubled quotes.",
        lambda query: (
            repr(token.text)
            for token in query.tokens
            if token.token_type == TokenType.STRING and re.search(r"['\\\\]", token.text)
        ),
    ),
    Rule(
        "short_cast",
        "Write cast(... as ...).",
        words("::"),
    ),
    Rule(
        "distinct_on",
        "Number the rows in a CTE and take the first.",
        nodes(exp.Distinct, where=lambda node: node.args.get("on") is not None),
    ),
    Rule(
        "pattern",
        "Use the macro matches, or like over lower(...).",
        nodes(exp.ILike, exp.SimilarTo, exp.RegexpLike, exp.RegexpFullMatch, exp.Glob),
    ),
    Rule(
        "order_by_all",
        "Name the columns.",
        words("order by all"),
    ),
    Rule(
        "last_comma",
        "Take away the comma after the last item.",
        words(r", (?:from|where|group|order|\))"),
    ),
    Rule(
        "from_first",
        "Write select ... from ....",
        words(r"\( from (?!\()\S+|from (?!\()\S+ select"),
    ),
    Rule(
        "function",
        "Take one that both engines have with the same meaning (the list is in tests/python/both_engines.py), or make a"
        " macro in macros/dialect. concat gives NULL with a NULL on Spark only: use || or concat_ws.",
        unknown_functions,
    ),
    Rule(
        "spark_grammar",
        "Say it in the words that both engines have.",
        unreadable_for_spark,
    ),
]


def problems(sql: str) -> Iterator[tuple[Rule, str]]:
    """What is wrong with a compiled query: the rule and the place."""
    # A relation as dbt writes it; its quotes are the adapter's.
    sql = re.sub(r'"(\w+)"\."(\w+)"\."(\w+)"', r"\1.\2.\3", sql)
    query = Query(sql, sqlglot.parse_one(sql, read="duckdb"), list(sqlglot.tokenize(sql, read="duckdb")))
    for rule in RULES:
        for place in dict.fromkeys(rule.find(query)):
            yield rule, place


# What stands in the place of a macro of macros/dialect; any other that dispatches becomes a call with its arguments.
# Left as they are: what is settled before there is SQL, and what both engines say alike.
AS_THEY_ARE = {"kept_table", "can_keep_years", "typed_once", "hold_csv_rows", "assert_engine", "drop_old_versions"}
PLACEHOLDERS = {
    "type_string": TEXT_TYPE,
    "as_text": f"{PREFIX}as_text({{{{ expression }}}})",
    "matches": f"{PREFIX}matches({{{{ text }}}})",
    "columns_as_json": f"{PREFIX}columns_as_json()",
    "row_hash": f"{PREFIX}row_hash({{% for column in columns %}}"
    "{{ row }}.{{ column }}{{ ', ' if not loop.last }}{% endfor %})",
    "is_one_in": f"{PREFIX}is_one_in({{{{ count }}}}{{% for column in columns %}}"
    ", {{ row }}.{{ column }}{% endfor %})",
    "running_total": f"sum({PREFIX}running_total({{{{ step }}}}"
    "{% for value in values.values() %}, cast({{ value[0] }} as {{ value[1] }}){% endfor %})) over ("
    "partition by {{ partition_by | join(', ') }} order by {{ order_by | join(', ') }})",
    # How a text is escaped is the engine's own.
    "sql_text": """'{{ value | replace("'", ' ') }}'""",
    "each_day": f"select {PREFIX}each_day() as date_day",
    "row_number_of": f"{PREFIX}row_number_of(source_row)",
    "files_below": "{{ return([]) }}",
    # Every raw table as text, typed as its contract says, and as floats.
    "raw_files": "{{ return({'parquet': ['typed', 'float'], 'csv': ['text']}) }}",
    "raw_parts": """
        {%- set parts = [] -%}
        {%- for kind in ['text', 'typed', 'float'] -%}
            {%- set types = {} -%}
            {%- for name, column in raw_contract(table_name).items() -%}
                {%- set type = {'text': 'VARCHAR', 'typed': column.type | upper, 'float': 'DOUBLE'}[kind] -%}
                {%- do types.update({name: type}) -%}
            {%- endfor -%}
            {%- do parts.append({'kind': 'csv' if kind == 'text' else 'parquet', 'paths': [kind], 'types': types,
                'names': {kind: types.keys() | list}}) -%}
        {%- endfor -%}
        {{ return(parts) }}""",
    "read_part": "select * from raw_rows",
}


def with_placeholder(name: str, macro_sql: str) -> str:
    """A macro with the body that it has for this lint."""
    head, arguments = re.match(r"\s*({%-?\s*macro\s+\w+\((.*?)\)\s*-?%})", macro_sql, re.DOTALL).groups()
    if name in PLACEHOLDERS:
        body = PLACEHOLDERS[name]
    else:
        names = re.findall(r"(\w+)\s*(?:=[^,]*)?(?:,|$)", arguments)
        body = f"{PREFIX}{name}(" + ", ".join("{{ " + argument + " }}" for argument in names) + ")"
    return f"{head}{body}{{%- endmacro -%}}"


def neutral(manifest) -> None:
    """Put the placeholders into a parsed project."""
    for macro in manifest.macros.values():
        ours = macro.package_name == "dabing" and (
            macro.name == "raw_files"
            or (Path(macro.original_file_path).parent == DIALECT and "adapter.dispatch(" in macro.macro_sql)
        )
        if (ours and macro.name not in AS_THEY_ARE) or (macro.package_name == "dbt" and macro.name == "type_string"):
            macro.macro_sql = with_placeholder(macro.name, macro.macro_sql)


def compiled(project: Path = PROJECT) -> dict[str, str]:
    """The SQL of every model, data test and analysis of a project with the placeholders in it, by file or test."""
    from dbt.cli.main import dbtRunner

    with tempfile.TemporaryDirectory() as work:
        os.environ.update(
            DABING_DATABASE=f"{work}/lint.duckdb", DABING_KEY_FILE=f"{work}/key", DABING_SPILL=f"{work}/spill"
        )
        options = ["--quiet", "--project-dir", str(project), "--profiles-dir", str(project), "--log-path", work]
        options += ["--target-path", f"{work}/target"]
        parsed = dbtRunner().invoke(["parse", *options])
        if not parsed.success:
            raise SystemExit(f"dbt parse failed: {parsed.exception}")
        manifest = parsed.result
        neutral(manifest)
        done = dbtRunner(manifest=manifest).invoke(["compile", *options])
        if not done.success:
            raise SystemExit(f"dbt compile failed: {done.exception or [r.message for r in done.result if r.message]}")
        return {
            f"{node.original_file_path} ({node.name})": node.compiled_code
            for node in (result.node for result in done.result.results)
            if node.resource_type in ("model", "test", "analysis")
        }


def misplaced_dispatches(project: Path = PROJECT) -> Iterator[str]:
    """Differences of engine outside macros/dialect, and macros there that one of the two engines lacks."""
    texts = {path.relative_to(project): path.read_text() for path in (project / "macros").rglob("*.sql")}
    for path, text in sorted(texts.items()):
        if path.parent == DUCKDB_ONLY:
            continue
        if path.parent != DIALECT:
            for word in re.findall(r"adapter\.dispatch\(|target\.type|macro (?:duckdb|spark)__\w+", text):
                yield f"{path}: {word}: what differs between the engines belongs in {DIALECT}."
        for name in re.findall(r"adapter\.dispatch\('(\w+)'", text):
            for engine in ("duckdb", "spark"):
                if not any(f"macro {engine}__{name}(" in other for other in texts.values()):
                    yield f"{path}: {name} has no {engine}__{name}: write it in {DIALECT}/{engine}.sql."
    for folder in ("models", "tests", "analyses"):
        for path in sorted((project / folder).rglob("*.sql")):
            for word in re.findall(r"adapter\.dispatch\(|target\.type|adapter\.type\(\)", path.read_text()):
                yield f"{path.relative_to(project)}: {word}: what differs between the engines belongs in {DIALECT}."


def main() -> int:
    """Print every problem; 1 if there is one."""
    found = list(misplaced_dispatches())
    queries = compiled()
    for name, sql in sorted(queries.items()):
        try:
            found += [f"{name}: {rule.name}: {place}\n    {rule.instead}" for rule, place in problems(sql)]
        except sqlglot.errors.SqlglotError as error:
            found.append(f"{name}: cannot be read: {error}")
    for line in found:
        print(line)
    if found:
        print(f"{len(found)} places would not run on both engines, or not alike.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
