"""docs/fund-year.md: every query of the page is run on the sample and prints what the page shows."""

from __future__ import annotations

import re

import duckdb
import pytest
from conftest import PROJECT

PAGE = PROJECT / "docs" / "fund-year.md"
EXAMPLE = re.compile(r"```sql\n(.*?)```\n\n?```\n(.*?)```", re.DOTALL)


def printed(cursor: duckdb.DuckDBPyConnection) -> str:
    """A result as the page shows it: names, then one line a row, columns as wide as they need to be."""
    rows = [[name for name, *_ in cursor.description]]
    rows += [["" if value is None else str(value) for value in row] for row in cursor.fetchall()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(value.ljust(width) for value, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(lines) + "\n"


def examples() -> list[tuple[str, str]]:
    return EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def warehouse(sample_build):
    with duckdb.connect(str(sample_build.database), read_only=True) as connection:
        yield connection


def test_every_query_of_the_page_has_its_result_beside_it():
    assert len(examples()) == PAGE.read_text(encoding="utf-8").count("```sql") > 8


@pytest.mark.parametrize("number", range(len(examples())))
def test_a_query_of_the_page_prints_what_the_page_shows(warehouse, number):
    query, shown = examples()[number]
    assert printed(warehouse.execute(query)) == shown
