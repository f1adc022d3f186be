"""Looks at the raw files before anything is built: each must be whole and readable.

Columns, types and values are not looked at here: the staging models do that (rules A1 to A7).
"""

from __future__ import annotations

import codecs
import csv
import gzip
import os
import re
import stat
import zlib
from collections.abc import Collection
from pathlib import Path

import duckdb

from dabing.database import open_database
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
    "correction",
)
BLOCK = 1 << 20
# Names that reading gives to columns of its own (macros/raw/typed_rows.sql): a delivered one would get in between.
RESERVED = re.compile(r"file_index|file_row_number|(dabing|typed)_.*", re.DOTALL)
LONGEST_HEADER = 1 << 20
LONGEST_LINE = 20_000_000
# What a file begins with that is something else than its name says.
PACKED = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "a zip or a spreadsheet", b"PAR1": "Parquet", b"\x28\xb5\x2f\xfd": "zstd"}
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


def check_raw_files(raw: Path, known: Collection[str] = ()) -> None:
    """Raise DabingError with one sentence for each file that cannot be read; return when all can.

    Into the files that are ``known`` to be readable, by path below the raw folder, it does not look again.
    """
    if not raw.is_dir():
        raise DabingError(f"{raw}: no such folder. Give the folder that holds setl_d and the other raw tables.")
    troubles = [trouble for entry in sorted(raw.iterdir()) if (trouble := _place_trouble(entry))]
    files = {}
    for table in TABLES:
        files[table], closed = _files(raw / table)
        troubles += closed
    if not troubles and not files["setl_d"]:
        raise DabingError(
            f"{raw}: there is no file of settlements. Put the Parquet or CSV files of the extract into"
            f" {raw / 'setl_d'}, one folder a table, or name another folder."
        )
    looked_into = {raw / file for file in known}
    troubles += [
        trouble for table in TABLES for path in files[table] if (trouble := _trouble_of(path, path in looked_into))
    ]
    if troubles:
        raise DabingError(*troubles)


def _place_trouble(entry: Path) -> str | None:
    """A raw table that would be passed over because it lies in the wrong place or under another name."""
    name = entry.name.lower()
    table = next((table for table in TABLES if re.fullmatch(rf"{table}s?([^a-z].*)?", name)), None)
    if table is None or (entry.name == table and entry.is_dir() and not entry.is_symlink()):
        return None
    if entry.is_symlink():
        return (
            f"{entry}: a link; what lies outside the raw folder is not read. Put the folder itself there, mount it"
            " there, or name the folder that it is in."
        )
    return (
        f"{entry}: looks like {table} and would not be read. Put its files into the folder {entry.parent / table}, or"
        " move it out of the raw folder."
    )


def _files(folder: Path) -> tuple[list[Path], list[str]]:
    """Files of a raw table, and what is wrong with folders that cannot be looked into.

    Names of files and folders that begin with _ or . are marks of other tools and no data.
    """
    closed: list[str] = []

    def note(error: OSError) -> None:
        closed.append(
            f"{error.filename}: the folder cannot be looked into ({error.strerror}). Give the run the right to read it,"
            " or take it away."
        )

    files = []
    for place, folders, names in os.walk(folder, onerror=note if folder.is_dir() else None, followlinks=False):
        closed += [
            f"{Path(place) / name}: the name holds characters that cannot be printed. Give the folder another name."
            for name in folders
            if not name.isprintable()
        ]
        linked = [name for name in folders if (Path(place) / name).is_symlink()]
        folders[:] = [name for name in folders if name[0] not in "_." and name not in linked]
        files += [Path(place) / name for name in names + linked if name[0] not in "_."]
    return sorted(files), closed


def _trouble_of(path: Path, is_known: bool) -> str | None:
    try:
        return _trouble(path, is_known)
    except (FileNotFoundError, duckdb.IOException):
        if path.exists():
            raise
        return f"{path}: went while it was looked at. Run again when the delivery is complete."


def _trouble(path: Path, is_known: bool) -> str | None:
    """What keeps a file from being read and what to do about it; None when it can be read."""
    name = path.name.lower()
    if not path.name.isprintable():
        return f"{path}: the name holds characters that cannot be printed. Give the file another name."
    if path.is_symlink():
        return f"{path}: a link; links inside a table's folder are not read. Put the file itself there."
    if not stat.S_ISREG(path.stat().st_mode):
        return f"{path}: no file but a pipe, socket or device; reading it might never end. Take it out of the folder."
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        return f"{path}: cannot be opened ({error.strerror}). Give the run the right to read it, or take it away."
    if path.stat().st_size == 0:
        return f"{path}: the file is empty (0 bytes). Deliver it again, or take it out of the folder."
    if is_known:
        return None
    if name.endswith(".parquet"):
        return _parquet_trouble(path)
    if name.endswith((".csv", ".csv.gz")):
        return _csv_trouble(path)
    return f"{path}: neither Parquet nor CSV (.parquet, .csv, .csv.gz). Convert it or take it out of the folder."


def _parquet_trouble(path: Path) -> str | None:
    try:
        with open_database() as connection:
            connection.execute("select num_rows from parquet_file_metadata($1)", [_literal_path(path)]).fetchall()
            names = connection.execute("select name from parquet_schema($1)", [_literal_path(path)]).fetchall()
            return _reserved_trouble(path, [name for (name,) in names])
    except duckdb.OutOfMemoryException:
        raise  # No fault of the file; trouble.py says what it is.
    except duckdb.Error:
        return (
            f"{path}: not a whole Parquet file; it was cut off or is still being written. Deliver it again, or take it"
            " out of the folder."
        )
    return None


def _reserved_trouble(path: Path, names: list[str]) -> str | None:
    """Columns that DuckDB would take for its own numbers of files and rows."""
    reserved = sorted(name.lower() for name in names if RESERVED.fullmatch(name.lower()))
    if not reserved:
        return None
    return f"{path}: a column is named {reserved[0]}, which reading needs for itself. Leave it out or rename it."


def _literal_path(path: Path) -> str:
    """The path as DuckDB reads it: without a meaning for characters of file patterns."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path))


def _csv_trouble(path: Path) -> str | None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    opened = gzip.open if path.name.lower().endswith(".gz") else open
    lines, unended = 1, 0
    try:
        with opened(path, "rb") as file:
            start = file.read(4)
            if packed := next((kind for mark, kind in PACKED.items() if start.startswith(mark)), None):
                return (
                    f"{path}: what it holds is no CSV but {packed}{' once more' if opened is gzip.open else ''}."
                    " Unpack or convert it, and deliver it again."
                )
            file.seek(0)
            while block := file.read(BLOCK):
                decoder.decode(block)
                if b"\0" in block:
                    lines += block[: block.index(b"\0")].count(b"\n")
                    return (
                        f"{path}: line {lines} holds a zero byte; the file is damaged or not in UTF-8. Export it again."
                    )
                # Found here, for DuckDB would unpack hundreds of megabytes to find it.
                if unended + (block.find(b"\n") if b"\n" in block else len(block)) > LONGEST_LINE:
                    return _long_line_trouble(path, str(lines))
                unended = len(block) - block.rfind(b"\n") - 1 if b"\n" in block else unended + len(block)
                lines += block.count(b"\n")
            decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        if error.object[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return (
                f"{path}: the file is in UTF-16. Convert it, for instance with 'iconv -f UTF-16 -t UTF-8', and deliver"
                " it again."
            )
        line = lines + error.object[: error.start].count(b"\n")
        return (
            f"{path}: line {line} is not UTF-8 text; the file is most likely in GBK. Convert it, for instance with"
            f" 'iconv -f GBK -t UTF-8', and deliver it again."
        )
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return f"{path}: not a whole gzip file; it was cut off or damaged. Deliver it again."
    return _csv_form_trouble(path, opened)


def _long_line_trouble(path: Path, line: str) -> str:
    return (
        f"{path}: line {line} is longer than 20 MB. A quote is not closed there, or it is no row of a table; correct"
        " the line or export the file again."
    )


def _header(path: Path, opened) -> list[str] | None:
    """The column names; None where what stands in their place is too long to be names."""
    with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
        lines = iter(lambda: file.readline(LONGEST_HEADER), "")
        try:
            header = next(csv.reader(lines), [])
        except csv.Error:
            return None
        return None if sum(len(name) for name in header) >= LONGEST_HEADER - len(header) else header


def _csv_form_trouble(path: Path, opened) -> str | None:
    """Every line must have as many values as the header has names; DuckDB reads the whole file to see."""
    header = _header(path, opened)
    if header is None:
        return (
            f"{path}: the first line is longer than any column names are; a quote in it is not closed, or it is no CSV."
            " Correct it or export the file again."
        )
    if not header:
        return f"{path}: the first line is blank; it must hold the column names. Take the blank line out."
    if reserved := _reserved_trouble(path, header):
        return reserved
    if len(header) == 1 and (separator := next((mark for mark in ";\t|" if mark in header[0]), None)):
        return (
            f"{path}: the values are separated by {SEPARATORS[separator]}. Export the file again with commas, or"
            " convert it."
        )
    names = {f"c{number}": "varchar" for number in range(len(header))}
    form = f"""
        auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', comment = '',
        max_line_size = {LONGEST_LINE}
    """
    try:
        with open_database() as connection:
            # A bar of DuckDB's own has no place in the log of a schedule.
            connection.execute("set enable_progress_bar = false")
            connection.execute(
                f"select count(*) from read_csv($path, columns = $names, {form})",
                {"path": _literal_path(path), "names": names},
            ).fetchall()
            # DuckDB lets surplus values pass where they are blank: a line with 1,000.00 is then read shifted.
            surplus = connection.execute(
                f"""
                select min(row_no)
                from (
                    select row_number() over () as row_no, surplus
                    from read_csv(
                        $path, columns = $names, {form}, null_padding = true, parallel = false, nullstr = chr(1)
                    )
                )
                where surplus is not null
                """,
                {"path": _literal_path(path), "names": {**names, "surplus": "varchar"}},
            ).fetchone()[0]
            if surplus is not None:
                return (
                    f"{path}: row {surplus} after the header has more than the {len(header)} values that the header"
                    " names. Amounts must not hold commas unless they are quoted; correct the row or export again."
                )
    except (duckdb.OutOfMemoryException, duckdb.IOException):
        raise  # As above; or the file is gone or the disk does not give it.
    except duckdb.Error as error:
        line = re.search(r"CSV Error on Line: (\d+)", str(error))
        if "Maximum line size" in str(error):
            return _long_line_trouble(path, line.group(1) if line else "unknown")
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
