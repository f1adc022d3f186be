"""The rulebook a second time, in plain Python and `Decimal`, to check the warehouse against.

It is written from the rules alone and shares nothing with the SQL: no macro, no seed compilation,
no dictionary but the seeds themselves. `compute(raw_dir, seeds_dir)` reads a raw folder and a seeds
folder and returns what the marts must hold. Each function names the rule that it follows.

Words: a *row* is a dict of one raw row, parsed; a *pool* is a pooling region; an *expense pool* is
a group of expenses with a deductible of its own; an *account* is person x scheme x benefit year.
"Reading R1" to "R11" are the readings of the rules that the docstrings state where they are used.
"""

from __future__ import annotations

import csv
import gc
import gzip
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow.parquet

Row = dict[str, Any]

ZERO = Decimal("0.00")
ONE = Decimal("1")
CENT = Decimal("0.01")
LARGEST_AMOUNT = Decimal(10) ** 14  # amounts are DECIMAL(16,2)
LONGEST_CHAIN = 4  # reversals of reversals (reading R2)
CRITICAL_ILLNESS = "critical_illness"
STATUSES = ("enacted", "reference", "illustrative")  # strongest first
ITEM_TYPES = {"101": "drug", "102": "drug", "103": "drug", "201": "service", "301": "material"}
IN_CATALOGUE = {"01", "02", "1", "2", "甲", "乙", "甲类", "乙类"}
# Codes that are numbers: text that went through a float is the whole number (reading R11).
CODES = {"insutype", "med_type", "insu_admdvs", "psn_idet_type", "list_type", "chrgitm_lv"}
INSURANCE_TYPES_OF_ALL = ("employee", "resident")  # what `all` in a scheme stands for
RECORDED = (
    "hifp_pay",
    "cvlserv_pay",
    "hifes_pay",
    "hifmi_pay",
    "hifob_pay",
    "hifdm_pay",
    "maf_pay",
    "othfund_pay",
    "ownpay_hosp_part",
)
HEADER_COMPONENTS = ("coinsurance", "class_b_self_pay", "transfer_self_pay")


class PolicyGap(Exception):
    """A settlement inside a covered pool has no policy in force on its date (rule D5)."""


# ---------------------------------------------------------------------------------------------
# Raw tables: their layout
# ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """What the raw layout says of a table: key, columns that must be there, typed columns."""

    key: tuple[str, ...]
    required: tuple[str, ...]
    amounts: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    years: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()

    @property
    def parsers(self) -> dict[str, Callable[[Any], Any]]:
        """How to parse each column that is checked or used."""
        return {
            **{name: as_code if name in CODES else as_text for name in (*self.texts, "vali_flag", "rid")},
            **dict.fromkeys((*self.times, "updt_time"), as_time),
            **dict.fromkeys(self.amounts, as_amount),
            **dict.fromkeys(self.numbers, as_number),
            **dict.fromkeys(self.years, as_year),
        }

    @property
    def columns(self) -> set[str]:
        """The columns that are checked, used or may not be missing."""
        return {*self.parsers, *self.required}


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


TABLES = {
    "setl_d": Table(
        key=("setl_id",),
        required=_words(
            "setl_id psn_no insutype insu_admdvs med_type setl_time medfee_sumamt"
            " fulamt_ownpay_amt overlmt_selfpay preselfpay_amt inscp_amt hifp_pay"
        ),
        amounts=_words(
            "medfee_sumamt fulamt_ownpay_amt overlmt_selfpay preselfpay_amt"
            " trafout_preselfpay_amt inscp_amt act_pay_dedc hifp_pay cvlserv_pay hifes_pay"
            " hifmi_pay hifob_pay hifdm_pay maf_pay othfund_pay fund_pay_sumamt psn_pay acct_pay"
            " cash_payamt ownpay_hosp_part"
        ),
        times=_words("begndate enddate setl_time"),
        texts=_words(
            "setl_id init_setl_id psn_no insutype insu_admdvs med_type dise_no mdtrt_id fixmedins_code hosp_lv pay_loc"
        ),
    ),
    "fee_list_d": Table(
        key=("bkkp_sn", "setl_id"),
        required=_words("bkkp_sn setl_id det_item_fee_sumamt fulamt_ownpay_amt"),
        amounts=_words("det_item_fee_sumamt fulamt_ownpay_amt overlmt_selfpay preselfpay_amt inscp_amt"),
        numbers=_words("cnt pric"),
        times=_words("fee_ocur_time"),
        texts=_words("bkkp_sn setl_id chrgitm_lv list_type med_list_codg"),
    ),
    "mdtrt_d": Table(
        key=("mdtrt_id",),
        required=("mdtrt_id",),
        times=_words("begntime endtime die_date"),
        texts=_words("mdtrt_id psn_no"),
    ),
    "psn_info_b": Table(key=("psn_no",), required=("psn_no",), times=("brdy",), texts=_words("psn_no gend surv_stas")),
    "psn_insu_d": Table(
        key=("psn_insu_rlts_id",),
        required=_words("psn_insu_rlts_id psn_no insutype crt_insu_date insu_admdvs"),
        times=_words("crt_insu_date paus_insu_date"),
        texts=_words("psn_insu_rlts_id psn_no insutype psn_type psn_insu_stas insu_admdvs"),
    ),
    "psn_idet_d": Table(
        key=("psn_no", "psn_idet_type", "begntime"),
        required=_words("psn_no psn_idet_type begntime"),
        times=_words("begntime endtime"),
        texts=_words("psn_no psn_idet_type insu_admdvs"),
    ),
    "supp_enrl_d": Table(
        key=("enrl_id",),
        required=_words("enrl_id psn_no cover_year"),
        amounts=("premium_amt",),
        times=_words("paid_time auto_renew_consent_time renewal_withdrawn_time event_date"),
        years=("cover_year",),
        texts=_words("enrl_id psn_no channel event"),
    ),
    "fund_txn_d": Table(
        key=("txn_id",),
        required=_words("txn_id scheme_id insu_admdvs benefit_year txn_date txn_type amount"),
        amounts=("amount",),
        times=("txn_date",),
        years=("benefit_year",),
        texts=_words("txn_id scheme_id insu_admdvs insutype txn_type"),
    ),
    "fixmedins_b": Table(key=("fixmedins_code",), required=("fixmedins_code",), texts=("fixmedins_code",)),
    "refl_appy_evt_c": Table(
        key=("evtsn",),
        required=_words("evtsn psn_no"),
        times=_words("refl_date begndate enddate"),
        texts=_words("evtsn psn_no"),
    ),
}

ALIASES = {
    "inscp_amt": "inscp_scp_amt",
    "othfund_pay": "oth_pay",
    "psn_pay": "psn_part_amt",
    "cash_payamt": "psn_cash_pay",
    "ownpay_hosp_part": "hosp_part_amt",
    "dise_no": "dise_codg",
    "insu_admdvs": "insuplc_admdvs",
    "overlmt_selfpay": "overlmt_amt",
    "bkkp_sn": "feedetl_sn",
}

# Columns whose blank is an unusable value in tables other than the settlements (reading Q04).
BLANK_IS_BAD = {
    "fund_txn_d": ("amount", "benefit_year", "txn_date"),
    "psn_insu_d": ("crt_insu_date",),
    "fee_list_d": ("det_item_fee_sumamt",),
}

# ---------------------------------------------------------------------------------------------
# Values: text or typed (reading R11)
# ---------------------------------------------------------------------------------------------

BAD = object()  # a value that does not parse as its type

_AMOUNT = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_DAY = (
    r"(?:([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})|([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})"
    r"|([0-9]{4})([0-9]{2})([0-9]{2}))"
)
_CLOCK = r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?"
_TIME = re.compile(rf"{_DAY}(?:[ T]{_CLOCK})?")
_COMPACT_TIME = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})")
_YEAR = re.compile(r"[0-9]{4}")


def as_text(value: Any) -> str | None:
    """Text of a raw value, blanks around it removed; nothing left is NULL (reading R11)."""
    if value is None:
        return None
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)


def as_code(value: Any) -> str | None:
    """Text of a code: 390.0 is 390 (reading R11)."""
    text = as_text(value)
    return text.split(".")[0] if text and re.fullmatch(r"[0-9]+\.0+", text) else text


def as_number(value: Any) -> Any:
    """A plain decimal of any scale (reading R11; `cnt` and `pric` are no amounts of money)."""
    text = as_text(value)
    if text is None:
        return None
    return Decimal(text) if _AMOUNT.fullmatch(text) else BAD


def as_amount(value: Any) -> Any:
    """A plain decimal with at most two significant decimals that fits DECIMAL(16,2) (R11)."""
    number = as_number(value)
    if number is None or number is BAD:
        return number
    if abs(number) >= LARGEST_AMOUNT or number != number.quantize(CENT):
        return BAD
    return number.quantize(CENT)


def as_time(value: Any) -> Any:
    """A date, with or without a time of day, as a naive datetime (reading R11)."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    text = as_text(value)
    if text is None:
        return None
    compact = _COMPACT_TIME.fullmatch(text)
    match = compact or _TIME.fullmatch(text)
    if not match:
        return BAD
    if compact:
        year, month, day, hour, minute, second = compact.groups()
        fraction = None
    else:
        groups = match.groups()
        year, month, day = next(groups[i : i + 3] for i in (0, 3, 6) if groups[i])
        hour, minute, second, fraction = groups[9:]
    micro = int((fraction or "0")[:6].ljust(6, "0"))
    try:
        return datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            micro,
        )
    except ValueError:
        return BAD


def as_year(value: Any) -> Any:
    """A year of four digits (reading R11)."""
    text = as_text(value)
    if text is None:
        return None
    return int(text) if _YEAR.fullmatch(text) else BAD


def parse_column(values: Iterable[Any], parse: Callable[[Any], Any]) -> list[Any]:
    """Every value of a column parsed; equal values are parsed once."""
    values = list(values)
    known = {value: parse(value) for value in set(values)}
    return [known[value] for value in values]


# ---------------------------------------------------------------------------------------------
# Files
# ---------------------------------------------------------------------------------------------


def read_columns(path: Path, wanted: set[str]) -> dict[str, list[Any]]:
    """The wanted columns of one raw file, Parquet or CSV (plain or gzip), as Python values."""
    if path.suffix == ".parquet":
        file = pyarrow.parquet.ParquetFile(path)
        table = file.read(columns=[name for name in file.schema_arrow.names if name in wanted])
        return {name: column.to_pylist() for name, column in zip(table.column_names, table.columns, strict=True)}
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig", newline="") as lines:
        reader = csv.reader(lines)
        names = [name.strip() for name in next(reader, [])]
        rows = [row for row in reader if row]
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return {name: list(column) for name, column in zip(names, columns, strict=True) if name in wanted}


def rows_of(
    table: str, file: str, columns: dict[str, list[Any]], corrections: dict[str, list[Row]] | None = None
) -> list[Row]:
    """The parsed rows of a file; `bad` of a row names its columns that do not parse (rule A6).

    Corrections by key take the place of the values that they expect.
    """
    layout = TABLES[table]
    count = max((len(values) for values in columns.values()), default=0)
    parsers = layout.parsers
    parsed: dict[str, list[Any]] = {}
    bad: dict[int, list[str]] = defaultdict(list)
    texts: dict[str, list[Any]] = {}
    for name in sorted(layout.columns):
        under = [columns[known] for known in (name, ALIASES.get(name)) if known in columns]
        if not under:
            if name in layout.required:
                raise ValueError(f"{file}: column {name} is missing; table {table} cannot be read")
            parsed[name] = [None] * count
            continue
        if name not in parsers:
            continue
        # Under two names in one file: the column's own counts, the other where it is blank.
        delivered = [next((v for v in cell if as_text(v) is not None), None) for cell in zip(*under, strict=True)]
        values = parse_column(delivered, parsers[name])
        for index, value in enumerate(values):
            if value is BAD:
                bad[index].append(name)
        parsed[name], texts[name] = values, delivered
    for index in range(count) if corrections else ():
        key = "|".join(str(parsed[name][index]) for name in layout.key if parsed[name][index] is not None)
        for told in corrections.get(key, ()):
            name, parse = told["column_name"], parsers[told["column_name"]]
            value = parsed[name][index]
            is_same = as_text(texts[name][index]) == told["expected"] if name in texts else told["expected"] is None
            if is_same or (value not in (None, BAD) and value == parse(told["expected"])):
                bad[index] = [other for other in bad[index] if other != name]
                parsed[name][index] = parse(told["corrected"])
                if parsed[name][index] is BAD:
                    bad[index].append(name)
    names = tuple(parsed)
    rows = [dict(zip(names, values, strict=True)) for values in zip(*parsed.values(), strict=True)]
    for index, row in enumerate(rows):
        row["file"] = file
        row["bad"] = tuple(bad.get(index, ()))
    return rows


def read_table(raw_dir: Path, table: str) -> list[Row]:
    """All rows of a table's folder; a missing folder reads as empty, except the settlements'."""
    folder = raw_dir / table
    files = sorted(
        path for path in folder.rglob("*") if path.is_file() and path.name.endswith((".parquet", ".csv", ".csv.gz"))
    )
    if table == "setl_d" and not files:
        raise ValueError(f"{folder}: no file of table setl_d; nothing can be computed without it")
    wanted = TABLES[table].columns
    wanted |= {ALIASES[name] for name in wanted if name in ALIASES}
    corrections = defaultdict(list)
    for told in read_corrections(raw_dir):
        if told["raw_table"] == table:
            corrections[told["record_key"]].append(told)
    rows: list[Row] = []
    for path in files:
        name = path.relative_to(raw_dir).as_posix()
        rows += rows_of(table, name, read_columns(path, wanted), corrections)
    return rows


def read_corrections(raw_dir: Path) -> list[Row]:
    """The corrections of the operator, blanks as None."""
    rows: list[Row] = []
    for path in sorted((raw_dir / "correction").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            rows += [{name: as_text(value) for name, value in row.items()} for row in csv.DictReader(lines)]
    return rows


def read_raw(raw_dir: Path) -> dict[str, list[Row]]:
    """All raw tables."""
    return {table: read_table(Path(raw_dir), table) for table in TABLES}


# ---------------------------------------------------------------------------------------------
# Policy: the seeds
# ---------------------------------------------------------------------------------------------


def find_seed(seeds_dir: Path, name: str) -> Path:
    """A seed's file, in seeds/policy, seeds/reference or the folder itself."""
    for folder in ("policy", "reference", "."):
        path = Path(seeds_dir) / folder / f"{name}.csv"
        if path.exists():
            return path
    raise FileNotFoundError(f"{seeds_dir}: seed {name}.csv is in neither policy nor reference")


def read_seed(seeds_dir: Path, name: str) -> list[Row]:
    """The rows of a seed as text, blanks as None, its dates as dates."""
    with find_seed(seeds_dir, name).open(encoding="utf-8-sig", newline="") as lines:
        rows: list[Row] = [{key: as_text(value) for key, value in row.items()} for row in csv.DictReader(lines)]
    for row in rows:
        for column in ("effective_from", "effective_to", "census_date"):
            if row.get(column):
                row[column] = date.fromisoformat(row[column])
    return rows


def in_force(row: Row, day: date) -> bool:
    """Whether a dated seed row is in force: `[effective_from, effective_to)`."""
    return row["effective_from"] <= day and (row["effective_to"] is None or day < row["effective_to"])


def money(text: str | None) -> Decimal | None:
    """A seed's number."""
    return None if text is None else Decimal(text)


def round_half_up(amount: Decimal) -> Decimal:
    """To fen, half away from zero."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class Ladder:
    """A compiled schedule (section D) of a scheme, version, insurance type and category.

    `tiers` are (tier_no, lower, upper, rate) on payable expense; `steps` (tier_no, pool, lower, upper, rate) on the
    accumulator of a pool below its deductible (rule F3). `payout_limit` caps the sum paid,
    `expense_limits` (by expense pool) the eligible expense that counts.
    """

    deductibles: dict[str, Decimal]
    tiers: tuple[tuple[int, Decimal, Decimal | None, Decimal], ...]
    payout_limit: Decimal | None
    expense_limits: dict[str, Decimal]
    statuses: frozenset[str]
    steps: tuple[tuple[int, str, Decimal, Decimal, Decimal], ...] = ()
    after_schemes: dict[str, str] = field(default_factory=dict)

    @property
    def annual_limit(self) -> Decimal | None:
        """The one limit of the ladder, of whichever kind (rule D4)."""
        if self.payout_limit is not None:
            return self.payout_limit
        return sum(self.expense_limits.values(), ZERO) if self.expense_limits else None


class Policy:
    """The seeds, looked up by date."""

    def __init__(self, seeds: dict[str, list[Row]]):
        self.seeds = seeds
        ends: dict[str, date] = {}
        for row in seeds["scheme"]:
            ends[row["scheme_id"]] = max(ends.get(row["scheme_id"], date.min), row["effective_to"] or date.max)
        for row in seeds["scheme"]:
            row["ends"] = ends[row["scheme_id"]]
        self._ladders: dict[tuple, Ladder] = {}
        self._coverage: dict[tuple, list[Row]] = {}

    @classmethod
    def read(cls, seeds_dir: Path) -> Policy:
        names = _words(
            "region scheme benefit_term benefit_tier category_modifier assistance_category"
            " identity_code care_type_code insurance_type_code coverage item_list funding_standard"
            " cover_rule pool_parameter"
        )
        return cls({name: read_seed(seeds_dir, name) for name in names})

    # -- regions ------------------------------------------------------------------------------

    @cached_property
    def _regions(self) -> dict[str, Row]:
        return {row["region_code"]: row for row in self.seeds["region"]}

    @cached_property
    def _pool_codes(self) -> set[str]:
        return {row["pool_region_code"] for row in self.seeds["scheme"]}

    @cached_property
    def _places(self) -> dict[str, tuple[str | None, str | None]]:
        return {code: self._place(code) for code in self._regions}

    def _place(self, code: str) -> tuple[str | None, str | None]:
        while self._regions[code].get("retired_into"):
            code = self._regions[code]["retired_into"]
        ancestor: str | None = code
        while ancestor is not None and ancestor not in self._pool_codes:
            ancestor = self._regions.get(ancestor, {}).get("parent_region_code")
        return code, ancestor

    def region_of(self, code: str | None) -> str | None:
        """The region of today for a code, retired codes mapped (rule A7); None if unknown."""
        return self._places.get(code, (None, None))[0]

    def pool_of(self, code: str | None) -> str | None:
        """The pooling region: nearest ancestor-or-self that has a scheme (reading R10)."""
        return self._places.get(code, (None, None))[1]

    def pool_of_scheme(self, scheme_id: str | None) -> str | None:
        """The pool that a scheme pays in."""
        return next((row["pool_region_code"] for row in self.seeds["scheme"] if row["scheme_id"] == scheme_id), None)

    # -- dictionaries -------------------------------------------------------------------------

    def _meanings(self, seed: str, code: str, meaning: str) -> dict[tuple, str]:
        return {(row["pool_region_code"], row[code]): row[meaning] for row in self.seeds[seed]}

    @cached_property
    def _insurance_types(self) -> dict[tuple, str]:
        return self._meanings("insurance_type_code", "insutype", "insurance_type")

    @cached_property
    def _care_types(self) -> dict[tuple, str]:
        return self._meanings("care_type_code", "med_type", "care_type")

    @cached_property
    def _identities(self) -> dict[tuple, str]:
        return self._meanings("identity_code", "psn_idet_type", "assistance_category")

    def insurance_type_of(self, pool: str | None, code: str | None) -> str | None:
        """Meaning of an `insutype`: the pool's row first, then everywhere's (reading R10)."""
        return self._insurance_types.get((pool, code)) or self._insurance_types.get((None, code))

    def care_type_of(self, pool: str | None, code: str | None) -> str | None:
        """Meaning of a `med_type` (rule B6)."""
        return self._care_types.get((pool, code)) or self._care_types.get((None, code))

    def category_of(self, pool: str | None, code: str | None) -> str | None:
        """Meaning of a `psn_idet_type` (rule C1, reading R4)."""
        return self._identities.get((pool, code)) or self._identities.get((None, code))

    @cached_property
    def priorities(self) -> dict[str, int]:
        """Priority of every assistance category, 1 highest (rule C1)."""
        return {row["assistance_category"]: int(row["priority"]) for row in self.seeds["assistance_category"]}

    # -- schemes ------------------------------------------------------------------------------

    @cached_property
    def schemes(self) -> list[Row]:
        """The schemes computed here: critical illness insurance (reading R7)."""
        return [row for row in self.seeds["scheme"] if row["scheme_kind"] == CRITICAL_ILLNESS]

    @cached_property
    def _rows_of_scheme(self) -> dict[tuple[str, str], list[Row]]:
        rows = defaultdict(list)
        for seed in ("benefit_term", "benefit_tier", "category_modifier", "coverage"):
            for row in self.seeds[seed]:
                rows[seed, row["scheme_id"]].append(row)
        return rows

    def versions(self, seed: str, scheme_id: str, day: date, insurance_type: str) -> list[Row]:
        """Rows of a scheme's seed in force on a day for an insurance type (rule D5)."""
        return [
            row
            for row in self._rows_of_scheme[seed, scheme_id]
            if in_force(row, day) and row.get("insurance_type", "all") in ("all", insurance_type)
        ]

    def modifier(self, scheme_id: str, day: date, category: str) -> Row | None:
        """What a category changes in a scheme on a day; None when it changes nothing."""
        for row in self._rows_of_scheme["category_modifier", scheme_id]:
            if row["assistance_category"] == category and in_force(row, day):
                return row
        return None

    def coverage(self, scheme_id: str, day: date, care_type: str) -> list[Row]:
        """The rows of the coverage matrix for a care type on a day (rule B7)."""
        key = (scheme_id, day, care_type)
        if key not in self._coverage:
            self._coverage[key] = [
                row
                for row in self._rows_of_scheme["coverage", scheme_id]
                if row["care_type"] == care_type and in_force(row, day)
            ]
        return self._coverage[key]

    @cached_property
    def _items(self) -> dict[tuple, list[Row]]:
        items = defaultdict(list)
        for row in self.seeds["item_list"]:
            items[row["item_list_id"], row["item_code"]].append(row)
        return items

    def listed(self, list_id: str, item: str | None, disease: str | None, day: date) -> list[Row]:
        """The rows by which a list holds an item on a day for a disease (rule B5)."""
        return [
            row
            for row in self._items.get((list_id, item), ())
            if in_force(row, day) and row["disease_code"] in (None, disease)
        ]

    def ladder(self, scheme_id: str, day: date, insurance_type: str, category: str) -> Ladder:
        """The schedule in force for a scheme, day, insurance type and category (section D)."""
        key = (scheme_id, day, insurance_type, category)
        if key not in self._ladders:
            terms = self.versions("benefit_term", scheme_id, day, insurance_type)
            tiers = self.versions("benefit_tier", scheme_id, day, insurance_type)
            if not terms or not tiers:
                raise PolicyGap(f"{scheme_id}: no terms or tiers for {insurance_type} on {day}")
            self._ladders[key] = compile_ladder(terms, tiers, self.modifier(scheme_id, day, category))
        return self._ladders[key]


# ---------------------------------------------------------------------------------------------
# D. The benefit schedule
# ---------------------------------------------------------------------------------------------


def deductible_of(term: Row, modifier: Row | None) -> Decimal:
    """Rule D1: the seed's amount times the category's factor, rounded half up to fen."""
    factor = money(modifier["deductible_factor"]) if modifier else None
    return round_half_up(money(term["deductible"]) * (ONE if factor is None else factor))


def rate_of(tier: Row, modifier: Row | None) -> Decimal:
    """Rule D3: the tier's rate plus the category's addition, or its override; never above 1."""
    rate = money(tier["rate"])
    if modifier:
        override = money(modifier["rate_override"])
        addition = money(modifier["rate_addition"]) or ZERO
        rate = rate + addition if override is None else override
    return min(rate, ONE)


def bounds_of(tiers: list[Row], tier_basis: str, deductible: Decimal) -> list[tuple]:
    """Rule D2: (lower, upper) of each tier on payable expense.

    Gross bounds are moved down by the category's own deductible, never below 0. Payable expense
    starts at 0, and so does the first tier: a poor person's first tier is the wider one.
    """
    shift = deductible if tier_basis == "gross" else ZERO

    def moved(bound: str | None) -> Decimal | None:
        return None if bound is None else max(ZERO, Decimal(bound) - shift)

    bounds = [(moved(tier["lower_bound"]), moved(tier["upper_bound"])) for tier in tiers]
    return [(ZERO, bounds[0][1]), *bounds[1:]]


def compile_ladder(terms: list[Row], tiers: list[Row], modifier: Row | None) -> Ladder:
    """Rules D1 to D4: the ladder of one version and category."""
    deductibles = {term["expense_pool"]: deductible_of(term, modifier) for term in terms}
    rows = tiers
    tiers = sorted((tier for tier in rows if not tier.get("expense_pool")), key=lambda tier: int(tier["tier_no"]))
    bounds = bounds_of(tiers, terms[0]["tier_basis"], sum(deductibles.values(), ZERO))
    waived = bool(modifier) and (modifier["limit_waived"] or "").lower() == "true"
    limited = [term for term in terms if term["annual_limit"] is not None and not waived]
    payout_limits = [money(term["annual_limit"]) for term in limited if term["limit_basis"] == "payout"]
    return Ladder(
        deductibles=deductibles,
        tiers=tuple(
            (int(tier["tier_no"]), lower, upper, rate_of(tier, modifier))
            for tier, (lower, upper) in zip(tiers, bounds, strict=True)
        ),
        payout_limit=min(payout_limits, default=None),
        expense_limits={
            term["expense_pool"]: money(term["annual_limit"])
            for term in limited
            if term["limit_basis"] == "eligible_expense"
        },
        statuses=frozenset(row["status"] for row in (*terms, *rows, modifier) if row),
        steps=tuple(
            (
                int(row["tier_no"]),
                row["expense_pool"],
                money(row["lower_bound"]),
                money(row["upper_bound"]),
                rate_of(row, modifier),
            )
            for row in rows
            if row.get("expense_pool")
        ),
        after_schemes={term["expense_pool"]: term["after_scheme_id"] for term in terms if term.get("after_scheme_id")},
    )


# ---------------------------------------------------------------------------------------------
# A. Accepting rows
# ---------------------------------------------------------------------------------------------


@dataclass
class Audit:
    """What became of the delivered rows of one raw table (rule A6)."""

    delivered: int = 0
    accepted: int = 0
    superseded: int = 0
    void: int = 0
    quarantined: int = 0


@dataclass(frozen=True)
class Quarantined:
    """A row that cannot be used: its key (values of the key columns) and the reason codes."""

    table: str
    key: tuple[Any, ...]
    reasons: tuple[str, ...]


def is_reversal(row: Row) -> bool:
    """Rule A3, reading R2: `init_setl_id` names another settlement."""
    return row["init_setl_id"] is not None and row["init_setl_id"] != row["setl_id"]


def is_negative(amount: Any) -> bool:
    """Whether a raw amount is there, parses and is below 0."""
    return amount is not None and amount is not BAD and amount < 0


def is_void(row: Row) -> bool:
    """Rule A1, reading R1: a blank flag counts as '1', and so do 01 and 1.0."""
    return row["vali_flag"] not in (None, "1", "01", "1.0", "1.00")


def reasons_of(table: str, row: Row, policy: Policy) -> tuple[str, ...]:
    """Rule A6: the numbered reasons why a row by itself cannot be used."""
    layout = TABLES[table]
    reasons = []
    if any(row[column] is None for column in layout.key):
        reasons.append("Q01")
    if "psn_no" in layout.required and row["psn_no"] is None:
        reasons.append("Q02")
    if table == "setl_d" and row["setl_time"] is None:
        reasons.append("Q03")
    if row["bad"] or any(row[column] is None for column in BLANK_IS_BAD.get(table, ())):
        reasons.append("Q04")
    if table == "setl_d" and is_negative(row["medfee_sumamt"]) and not is_reversal(row):
        reasons.append("Q05")
    if table in ("setl_d", "psn_insu_d", "psn_idet_d", "fund_txn_d"):
        region = row["insu_admdvs"]
        optional = table in ("psn_idet_d", "fund_txn_d")
        if policy.pool_of(region) is None and not (optional and region is None):
            reasons.append("Q06")
    if table in ("setl_d", "psn_insu_d"):
        pool = policy.pool_of(row["insu_admdvs"])
        if policy.insurance_type_of(pool, row["insutype"]) is None:
            reasons.append("Q07")
        if table == "setl_d" and policy.care_type_of(pool, row["med_type"]) is None:
            reasons.append("Q08")
    if table == "fund_txn_d" and row["insutype"] is not None:
        pool = policy.pool_of(row["insu_admdvs"]) or policy.pool_of_scheme(row["scheme_id"])
        if policy.insurance_type_of(pool, row["insutype"]) is None:
            reasons.append("Q07")
    return tuple(reasons)


def precedence(row: Row) -> tuple:
    """Rule A2, reading R1: latest `updt_time`, then `rid` by length and text, then file name."""
    updated = row["updt_time"]
    known = updated is not None and updated is not BAD
    rid = row["rid"]
    return (
        known,
        updated if known else datetime.min,
        rid is not None,
        len(rid or ""),
        rid or "",
        row["file"],
    )


def key_of(table: str, row: Row) -> tuple[Any, ...]:
    """The primary key of a raw row."""
    return tuple(row[column] for column in TABLES[table].key)


def admit(table: str, rows: list[Row], policy: Policy) -> tuple[list[Row], Audit, list[Quarantined]]:
    """Rules A1, A2, A6: one row per key; every other row is superseded, void or quarantined."""
    audit = Audit(delivered=len(rows))
    quarantine = []
    candidates: dict[tuple, list[Row]] = defaultdict(list)
    for row in rows:
        key = key_of(table, row)
        if is_void(row):
            audit.void += 1
        elif reasons := reasons_of(table, row, policy):
            audit.quarantined += 1
            quarantine.append(Quarantined(table, key, reasons))
            continue
        if None not in key and BAD not in key:
            candidates[key].append(row)
    accepted = []
    for versions in candidates.values():
        winner = max(versions, key=precedence)
        usable = sum(not is_void(row) for row in versions)
        if is_void(winner):
            audit.superseded += usable
        else:
            audit.superseded += usable - 1
            accepted.append(winner)
    audit.accepted = len(accepted)
    return accepted, audit, quarantine


def total_of(row: Row) -> Decimal:
    """The total of a settlement; blank is 0."""
    return row["medfee_sumamt"] or ZERO


def admit_reversals(rows: list[Row]) -> tuple[dict[str, str], dict[str, str]]:
    """Rule A3, reading R2: (root original by accepted settlement, reason by refused reversal).

    Originals are followed outwards: a reversal is judged once its original is accepted, so those of
    a refused, unknown or circular original remain orphans.
    """
    by_id = {row["setl_id"]: row for row in rows}
    reversals: dict[str, list[Row]] = defaultdict(list)
    refused: dict[str, str] = {}
    for row in rows:
        if is_reversal(row):
            reversals[row["init_setl_id"]].append(row)
            refused[row["setl_id"]] = "Q09"
    root = {row["setl_id"]: row["setl_id"] for row in rows if not is_reversal(row)}
    accepted_last = list(root)
    for _ in range(LONGEST_CHAIN):
        accepted_now = []
        for original_id in accepted_last:
            original = by_id[original_id]
            taken = ZERO
            for row in sorted(reversals.get(original_id, ()), key=lambda r: (r["setl_time"], r["setl_id"])):
                reason = refusal(row, original, taken)
                if reason is None:
                    taken += total_of(row)
                    root[row["setl_id"]] = root[original_id]
                    accepted_now.append(row["setl_id"])
                    del refused[row["setl_id"]]
                else:
                    refused[row["setl_id"]] = reason
        accepted_last = accepted_now
    return root, refused


def refusal(row: Row, original: Row, taken: Decimal) -> str | None:
    """Rule A3: why a reversal of this original is refused, given what was taken back before."""
    if row["psn_no"] != original["psn_no"]:
        return "Q09"
    if row["setl_time"] < original["setl_time"]:
        return "Q10"
    if total_of(row) * total_of(original) > 0:
        return "Q11"
    if abs(taken + total_of(row)) > abs(total_of(original)):
        return "Q11"
    return None


# ---------------------------------------------------------------------------------------------
# B. Expense components
# ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A fee line: what kind of item, which item, and what of it the person bears."""

    item_type: str | None
    item: str | None
    is_restricted: bool
    own_expense: Decimal
    over_limit: Decimal


@dataclass
class Settlement:
    """An accepted settlement."""

    settlement_id: str
    person_no: str
    region_code: str
    pool: str
    insurance_type: str
    care_type: str
    settled_at: datetime
    discharged_on: date | None
    disease_code: str | None
    is_reversal: bool
    components: dict[str, Decimal]
    reversed_id: str | None = None
    recorded: dict[str, Decimal] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()
    root: Settlement = field(default=None, repr=False)


def line_of(row: Row) -> Line:
    """Rule B4: kind of a fee line; an own-expense item of the catalogue is `restricted_use`."""
    return Line(
        item_type=ITEM_TYPES.get(row["list_type"]),
        item=row["med_list_codg"],
        is_restricted=row["chrgitm_lv"] in IN_CATALOGUE,
        own_expense=row["fulamt_ownpay_amt"] or ZERO,
        over_limit=row["overlmt_selfpay"] or ZERO,
    )


def components_of(row: Row, lines: Iterable[Line]) -> dict[str, Decimal]:
    """Rules B1 to B4, reading R6: the components of a settlement."""

    def amount(column: str) -> Decimal:
        return row[column] or ZERO

    parts = dict.fromkeys(("own_expense_drug", "own_expense_service", "own_expense_material", "restricted_use"), ZERO)
    for line in lines:
        if line.is_restricted:
            parts["restricted_use"] += line.own_expense
        elif line.item_type is not None:
            parts[f"own_expense_{line.item_type}"] += line.own_expense
    return {
        "total_cost": amount("medfee_sumamt"),
        "basic_paid": amount("hifp_pay"),
        "coinsurance": amount("inscp_amt") - amount("hifp_pay"),
        "class_b_self_pay": amount("preselfpay_amt") - amount("trafout_preselfpay_amt"),
        "transfer_self_pay": amount("trafout_preselfpay_amt"),
        "over_limit": amount("overlmt_selfpay"),
        "own_expense": amount("fulamt_ownpay_amt"),
        **parts,
        "own_expense_unclassified": amount("fulamt_ownpay_amt") - sum(parts.values(), ZERO),
    }


Key = tuple[str, str, str]  # component, item type and listed item of lines that are added up


def said_by_lines(lines: Iterable[Line], listed: set[str]) -> dict[str, dict[Key, Decimal]]:
    """Rules B4, B5: what the lines say of own expense and of over-limit, items told apart where a list names them."""
    said: dict[str, dict[Key, Decimal]] = {"own_expense": {}, "over_limit": {}}
    for line in lines:
        item = line.item if line.item in listed else ""
        component = "restricted_use" if line.is_restricted else "own_expense"
        for group, key, amount in (
            ("own_expense", (component, line.item_type or "", item), line.own_expense),
            ("over_limit", ("over_limit", line.item_type or "", item), line.over_limit),
        ):
            if amount:
                said[group][key] = said[group].get(key, ZERO) + amount
    return said


def in_proportion(said: dict[Key, Decimal], part: Decimal, whole: Decimal) -> dict[Key, Decimal]:
    """A part of amounts, rounded on their running sum so that it comes to the part to the fen."""
    shares, so_far = {}, ZERO
    for key in sorted(said):
        before = round_half_up(so_far * part / whole)
        so_far += said[key]
        shares[key] = round_half_up(so_far * part / whole) - before
    return shares


def held_to_header(said: dict[Key, Decimal], header: Decimal) -> dict[Key, Decimal]:
    """Rule B4: lines that come to more than the settlement says are believed in proportion."""
    total = sum(said.values(), ZERO)
    held = held_to(header, total)
    return said if held == total else in_proportion(said, held, total)


def as_lines(held: dict[str, dict[Key, Decimal]]) -> tuple[Line, ...]:
    """Amounts by component, item type and item as lines."""
    lines = []
    for (component, item_type, item), amount in held["own_expense"].items():
        lines.append(Line(item_type or None, item or None, component == "restricted_use", amount, ZERO))
    for (_, item_type, item), amount in held["over_limit"].items():
        lines.append(Line(item_type or None, item or None, False, ZERO, amount))
    return tuple(lines)


def lines_by_settlement(
    rows: list[Row], root: dict[str, str], fee_lines: list[Row], policy: Policy
) -> dict[str, tuple[Line, ...]]:
    """Rules A3, B4: the lines of each accepted settlement, held to what it says itself.

    A reversal whose lines do not tell takes back of each item what its root has, in proportion; several of one
    root go on where the one before stopped.
    """
    own: dict[str, list[Line]] = defaultdict(list)
    for row in fee_lines:
        if row["setl_id"] in root:
            own[row["setl_id"]].append(line_of(row))
    listed = {row["item_code"] for row in policy.seeds["item_list"]}
    headers = {"own_expense": "fulamt_ownpay_amt", "over_limit": "overlmt_selfpay"}
    held: dict[str, dict[str, dict[Key, Decimal]]] = {}
    taken: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    by_id = {row["setl_id"]: row for row in rows}
    accepted = [row for row in rows if row["setl_id"] in root]
    accepted.sort(key=lambda row: (row["setl_id"] != root[row["setl_id"]], row["setl_time"], row["setl_id"]))
    for row in accepted:
        key = row["setl_id"]
        said = said_by_lines(own.get(key, ()), listed)
        held[key] = {}
        for group, column in headers.items():
            header = row[column] or ZERO
            held[key][group] = held_to_header(said[group], header)
            whole = by_id[root[key]][column] or ZERO
            if key != root[key] and not said[group] and header:
                before = taken[root[key], group]
                taken[root[key], group] += header
                if whole:
                    of_root = held[root[key]][group]
                    low, high = (in_proportion(of_root, part, whole) for part in (before, before + header))
                    held[key][group] = {item: high[item] - low[item] for item in of_root}
    return {key: as_lines(amounts) for key, amounts in held.items()}


def settlements_of(
    rows: list[Row], root: dict[str, str], fee_lines: list[Row], policy: Policy
) -> dict[str, Settlement]:
    """The accepted settlements with their lines and the root original of each reversal, whose place they take."""
    lines = lines_by_settlement(rows, root, fee_lines, policy)
    settlements = {}
    place = {row["setl_id"]: row for row in rows}
    for row in rows:
        if row["setl_id"] not in root:
            continue
        of = place[root[row["setl_id"]]]
        pool = policy.pool_of(of["insu_admdvs"])
        own = lines[row["setl_id"]]
        settlements[row["setl_id"]] = Settlement(
            settlement_id=row["setl_id"],
            person_no=row["psn_no"],
            region_code=policy.region_of(of["insu_admdvs"]),
            pool=pool,
            insurance_type=policy.insurance_type_of(pool, of["insutype"]),
            care_type=policy.care_type_of(pool, of["med_type"]),
            settled_at=row["setl_time"],
            discharged_on=row["enddate"].date() if row["enddate"] else None,
            disease_code=of["dise_no"],
            is_reversal=is_reversal(row),
            components=components_of(row, own),
            reversed_id=row["init_setl_id"] if is_reversal(row) else None,
            recorded={column: row[column] or ZERO for column in RECORDED},
            lines=own,
        )
    for settlement in settlements.values():
        settlement.root = settlements[root[settlement.settlement_id]]
    return settlements


def counted_lines(settlement: Settlement, cover: Row, day: date, policy: Policy) -> Iterator[tuple[Line, list[Row]]]:
    """The lines that a coverage row counts, with the list rows that say so (rules B5, B7)."""
    component, list_id = cover["component"], cover["item_list_id"]
    for line in settlement.lines:
        if component != "over_limit" and line.is_restricted != (component == "restricted_use"):
            continue
        # A line without a type is unclassified (rule B4) unless a list says what its item is.
        by_list_alone = list_id is not None and cover["list_rule"] == "in" and cover["item_type"] is None
        if line.item_type is None and not by_list_alone:
            continue
        if cover["item_type"] not in (None, line.item_type):
            continue
        listed: list[Row] = []
        if list_id is not None:
            listed = policy.listed(list_id, line.item, settlement.disease_code, day)
            if bool(listed) != (cover["list_rule"] == "in"):
                continue
        yield line, listed


def counted(settlement: Settlement, cover: Row, day: date, policy: Policy) -> tuple[Decimal, set[str]]:
    """Rule B7, reading R6: what one coverage row counts of a settlement, and the rows' statuses."""
    component = cover["component"]
    statuses = {cover["status"]}
    if component in HEADER_COMPONENTS or (component == "over_limit" and not cover["item_type"]):
        amount = settlement.components[component]
    else:
        amount = ZERO
        for line, listed in counted_lines(settlement, cover, day, policy):
            part = line.over_limit if component == "over_limit" else line.own_expense
            amount += part
            if part:
                statuses.update(row["status"] for row in listed)
    eligible = round_half_up(amount * money(cover["share"]))
    return eligible, statuses if eligible else set()


def eligible_expense(
    settlement: Settlement, scheme_id: str, day: date, policy: Policy
) -> tuple[dict[str, Decimal], set[str]]:
    """Rule B7: eligible expense by expense pool, and the statuses of the rows that gave it."""
    by_pool: dict[str, Decimal] = defaultdict(lambda: ZERO)
    statuses: set[str] = set()
    for cover in policy.coverage(scheme_id, day, settlement.care_type):
        amount, used = counted(settlement, cover, day, policy)
        by_pool[cover["expense_pool"]] += amount
        statuses |= used
    return dict(by_pool), statuses


# ---------------------------------------------------------------------------------------------
# C. Persons and their status
# ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spell:
    """A person holds an assistance category from a day until the day before `end`."""

    category: str
    begin: date
    end: date | None

    def overlaps(self, first: date, last: date) -> bool:
        """Whether the category is held on any day from `first` to `last`, both counted."""
        return self.begin <= last and (self.end is None or max(first, self.begin) < self.end)


def spell_end(endtime: datetime | None) -> date | None:
    """Reading R4: the end is not counted, unless it has a time of day; blank is open."""
    if endtime is None:
        return None
    day = endtime.date()
    at_midnight = endtime == datetime(day.year, day.month, day.day)
    return day if at_midnight or day == date.max else day + timedelta(days=1)


def pools_of_persons(settlements: Iterable[Settlement], insured: list[Row], policy: Policy) -> dict[str, set[str]]:
    """The pools in which persons settle or are insured: what an identity without an area means (reading R4)."""
    pools = defaultdict(set)
    for settlement in settlements:
        pools[settlement.person_no].add(settlement.pool)
    for row in insured:
        pools[row["psn_no"]].add(policy.pool_of(row["insu_admdvs"]))
    return pools


def spells_of(rows: list[Row], pools: dict[str, set[str]], policy: Policy) -> dict[str, list[Spell]]:
    """Rule C1: the assistance categories that persons hold, from their identity spells."""
    spells = defaultdict(list)
    for row in rows:
        own = {policy.pool_of(row["insu_admdvs"])} if row["insu_admdvs"] else pools.get(row["psn_no"]) or {None}
        for category in sorted({policy.category_of(pool, row["psn_idet_type"]) for pool in own} - {None}):
            spell = Spell(category, row["begntime"].date(), spell_end(row["endtime"]))
            spells[row["psn_no"]].append(spell)
    return spells


def category_at(spells: list[Spell], scheme: Row, day: date, benefit_year: int, policy: Policy) -> str:
    """Rule C2, reading R4: the category that a settlement is paid under in a scheme.

    `prospective`: held on the day; `retroactive`: held on any day of the benefit year. The best is
    taken among those for which the scheme has a modifier in force on the day, else among all.
    """
    if scheme["status_change_rule"] == "retroactive":
        first, last = date(benefit_year, 1, 1), date(benefit_year, 12, 31)
    else:
        first = last = day
    held = {spell.category for spell in spells if spell.overlaps(first, last)}
    modified = {c for c in held if policy.modifier(scheme["scheme_id"], day, c) is not None}
    return min(modified or held, key=lambda c: policy.priorities[c], default="none")


# ---------------------------------------------------------------------------------------------
# E. Accumulators and payouts
# ---------------------------------------------------------------------------------------------


def payable_of(accumulated: dict[str, Decimal], ladder: Ladder) -> Decimal:
    """Rule E3, reading R8: payable expense, summed over the expense pools."""
    payable = ZERO
    for pool, deductible in ladder.deductibles.items():
        part = max(ZERO, accumulated.get(pool, ZERO) - deductible)
        if pool in ladder.expense_limits:
            part = min(part, max(ZERO, ladder.expense_limits[pool] - deductible))
        payable += part
    return payable


def tier_expenses(payable: Decimal, ladder: Ladder) -> list[Decimal]:
    """The part of payable expense in each tier."""
    return [
        max(ZERO, (payable if upper is None else min(payable, upper)) - lower) for _, lower, upper, _ in ladder.tiers
    ]


def tier_payouts(payable: Decimal, ladder: Ladder) -> list[Decimal]:
    """Rule E4: `P(t, x)` of each tier, lower tiers first, before any limit on the payout."""
    return [
        round_half_up(rate * expense)
        for (_, _, _, rate), expense in zip(ladder.tiers, tier_expenses(payable, ladder), strict=True)
    ]


def cut_to(payouts: list[Decimal], amount: Decimal) -> list[Decimal]:
    """Reading R5: tier payouts, all of one sign, cut to `amount` together, highest tiers first."""
    left, cut = abs(amount), []
    for payout in payouts:
        kept = min(abs(payout), left)
        left -= kept
        cut.append(kept if amount > 0 else -kept)
    return cut


@dataclass(frozen=True)
class Tier:
    """A row of fct_payout_tier."""

    settlement_id: str
    scheme_id: str
    tier_no: int
    rate: Decimal
    tier_expense: Decimal
    tier_payout: Decimal


@dataclass(frozen=True)
class Payout:
    """A row of fct_payout, by person number, with the ladder that it was paid by."""

    settlement_id: str
    scheme_id: str
    person_no: str
    benefit_year: int
    settled_at: datetime
    region_code: str
    insurance_type: str
    assistance_category: str
    eligible_expense: Decimal
    accumulated_before: Decimal
    accumulated_after: Decimal
    payable_before: Decimal
    payable_after: Decimal
    payout_amount: Decimal
    is_straddle: bool
    is_reversal: bool
    cover_status: str
    parameter_status: str
    tiers: tuple[Tier, ...]
    accumulated_by_pool: dict[str, Decimal] = field(repr=False)
    ladder: Ladder = field(repr=False)


@dataclass(frozen=True)
class Claim:
    """A settlement as one scheme sees it: whose account, under which terms, what counts."""

    settlement: Settlement
    scheme_id: str
    benefit_year: int
    category: str
    ladder: Ladder
    eligible: dict[str, Decimal]
    statuses: set[str]
    day: date | None = None


def terms_day(settlement: Settlement, scheme: Row) -> date:
    """Reading R3: the date whose terms hold: the root original's, or (`posting`) its own.

    Of a scheme that has ended by the posting of what it paid, the last day holds.
    """
    own, root = settlement.settled_at.date(), settlement.root.settled_at.date()
    if scheme["reversal_terms"] != "posting":
        return root
    return min(own, scheme["ends"] - timedelta(days=1)) if root < scheme["ends"] else own


def benefit_year_of(settlement: Settlement, scheme: Row) -> int:
    """Rules A3, A4, reading R9: the year of the root original's settlement or discharge."""
    root = settlement.root
    if scheme["benefit_year_basis"] == "discharge" and root.discharged_on is not None:
        return root.discharged_on.year
    return root.settled_at.year


def covers(scheme: Row, settlement: Settlement, policy: Policy) -> bool:
    """Whether a scheme's version covers the settlement's pool and insurance type, and is in force.

    The scheme is that of the root original's day (rules A3, C3), its version that of the terms.
    """
    of_scheme = [row for row in policy.schemes if row["scheme_id"] == scheme["scheme_id"]]
    types = INSURANCE_TYPES_OF_ALL if scheme["insurance_type"] == "all" else (scheme["insurance_type"],)
    return (
        scheme["pool_region_code"] == settlement.pool
        and settlement.insurance_type in types
        and in_force(scheme, terms_day(settlement, scheme))
        and any(in_force(row, settlement.root.settled_at.date()) for row in of_scheme)
    )


def claims_of(
    settlements: Iterable[Settlement], spells: dict[str, list[Spell]], policy: Policy
) -> dict[tuple[str, str, int], list[Claim]]:
    """Rule C3: the claims of every account, person x scheme x benefit year, in order E1."""
    accounts = defaultdict(list)
    for settlement in settlements:
        for scheme in policy.schemes:
            if not covers(scheme, settlement, policy):
                continue
            scheme_id = scheme["scheme_id"]
            day = terms_day(settlement, scheme)
            year = benefit_year_of(settlement, scheme)
            held = spells.get(settlement.person_no, [])
            category = category_at(held, scheme, day, year, policy)
            ladder = policy.ladder(scheme_id, day, settlement.insurance_type, category)
            eligible, statuses = eligible_expense(settlement, scheme_id, day, policy)
            account = (settlement.person_no, scheme_id, year)
            accounts[account].append(
                Claim(
                    settlement,
                    scheme_id,
                    year,
                    category,
                    ladder,
                    eligible,
                    statuses | ladder.statuses | {scheme["status"]},
                    day,
                )
            )
    for claims in accounts.values():
        claims.sort(key=lambda c: (c.settlement.settled_at, c.settlement.settlement_id))
    return accounts


def is_open(claims: list[Claim]) -> bool:
    """Reading R7: an account exists once a settlement has eligible expense in some pool."""
    return any(amount for claim in claims for amount in claim.eligible.values())


def pay(claims: list[Claim]) -> Iterator[Payout]:
    """Rules E1 to E5: the payouts of one account, its claims walked in order."""
    accumulated: dict[str, Decimal] = defaultdict(lambda: ZERO)
    paid = owed = ZERO
    for claim in claims:
        before = dict(accumulated)
        for pool, amount in claim.eligible.items():
            accumulated[pool] += amount
        payout, owed = pay_one(claim, before, dict(accumulated), paid, owed)
        paid += payout.payout_amount
        yield payout


def difference(
    by_tier: Callable[[Decimal, Ladder], list[Decimal]],
    before: Decimal,
    after: Decimal,
    ladder: Ladder,
) -> list[Decimal]:
    """Rule E4: the ladder climbed after a settlement minus the ladder climbed before it."""
    if before == after:
        return [ZERO] * len(ladder.tiers)
    return [high - low for high, low in zip(by_tier(after, ladder), by_tier(before, ladder), strict=True)]


def payout_of(wanted: Decimal, limit: Decimal | None, paid: Decimal, owed: Decimal) -> tuple[Decimal, Decimal]:
    """Reading R5: what a settlement moves of the year, and what the ladders alone have come to.

    More is paid up to what the limit leaves; less comes off what the ladders came to, and what was paid
    follows it down.
    """
    if wanted > 0:
        room = wanted if limit is None else max(ZERO, limit - paid)
        return min(wanted, room), owed + wanted
    owed = max(ZERO, owed + wanted)
    return min(ZERO, owed - paid), owed


def pay_one(
    claim: Claim, before: dict[str, Decimal], after: dict[str, Decimal], paid: Decimal, owed: Decimal
) -> tuple[Payout, Decimal]:
    """Rules E3 to E5, reading R5: the payout of one settlement, tier by tier, and what is owed by the ladders."""
    ladder, settlement = claim.ladder, claim.settlement
    payable_before, payable_after = payable_of(before, ladder), payable_of(after, ladder)
    expenses = difference(tier_expenses, payable_before, payable_after, ladder)
    payouts = difference(tier_payouts, payable_before, payable_after, ladder)
    moved, owed = payout_of(sum(payouts, ZERO), ladder.payout_limit, paid, owed)
    payouts = cut_to(payouts, moved)
    tiers = tuple(
        Tier(settlement.settlement_id, claim.scheme_id, tier_no, rate, expense, payout)
        for (tier_no, _, _, rate), expense, payout in zip(ladder.tiers, expenses, payouts, strict=True)
        if expense
    )
    payout = Payout(
        settlement_id=settlement.settlement_id,
        scheme_id=claim.scheme_id,
        person_no=settlement.person_no,
        benefit_year=claim.benefit_year,
        settled_at=settlement.settled_at,
        region_code=settlement.region_code,
        insurance_type=settlement.insurance_type,
        assistance_category=claim.category,
        eligible_expense=sum(claim.eligible.values(), ZERO),
        accumulated_before=sum(before.values(), ZERO),
        accumulated_after=sum(after.values(), ZERO),
        payable_before=payable_before,
        payable_after=payable_after,
        payout_amount=sum(payouts, ZERO),
        is_straddle=len(tiers) > 1,
        is_reversal=settlement.is_reversal,
        cover_status="covered",
        parameter_status=max(claim.statuses, key=STATUSES.index),
        tiers=tiers,
        accumulated_by_pool=after,
        ladder=ladder,
    )
    return payout, owed


@dataclass(frozen=True)
class Account:
    """A row of fct_accumulator_year, by person number; terms are those of the latest row."""

    person_no: str
    scheme_id: str
    benefit_year: int
    region_code: str
    insurance_type: str
    assistance_category: str
    settlement_count: int
    eligible_expense: Decimal
    payable_expense: Decimal
    payout_amount: Decimal
    deductible: Decimal
    deductible_remaining: Decimal
    annual_limit: Decimal | None
    limit_remaining: Decimal | None
    first_payout_at: datetime | None


def limit_remaining(latest: Payout, paid: Decimal) -> Decimal | None:
    """What is left of the annual limit (rule D4): of the payout, or of what counts."""
    ladder = latest.ladder
    if ladder.payout_limit is not None:
        return max(ZERO, ladder.payout_limit - paid)
    if not ladder.expense_limits:
        return None
    return sum(
        (
            max(ZERO, limit - latest.accumulated_by_pool.get(pool, ZERO))
            for pool, limit in ladder.expense_limits.items()
        ),
        ZERO,
    )


def account_of(payouts: list[Payout]) -> Account:
    """Rule E2: an account at the end, from its payouts in order."""
    latest = payouts[-1]
    ladder = latest.ladder
    paid = sum((payout.payout_amount for payout in payouts), ZERO)
    return Account(
        person_no=latest.person_no,
        scheme_id=latest.scheme_id,
        benefit_year=latest.benefit_year,
        region_code=latest.region_code,
        insurance_type=latest.insurance_type,
        assistance_category=latest.assistance_category,
        settlement_count=len(payouts),
        eligible_expense=latest.accumulated_after,
        payable_expense=latest.payable_after,
        payout_amount=paid,
        deductible=sum(ladder.deductibles.values(), ZERO),
        deductible_remaining=sum(
            (
                max(ZERO, deductible - latest.accumulated_by_pool.get(pool, ZERO))
                for pool, deductible in ladder.deductibles.items()
            ),
            ZERO,
        ),
        annual_limit=ladder.annual_limit,
        limit_remaining=limit_remaining(latest, paid),
        first_payout_at=next((p.settled_at for p in payouts if p.payout_amount > 0), None),
    )


# ---------------------------------------------------------------------------------------------
# G. Cover of the supplementary insurance
# ---------------------------------------------------------------------------------------------

FOREVER = date(9999, 12, 31)


def months_later(day: date, months: int) -> date:
    """The same day some months later, or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


@dataclass(frozen=True)
class Premium:
    """A premium of a cover year: paid, agreed to, or renewed by a standing consent (rule G7)."""

    year: int
    paid_on: date
    channel: str | None
    event: str | None
    event_on: date | None
    is_renewed: bool
    enrolment: str


@dataclass(frozen=True)
class CoverStart:
    """From when a cover year gives cover, by which rule and channel (rules G1 to G4)."""

    begins: date
    rule: str
    channel: str | None
    event_on: date | None


def premiums_of(rows: list[Row], first_year: int, last_year: int) -> dict[str, list[Premium]]:
    """Rule G7: the premiums of each person, with the renewals by consent in every year of which the extract tells."""
    years = sorted({row["cover_year"] for row in rows})
    premiums: dict[str, list[Premium]] = defaultdict(list)

    def day(moment: datetime | None) -> date | None:
        return moment.date() if moment else None

    for row in rows:
        consent, withdrawn = day(row["auto_renew_consent_time"]), day(row["renewal_withdrawn_time"])
        paid = day(row["paid_time"]) or consent
        found = premiums[row["psn_no"]]
        if paid is not None and first_year <= row["cover_year"] <= last_year:
            event_on = day(row["event_date"])
            found.append(
                Premium(row["cover_year"], paid, row["channel"], row["event"], event_on, False, row["enrl_id"])
            )
        for year in years:
            new_year = date(year, 1, 1)
            stands = consent is not None and consent < new_year and not (withdrawn and withdrawn < new_year)
            if stands and year > row["cover_year"] and first_year <= year <= last_year:
                day_before = new_year - timedelta(days=1)
                found.append(Premium(year, day_before, row["channel"], None, None, True, row["enrl_id"]))
    return premiums


def choices(premium: Premium, former: int | None, first_year: int, rules: list[Row]) -> Iterator[tuple[int, str, date]]:
    """Every rule that a premium satisfies: (preference, rule, day from which cover begins)."""
    new_year = date(premium.year, 1, 1)
    seen_on = max(premium.paid_on, new_year)
    for row in rules:
        if not in_force(row, seen_on):
            continue
        rule, months = row["rule"], int(row["waiting_months"])
        if rule == "paid_by_year_end":
            held = premium.year == first_year or former == premium.year - 1
            if premium.paid_on < new_year and held:
                yield 2, rule, new_year
        elif rule == "first_year_first_quarter":
            if premium.year == first_year:
                yield 3, rule, max(new_year, premium.paid_on + timedelta(days=1))
        elif rule == "returning_member":
            if former is not None:
                yield 4, rule, max(new_year, months_later(seen_on, months))
        elif rule == "first_time_member":
            if former is None:
                yield 4, rule, max(new_year, months_later(premium.paid_on, months))
        elif (
            rule == premium.event
            and premium.event_on is not None
            and premium.paid_on <= premium.event_on + timedelta(days=int(row["window_days"]))
        ):
            yield 1, rule, max(new_year, premium.event_on)


def cover_starts(premiums: list[Premium], first_year: int, rules: list[Row]) -> dict[int, CoverStart]:
    """Rules G1 to G4: a year after the other; one that is paid in time goes on where the one before stands."""
    starts: dict[int, CoverStart] = {}
    former: int | None = None
    for year in sorted({premium.year for premium in premiums}):
        found = [
            (preference, premium.paid_on, premium.is_renewed, premium.enrolment, rule, begins, premium)
            for premium in premiums
            if premium.year == year
            for preference, rule, begins in choices(premium, former, first_year, rules)
        ]
        if found:
            preference, *_, rule, begins, premium = min(found, key=lambda choice: choice[:4])
            before = starts.get(former) if former is not None else None
            if rule == "paid_by_year_end" and before is not None:
                if before.begins > begins:
                    begins, rule = before.begins, before.rule
                event_on = before.event_on
            else:
                event_on = premium.event_on if preference == 1 else None
            starts[year] = CoverStart(begins, rule, premium.channel, event_on)
        former = year
    return starts


def basic_spans(rows: list[Row]) -> list[tuple[date, date]]:
    """Rule G5: spans with basic benefits; a day without them parts two spans."""
    spans: list[tuple[date, date]] = []
    given = []
    for row in rows:
        end = row["paus_insu_date"]
        if end is None and row["psn_insu_stas"] in ("2", "3"):
            end = row["updt_time"]
        given.append((row["crt_insu_date"].date(), end.date() if end else FOREVER))
    for begin, end in sorted(pair for pair in given if pair[0] < pair[1]):
        if spans and begin <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((begin, end))
    return spans


class Covers:
    """Who is covered when by one supplementary scheme."""

    def __init__(self, scheme: Row, enrolments: list[Row], insured: list[Row], policy: Policy):
        self.scheme_id = scheme["scheme_id"]
        self.rules = [row for row in policy.seeds["cover_rule"] if row["scheme_id"] == self.scheme_id]
        first_year = min(
            row["effective_from"].year for row in policy.seeds["scheme"] if row["scheme_id"] == self.scheme_id
        )
        last_year = (scheme["ends"] - timedelta(days=1)).year
        self.starts = {
            person: cover_starts(premiums, first_year, self.rules)
            for person, premiums in premiums_of(enrolments, first_year, last_year).items()
        }
        spells = defaultdict(list)
        for row in insured:
            pool = policy.pool_of(row["insu_admdvs"])
            kind = policy.insurance_type_of(pool, row["insutype"])
            if pool == scheme["pool_region_code"] and kind in INSURANCE_TYPES_OF_ALL:
                spells[row["psn_no"]].append(row)
        self.spans = {person: basic_spans(rows) for person, rows in spells.items()}

    def usable(self, person: str, number: int, start: CoverStart, year: int) -> date:
        """Rules G4, G5: from when a span of basic benefits can be used: after a break only after a wait."""
        spans = self.spans[person]
        begin, end = spans[number]
        if number == 0:
            return begin
        if start.event_on is not None and spans[number - 1][1] <= start.event_on < end:
            return begin
        for row in self.rules:
            if row["rule"] == "basic_benefits_resumed" and in_force(row, date(year, 1, 1)):
                return months_later(begin, int(row["waiting_months"]))
        return begin

    def status(self, person: str, day: date) -> str:
        """Rule G6: covered on the day, or why not."""
        start = self.starts.get(person, {}).get(day.year)
        spans = self.spans.get(person, [])
        if start is None:
            return "not_enrolled"
        if not spans:
            return "not_insured"
        number = next((i for i, (begin, end) in enumerate(spans) if begin <= day < end), None)
        if number is None:
            return "basic_suspended"
        if day < start.begins:
            return "waiting"
        return "covered" if day >= self.usable(person, number, start, day.year) else "waiting_after_break"

    def all_spans(self) -> Iterator[tuple[str, date, date, str, str | None]]:
        """Rules G1 to G5: (person, from, to, rule, channel) of every span of cover."""
        for person, starts in self.starts.items():
            for year, start in starts.items():
                for number, (_, end) in enumerate(self.spans.get(person, [])):
                    begin = max(start.begins, self.usable(person, number, start, year))
                    until = min(end, date(year + 1, 1, 1))
                    if begin < until:
                        yield person, begin, until, start.rule, start.channel


# ---------------------------------------------------------------------------------------------
# E6, F3. Supplementary insurance
# ---------------------------------------------------------------------------------------------


def schemes_of_kind(policy: Policy, kind: str) -> dict[str, list[Row]]:
    """The versions of each scheme of a kind."""
    schemes = defaultdict(list)
    for row in policy.seeds["scheme"]:
        if row["scheme_kind"] == kind:
            schemes[row["scheme_id"]].append(row)
    return schemes


def person_years(settlements: Iterable[Settlement], scheme: Row, first_day: date) -> dict[tuple, list[Settlement]]:
    """The settlements that a later layer looks at, by person and benefit year, in order E1."""
    found = defaultdict(list)
    types = INSURANCE_TYPES_OF_ALL if scheme["insurance_type"] == "all" else (scheme["insurance_type"],)
    for settlement in settlements:
        if settlement.pool != scheme["pool_region_code"] or settlement.insurance_type not in types:
            continue
        if first_day <= settlement.root.settled_at.date() < scheme["ends"]:
            found[settlement.person_no, benefit_year_of(settlement, scheme)].append(settlement)
    for members in found.values():
        members.sort(key=lambda s: (s.settled_at, s.settlement_id))
    return found


@dataclass
class Supplementary:
    """Payouts of the supplementary schemes, and how much of each lies on what earlier layers left."""

    payouts: list[Payout] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    on_left: dict[str, Decimal] = field(default_factory=dict)
    statuses: dict[tuple[str, str], str] = field(default_factory=dict)


def pay_supplementary(
    settlements: list[Settlement],
    versions: list[Row],
    covers: Covers,
    spells: dict[str, list[Spell]],
    earlier: dict[str, Decimal],
    policy: Policy,
    result: Supplementary,
) -> None:
    """Rules E3, E4, F3, G6: one supplementary scheme; `earlier` is what the layers before paid by settlement."""
    scheme = versions[0]
    scheme_id = scheme["scheme_id"]
    first_day = min(row["effective_from"] for row in versions)
    for (person, year), members in person_years(settlements, scheme, first_day).items():
        held = spells.get(person, [])
        incurred: dict[str, Decimal] = defaultdict(lambda: ZERO)
        counted: dict[str, Decimal] = defaultdict(lambda: ZERO)
        outside: dict[str, Decimal] = defaultdict(lambda: ZERO)
        paid_before, rows, is_open_year = ZERO, [], False
        given = owed = ZERO
        for settlement in members:
            day = terms_day(settlement, scheme)
            status = covers.status(person, day)
            result.statuses[settlement.settlement_id, scheme_id] = status
            category = category_at(held, scheme, day, year, policy)
            ladder = policy.ladder(scheme_id, day, settlement.insurance_type, category)
            eligible, used = eligible_expense(settlement, scheme_id, day, policy)
            is_open_year = is_open_year or any(eligible.values())
            used = used | ladder.statuses | {row["status"] for row in versions if in_force(row, day)}
            before = dict(counted)
            for pool, amount in eligible.items():
                counted[pool] += amount if status == "covered" else ZERO
            paid_after = paid_before + earlier.get(settlement.settlement_id, ZERO)
            stood = stands = left_moved = stepped_before = stepped_after = ZERO
            for pool, deductible in ladder.deductibles.items():
                incurred_before = incurred[pool]
                incurred[pool] += eligible.get(pool, ZERO)
                if pool in ladder.after_schemes:
                    first = next(row for row in policy.schemes if row["scheme_id"] == ladder.after_schemes[pool])
                    under = category_at(held, first, terms_day(settlement, first), year, policy)
                    theirs = policy.ladder(first["scheme_id"], day, settlement.insurance_type, under)
                    used = used | {first["status"]} | term_statuses(first, day, settlement, under, policy)
                    threshold = sum(theirs.deductibles.values(), ZERO)
                    left_before = max(ZERO, max(ZERO, incurred_before - threshold) - paid_before)
                    left_after = max(ZERO, max(ZERO, incurred[pool] - threshold) - paid_after)
                    outside_before = outside[pool]
                    if status != "covered":
                        outside[pool] += left_after - left_before
                    low = max(ZERO, left_before - outside_before - deductible)
                    high = max(ZERO, left_after - outside[pool] - deductible)
                    left_moved += high - low
                else:
                    most = ladder.expense_limits.get(pool)
                    room = None if most is None else max(ZERO, most - deductible)
                    low = max(ZERO, before.get(pool, ZERO) - deductible)
                    high = max(ZERO, counted[pool] - deductible)
                    low, high = (low, high) if room is None else (min(low, room), min(high, room))
                stood, stands = stood + low, stands + high
            climbed = []  # (tier, rate, expense, payout, part of it on what earlier layers left)
            expenses = difference(tier_expenses, stood, stands, ladder)
            payouts = difference(tier_payouts, stood, stands, ladder)
            lefts = difference(tier_payouts, stood, stood + left_moved, ladder)
            for (number, _, _, rate), expense, amount, left in zip(ladder.tiers, expenses, payouts, lefts, strict=True):
                if expense:
                    climbed.append((number, rate, expense, amount, left))
            for number, pool, lower, upper, rate in ladder.steps:
                reached = [max(ZERO, min(amount, upper) - lower) for amount in (before.get(pool, ZERO), counted[pool])]
                stepped_before, stepped_after = stepped_before + reached[0], stepped_after + reached[1]
                if reached[0] != reached[1]:
                    amount = round_half_up(rate * reached[1]) - round_half_up(rate * reached[0])
                    climbed.append((number, rate, reached[1] - reached[0], amount, ZERO))
            climbed.sort(key=lambda row: row[0])
            wanted = [amount for _, _, _, amount, _ in climbed]
            moved, owed = payout_of(sum(wanted, ZERO), ladder.payout_limit, given, owed)
            given += moved
            kept = wanted if moved == sum(wanted, ZERO) else cut_to(wanted, moved)
            tiers = [
                Tier(settlement.settlement_id, scheme_id, number, rate, expense, amount)
                for (number, rate, expense, _, _), amount in zip(climbed, kept, strict=True)
            ]
            on_left = sum(
                (
                    left if amount == whole else held_to(amount, left)
                    for (_, _, _, whole, left), amount in zip(climbed, kept, strict=True)
                ),
                ZERO,
            )
            result.on_left[settlement.settlement_id] = on_left
            rows.append(
                Payout(
                    settlement_id=settlement.settlement_id,
                    scheme_id=scheme_id,
                    person_no=person,
                    benefit_year=year,
                    settled_at=settlement.settled_at,
                    region_code=settlement.region_code,
                    insurance_type=settlement.insurance_type,
                    assistance_category=category,
                    eligible_expense=sum(counted.values(), ZERO) - sum(before.values(), ZERO),
                    accumulated_before=sum(before.values(), ZERO),
                    accumulated_after=sum(counted.values(), ZERO),
                    payable_before=stood + stepped_before,
                    payable_after=stands + stepped_after,
                    payout_amount=sum((tier.tier_payout for tier in tiers), ZERO),
                    is_straddle=len(tiers) > 1,
                    is_reversal=settlement.is_reversal,
                    cover_status=status,
                    parameter_status=max(used, key=STATUSES.index),
                    tiers=tuple(tiers),
                    accumulated_by_pool=dict(counted),
                    ladder=ladder,
                )
            )
            paid_before = paid_after
        if is_open_year:
            result.payouts += rows
            result.accounts.append(account_of(rows))


def term_statuses(scheme: Row, day: date, settlement: Settlement, category: str, policy: Policy) -> set[str]:
    """The statuses of an earlier scheme's terms and modifier, which its deductible comes from."""
    terms = policy.versions("benefit_term", scheme["scheme_id"], day, settlement.insurance_type)
    modifier = policy.modifier(scheme["scheme_id"], day, category)
    return {row["status"] for row in (*terms, modifier) if row}


# ---------------------------------------------------------------------------------------------
# F2, I2. Medical aid and relief
# ---------------------------------------------------------------------------------------------


def pool_parameter(policy: Policy, pool: str, name: str, day: date) -> str | None:
    """A pool's parameter in force on a day."""
    for row in policy.seeds["pool_parameter"]:
        if row["pool_region_code"] == pool and row["parameter"] == name and in_force(row, day):
            return row["value"]
    return None


def aided_category(held: list[Spell], scheme: Row, day: date, year: int, policy: Policy) -> str | None:
    """Rules C2, F2: the best category held for which aid has a rate; None where there is none."""
    retroactive = scheme["status_change_rule"] == "retroactive"
    first, last = (date(year, 1, 1), date(year, 12, 31)) if retroactive else (day, day)
    found = {spell.category for spell in held if spell.overlaps(first, last)}
    pool = scheme["pool_region_code"]
    rated = [c for c in found if pool_parameter(policy, pool, f"medical_aid_rate_{c}", day) is not None]
    return min(rated, key=lambda c: policy.priorities[c], default=None)


@dataclass
class Aid:
    """Medical aid by settlement, and who was aided under which category on which day."""

    amounts: dict[str, Decimal] = field(default_factory=dict)
    categories: dict[str, tuple[str, str, date]] = field(default_factory=dict)
    # What the rates give of each settlement, before the limits.
    entitlements: dict[str, Decimal] = field(default_factory=dict)


def held_to(whole: Decimal, amount: Decimal) -> Decimal:
    """An amount held between nothing and the whole."""
    return max(min(amount, max(whole, ZERO)), min(whole, ZERO))


def pay_aid(
    settlements: list[Settlement],
    versions: list[Row],
    spells: dict[str, list[Spell]],
    earlier: dict[str, Decimal],
    policy: Policy,
    result: Aid,
) -> None:
    """Rules E6, F2: one medical-aid scheme; `earlier` is what came off its base by settlement."""
    scheme, pool = versions[0], versions[0]["pool_region_code"]
    first_day = min(row["effective_from"] for row in versions)
    for (person, year), members in person_years(settlements, scheme, first_day).items():
        base = inpatient = outpatient = ZERO
        for settlement in members:
            day = terms_day(settlement, scheme)
            category = aided_category(spells.get(person, []), scheme, day, year, policy)
            if category is None:
                continue
            result.categories[settlement.settlement_id] = (category, pool, day)

            def number(name: str, on: date = day) -> Decimal | None:
                return money(pool_parameter(policy, pool, f"medical_aid_{name}", on))

            is_waived = pool_parameter(policy, pool, f"medical_aid_limit_waived_{category}", day) == "true"
            limit, sub_limit = (None, None) if is_waived else (number("annual_limit"), number("outpatient_limit"))
            deductible = number("deductible") or ZERO
            eligible, _ = eligible_expense(settlement, scheme["scheme_id"], day, policy)
            whole = sum(eligible.values(), ZERO)
            if not any(eligible.values()):
                continue
            added = held_to(whole, whole - earlier.get(settlement.settlement_id, ZERO))
            rate = number(f"rate_{category}")
            entitlement = round_half_up(rate * max(ZERO, base + added - deductible)) - round_half_up(
                rate * max(ZERO, base - deductible)
            )

            def given(inside: Decimal, out: Decimal, most=limit, most_out=sub_limit) -> Decimal:
                out = out if most_out is None else min(out, most_out)
                return inside + out if most is None else min(inside + out, most)

            before = given(inpatient, outpatient)
            base += added
            if any(amount for name, amount in eligible.items() if name == "outpatient"):
                outpatient += entitlement
            else:
                inpatient += entitlement
            result.amounts[settlement.settlement_id] = given(inpatient, outpatient) - before
            result.entitlements[settlement.settlement_id] = entitlement


# ---------------------------------------------------------------------------------------------
# E7. Burden
# ---------------------------------------------------------------------------------------------

BURDEN = (
    "total_cost",
    "basic_paid",
    "critical_illness_paid",
    "supplementary_paid",
    "medical_aid_paid",
    "other_paid",
    "relief_paid",
    "out_of_pocket",
)


class Running:
    """Two running sums, and what the first comes to when it is held to the second: nothing is below zero."""

    def __init__(self) -> None:
        self.amount = self.whole = ZERO

    def held(self) -> Decimal:
        return min(max(self.amount, ZERO), max(self.whole, ZERO))

    def add(self, amount: Decimal, whole: Decimal) -> Decimal:
        """What one row moves."""
        before = self.held()
        self.amount += amount
        self.whole += whole
        return self.held() - before


def layer_amounts(
    settlement: Settlement, critical: dict, supplementary: dict, aid: Aid, policy: Policy
) -> dict[str, Decimal]:
    """Rules B1, E6: what each layer says it pays."""

    def computes(kind: str) -> bool:
        return any(
            row["scheme_kind"] == kind
            and row["pool_region_code"] == settlement.pool
            and settlement.insurance_type in INSURANCE_TYPES_OF_ALL
            and row["insurance_type"] in ("all", settlement.insurance_type)
            and row["effective_from"] <= settlement.root.settled_at.date()
            for row in policy.seeds["scheme"]
        )

    key, recorded = settlement.settlement_id, settlement.recorded
    other = sum((recorded[name] for name in ("cvlserv_pay", "hifes_pay", "hifdm_pay", "othfund_pay")), ZERO)
    other += recorded["ownpay_hosp_part"]
    if not computes(CRITICAL_ILLNESS):
        other += recorded["hifmi_pay"] + recorded["hifob_pay"]
    return {
        "basic_paid": recorded["hifp_pay"],
        "critical_illness_paid": critical.get(key, ZERO),
        "supplementary_paid": supplementary.get(key, ZERO),
        "medical_aid_paid": aid.amounts.get(key, ZERO) if computes("medical_aid") else recorded["maf_pay"],
        "other_paid": other,
    }


def burdens_of(
    settlements: Iterable[Settlement], amounts: dict[str, dict[str, Decimal]], aid: Aid, policy: Policy
) -> dict[str, dict[str, Decimal]]:
    """Rules E6, E7, I2: who bears what, every person-year walked in order, layer after layer."""
    bases = {row["pool_region_code"]: row for row in policy.seeds["scheme"]}
    years = defaultdict(list)
    for settlement in settlements:
        years[settlement.person_no, benefit_year_of(settlement, bases[settlement.pool])].append(settlement)
    burdens: dict[str, dict[str, Decimal]] = {}
    for members in years.values():
        members.sort(key=lambda s: (s.settled_at, s.settlement_id))
        left = {s.settlement_id: s.components["total_cost"] for s in members}
        shares: dict[str, dict[str, Decimal]] = {key: {"total_cost": total} for key, total in left.items()}
        for layer in BURDEN[1:6]:
            account, families = Running(), defaultdict(Running)
            for s in members:
                key = s.settlement_id
                amount = amounts[key][layer]
                if layer in ("basic_paid", "other_paid"):
                    amount = families[s.root.settlement_id].add(amount, left[key])
                elif not s.is_reversal:
                    amount = held_to(left[key], amount)
                shares[key][layer] = account.add(amount, left[key])
            for key in left:
                left[key] -= shares[key][layer]
        account, borne = Running(), ZERO
        for s in members:
            key = s.settlement_id
            claim = ZERO
            if key in aid.categories:
                category, pool, day = aid.categories[key]
                ceiling = money(pool_parameter(policy, pool, f"relief_ceiling_{category}", day))
                if ceiling is not None:
                    claim = max(ZERO, borne + left[key] - ceiling) - max(ZERO, borne - ceiling)
            borne += left[key]
            shares[key]["relief_paid"] = account.add(claim, left[key])
            shares[key]["out_of_pocket"] = left[key] - shares[key]["relief_paid"]
        burdens |= shares
    return burdens


# ---------------------------------------------------------------------------------------------
# E8. Recorded against computed
# ---------------------------------------------------------------------------------------------

# What may be assumed otherwise, the likelier first; of two that give the recorded amount the first is named.
CAUSES = ("other_column", "rounding", "reversal", "category", "deductible", "limit", "tier", "coverage")
CAUSES_OF_NOTHING = ("other_column", "reversal", "category", "deductible")  # where nothing was recorded
TRIED_COMPONENTS = _words(
    "coinsurance class_b_self_pay transfer_self_pay over_limit own_expense own_expense_drug own_expense_service"
    " own_expense_material restricted_use"
)


@dataclass(frozen=True)
class Variance:
    """A row of fct_payout_variance."""

    settlement_id: str
    scheme_id: str
    recorded_amount: Decimal
    computed_amount: Decimal
    variance: Decimal
    cause: str
    assumption: str | None
    matching_assumptions: int


@dataclass(frozen=True)
class Standing:
    """A claim with where its account stands in each expense pool."""

    claim: Claim
    before: dict[str, Decimal]
    after: dict[str, Decimal]
    reversed_before: dict[str, Decimal]
    recorded: Decimal
    other_column: Decimal
    payout: Payout | None

    @property
    def computed(self) -> Decimal:
        return self.payout.payout_amount if self.payout else ZERO


def recorded_of(settlement: Settlement, scheme_id: str, policy: Policy) -> tuple[Decimal, Decimal]:
    """Rule E8: what the live system recorded in the scheme's column, and in the other one."""
    named = max(row["recorded_payment_column"] or "" for row in policy.schemes if row["scheme_id"] == scheme_id)
    usual = "hifob_pay" if settlement.insurance_type == "employee" else "hifmi_pay"
    amount = settlement.recorded[named or usual]
    return amount, settlement.recorded["hifmi_pay"] + settlement.recorded["hifob_pay"] - amount


def standings(accounts: Iterable[list[Claim]], payouts: list[Payout], policy: Policy) -> dict[tuple, Standing]:
    """Every claim of critical illness insurance with anything recorded or computed."""
    paid = {(payout.settlement_id, payout.scheme_id): payout for payout in payouts}
    found = {}
    for claims in accounts:
        accumulated: dict[str, Decimal] = defaultdict(lambda: ZERO)
        taken_back: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for claim in claims:
            before, reversed_before = dict(accumulated), dict(taken_back)
            for pool, amount in claim.eligible.items():
                accumulated[pool] += amount
                if claim.settlement.is_reversal:
                    taken_back[pool] -= amount
            key = (claim.settlement.settlement_id, claim.scheme_id)
            recorded, other = recorded_of(claim.settlement, claim.scheme_id, policy)
            row = Standing(claim, before, dict(accumulated), reversed_before, recorded, other, paid.get(key))
            if row.recorded or row.computed:
                found[key] = row
    return found


def climbed(low: Decimal, high: Decimal, ladder: Ladder, is_limited: bool = True) -> Decimal:
    """What a ladder pays between two heights."""

    def paid(height: Decimal) -> Decimal:
        total = sum(tier_payouts(height, ladder), ZERO)
        return min(total, ladder.payout_limit) if is_limited and ladder.payout_limit is not None else total

    return paid(high) - paid(low)


def term_assumptions(row: Standing, policy: Policy) -> Iterator[tuple[str, str, Decimal]]:
    """Another category, deductible, limit, accumulator or tier: (cause, assumption, what it would have paid)."""
    claim, ladder = row.claim, row.claim.ladder
    day = claim.settlement.settled_at.date() if claim.day is None else claim.day
    before, after = payable_of(row.before, ladder), payable_of(row.after, ladder)
    whole_before, whole_after = sum(row.before.values(), ZERO), sum(row.after.values(), ZERO)

    def above(accumulated: dict[str, Decimal]) -> Decimal:
        parts = (accumulated.get(pool, ZERO) - deductible for pool, deductible in ladder.deductibles.items())
        return sum((max(ZERO, part) for part in parts), ZERO)

    for category in policy.priorities:
        if category != claim.category:
            other = policy.ladder(claim.scheme_id, day, claim.settlement.insurance_type, category)
            amount = climbed(payable_of(row.before, other), payable_of(row.after, other), other)
            yield "category", f"as {category}", amount
    yield "deductible", "no deductible", climbed(whole_before, whole_after, ladder)
    if whole_before > 0:
        yield "deductible", "deductible taken anew", climbed(ZERO, above(claim.eligible), ladder)
    if before > 0:
        yield "tier", "tiers begun anew", climbed(ZERO, max(ZERO, after - before), ladder)
    yield "limit", "no limit", climbed(above(row.before), above(row.after), ladder, is_limited=False)
    if any(row.reversed_before.values()):
        low, high = (
            {pool: amount + row.reversed_before.get(pool, ZERO) for pool, amount in accumulated.items()}
            for accumulated in (dict.fromkeys(row.after, ZERO) | row.before, row.after)
        )
        amount = climbed(payable_of(low, ladder), payable_of(high, ladder), ladder)
        yield "reversal", "accumulator not lowered by earlier reversals", amount
    for number, _, _, rate in ladder.tiers:
        yield "tier", f"all at the rate of tier {number}", round_half_up(rate * (after - before))


def coverage_assumptions(row: Standing) -> Iterator[tuple[str, str, Decimal]]:
    """A component counted once more, or less, in an expense pool."""
    ladder = row.claim.ladder
    before = payable_of(row.before, ladder)
    for component in TRIED_COMPONENTS:
        amount = row.claim.settlement.components[component]
        if not amount:
            continue
        for pool in ladder.deductibles:
            place = f" in {pool}" if len(ladder.deductibles) > 1 else ""
            for word, moved in (("with", amount), ("without", -amount)):
                other = row.after | {pool: row.after.get(pool, ZERO) + moved}
                paid = climbed(before, payable_of(other, ladder), ladder)
                yield "coverage", f"{word} {component}{place}", paid


def other_assumptions(row: Standing, rows: dict[tuple, Standing]) -> Iterator[tuple[str, str, Decimal]]:
    """The other column, a fen a tier, and what a reversal took back."""
    settlement, recorded, difference_ = row.claim.settlement, row.recorded, row.recorded - row.computed
    if recorded == 0 and row.other_column == row.computed:
        yield "other_column", "recorded in the column of the other insurance type", recorded
    tiers = len(row.payout.tiers) if row.payout and row.payout.tiers else 1
    if recorded and abs(difference_) <= tiers * CENT:
        yield "rounding", "a fen a tier", recorded
    if settlement.is_reversal and recorded == 0:
        yield "reversal", "nothing taken back", recorded
    original = rows.get((settlement.reversed_id, row.claim.scheme_id))
    if settlement.is_reversal and recorded and original:
        was = original.claim.settlement.components["total_cost"]
        in_proportion_ = recorded * was - original.recorded * settlement.components["total_cost"]
        if abs(in_proportion_) <= abs(was) * CENT:
            yield "reversal", "what was paid then taken back", recorded


def variances_of(
    accounts: Iterable[list[Claim]], payouts: list[Payout], policy: Policy
) -> tuple[list[Variance], dict[str, list[Decimal]]]:
    """Rule E8: the cause of a difference is an assumption that gives what was recorded, to the fen.

    Beside the rows: what each assumption would have paid, by settlement, for who wants to record it.
    """
    rows = standings(accounts, payouts, policy)
    found, supposed = [], {}
    for (settlement_id, scheme_id), row in rows.items():
        cause, assumption, matches = "none", None, []
        if row.recorded != row.computed:
            tried = [*other_assumptions(row, rows), *term_assumptions(row, policy), *coverage_assumptions(row)]
            supposed[settlement_id] = [row.computed, *(amount for _, _, amount in tried)]
            matches = sorted(
                (CAUSES.index(kind), name)
                for kind, name, amount in tried
                if amount == row.recorded and (row.recorded or kind in CAUSES_OF_NOTHING)
            )
            cause = "unexplained" if row.recorded else "not_recorded"
            if matches:
                cause, assumption = CAUSES[matches[0][0]], matches[0][1]
        amounts = (row.recorded, row.computed, row.recorded - row.computed)
        found.append(Variance(settlement_id, scheme_id, *amounts, cause, assumption, len(matches)))
    return found, supposed


# ---------------------------------------------------------------------------------------------
# H. Funds
# ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FundYear:
    """Heads, income and payouts of scheme x county x insurance type x benefit year."""

    insured_heads: int = 0
    income_amount: Decimal = ZERO
    payout_amount: Decimal = ZERO


FundKey = tuple[str, str, str, int]


def spell_in_force(row: Row, day: date) -> bool:
    """Rule H1: whether basic benefits of an insurance spell are in force on a day.

    An open spell that is suspended or ended (2, 3) is in force until the date of its `updt_time`.
    """
    end = row["paus_insu_date"]
    if end is None and row["psn_insu_stas"] in ("2", "3"):
        end = row["updt_time"]
    return row["crt_insu_date"].date() <= day and (end is None or day < end.date())


def heads_by_region(rows: list[Row], day: date, policy: Policy) -> dict[str, int]:
    """Rule H1: persons by county on the census date, each person once.

    Somebody in two counties counts where the latest spell began, then at the largest spell id.
    """
    latest: dict[str, tuple] = {}
    for row in rows:
        if spell_in_force(row, day):
            spell = (row["crt_insu_date"].date(), row["psn_insu_rlts_id"], row["insu_admdvs"])
            latest[row["psn_no"]] = max(spell, latest.get(row["psn_no"], spell))
    heads: dict[str, int] = defaultdict(int)
    for _, _, region in latest.values():
        heads[policy.region_of(region)] += 1
    return heads


def spells_by_pool(rows: list[Row], policy: Policy) -> dict[tuple[str, str], list[Row]]:
    """Basic insurance spells by pooling region and insurance type."""
    spells = defaultdict(list)
    for row in rows:
        pool = policy.pool_of(row["insu_admdvs"])
        spells[pool, policy.insurance_type_of(pool, row["insutype"])].append(row)
    return spells


def funds_of(payouts: list[Payout], spells: list[Row], policy: Policy) -> dict[FundKey, FundYear]:
    """Rules H1, H3: heads, income (heads x the standard) and payouts of each fund year."""
    funds: dict[FundKey, FundYear] = {}
    pools = {row["scheme_id"]: row["pool_region_code"] for row in policy.schemes}
    by_pool = spells_by_pool(spells, policy)
    heads_known: dict[tuple, dict[str, int]] = {}
    for row in policy.seeds["funding_standard"]:
        if row["scheme_id"] not in pools:
            continue
        group = (pools[row["scheme_id"]], row["insurance_type"])
        asked = (*group, row["census_date"])
        if asked not in heads_known:
            insured = by_pool.get(group, [])
            heads_known[asked] = heads_by_region(insured, row["census_date"], policy)
        for region, heads in heads_known[asked].items():
            key = (row["scheme_id"], region, row["insurance_type"], int(row["benefit_year"]))
            income = round_half_up(heads * money(row["per_capita_amount"]))
            funds[key] = FundYear(heads, income)
    paid: dict[FundKey, Decimal] = defaultdict(lambda: ZERO)
    for payout in payouts:
        key = (payout.scheme_id, payout.region_code, payout.insurance_type, payout.benefit_year)
        paid[key] += payout.payout_amount
    for key, amount in paid.items():
        known = funds.get(key, FundYear())
        funds[key] = FundYear(known.insured_heads, known.income_amount, amount)
    return funds


# ---------------------------------------------------------------------------------------------
# All together
# ---------------------------------------------------------------------------------------------


@dataclass
class Result:
    """All that the rules decide for one raw folder and one seeds folder."""

    audits: dict[str, Audit]
    quarantine: list[Quarantined]
    settlements: dict[str, Settlement]
    payouts: list[Payout]
    accounts: list[Account]
    funds: dict[FundKey, FundYear]
    scheme_ids: tuple[str, ...]
    supplementary_payouts: list[Payout] = field(default_factory=list)
    supplementary_accounts: list[Account] = field(default_factory=list)
    cover_statuses: dict[tuple[str, str], str] = field(default_factory=dict)
    cover_spans: list[tuple] = field(default_factory=list)
    aids: dict[str, Decimal] = field(default_factory=dict)
    aid_entitlements: dict[str, Decimal] = field(default_factory=dict)
    burdens: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    variances: list[Variance] = field(default_factory=list)
    supposed: dict[str, list[Decimal]] = field(default_factory=dict)
    accepted: dict[str, list[Row]] = field(default_factory=dict)
    assistance_spells: dict[str, list[Spell]] = field(default_factory=dict)

    @property
    def all_payouts(self) -> list[Payout]:
        """Those of critical illness insurance, then those of supplementary insurance."""
        return [*self.payouts, *self.supplementary_payouts]

    @property
    def all_accounts(self) -> list[Account]:
        return [*self.accounts, *self.supplementary_accounts]

    @property
    def tiers(self) -> list[Tier]:
        return [tier for payout in self.all_payouts for tier in payout.tiers]


def evaluate(tables: dict[str, list[Row]], policy: Policy) -> Result:
    """The rules applied to parsed raw rows."""
    audits, accepted, quarantine = {}, {}, []
    for table in TABLES:
        accepted[table], audits[table], refused = admit(table, tables.get(table, []), policy)
        quarantine += refused
    root, refused_reversals = admit_reversals(accepted["setl_d"])
    for settlement_id, reason in refused_reversals.items():
        quarantine.append(Quarantined("setl_d", (settlement_id,), (reason,)))
    audits["setl_d"].accepted -= len(refused_reversals)
    audits["setl_d"].quarantined += len(refused_reversals)

    settlements = settlements_of(accepted["setl_d"], root, accepted["fee_list_d"], policy)
    pools = pools_of_persons(settlements.values(), accepted["psn_insu_d"], policy)
    spells = spells_of(accepted["psn_idet_d"], pools, policy)
    payouts: list[Payout] = []
    accounts: list[Account] = []
    claims_by_account = claims_of(settlements.values(), spells, policy)
    for claims in claims_by_account.values():
        if is_open(claims):
            rows = list(pay(claims))
            payouts += rows
            accounts.append(account_of(rows))
    everyone = list(settlements.values())
    critical = {payout.settlement_id: payout.payout_amount for payout in payouts}
    supplementary, aid, spans = Supplementary(), Aid(), []
    aids, supplements = schemes_of_kind(policy, "medical_aid"), schemes_of_kind(policy, "supplementary")
    places = {versions[0]["pool_region_code"]: int(versions[0]["layer_order"]) for versions in supplements.values()}

    def is_first(versions: list[Row]) -> bool:
        place = places.get(versions[0]["pool_region_code"])
        return place is not None and int(versions[0]["layer_order"]) < place

    for versions in aids.values():
        if is_first(versions):
            pay_aid(everyone, versions, spells, critical, policy, aid)
    earlier = {key: critical.get(key, ZERO) + aid.amounts.get(key, ZERO) for key in {*critical, *aid.amounts}}
    for versions in supplements.values():
        covers = Covers(versions[0], accepted["supp_enrl_d"], accepted["psn_insu_d"], policy)
        spans += [(versions[0]["scheme_id"], *span) for span in covers.all_spans()]
        pay_supplementary(everyone, versions, covers, spells, earlier, policy, supplementary)
    off_base = {
        key: critical.get(key, ZERO) + supplementary.on_left.get(key, ZERO)
        for key in {*critical, *supplementary.on_left}
    }
    for versions in aids.values():
        if not is_first(versions):
            pay_aid(everyone, versions, spells, off_base, policy, aid)
    supplements_paid = {payout.settlement_id: payout.payout_amount for payout in supplementary.payouts}
    amounts = {
        key: layer_amounts(settlement, critical, supplements_paid, aid, policy)
        for key, settlement in settlements.items()
    }
    variances, supposed = variances_of(claims_by_account.values(), payouts, policy)
    return Result(
        audits=audits,
        quarantine=quarantine,
        settlements=settlements,
        payouts=payouts,
        accounts=accounts,
        funds=funds_of(payouts, accepted["psn_insu_d"], policy),
        scheme_ids=tuple(sorted({*(row["scheme_id"] for row in policy.schemes), *supplements})),
        supplementary_payouts=supplementary.payouts,
        supplementary_accounts=supplementary.accounts,
        cover_statuses=supplementary.statuses,
        cover_spans=spans,
        aids=aid.amounts,
        aid_entitlements=aid.entitlements,
        burdens=burdens_of(everyone, amounts, aid, policy),
        variances=variances,
        supposed=supposed,
        accepted=accepted,
        assistance_spells=spells,
    )


def compute(raw_dir: Path, seeds_dir: Path) -> Result:
    """What the marts must hold for a raw folder and a seeds folder."""
    gc.disable()  # millions of small objects that all stay: collecting takes a third of the time
    try:
        return evaluate(read_raw(Path(raw_dir)), Policy.read(Path(seeds_dir)))
    finally:
        gc.enable()
