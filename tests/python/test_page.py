"""What a run says of itself: page, JSON, metrics and log; none of it names a person or runs a script."""

from __future__ import annotations

import json
import os
import re
import stat
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
from conftest import PROJECT, Build, run_dabing
from policy_rows import settlement, write_csv
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console

from dabing import metrics, page, report
from dabing.checks import CheckResult, published
from dabing.events import Journal, seconds_left
from dabing.run import _test_result

HOSTILE = """<script>alert(1)</script><img src=x onerror="alert(2)">'"{{ 7 * 7 }}\x1b[31m"""
KEY = "a-key-that-must-show-up-nowhere"


class Tags(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data + " "


def assert_harmless(text: str) -> None:
    """No script, nothing from the net or another file, and a policy that forbids both."""
    found = Tags(text)
    assert not {"script", "img", "iframe", "link", "object", "form", "svg"} & {tag for tag, _ in found.tags}
    for _, attributes in found.tags:
        assert not {name for name in attributes if name.startswith("on") or name in ("src", "href", "srcdoc")}
    policies = [
        attributes["content"]
        for tag, attributes in found.tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert len(policies) == 1
    assert policies[0].startswith("default-src 'none'")


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Metrics as Prometheus' own parser reads them; each has its help and type."""
    families = list(text_string_to_metric_families(text))
    assert all(family.documentation and family.type == "gauge" for family in families)
    assert text.count("# HELP ") == text.count("# TYPE ") == len(families)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def account(outcome: str = "failed", **told) -> dict:
    """An account such as a run writes."""
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    return {
        "outcome": outcome,
        "sentences": [HOSTILE],
        "started_at": at,
        "ended_at": at,
        "seconds": 61.0,
        "engine": "duckdb",
        "code_version": "1",
        "input": {"files": 1, "bytes": 5, "changes": {"new": [HOSTILE], "changed": [], "gone": []}},
        "because": ["input"],
        "last_release": None,
        "phases": [{"name": "raw files", "seconds": 1.0, "finished": False, "note": HOSTILE}],
        "nodes": [{"phase": "raw files", "kind": "model", "name": HOSTILE, "status": "success", "seconds": 1.0}],
        "checks": [
            {
                "suite": "raw_setl_d",
                "table": "staging.base_settlement",
                "check": "settlement_id_is_there",
                "rule": "A6",
                "severity": "critical",
                "success": False,
                "failing_rows": 3,
                "examples": HOSTILE,
                "message": HOSTILE,
            }
        ],
        **told,
    }


# --- the sample, which was built without a terminal -----------------------------------------------


@pytest.fixture(scope="module")
def release(sample_build: Build) -> Path:
    """The folder of the sample's release."""
    (folder,) = (sample_build.database.parent / "releases").iterdir()
    return folder


def test_the_page_of_a_release_says_what_came_out(sample_build, release):
    text = (release / "run.html").read_text()
    assert_harmless(text)
    said = " ".join(Tags(text).text.split())
    with duckdb.connect(str(sample_build.database), read_only=True) as connection:
        payouts = connection.execute(
            "select scheme_id, benefit_year, sum(payout_amount) from funds.fct_fund_year group by all"
        ).fetchall()
        reasons = connection.execute(
            "select regexp_extract(reasons, '^Q[0-9]+ [a-z_]+'), count(*) from quality.quarantine group by all"
        ).fetchall()
        warned = connection.execute("select check_name from quality.check_result where not success").fetchall()
    assert payouts and reasons and warned
    for scheme, year, amount in payouts:
        assert re.search(rf"{scheme} {year} .*{amount:,}", said)
    for reason, _ in reasons:
        assert reason in said
    for (check,) in warned:
        assert check.replace("_", " ") in said
    for phase in ("policy and raw tables", "raw border", "benefits and funds", "marts border", "publish"):
        assert phase in said
    assert "Slowest models" in said


def test_the_page_of_a_later_release_says_what_changed(sample_build, tmp_path):
    now = report.facts(sample_build.database)
    (first, *others) = [row for row in now.counties if row["payout_amount"]]
    unpaid = [row for row in now.counties if not row["payout_amount"]]
    less = [*unpaid, {**first, "payout_amount": first["payout_amount"] - Decimal("1234.56")}, *others]
    fewer = [{**row, "delivered": row["delivered"] - 7} for row in now.rows]
    last = replace(now, release={**now.release, "release_number": 41}, counties=less, rows=fewer)
    told = page.Account(Journal("json"), tmp_path, None, "duckdb", "1")
    path = told.published(report.summary(now, last), tmp_path)
    assert path == tmp_path / "run.html"
    assert_harmless(path.read_text())
    said = " ".join(Tags(path.read_text()).text.split())
    assert "County by county, against release 41" in said
    assert "+1,234.56" in said
    assert f"{now.rows[0]['delivered']:,} +7" in said
    changes = json.loads((tmp_path / "run.json").read_text())["largest_changes"]
    assert [row["payout_amount_change"] for row in changes] == ["1234.56"]
    same = told.published(report.summary(now, replace(now, release=last.release)), tmp_path)
    assert "No payout differs from release 41." in Tags(same.read_text()).text


def test_nothing_that_a_run_writes_names_a_person(sample_build, release):
    warehouse = sample_build.database.parent
    text = "".join(
        (path).read_text() for path in (release / "run.html", release / "run.json", warehouse / "dabing.prom")
    )
    with duckdb.connect(str(sample_build.database), read_only=True) as connection:
        persons = connection.execute("select psn_no, psn_name, certno from staging.base_person").fetchall()
    words = {*re.findall(r"\w+", text), *re.findall(r"[\w-]+", text)}
    assert persons
    assert not words & {number for number, *_ in persons}
    assert not words & {certificate for *_, certificate in persons}
    assert not words & {name for _, name, _ in persons if name and len(name) > 1}


def test_the_metrics_are_what_prometheus_reads_and_what_was_served(sample_build):
    found = samples((sample_build.database.parent / "dabing.prom").read_text())
    assert found["dabing_run_success", ()] == 1
    assert found["dabing_release_number", ()] == 1
    assert found["dabing_last_success_timestamp_seconds", ()] == found["dabing_run_end_timestamp_seconds", ()]
    assert abs(datetime.now().timestamp() - found["dabing_run_end_timestamp_seconds", ()]) < 7200
    assert found["dabing_checks_failed", (("severity", "critical"),)] == 0
    with duckdb.connect(str(sample_build.database), read_only=True) as connection:
        warned = connection.execute("select count(*) from quality.check_result where not success").fetchone()
        payouts = connection.execute(
            "select scheme_id, cast(benefit_year as varchar), sum(payout_amount) from funds.fct_fund_year group by all"
        ).fetchall()
        rows = connection.execute("select raw_table, sum(quarantined) from quality.load_audit group by all").fetchall()
    assert found["dabing_checks_failed", (("severity", "warning"),)] == warned[0] > 0
    for scheme, year, amount in payouts:
        assert found["dabing_payout_yuan", (("benefit_year", year), ("scheme", scheme))] == float(amount)
    for table, number in rows:
        assert found["dabing_raw_rows", (("fate", "quarantined"), ("table", table))] == number
    assert any(name == "dabing_run_phase_duration_seconds" for name, _ in found)


def test_what_a_run_leaves_may_be_read_and_not_written(sample_build, release):
    """Under the umask 022 of the build; the key and the lock are for their owner alone."""
    warehouse = sample_build.database.parent
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (*warehouse.iterdir(), *release.iterdir())}
    for name in ("dabing.duckdb", "run.html", "run.json", "dabing.prom"):
        assert modes.pop(name) == 0o444, name
    for name in ("person_key", "run.lock"):
        assert modes.pop(name) == 0o600, name
    assert modes == {"releases": 0o755}


# --- one warehouse with an awkward name: good, unchanged, failed -----------------------------------


@pytest.fixture(scope="module")
def awkward(tmp_path_factory) -> dict:
    """Three runs: one publishes, one finds nothing to do, one fails; what each said and left."""
    top = tmp_path_factory.mktemp("top") / """大病's "raw"; $(touch harm) %41 $1 [1]*"""
    raw, warehouse = top / "raw ?#", top / "ware house"
    write_csv(
        raw / "setl_d" / "a'; drop table x; --.csv",
        [
            settlement("S-good", "P-good", "330302", "2021-05-01 10:00:00", Decimal("30000.00")),
            settlement(HOSTILE.replace("\x1b", ""), "", "330302", "2021-05-01 10:00:00", Decimal("5.00")),
        ],
    )
    told = {"DBT_ENV_SECRET_PERSON_KEY": KEY}
    arguments = ("run", "--raw", raw, "--warehouse", warehouse)
    runs = {"top": top, "raw": raw, "warehouse": warehouse}
    runs["good"] = run_dabing(*arguments, environment=told)
    runs["unchanged"] = run_dabing(*arguments, environment=told)
    runs["metrics of unchanged"] = (warehouse / "dabing.prom").read_text() if warehouse.exists() else ""
    # A settlement before any policy: a critical check.
    early = settlement(
        f"S-early{HOSTILE}".replace("\x1b", ""), "P-3", "330302", "2019-06-01 10:00:00", Decimal("90000.00")
    )
    write_csv(raw / "setl_d" / "b.csv", [early])
    runs["failed"] = run_dabing(*arguments, "--keep-failed", environment=told)
    return runs


def test_quotes_blanks_semicolons_and_chinese_in_paths_do_no_harm(awkward):
    assert awkward["good"].returncode == 0, awkward["good"].stdout + awkward["good"].stderr
    with duckdb.connect(str(awkward["warehouse"] / "dabing.duckdb"), read_only=True) as connection:
        paid = connection.execute("select sum(payout_amount) from benefits.fct_payout").fetchone()
        inputs = connection.execute("select source_file from quality.release_input").fetchall()
    assert paid == (Decimal("3010.00"),)
    assert inputs == [("setl_d/a'; drop table x; --.csv",)]
    assert not list(PROJECT.glob("harm")) and not list(awkward["top"].rglob("harm"))
    assert {path.name for path in awkward["top"].iterdir()} == {"raw ?#", "ware house"}


@pytest.mark.parametrize("mark", "?#")
def test_a_warehouse_that_dbt_would_take_for_a_url_is_named(awkward, tmp_path, mark):
    finished = run_dabing("run", "--raw", awkward["raw"], "--warehouse", tmp_path / f"a{mark}b")
    assert finished.returncode == 1
    assert f"a{mark}b: dbt takes a path with ? or # for a URL. Name another folder" in " ".join(finished.stderr.split())
    assert list(tmp_path.iterdir()) == []


def test_every_event_is_a_line_of_json(awkward):
    for run, last in (("good", "published"), ("unchanged", "nothing_to_do"), ("failed", "failed")):
        events = [json.loads(line) for line in awkward[run].stdout.splitlines()]
        assert events[-1]["event"] == last, run
        assert all(datetime.fromisoformat(event["at"]).tzinfo for event in events)
    events = [json.loads(line) for line in awkward["good"].stdout.splitlines()]
    finished = [event["phase"] for event in events if event["event"] == "phase_finished"]
    assert finished == [
        "raw files",
        "policy and raw tables",
        "raw border",
        "benefits and funds",
        "marts border",
        "publish",
    ]
    assert {"fct_payout", "stg_settlement"} <= {event["name"] for event in events if event["event"] == "built"}
    (summary,) = [event for event in events if event["event"] == "summary"]
    assert [row["payout_amount"] for row in summary["funds"] if row["persons_paid"]] == ["3010.00"]
    assert summary["last_release"] is None


def test_exit_codes_are_those_of_the_handbook(awkward):
    assert [awkward[run].returncode for run in ("good", "unchanged", "failed")] == [0, 0, 1]
    assert run_dabing("run", "--nothing-like-this").returncode == 2
    handbook = (PROJECT / "docs" / "operations.md").read_text()
    told = {int(code) for codes in re.findall(r"^\| ([\d, ]+) \|", handbook, re.MULTILINE) for code in codes.split(",")}
    assert told == {0, 1, 2, 3, 130, 143}


def test_a_failed_run_has_a_page_that_says_why_and_changes_nothing_else(awkward):
    warehouse = awkward["warehouse"]
    text = (warehouse / "last-failure.html").read_text()
    assert_harmless(text)
    said = " ".join(Tags(text).text.split())
    assert "Nothing was published: release 1 of" in said
    assert "every settlement of a covered pool finds its policy" in said
    assert "S-early<script>alert(1)</script>" in said
    assert "1 new : setl_d/b.csv" in said
    assert [path.name for path in (warehouse / "releases").iterdir() if path.name.startswith("000002")] == []
    # What is kept of its build, spill files included, is its owner's only.
    (kept,) = warehouse.glob("failed-*")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700
    told = json.loads((warehouse / "last-failure.json").read_text())
    assert told["outcome"] == "failed"
    assert any(check["severity"] == "critical" and not check["success"] for check in told["checks"])


def test_metrics_of_a_failed_run_raise_the_alarm_and_keep_the_last_success(awkward):
    good = samples(awkward["metrics of unchanged"])
    assert good["dabing_run_success", ()] == 1
    found = samples((awkward["warehouse"] / "dabing.prom").read_text())
    assert found["dabing_run_success", ()] == 0
    assert found["dabing_checks_failed", (("severity", "critical"),)] >= 1
    assert found["dabing_last_success_timestamp_seconds", ()] == good["dabing_run_end_timestamp_seconds", ()]
    assert found["dabing_run_end_timestamp_seconds", ()] > good["dabing_run_end_timestamp_seconds", ()]
    assert found["dabing_release_number", ()] == 1
    assert found["dabing_payout_yuan", (("benefit_year", "2021"), ("scheme", "wenzhou_cii"))] == 3010


def test_the_key_of_the_persons_shows_up_nowhere(awkward):
    for run in ("good", "unchanged", "failed"):
        assert KEY not in awkward[run].stdout + awkward[run].stderr
    written = [path for path in awkward["warehouse"].rglob("*") if path.is_file()]
    logs = [path for folder in ("logs", "target") for path in (PROJECT / folder).rglob("*") if path.is_file()]
    assert written and logs
    for path in written + logs:
        assert KEY.encode() not in path.read_bytes(), path


# --- parts ----------------------------------------------------------------------------------------


def test_hostile_text_stays_text_on_a_page():
    text = page.render(account())
    assert_harmless(text)
    said = Tags(text).text
    assert said.count("<script>alert(1)</script>") >= 5
    assert "{{ 7 * 7 }}" in said
    assert "49" not in said


def test_a_page_is_replaced_whole_and_nobody_may_write_to_it(tmp_path):
    path = tmp_path / "run.html"
    page.write_aside(path, "one")
    page.write_aside(path, "two \udcff")
    assert path.read_text() == r"two \udcff"
    assert stat.S_IMODE(path.stat().st_mode) & 0o222 == 0
    assert list(tmp_path.iterdir()) == [path]


def test_keys_that_name_persons_stay_out_of_log_and_page(capsys):
    journal = Journal("json")
    named = CheckResult(
        "raw_psn_info_b", "staging.base_person", "a_check", "A6", "critical", False, 1, ("psn_no=330302198001011234",),
        "Wrong: 1 in staging.base_person, e.g. psn_no=330302198001011234. Mend it.", names_persons=True,
    )  # fmt: skip
    journal.checked([named])
    said = capsys.readouterr().out + json.dumps(journal.checks)
    assert "330302198001011234" not in said
    assert "Mend it." in said
    conversion = "Conversion Error: Could not convert string '张三' to INT64; key \"psn_no: 330302198001011234\""
    assert "张三" not in page.without_values(conversion)
    assert "3303" not in page.without_values(conversion)
    own = "/raw/a.csv: column 'inscp_amt' of table setl_d is missing. Export the file again with it."
    assert page.without_values(own) == own


@pytest.mark.parametrize(("column", "names_persons"), [("psn_no", True), ("settlement_id", False)])
def test_rows_of_a_data_test_that_name_persons_are_withheld(tmp_path, column, names_persons):
    database = tmp_path / "dabing.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"create table t as select 'P-77' as {column}")
    node = SimpleNamespace(
        name="unique_t",
        description="",
        raw_code="",
        compiled_code=f"select {column} as unique_field, 2 as n_records from t",
        attached_node="model.dabing.t",
        config=SimpleNamespace(severity="warn"),
    )
    result = _test_result(SimpleNamespace(node=node, failures=1), database, "duckdb")
    told = json.dumps(published(result))
    assert ("P-77" in told) is not names_persons
    assert "P-77" in result.message


def test_what_a_terminal_would_obey_is_written_out(capsys):
    journal = Journal("text")
    journal.console = Console(force_terminal=True, width=200)
    journal.tell("x", "a\x1b[31mb [red]c\u202e中文")
    assert capsys.readouterr().out == "a\\u001b[31mb [red]c\\u202e中文\n"
    Journal("json").tell("x", "a\x1b\u202e\xa0\udcff中文")
    assert json.loads(capsys.readouterr().out)["message"] == "a\x1b\u202e\xa0\udcff中文"


def test_a_terminal_shows_the_phase_its_steps_and_the_time_left(capsys):
    journal = Journal("text")
    journal.console = Console(force_terminal=True, width=120)
    journal.last = {"phases": [{"name": "benefits and funds", "seconds": 100.0}, {"name": "publish", "seconds": 20.0}]}
    with journal.shown(), journal.phase("benefits and funds", "Built benefits and funds"):
        journal._steps, journal._done = 40, 30
        journal._show()
        journal._progress.refresh()
    said = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", capsys.readouterr().out)
    assert "benefits and funds" in said
    assert "30 of 40" in said
    # A quarter of 100 seconds and the 20 of the phase to come.
    assert "about 0:45 left" in said
    assert "Built benefits and funds (0 s)" in said


@pytest.mark.parametrize(
    ("expected", "done", "spent", "share", "left"),
    [
        # Nothing is known of a first run but what is done of the phase.
        ({}, {}, 5.0, None, None),
        ({}, {}, 10.0, 0.25, 30),
        # Twice as slow as last time, in the phase at work and in the one to come.
        ({"a": 10.0, "now": 20.0, "z": 5.0}, {"a": 20.0}, 10.0, 0.5, 30),
        # Without steps by the clock, never below 0.
        ({"a": 10.0, "now": 20.0, "z": 5.0}, {"a": 10.0}, 15.0, None, 10),
        ({"a": 10.0, "now": 20.0, "z": 5.0}, {"a": 10.0}, 90.0, None, 5),
        # A phase that was too quick to tell the pace.
        ({"a": 0.01, "now": 20.0}, {"a": 1.0}, 0.0, 0.0, 20),
    ],
)
def test_time_left(expected, done, spent, share, left):
    assert seconds_left(expected, done, "now", spent, share) == left


def test_a_summary_says_what_changed_and_what_is_gone():
    def county(region: str, paid: str) -> dict:
        return {
            "scheme_id": "s",
            "benefit_year": 2021,
            "region_code": region,
            "insurance_type": "390",
            "persons_paid": 1,
            "payout_amount": Decimal(paid),
        }

    def found(number: int, counties: list[dict]) -> report.Facts:
        return report.Facts({"release_number": number}, [], [], [], counties, [])

    told = report.summary(
        found(2, [county("1", "10.00"), county("2", "7.00"), county("3", "5.00")]),
        found(1, [county("1", "10.00"), county("2", "6.00"), county("4", "50.00")]),
    )
    assert [(row["region_code"], row["payout_amount_change"]) for row in told.largest_changes] == [
        ("4", Decimal("-50.00")),
        ("3", Decimal("5.00")),
        ("2", Decimal("1.00")),
    ]
    first = report.summary(found(1, [county("1", "10.00")]), None)
    assert first.largest_changes == [] and first.last is None


def test_labels_of_metrics_are_escaped():
    served = report.Facts(
        {"release_number": 3, "released_at": datetime(2026, 1, 1)},
        [],
        [],
        [{"scheme_id": 'a"\\\nb', "benefit_year": 2021, "payout_amount": Decimal("0.10"), "persons_paid": 1}],
        [],
        [],
    )
    found = samples(metrics.text(account(), served, "5.000"))
    assert found["dabing_payout_yuan", (("benefit_year", "2021"), ("scheme", 'a"\\\nb'))] == 0.1
    assert found["dabing_last_success_timestamp_seconds", ()] == 5
    assert found["dabing_run_success", ()] == 0


def test_a_file_that_cannot_be_written_is_said_and_stops_nothing(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    told = page.Account(Journal("json"), tmp_path, tmp_path / "file" / "dabing.prom", "duckdb", "1")
    assert told.failed(("Something.",)) == tmp_path / "last-failure.html"
    (event,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert event["event"] == "metrics_failed"
    assert os.fspath(tmp_path / "file") in event["message"]
