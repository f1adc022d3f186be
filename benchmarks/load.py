"""Readers at work while releases are published again and again: no error, and no reader sees a mix of two releases.

    python benchmarks/load.py [--readers 20] [--minutes 3] [--runs]

Each reader is a process. Over and over it connects, asks several marts one after the other with pauses in between, and
looks whether all answers are of one release: its sums are equal across marts, and the release says the same total to
whoever asks. Without --runs prepared files are published several times a second; with it `dabing run` builds and
publishes the sample, each time with one settlement more.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from dabing import publish  # noqa: E402

# Each is the sum of the payouts of critical illness insurance, from another mart.
SUMS = tuple(
    f"select sum(marts.{amount}) from {mart} as marts semi join policy.dim_scheme as schemes"
    " on marts.scheme_id = schemes.scheme_id and schemes.scheme_kind = 'critical_illness'"
    for mart, amount in (
        ("benefits.fct_payout", "payout_amount"),
        ("benefits.fct_payout_tier", "tier_payout"),
        ("funds.fct_fund_year", "payout_amount"),
    )
)
RELEASE = "select max(release_number) from quality.release"


def read(database: Path, seconds: float, seed: int, pause: float) -> dict:
    """What one reader sees in so many seconds, with pauses between its queries."""
    drawn = random.Random(seed)
    seen = {"connections": 0, "queries": 0, "errors": [], "mixes": [], "totals": {}, "milliseconds": []}
    last = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            started = time.monotonic()
            with duckdb.connect(str(database), read_only=True) as connection:
                seen["milliseconds"].append(round((time.monotonic() - started) * 1000))
                release = connection.execute(RELEASE).fetchone()[0]
                found = set()
                for query in drawn.sample(SUMS, len(SUMS)):
                    time.sleep(drawn.uniform(0, pause))
                    found.add(str(connection.execute(query).fetchone()[0]))
                still = connection.execute(RELEASE).fetchone()[0]
            seen["connections"] += 1
            seen["queries"] += len(SUMS) + 2
            if len(found) != 1 or still != release or release < last:
                seen["mixes"].append(f"release {release}, then {still}, after {last}: sums {sorted(found)}")
            seen["totals"].setdefault(str(release), []).extend(found)
            seen["totals"][str(release)] = sorted(set(seen["totals"][str(release)]))
            last = release
        except duckdb.Error as error:
            seen["errors"].append(str(error).splitlines()[0])
    return seen


def publish_prepared(warehouse: Path, number: int) -> None:
    """Publish a small file with the marts that the readers ask; its sums are those of no other release."""
    folder = warehouse / "prepared"
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / publish.DATABASE
    release = publish.Release(number, f"run-{number}", datetime.now(), publish.Sources("i", "c", "s"))
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "create schema quality; create schema benefits; create schema funds; create schema policy;"
            "create table policy.dim_scheme as select 'a_cii' as scheme_id, 'critical_illness' as scheme_kind;"
            "create table benefits.fct_payout as select 'S' || range as settlement_id, 'a_cii' as scheme_id,"
            f" cast(range + {number} as decimal(18, 2)) as payout_amount from range(20000);"
            "create table benefits.fct_payout_tier as select settlement_id, scheme_id, unnest([1, 2]) as tier_no,"
            " cast(payout_amount / 2 as decimal(18, 2)) as tier_payout from benefits.fct_payout;"
            "create table funds.fct_fund_year as select scheme_id, cast(sum(payout_amount) as decimal(18, 2))"
            " as payout_amount from benefits.fct_payout group by all"
        )
        connection.execute(
            "create table quality.release as select $1::bigint as release_number, $2 as run_id, $3 as released_at,"
            " 'i' as input_hash, 'c' as code_hash, 's' as seed_hash",
            [number, release.run_id, release.released_at],
        )
    publish.publish(database, warehouse, release)


class Runs:
    """`dabing run` on the sample, each time with one settlement more."""

    def __init__(self, folder: Path) -> None:
        self._raw = folder / "raw"
        self._command = [sys.executable, "-m", "dabing.cli"]
        sample = ["sample", "--directory", str(self._raw), "--persons", "1000"]
        subprocess.run([*self._command, *sample], cwd=PROJECT, check=True, stderr=subprocess.DEVNULL)

    def publish(self, warehouse: Path, number: int) -> None:
        cost = Decimal(60000 + number)
        (self._raw / "setl_d" / f"load-{number}.csv").write_text(
            "setl_id,psn_no,insutype,insu_admdvs,med_type,setl_time,medfee_sumamt,fulamt_ownpay_amt,overlmt_selfpay,"
            "preselfpay_amt,inscp_amt,hifp_pay\n"
            f"LOAD-{number},LOAD-{number},390,330302,21,2021-05-01 10:00:00,{cost + 100},0,0,0,{cost + 100},100.00\n"
        )
        run = ["run", "--raw", str(self._raw), "--warehouse", str(warehouse)]
        finished = subprocess.run([*self._command, *run], cwd=PROJECT, capture_output=True, text=True, check=False)
        if finished.returncode:
            raise SystemExit(finished.stdout + finished.stderr)


def measure(folder: Path, readers: int, seconds: float, runs: bool) -> dict:
    """Publish for so long under the eyes of so many readers; what all of them saw."""
    warehouse = folder / "warehouse"
    warehouse.mkdir(parents=True)
    publish_next = Runs(folder).publish if runs else publish_prepared
    publish_next(warehouse, 1)
    database = warehouse / publish.DATABASE
    # A build needs some of the machine as well.
    pause = 3 if runs else 0.3
    command = [sys.executable, __file__, "--read", str(database), "--seconds", str(seconds), "--pause", str(pause)]
    processes = [
        subprocess.Popen([*command, "--seed", str(seed)], stdout=subprocess.PIPE, text=True) for seed in range(readers)
    ]
    published, durations = 1, []
    # Until the last reader is done: each counts its own seconds, from when it has come up.
    while any(process.poll() is None for process in processes):
        started = time.monotonic()
        publish_next(warehouse, published + 1)
        published += 1
        durations.append(time.monotonic() - started)
    seen = [json.loads(process.communicate()[0]) for process in processes]
    totals: dict[str, set[str]] = {}
    for one in seen:
        for release, found in one["totals"].items():
            totals.setdefault(release, set()).update(found)
    milliseconds = sorted(value for one in seen for value in one["milliseconds"])
    return {
        "readers": readers,
        "seconds": seconds,
        "published": published,
        "seconds_per_publication": round(sum(durations) / len(durations), 2),
        "releases_seen": len(totals),
        "connections": sum(one["connections"] for one in seen),
        "queries": sum(one["queries"] for one in seen),
        "errors": sum(len(one["errors"]) for one in seen),
        "mixes": sum(len(one["mixes"]) for one in seen),
        "releases_with_two_totals": sum(len(found) != 1 for found in totals.values()),
        "connect_ms_median": milliseconds[len(milliseconds) // 2],
        "connect_ms_99": milliseconds[len(milliseconds) * 99 // 100],
        "connect_ms_max": milliseconds[-1],
        "examples": dict(Counter(text for one in seen for text in one["errors"] + one["mixes"]).most_common(3)),
    }


def main() -> None:
    """Reads where told to, else publishes and counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--runs", action="store_true", help="publish by dabing run, instead of prepared files")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--pause", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        print(json.dumps(read(options.read, options.seconds, options.seed, options.pause)))
        return
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), options.readers, options.minutes * 60, options.runs)
    print(json.dumps(found, indent=4))
    sys.exit(bool(found["errors"] or found["mixes"] or found["releases_with_two_totals"]))


if __name__ == "__main__":
    main()
