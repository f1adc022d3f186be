"""The sample is the same for the same seed, looks like a real population, and its manifest says what is in it."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import duckdb
import oracle
import pytest

from dabing import sample, sample_sql
from dabing.errors import DabingError

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
MEAN = "select avg(medfee_sumamt) from stay where"
FUNDS = "hifp_pay + cvlserv_pay + hifes_pay + hifmi_pay + hifob_pay + hifdm_pay + maf_pay + othfund_pay"


def write(folder: Path, persons: int = 300, seed: int = 1, **options) -> dict:
    return sample.write_sample(folder, persons=persons, seed=seed, progress=False, **options)


def rows(raw: Path) -> Counter:
    """Every row of every file as text under its table, whatever file it stands in."""
    found: Counter = Counter()
    for table in sample.COLUMNS:
        for path in sorted((raw / table).rglob("*.parquet")):
            relation = duckdb.sql(f"select * from read_parquet('{path}', hive_partitioning = false)")
            names = [name for name in sample.COLUMNS[table] if name in relation.columns]
            found.update((table, *map(str, row)) for row in relation.select(*names).fetchall())
        for path in sorted((raw / table).rglob("*.csv.gz")):
            relation = duckdb.sql(f"from read_csv('{path}', all_varchar = true)")
            found.update((table, *map(str, row)) for row in relation.fetchall())
    return found


def digests(raw: Path) -> dict[str, str]:
    """Every file of a folder with the hash of its bytes."""
    return {
        str(path.relative_to(raw)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in raw.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    raw = tmp_path_factory.mktemp("small") / "raw"
    write(raw, threads=1)
    return raw


@pytest.fixture(scope="module")
def manifest(sample_raw) -> dict:
    return json.loads((sample_raw / sample.MANIFEST).read_text())


@pytest.fixture(scope="module")
def con(sample_raw, tmp_path_factory) -> duckdb.DuckDBPyConnection:
    """The default sample as views: `raw_<table>` all that is typed, `bulk` the settlements of the bulk."""
    connection = duckdb.connect()
    for table in sample.COLUMNS:
        files = [str(path) for path in (sample_raw / table).rglob("*.parquet") if "delivery=text" not in str(path)]
        connection.execute(f"""
            create table raw_{table} as
            select * from read_parquet({files}, union_by_name = true, hive_partitioning = false, filename = true)""")
    connection.execute("""
        create view bulk as select *, filename from raw_setl_d where filename not like '%plants%';
        create view clean as
            select * from bulk where vali_flag = '1' and setl_time is not null and insu_admdvs <> '999900'
                and med_type <> '99';
        create view stay as select *, insutype = '310' as employee, year(setl_time) as settled_in from clean
            where med_type like '2%' and init_setl_id is null and filename not like '%delivery=again%'
                and filename not like '%migration%'""")
    return connection


def one(con: duckdb.DuckDBPyConnection, query: str):
    return con.sql(query).fetchone()[0]


def test_the_same_seed_gives_the_same_files(small, tmp_path):
    write(tmp_path / "raw", threads=1)
    assert digests(tmp_path / "raw") == digests(small)


def test_threads_and_chunks_do_not_change_the_rows(small, tmp_path):
    write(tmp_path / "raw", threads=3, chunk=160)
    assert rows(tmp_path / "raw") == rows(small)


def test_more_persons_leave_the_first_ones_as_they_are(small, tmp_path):
    write(tmp_path / "raw", persons=350)
    missing = rows(small) - rows(tmp_path / "raw")
    # the money of the funds follows the number of the insured
    assert {row[0] for row in missing} == {"fund_txn_d"}


def test_another_seed_gives_another_bulk_and_the_same_scripted_persons(small, tmp_path):
    write(tmp_path / "raw", seed=2)
    other, same = rows(tmp_path / "raw"), rows(small)
    scripted = {row for row in same if any(value.startswith("PLANT") for value in row)}
    assert scripted and scripted <= set(other)
    settlements = {row for row in same if row[0] == "setl_d"} - scripted
    assert not settlements & set(other)


def test_the_oracle_finds_what_the_manifest_says(small):
    """Rows accepted and refused, reasons, and every payout that the script states, by the rules a second time."""
    manifest = json.loads((small / sample.MANIFEST).read_text())
    result = oracle.compute(small, SEEDS)
    reasons = Counter((row.table, reason) for row in result.quarantine for reason in row.reasons)
    for table, expected in manifest["tables"].items():
        audit = result.audits[table]
        found = {name: getattr(audit, name) for name in ("delivered", "accepted", "superseded", "void", "quarantined")}
        assert found == {name: expected[name] for name in found}, table
        assert {key[1]: n for key, n in reasons.items() if key[0] == table} == expected["quarantined_by_reason"], table
    paid = {row.settlement_id: row.payout_amount for row in result.payouts}
    wrong = {
        settlement: (amount, paid.get(settlement))
        for case in manifest["cases"].values()
        for settlement, amount in case["expected_payout"].items()
        if paid.get(settlement, Decimal(0)) != Decimal(amount)
    }
    assert not wrong
    assert sum(len(case["expected_payout"]) for case in manifest["cases"].values()) > 400


def test_every_reason_and_every_case_is_there(manifest):
    assert set(manifest["tables"]["setl_d"]["quarantined_by_reason"]) == {f"Q{number:02}" for number in range(1, 12)}
    assert all(case["count"] > 0 for case in manifest["cases"].values())
    assert all(number > 0 for number in manifest["dirt"].values())
    every_table = [table["quarantined"] > 0 for table in manifest["tables"].values()]
    assert all(every_table)


def test_the_manifest_counts_the_rows_of_the_files(sample_raw, manifest):
    for table, expected in manifest["tables"].items():
        paths = [path for path in (sample_raw / table).rglob("*") if path.is_file()]
        assert len(paths) == expected["files"]
        delivered = void = 0
        for path in paths:
            reader = f"read_csv('{path}', all_varchar = true)" if path.suffix == ".gz" else f"'{path}'"
            counts = duckdb.sql(f"select count(*), count(*) filter (vali_flag <> '1') from {reader}").fetchone()
            delivered, void = delivered + counts[0], void + counts[1]
        assert (delivered, void) == (expected["delivered"], expected["void"]), table
        parts = ("accepted", "void", "superseded", "quarantined")
        assert expected["delivered"] == sum(expected[part] for part in parts)


@pytest.mark.parametrize(
    ("dirt", "table", "condition"),
    [
        ("void_row", "bulk", "vali_flag = '0'"),
        ("Q03", "bulk", "setl_time is null"),
        ("Q06", "bulk", "insu_admdvs = '999900'"),
        ("Q08", "bulk", "med_type = '99'"),
        ("redelivered", "bulk", "rid like '%-2'"),
        ("migration_row", "bulk", "rid like '%-QY'"),
        ("late_row", "bulk", "filename like '%delivery=late%'"),
        ("reversals", "clean", "init_setl_id is not null"),
        ("reversal_of_reversal", "clean", "init_setl_id in (select setl_id from clean where init_setl_id is not null)"),
        ("year_disagrees", "bulk", "rid like '%-1' and year <> coalesce(year(setl_time)::varchar, year)"),
        ("retired_district", "bulk", "rid like '%-1' and insu_admdvs in ('330322', '610427', '220381')"),
        ("district_replaced_by_city", "bulk", "rid like '%-1' and insu_admdvs like '%00' and insu_admdvs <> '999900'"),
        (
            "test_hospital",
            "bulk",
            """rid like '%-1' and fixmedins_code in
            (select fixmedins_code from raw_fixmedins_b where fixmedins_name like '%测试%')""",
        ),
        ("not_insured", "bulk", "rid like '%-1' and psn_no not in (select psn_no from raw_psn_insu_d)"),
        ("visit_without_diagnosis", "raw_mdtrt_d", "dscg_maindiag_code is null and filename not like '%plants%'"),
        ("identity_without_end", "raw_psn_idet_d", "endtime is null and filename not like '%plants%'"),
        ("swapped_columns", "clean", f"rid like '%-1' and fund_pay_sumamt <> {FUNDS}"),
        ("stays_over_400k", "bulk", "rid like '%-1' and med_type between '21' and '59' and medfee_sumamt > 400000"),
        (
            "level_written_otherwise",
            "raw_fee_list_d",
            """chrgitm_lv not in ('01', '02', '03')
            and filename not like '%plants%'""",
        ),
        ("line_without_type", "raw_fee_list_d", "list_type is null and filename not like '%plants%'"),
    ],
)
def test_each_dirt_of_the_bulk_is_counted(con, manifest, dirt, table, condition):
    assert one(con, f"select count(*) from {table} where {condition}") == manifest["dirt"][dirt]


def test_the_identities_hold_on_clean_rows(con, manifest):
    """Rule A5; only rows with swapped columns break one."""
    for identity in (
        "medfee_sumamt = fulamt_ownpay_amt + overlmt_selfpay + preselfpay_amt + inscp_amt",
        f"{FUNDS} = if(swapped, psn_pay, fund_pay_sumamt)",
        "medfee_sumamt = fund_pay_sumamt + psn_pay + ownpay_hosp_part",
        "cash_payamt = if(swapped, fund_pay_sumamt, psn_pay) - acct_pay",
        "least(abs(hifp_pay), abs(trafout_preselfpay_amt), psn_pay * sign(medfee_sumamt)) >= 0",
        "abs(trafout_preselfpay_amt) <= abs(preselfpay_amt) and abs(hifp_pay) <= abs(inscp_amt)",
        "enddate >= begndate and setl_time >= enddate",
    ):
        broken = f"""
            select count(*) from (select *, fund_pay_sumamt <> {FUNDS} as swapped from clean) where not ({identity})"""
        assert one(con, broken) == 0, identity


def test_lines_add_up_to_their_settlement(con):
    columns = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_amt")
    sums = ", ".join(f"sum({column}) as {column}" for column in columns)
    differ = " or ".join(f"header.{column} <> coalesce(line.{column}, 0)" for column in columns)
    assert (
        one(
            con,
            f"""
        with line as (select setl_id, {sums}, sum(det_item_fee_sumamt) as total from raw_fee_list_d group by setl_id)
        select count(*) from clean as header left join line on header.setl_id = line.setl_id
        where {differ} or header.medfee_sumamt <> coalesce(line.total, 0)""",
        )
        == 0
    )
    lines = one(con, "select count(*) from raw_fee_list_d") / one(con, "select count(*) from clean")
    assert 1.5 <= lines <= 2.5


def test_settlements_are_dated_when_a_policy_is_in_force(con):
    in_force = {"330300": 2021, "331100": 2021, "220000": 2016, "610400": 2020}
    for pool, first, last in con.sql("""
        select poolarea_no, min(setl_time), max(setl_time) from raw_setl_d where setl_time is not null group by 1
    """).fetchall():
        # three years, and the first weeks of the fourth for reversals
        assert first.year == in_force[pool]
        assert (last.year, last.month) <= (in_force[pool] + 3, 2)


def test_areas_are_known():
    with (SEEDS / "policy" / "region.csv").open(encoding="utf-8") as file:
        regions = {row["region_code"]: row for row in csv.DictReader(file)}
    for county in " ".join(sample_sql.COUNTIES).split():
        assert county in regions and not regions[county]["retired_into"], county
    for retired, county in sample_sql.RETIRED.items():
        assert regions[retired]["retired_into"] == county


# What the national statistics say, and how far a sample of 20,000 persons may be off: costs have heavy tails (one stay
# of two million moves a mean by hundreds), counts of stays do not.
@pytest.mark.parametrize(
    ("what", "query", "expected", "tolerance"),
    [
        ("mean stay of employees", f"{MEAN} employee and settled_in = 2021", 12948, 0.15),
        ("mean stay of residents", f"{MEAN} not employee and settled_in = 2021", 8023, 0.15),
        ("third level, employees", f"{MEAN} employee and hosp_lv = '02'", 15588, 0.15),
        ("second level, employees", f"{MEAN} employee and hosp_lv = '05'", 9284, 0.15),
        ("third level, residents", f"{MEAN} not employee and hosp_lv = '02'", 13942, 0.15),
        ("second level, residents", f"{MEAN} not employee and hosp_lv = '05'", 6626, 0.15),
        ("first level, residents", f"{MEAN} not employee and hosp_lv = '08'", 3623, 0.15),
        ("basic share, employees", "select sum(hifp_pay) / sum(inscp_amt) from stay where employee", 0.85, 0.05),
        ("basic share, residents", "select sum(hifp_pay) / sum(inscp_amt) from stay where not employee", 0.69, 0.05),
        ("adults among residents", "select avg((psn_type = '15')::int) from resident", 0.737, 0.03),
        ("pupils among residents", "select avg((psn_type = '14')::int) from resident", 0.244, 0.05),
        (
            "visits without a diagnosis",
            """select avg((dscg_maindiag_code is null)::int) from raw_mdtrt_d
            where filename not like '%plants%'""",
            0.296,
            0.03,
        ),
        (
            "drug names off the standard",
            """select avg((not list_contains($standard, hilist_name))::int)
            from raw_fee_list_d where list_type in ('101', '102', '103') and med_list_codg not like '_NG%'
            and filename not like '%plants%'""",
            0.66,
            0.05,
        ),
        (
            "employees' stays per 100, Zhejiang 2021",
            """select 100 * count(*) / (select count(distinct psn_no) from
            raw_psn_insu_d where insutype = '310' and poolarea_no like '33%') from stay where employee
            and settled_in = 2021 and poolarea_no like '33%'""",
            16.7,
            0.15,
        ),
        (
            "residents' stays per 100, Zhejiang 2021",
            """select 100 * count(*) / (select count(distinct psn_no) from
            raw_psn_insu_d where insutype <> '310' and poolarea_no like '33%') from stay where not employee
            and settled_in = 2021 and poolarea_no like '33%'""",
            15.2,
            0.15,
        ),
        (
            "residents' stays per 100, Zhejiang 2023",
            """select 100 * count(*) / (select count(distinct psn_no) from
            raw_psn_insu_d where insutype <> '310' and poolarea_no like '33%') from stay where not employee
            and settled_in = 2023 and poolarea_no like '33%'""",
            20.7,
            0.15,
        ),
        (
            "CII claims per 100, Xianyang",
            """select 100.0 * count(*) filter (hifmi_pay > 0) / 3 / (select
            count(distinct psn_no) from raw_psn_insu_d where insutype <> '310' and poolarea_no = '610400') from clean
            where poolarea_no = '610400'""",
            3,
            0.5,
        ),
    ],
)
def test_it_looks_real(con, what, query, expected, tolerance):
    con.execute("create or replace temp view resident as select * from raw_psn_insu_d where insutype <> '310'")
    standard = sample_sql.texts([name for _, name in sample_sql.DRUGS])
    found = float(one(con, query.replace("$standard", standard)))
    assert found == pytest.approx(expected, rel=tolerance), what


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DabingError, match="empty or a new folder"):
        write(tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    with pytest.raises(DabingError, match="is a file"):
        write(tmp_path / "notes.txt")


def test_no_persons_are_refused(tmp_path):
    with pytest.raises(DabingError, match="one person or more"):
        write(tmp_path / "raw", persons=0)


def test_an_interrupted_run_leaves_the_former_sample(tmp_path, monkeypatch):
    raw = tmp_path / "a 'quoted' folder"
    write(raw, persons=20)
    before = digests(raw)

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sample, "make_manifest", interrupt)
        with pytest.raises(KeyboardInterrupt):
            write(raw, persons=20, seed=2)
    assert digests(raw) == before
    assert list(tmp_path.iterdir()) == [raw]
    write(raw, persons=20, seed=2)
    assert digests(raw) != before
    assert list(tmp_path.iterdir()) == [raw]
