"""`dabing sample`: a whole raw directory for the four pools, large or small, the same for the same seed.

The random bulk is made in SQL (`sample_sql`). Beside it stand scripted persons, `PLANT-<case>-<n>`, for each case of
the rules and each dirt that real extracts have: what they hold and what must come of it is written here by hand, and
the manifest says it.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dabing import sample_sql as bulk
from dabing.errors import DabingError

MANIFEST = "_manifest.json"
CHUNK = 100_000
COLUMNS_TEXT = f"""
setl_d setl_id mdtrt_id init_setl_id psn_no insutype psn_type insu_admdvs fixmedins_code fix_blng_admdvs hosp_lv
    pay_loc med_type begndate enddate setl_time {" ".join(bulk.AMOUNTS)}
    refd_setl_flag dise_no dise_name poolarea_no;
fee_list_d bkkp_sn setl_id psn_no fee_ocur_time cnt pric det_item_fee_sumamt fulamt_ownpay_amt overlmt_selfpay
    preselfpay_amt inscp_amt chrgitm_lv list_type med_list_codg hilist_name lmt_used_flag hi_nego_drug_flag
    prcu_drug_flag init_feedetl_sn;
mdtrt_d mdtrt_id psn_no med_type begntime endtime fixmedins_code dscg_maindiag_code dscg_maindiag_name dise_no
    refl_old_mdtrt_id die_date;
psn_info_b psn_no psn_name gend brdy psn_cert_type certno surv_stas resd_loc_admdvs;
psn_insu_d psn_insu_rlts_id psn_no insutype psn_type psn_insu_stas crt_insu_date paus_insu_date insu_admdvs
    poolarea_no;
psn_idet_d psn_no psn_idet_type begntime endtime insu_admdvs;
supp_enrl_d enrl_id psn_no cover_year paid_time premium_amt channel payer auto_renew_consent_time
    renewal_withdrawn_time event event_date;
fund_txn_d txn_id scheme_id insu_admdvs insutype benefit_year txn_date txn_type amount;
fixmedins_b fixmedins_code fixmedins_name fix_blng_admdvs fixmedins_type hosp_lv;
refl_appy_evt_c evtsn psn_no refl_date fixmedins_code reflin_medins_no mdtrtarea_admdvs begndate enddate
"""
COLUMNS = {
    table: [*columns, "vali_flag", "rid", "updt_time"]
    for table, *columns in (text.split() for text in COLUMNS_TEXT.split(";"))
}
DATES = {
    "begndate", "enddate", "brdy", "crt_insu_date", "paus_insu_date", "die_date", "refl_date", "txn_date", "event_date",
}
TIMES = {
    "setl_time", "updt_time", "fee_ocur_time", "begntime", "endtime", "paid_time", "auto_renew_consent_time",
    "renewal_withdrawn_time",
}
MONEY = [*bulk.AMOUNTS, "cnt", "pric", "det_item_fee_sumamt", "premium_amt", "amount"]
# Files of the scripted rows. `twice` is one file under two names.
FILES = {
    "main": "plants/part-00000.parquet", "late": "delivery=late/plants-00000.parquet",
    "again": "delivery=again/plants-00000.parquet", "text": "delivery=text/plants-00000.parquet",
    "csv": "delivery=text/plants-00001.csv.gz", "alias": "delivery=interface/plants-00000.parquet",
    "wide": "delivery=interface/plants-00001.parquet", "sparse": "delivery=interface/plants-00002.parquet",
    "twice": "delivery=twice/plants-00000.parquet",
}
ALIAS = {
    "inscp_amt": "inscp_scp_amt", "othfund_pay": "oth_pay", "psn_pay": "psn_part_amt", "cash_payamt": "psn_cash_pay",
    "ownpay_hosp_part": "hosp_part_amt", "dise_no": "dise_codg", "insu_admdvs": "insuplc_admdvs",
    "overlmt_selfpay": "overlmt_amt",
}
SPARSE = ("trafout_preselfpay_amt", "hifdm_pay", "ownpay_hosp_part", "dise_name", "pay_loc", "refd_setl_flag")

# Scheme, year, assistance identity: eligible expense of a person-year and what the scheme pays of it. Each bound of the
# ladder, the deductible and the limit stand with one fen less and one fen more. Worked out by hand from the seeds.
POINTS = """
330300 2021 -    25699.99=0 25700=0 25700.01=0.01 30000=3010 385499.99=251859.99 385500=251860 385500.01=251860
330300 2021 7019 12849.99=0 12850=0 12850.01=0.01 30000=13720 400000=309720 900000=709720
331100 2021 -    17999.99=0 18000=0 18000.01=0.01 660857.13=449999.99 660857.14=450000 660857.15=450000
331100 2021 7201 8999.99=0 9000=0 9000.01=0.01 900000=712800
220000 2016 -    13999.99=0 14000=0 14000.01=0.01 23999.99=5000 24000=5000 24000.01=5000.01 63999.99=26999.99
220000 2016 -    64000=27000 64000.01=27000.01 113999.99=59499.99 114000=59500 114000.01=59500.01 539624.99=399999.99
220000 2016 -    539625=400000 539625.01=400000
220000 2016 7101 8399.99=0 8400=0 8400.01=0.01 18399.99=5499.99 18400=5500 18400.01=5500.01 58399.99=29499.99
220000 2016 7101 58400=29500 58400.01=29500.01 108399.99=64499.99 108400=64500 108400.01=64500.01 503105.87=399999.99
220000 2016 7101 503105.88=400000 503105.89=400000
220000 2017 -    13999.99=0 14000=0 14000.01=0.01 23999.99=5499.99 24000=5500 24000.01=5500.01 63999.99=29499.99
220000 2017 -    64000=29500 64000.01=29500.01 113999.99=64499.99 114000=64500 114000.01=64500.01 533374.99=399999.99
220000 2017 -    533375=400000 533375.01=400000
220000 2017 7101 8399.99=0 8400=0 8400.01=0.01 18399.99=5999.99 18400=6000 18400.01=6000.01 58399.99=31999.99
220000 2017 7101 58400=32000 58400.01=32000.01 108399.99=69499.99 108400=69500 108400.01=69500.01 497223.52=399999.99
220000 2017 7101 497223.53=400000 497223.54=400000
610400 2020 -    9999.99=0 10000=0 10000.01=0.01 29999.99=11999.99 30000=12000 30000.01=12000.01 60000=33000
610400 2020 -    99999.99=60999.99 100000=61000 100000.01=61000.01 398749.99=299999.99 398750=300000 398750.01=300000
610400 2020 7101 4999.99=0 5000=0 5000.01=0.01 29999.99=16249.99 30000=16250 30000.01=16250.01 60000=38750
610400 2020 7101 99999.99=68749.99 100000=68750 100000.01=68750.01 372058.81=299999.99 372058.82=300000 372058.83=300000
"""
# The same, as what one person reaches step by step: every step from the second on crosses a bound.
PATHS = """
330300 2021 -    5000=0 205600=125930 405500=251860 410000=251860
330300 2021 7019 5000=0 32850=16000 900000=709720
331100 2021 -    5000=0 339429=225000.3 680857.14=450000 690000=450000
331100 2021 7201 5000=0 29000=16000 900000=712800
220000 2016 -    5000=0 19000=2500 44000=16000 89000=43250 326812=229749.6 559625=400000
220000 2016 7101 5000=0 13400=2750 38400=17500 83400=47000 305753=232250.05 523105.88=400000
220000 2017 -    5000=0 19000=2750 44000=17500 89000=47000 323688=232250.4 553375=400000
220000 2017 7101 5000=0 13400=3000 38400=19000 83400=50750 302812=234750.2 517223.53=400000
610400 2020 -    5000=0 20000=6000 65000=36500 249375=180500 418750=300000
610400 2020 7101 2500=0 17500=8125 65000=42500 236029=184374.65 392058.82=300000
"""
# Half a fen: 0.035, 0.005, 0.055 and 0.065 are rounded up.
HALVES = """
330300 2021 -    25700.05=0.04
220000 2016 -    14000.01=0.01
220000 2017 -    14000.10=0.06
610400 2020 7101 5000.10=0.07
"""


def money(value: Decimal | int | str) -> Decimal:
    """An amount in yuan with two places."""
    return Decimal(value).quantize(Decimal("0.01"))


def moment(text: str) -> datetime:
    """A day ('2021-03-05', at ten o'clock) or a point in time."""
    return datetime.fromisoformat(text if len(text) > 10 else text + " 10:00:00")


class Plants:
    """The scripted rows, each with the fate that it must meet: accepted, void, superseded, or reason codes."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], list[dict]] = {}
        self.fates: Counter = Counter()
        self.reasons: Counter = Counter()
        self.cases: dict[str, dict] = {}
        self.settlements: dict[str, dict] = {}

    def add(self, table: str, row: dict, fate: str = "accepted", file: str = "main") -> None:
        """A row of any table; `fate` is accepted, void, superseded or the reason codes of its quarantine."""
        key = row.get(COLUMNS[table][0])
        row = {"vali_flag": "0" if fate == "void" else "1", "rid": key, "updt_time": "2024-01-15 03:00:00", **row}
        self.rows.setdefault((table, file), []).append(row)
        times = 2 if file == "twice" else 1
        self.fates[table, "delivered"] += times
        self.fates[table, "superseded"] += times - 1
        reasons = fate.split() if fate.startswith("Q") else []
        self.fates[table, "quarantined" if reasons else fate] += 1
        self.reasons.update((table, reason) for reason in reasons)

    def case(self, name: str) -> dict:
        """The case's entry in the manifest."""
        return self.cases.setdefault(name, {"count": 0, "setl_ids": [], "expected_payout": {}})

    def person(
        self, case: str, pool: str, identities: tuple = (), insutype: str | None = None, county: str | None = None,
        insured: bool = True,
    ) -> dict:
        """A person of a case, insured all the time; identities are (type, begin, end)."""
        entry = self.case(case)
        entry["count"] += 1
        number = f"PLANT-{case}-{entry['count']}"
        county = county or bulk.PLACE_OF_CARE[pool]
        insutype = insutype or ("391" if pool == "220000" else "390")
        person = {
            "psn_no": number, "insutype": insutype, "psn_type": "11" if insutype == "310" else "15",
            "insu_admdvs": county, "poolarea_no": pool, "case": case, "settled": 0,
        }
        home = bulk.RETIRED.get(county, county)
        self.add("psn_info_b", {
            "psn_no": number, "psn_name": "样例", "gend": "1", "brdy": "1970-01-01", "psn_cert_type": "01",
            "certno": "000000197001010000", "surv_stas": "1", "resd_loc_admdvs": home,
        })
        if insured:
            self.insure(person, "2015-01-01")
        for kind, begin, end in identities:
            self.add("psn_idet_d", {
                "psn_no": number, "psn_idet_type": kind, "begntime": str(moment(begin + " 00:00:00")),
                "endtime": end and (end if len(end) > 10 else end + " 00:00:00"), "insu_admdvs": home,
                "rid": f"{number}-{kind}-{begin}",
            })
        return person

    def insure(self, person: dict, begin: str, end: str | None = None, status: str = "1", **change: str) -> None:
        """A spell of basic insurance."""
        spell = {name: person[name] for name in ("psn_no", "insutype", "psn_type", "insu_admdvs", "poolarea_no")}
        self.add("psn_insu_d", {
            **spell, "psn_insu_rlts_id": f"{person['psn_no']}-{begin}", "crt_insu_date": begin, "paus_insu_date": end,
            "psn_insu_stas": status, **change,
        })

    def settle(
        self, person: dict, when: str, coins: Decimal | int | str = 0, *, class_b: int = 0, transfer: int = 0,
        over: int = 0, lines: tuple = (), expect: str | int | None = None, recorded: str | int | None = None,
        fate: str = "accepted", file: str = "main", case: str | None = None, **columns: str | None,
    ) -> str:
        """A settlement with a coinsurance of `coins`; `lines` of own expense are (type, item, amount, level)."""
        person["settled"] += 1
        setl_id = columns.get("setl_id", f"{person['psn_no']}-{person['settled']}")
        coins, own = money(coins), money(sum(line[2] for line in lines))
        paid = money(recorded if recorded is not None else expect or 0)
        basic = coins * 2
        column = "hifob_pay" if person["insutype"] == "310" else "hifmi_pay"
        total = coins + basic + own + over + class_b + transfer
        values = dict.fromkeys(bulk.AMOUNTS, money(0)) | {
            "medfee_sumamt": total, "fulamt_ownpay_amt": own, "overlmt_selfpay": money(over),
            "preselfpay_amt": money(class_b + transfer), "trafout_preselfpay_amt": money(transfer),
            "inscp_amt": coins + basic, "hifp_pay": basic, column: paid, "fund_pay_sumamt": basic + paid,
            "psn_pay": total - basic - paid, "cash_payamt": total - basic - paid,
        }
        at = moment(when)
        row = {
            "setl_id": setl_id, "mdtrt_id": f"M{person['psn_no']}-{person['settled']}",
            **{name: person[name] for name in ("psn_no", "insutype", "psn_type", "insu_admdvs", "poolarea_no")},
            "fixmedins_code": "H" + bulk.PLACE_OF_CARE[person["poolarea_no"]] + "00301",
            "fix_blng_admdvs": bulk.PLACE_OF_CARE[person["poolarea_no"]], "hosp_lv": "02", "pay_loc": "2",
            "med_type": "21", "begndate": str(at.date() - timedelta(days=8)), "enddate": str(at.date()),
            "setl_time": str(at), **{name: str(value) for name, value in values.items()}, "refd_setl_flag": "0",
            "dise_no": "J18", "dise_name": "肺炎", "rid": f"{setl_id}-1", "updt_time": str(at + timedelta(days=1)),
            **{name: value for name, value in columns.items()},
        }
        self.add("setl_d", row, fate, file)
        entry = self.case(case or person["case"])
        entry["count"] += case is not None
        if setl_id and setl_id not in entry["setl_ids"]:
            entry["setl_ids"].append(setl_id)
        if expect is not None:
            entry["expected_payout"][setl_id] = str(money(expect))
        self.settlements[setl_id or ""] = row
        if fate == "accepted" and total:
            if row["mdtrt_id"]:
                self.visit(row)
            plain = ("101", "XC08CA01", 0, "02" if class_b or transfer else "01")
            for number, (kind, item, amount, level) in enumerate((plain, *lines), 1):
                rest = number == 1
                fen = total - own if rest else money(amount)
                if fen:
                    self.line(setl_id, number, person["psn_no"], at, fen, kind, item, level, rest, values)
        return setl_id

    def visit(self, row: dict) -> None:
        """The visit or stay of a settlement."""
        self.add("mdtrt_d", {
            **{name: row[name] for name in ("mdtrt_id", "psn_no", "med_type", "fixmedins_code", "dise_no")},
            "begntime": f"{row['begndate']} 09:00:00", "endtime": f"{row['enddate']} 16:00:00",
            "dscg_maindiag_code": row["dise_no"], "dscg_maindiag_name": row["dise_name"],
        })

    def line(
        self, setl_id: str, number: int, psn_no: str, at: datetime, amount: Decimal, kind: str | None, item: str,
        level: str, inside: bool, header: dict,
    ) -> None:
        """A fee line: all that is inside the catalogue, or own expense of one item."""
        zero = money(0)
        self.add("fee_list_d", {
            "bkkp_sn": f"F{setl_id}-{number}", "setl_id": setl_id, "psn_no": psn_no,
            "fee_ocur_time": str(at - timedelta(days=2)), "cnt": "1.00", "pric": str(amount),
            "det_item_fee_sumamt": str(amount), "fulamt_ownpay_amt": str(zero if inside else amount),
            "overlmt_selfpay": str(header["overlmt_selfpay"] if inside else zero),
            "preselfpay_amt": str(header["preselfpay_amt"] if inside else zero),
            "inscp_amt": str(header["inscp_amt"] if inside else zero), "chrgitm_lv": level, "list_type": kind,
            "med_list_codg": item, "hilist_name": item, "lmt_used_flag": "0", "hi_nego_drug_flag": "0",
            "prcu_drug_flag": "0",
        })

    def undo(
        self, person: dict, original: str, when: str, share: str = "1", *, expect: str | int | None = None,
        fate: str = "accepted", **columns: str | None,
    ) -> str:
        """A reversal of a settlement: all its amounts times -share."""
        source = self.settlements[original]
        amounts = {
            name: str(money(-Decimal(source[name]) * Decimal(share))) for name in bulk.AMOUNTS if source.get(name)
        }
        source["refd_setl_flag"] = "1"
        kept = ("mdtrt_id", "begndate", "enddate", "insutype", "insu_admdvs", "med_type")
        keep = {name: source[name] for name in kept}
        return self.settle(
            person, when, expect=expect, fate=fate, **{
                **keep, **amounts, "refd_setl_flag": "1", "init_setl_id": original, **columns
            },
        )


def plant_ladders(p: Plants) -> None:
    """Every bound, deductible and limit of every scheme and category: on it, a fen beside it, across it, and back."""
    for name, text in (("bound", POINTS), ("straddle", PATHS), ("half-fen", HALVES)):
        for number, row in enumerate(text.strip().splitlines()):
            pool, year, kind, *pairs = row.split()
            points = [tuple(Decimal(part) for part in pair.split("=")) for pair in pairs]
            case = f"{name}-{pool}-{year}-{'none' if kind == '-' else 'aided'}"
            held = () if kind == "-" else ((kind, f"{year}-01-01", None),)
            types = {"220000": ("391", "380"), "610400": ("390",)}.get(pool, ("310", "390"))
            if name != "straddle":
                for place, (eligible, paid) in enumerate(points):
                    person = p.person(case, pool, held, types[(number + place) % len(types)])
                    p.settle(person, f"{year}-05-1{place}", eligible, expect=paid)
                continue
            for insutype in types:
                person, before = p.person(case, pool, held, insutype), (Decimal(0), Decimal(0))
                for month, (eligible, paid) in enumerate(points, 2):
                    last = p.settle(
                        person, f"{year}-{month:02}-15", eligible - before[0], expect=paid - before[1]
                    )
                    step, before = paid - before[1], (eligible, paid)
                p.undo(person, last, f"{year}-12-20", expect=-step)
            person = p.person(case, pool, held, types[0])
            whole = p.settle(person, f"{year}-03-15", points[-1][0], expect=points[-1][1])
            p.undo(person, whole, f"{int(year) + 1}-01-10", expect=-points[-1][1])


def plant_categories(p: Plants) -> None:
    """Categories that begin, end, touch, overlap, come together, or mean nothing to the scheme."""
    def two(case: str, pool: str, held: tuple, first: tuple, second: tuple) -> None:
        person = p.person(case, pool, held)
        for when, coins, expect in (first, second):
            p.settle(person, when, coins, expect=expect)

    two("none-to-aided", "330300", (("7019", "2021-06-01", None),), ("2021-03-05", 20000, 0),
        ("2021-08-05", 10000, 8000))
    two("aided-to-none", "330300", (("7019", "2020-06-01", "2021-06-01"),), ("2021-03-05", 20000, 5720),
        ("2021-08-05", 10000, 3010))
    two("limit-waived-then-none", "331100", (("7131", "2021-01-01", "2021-06-01"),), ("2021-03-05", 600000, 472800),
        ("2021-08-05", 10000, 0))
    two("limit-waived-then-none", "330300", (("7131", "2021-01-01", "2021-06-01"),), ("2021-03-05", 400000, 309720),
        ("2021-08-05", 10000, 0))
    two("limit-cuts-what-is-left", "331100", (("7019", "2021-01-01", "2021-06-01"),), ("2021-03-05", 550000, 432800),
        ("2021-08-05", 50000, 17200))
    two("limit-cuts-what-is-left", "610400", (("7101", "2020-01-01", "2021-06-01"),), ("2021-03-05", 370000, 298250),
        ("2021-08-05", 20000, 1750))
    for case, pool, held, coins, expect in (
        ("several-categories", "330300", (("7120", "2021-01-01", None), ("7201", "2021-01-01", None)), 30000, 13720),
        ("several-categories", "610400", (("7019", "2020-01-01", None), ("7101", "2020-01-01", None)), 60000, 38750),
        ("category-without-terms", "330300", (("7202", "2021-01-01", None),), 30000, 3010),
        ("category-without-terms", "330300", (("7120", "2021-01-01", None),), 30000, 3010),
        ("category-without-terms", "610400", (("7019", "2020-01-01", None),), 60000, 33000),
        ("identity-type-unknown", "330300", (("9999", "2021-01-01", None),), 30000, 3010),
        ("identity-of-another-pool", "330300", (("7101", "2021-01-01", None),), 30000, 3010),
        ("blank-end", "330300", (("7201", "2019-01-01", ""),), 30000, 13720),
    ):
        p.settle(p.person(case, pool, held), "2021-06-01", coins, expect=expect)
    touching = (("7019", "2021-01-01", "2021-06-01"), ("7019", "2021-06-01", "2021-12-01"))
    overlapping = (("7019", "2021-01-01", "2021-07-01"), ("7019", "2021-05-01", "2021-12-01"))
    gap = (("7019", "2021-01-01", "2021-06-01"), ("7019", "2021-06-02", "2021-12-01"))
    for case, held, when, expect in (
        ("touching-spells", touching, "2021-06-01", 13720), ("overlapping-spells", overlapping, "2021-06-01", 13720),
        ("spells-with-a-gap", gap, "2021-06-01", 3010), ("spell-begins-today", gap, "2021-06-02", 13720),
        ("spell-ends-at-midnight", (("7019", "2021-01-01", "2021-06-01"),), "2021-06-01", 3010),
        ("spell-ends-in-the-day", (("7019", "2021-01-01", "2021-06-01 23:59:59"),), "2021-06-01", 13720),
        ("spell-ended-yesterday", (("7019", "2021-01-01", "2021-05-31 23:59:59"),), "2021-06-01", 3010),
    ):
        p.settle(p.person(case, "330300", held), when, 30000, expect=expect)


def plant_moves(p: Plants) -> None:
    """Moves between counties, pools and insurance types; New Year."""
    person = p.person("move-county", "330300", insured=False)
    p.insure(person, "2019-01-01", "2021-06-01", "3")
    p.insure(person, "2021-06-01", insu_admdvs="330381")
    p.settle(person, "2021-03-05", 20000, expect=0)
    p.settle(person, "2021-08-05", 10000, expect=3010, insu_admdvs="330381")
    person = p.person("move-pool", "330300", insured=False)
    p.insure(person, "2019-01-01", "2021-06-01", "3")
    p.insure(person, "2021-06-01", insu_admdvs="331121", poolarea_no="331100")
    p.settle(person, "2021-03-05", 20000, expect=0)
    p.settle(person, "2021-08-05", 20000, expect=1400, insu_admdvs="331121", poolarea_no="331100")
    person = p.person("employee-to-resident-one-scheme", "330300", insutype="310", insured=False)
    p.insure(person, "2019-01-01", "2021-06-01", "3")
    p.insure(person, "2021-06-01", insutype="390", psn_type="15")
    p.settle(person, "2021-03-05", 20000, expect=0)
    p.settle(person, "2021-08-05", 10000, expect=3010, insutype="390", psn_type="15")
    person = p.person("resident-to-employee-outside-scheme", "220000", insutype="391")
    p.settle(person, "2017-03-05", 20000, expect=3300)
    p.settle(person, "2017-08-05", 50000, insutype="310", psn_type="11")
    person = p.person("urban-to-integrated", "220000", insutype="391")
    p.settle(person, "2018-01-05", 14000, expect=0)
    p.settle(person, "2018-08-05", 10000, expect=5500, insutype="390")
    person = p.person("rural", "220000", insutype="380")
    p.settle(person, "2016-03-05", 24000, expect=5000)
    person = p.person("stay-across-new-year", "330300")
    p.settle(person, "2021-06-05", 20000, expect=0)
    p.settle(person, "2022-01-05", 10000, expect=0, begndate="2021-12-20")
    person = p.person("discharge-and-settlement-in-different-years", "330300")
    p.settle(person, "2021-06-05", 20000, expect=0)
    p.settle(person, "2022-01-03", 10000, expect=0, begndate="2021-12-10", enddate="2021-12-28")
    person = p.person("last-second-of-the-year", "330300")
    p.settle(person, "2021-12-31 23:59:59", 25700, expect=0)
    p.settle(person, "2022-01-01 00:00:00", 30000, expect=3010)
    person = p.person("same-second", "330300")
    p.settle(person, "2021-06-05", 25000, expect=0)
    p.settle(person, "2021-06-05", 10000, expect=6510)


def plant_reversals(p: Plants) -> None:
    """Reversals of every kind that rule A3 knows, and those that it refuses."""
    def fresh(case: str, pool: str = "330300", held: tuple = ()) -> dict:
        return p.person(case, pool, held)

    person = fresh("reversal-same-year")
    p.undo(person, p.settle(person, "2021-03-05", 30000, expect=3010), "2021-04-05", expect=-3010)
    person = fresh("reversal-next-year")
    first = p.settle(person, "2021-03-05", 30000, expect=3010)
    p.settle(person, "2022-01-05", 30000, expect=3010)
    p.undo(person, first, "2022-02-05", expect=-3010)
    p.settle(person, "2022-03-05", 1000, expect=700)
    person = fresh("reversal-partial")
    first = p.settle(person, "2021-03-05", 40000, expect=10010)
    p.undo(person, first, "2021-04-05", "0.25", expect=-7000)
    p.undo(person, first, "2021-05-05", "0.75", expect=-3010)
    person = fresh("reversal-of-reversal")
    first = p.settle(person, "2021-03-05", 30000, expect=3010)
    second = p.undo(person, first, "2021-04-05", expect=-3010)
    third = p.undo(person, second, "2021-05-05", expect=3010)
    p.undo(person, third, "2022-01-05", expect=-3010)
    person = fresh("reversal-of-straddle", "610400")
    first = p.settle(person, "2021-03-05", 25000, expect=9000)
    second = p.settle(person, "2021-04-05", 10000, expect=6500)
    p.undo(person, second, "2021-05-05", expect=-6500)
    person = fresh("reversal-of-straddle", "610400")
    first = p.settle(person, "2021-03-05", 25000, expect=9000)
    p.settle(person, "2021-04-05", 10000, expect=6500)
    p.undo(person, first, "2021-05-05", expect=-15500)
    person = fresh("reversal-after-category-change", held=(("7019", "2021-06-01", None),))
    first = p.settle(person, "2021-03-05", 30000, expect=3010)
    p.settle(person, "2021-06-05", 5000, expect=4000)
    p.undo(person, first, "2021-07-05", expect=-6510)
    person = fresh("reversal-under-limit", "331100")
    first = p.settle(person, "2021-03-05", "660857.14", expect=450000)
    second = p.settle(person, "2021-04-05", 10000, expect=0)
    p.undo(person, second, "2021-05-05", expect=0)
    p.undo(person, first, "2021-06-05", expect=-450000)
    person = fresh("reversal-of-itself")
    own = f"{person['psn_no']}-1"
    p.settle(person, "2021-03-05", 30000, expect=3010, init_setl_id=own)
    person = fresh("reversal-blank-original")
    p.settle(person, "2021-03-05", 30000, expect=3010, init_setl_id=" ", file="text")

    person = fresh("reversal-orphan")
    first = p.settle(person, "2021-03-05", 30000, expect=3010)
    p.undo(person, first, "2021-04-05", fate="Q09", init_setl_id="PLANT-not-delivered")
    p.undo(fresh("reversal-orphan"), first, "2021-04-05", fate="Q09", case="reversal-orphan-of-another-person")
    person = fresh("reversal-of-void")
    first = p.settle(person, "2021-03-05", 30000, fate="void")
    p.undo(person, first, "2021-04-05", fate="Q09")
    person = fresh("reversal-of-quarantined")
    first = p.settle(person, "2021-03-05", 30000, fate="Q08", med_type="98")
    p.undo(person, first, "2021-04-05", fate="Q09", med_type="21")
    person = fresh("reversal-before-original")
    first = p.settle(person, "2021-03-05", 30000, expect=3010)
    second = p.undo(person, first, "2021-03-04", fate="Q10")
    p.undo(person, second, "2021-04-05", fate="Q09", case="reversal-of-refused-reversal")
    person = fresh("reversal-exceeds-original")
    first = p.settle(person, "2021-03-05", 30000, expect=3010)
    p.undo(person, first, "2021-04-05", "1.5", fate="Q11")
    person = fresh("reversal-exceeds-original")
    first = p.settle(person, "2021-03-05", 30000, expect=3010)
    p.undo(person, first, "2021-04-05", "0.6", expect=-3010)
    p.undo(person, first, "2021-05-05", "0.6", fate="Q11")
    p.undo(person, first, "2021-06-05", "0.4", expect=0)
    person = fresh("reversal-same-sign")
    first = p.settle(person, "2021-03-05", 30000, expect=3010)
    p.undo(person, first, "2021-04-05", "-0.5", fate="Q11")


def plant_deliveries(p: Plants) -> None:
    """Rows that come twice, late, void, or in a file of another shape."""
    def fresh(case: str) -> dict:
        return p.person(case, "330300")

    for case, old, new in (
        ("redelivered", {}, {"updt_time": "2021-09-01 03:00:00", "rid": "2"}),
        ("redelivered-same-update-time", {"updt_time": "2021-09-01 03:00:00", "rid": "9"},
         {"updt_time": "2021-09-01 03:00:00", "rid": "10"}),
        ("redelivered-without-update-time", {"updt_time": None, "rid": "99"}, {"rid": "1"}),
    ):
        person = fresh(case)
        first = p.settle(person, "2021-03-05", 50000, fate="superseded", **old)
        p.settle(person, "2021-03-05", 30000, expect=3010, file="again", setl_id=first, **new)
    person = fresh("unusable-redelivery")
    first = p.settle(person, "2021-03-05", 30000, expect=3010)
    p.settle(person, "2021-03-05", 50000, fate="Q04", file="text", setl_id=first, medfee_sumamt="abc",
             updt_time="2021-09-01 03:00:00")
    person = fresh("file-delivered-twice")
    p.settle(person, "2021-03-05", 30000, expect=3010, file="twice")
    p.settle(person, "2021-04-05", 10000, expect=7000, file="twice")
    person = fresh("late-row")
    p.settle(person, "2021-06-05", 20000, expect=14000)
    p.settle(person, "2021-03-05", 30000, expect=3010, file="late", updt_time="2022-05-01 03:00:00")
    person = fresh("void")
    p.settle(person, "2021-03-05", 30000, fate="void")
    p.settle(person, "2021-04-05", 30000, expect=3010)
    person = fresh("void-later-version")
    first = p.settle(person, "2021-03-05", 30000, fate="superseded")
    p.settle(person, "2021-03-05", 30000, fate="void", file="again", setl_id=first, updt_time="2021-09-01 03:00:00")
    p.settle(person, "2021-05-05", 26700, expect=700)
    person = fresh("void-earlier-version")
    first = p.settle(person, "2021-03-05", 50000, fate="void")
    p.settle(person, "2021-03-05", 30000, expect=3010, file="again", setl_id=first, updt_time="2021-09-01 03:00:00")
    p.settle(fresh("vali-flag-blank"), "2021-03-05", 30000, expect=3010, vali_flag=None)
    for file in ("alias", "wide", "sparse"):
        p.settle(fresh(f"file-{file}"), "2021-03-05", 20000, class_b=10000, expect=3010, file=file)
    forms = ("2021/3/5", "20210305", "20210305143000", "2021-03-05 14:30", "2021-03-05 14:30:00.123")
    for number, when in enumerate(forms):
        p.settle(fresh("date-forms"), "2021-03-05", 30000, expect=3010, setl_time=when,
                 file=("text", "csv")[number % 2])
    for number, basic in enumerate(("60000", "+60000.00", " 60000.0 ", "60000.000")):
        p.settle(fresh("amount-forms"), "2021-03-05", 30000, expect=3010, hifp_pay=basic, hifes_pay="",
                 file=("text", "csv")[number % 2])


def plant_quarantine(p: Plants) -> None:
    """Settlements for every reason but those of reversals, and rows of other tables that cannot be used."""
    for number, (fate, columns) in enumerate((
        ("Q01", {"setl_id": ""}), ("Q01", {"setl_id": " "}), ("Q02", {"psn_no": ""}), ("Q03", {"setl_time": ""}),
        ("Q04", {"setl_time": "20210231"}), ("Q04", {"enddate": "2021-02-29"}), ("Q04", {"begndate": "2021-13-01"}),
        ("Q04", {"medfee_sumamt": "abc"}), ("Q04", {"hifp_pay": "1e3"}), ("Q04", {"inscp_amt": "12.345"}),
        ("Q04", {"cash_payamt": "1,000.00"}), ("Q04", {"acct_pay": "0x1F"}), ("Q04", {"maf_pay": "1_000"}),
        ("Q05", {"medfee_sumamt": "-5000.00"}), ("Q06", {"insu_admdvs": "999900"}), ("Q06", {"insu_admdvs": ""}),
        ("Q06", {"insu_admdvs": "110105"}), ("Q07", {"insutype": "999"}), ("Q07", {"insutype": ""}),
        ("Q08", {"med_type": "97"}), ("Q08", {"med_type": ""}),
        ("Q02 Q04 Q08", {"psn_no": " ", "hifp_pay": "n/a", "med_type": "xx"}),
    )):
        person = p.person(f"quarantine-{fate.replace(' ', '-')}", "330300")
        p.settle(person, "2021-03-05", 30000, fate=fate, file=("text", "csv")[number % 2], **columns)
    person = p.person("negative-part", "330300")
    p.settle(person, "2021-03-05", 30000, expect=3010, othfund_pay="-100.00", fund_pay_sumamt="62910.00",
             psn_pay="27090.00", cash_payamt="27090.00")
    p.settle(p.person("total-of-zero", "330300"), "2021-03-05", 0)
    person = p.person("other-tables", "330300", (("7019", "2021-01-01", None),))
    number = person["psn_no"]
    spell = {"psn_no": number, "insutype": "390", "psn_type": "15", "psn_insu_stas": "1", "crt_insu_date": "2015-01-01",
             "insu_admdvs": "330302", "poolarea_no": "330300"}
    for fate, change in (
        ("Q01", {"psn_insu_rlts_id": ""}), ("Q02", {"psn_no": ""}), ("Q04", {"crt_insu_date": "20210231"}),
        ("Q04", {"crt_insu_date": ""}), ("Q06", {"insu_admdvs": "999900"}), ("Q07", {"insutype": "999"}),
        ("void", {}),
    ):
        key = f"{number}-{fate}-{next(iter(change.values()), '')}"
        p.add("psn_insu_d", {"psn_insu_rlts_id": key, **spell, **change}, fate, "text")
    identity = {"psn_no": number, "psn_idet_type": "7201", "begntime": "2021-01-01 00:00:00", "insu_admdvs": "330302"}
    for fate, change in (
        ("Q01", {"psn_idet_type": ""}), ("Q01", {"begntime": ""}), ("Q01 Q02", {"psn_no": ""}),
        ("Q04", {"endtime": "20211301"}), ("Q06", {"insu_admdvs": "999900"}), ("void", {}),
    ):
        p.add("psn_idet_d", {**identity, **change}, fate, "text")
    line = {"bkkp_sn": f"F{number}", "setl_id": number, "psn_no": number, "cnt": "1", "pric": "10.00",
            "det_item_fee_sumamt": "10.00", "fulamt_ownpay_amt": "0.00", "inscp_amt": "10.00", "chrgitm_lv": "甲",
            "list_type": "101", "med_list_codg": "XC08CA01"}
    for place, (fate, change) in enumerate((
        ("Q01", {"bkkp_sn": ""}), ("Q01", {"setl_id": ""}), ("Q04", {"det_item_fee_sumamt": ""}),
        ("Q04", {"fulamt_ownpay_amt": "abc"}), ("void", {}), ("accepted", {}),
    )):
        p.add("fee_list_d", {**line, "bkkp_sn": f"F{number}-{place}", **change}, fate, "text")
    txn = {"scheme_id": "wenzhou_cii", "insu_admdvs": "330302", "insutype": "390", "benefit_year": "2021",
           "txn_date": "2021-03-31", "txn_type": "transfer_in", "amount": "1.00"}
    for place, (fate, change) in enumerate((
        ("Q01", {"txn_id": ""}), ("Q04", {"amount": ""}), ("Q04", {"amount": "12.345"}), ("Q04", {"txn_date": ""}),
        ("Q06", {"insu_admdvs": "999900"}), ("void", {}),
    )):
        p.add("fund_txn_d", {"txn_id": f"PLANT-{place}", **txn, **change}, fate, "text")
    p.add("mdtrt_d", {"mdtrt_id": "", "psn_no": number, "med_type": "21"}, "Q01", "text")
    p.add("mdtrt_d", {"mdtrt_id": f"M{number}", "psn_no": number, "begntime": "abc"}, "Q04", "text")
    p.add("psn_info_b", {"psn_no": "", "psn_name": "样例"}, "Q01 Q02", "text")
    p.add("psn_info_b", {"psn_no": f"{number}-b", "brdy": "19700231"}, "Q04", "text")
    p.add("fixmedins_b", {"fixmedins_code": "", "fixmedins_name": "无编码"}, "Q01", "text")
    p.add("refl_appy_evt_c", {"evtsn": "", "psn_no": number, "refl_date": "2021-03-01"}, "Q01", "text")
    p.add("refl_appy_evt_c", {"evtsn": f"R{number}", "psn_no": "", "refl_date": "2021-03-01"}, "Q02", "text")
    p.add("supp_enrl_d", {"enrl_id": "", "psn_no": number, "cover_year": "2021"}, "Q01", "text")
    p.add("supp_enrl_d", {"enrl_id": f"{number}-2", "psn_no": "", "cover_year": "2021"}, "Q02", "text")
    premium = {"enrl_id": f"{number}-3", "psn_no": number, "cover_year": "2021", "premium_amt": "abc"}
    p.add("supp_enrl_d", premium, "Q04", "text")
    p.add("psn_info_b", {"psn_no": number, "psn_name": "样例二", "gend": "1", "brdy": "1970-01-01", "rid": "9",
                         "updt_time": "2020-01-01 00:00:00"}, "superseded", "again")


def plant_components(p: Plants) -> None:
    """What counts and what does not: components, care types, items on lists, referrals, recorded payments."""
    def one(case: str, pool: str, when: str, expect: str | int | None, coins: int = 0, **more: object) -> None:
        p.settle(p.person(case, pool), when, coins, expect=expect, **more)

    one("class-b-counts", "330300", "2021-03-05", 3010, 20000, class_b=10000)
    one("class-b-does-not-count", "331100", "2021-03-05", 0, 15000, class_b=20000)
    one("transfer-self-pay-does-not-count", "330300", "2021-03-05", 0, 20000, transfer=30000, pay_loc="4",
        med_type="23")
    one("over-limit-does-not-count", "610400", "2021-03-05", 0, 9000, over=5000)
    drug, service = ("101", "XSD001", 10000, "03"), ("201", "SJL001", 10000, "03")
    one("special-drug", "330300", "2021-03-05", 3010, 20000, lines=(drug,))
    one("special-drug-not-yet-listed", "330300", "2021-03-05", 0, 20000, lines=(("101", "XSD006", 10000, "03"),))
    one("special-drug-listed", "330300", "2022-03-05", 3010, 20000, lines=(("101", "XSD006", 10000, "03"),))
    one("special-drug-elsewhere", "331100", "2021-03-05", 0, 15000, lines=(drug,))
    one("special-drug-as-restricted-use", "330300", "2021-03-05", 0, 20000, lines=(("101", "XSD001", 10000, "乙"),))
    one("own-expense-not-listed", "330300", "2021-03-05", 0, 20000, lines=(("101", "XC08CA01", 10000, "丙"),))
    one("own-expense-unclassified", "330300", "2021-03-05", 0, 20000, lines=((None, "XSD001", 10000, "03"),))
    herceptin = (("101", "XJL001", 10000, "03"),)
    one("disease-extension", "220000", "2017-03-05", 5500, 14000, lines=herceptin, dise_no="C50")
    one("disease-extension", "220000", "2017-03-05", 5500, 14000, lines=herceptin, dise_no="C16")
    one("disease-extension", "220000", "2017-03-05", 5500, 14000, lines=(service,), dise_no="N18")
    one("disease-extension-other-disease", "220000", "2017-03-05", 0, 14000, lines=herceptin, dise_no="J18")
    one("disease-extension-no-disease", "220000", "2017-03-05", 0, 14000, lines=herceptin, dise_no=None)
    one("disease-extension-before-2017", "220000", "2016-03-05", 0, 14000, lines=herceptin, dise_no="C50")
    for kind, item, level in (
        ("101", "XNG001", "03"), ("301", "XNG002", "03"), ("201", "SAD001", "03"), ("201", "003315000010000", "03"),
        ("301", "C0201020030", "03"), ("101", "XL01XC03", "02"), ("301", "C0201020030", "1"),
    ):
        one("supplementary-items", "331100", "2021-08-05", 0, 10000, class_b=10000, lines=((kind, item, 30000, level),))
    for pool, med_type, when, expect in (
        ("330300", "14", "2021-03-05", 3010), ("330300", "16", "2021-03-05", 3010),
        ("220000", "15", "2017-03-05", 9100), ("331100", "16", "2021-03-05", 8400),
        ("330300", "11", "2021-03-05", None), ("330300", "41", "2021-03-05", None),
        ("330300", "52", "2021-03-05", None), ("610400", "16", "2021-03-05", None),
    ):
        one(f"care-type-{med_type}-{pool}", pool, when, expect, 30000, med_type=med_type)
    for case, recorded in (("recorded-nothing", 0), ("recorded-as-aided", 13720), ("recorded-one-fen-off", "3010.01")):
        one(case, "330300", "2021-03-05", 3010, 30000, recorded=recorded)
    for region in ("330300", "330399", "330322"):
        p.settle(p.person(f"region-{region}", "330300", county=region), "2021-03-05", 30000, expect=3010)
    p.settle(p.person("region-220100", "220000", county="220100"), "2017-03-05", 24000, expect=5500)
    p.settle(p.person("region-220381", "220000", county="220381"), "2017-03-05", 24000, expect=5500)
    p.settle(p.person("region-610427", "610400", county="610427"), "2021-03-05", 60000, expect=33000)
    p.settle(p.person("not-insured", "330300", insured=False), "2021-03-05", 30000, expect=3010)
    one("test-hospital", "330300", "2021-03-05", 3010, 30000, fixmedins_code="H33030290001", fix_blng_admdvs="330302")
    one("swapped-columns", "330300", "2021-03-05", 3010, 30000, fund_pay_sumamt="26990.00", psn_pay="63010.00")
    one("migration-row", "330300", "2021-03-05", 3010, 30000, mdtrt_id=None, rid="QY000000001", updt_time=None)
    person = p.person("referral", "330300")
    p.settle(person, "2021-03-05", 5000, expect=0, fixmedins_code="H33030200101", hosp_lv="08")
    p.settle(person, "2021-03-20", 20700, transfer=3000, expect=0, pay_loc="3", med_type="23",
             fixmedins_code="H33010600301", fix_blng_admdvs="330106")
    visits = p.rows["mdtrt_d", "main"]
    visits[-1]["refl_old_mdtrt_id"] = visits[-2]["mdtrt_id"]
    p.add("refl_appy_evt_c", {
        "evtsn": f"R{person['psn_no']}", "psn_no": person["psn_no"], "refl_date": "2021-03-08",
        "fixmedins_code": "H33030200101", "reflin_medins_no": "H33010600301", "mdtrtarea_admdvs": "330106",
        "begndate": "2021-03-08", "enddate": "2021-04-07",
    })


def plant_cover(p: Plants) -> None:
    """Premiums of the supplementary insurance, one person for each rule of cover."""
    for case, premiums, event in (
        ("cover-paid-by-year-end", (("2021", "2020-12-20"), ("2022", "2021-12-31 23:59:59")), None),
        ("cover-first-quarter", (("2021", "2021-03-31"),), None),
        ("cover-first-time-waits", (("2021", "2021-04-01"),), None),
        ("cover-returning-waits", (("2021", "2020-12-20"), ("2023", "2022-12-20")), None),
        ("cover-newborn-in-time", (("2021", "2021-08-29"),), ("newborn", "2021-05-31")),
        ("cover-newborn-too-late", (("2021", "2021-08-30"),), ("newborn", "2021-05-31")),
        ("cover-veteran", (("2021", "2021-06-30"),), ("veteran", "2021-05-31")),
        ("cover-moved-in", (("2021", "2021-06-30"),), ("moved_in", "2021-05-31")),
        ("cover-released-too-late", (("2021", "2021-07-01"),), ("released", "2021-05-31")),
        ("cover-paid-twice", (("2021", "2020-12-20"), ("2021", "2020-12-21")), None),
        ("cover-suspended", (("2021", "2020-12-20"),), None),
        ("cover-none", (), None),
    ):
        person = p.person(case, "331100", insured=case != "cover-suspended")
        if case == "cover-suspended":
            p.insure(person, "2015-01-01", "2021-03-01", "2")
            p.insure(person, "2021-06-01")
        for number, (year, paid) in enumerate(premiums):
            channel = ("own", "subsidised")[number]
            p.add("supp_enrl_d", {
                "enrl_id": f"{person['psn_no']}-{number}", "psn_no": person["psn_no"], "cover_year": year,
                "paid_time": str(moment(paid)), "premium_amt": "100.00", "channel": channel,
                "payer": "civil_affairs" if channel == "subsidised" else None,
                "event": event and event[0], "event_date": event and event[1],
            })
        for when in ("2021-02-10", "2021-07-10", "2021-12-10", "2022-07-10"):
            p.settle(person, when, 4000, class_b=10000, expect=0)


def fund_rows(heads: Counter, seed: int) -> list[dict]:
    """Money of the funds by scheme, county, insurance type and year, in line with the insured heads."""
    schemes = {0: ("wenzhou_cii", 85), 1: ("lishui_cii", 80), 2: ("jilin_cii", 50), 3: ("xianyang_cii", 65)}
    people: Counter = Counter()
    for (pool, county, employee, urban), number in heads.items():
        for year in range(bulk.FIRST_YEAR[pool], bulk.FIRST_YEAR[pool] + 3):
            if employee and pool > 1:
                continue
            line = "310" if employee else "390" if pool != 2 or year >= 2018 else "391" if urban else "380"
            people[pool, county, line, year] += number
    rows = []

    def post(scheme: str, key: tuple, kind: str, day: str, amount: Decimal) -> None:
        rows.append({
            "txn_id": f"T{len(rows) + 1:06}", "scheme_id": scheme, "insu_admdvs": key[1], "insutype": key[2],
            "benefit_year": str(key[3]), "txn_date": day, "txn_type": kind, "amount": str(money(amount)),
            "vali_flag": "1", "rid": f"T{len(rows) + 1:06}", "updt_time": f"{day} 20:00:00",
        })

    for key, number in sorted(people.items()):
        pool, _, line, year = key
        scheme, standard = schemes[pool]
        due, spread = Decimal(number * standard), Decimal((hash((seed, number, year)) % 41) - 20) / 1000
        if year == bulk.FIRST_YEAR[pool]:
            post(scheme, key, "carried_in", f"{year}-01-01", due * Decimal("0.12"))
        day = f"{year}-09-24" if line == "310" else f"{year}-03-26"
        post(scheme, key, "transfer_in", day, due * (1 + spread))
        post(scheme, key, "true_up", f"{year + 1}-{'09' if line == '310' else '03'}-20", -due * spread)
        for quarter in ("03-21", "06-21", "09-21", "12-21"):
            post(scheme, key, "interest", f"{year}-{quarter}", due * Decimal("0.0035"))
        if pool == 2:
            post(scheme, key, "service_fee", f"{year}-12-31", due * Decimal("0.03"))
        if pool == 1:
            premium = Decimal(number * 100) * Decimal("0.82")
            post("lishui_supplementary", key, "premium_in", f"{year}-01-05", premium)
            post("lishui_supplementary", key, "service_fee", f"{year}-12-31", premium * Decimal("0.04"))
            if year == 2022:
                post("lishui_supplementary", key, "advance", f"{year}-11-30", premium * Decimal("0.01"))
    return rows


def write_rows(con: duckdb.DuckDBPyConnection, root: Path, table: str, path: str, rows: list[dict], kind: str) -> None:
    """Write rows of texts as the file that `kind` says: typed, text, csv, alias, wide or sparse."""
    target = root / table / path
    target.parent.mkdir(parents=True, exist_ok=True)
    names = COLUMNS[table]
    if kind == "csv":
        with gzip.GzipFile(target, "wb", mtime=0) as packed:
            lines = [",".join(names), *(",".join(f'"{row.get(name) or ""}"' for name in names) for row in rows)]
            packed.write("\n".join(lines).encode() + b"\n")
        return
    source = root / ".rows.csv"
    with source.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(names)
        writer.writerows([r"\N" if row.get(name) is None else row[name] for name in names] for row in rows)

    def typed(name: str) -> str:
        if kind == "text":
            return name
        sort = "date" if name in DATES else "timestamp" if name in TIMES else "decimal(16, 2)" if name in MONEY else ""
        column = f"nullif({name}, '')::{sort}" if sort else name
        return f"{column} as {ALIAS.get(name, name) if kind == 'alias' else name}"

    if kind == "wide":
        names = [*reversed(names)]
    columns = [typed(name) for name in names if kind != "sparse" or name not in SPARSE]
    if kind == "wide":
        columns += ["'2021' as year", "'x' as operator_no", "0.00::decimal(16, 2) as oth_detail_amt"]
    con.execute(f"""
        copy (select {', '.join(columns)} from read_csv({bulk.literal(source)}, all_varchar = true, header = true,
            nullstr = '\\N', delim = ',', quote = '"')) to {bulk.literal(target)} ({bulk.PARQUET})""")
    source.unlink()


def write_sample(
    directory: Path,
    persons: int = 20_000,
    seed: int = 1,
    progress: bool = True,
    *,
    threads: int | None = None,
    chunk: int = CHUNK,
) -> dict:
    """Write the sample input to `directory` and return its manifest.

    All is written to a folder beside it and renamed at the end: an interrupted run leaves `directory` as it was.
    A sample that is there already is replaced; any other folder with files in it is refused.
    """
    directory = Path(directory).absolute()
    if persons < 1:
        raise DabingError(f"persons is {persons}: ask for one person or more.")
    if directory.exists() and not directory.is_dir():
        raise DabingError(f"{directory} is a file: name a folder for the sample.")
    if directory.is_dir() and any(directory.iterdir()) and not (directory / MANIFEST).is_file():
        raise DabingError(
            f"{directory} holds files that are not a sample (no {MANIFEST} in it), and would be lost: "
            "name an empty or a new folder, or empty this one yourself."
        )
    directory.parent.mkdir(parents=True, exist_ok=True)
    partial = directory.with_name(f".{directory.name}.partial-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        manifest = _write(partial, persons, seed, progress, threads, chunk)
        if directory.is_dir():
            former = directory.with_name(f".{directory.name}.former-{os.getpid()}")
            directory.rename(former)
            partial.rename(directory)
            shutil.rmtree(former)
        else:
            partial.rename(directory)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return manifest


def _write(root: Path, persons: int, seed: int, progress: bool, threads: int | None, chunk: int) -> dict:
    """Write the bulk in chunks of persons, then what is small: institutions, funds, scripted rows, the manifest."""
    rows: Counter = Counter()
    dirt: Counter = Counter()
    heads: Counter = Counter()
    settings = {"memory_limit": "3GB", "temp_directory": str(root / ".spill")}
    if threads:
        settings["threads"] = str(threads)
    with duckdb.connect(config=settings) as con, Progress(
        TextColumn("writing the sample"), BarColumn(), MofNCompleteColumn(), TextColumn("persons"),
        TimeRemainingColumn(), console=Console(stderr=True), disable=not progress,
    ) as bar:
        task = bar.add_task("persons", total=persons)
        con.execute("set enable_progress_bar = false")
        bulk.create_macros(con, seed)

        def write_chunk(lo: int) -> dict:
            with con.cursor() as cursor:
                cursor.execute("set enable_progress_bar = false")
                return bulk.write_chunk(cursor, root, lo // chunk, lo, min(persons, lo + chunk))

        # two chunks at a time: the files of one are too small to keep all threads busy
        pool = ThreadPoolExecutor(2)
        try:
            for done in pool.map(write_chunk, range(0, persons, chunk)):
                rows.update(done["rows"])
                dirt.update(done["dirt"])
                heads.update(done["heads"])
                bar.advance(task, done["persons"])
        finally:
            pool.shutdown(cancel_futures=True)
        dirt.update(bulk.line_dirt(con, root))
        folder = root / "fixmedins_b" / "bulk"
        folder.mkdir(parents=True)
        rows["fixmedins_b"] = con.execute(
            f"copy ({bulk.institutions()}) to {bulk.literal(folder / 'part-00000.parquet')} ({bulk.PARQUET})"
        ).fetchone()[0]
        funds = fund_rows(heads, seed)
        rows["fund_txn_d"] = len(funds)
        write_rows(con, root, "fund_txn_d", "bulk/part-00000.parquet", funds, "typed")
        plants = Plants()
        for plant in (
            plant_ladders, plant_categories, plant_moves, plant_reversals, plant_deliveries, plant_quarantine,
            plant_components, plant_cover,
        ):
            plant(plants)
        for (table, file), planted in plants.rows.items():
            write_rows(con, root, table, FILES[file], planted, file)
        twice = root / "setl_d" / FILES["twice"]
        shutil.copyfile(twice, twice.with_name("plants-00000-copy.parquet"))
    shutil.rmtree(root / ".spill", ignore_errors=True)
    manifest = make_manifest(root, persons, seed, rows, dirt, plants)
    text = json.dumps(manifest, ensure_ascii=False, indent=1)
    (root / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return manifest


def make_manifest(root: Path, persons: int, seed: int, rows: Counter, dirt: Counter, plants: Plants) -> dict:
    """What the build must find, table by table, and every case with its settlements and payouts."""
    reasons = plants.reasons + Counter({("setl_d", reason): dirt[reason] for reason in ("Q03", "Q06", "Q08")})
    tables = {}
    for table in COLUMNS:
        counts = {fate: plants.fates[table, fate] for fate in ("delivered", "void", "superseded", "quarantined")}
        counts["delivered"] += rows[table]
        if table == "setl_d":
            counts["void"] += dirt["void_row"]
            counts["superseded"] += dirt["redelivered"] + dirt["migration_row"]
            counts["quarantined"] += dirt["Q03"] + dirt["Q06"] + dirt["Q08"]
        counts["accepted"] = counts["delivered"] - sum(counts[fate] for fate in ("void", "superseded", "quarantined"))
        tables[table] = {
            "files": sum(1 for path in (root / table).rglob("*") if path.is_file()), **counts,
            "quarantined_by_reason": {key[1]: number for key, number in sorted(reasons.items()) if key[0] == table},
        }
    return {
        "seed": seed, "persons": persons, "tables": tables, "dirt": {name: int(dirt[name]) for name in sorted(dirt)},
        "cases": plants.cases,
    }
