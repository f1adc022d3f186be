"""What another policy would have paid: scenarios of the seeds as they were built, or numbers given here and now.

A published file carries the SQL of its scenario models and of their tests (``policy.int_scenario_step``). Numbers of
the command line take the place of the seeds' overrides, and that SQL runs again over them, in memory, beside the
published file, which is only read. No rule is written here.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from graphlib import TopologicalSorter
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dabing.database import open_database
from dabing.errors import DabingError, visible

COMMAND_LINE = "command_line"
OPERATIONS = {"=": "set", "+": "add", "-": "add", "*": "multiply"}
# What may stand after the parameter: which category, tier or bound is meant.
PARAMETERS = {
    "deductible": None,
    "annual_limit": None,
    "rate": "tier_no",
    "new_tier": "bound",
    "deductible_factor": "assistance_category",
    "rate_addition": "assistance_category",
    "rate_override": "assistance_category",
    "limit_waived": "assistance_category",
}
RATES = ("rate", "new_tier", "rate_addition", "rate_override")
WORDS = {"none": None, "true": Decimal(1), "false": Decimal(0)}
FORM = re.compile(r"\s*(\w+)\.(\w+)(?:\.([\w.]+?))?\s*([=+*-])\s*(\S+)\s*")
GRAMMAR = (
    "Write SCHEME.PARAMETER=VALUE, with + or - to add and * to multiply in place of =, and which tier, bound or"
    " category after the parameter: xianyang_cii.deductible=9000, xianyang_cii.rate.2+0.05,"
    " xianyang_cii.new_tier.60000=0.75, wenzhou_cii.deductible_factor.extremely_poor=0.4."
)
LEVELS = {(): "scheme", ("county",): "county", ("category",): "category", ("category", "county"): "county_and_category"}
MEASURES = (
    "persons",
    "persons_paid",
    "payout_amount",
    "enacted_persons",
    "enacted_persons_paid",
    "enacted_payout_amount",
    "payout_difference",
)
HEADINGS = {
    "scheme_id": "scheme",
    "region_code": "county",
    "assistance_category": "category",
    "benefit_year": "year",
}
PRINTED = ("enacted_persons_paid", "persons_paid", "enacted_payout_amount", "payout_amount")


@dataclass(frozen=True)
class Override:
    """A row of scenario_override."""

    scheme_id: str
    parameter: str
    operation: str
    value: Decimal | None
    assistance_category: str | None = None
    tier_no: int | None = None
    bound: Decimal | None = None


def whatif(
    served: Path, settings: list[str], scenarios: list[str], by: Iterable[str], as_json: bool, console: Console
) -> None:
    """Print what scenarios would pay: those in the file, or the one that ``settings`` say."""
    level = LEVELS[tuple(sorted(set(by)))]
    if settings and scenarios:
        raise DabingError("Give either --scenario, for one of the seeds, or --set, for numbers of your own.")
    with _open(served) as connection:
        _check_published(connection, served)
        if settings:
            overrides = [_override(connection, setting) for setting in settings]
            _compute(connection, served, overrides)
            scenarios = [COMMAND_LINE]
        else:
            scenarios = _known_scenarios(connection, scenarios)
        told = connection.execute(
            "select scenario_id, description from policy_seed.scenario where list_contains(?, scenario_id) order by 1",
            [scenarios],
        ).fetchall()
        changes = _rows(connection, _changes_sql(), [scenarios])
        results = _rows(connection, _results_sql(level), [scenarios])
    if as_json:
        told = json.dumps({"changes": changes, "results": results}, default=str, ensure_ascii=False, indent=2)
        print(visible(told, longest=None))
        return
    for scenario, description in told:
        of_scenario = [[row for row in rows if row["scenario_id"] == scenario] for rows in (changes, results)]
        _print(console, scenario, description, *of_scenario)


def _open(served: Path) -> duckdb.DuckDBPyConnection:
    """The file, read-only, under another name, behind an empty catalog of its own name that its SQL is run in."""
    if not served.exists():
        raise DabingError(f"{served}: there is no warehouse. Build one with 'dabing run', or name its folder.")
    connection = open_database()
    try:
        connection.execute(f"attach {_text(served)} as served (read_only)")
    except duckdb.Error as error:
        connection.close()
        raise DabingError(
            f"{served}: cannot be read ({str(error).splitlines()[0]}). Wait until what writes to it has ended, or name"
            " the folder of a finished warehouse."
        ) from error
    catalog = _name(served.stem)
    connection.execute(f"attach ':memory:' as {catalog}")
    relations = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = 'served' union all"
        " select schema_name, view_name from duckdb_views() where database_name = 'served' and not internal"
    ).fetchall()
    for schema in {schema for schema, _ in relations}:
        connection.execute(f"create schema if not exists {catalog}.{_name(schema)}")
    # A view of the file reads others through the catalog, so it comes after them. Views over the raw folder cannot be
    # read where that is not there; nothing here needs them.
    waiting = [f"{_name(schema)}.{_name(table)}" for schema, table in relations]
    while waiting:
        left = [relation for relation in waiting if not _stand_in(connection, catalog, relation)]
        if len(left) == len(waiting):
            break
        waiting = left
    connection.execute(f"use {catalog}")
    return connection


def _stand_in(connection: duckdb.DuckDBPyConnection, catalog: str, relation: str) -> bool:
    try:
        connection.execute(f"create view {catalog}.{relation} as select * from served.{relation}")
    except duckdb.Error:
        return False
    return True


def _check_published(connection: duckdb.DuckDBPyConnection, served: Path) -> None:
    try:
        connection.execute("select 1 from policy.int_scenario_step, policy.fct_scenario limit 0")
    except duckdb.Error as error:
        raise DabingError(
            f"{served}: this file has no scenarios; an older version built it, or only a part. Build it with"
            " 'dabing run'."
        ) from error


def _known_scenarios(connection: duckdb.DuckDBPyConnection, scenarios: list[str]) -> list[str]:
    known = _column(connection, "select scenario_id from policy_seed.scenario order by all")
    for scenario in scenarios:
        if scenario not in known:
            raise DabingError(_unknown("scenario", scenario, known))
    if not known:
        raise DabingError("There is no scenario in seeds/policy/scenario.csv. Add one, or give numbers with --set.")
    return scenarios or known


# ---------------------------------------------------------------------------------------------
# What is asked for
# ---------------------------------------------------------------------------------------------


def _override(connection: duckdb.DuckDBPyConnection, setting: str) -> Override:
    """An override out of a setting of the command line; what it names is looked up in the file."""
    found = FORM.fullmatch(setting)
    if not found:
        raise DabingError(f"--set '{setting}' is not understood. {GRAMMAR}")
    scheme_id, parameter, which, sign, text = found.groups()
    schemes = _column(
        connection,
        "select distinct scheme_id from policy.dim_scheme where scheme_kind = 'critical_illness' order by all",
    )
    if scheme_id not in schemes:
        raise DabingError(_unknown("critical illness scheme", scheme_id, schemes))
    if parameter not in PARAMETERS:
        raise DabingError(_unknown("parameter", parameter, list(PARAMETERS)))
    value = _value(setting, parameter, sign, text)
    return Override(scheme_id, parameter, OPERATIONS[sign], value, **_which(connection, setting, parameter, which))


def _value(setting: str, parameter: str, sign: str, text: str) -> Decimal | None:
    if text.lower() in WORDS:
        return WORDS[text.lower()]
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise DabingError(
            f"--set '{setting}': '{text}' is no number. Write it like 9000 or 0.05; none takes a limit away."
        ) from None
    if not value.is_finite() or abs(value) >= 10**12 or value != round(value, 4):
        raise DabingError(f"--set '{setting}': give a number below 10^12 with at most four decimal places.")
    if parameter in RATES and sign != "*" and abs(value) > 1:
        raise DabingError(f"--set '{setting}': a rate is a share of 1; write 70% as 0.7.")
    return -value if sign == "-" else value


def _which(connection: duckdb.DuckDBPyConnection, setting: str, parameter: str, which: str | None) -> dict:
    """The tier, bound or category that is meant, as the column of scenario_override says it."""
    column = PARAMETERS[parameter]
    if which is None:
        if column == "bound":
            raise DabingError(f"--set '{setting}': say where the new tier starts, as in new_tier.60000.")
        return {}
    if column is None:
        raise DabingError(f"--set '{setting}': {parameter} is one for the whole scheme; leave out '.{which}'.")
    if column == "assistance_category":
        categories = _column(connection, "select assistance_category from policy_seed.assistance_category order by all")
        if which not in categories:
            raise DabingError(_unknown("category", which, categories))
        return {column: which}
    if not re.fullmatch(r"\d{1,3}" if column == "tier_no" else r"\d{1,12}(\.\d{1,2})?", which):
        raise DabingError(f"--set '{setting}': '{which}' is no number of a tier or bound. {GRAMMAR}")
    return {column: int(which) if column == "tier_no" else Decimal(which)}


def _unknown(kind: str, name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    guess = f" Did you mean {near[0]}?" if near else ""
    return f"There is no {kind} '{name}'.{guess} There are: {', '.join(known)}."


# ---------------------------------------------------------------------------------------------
# Computing it
# ---------------------------------------------------------------------------------------------


def _compute(connection: duckdb.DuckDBPyConnection, served: Path, overrides: list[Override]) -> None:
    """Put the overrides in the place of the seeds' and run the scenario SQL of the file over them, tests included."""
    seeds = "policy_seed.scenario", "policy_seed.scenario_override"
    for seed in seeds:
        connection.execute(f"drop view {seed}; create table {seed} as select * from served.{seed} limit 0")
    connection.execute(
        "insert into policy_seed.scenario by name select ? as scenario_id, ? as description, 'illustrative' as status",
        [COMMAND_LINE, "Numbers given on the command line."],
    )
    for override in overrides:
        connection.execute(
            "insert into policy_seed.scenario_override by name select ? as scenario_id, ? as scheme_id, ? as parameter,"
            " ? as operation, ? as value, ? as assistance_category, ? as tier_no, ? as bound",
            [COMMAND_LINE, *vars(override).values()],
        )
    steps = {
        name: (kind, schema, sql, parents.split(","))
        for name, kind, schema, sql, parents in connection.execute(
            "select step_name, step_kind, schema_name, step_sql, depends_on from served.policy.int_scenario_step"
        ).fetchall()
    }
    order = TopologicalSorter({name: [one for one in step[3] if one in steps] for name, step in steps.items()})
    order.prepare()
    try:
        while order.is_active():
            # Tests first: a number that makes no ladder is told before anything is paid by it.
            for name in sorted(order.get_ready(), key=lambda name: (steps[name][0] != "test", name)):
                kind, schema, sql, _ = steps[name]
                if kind == "test":
                    _check(connection, sql)
                else:
                    relation = f"{_name(schema)}.{_name(name)}"
                    connection.execute(f"drop view if exists {relation}; create table {relation} as {sql}")
                order.done(name)
    except duckdb.Error as error:
        raise DabingError(f"{served}: these numbers cannot be computed ({str(error).splitlines()[0]}).") from error


def _check(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """A test of the scenario models: its rows are what is wrong, and say so in the column problem."""
    for row in _rows(connection, sql):
        if problem := row.pop("problem", None):
            place = ", ".join(
                f"{name} {value}"
                for name, value in row.items()
                if value is not None and name not in ("scenario_id", "status", "document_id", "article")
            )
            raise DabingError(f"{problem} ({place})".replace(f"{COMMAND_LINE}|", ""))


# ---------------------------------------------------------------------------------------------
# Telling it
# ---------------------------------------------------------------------------------------------


def _changes_sql() -> str:
    """Deductible, limit and ladder, as enacted and in the scenario, where they differ."""
    terms = """
        select scheme_id, insurance_type, assistance_category, valid_from, max(deductible) as deductible,
            max(annual_limit) as annual_limit,
            list({'rate': rate, 'upper_bound': upper_bound} order by tier_no) as ladder
        from policy.SCHEDULE group by all
    """
    return f"""
        with enacted as ({terms.replace("SCHEDULE", "benefit_schedule")}),
        changed as ({terms.replace("SCHEDULE", "int_scenario_schedule")})
        select distinct scenario_schemes.scenario_id, enacted.scheme_id, changed.assistance_category,
            changed.valid_from, enacted.deductible as enacted_deductible, changed.deductible,
            enacted.annual_limit as enacted_annual_limit, changed.annual_limit, enacted.ladder as enacted_ladder,
            changed.ladder
        from changed
        inner join policy.int_scenario_scheme as scenario_schemes
            on changed.scheme_id = scenario_schemes.scenario_scheme_id
        inner join enacted
            on scenario_schemes.scheme_id = enacted.scheme_id and changed.insurance_type = enacted.insurance_type
            and changed.assistance_category = enacted.assistance_category and changed.valid_from = enacted.valid_from
        inner join policy.int_scenario_category_term as category_terms
            on changed.scheme_id = category_terms.scheme_id and changed.insurance_type = category_terms.insurance_type
            and changed.assistance_category = category_terms.assistance_category
            and changed.valid_from = category_terms.valid_from
        where list_contains(?, scenario_schemes.scenario_id)
            and (category_terms.is_modified or changed.assistance_category = 'none')
            and (changed.deductible, changed.annual_limit, changed.ladder)
                is distinct from (enacted.deductible, enacted.annual_limit, enacted.ladder)
        order by all
    """


def _results_sql(level: str) -> str:
    places = {"scheme": (), "county": ("region_code",), "category": ("assistance_category",)}.get(
        level, ("region_code", "assistance_category")
    )
    names = ", ".join(("scenario_id", "scheme_id", *places, "benefit_year", *MEASURES))
    return (
        f"select {names} from benefits.int_scenario_comparison"
        f" where comparison_level = '{level}' and list_contains(?, scenario_id) order by all"
    )


def _print(console: Console, scenario: str, description: str, changes: list[dict], results: list[dict]) -> None:
    console.print(Text(visible(f"\n{scenario}: {description}")))
    _print_changes(console, changes)
    if results:
        _print_results(console, results)
    else:
        console.print("Nobody passes the deductible, as enacted or in the scenario.")


def _print_changes(console: Console, changes: list[dict]) -> None:
    if not changes:
        console.print("Nothing differs from the enacted terms.")
    # Categories with the same terms are told together.
    categories: dict[tuple, list[str]] = {}
    for change in changes:
        told = tuple(
            f"    {name.replace('_', ' ')}: {_shown(change[f'enacted_{name}'])} → {_shown(change[name])}"
            for name in ("deductible", "annual_limit", "ladder")
            if change[name] != change[f"enacted_{name}"]
        )
        categories.setdefault((f"{change['scheme_id']} from {change['valid_from']}", told), []).append(
            change["assistance_category"]
        )
    for (place, told), names in categories.items():
        console.print(Text(visible("\n".join((f"{place}, {', '.join(names)}", *told)))))


def _print_results(console: Console, results: list[dict]) -> None:
    table = Table(title="Paid, and what would have been paid, in yuan (illustrative)", title_justify="left")
    places = [name for name in HEADINGS if name in results[0]]
    for name in places:
        table.add_column(HEADINGS[name])
    for name in ("persons paid", "scenario", "payouts", "scenario", "difference"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in results:
        table.add_row(
            *(Text(visible(str(row[name]))) for name in places),
            *(_shown(row[name]) for name in PRINTED),
            f"{row['payout_difference']:+,}",
        )
    console.print(table)


def _shown(value: object) -> str:
    """An amount, a text, or a ladder above the deductible."""
    if value is None:
        return "none"
    if isinstance(value, list):
        return ", ".join(
            f"{(tier['rate'] * 100).normalize():f}% " + (f"to {bound:,}" if (bound := tier["upper_bound"]) else "above")
            for tier in value
        )
    return value if isinstance(value, str) else f"{value:,}"


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, parameters: list | None = None) -> list[dict]:
    found = connection.execute(sql, parameters or [])
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _column(connection: duckdb.DuckDBPyConnection, sql: str) -> list[str]:
    return [row[0] for row in connection.execute(sql).fetchall()]


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
