"""The command line: `dabing sample` writes input to try things on, `dabing run` builds, checks and publishes,
`dabing whatif` says what another policy would have paid, `dabing explain` how an amount came about, `dabing cases`
writes the lists that case workers need by name."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from dabing.errors import DabingError, visible

EXIT_FAILED = 1
EXIT_BUSY = 3
EXIT_INTERRUPTED = 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dabing", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    sample = commands.add_parser("sample", help="write a made-up population's raw tables as Parquet")
    sample.add_argument("--directory", type=Path, default=Path("raw"), help="where to write (default: raw)")
    sample.add_argument("--persons", type=int, default=20_000, help="how many persons (default: 20000)")
    sample.add_argument("--seed", type=int, default=1, help="same seed, same files (default: 1)")

    run = commands.add_parser("run", help="build the warehouse from the raw tables, check it, publish it")
    run.add_argument(
        "--raw",
        type=Path,
        help="folder of the raw tables (default: raw, filled with the sample if there is none)",
    )
    run.add_argument("--warehouse", type=Path, default=Path("warehouse"), help="folder of the result")
    run.add_argument(
        "--engine",
        choices=("duckdb", "spark"),
        default="duckdb",
        help="where the tables are built: here, or on the Spark cluster that DABING_SPARK_HOST names, which is started"
        " on this machine where it names none (default: duckdb)",
    )
    run.add_argument(
        "--keep-failed",
        action="store_true",
        help="after a failure leave the unfinished build for inspection instead of deleting it",
    )
    run.add_argument(
        "--log",
        choices=("auto", "text", "json"),
        default="auto",
        help="how to speak on standard output: in words, or one JSON line an event (default: auto, words on a terminal"
        " and JSON elsewhere)",
    )
    run.add_argument(
        "--metrics",
        type=Path,
        metavar="FILE",
        help="where to write the metrics for Prometheus, also of a failed run (default: dabing.prom in the warehouse)",
    )
    run.add_argument("--rebuild", action="store_true", help="build everything, also what is unchanged")
    run.add_argument(
        "--years",
        type=_years,
        default=(),
        metavar="YEAR,...",
        help="build these benefit years also if nothing of them differs from the served release",
    )

    whatif = commands.add_parser(
        "whatif",
        help="print what another policy would have paid",
        description="Without --set: the scenarios of seeds/policy/scenario.csv. With it: numbers of your own.",
    )
    whatif.add_argument("--warehouse", type=Path, default=Path("warehouse"), help="folder of the published file")
    whatif.add_argument(
        "--set",
        action="append",
        default=[],
        dest="settings",
        metavar="SCHEME.PARAMETER=VALUE",
        help="an override, such as xianyang_cii.deductible=9000 or xianyang_cii.rate.2+0.05; may be repeated",
    )
    whatif.add_argument("--scenario", action="append", default=[], help="only this scenario; may be repeated")
    whatif.add_argument(
        "--by", action="append", default=[], choices=["county", "category"], help="results by county, category or both"
    )
    whatif.add_argument("--json", action="store_true", help="JSON instead of tables")

    releases = commands.add_parser("releases", help="list the kept releases, or serve an earlier one again")
    releases.add_argument("--back-to", type=int, metavar="NUMBER", help="serve this release again")
    releases.add_argument("--warehouse", type=Path, default=Path("warehouse"), help="folder of the published result")

    export = commands.add_parser("export", help="write the public tables as Parquet files")
    export.add_argument("directory", type=Path, help="folder to write into: <schema>/<table>.parquet")
    export.add_argument("--warehouse", type=Path, default=Path("warehouse"), help="folder of the published result")

    explain = commands.add_parser("explain", help="say step by step how the payouts of a settlement came about")
    explain.add_argument("settlement", nargs="?", help="number of the settlement (setl_id)")
    explain.add_argument("--person", help="person_key or person number, with --year: the whole person-year")
    explain.add_argument("--year", type=int, help="benefit year of --person")
    explain.add_argument("--language", choices=("en", "zh"), default="en", help="English or Chinese (default: en)")
    explain.add_argument("--json", action="store_true", help="as JSON instead of text")
    explain.add_argument("--warehouse", type=Path, default=Path("warehouse"), help="folder of the published result")

    cases = commands.add_parser("cases", help="write the lists that case workers need by name, for their owner only")
    cases.add_argument("--directory", type=Path, required=True, help="a new folder for the lists (mode 0700)")
    cases.add_argument("--warehouse", type=Path, default=Path("warehouse"), help="folder of the published result")
    return parser


def _years(text: str) -> list[int]:
    return [int(year) for year in text.split(",")]


def main(arguments: list[str] | None = None) -> int:
    """Run one command; a failure is told in sentences on standard error, exit code 1."""
    options = _parser().parse_args(arguments)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        if options.command == "sample":
            from dabing.sample import write_sample

            write_sample(options.directory, persons=options.persons, seed=options.seed)
            told = f"{options.directory}: sample of {options.persons:,} persons, seed {options.seed}"
            console.print(told, markup=False)
        elif options.command == "whatif":
            from dabing import report
            from dabing.publish import DATABASE
            from dabing.whatif import whatif

            whatif(
                (options.warehouse / DATABASE).resolve(),
                options.settings,
                options.scenario,
                options.by,
                options.json,
                report.console(),
            )
        elif options.command == "releases":
            from dabing import report
            from dabing.publish import go_back
            from dabing.trouble import in_sentences

            warehouse = options.warehouse.resolve()
            if options.back_to is not None:
                with in_sentences(warehouse):
                    release = go_back(warehouse, options.back_to)
                console.print(f"Release {release.number} of {release.released_at:%Y-%m-%d %H:%M:%S} is served again.")
            report.print_releases(report.console(), warehouse)
        elif options.command == "export":
            from dabing.publish import write_parquet
            from dabing.trouble import in_sentences

            with in_sentences(options.directory):
                written = write_parquet(options.warehouse.resolve(), options.directory)
            console.print(f"{options.directory}: {len(written)} public tables as Parquet", markup=False)
        elif options.command == "explain":
            from dabing.explain import explain

            text = explain(
                options.warehouse,
                options.settlement,
                options.person,
                options.year,
                options.language,
                options.json,
            )
            sys.stdout.write(visible(text, longest=None) + "\n")
        elif options.command == "cases":
            from dabing.cases import write_cases
            from dabing.trouble import in_sentences

            with in_sentences(options.directory):
                written = write_cases(options.warehouse, options.directory)
            for table, rows in written.items():
                told = f"{options.directory / table}.csv: {rows:,} rows with names; nobody else may read it"
                console.print(told, markup=False)
        else:
            from dabing.run import run

            run(
                options.raw,
                options.warehouse,
                keep_failed=options.keep_failed,
                rebuild=options.rebuild,
                engine=options.engine,
                log=options.log,
                metrics_file=options.metrics,
                named_years=options.years,
            )
    except DabingError as error:
        from dabing.publish import BusyError

        for sentence in error.sentences:
            console.print(Text("Stopped: " + sentence, style="red"))
        return EXIT_BUSY if isinstance(error, BusyError) else EXIT_FAILED
    except KeyboardInterrupt:
        console.print("Stopped: interrupted. What was served before is whole; run again when you like.", style="red")
        return EXIT_INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
