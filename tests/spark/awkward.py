"""Files of settlements that two engines could read in two ways. Most rows end in quarantine, whole, as text."""

from __future__ import annotations

import csv
import datetime
import gzip
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

GOOD = {
    "setl_id": "", "psn_no": "AWK-P", "insutype": "310", "insu_admdvs": "330302", "med_type": "21",
    "setl_time": "2021-05-06 07:08:09", "medfee_sumamt": "100.00", "fulamt_ownpay_amt": "10.00",
    "overlmt_selfpay": "0", "preselfpay_amt": "0", "inscp_amt": "90.00", "hifp_pay": "50.00",
    "rid": "1", "updt_time": "2021/6/1", "vali_flag": "1", "备注": 'a "quoted", 值',
}  # fmt: skip
CSV = [
    {"setl_time": "2021/5/6 7:08"},
    {"setl_time": "20210506070809"},
    {"setl_time": "2021"},
    {"setl_time": "2021-02-31"},
    {"medfee_sumamt": "1_000"},
    {"medfee_sumamt": "0x1F"},
    {"medfee_sumamt": "+100.000"},
    {"medfee_sumamt": "12.345"},
    {"medfee_sumamt": "\u3000100.00\u00a0"},
    {"medfee_sumamt": "ten\nlines \\ and 'quotes'"},
    {"psn_no": " \t"},
    {"insutype": "999", "dise_name": "病"},
    {"insu_admdvs": ""},
    {"updt_time": "soon"},
]
FLOATS = [100.0, 100.005, 12.345, 1e20, float("nan"), 1.5e-07, 12345678.91, None]


def write_awkward_files(raw: Path) -> None:
    """Put the files beside the sample's own."""
    folder = raw / "setl_d" / "awkward 奇 %20 + 'x'"
    folder.mkdir()
    # Spark itself fails on a CSV file whose name holds characters of patterns; the build says so.
    patterns = raw / "setl_d" / "delivery=[1],{2}?"
    patterns.mkdir()
    rows = [{**GOOD, "setl_id": f"AWK-C{number}", **change} for number, change in enumerate(CSV)]
    names = list(dict.fromkeys(name for row in rows for name in row))
    with (folder / "first + second.csv").open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    # Another header, in another order and case; equal rows in one file.
    with gzip.open(folder / "again.csv.gz", "wt", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        other = [name.upper() for name in reversed(GOOD)]
        writer.writerow([*other, "extra"])
        for _ in range(2):
            writer.writerow([*({**GOOD, "setl_id": "AWK-D", "med_type": "?"}[name.lower()] for name in other), ""])
    zone = datetime.UTC
    moment = datetime.datetime(2021, 12, 31, 20, 0, 0, 500000, tzinfo=zone)
    pq.write_table(
        pa.table(
            {
                "setl_id": [f"AWK-F{number}" for number in range(len(FLOATS))],
                "psn_no": pa.array([390.0, 390.5, float("nan"), 7.0, 8.0, 9.0, 10.0, 11.0]),
                "insutype": pa.array([310] * 8, pa.int16()),
                "insu_admdvs": pa.array([330302] * 8, pa.int64()),
                "med_type": pa.array(
                    [Decimal("21.00"), Decimal("21.50")] + [Decimal("21.00")] * 6, pa.decimal128(8, 2)
                ),
                "setl_time": pa.array([moment] * 8, pa.timestamp("us", tz="UTC")),
                "medfee_sumamt": pa.array(FLOATS),
                "fulamt_ownpay_amt": pa.array([Decimal("1.2345")] * 2 + [Decimal("1.2300")] * 6, pa.decimal128(20, 4)),
                "overlmt_selfpay": pa.array([0] * 8, pa.int32()),
                "preselfpay_amt": pa.array([0.0] * 8, pa.float32()),
                "inscp_amt": pa.array([0.1] * 8, pa.float32()),
                "hifp_pay": pa.array([0] * 8),
                "vali_flag": pa.array([True, True, True, True, True, True, None, True]),
                "begndate": pa.array([datetime.date(2021, 5, 6)] * 8),
                "updt_time": pa.array([datetime.datetime(2021, 5, 6, 7, 8, 9, 123456)] * 8, pa.timestamp("us")),
                "Col With `Blanks`": ["x"] * 8,
            }
        ),
        patterns / "floats `1` %20 + 2.parquet",
    )
