"""Peer: the critical illness payouts as a pandas pipeline.

Reads the same raw files and policy seeds as the project and writes one row a settlement and scheme
with the payout in fen. Only needed columns are read, row group by row group; money is int64 fen
throughout. Everything has to fit into memory: ``--persons`` names a Parquet file with the
``psn_no`` of those to compute when the whole does not.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]

ALIASES = {
    "inscp_scp_amt": "inscp_amt",
    "oth_pay": "othfund_pay",
    "psn_part_amt": "psn_pay",
    "psn_cash_pay": "cash_payamt",
    "hosp_part_amt": "ownpay_hosp_part",
    "dise_codg": "dise_no",
    "insuplc_admdvs": "insu_admdvs",
    "overlmt_amt": "overlmt_selfpay",
    "feedetl_sn": "bkkp_sn",
}


def columns(**kinds: str) -> dict[str, list[str]]:
    """Names of columns by kind."""
    return {kind: names.split() for kind, names in kinds.items()}


# What is kept of each table, by kind; `checked` columns are only looked at for values that do not
# parse (rule A6).
SETTLEMENT = columns(
    text="setl_id init_setl_id psn_no dise_no",
    code="insutype insu_admdvs med_type",
    time="setl_time",
    money="medfee_sumamt fulamt_ownpay_amt overlmt_selfpay preselfpay_amt trafout_preselfpay_amt inscp_amt hifp_pay",
)
SETTLEMENT_CHECKED = columns(
    time="begndate enddate",
    money="act_pay_dedc cvlserv_pay hifes_pay hifmi_pay hifob_pay hifdm_pay"
    " maf_pay othfund_pay fund_pay_sumamt psn_pay acct_pay cash_payamt ownpay_hosp_part",
)
LINE = columns(
    text="bkkp_sn setl_id med_list_codg",
    code="chrgitm_lv list_type",
    money="det_item_fee_sumamt fulamt_ownpay_amt",
)
LINE_CHECKED = columns(time="fee_ocur_time", number="cnt pric", money="overlmt_selfpay preselfpay_amt inscp_amt")
SPELL = columns(text="psn_no", code="psn_idet_type insu_admdvs", time="begntime endtime")
INSURED = columns(text="psn_insu_rlts_id psn_no", code="insutype insu_admdvs", time="crt_insu_date")
INSURED_CHECKED = columns(time="paus_insu_date")
ITEM_TYPES = {"101": "drug", "102": "drug", "103": "drug", "201": "service", "301": "material"}
IN_CATALOGUE = ["01", "02", "1", "2", "甲", "乙", "甲类", "乙类"]
IN_FORCE = pa.array(["1", "01", "1.0", "1.00"])
HEADER = ["coinsurance", "class_b_self_pay", "transfer_self_pay", "over_limit"]
OWN_EXPENSE = ["own_expense", "restricted_use"]
ITEM = ["setl_id", "is_restricted", "item_type", "item"]
ACCUMULATOR = ["psn_no", "scheme_id", "benefit_year"]
FOREVER = pd.Timestamp("9999-12-31").as_unit("us")
NO_LIMIT = 10**15


# --- policy ---------------------------------------------------------------------------------------


def scaled(values: pd.Series, factor: int, blank: int) -> pd.Series:
    """Turn decimals of a seed into integers: yuan × 100 is fen, a rate × 10,000 is exact too."""
    return values.map(lambda text: int(Decimal(text) * factor) if text else blank).astype("int64")


def half_up(value: pd.Series) -> pd.Series:
    """Round ten-thousandths of fen to fen, half away from zero."""
    return (value.abs() + 5000) // 10_000 * np.sign(value)


class Policy:
    """The seeds compiled into small frames (section D)."""

    def __init__(self, folder: Path) -> None:
        """Read all seeds below a folder."""
        self.seeds = {
            path.stem: pd.read_csv(path, dtype=str, keep_default_na=False) for path in sorted(folder.rglob("*.csv"))
        }
        self.scheme = self.seeds["scheme"].query("scheme_kind == 'critical_illness'")
        plain = (
            self.scheme["benefit_year_basis"].eq("settlement")
            & self.scheme["status_change_rule"].eq("prospective")
            & self.scheme["reversal_terms"].isin(["", "original"])
        )
        if not plain.all() or self.scheme["scheme_id"].duplicated().any():
            sys.exit("The seeds have what this peer does not know: a scheme's rules or its several versions.")
        scheme = self.dated("scheme").rename(columns={"pool_region_code": "pool"})
        scheme["insurance_type"] = [
            ["employee", "resident"] if kind == "all" else [kind] for kind in scheme["insurance_type"]
        ]
        self.covered = scheme.explode("insurance_type")[
            ["scheme_id", "pool", "insurance_type", "valid_from", "valid_to"]
        ].astype({"insurance_type": "str"})
        self.pools = sorted(set(self.seeds["scheme"]["pool_region_code"]))
        self.region = self.regions()
        self.insutype = self.codes("insurance_type_code", "insutype", "insurance_type")
        self.medtype = self.codes("care_type_code", "med_type", "care_type")
        self.identity = self.codes("identity_code", "psn_idet_type", "assistance_category")
        self.category = self.seeds["assistance_category"][["assistance_category", "priority"]].astype({"priority": int})
        self.compile()

    def dated(self, name: str) -> pd.DataFrame:
        """A seed of the CII schemes with its dates as timestamps."""
        rows = self.seeds[name]
        rows = rows[rows["scheme_id"].isin(self.scheme["scheme_id"])].copy()
        rows["valid_from"] = pd.to_datetime(rows["effective_from"]).astype("datetime64[us]")
        rows["valid_to"] = pd.to_datetime(rows["effective_to"].replace("", "9999-12-31")).astype("datetime64[us]")
        return rows.drop(
            columns=[
                "effective_from",
                "effective_to",
                "document_id",
                "article",
                "reviewed_on",
                "status",
            ]
        )

    def regions(self) -> pd.DataFrame:
        """Map every code to its pool: itself or the nearest ancestor that is one (rule A7)."""
        rows = self.seeds["region"].set_index("region_code")
        parent, retired = rows["parent_region_code"].to_dict(), rows["retired_into"].to_dict()
        found = {}
        for code in parent:
            at = code
            while retired.get(at):
                at = retired[at]
            while at and at not in self.pools:
                at = parent.get(at)
            if at:
                found[code] = at
        return pd.DataFrame({"insu_admdvs": list(found), "pool": list(found.values())})

    def codes(self, seed: str, code: str, meaning: str) -> pd.DataFrame:
        """Meaning of a code in each pool: the pool's own row, else that of everywhere."""
        rows = self.seeds[seed].rename(columns={"pool_region_code": "pool"})[["pool", code, meaning]]
        everywhere = (
            rows[rows["pool"] == ""].drop(columns="pool").merge(pd.DataFrame({"pool": self.pools}), how="cross")
        )
        return pd.concat([rows, everywhere]).drop_duplicates(["pool", code])

    def compile(self) -> None:
        """Ladders and shares for every span in which nothing of a scheme changes."""
        term, tier = self.dated("benefit_term"), self.dated("benefit_tier")
        modifier, coverage = self.dated("category_modifier"), self.dated("coverage")
        pools = term.groupby("scheme_id")["expense_pool"].nunique()
        if pools.gt(1).any() or term["after_scheme_id"].any() or tier["expense_pool"].any():
            sys.exit("The seeds have what this peer does not know: several expense pools, or steps of one.")
        days = pd.concat(
            rows[["scheme_id", edge]].set_axis(["scheme_id", "span_from"], axis=1)
            for rows in (term, tier, modifier, coverage)
            for edge in ("valid_from", "valid_to")
        )
        spans = days.drop_duplicates().sort_values(["scheme_id", "span_from"])
        spans["span_to"] = spans.groupby("scheme_id")["span_from"].shift(-1)
        spans = spans.dropna()

        def in_spans(rows: pd.DataFrame) -> pd.DataFrame:
            rows = spans.merge(rows, on="scheme_id")
            inside = (rows["span_from"] >= rows["valid_from"]) & (rows["span_from"] < rows["valid_to"])
            return rows[inside].drop(columns=["valid_from", "valid_to"])

        span = ["scheme_id", "span_from", "span_to"]
        modifier = in_spans(modifier)
        self.modified = modifier[[*span, "assistance_category"]].assign(is_modified=True)
        ladder = in_spans(term).merge(self.category, how="cross")
        ladder = ladder.merge(modifier, on=[*span, "assistance_category"], how="left").reset_index(drop=True)
        ladder[modifier.columns.difference(span)] = ladder[modifier.columns.difference(span)].fillna("")
        factor = scaled(ladder["deductible_factor"], 10_000, 10_000)
        ladder["deductible"] = half_up(scaled(ladder["deductible"], 100, 0) * factor)
        limit = scaled(ladder["annual_limit"], 100, NO_LIMIT).mask(ladder["limit_waived"] == "true", NO_LIMIT)
        ladder["payout_limit"] = limit.where(ladder["limit_basis"] == "payout", NO_LIMIT)
        on_expense = (ladder["limit_basis"] == "eligible_expense") & (limit < NO_LIMIT)
        ladder["payable_cap"] = (limit - ladder["deductible"]).where(on_expense, NO_LIMIT)
        ladder["ladder_no"] = ladder.index
        tiers = ladder.drop(columns="priority").merge(
            in_spans(tier).drop(columns="expense_pool"), on=[*span, "insurance_type"]
        )
        tiers["tier_no"] = tiers["tier_no"].astype(int)
        tiers = tiers.sort_values(["ladder_no", "tier_no"])
        shift = tiers["deductible"].where(tiers["tier_basis"] == "gross", 0)
        is_first = ~tiers["ladder_no"].duplicated()
        tiers["lower"] = (scaled(tiers["lower_bound"], 100, 0) - shift).clip(lower=0).mask(is_first, 0)
        upper = scaled(tiers["upper_bound"], 100, NO_LIMIT)
        tiers["upper"] = (upper - shift).clip(lower=0).mask(upper == NO_LIMIT, NO_LIMIT)
        rate = scaled(tiers["rate"], 10_000, 0) + scaled(tiers["rate_addition"], 10_000, 0)
        override = scaled(tiers["rate_override"], 10_000, -1)
        tiers["rate"] = rate.mask(override >= 0, override).clip(upper=10_000)
        full = half_up(
            (tiers["upper"].where(tiers["upper"] < NO_LIMIT, tiers["lower"]) - tiers["lower"]) * tiers["rate"]
        )
        below = full.groupby(tiers["ladder_no"]).cumsum() - full
        capped = (tiers["payout_limit"] - below).clip(lower=0)
        tiers["payout_cap"] = capped.where(tiers["payout_limit"] < NO_LIMIT, NO_LIMIT)
        self.tier = tiers[["ladder_no", "tier_no", "lower", "upper", "rate", "payout_cap"]]
        self.ladder = ladder[
            [
                *span,
                "insurance_type",
                "assistance_category",
                "ladder_no",
                "deductible",
                "payable_cap",
                "payout_limit",
            ]
        ].rename(columns={"insurance_type": "term_type"})
        coverage = in_spans(coverage)
        coverage["share"] = scaled(coverage["share"], 10_000, 0)
        has_list = coverage["item_list_id"] != ""
        by_header = coverage["component"].isin(HEADER) & (coverage["item_type"] == "") & ~has_list
        by_list = coverage["component"].isin(OWN_EXPENSE) & has_list & (coverage["list_rule"] == "in")
        twice = coverage[by_header].duplicated([*span, "care_type", "component"])
        if not (by_header | by_list).all() or twice.any():
            sys.exit("The seeds have what this peer does not know: a coverage row.")
        shares = coverage[by_header].pivot(index=[*span, "care_type"], columns="component", values="share")
        shares = shares.reindex(columns=HEADER).fillna(0).astype("int64").add_suffix("_share")
        self.share = shares.reset_index()
        listed = coverage[~by_header].rename_axis("coverage_no").reset_index()
        listed["is_restricted"] = listed["component"] == "restricted_use"
        listed = listed.rename(columns={"item_type": "listed_type"})
        kept = ["coverage_no", "care_type", "listed_type", "is_restricted", "item_list_id", "share"]
        self.listed = listed[[*span, *kept]]
        items = self.seeds["item_list"].copy()
        items["listed_from"] = pd.to_datetime(items["effective_from"]).astype("datetime64[us]")
        items["listed_to"] = pd.to_datetime(items["effective_to"].replace("", "9999-12-31")).astype("datetime64[us]")
        self.item = items[["item_list_id", "item_code", "disease_code", "listed_from", "listed_to"]]


# --- reading --------------------------------------------------------------------------------------


def stripped(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text without surrounding blanks, NULL when nothing is left."""
    text = pc.utf8_trim(column.cast(pa.string()), " ")
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def as_code(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """A code that went through a float, 390.0, as the dictionaries write it; there are few different ones."""
    chunks = [
        pa.DictionaryArray.from_arrays(
            chunk.indices, pc.replace_substring_regex(chunk.dictionary, r"^([0-9]+)\.0+$", r"\1")
        ).cast(pa.string())
        for chunk in text.dictionary_encode().chunks
    ]
    return pa.chunked_array(chunks, pa.string())


def is_typed(kind_of: pa.DataType, kind: str) -> bool:
    """Whether a column can be cast without looking at its values."""
    if kind == "time":
        return pa.types.is_timestamp(kind_of) or pa.types.is_date(kind_of)
    if kind == "number":
        return not pa.types.is_string(kind_of) and not pa.types.is_large_string(kind_of)
    return pa.types.is_integer(kind_of) or (pa.types.is_decimal(kind_of) and kind_of.scale <= 2)


def typed(column: pa.ChunkedArray, kind: str) -> pa.ChunkedArray:
    """A typed column under the type of its kind; money in fen."""
    if kind == "time":
        return column.cast(pa.timestamp("us"))
    whole = column.cast(pa.decimal128(18, 2))
    return pc.multiply(whole, pa.scalar(Decimal(100), pa.decimal128(3, 0))).cast(pa.int64())


def parsed(column: pa.ChunkedArray, kind: str) -> pa.Array:
    """Text as money in fen, as a number or as a time; NULL where it has not the form of one."""
    text = stripped(column).to_pandas()
    if kind == "money":
        form = text.str.fullmatch(r"[+-]?[0-9]+([.][0-9]{1,2}0*)?").fillna(False).astype(bool)
        values = [int(Decimal(value) * 100) if ok else None for value, ok in zip(text, form, strict=True)]
        return pa.array([None if v is None or abs(v) >= 10**16 else v for v in values], pa.int64())
    if kind == "number":
        return pa.array(text.where(text.str.fullmatch(r"[+-]?[0-9]+([.][0-9]+)?").fillna(False).astype(bool)))
    names = ["year", "month", "day", "hour", "minute", "second", "us"]
    found = None
    for form in (
        r"^(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2}))?()$",
        r"^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:[.](\d+))?)?)?$",
    ):
        part = text.str.extract(form).set_axis(names, axis=1)
        part["us"] = part["us"].fillna("").str.pad(6, "right", "0").str[:6]
        part[names[3:]] = part[names[3:]].fillna("0")
        part = part.apply(pd.to_numeric)
        # pandas would carry 25:00 over into the next day.
        part["year"] = part["year"].where((part["hour"] < 24) & (part["minute"] < 60) & (part["second"] < 60))
        times = pd.to_datetime(part, errors="coerce")
        found = times if found is None else found.fillna(times)
    return pa.array(found.astype("datetime64[us]"), pa.timestamp("us"))


def meant(name: str) -> str:
    """The platform's own name of a delivered column."""
    return ALIASES.get(name.lower(), name.lower())


def pieces(path: Path, wanted: set[str]) -> Iterator[pa.Table]:
    """Yield a file in parts small enough to be filtered before they are kept."""
    if path.suffix.lower() == ".parquet":
        file = pq.ParquetFile(path)
        columns = [name for name in file.schema_arrow.names if meant(name) in wanted]
        for group in range(file.num_row_groups):
            yield own_names(file.read_row_group(group, columns=columns))
    else:
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)
        rows = rows[[name for name in rows.columns if meant(name) in wanted]]
        yield own_names(pa.Table.from_pandas(rows, preserve_index=False))


def own_names(table: pa.Table) -> pa.Table:
    """Columns under the platform's own names; under two names the other counts where the own one is blank."""
    found = {}
    for name in sorted(table.column_names, key=lambda name: name.lower() in ALIASES):
        column = table[name]
        if meant(name) in found:
            column = pc.coalesce(stripped(found[meant(name)]), stripped(column))
        found[meant(name)] = column
    return pa.table(found)


def read(
    folder: Path, kept: dict, checked: dict | None = None, keep: tuple[str, pa.Array] | None = None
) -> pd.DataFrame:
    """Read all files of a raw table: kept columns, is_bad, is_void, what ranks a redelivery."""
    kept = {
        **kept,
        "text": [*kept["text"], "vali_flag", "rid"],
        "time": [*kept.get("time", []), "updt_time"],
    }
    kinds = {name: kind for group in (checked or {}, kept) for kind, names in group.items() for name in names}
    names = [name for group in kept.values() for name in group]
    empty = {"text": pa.string(), "code": pa.string(), "time": pa.timestamp("us"), "money": pa.int64()}
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.name.lower().endswith((".parquet", ".csv", ".csv.gz")) and path.name[0] not in "._"
    )
    tables = [
        pa.table({name: pa.array([], empty[kinds[name]]) for name in names} | {"is_bad": pa.array([], pa.bool_())})
    ]
    tables[0] = tables[0].append_column("file_no", pa.array([], pa.int32()))
    for number, path in enumerate(files):
        schema = pq.read_schema(path) if path.suffix.lower() == ".parquet" else ()
        wanted = set()
        for name in kinds:
            # Columns that are only checked need no look where their type cannot hold a wrong value.
            types = [field.type for field in schema if meant(field.name) == name]
            if name in names or len(types) != 1 or not is_typed(types[0], kinds[name]):
                wanted.add(name)
        for table in pieces(path, wanted):
            if keep is not None:
                if keep[0] not in table.column_names:
                    continue
                table = table.filter(pc.is_in(stripped(table[keep[0]]), keep[1]))
            values, bad = {}, pa.chunked_array([pa.repeat(pa.scalar(False), len(table))])
            for name in wanted:
                kind = kinds[name]
                if name not in table.column_names:
                    value = pa.nulls(len(table), empty.get(kind, pa.null()))
                elif kind in ("text", "code"):
                    value = stripped(table[name])
                    if (
                        kind == "code"
                        or pa.types.is_floating(table[name].type)
                        or pa.types.is_decimal(table[name].type)
                    ):
                        value = as_code(value)
                elif is_typed(table[name].type, kind):
                    value = typed(table[name], kind)
                else:
                    value = parsed(table[name], kind)
                    bad = pc.or_(bad, pc.and_(stripped(table[name]).is_valid(), pc.is_null(value)))
                values[name] = value
            rows = {name: values[name] for name in names}
            tables.append(
                pa.table(
                    rows
                    | {
                        "is_bad": bad,
                        "file_no": pa.repeat(pa.scalar(number, pa.int32()), len(table)),
                    }
                )
            )
    table = pa.concat_tables(tables)
    for name in kept.get("money", []):
        position = table.column_names.index(name)
        if name == "det_item_fee_sumamt":
            table = table.append_column("is_priced", pc.is_valid(table[name]))
        table = table.set_column(position, name, pc.fill_null(table[name], 0))
    void = pc.invert(pc.is_in(pc.fill_null(table["vali_flag"], "1"), IN_FORCE))
    return table.drop_columns(["vali_flag"]).append_column("is_void", void).to_pandas(self_destruct=True)


def latest(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """One row a key: the latest delivery, unless that one is void (rules A1, A2)."""
    twice = rows.duplicated(key, keep=False)
    ranked = rows[twice].assign(rid_length=rows.loc[twice, "rid"].str.len())
    winners = ranked.sort_values(["updt_time", "rid_length", "rid", "file_no"], ascending=False, na_position="last")
    winners = winners.drop_duplicates(key).drop(columns="rid_length")
    rows = pd.concat([rows[~twice], winners])
    return rows[~rows["is_void"]].drop(columns=["is_void", "updt_time", "rid", "file_no"])


def within(rows: pd.DataFrame, begin: str, end: str) -> pd.Series:
    """Terms date inside a half-open span."""
    return (rows["terms_date"] >= rows[begin]) & (rows["terms_date"] < rows[end])


# --- the pipeline ---------------------------------------------------------------------------------


def settlements(raw: Path, policy: Policy, persons: pa.Array | None) -> pd.DataFrame:
    """Settlements that can be used, one a key, with the meaning of their codes."""
    keep = None if persons is None else ("psn_no", persons)
    rows = read(raw / "setl_d", SETTLEMENT, SETTLEMENT_CHECKED, keep)
    rows["dise_no"] = rows["dise_no"].astype("category")
    for meaning, on in (
        (policy.region, ["insu_admdvs"]),
        (policy.insutype, ["pool", "insutype"]),
        (policy.medtype, ["pool", "med_type"]),
    ):
        rows = rows.merge(meaning, on=on, how="left")
    rows = rows.drop(columns=["insu_admdvs", "insutype", "med_type"])
    for name in ("pool", "insurance_type", "care_type"):
        rows[name] = rows[name].astype("category")
    is_reversal = rows["init_setl_id"].notna() & (rows["init_setl_id"] != rows["setl_id"])
    usable = rows[["psn_no", "setl_time", "pool", "insurance_type", "care_type"]].notna().all(axis=1)
    usable &= ~rows["is_bad"] & ~((rows["medfee_sumamt"] < 0) & ~is_reversal)
    rows = rows[rows["setl_id"].notna() & (rows["is_void"] | usable)].drop(columns="is_bad")
    rows = latest(rows, ["setl_id"])
    rows["coinsurance"] = rows["inscp_amt"] - rows["hifp_pay"]
    rows["class_b_self_pay"] = rows["preselfpay_amt"] - rows["trafout_preselfpay_amt"]
    names = {"trafout_preselfpay_amt": "transfer_self_pay", "overlmt_selfpay": "over_limit"}
    rows = rows.rename(columns=names | {"fulamt_ownpay_amt": "own_expense"})
    return rows.drop(columns=["inscp_amt", "hifp_pay", "preselfpay_amt"])


def standing(rows: pd.DataFrame) -> pd.DataFrame:
    """Settlements and the reversals that stand, each with the time and the place of its root (rule A3)."""
    is_reversal = rows["init_setl_id"].notna() & (rows["init_setl_id"] != rows["setl_id"])
    brief = ["setl_id", "psn_no", "setl_time", "medfee_sumamt"]
    asked = rows.loc[is_reversal, [*brief, "init_setl_id"]]
    plain = rows[~is_reversal].assign(root_time=rows["setl_time"], root_id=None)
    originals = plain.loc[plain["setl_id"].isin(asked["init_setl_id"]), [*brief, "root_time"]]
    originals = originals.assign(root_id=originals["setl_id"])
    accepted = []
    for _ in range(4):
        originals = originals.rename(columns={"setl_id": "init_setl_id"})
        found = asked.merge(originals, on=["init_setl_id", "psn_no"], suffixes=("", "_original"))
        found = found[
            (found["setl_time"] >= found["setl_time_original"])
            & (np.sign(found["medfee_sumamt"]) * np.sign(found["medfee_sumamt_original"]) <= 0)
        ].sort_values(["init_setl_id", "setl_time", "setl_id"])
        total, available = found["medfee_sumamt"].abs(), found["medfee_sumamt_original"].abs()
        over = total.groupby(found["init_setl_id"]).transform("sum") > available
        refused = set()
        several = zip(
            found["init_setl_id"][over],
            found["setl_id"][over],
            total[over],
            available[over],
            strict=True,
        )
        for _, group in groupby(several, key=lambda row: row[0]):
            used = 0
            for _, setl_id, amount, most in group:
                if used + amount > most:
                    refused.add(setl_id)
                else:
                    used += amount
        originals = found.loc[~found["setl_id"].isin(refused), [*brief, "root_time", "root_id"]]
        accepted.append(originals[["setl_id", "root_time", "root_id"]])
    place = ["pool", "insurance_type", "care_type", "dise_no"]
    accepted = pd.concat(accepted)
    places = plain.loc[plain["setl_id"].isin(accepted["root_id"]), ["setl_id", *place]]
    accepted = accepted.merge(places.rename(columns={"setl_id": "root_id"}), on="root_id")
    reversals = rows[is_reversal].drop(columns=place).merge(accepted, on="setl_id")
    rows = pd.concat([plain, reversals], ignore_index=True).drop(columns=["init_setl_id", "medfee_sumamt"])
    rows["benefit_year"] = rows["root_time"].dt.year.astype("int16")
    rows["terms_date"] = rows.pop("root_time").dt.normalize()
    return rows


def charges(raw: Path, policy: Policy, claims: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Own expense by item of the settlements that have any on the schemes' lists; and what takes it back (B4, B5)."""
    asked = policy.item.loc[policy.item["item_list_id"].isin(policy.listed["item_list_id"]), "item_code"]
    on_list = read(
        raw / "fee_list_d",
        {"text": ["setl_id", "med_list_codg"]},
        None,
        ("med_list_codg", pa.array(asked.unique(), pa.string())),
    )["setl_id"]
    reversals = claims.loc[claims["root_id"].notna(), ["setl_id", "root_id", "setl_time", "own_expense"]]
    own_root = reversals.loc[reversals["setl_id"].isin(on_list), "root_id"]
    roots = pd.concat([on_list.dropna(), own_root]).unique()
    reversals = reversals[reversals["root_id"].isin(roots)]
    family = pd.concat([pd.Series(roots, dtype="str"), reversals["setl_id"]]).unique()
    rows = read(raw / "fee_list_d", LINE, LINE_CHECKED, ("setl_id", pa.array(family, pa.string())))
    rows = rows[rows["bkkp_sn"].notna() & (rows["is_void"] | (~rows["is_bad"] & rows["is_priced"]))]
    rows = latest(rows, ["bkkp_sn", "setl_id"])
    rows = rows[rows["fulamt_ownpay_amt"] != 0]
    rows["item_type"] = rows["list_type"].map(ITEM_TYPES).fillna("")
    rows["is_restricted"] = rows["chrgitm_lv"].isin(IN_CATALOGUE)
    # Items on no list are told apart by nothing.
    rows["item"] = rows["med_list_codg"].where(rows["med_list_codg"].isin(policy.item["item_code"]), "")
    items = rows.groupby(ITEM, as_index=False)["fulamt_ownpay_amt"].sum()
    items = items.rename(columns={"fulamt_ownpay_amt": "amount"})
    return items.merge(claims[["setl_id", "own_expense"]], on="setl_id").sort_values(ITEM), reversals


def proportion(amount: pd.Series, part: pd.Series, whole: pd.Series) -> pd.Series:
    """amount × part / whole, rounded to fen half away from zero; Python integers do not overflow on the way."""
    shares = []
    for a, p, w in zip(amount.tolist(), part.tolist(), whole.tolist(), strict=True):
        fen = (2 * abs(a * p) + abs(w)) // (2 * abs(w))
        shares.append(-fen if (a < 0) ^ (p < 0) ^ (w < 0) else fen)
    return pd.Series(shares, index=amount.index, dtype="int64")


def held_items(raw: Path, policy: Policy, claims: pd.DataFrame) -> pd.DataFrame:
    """Own expense by item: lines held to their settlement, reversals without lines by their root's (rules A3, B4)."""
    items, reversals = charges(raw, policy, claims)
    by_settlement = items.groupby("setl_id")["amount"]
    items["total"], items["so_far"] = by_settlement.transform("sum"), by_settlement.cumsum()
    header = items["own_expense"]
    items["held"] = np.maximum(np.minimum(items["total"], header.clip(lower=0)), header.clip(upper=0))
    # What comes to more than the settlement says is believed in proportion, rounded on the running sum.
    over = items[items["total"] != items["held"]]
    items.loc[over.index, "amount"] = proportion(over["so_far"], over["held"], over["total"]) - proportion(
        over["so_far"] - over["amount"], over["held"], over["total"]
    )
    items = items[[*ITEM, "amount", "own_expense"]]
    # Several reversals of one root go on where the one before stopped.
    untold = reversals[(reversals["own_expense"] != 0) & ~reversals["setl_id"].isin(items["setl_id"])]
    untold = untold.sort_values(["root_id", "setl_time", "setl_id"]).rename(columns={"own_expense": "taking"})
    untold["taken"] = untold.groupby("root_id")["taking"].cumsum()
    taken = untold.merge(items.rename(columns={"setl_id": "root_id"}), on="root_id")
    taken = taken[taken["own_expense"] != 0].sort_values(ITEM)
    taken["so_far"] = taken.groupby("setl_id")["amount"].cumsum()
    before = taken["so_far"] - taken["amount"]
    for sign, part in ((1, taken["taken"]), (-1, taken["taken"] - taken["taking"])):
        share = proportion(taken["so_far"], part, taken["own_expense"]) - proportion(before, part, taken["own_expense"])
        taken["share"] = taken.get("share", 0) + sign * share
    taken = taken.assign(amount=taken["share"])
    items = pd.concat([items[[*ITEM, "amount"]], taken[[*ITEM, "amount"]]])
    return items[items["item"] != ""]


def listed_expense(policy: Policy, items: pd.DataFrame, counted: pd.DataFrame) -> pd.DataFrame:
    """Own expense of items on the lists that a scheme counts (rules B5, B7)."""
    rows = items.merge(counted, on="setl_id").astype({"care_type": "str", "dise_no": "str"})
    rows = rows.merge(policy.listed, on=["scheme_id", "care_type", "is_restricted"])
    rows = rows.merge(policy.item, left_on=["item_list_id", "item"], right_on=["item_list_id", "item_code"])
    # A line without a type is unclassified, unless a list alone says what its item is.
    rows = rows[
        ((rows["listed_type"] == "") | (rows["listed_type"] == rows["item_type"]))
        & within(rows, "span_from", "span_to")
        & within(rows, "listed_from", "listed_to")
        & ((rows["disease_code"] == "") | (rows["disease_code"] == rows["dise_no"]))
    ]
    rows = rows.drop_duplicates([*ITEM, "scheme_id", "coverage_no"])
    sums = rows.groupby(["setl_id", "scheme_id", "coverage_no", "share"], as_index=False)["amount"].sum()
    sums["listed"] = half_up(sums["amount"] * sums["share"])
    return sums.groupby(["setl_id", "scheme_id"], as_index=False)["listed"].sum()


def eligible(raw: Path, policy: Policy, claims: pd.DataFrame) -> pd.DataFrame:
    """Eligible expense of each settlement and scheme, for person-years that have any."""
    rows = claims.drop(columns=["root_id", "own_expense"]).merge(policy.covered, on=["pool", "insurance_type"])
    rows = rows[within(rows, "valid_from", "valid_to")].drop(columns=["valid_from", "valid_to", "pool"])
    rows["scheme_id"] = rows["scheme_id"].astype("category")
    keys = rows[["setl_id", "scheme_id", "care_type", "dise_no", "terms_date"]]
    listed = listed_expense(policy, held_items(raw, policy, claims), keys.astype({"scheme_id": "str"}))
    spans = (
        keys[["scheme_id", "care_type", "terms_date"]]
        .drop_duplicates()
        .astype({"scheme_id": "str", "care_type": "str"})
    )
    spans = spans.merge(policy.share, on=["scheme_id", "care_type"])
    spans = spans[within(spans, "span_from", "span_to")].drop(columns=["span_from", "span_to"])
    on = ["scheme_id", "care_type", "terms_date"]
    rows = rows.merge(
        spans.astype({"scheme_id": rows["scheme_id"].dtype, "care_type": rows["care_type"].dtype}),
        on=on,
        how="left",
    )
    rows["eligible"] = 0
    for name in HEADER:
        rows["eligible"] += half_up(rows.pop(name) * rows.pop(f"{name}_share").fillna(0).astype("int64"))
    if len(listed):
        extra = rows[["setl_id", "scheme_id"]].merge(
            listed.astype({"scheme_id": rows["scheme_id"].dtype}),
            on=["setl_id", "scheme_id"],
            how="left",
        )["listed"]
        rows["eligible"] += extra.fillna(0).astype("int64").to_numpy()
    rows = rows[["setl_id", *ACCUMULATOR, "setl_time", "terms_date", "insurance_type", "eligible"]]
    with_any = rows.loc[rows["eligible"] != 0, ACCUMULATOR].drop_duplicates()
    return rows.merge(with_any, on=ACCUMULATOR).astype({"insurance_type": "str", "scheme_id": "str"})


def places(raw: Path, policy: Policy, claims: pd.DataFrame, persons: np.ndarray) -> pd.DataFrame:
    """Pools in which persons settle or are insured."""
    # All deliveries of the spells of which some delivery is these persons'.
    theirs = read(
        raw / "psn_insu_d",
        {"text": ["psn_insu_rlts_id", "psn_no"]},
        None,
        ("psn_no", pa.array(persons, pa.string())),
    )["psn_insu_rlts_id"]
    theirs = pa.array(theirs.dropna().unique(), pa.string())
    rows = read(raw / "psn_insu_d", INSURED, INSURED_CHECKED, ("psn_insu_rlts_id", theirs))
    rows = rows.merge(policy.region, on="insu_admdvs", how="left")
    rows = rows.merge(policy.insutype, on=["pool", "insutype"], how="left")
    usable = ~rows["is_bad"] & rows[["psn_no", "crt_insu_date", "pool", "insurance_type"]].notna().all(axis=1)
    insured = latest(rows[rows["is_void"] | usable], ["psn_insu_rlts_id"])
    settled = claims.loc[claims["psn_no"].isin(persons), ["psn_no", "pool"]].astype({"pool": "str"})
    return pd.concat([insured[["psn_no", "pool"]], settled]).drop_duplicates()


def identities(raw: Path, policy: Policy, claims: pd.DataFrame) -> pd.DataFrame:
    """Spells of assistance categories (rule C1)."""
    spells = read(raw / "psn_idet_d", SPELL)
    spells = spells.merge(policy.region, on="insu_admdvs", how="left")
    unknown = spells["insu_admdvs"].notna() & spells["pool"].isna()
    spells = spells[
        spells[["psn_no", "psn_idet_type", "begntime"]].notna().all(axis=1)
        & (spells["is_void"] | ~(spells["is_bad"] | unknown))
    ]
    spells = latest(spells, ["psn_no", "psn_idet_type", "begntime"])
    # Without an area a code means what it does where the person settles or is insured.
    is_arealess = spells["insu_admdvs"].isna()
    arealess = spells[is_arealess].drop(columns="pool")
    arealess = arealess.merge(places(raw, policy, claims, arealess["psn_no"].unique()), on="psn_no", how="left")
    spells = pd.concat([spells[~is_arealess], arealess], ignore_index=True)
    spells["pool"] = spells["pool"].fillna("")
    spells = spells.merge(policy.identity, on=["pool", "psn_idet_type"]).merge(
        policy.category, on="assistance_category"
    )
    spells["held_from"] = spells["begntime"].dt.normalize()
    last = spells["endtime"].dt.normalize()
    spells["held_to"] = last.mask(spells["endtime"] > last, last + pd.Timedelta(days=1)).fillna(FOREVER)
    return spells[["psn_no", "assistance_category", "priority", "held_from", "held_to"]]


def categories(policy: Policy, rows: pd.DataFrame, spells: pd.DataFrame) -> pd.DataFrame:
    """Assistance category of the settlements of persons who hold one (rules C1, C2)."""
    held = rows[["setl_id", "scheme_id", "psn_no", "terms_date"]].merge(spells, on="psn_no")
    held = held[within(held, "held_from", "held_to")]
    modified = held[["scheme_id", "assistance_category", "terms_date"]].drop_duplicates()
    modified = modified.merge(policy.modified, on=["scheme_id", "assistance_category"])
    modified = modified[within(modified, "span_from", "span_to")].drop(columns=["span_from", "span_to"])
    held = held.merge(modified, on=["scheme_id", "assistance_category", "terms_date"], how="left")
    held["rank"] = held["priority"] + 1000 * held["is_modified"].isna()
    best = held.sort_values("rank").drop_duplicates(["setl_id", "scheme_id"])
    return best[["setl_id", "scheme_id", "assistance_category"]]


def payouts(policy: Policy, rows: pd.DataFrame, held: pd.DataFrame) -> pd.DataFrame:
    """Climb the ladders (rules E1 to E5) and cut at the limits (D4)."""
    rows = rows.sort_values([*ACCUMULATOR, "setl_time", "setl_id"])
    rows["after"] = rows.groupby(ACCUMULATOR, sort=False)["eligible"].cumsum()
    rows["before"] = rows["after"] - rows["eligible"]
    rows = rows.merge(held, on=["setl_id", "scheme_id"], how="left")
    rows["assistance_category"] = rows["assistance_category"].fillna("none")
    on = ["scheme_id", "assistance_category", "insurance_type", "terms_date"]
    spans = rows[on].drop_duplicates().merge(policy.ladder, on=["scheme_id", "assistance_category"])
    spans = spans[
        within(spans, "span_from", "span_to") & spans["term_type"].isin(["all"])
        | within(spans, "span_from", "span_to") & (spans["term_type"] == spans["insurance_type"])
    ]
    moved = rows.merge(spans.drop(columns=["span_from", "span_to", "term_type"]), on=on)
    for side in ("before", "after"):
        payable = (moved[side] - moved["deductible"]).clip(lower=0)
        moved[f"payable_{side}"] = np.minimum(payable, moved["payable_cap"])
    terms = moved.groupby(ACCUMULATOR, sort=False, as_index=False)["ladder_no"].nunique()
    moved = moved[moved["payable_before"] != moved["payable_after"]]
    steps = moved.merge(policy.tier, on="ladder_no")
    climbed, free = {}, {}
    for side in ("before", "after"):
        inside = (np.minimum(steps[f"payable_{side}"], steps["upper"]) - steps["lower"]).clip(lower=0)
        free[side] = half_up(inside * steps["rate"])
        climbed[side] = np.minimum(free[side], steps["payout_cap"])
    steps["payout"] = climbed["after"] - climbed["before"]
    steps["wanted"] = free["after"] - free["before"]
    paid = steps.groupby(["setl_id", "scheme_id"], as_index=False)[["payout", "wanted"]].sum()
    paid = moved[["setl_id", *ACCUMULATOR, "setl_time", "payout_limit"]].merge(paid, on=["setl_id", "scheme_id"])
    paid = paid.sort_values([*ACCUMULATOR, "setl_time", "setl_id"], ignore_index=True)
    # Where the terms change the ladder alone keeps neither limit nor what was paid: those few person-years one by one.
    changed = terms.loc[terms["ladder_no"] > 1, ACCUMULATOR]
    cases = paid.reset_index().merge(changed, on=ACCUMULATOR).sort_values("index")
    kept = []
    for _, group in cases.groupby(ACCUMULATOR, sort=False):
        total = owed = 0
        for amount, limit in zip(group["wanted"], group["payout_limit"], strict=True):
            owed = max(0, owed + amount)
            kept.append(min(amount, max(0, limit - total)) if amount > 0 else min(0, owed - total))
            total += kept[-1]
    paid.loc[cases["index"], "payout"] = kept
    result = rows[["setl_id", "scheme_id"]].merge(paid[["setl_id", "scheme_id", "payout"]], how="left")
    result["payout"] = result["payout"].fillna(0).astype("int64")
    return result.rename(columns={"setl_id": "settlement_id", "payout": "payout_fen"})


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", type=Path, required=True, help="folder of the raw tables")
    parser.add_argument("--out", type=Path, required=True, help="Parquet file to write")
    parser.add_argument("--seeds", type=Path, default=ROOT / "seeds")
    parser.add_argument("--persons", type=Path, help="Parquet file with the psn_no to compute")
    parser.add_argument("--verbose", action="store_true", help="time each step on stderr")
    arguments = parser.parse_args()
    clock = time.perf_counter()

    def lap(step: str) -> None:
        nonlocal clock
        if arguments.verbose:
            print(f"{time.perf_counter() - clock:8.2f} s  {step}", file=sys.stderr)
        clock = time.perf_counter()

    policy = Policy(arguments.seeds)
    lap("policy")
    persons = None
    if arguments.persons:
        persons = pq.read_table(arguments.persons, columns=["psn_no"])["psn_no"].combine_chunks()
    claims = settlements(arguments.raw, policy, persons)
    lap("settlements")
    claims = standing(claims)
    lap("reversals")
    spells = identities(arguments.raw, policy, claims)
    lap("identities")
    rows = eligible(arguments.raw, policy, claims)
    del claims
    lap("eligible expense")
    held = categories(policy, rows, spells)
    lap("categories")
    result = payouts(policy, rows, held)
    lap("payouts")
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    result.to_parquet(arguments.out, index=False)
    lap("written")


if __name__ == "__main__":
    main()
