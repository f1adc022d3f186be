"""The command line: `dabing sample` writes input to try things on, `dabing run` builds, checks and publishes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from dabing.errors import DabingError

EXIT_FAILED = 1


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
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command; a failure is told in sentences on standard error, exit code 1."""
    options = _parser().parse_args(arguments)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        if options.command == "sample":
            from dabing.sample import write_sample

            write_sample(options.directory, persons=options.persons, seed=options.seed)
            console.print(f"{options.directory}: sample of {options.persons:,} persons, seed {options.seed}")
        else:
            from dabing.run import run

            run(options.raw, options.warehouse, keep_failed=options.keep_failed, engine=options.engine)
    except DabingError as error:
        for sentence in error.sentences:
            console.print("Stopped: " + sentence, markup=False, style="red")
        return EXIT_FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
