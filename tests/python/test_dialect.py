"""Each macro that differs between engines gives what it promises, on DuckDB; tests/spark asks Spark the same."""

from __future__ import annotations

import re

from dialect import CASES, PROJECT, RUNNING_TOTALS, cases_given, running_totals_given


def test_every_case_gives_on_duckdb_what_it_promises(tmp_path):
    assert cases_given(tmp_path, "duckdb") == {name: gives for name, (_, gives) in CASES.items()}


def test_a_running_total_leaves_out_what_does_not_fit(tmp_path):
    assert running_totals_given(tmp_path, "duckdb") == RUNNING_TOTALS


def test_both_engines_say_each_of_the_differences():
    text = {
        name: (PROJECT / "macros" / "dialect" / f"{name}.sql").read_text() for name in ("dispatch", "duckdb", "spark")
    }
    wanted = set(re.findall(r"adapter\.dispatch\('(\w+)'", text["dispatch"]))
    assert len(wanted) > 15
    for engine in ("duckdb", "spark"):
        assert set(re.findall(rf"macro {engine}__(\w+)\(", text[engine])) == wanted, engine
