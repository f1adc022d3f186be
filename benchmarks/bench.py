"""Measure the project against its peers on one input, in one go: `python benchmarks/bench.py`.

Writes the sample input, then runs each contender in a process of its own: the whole project
(`dabing run`: build, tests, border checks, publishing), `dbt build` of its spine alone, a hand-written
DuckDB script of the same tables, and the payouts alone in DuckDB, Polars and pandas. Prints wall
time and peak memory, and whether the payouts agree row by row; `--out` keeps the numbers as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path

import duckdb
import psutil
from rich.console import Console
from rich.table import Table

from dabing.cluster import ENGINE

ROOT = Path(__file__).resolve().parents[1]
PEERS = Path(__file__).resolve().parent / "peers"
CONTENDERS = ("project", "spark", "spine", "bare", "bare_payouts", "polars", "pandas")
TITLES = {
    "project": "this project",
    "spark": "this project on Spark",
    "spine": "its dbt build",
    "bare": "bare DuckDB script",
    "bare_payouts": "bare DuckDB script",
    "polars": "Polars",
    "pandas": "pandas",
}
KEY = "benchmark"  # of the person hash: the same for all, so that person keys can be compared
MEMORY, THREADS = "6GB", 2  # of DuckDB, as the build has it
# What the pandas peer needs at its peak for a delivered settlement row: measured, with some room.
PANDAS_BYTES_PER_ROW = 700
SAMPLING_SECONDS = 0.1
# The peers compute critical illness insurance; the project pays more schemes.
CRITICAL_ILLNESS = (
    f"select scheme_id from read_csv('{ROOT / 'seeds' / 'policy' / 'scheme.csv'}', all_varchar = true)"
    " where scheme_kind = 'critical_illness'"
)
# Tables that both builds have beside `benefits.fct_payout`, with columns that must be equal.
SHARED = {
    "benefits.fct_claim_expense": (
        "settlement_id person_key benefit_year settled_at region_code insurance_type care_type"
        " is_reversal total_cost basic_paid coinsurance class_b_self_pay transfer_self_pay"
        " over_limit own_expense restricted_use"
    ),
    "benefits.fct_payout_tier": "settlement_id scheme_id tier_no rate tier_expense tier_payout",
    "benefits.fct_accumulator_year": (
        "person_key scheme_id benefit_year settlement_count eligible_expense payable_expense"
        " payout_amount deductible deductible_remaining annual_limit limit_remaining"
    ),
    "funds.fct_fund_year": (
        "scheme_id region_code insurance_type benefit_year insured_heads income_amount payout_amount balance_amount"
    ),
    "quality.load_audit": "raw_table delivered accepted superseded void quarantined",
}


@dataclass
class Run:
    """What one contender took, and how its payouts compare."""

    name: str
    computes: str
    persons_share: float = 1.0
    wall_seconds: float = 0.0
    peak_bytes: int = 0
    failure: str = ""
    parts: dict[str, float] = field(default_factory=dict)
    rows: int | None = None
    differing_rows: int | None = None
    payout_sum: str | None = None
    tables_differing: list[str] | None = None


class Bench:
    """One benchmark in one work folder."""

    def __init__(self, options: argparse.Namespace, console: Console) -> None:
        """Lay out the work folder."""
        self.options = options
        self.console = console
        self.work = options.work.resolve()
        self.raw = options.raw.resolve() if options.raw else self.work / "raw"
        self.outputs = {
            "project": self.work / "warehouse" / "dabing.duckdb",
            "spark": self.work / "warehouse_spark" / "dabing.duckdb",
            "spine": self.work / "spine" / "dabing.duckdb",
            "bare": self.work / "bare" / "bare.duckdb",
            "bare_payouts": self.work / "bare_payouts" / "payouts.parquet",
            "polars": self.work / "polars.parquet",
            "pandas": self.work / "pandas.parquet",
        }
        self.runs: dict[str, Run] = {}

    # --- input ------------------------------------------------------------------------------------

    def write_input(self) -> None:
        """Write the sample, in a process of its own so that its memory is given back."""
        if self.options.raw:
            return
        wanted = {"persons": self.options.persons, "seed": self.options.seed}
        note = self.work / "input.json"
        if note.exists() and json.loads(note.read_text()) == wanted and self.raw.is_dir():
            self.console.print(f"Input is there already: {self.raw}")
            return
        self.console.print(f"Writing the sample of {self.options.persons:,} persons to {self.raw}")
        note.unlink(missing_ok=True)
        shutil.rmtree(self.raw, ignore_errors=True)
        code = (
            "import sys; from pathlib import Path; from dabing.sample import write_sample; "
            "write_sample(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))"
        )
        arguments = [str(self.raw), str(self.options.persons), str(self.options.seed)]
        subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, check=True)
        note.write_text(json.dumps(wanted))

    def describe_input(self) -> dict:
        """Size up the input; reading every file also gives all contenders a warm file cache."""
        files = [path for path in self.raw.rglob("*") if path.name.endswith((".parquet", ".gz", ".csv"))]
        for path in files:
            with path.open("rb") as file:
                while file.read(1 << 24):
                    pass
        parquet = [path for path in files if path.suffix == ".parquet"]
        rows: dict[str, int] = {}
        with duckdb.connect() as con:
            for path in parquet:
                table = path.relative_to(self.raw).parts[0]
                con.execute("select sum(num_rows) from parquet_file_metadata(?)", [str(path)])
                rows[table] = rows.get(table, 0) + int(con.fetchone()[0])
        return {
            "persons": None if self.options.raw else self.options.persons,
            "seed": None if self.options.raw else self.options.seed,
            "files": len(files),
            "bytes": sum(path.stat().st_size for path in files),
            "rows_in_parquet": rows,
        }

    # --- contenders -------------------------------------------------------------------------------

    def run(self, name: str, input_size: dict) -> None:
        """Run one contender and keep its numbers."""
        out = self.outputs[name]
        common = ["--raw", self.raw, "--out", out]
        if name in ("project", "spark"):
            run = Run(name, "everything, tested and published")
            shutil.rmtree(out.parent, ignore_errors=True)
            engine = "spark" if name == "spark" else "duckdb"
            command = ["-m", "dabing.cli", "run", "--engine", engine, "--log", "text"]
            command += ["--raw", self.raw, "--warehouse", out.parent]
            run.parts = built_and_checked(self.measure(run, command))
        elif name == "spine":
            run = Run(name, "the same tables")
            shutil.rmtree(out.parent, ignore_errors=True)
            models = [f"+{table.split('.')[1]}" for table in ("benefits.fct_payout", "quality.quarantine", *SHARED)]
            # As in dabing run; a test of two tables of which one is not built has nothing to look at.
            options = ["--exclude-resource-type", "unit_test", "--indirect-selection", "buildable"]
            command = ["-m", "dbt.cli.main", "build", "--select", *models, *options]
            self.measure(run, command)
        elif name == "pandas":
            run = self.run_pandas(common, input_size["rows_in_parquet"].get("setl_d", 0))
        elif name == "polars":
            run = Run(name, "payouts only")
            self.measure(run, [PEERS / "with_polars.py", *common])
        else:
            run = Run(name, "the same tables" if name == "bare" else "payouts only")
            limits = ["--memory", MEMORY, "--threads", THREADS, "--temp", self.work / "spill"]
            scope = ["--payouts-only"] if name == "bare_payouts" else []
            self.measure(run, [PEERS / "bare_duckdb.py", *common, *limits, *scope])
        self.runs[name] = run

    def run_pandas(self, common: list, settlement_rows: int) -> Run:
        """Run pandas on as many persons as fit into memory; on half as many while they do not."""
        room = psutil.virtual_memory().available * 0.8
        share = min(1.0, room / max(1, settlement_rows * PANDAS_BYTES_PER_ROW))
        if share < 1:
            share = max(0.01, int(share * 100) / 100)
        for _ in range(4):
            run = Run("pandas", "payouts only", persons_share=share)
            some = ["--persons", self.choose_persons(share)] if share < 1 else []
            self.measure(run, [PEERS / "with_pandas.py", *common, *some])
            if not run.failure.startswith("out of memory"):
                break
            self.console.print(f"  {share:.0%} of the persons are too many for pandas")
            share /= 2
        return run

    def choose_persons(self, share: float) -> Path:
        """Write the person numbers of a share of the persons, evenly drawn."""
        chosen = self.work / "persons.parquet"
        files = [str(path) for path in sorted((self.raw / "setl_d").rglob("*.parquet"))]
        with duckdb.connect(config={"memory_limit": MEMORY, "threads": THREADS}) as con:
            con.execute(
                f"""
                copy (
                    select distinct trim(psn_no::varchar) as psn_no
                    from read_parquet(?, union_by_name = true)
                    where hash(trim(psn_no::varchar)) % 10000 < {round(share * 10000)}
                ) to '{chosen}' (format parquet)
                """,
                [files],
            )
        return chosen

    def measure(self, run: Run, command: list) -> str:
        """Run a command; keep its wall time and its process tree's peak resident memory.

        Returns what it said.
        """
        self.console.print(f"Running {TITLES[run.name]}, {run.computes} ...")
        most = psutil.virtual_memory().available - (1 << 30)
        log = self.work / f"{run.name}.log"
        environment = os.environ | {
            "DBT_ENV_SECRET_PERSON_KEY": KEY,
            "DABING_RAW": str(self.raw),
            "DABING_DATABASE": str(self.outputs["spine"]),  # dabing run has one of its own
            "DABING_SPILL": str(self.work / "spill"),
            "DABING_MEMORY": MEMORY,
            "DABING_THREADS": str(THREADS),
            "POLARS_MAX_THREADS": str(THREADS),
            "PYTHONUNBUFFERED": "1",
        }
        started = time.perf_counter()
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *map(str, command)],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            while True:
                pid, status, usage = os.wait4(process.pid, os.WNOHANG)
                if pid:
                    break
                run.peak_bytes = max(run.peak_bytes, tree_memory(process.pid))
                taken = time.perf_counter() - started
                if run.peak_bytes > most:
                    run.failure = f"out of memory at {run.peak_bytes / 2**30:.1f} GB"
                elif taken > self.options.timeout:
                    run.failure = f"not done after {taken:.0f} s"
                if run.failure:
                    kill_tree(process.pid)
                    pid, status, usage = os.wait4(process.pid, 0)
                    break
                time.sleep(SAMPLING_SECONDS)
        process.returncode = os.waitstatus_to_exitcode(status)
        run.wall_seconds = time.perf_counter() - started
        # ru_maxrss (KB on Linux) is of the largest single process, but misses no moment.
        run.peak_bytes = max(run.peak_bytes, usage.ru_maxrss * 1024)
        said = log.read_text(errors="replace")
        if process.returncode and not run.failure:
            out_of_memory = process.returncode == -9 or "MemoryError" in said
            run.failure = "out of memory" if out_of_memory else f"exit code {process.returncode}"
        if run.failure:
            said_last = "\n".join(said.strip().splitlines()[-12:])
            self.console.print(f"  {run.failure}\n{said_last}", style="red", markup=False)
        return said

    # --- agreement --------------------------------------------------------------------------------

    def compare(self) -> str:
        """Compare all payouts with the project's, or where it has none with the bare script's."""
        reference = next((n for n in ("project", "bare") if self.has_result(n)), "")
        if not reference:
            return ""
        settings = {
            "memory_limit": MEMORY,
            "threads": THREADS,
            "temp_directory": str(self.work / "spill"),
        }
        with duckdb.connect(config=settings) as con:
            for name in filter(self.has_result, self.runs):
                self.attach(con, name)
            chosen = self.work / "persons.parquet"
            for name, run in self.runs.items():
                if not self.has_result(name):
                    continue
                theirs = f"payout_{reference}"
                if run.persons_share < 1:
                    theirs = f"""(
                        select * from {theirs} semi join (
                            select left(sha256(concat('{KEY}:', psn_no)), 32) as person_key
                            from '{chosen}'
                        ) using (person_key)
                    )"""
                run.rows, run.differing_rows, total = con.execute(f"""
                    select
                        count(mine.fen),
                        count(*) filter (where mine.fen is distinct from theirs.fen),
                        sum(mine.fen)
                    from payout_{name} as mine
                    full join {theirs} as theirs using (settlement_id, scheme_id)
                """).fetchone()
                run.payout_sum = f"{int(total or 0) / 100:.2f}"
            if self.has_result("project") and self.has_result("bare"):
                self.runs["bare"].tables_differing = differing_tables(con)
            if self.has_result("project") and self.has_result("spark"):
                self.runs["spark"].tables_differing = differing_marts(con)
        return reference

    def has_result(self, name: str) -> bool:
        """Whether a contender ran and came to its end."""
        return name in self.runs and not self.runs[name].failure and self.outputs[name].exists()

    def attach(self, con: duckdb.DuckDBPyConnection, name: str) -> None:
        """Make a contender's payouts a view: settlement_id, scheme_id, fen."""
        path = self.outputs[name]
        if path.suffix == ".duckdb":
            con.execute(f"attach '{path}' as {name} (read_only)")
            con.execute(f"""
                create view payout_{name} as
                select settlement_id, scheme_id, person_key, (payout_amount * 100)::bigint as fen
                from {name}.benefits.fct_payout
                where scheme_id in ({CRITICAL_ILLNESS})
            """)
        else:
            con.execute(
                f"create view payout_{name} as select settlement_id, scheme_id, payout_fen as fen from '{path}'"
            )

    # --- report -----------------------------------------------------------------------------------

    def report(self, input_size: dict, here: dict, reference: str) -> None:
        """Print the table."""
        base = {run.computes == "payouts only": run for name, run in self.runs.items() if name.startswith("bare")}
        table = Table(title="Wall time and peak memory", title_justify="left")
        for column in ("contender", "computes", "persons"):
            table.add_column(column)
        for column in (
            "wall, s",
            "× bare DuckDB",
            "peak, GB",
            "payout rows",
            "differing rows",
            "payouts, yuan",
        ):
            table.add_column(column, justify="right")
        for run in self.runs.values():
            bare = base.get(run.computes == "payouts only")
            ratio = ""
            if bare and not bare.failure and not run.failure:
                ratio = f"{run.wall_seconds / run.persons_share / bare.wall_seconds:.1f}"
                ratio = ratio if run.persons_share == 1 else f"about {ratio}"
            known = run.rows is not None
            table.add_row(
                TITLES[run.name],
                run.computes,
                "all" if run.persons_share == 1 else f"{run.persons_share:.0%}",
                run.failure or f"{run.wall_seconds:.1f}",
                ratio,
                f"{run.peak_bytes / 2**30:.2f}",
                f"{run.rows:,}" if known else "",
                f"{run.differing_rows:,}" if known else "",
                f"{float(run.payout_sum):,.2f}" if known else "",
            )
        rows = ", ".join(f"{name} {count:,}" for name, count in sorted(input_size["rows_in_parquet"].items()))
        persons = f"{input_size['persons']:,} persons, " if input_size["persons"] else ""
        self.console.print(
            f"\nInput: {persons}{input_size['bytes'] / 2**20:,.0f} MB in {input_size['files']} files; {rows}"
        )
        self.console.print("Machine: " + ", ".join(f"{k} {v}" for k, v in here.items()))
        self.console.print(table)
        self.console.print(
            "× bare DuckDB: to the bare script that computes as much. Differing rows: settlement"
            f" and scheme whose payout is not to the fen that of {TITLES.get(reference, 'another')}"
            " or that only one of the two has."
        )
        shares = {run.persons_share for run in self.runs.values() if run.persons_share < 1}
        if shares:
            self.console.print(
                "A contender that does not fit into memory runs on a share of the persons;"
                " its ratio is scaled up from there."
            )
        for name, run in self.runs.items():
            if run.parts:
                parts = ", ".join(f"{part} {seconds:.0f} s" for part, seconds in run.parts.items())
                self.console.print(f"{TITLES[name].capitalize()}: {parts}.")
            if run.tables_differing is not None:
                said = ", ".join(run.tables_differing) or "none"
                which = "Public marts from Spark" if name == "spark" else "Other tables of the bare script"
                self.console.print(f"{which} that differ from the project's: {said}.")

    def clean_up(self) -> None:
        """Remove what this wrote, and nothing else that may be in the work folder."""
        folders = [path.parent for path in self.outputs.values() if path.parent != self.work]
        folders += [self.work / "spill", *([] if self.options.raw else [self.work / "raw"])]
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        files = [path for path in self.outputs.values() if path.parent == self.work]
        files += [self.work / f"{name}.log" for name in CONTENDERS]
        for file in [*files, self.work / "persons.parquet", self.work / "input.json"]:
            file.unlink(missing_ok=True)
        if not any(self.work.iterdir()):
            self.work.rmdir()

    def agrees(self) -> bool:
        """Whether every contender came to its end with equal payouts."""
        return all(
            not run.failure and not run.differing_rows and not run.tables_differing for run in self.runs.values()
        )


def tree_memory(pid: int) -> int:
    """Resident memory of a process and all below it."""
    total = 0
    try:
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            try:
                total += process.memory_info().rss
            except psutil.Error:
                continue
    except psutil.Error:
        pass
    return total


def kill_tree(pid: int) -> None:
    """End a process that this one started, and all below it."""
    try:
        root = psutil.Process(pid)
        for process in [*root.children(recursive=True), root]:
            try:
                process.kill()
            except psutil.Error:
                continue
    except psutil.Error:
        pass


def built_and_checked(said: str) -> dict[str, float]:
    """What the run itself says that building and checking took."""
    parts = {}
    for part, pattern in (
        ("dbt build", r"Built .*?\((\d+) s\)"),
        ("border checks", r"Checked .*?\((\d+) s\)"),
    ):
        seconds = [float(value) for value in re.findall(pattern, said)]
        if seconds:
            parts[part] = sum(seconds)
    return parts


def differing_tables(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Find tables that differ between project and bare script, by a sum of the rows' hashes."""
    differing = []
    for table, names in SHARED.items():
        columns = ", ".join(f"{name}::varchar" for name in names.split())
        where = ""
        if table == "funds.fct_fund_year":
            # The project has a row of zeros for a county without any, and supplementary funds; the script has none.
            where = f"where (insured_heads <> 0 or payout_amount <> 0) and scheme_id in ({CRITICAL_ILLNESS})"
        elif table.startswith("benefits.") and "scheme_id" in names.split():
            # The script knows critical illness insurance only.
            where = f"where scheme_id in ({CRITICAL_ILLNESS})"
        elif table == "quality.load_audit":
            columns = "raw_table, " + ", ".join(f"sum({name})::varchar as {name}" for name in names.split()[1:])
            where = "where delivered > 0 group by raw_table"
        sums = []
        for build in ("project", "bare"):
            try:
                sums.append(
                    con.execute(
                        f"select count(*), sum(hash(r)) from (select {columns} from {build}.{table} {where}) as r"
                    ).fetchone()
                )
            except duckdb.Error as error:
                sums.append(str(error).splitlines()[0])
        if sums[0] != sums[1]:
            differing.append(f"{table} ({sums[0]} against {sums[1]})")
    return differing


def differing_marts(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Find public marts that differ between the two engines, by a sum of the hashes of whole rows."""
    differing = []
    for schema, table in con.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = 'spark'"
        " and not starts_with(table_name, 'int_') and table_name not in ('check_result', 'release', 'release_input')"
    ).fetchall():
        here, there = (
            con.execute(f"select count(*), sum(hash(r)) from {build}.{schema}.{table} as r").fetchone()
            for build in ("project", "spark")
        )
        if here != there:
            differing.append(f"{schema}.{table} ({there} against {here})")
    return differing


def machine() -> dict:
    """What this was measured on."""
    names = ("duckdb", "dbt-core", "polars", "pandas")
    return {
        "cores": os.cpu_count(),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GB",
        "Python": platform.python_version(),
        **{name: version(name) for name in names},
    }


def main() -> int:
    """Command line; exit code 1 where a contender fails or disagrees."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=2_500_000, help="size of the sample (default: 2500000)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the sample (default: 1)")
    parser.add_argument("--raw", type=Path, help="a raw folder to use instead of writing the sample")
    parser.add_argument(
        "--work",
        type=Path,
        default=ROOT / "benchmarks" / ".work",
        help="where input and results go",
    )
    parser.add_argument("--keep", action="store_true", help="leave input and results in the work folder")
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, default=list(CONTENDERS), help="run these only")
    parser.add_argument(
        "--timeout",
        type=float,
        default=7200,
        help="seconds that a contender may take (default: 7200)",
    )
    parser.add_argument("--out", type=Path, help="write the numbers to this JSON file too")
    options = parser.parse_args()
    terminal = Console(highlight=False)
    console = terminal if terminal.is_terminal else Console(highlight=False, width=160)
    bench = Bench(options, console)
    bench.work.mkdir(parents=True, exist_ok=True)
    try:
        bench.write_input()
        size, here = bench.describe_input(), machine()
        for name in CONTENDERS:
            if name == "spark" and not ENGINE.is_dir():
                console.print("Left out: this project on Spark (`make run-spark` once installs what it needs).")
            elif name in options.only:
                bench.run(name, size)
        reference = bench.compare()
        bench.report(size, here, reference)
        if options.out:
            numbers = {"input": size, "machine": here, "reference": reference}
            numbers["runs"] = [asdict(run) for run in bench.runs.values()]
            options.out.parent.mkdir(parents=True, exist_ok=True)
            options.out.write_text(json.dumps(numbers, indent=2) + "\n")
    finally:
        if not options.keep:
            bench.clean_up()
    return 0 if bench.agrees() else 1


if __name__ == "__main__":
    sys.exit(main())
