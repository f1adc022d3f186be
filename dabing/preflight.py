"""Looks at the raw files before anything is built: each must be whole and readable.

Columns, types and values are not looked at here: the staging models do that (rules A1 to A7).
"""

from __future__ import annotations

import codecs
import csv
import gzip
import re
import zlib
from pathlib import Path

import duckdb

from dabing.errors import DabingError

TABLES = (
    "setl_d",
    "fee_list_d",
    "mdtrt_d",
    "psn_info_b",
    "psn_insu_d",
    "psn_idet_d",
    "supp_enrl_d",
    "fund_txn_d",
    "fixmedins_b",
    "refl_appy_evt_c",
)
BLOCK = 1 << 20


def check_raw_files(raw: Path) -> None:
    """Raise DabingError with one sentence for each file that cannot be read; return when all can."""
    if not raw.is_dir():
        raise DabingError(f"{raw}: no such folder. Give the folder that holds setl_d and the other raw tables.")
    files = {table: _files(raw / table) for table in TABLES}
    if not files["setl_d"]:
        raise DabingError(
            f"{raw}: there is no file of settlements. Put the Parquet or CSV files of the extract into"
            f" {raw / 'setl_d'}, one folder a table, or name another folder."
        )
    troubles = [trouble for table in TABLES for path in files[table] if (trouble := _trouble(path))]
    if troubles:
        raise DabingError(*troubles)


def _files(folder: Path) -> list[Path]:
    """Files of a raw table; names of files and folders that begin with _ or . are marks of other tools and no data."""
    return sorted(
        path
        for path in folder.rglob("*")
        if (path.is_symlink() or path.is_file()) and not any(part[0] in "_." for part in path.relative_to(folder).parts)
    )


def _trouble(path: Path) -> str | None:
    """What keeps a file from being read and what to do about it; None when it can be read."""
    name = path.name.lower()
    if path.is_symlink():
        return f"{path}: a link; links inside a table's folder are not read. Put the file itself there."
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        return f"{path}: cannot be opened ({error.strerror}). Give the run the right to read it, or take it away."
    if path.stat().st_size == 0:
        return f"{path}: the file is empty (0 bytes). Deliver it again, or take it out of the folder."
    if name.endswith(".parquet"):
        return _parquet_trouble(path)
    if name.endswith((".csv", ".csv.gz")):
        return _csv_trouble(path)
    return f"{path}: neither Parquet nor CSV (.parquet, .csv, .csv.gz). Convert it or take it out of the folder."


def _parquet_trouble(path: Path) -> str | None:
    try:
        with duckdb.connect() as connection:
            connection.execute("select num_rows from parquet_file_metadata($1)", [_literal_path(path)]).fetchall()
    except duckdb.Error:
        return (
            f"{path}: not a whole Parquet file; it was cut off or is still being written. Deliver it again, or take it"
            " out of the folder."
        )
    return None


def _literal_path(path: Path) -> str:
    """The path as DuckDB reads it: without a meaning for characters of file patterns."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path))


def _csv_trouble(path: Path) -> str | None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    lines = 1
    try:
        with opened(path, "rb") as file:
            while block := file.read(BLOCK):
                decoder.decode(block)
                lines += block.count(b"\n")
            decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        line = lines + error.object[: error.start].count(b"\n")
        return (
            f"{path}: line {line} is not UTF-8 text; the file is most likely in GBK. Convert it, for instance with"
            f" 'iconv -f GBK -t UTF-8', and deliver it again."
        )
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return f"{path}: not a whole gzip file; it was cut off or damaged. Deliver it again."
    return _csv_form_trouble(path, opened)


def _csv_form_trouble(path: Path, opened) -> str | None:
    """Every line must have as many values as the header has names; DuckDB reads the whole file to see."""
    with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
        header = next(csv.reader(file), [])
    if not header:
        return f"{path}: the first line is blank; it must hold the column names. Take the blank line out."
    names = {f"c{number}": "varchar" for number in range(len(header))}
    try:
        with duckdb.connect() as connection:
            connection.execute(
                "select count(*) from read_csv($path, columns = $names, auto_detect = false, header = true,"
                """ delim = ',', quote = '"', escape = '"', comment = '', max_line_size = 20000000)""",
                {"path": _literal_path(path), "names": names},
            ).fetchall()
    except duckdb.Error as error:
        line = re.search(r"CSV Error on Line: (\d+)", str(error))
        if "unterminated quote" in str(error).lower():
            return (
                f"{path}: line {line.group(1) if line else 'unknown'} has a quote that is not closed. Double the"
                " quotes that belong to a value, or export the file again."
            )
        return (
            f"{path}: line {line.group(1) if line else 'unknown'} does not have the {len(header)} values that the"
            " header names. Correct the line or export the file again."
        )
    return None
