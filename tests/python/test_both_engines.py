"""The lint of both engines finds what it is for, and leaves alone what is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from both_engines import RULES, misplaced_dispatches, neutral, problems, with_placeholder

# By rule: what must be found, and the same said so that both engines take it.
EXAMPLES = {
    "qualify": (
        "select a from t qualify row_number() over (order by a) = 1",
        "select a from (select a, row_number() over (order by a) as place from t) as placed where place = 1",
    ),
    "filter_on_window": (
        "select sum(a) filter (where b > 0) over (partition by c) as s from t",
        "select sum(case when b > 0 then a end) over (partition by c) as s, sum(a) filter (where b > 0) as f from t",
    ),
    "window_frame": (
        "select sum(a) over (order by b groups between 1 preceding and current row) as s from t",
        "select sum(a) over (order by b rows between 1 preceding and current row) as s from t",
    ),
    "alias_in_window": (
        "select a + b as c, sum(d) over (order by c) as s from t",
        "select t.a as c, lower(e) as e, sum(d) over (order by t.c, e) as s from t",
    ),
    "asof_join": (
        "select a.x from a asof join b on a.x >= b.x",
        "select a.x from a inner join b on a.x >= b.x and a.x < b.y",
    ),
    "pivot": (
        "select * from t pivot (sum(b) for a in (1, 2))",
        "select sum(case when a = 1 then b end) as b1, sum(case when a = 2 then b end) as b2 from t",
    ),
    "by_name": (
        "select a, b from t union all by name select b, a from u",
        "select a, b from t union all select a, b from u",
    ),
    "star_with_changes": (
        "select * exclude (a) from t",
        "select *, t.* from t",
    ),
    "quoted_name": (
        'select "a" from t',
        "select a, 'a \"b\"' as b from \"file\".\"schema\".\"t\"",
    ),
    "list_or_struct": (
        "select [a, b] as c from t",
        "select a from t where a in (1, 2) and (a, b) <> (1, 2)",
    ),
    "recursive": (
        "with recursive r as (select 1 as n union all select n + 1 from r where n < 9) select n from r",
        "with r as (select 1 as n union all select 2 as n) select n from r",
    ),
    "interval": (
        "select a + interval 1 day as b from t",
        "select dialect_add_days(a, 1) as b from t",
    ),
    "days_between_by_minus": (
        "select cast(a as date) - cast(b as date) as days from t",
        "select a from t where cast(a as date) < dialect_add_days(cast(b as date), 30)",
    ),
    "division": (
        "select a / 2 as half from t",
        "select dialect_whole_quotient(a, 2) as half from t",
    ),
    "number_literal": (
        "select a * 1.5 as b from t",
        "select a * cast('1.5' as decimal(2, 1)) as b from t where a < 0.5",
    ),
    "type": (
        "select cast(a as varchar) as b from t",
        "select cast(a as dialect_text) as b, cast(c as decimal(18, 2)) as c, cast(d as timestamp) as d from t",
    ),
    "escape_in_text": (
        r"select 'a\d' as b from t",
        "select 'a-d' as b from t",
    ),
    "short_cast": (
        "select a::int as b from t",
        "select cast(a as int) as b from t where c = '::'",
    ),
    "distinct_on": (
        "select distinct on (a) a, b from t order by a, b",
        "select distinct a, b from t",
    ),
    "pattern": (
        "select a from t where a ilike 'x%'",
        "select a from t where lower(a) like 'x%'",
    ),
    "order_by_all": (
        "select a from t order by all",
        "select a, count(*) as n from t group by all order by a",
    ),
    "last_comma": (
        "select a, from t",
        "select a, b from t where c = ', from t'",
    ),
    "from_first": (
        "select a from (from t) as u",
        "select a from (select a from t) as u where b in (select b from u)",
    ),
    "function": (
        "select concat(a, b) as c from t",
        "select a || b as c, concat_ws('|', a, b) as d, count(*) over w as e from (values (1, 2)) as t (a, b)"
        " window w as (order by a)",
    ),
    "spark_grammar": (
        "select cast(a as no_such_type) as b from t",
        "select cast(a as dialect_text) as b from t left semi join u on t.a = u.a",
    ),
}  # fmt: skip

# More of what the rules are for, each under its rule.
FOUND = [
    ("window_frame", "select sum(a) over (order by d range between interval 1 day preceding and current row) from t"),
    ("alias_in_window", "select a + b as c, sum(d) over w as s from t window w as (order by c)"),
    ("star_with_changes", "select * replace (1 as a) from t"),
    ("star_with_changes", "select columns('a.*') from t"),
    ("list_or_struct", "select {'a': 1} as b from t"),
    ("list_or_struct", "select list(a) as b from t"),
    ("list_or_struct", "select unnest(a) as b from t"),
    ("list_or_struct", "select a[1] as b from t"),
    ("division", "select a // 2 as half from t"),
    ("number_literal", "select 1e5 as b from t"),
    ("type", "select cast(a as double) as b from t"),
    ("type", "select cast(a as decimal) as b from t"),
    ("type", "select cast(a as hugeint) as b from t"),
    ("escape_in_text", "select 'it''s' as b from t"),
    ("pattern", "select a from t where a similar to 'x.*'"),
    ("from_first", "from t select a"),
    *(
        ("function", f"select {call} as b from t")
        for call in (
            "strftime(a, '%Y')", "date_trunc('month', a)", "datediff('day', a, b)", "dayofweek(a)", "now()",
            "current_date", "current_timestamp", "string_agg(a, ',')", "listagg(a, ',')", "avg(a)",
            "regexp_replace(a, 'x', 'y')", "struct_pack(a := 1)",
            "starts_with(a, 'x')", "any_value(a)", "extract(isodow from a)", "hash(a)", "no_such_function(a)",
        )
    ),
]  # fmt: skip


def names(sql: str) -> set[str]:
    """The rules that a query breaks."""
    return {rule.name for rule, _ in problems(sql)}


def test_every_rule_has_an_example_and_says_what_to_do() -> None:
    assert EXAMPLES.keys() == {rule.name for rule in RULES}
    assert all(rule.instead.endswith(".") for rule in RULES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_is_found_and_its_better_form_is_not(name: str) -> None:
    found, better = EXAMPLES[name]
    assert name in names(found)
    assert names(better) == set()


@pytest.mark.parametrize(("name", "sql"), FOUND)
def test_other_forms_are_found(name: str, sql: str) -> None:
    assert name in names(sql)


def test_a_dialect_macro_becomes_a_call_whose_arguments_are_still_seen() -> None:
    macro = "\n{%- macro add_days(date, days=1) -%}\n{{- adapter.dispatch('add_days')(date, days) -}}\n{%- endmacro -%}"
    assert with_placeholder("add_days", macro) == (
        "{%- macro add_days(date, days=1) -%}dialect_add_days({{ date }}, {{ days }}){%- endmacro -%}"
    )
    assert "short_cast" in names("select dialect_add_days(a::date, 1) as b from t")


def test_only_the_dialect_is_replaced() -> None:
    class Macro:
        def __init__(self, path: str, sql: str) -> None:
            self.package_name, self.name, self.original_file_path, self.macro_sql = "dabing", "f", path, sql

    class Manifest:
        def __init__(self, *macros: Macro) -> None:
            self.macros = dict(enumerate(macros))

    dispatching = "{%- macro f(a) -%}{{ adapter.dispatch('f')(a) }}{%- endmacro -%}"
    replaced = Macro("macros/dialect/dispatch.sql", dispatching)
    elsewhere = Macro("macros/benefit/f.sql", dispatching)
    plain = Macro("macros/dialect/dispatch.sql", "{%- macro f(a) -%}try_cast({{ a }} as date){%- endmacro -%}")
    neutral(Manifest(replaced, elsewhere, plain))
    assert "dialect_f({{ a }})" in replaced.macro_sql
    assert elsewhere.macro_sql == dispatching
    assert "try_cast" in plain.macro_sql


def test_a_difference_of_engine_stands_in_the_dialect_and_is_said_for_both(tmp_path: Path) -> None:
    def write(path: str, text: str) -> None:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)

    write("macros/dialect/dispatch.sql", "{% macro f(a) %}{{ adapter.dispatch('f', 'dabing')(a) }}{% endmacro %}")
    write("macros/dialect/duckdb.sql", "{% macro duckdb__f(a) %}{{ a }}{% endmacro %}")
    write("macros/publish/only.sql", "{% macro duckdb__only() %}{% endmacro %}")
    assert [line.split(": ")[1] for line in misplaced_dispatches(tmp_path)] == ["f has no spark__f"]
    write("macros/dialect/spark.sql", "{% macro spark__f(a) %}{{ a }}{% endmacro %}")
    assert list(misplaced_dispatches(tmp_path)) == []
    write("macros/benefit/g.sql", "{% macro spark__g(a) %}{{ a }}{% endmacro %}")
    write("models/m.sql", "select {{ 1 if target.type == 'duckdb' else 2 }} as a")
    assert [line.split(":")[0] for line in misplaced_dispatches(tmp_path)] == ["macros/benefit/g.sql", "models/m.sql"]
