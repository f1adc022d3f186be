"""Hostile input: formulas, SQL, templates and markup stay text; what is no table is named; nothing is run."""

from __future__ import annotations

import csv
import gzip
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT, copy_project, run_dabing
from policy_rows import settlement, write_csv

from dabing.errors import DabingError, visible
from dabing.preflight import check_raw_files

VALUES = (
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "'; drop table benefits.fct_payout; --",
    "\"; attach 'x.duckdb'; select \"1",
    "first line\nsecond line",
    'a "quoted" value, with a comma',
    "{{ 1 / 0 }}{% raw %}{{ env_var('HOME') }}",
    "$(touch pwned) `touch pwned` ${HOME} %(x)s %s",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "[red]markup[/] [/unopened] [link=file:///etc/passwd]x[/link]",
    "../../../../etc/passwd",
    "\\x41\\n\\u202e",
    "ends in a backslash \\",
    "NULL",
    "𝔘𝔫𝔦code 数据 🚑",
    "\x1b[31mred\x1b]0;title\x07 turned \u202e round",
    "x" * 60_000,
)
COLUMNS = ("'; drop table x; --", '"quoted"', "{{ 1 / 0 }}", "=1+1", "select", "a.b", "列")
NAMES = (
    "'; drop table x; --.csv",
    '"$(touch pwned)".csv',
    "{{ 1.x }} {% raw %}.csv",
    "[a]*?{b,c}.csv",
    "=cmd|calc.csv",
)
# Two folders that are one closing tag to what writes colours.
MARKUP = "[/red] warehouse"
LARGE = "大" + "x" * 10_000_000


@dataclass(frozen=True)
class Hostile:
    """A published build of hostile raw files and hostile seeds."""

    warehouse: Path
    project: Path
    told: str

    def rows(self, query: str) -> list[tuple]:
        with duckdb.connect(str(self.warehouse / "dabing.duckdb"), read_only=True) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Hostile:
    """Each value as the number of a settlement that is paid 3,010.00, and as one that cannot be used; one build."""
    folder = tmp_path_factory.mktemp("hostile")
    raw = folder / "raw"
    good = settlement("S-good", "P-good", "330302", "2021-05-01 10:00:00", Decimal("30000.00"))
    surplus = dict.fromkeys(COLUMNS, VALUES[0])
    for number, value in enumerate(VALUES):
        row = {**good, **surplus, "setl_id": value, "psn_no": f"P-{number}"}
        refused = {**good, **surplus, "setl_id": f"S-{number}", "medfee_sumamt": value}
        write_csv(raw / "setl_d" / "'; sub [folder]" / f"{number}-{NAMES[number % len(NAMES)]}", [row, refused])
    with (raw / "setl_d" / "bom.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(good))
        writer.writeheader()
        writer.writerow({**good, "setl_id": "S-bom", "psn_no": "P-bom"})
    places = [{"fixmedins_code": "H1", "fixmedins_name": LARGE}]
    places += [{"fixmedins_code": f"V{number}", "fixmedins_name": value} for number, value in enumerate(VALUES)]
    write_csv(raw / "fixmedins_b" / "places.csv", places)
    project = copy_project(folder / "project", hostile_seeds(folder / "seeds"))
    warehouse = folder / MARKUP
    finished = run_dabing("run", "--raw", raw, "--warehouse", warehouse, project=project)
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-3000:]
    return Hostile(warehouse, project, finished.stdout + finished.stderr)


# There are fewer scenarios than values, and their texts are printed: markup, and what steers a terminal.
PRINTED = {"scenario": (VALUES[11], VALUES[17])}


def hostile_seeds(target: Path) -> Path:
    """The seeds with the values in every place that holds free text."""
    shutil.copytree(PROJECT / "seeds", target)
    for seed, columns in {
        "policy_document": ("title", "title_zh", "issuer"),
        "scheme": ("scheme_name", "scheme_name_zh", "article"),
        "region": ("region_name", "region_name_zh"),
        "benefit_term": ("article",),
        "benefit_tier": ("article",),
        "scenario": ("description",),
    }.items():
        path = target / "policy" / f"{seed}.csv"
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        values = PRINTED.get(seed, VALUES)
        for number, row in enumerate(rows):
            for column in columns:
                if row.get(column):
                    row[column] = values[number % len(values)]
        write_csv(path, rows)
    return target


def test_every_value_is_paid_and_shown_as_it_was_delivered(hostile):
    paid = dict(hostile.rows("select settlement_id, payout_amount from benefits.fct_payout"))
    assert paid == dict.fromkeys((*VALUES, "S-bom"), Decimal("3010.00"))
    names = dict(hostile.rows("select institution_code, institution_name from shared.dim_institution"))
    assert names == {"H1": LARGE, **{f"V{number}": value for number, value in enumerate(VALUES)}}


def test_every_row_that_cannot_be_used_is_kept_whole(hostile):
    kept = dict(hostile.rows("select record_key, raw_row from quality.quarantine where raw_table = 'setl_d'"))
    assert set(kept) == {f"S-{number}" for number in range(len(VALUES))}
    for number, value in enumerate(VALUES):
        row = json.loads(kept[f"S-{number}"])
        assert row["medfee_sumamt"] == value
        assert {name: row[name.lower()] for name in COLUMNS} == dict.fromkeys(COLUMNS, VALUES[0])
    reasons = [reason for (reason,) in hostile.rows("select reasons from quality.quarantine")]
    assert all("Q04 bad_value: medfee_sumamt '" in reason and len(reason) < 300 for reason in reasons)
    files = {file.split("-", 1)[1] for (file,) in hostile.rows("select distinct source_file from quality.quarantine")}
    assert files == set(NAMES)


def test_seeds_are_text_too(hostile):
    titles = {title for (title,) in hostile.rows("select title from policy.policy_document")}
    assert titles <= set(VALUES) and len(titles) > 3
    regions = {name for (name,) in hostile.rows("select region_name from shared.dim_region")}
    assert regions <= set(VALUES) and len(regions) == len(VALUES)


def test_copies_hold_the_same_text(hostile, tmp_path):
    copied = run_dabing("export", tmp_path / "copies", "--warehouse", hostile.warehouse)
    assert copied.returncode == 0, copied.stderr
    payouts = duckdb.read_parquet(str(tmp_path / "copies" / "benefits" / "fct_payout.parquet"))
    assert {key for (key,) in payouts.select("settlement_id").fetchall()} == {*VALUES, "S-bom"}
    names = duckdb.read_parquet(str(tmp_path / "copies" / "shared" / "dim_institution.parquet"))
    assert LARGE in {name for (name,) in names.select("institution_name").fetchall()}
    # As text and as CSV of DuckDB, what comes back is what went in.
    payouts.select("settlement_id").write_csv(str(tmp_path / "copy.csv"))
    with (tmp_path / "copy.csv").open(newline="") as file:
        assert {row["settlement_id"] for row in csv.DictReader(file)} == {*VALUES, "S-bom"}


@pytest.mark.parametrize("number", [0, 4, 6, 8, 11, 17])
def test_a_settlement_of_any_name_is_explained(hostile, number):
    told = run_dabing("explain", VALUES[number], "--warehouse", hostile.warehouse)
    assert told.returncode == 0, told.stderr
    assert "3,010.00" in told.stdout
    assert "\x1b" not in told.stdout and "\u202e" not in told.stdout


def test_what_the_commands_print_is_text_and_their_folders_have_any_name(hostile, tmp_path):
    place = ["--warehouse", hostile.warehouse]
    for command in (["whatif"], ["whatif", "--json"], ["releases"], ["cases", "--directory", tmp_path / MARKUP]):
        told = run_dabing(*command, *place)
        assert told.returncode == 0, told.stderr
        assert "\x1b" not in told.stdout and "\u202e" not in told.stdout
        assert command != ["whatif"] or (VALUES[11] in told.stdout and "\\u001b[31mred" in told.stdout)
    assert MARKUP in " ".join(told.stderr.split())


def test_nothing_was_run_and_the_terminal_is_not_steered(hostile):
    assert not list(hostile.warehouse.parent.rglob("pwned"))
    assert not (PROJECT / "pwned").exists()
    assert "\x1b" not in hostile.told and "\u202e" not in hostile.told
    assert len(hostile.told) < 100_000


def test_what_is_no_table_is_named(tmp_path):
    folder = tmp_path / "setl_d"
    folder.mkdir()
    good = b"setl_id,psn_no\nS1,P1\n"
    files = {
        "twice.csv.gz": (gzip.compress(gzip.compress(good)), "what it holds is no CSV but gzip once more"),
        "sheet.csv": (b"PK\x03\x04" + good, "what it holds is no CSV but a zip or a spreadsheet"),
        "zero.csv": (good + b"S2,P\x002\n", "line 3 holds a zero byte"),
        "names.csv": (b"a" * 2_000_000, "the first line is longer than any column names are"),
        "open.csv": (b'"setl_id,psn_no\n' + b"S1,P1\n" * 50_000, "the first line is longer than any column names are"),
        "line.csv": (good + b"S2," + b"0" * 21_000_000, "line 3 is longer than 20 MB"),
        # A hundred kilobytes that unpack to a hundred million bytes.
        "bomb.csv.gz": (gzip.compress(good + b"S2," + b"0" * 100_000_000), "line 3 is longer than 20 MB"),
        "column.csv": (b"setl_id,Typed_inscp_amt\n1,2\n", "a column is named typed_inscp_amt, which reading needs"),
        "errors.csv": (b"setl_id,dabing_errors\n1,2\n", "a column is named dabing_errors, which reading needs"),
        "steer\x1b[31m.csv": (good, "the name holds characters that cannot be printed"),
        "two\nlines.csv": (good, "the name holds characters that cannot be printed"),
    }
    for name, (content, _) in files.items():
        (folder / name).write_bytes(content)
    (folder / os.fsdecode(b"\xb2\xa1.csv")).write_bytes(good)
    os.mkfifo(folder / "pipe.csv")
    (tmp_path / "outside").mkdir()
    (folder / "linked").symlink_to(tmp_path / "outside")
    (tmp_path / "psn_info_b").symlink_to(tmp_path / "outside")
    with pytest.raises(DabingError) as stop:
        check_raw_files(tmp_path)
    told = "\n".join(stop.value.sentences)
    for name, (_, sentence) in files.items():
        assert f"{folder / visible(name)}: {sentence}".replace("\n", "\\n") in told.replace("\n", "\\n")
    assert f"{folder / 'pipe.csv'}: no file but a pipe" in told
    assert f"{folder / 'linked'}: a link" in told
    assert f"{tmp_path / 'psn_info_b'}: a link; what lies outside the raw folder is not read" in told
    assert len(stop.value.sentences) == len(files) + 4
    assert "\x1b" not in told
    told.encode()


def test_a_bomb_is_read_in_little_memory(tmp_path):
    (tmp_path / "setl_d").mkdir()
    packed = gzip.compress(b"setl_id\n") + 20 * gzip.compress(b"0" * 10_000_000)
    (tmp_path / "setl_d" / "bomb.csv.gz").write_bytes(packed)
    script = (
        "import re, sys; from pathlib import Path; from dabing.errors import DabingError\n"
        "from dabing.preflight import check_raw_files\n"
        "try:\n    check_raw_files(Path(sys.argv[1]))\nexcept DabingError as error:\n    print(error)\n"
        # Of this program alone: ru_maxrss would count the one that started it.
        "print(int(re.search(r'VmHWM:\\s+([0-9]+)', Path('/proc/self/status').read_text())[1]) // 1024)"
    )
    finished = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=True,
    )
    said, megabytes = finished.stdout.strip().rsplit("\n", 1)
    assert "line 2 is longer than 20 MB" in said
    # 200 MB unpacked; DuckDB and Python alone take half of this.
    assert int(megabytes) < 350


def test_text_from_outside_is_shown_and_not_obeyed():
    assert visible("\x1b[31mred\x07 \u202eturned") == "\\u001b[31mred\\u0007 \\u202eturned"
    assert visible("a\tb\nc") == "a\tb\nc"
    assert visible("x" * 5000) == "x" * 4000 + "… (1,000 more characters)"
