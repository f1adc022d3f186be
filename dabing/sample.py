"""`dabing sample`: a whole raw directory for the four pools, large or small, the same for the same seed."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from pathlib import Path

import duckdb
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dabing import sample_sql as bulk

MANIFEST = "_manifest.json"
CHUNK = 100_000


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
        raise ValueError(f"persons is {persons}: ask for one person or more.")
    if directory.is_dir() and any(directory.iterdir()) and not (directory / MANIFEST).is_file():
        raise FileExistsError(
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
    rows: Counter = Counter()
    dirt: Counter = Counter()
    heads: Counter = Counter()
    settings = {"memory_limit": "3GB", "temp_directory": str(root / ".spill")}
    if threads:
        settings["threads"] = str(threads)
    with duckdb.connect(config=settings) as con, Progress(
        TextColumn("writing the sample"), BarColumn(), MofNCompleteColumn(), TextColumn("persons"),
        TimeRemainingColumn(), disable=not progress,
    ) as bar:
        task = bar.add_task("persons", total=persons)
        bulk.create_macros(con, seed)
        for number, lo in enumerate(range(0, persons, chunk)):
            hi = min(persons, lo + chunk)
            done = bulk.write_chunk(con, root, number, lo, hi)
            rows.update(done["rows"])
            dirt.update(done["dirt"])
            heads.update(done["heads"])
            bar.advance(task, hi - lo)
        folder = root / "fixmedins_b"
        folder.mkdir()
        rows["fixmedins_b"] += con.execute(
            f"copy ({bulk.institutions()}) to '{folder}/part-00000.parquet' (format parquet, compression zstd)"
        ).fetchone()[0]
    shutil.rmtree(root / ".spill", ignore_errors=True)
    manifest = {"seed": seed, "persons": persons, "rows": dict(rows), "dirt": dict(dirt)}
    (root / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
    return manifest
