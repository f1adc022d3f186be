"""Bad input of each kind: a sentence that says what, where and what to do; nothing lost, nothing half-done."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT, copy_project, run_dabing
from policy_rows import settlement, write_csv

from dabing.errors import DabingError
from dabing.preflight import check_raw_files

# What a run leaves beside what it serves.
KEPT = {"person_key", "run.lock", "last-failure.html", "last-failure.json", "dabing.prom"}
GOOD = settlement("S-good", "P-good", "330302", "2021-05-01 10:00:00", Decimal("30000.00"))

CORRECTION = {
    "raw_table": "setl_d",
    "record_key": "S-good",
    "column_name": "setl_time",
    "expected": "20210231",
    "corrected": "2021-05-01 10:00:00",
    "reason": "typing error",
    "corrected_by": "fund office",
    "corrected_at": "2026-11-24",
}


@pytest.fixture
def raw(tmp_path) -> Path:
    """A raw folder with one good settlement, in a project of its own."""
    project = copy_project(tmp_path / "project")
    write_csv(project / "raw" / "setl_d" / "good.csv", [GOOD])
    return project / "raw"


def stopped(raw: Path, served: bool = True) -> str:
    """Run on input that must stop the run; return what it says after seeing that nothing was left or changed."""
    warehouse = raw.parent / "warehouse"
    warehouse.mkdir()
    last_good = b""
    if served:
        with duckdb.connect(str(warehouse / "dabing.duckdb")) as connection:
            connection.execute("create schema quality; create table quality.check_result (run_id varchar)")
        last_good = (warehouse / "dabing.duckdb").read_bytes()
    finished = run_dabing("run", "--raw", raw, "--warehouse", warehouse, project=raw.parent)
    assert finished.returncode == 1, finished.stdout + finished.stderr
    assert "Traceback" not in finished.stderr
    left = {path.name for path in warehouse.iterdir()} - KEPT
    assert left == ({"dabing.duckdb"} if served else set())
    if served:
        assert (warehouse / "dabing.duckdb").read_bytes() == last_good
    return " ".join(finished.stderr.split())


def test_a_folder_that_is_not_there_is_named(tmp_path):
    said = stopped(tmp_path / "nowhere", served=False)
    assert f"{tmp_path / 'nowhere'}: no such folder. Give the folder" in said


def test_an_empty_raw_folder_is_named(tmp_path):
    (tmp_path / "raw").mkdir()
    said = stopped(tmp_path / "raw", served=False)
    assert f"{tmp_path / 'raw'}: there is no file of settlements. Put the Parquet or CSV files" in said


def test_a_truncated_parquet_file_is_named(raw):
    whole = raw / "setl_d" / "whole.parquet"
    duckdb.sql("select 'S1' as setl_id, range as medfee_sumamt from range(10000)").write_parquet(str(whole))
    (raw / "setl_d" / "cut.parquet").write_bytes(whole.read_bytes()[:-400])
    whole.unlink()
    said = stopped(raw)
    assert f"{raw / 'setl_d' / 'cut.parquet'}: not a whole Parquet file" in said
    assert "Deliver it again" in said


def test_a_csv_in_gbk_is_named_with_its_line_and_the_remedy(raw):
    path = raw / "fixmedins_b" / "gbk.csv"
    path.parent.mkdir()
    path.write_bytes("fixmedins_code,fixmedins_name\nH1,ok\nH2,温州医院\n".encode("gbk"))
    said = stopped(raw)
    assert f"{path}: line 3 is not UTF-8 text" in said
    assert "iconv -f GBK -t UTF-8" in said


def test_files_that_cannot_be_read_are_all_named_at_once(raw):
    folder = raw / "setl_d"
    (folder / "nothing.csv").write_bytes(b"")
    (folder / "sheet.xlsx").write_bytes(b"PK")
    (folder / "cut.csv.gz").write_bytes(gzip.compress(b"setl_id\n" + b"1,2,3\n" * 1000)[:-20])
    (folder / "linked.csv").symlink_to(folder / "good.csv")
    (folder / "quote.csv").write_text('setl_id,psn_no\n1,"x\n')
    said = stopped(raw)
    assert f"{folder / 'nothing.csv'}: the file is empty" in said
    assert f"{folder / 'sheet.xlsx'}: neither Parquet nor CSV" in said
    assert f"{folder / 'cut.csv.gz'}: not a whole gzip file" in said
    assert f"{folder / 'linked.csv'}: a link" in said
    assert f"{folder / 'quote.csv'}: line 2 has a quote that is not closed" in said


def test_rows_with_more_values_than_names_are_named_also_where_these_are_blank(raw):
    path = raw / "setl_d" / "thousands.csv"
    path.write_text("setl_id,medfee_sumamt,dise_no,rid\nS1,100.00,,\nS2,1,000.00,,\n")
    said = stopped(raw)
    assert f"{path}: row 2 after the header has more than the 4 values that the header names" in said
    assert "must not hold commas" in said


def test_what_lies_in_the_wrong_place_or_form_is_named(raw):
    (raw / "fee_list_d").write_text("a file")
    (raw / "MDTRT_D").mkdir()
    (raw / "setl_d_2022").mkdir()
    (raw / "psn_info_b.csv").write_text("psn_no\n1\n")
    (raw / "notes").mkdir()
    folder = raw / "setl_d"
    (folder / "semicolons.csv").write_text("setl_id;psn_no\n1;2\n")
    (folder / "wide.csv").write_bytes("setl_id,psn_no\n1,2\n".encode("utf-16"))
    (folder / "reserved.csv").write_text("setl_id,File_Row_Number\n1,2\n")
    said = stopped(raw)
    for name in ("fee_list_d", "MDTRT_D", "setl_d_2022", "psn_info_b.csv"):
        assert said.count(f"{raw / name}: ") == 1
        assert f"{raw / name}: looks like" in said
    assert "notes" not in said
    assert f"{folder / 'semicolons.csv'}: the values are separated by semicolons" in said
    assert f"{folder / 'wide.csv'}: the file is in UTF-16" in said
    assert f"{folder / 'reserved.csv'}: a column is named file_row_number" in said


def test_a_folder_that_cannot_be_looked_into_is_named(raw, monkeypatch):
    """As root every folder can be: the refusal is played."""
    closed = raw / "setl_d" / "closed"
    closed.mkdir()
    scandir = os.scandir

    def refusing(path):
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(DabingError) as stop:
        check_raw_files(raw)
    assert [sentence.split(" (")[0] for sentence in stop.value.sentences] == [
        f"{closed}: the folder cannot be looked into"
    ]


def test_a_missing_required_column_is_named_with_its_file(raw):
    write_csv(raw / "setl_d" / "short.csv", [{name: GOOD[name] for name in GOOD if name != "inscp_amt"}])
    said = stopped(raw)
    assert f"{raw / 'setl_d' / 'short.csv'}: column 'inscp_amt' of table setl_d is missing" in said
    assert "also accepted as inscp_scp_amt" in said
    assert "Export the file again with it" in said


def test_a_csv_line_with_too_few_values_is_named(raw):
    path = raw / "setl_d" / "ragged.csv"
    write_csv(path, [GOOD])
    path.write_text(path.read_text() + "S-ragged,P-good\n")
    said = stopped(raw)
    assert "ragged.csv" in said
    assert "line 3" in said.lower()


def test_a_warehouse_that_something_else_writes_is_left_alone(raw):
    warehouse = raw.parent / "warehouse"
    warehouse.mkdir()
    (warehouse / "dabing.duckdb.wal").write_bytes(b"half")
    finished = run_dabing("run", "--raw", raw, "--warehouse", warehouse, project=raw.parent)
    assert finished.returncode == 1
    assert "another process writes to the warehouse" in " ".join(finished.stderr.split())


def test_a_file_of_something_else_is_not_replaced(raw):
    warehouse = raw.parent / "warehouse"
    warehouse.mkdir()
    with duckdb.connect(str(warehouse / "dabing.duckdb")) as connection:
        connection.execute("create table somebodys (work integer)")
    finished = run_dabing("run", "--raw", raw, "--warehouse", warehouse, project=raw.parent)
    assert finished.returncode == 1
    assert "not a warehouse that can be replaced" in " ".join(finished.stderr.split())


def test_a_settlement_dated_when_no_policy_is_in_force_stops_the_run(raw):
    early = settlement("S-early", "P-early", "330302", "2019-06-01 10:00:00", Decimal("90000.00"))
    write_csv(raw / "setl_d" / "early.csv", [early])
    said = stopped(raw)
    assert "wenzhou_cii" in said
    assert "2019-06-01" in said
    assert "S-early" in said
    assert "seeds/policy" in said


def test_rows_that_cannot_be_used_are_kept_whole_with_their_reason(raw):
    bad = {
        "S-text": {"inscp_amt": "abc"},
        "S-third": {"inscp_amt": "12.345"},
        "S-date": {"setl_time": "20210231"},
        "S-pool": {"insu_admdvs": "999999"},
        "S-type": {"insutype": "777"},
        "S-care": {"med_type": "ZZ"},
        "S-person": {"psn_no": ""},
        "S-minus": {"medfee_sumamt": "-5.00"},
        "#S-hash": {"psn_no": ""},
    }
    reasons = {
        "S-text": "Q04 bad_value: inscp_amt 'abc' is not an amount in yuan with at most two decimals",
        "S-third": "Q04 bad_value: inscp_amt '12.345' is not an amount in yuan with at most two decimals",
        "S-date": "Q04 bad_value: setl_time '20210231' is not a date or time",
        "S-pool": "Q06 unknown_region: 999999",
        "S-type": "Q07 unknown_insurance_type: 777",
        "S-care": "Q08 unknown_care_type: ZZ",
        "S-person": "Q02 missing_person",
        "S-minus": "Q05 negative_total",
        "#S-hash": "Q02 missing_person",
    }
    write_csv(raw / "setl_d" / "bad.csv", [{**GOOD, "setl_id": key, **change} for key, change in bad.items()])
    warehouse = raw.parent / "warehouse"
    warehouse.mkdir()
    duckdb.connect(str(warehouse / "dabing.duckdb")).close()  # Empty, as dbt leaves it when it only parses.
    finished = run_dabing("run", "--raw", raw, "--warehouse", warehouse, project=raw.parent)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    with duckdb.connect(str(warehouse / "dabing.duckdb"), read_only=True) as connection:
        kept = connection.execute("select record_key, reasons, raw_row, source_file from quality.quarantine").fetchall()
        audit = connection.execute(
            "select source_file, delivered, accepted, superseded, void, quarantined from quality.load_audit"
            " where raw_table = 'setl_d' order by 1"
        ).fetchall()
    assert {key: told for key, told, _, _ in kept} == reasons
    assert json.loads(next(row for key, _, row, _ in kept if key == "S-date"))["setl_time"] == "20210231"
    assert {file for *_, file in kept} == {"setl_d/bad.csv"}
    assert audit == [("setl_d/bad.csv", 9, 0, 0, 0, 9), ("setl_d/good.csv", 1, 1, 0, 0, 0)]


def test_values_written_in_another_way_are_understood_and_what_is_not_is_told(raw):
    """Codes that went through floats, blanks beside an alias, identities without an area, corrected fees and values."""
    written = {**GOOD, "inscp_scp_amt": "", "vali_flag": "1"}
    floats = {"insutype": "390.0", "med_type": "21.00", "insu_admdvs": "330302.0"}
    poor = {"psn_no": "P-poor", "insu_admdvs": "610402", "setl_time": "2020-06-01", "hifp_pay": "0"}
    settlements = [
        {**written, "setl_id": "S-floats", "psn_no": "P-floats", **floats, "vali_flag": "1.0"},
        {**written, "setl_id": "S-flag", "psn_no": "P-flag", "vali_flag": "01"},
        {**written, "setl_id": "S-void", "psn_no": "P-void", "vali_flag": "0"},
        {**written, "setl_id": "S-alias", "psn_no": "P-alias", "inscp_amt": " ", "inscp_scp_amt": GOOD["inscp_amt"]},
        {**written, "setl_id": "S-both", "psn_no": "P-both", "inscp_scp_amt": "1.00"},
        {**written, "setl_id": "S-poor", **poor, "medfee_sumamt": "60000", "inscp_amt": "60000"},
        {**written, "setl_id": "S-healed", "psn_no": "P-healed", "setl_time": "20210231"},
    ]
    correction = {**CORRECTION, "record_key": "S-healed"}
    write_csv(
        raw / "correction" / "known.csv",
        [correction, {**correction, "column_name": "dise_no", "expected": "", "corrected": "D1"}],
    )
    identity = {"psn_no": "P-poor", "psn_idet_type": "7101.0", "begntime": "2020-01-01", "insu_admdvs": ""}
    identities = [identity, {**identity, "psn_idet_type": "7999"}]
    movement = {
        "txn_id": "T-fee",
        "scheme_id": "xianyang_cii",
        "insu_admdvs": "610402",
        "insutype": "390.0",
        "benefit_year": "2020",
        "txn_date": "2020-12-01",
        "txn_type": "service_fee",
        "amount": "1000.00",
    }
    movements = [
        movement,
        {**movement, "txn_id": "T-corrected", "amount": "-200.00"},
        {**movement, "txn_id": "T-type", "insutype": "777"},
        {**movement, "txn_id": "T-place", "scheme_id": "wenzhou_cii", "benefit_year": "2021", "txn_date": "2021-12-01"},
    ]
    write_csv(raw / "setl_d" / "written.csv", settlements)
    write_csv(raw / "psn_idet_d" / "identities.csv", identities)
    write_csv(raw / "fund_txn_d" / "movements.csv", movements)
    warehouse = raw.parent / "warehouse"
    finished = run_dabing("run", "--raw", raw, "--warehouse", warehouse, project=raw.parent)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert finished.stderr == ""
    with duckdb.connect(str(warehouse / "dabing.duckdb"), read_only=True) as connection:
        paid = connection.execute("select settlement_id, payout_amount from benefits.fct_payout").fetchall()
        kept = connection.execute("select record_key, reasons from quality.quarantine").fetchall()
        fees = connection.execute(
            "select service_fee_amount from funds.fct_fund_year"
            " where scheme_id = 'xianyang_cii' and region_code = '610402' and benefit_year = 2020"
        ).fetchall()
        warned = connection.execute(
            "select check_name, failing_rows from quality.check_result where suite like 'raw_%' and not success"
        ).fetchall()
        healed = connection.execute("select expected, corrected_rows, source_file from quality.correction").fetchall()
    assert sorted(healed, key=str) == [("20210231", 1, "setl_d/written.csv"), (None, 1, "setl_d/written.csv")]
    alike = dict.fromkeys(("S-healed", "S-good", "S-floats", "S-flag", "S-alias", "S-both"), Decimal("3010.00"))
    assert dict(paid) == {**alike, "S-poor": Decimal("38750.00")}
    assert dict(kept) == {"T-type": "Q07 unknown_insurance_type: 777"}
    assert fees == [(Decimal("800.00"),)]
    assert {("identity_codes_have_a_meaning", 1), ("movement_is_in_the_pool_of_its_scheme", 1)} <= set(warned)


def test_corrections_that_do_not_hold_are_all_named(raw):
    wrong = [
        CORRECTION,
        {**CORRECTION, "record_key": "S-gone"},
        {**CORRECTION, "column_name": "payable"},
        {**CORRECTION, "raw_table": "benefit_term", "record_key": "wenzhou_cii", "column_name": "deductible"},
        {**CORRECTION, "raw_table": "correction", "column_name": "expected"},
        {**CORRECTION, "column_name": "psn_no", "corrected_by": ""},
        {**CORRECTION, "column_name": "med_type", "corrected_at": "soon"},
        *[{**CORRECTION, "column_name": "medfee_sumamt", "corrected": amount} for amount in ("1.00", "2.00")],
    ]
    write_csv(raw / "correction" / "wrong.csv", wrong)
    said = stopped(raw)
    row = "Correction of correction/wrong.csv (setl_d S-good"
    assert f"{row} setl_time): expected '20210231', found '2021-05-01 10:00:00' in setl_d/good.csv." in said
    assert "(setl_d S-gone setl_time): no delivered row has this key." in said
    assert f"{row} payable): no raw table has this column." in said
    assert "(benefit_term wenzhou_cii deductible): no raw table has this column." in said
    assert "(correction S-good expected): no raw table has this column." in said
    assert f"{row} psn_no): reason or corrected_by is blank." in said
    assert f"{row} med_type): corrected_at 'soon' is not a date or time. Write it as YYYY-MM-DD." in said
    assert f"{row} medfee_sumamt): it is written more than once." in said


def test_corrections_under_another_name_are_not_passed_over(raw):
    (raw / "corrections").mkdir()
    with pytest.raises(DabingError, match="looks like correction and would not be read"):
        check_raw_files(raw)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_told_to_end_leaves_nothing(raw, number):
    warehouse = raw.parent / "warehouse"
    running = subprocess.Popen(
        [sys.executable, "-m", "dabing.cli", "run", "--raw", raw, "--warehouse", warehouse],
        cwd=raw.parent,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    # The rows of persons are in the build as soon as there is a file of some size.
    while not any(path.stat().st_size > 500_000 for path in warehouse.glob("build-*/dabing.duckdb*")):
        assert running.poll() is None and time.monotonic() < deadline
        time.sleep(0.1)
    running.send_signal(number)
    _, said = running.communicate(timeout=120)
    assert running.returncode == 128 + number
    assert "Stopped: told to end before it was done. Nothing was published." in " ".join(said.split())
    assert "Traceback" not in said
    assert {path.name for path in warehouse.iterdir()} <= KEPT
    assert "told to end before it was done" in (warehouse / "last-failure.html").read_text()
