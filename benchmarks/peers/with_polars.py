"""Peer: the critical illness payouts as a Polars pipeline.

Reads the same raw files and policy seeds as the project and writes one row a settlement and scheme
with the payout in fen. Files are scanned lazily with the streaming engine; money is Int64 fen
throughout, so nothing is lost or made by rounding. No load audit, no quarantine table, no
summaries: only what a payout needs.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from datetime import date
from itertools import groupby
from pathlib import Path

import polars as pl

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
    text="bkkp_sn setl_id chrgitm_lv list_type med_list_codg",
    money="det_item_fee_sumamt fulamt_ownpay_amt",
)
LINE_CHECKED = columns(time="fee_ocur_time", number="cnt pric", money="overlmt_selfpay preselfpay_amt inscp_amt")
SPELL = columns(text="psn_no", code="psn_idet_type insu_admdvs", time="begntime endtime")
INSURED = columns(text="psn_insu_rlts_id psn_no", code="insutype insu_admdvs", time="crt_insu_date")
INSURED_CHECKED = columns(time="paus_insu_date")
DTYPES = {"text": pl.String, "code": pl.String, "time": pl.Datetime("us"), "money": pl.Int64}
ITEM_TYPES = {"101": "drug", "102": "drug", "103": "drug", "201": "service", "301": "material"}
IN_CATALOGUE = ["01", "02", "1", "2", "甲", "乙", "甲类", "乙类"]
IN_FORCE = ["1", "01", "1.0", "1.00"]
HEADER = ["coinsurance", "class_b_self_pay", "transfer_self_pay", "over_limit"]
OWN_EXPENSE = ["own_expense", "restricted_use"]
ITEM = ["setl_id", "is_restricted", "item_type", "item"]
ACCUMULATOR = ["psn_no", "scheme_id", "benefit_year"]
NO_LIMIT = 10**15


# --- policy ---------------------------------------------------------------------------------------


def fen(text: str) -> int | None:
    """Turn yuan as written in a seed into fen."""
    if not text:
        return None
    whole, _, part = text.partition(".")
    return int(whole) * 100 + int((part + "00")[:2])


def basis_points(text: str, blank: int | None = None) -> int | None:
    """Turn a rate as written in a seed into ten-thousandths."""
    if not text:
        return blank
    whole, _, part = text.partition(".")
    return int(whole) * 10_000 + int((part + "0000")[:4])


def half_up(value: int) -> int:
    """Round ten-thousandths of fen to fen, half away from zero."""
    return (abs(value) + 5000) // 10_000 * (1 if value >= 0 else -1)


def unknown(row: dict, what: str) -> None:
    """Stop: a wrong benchmark is worse than none."""
    sys.exit(f"The seeds have what this peer does not know: {what} of {row['scheme_id']}")


class Policy:
    """The seeds compiled into small frames."""

    def __init__(self, folder: Path) -> None:
        """Read all seeds below a folder."""
        self.seeds = {}
        for path in sorted(folder.rglob("*.csv")):
            with path.open(encoding="utf-8", newline="") as file:
                self.seeds[path.stem] = list(csv.DictReader(file))
        schemes = {row["scheme_id"]: row for row in self.seeds["scheme"] if row["scheme_kind"] == "critical_illness"}
        for row in schemes.values():
            plain = row["benefit_year_basis"] == "settlement" and row["status_change_rule"] == "prospective"
            if not plain or row["reversal_terms"] not in ("", "original"):
                unknown(row, "rules")
        if len(schemes) < sum(row["scheme_kind"] == "critical_illness" for row in self.seeds["scheme"]):
            unknown({"scheme_id": ", ".join(schemes)}, "several versions")
        covered = []
        for scheme, row in schemes.items():
            end = row["effective_to"] or "9999-12-31"
            span = (date.fromisoformat(row["effective_from"]), date.fromisoformat(end))
            for kind in ["employee", "resident"] if row["insurance_type"] == "all" else [row["insurance_type"]]:
                covered.append((scheme, row["pool_region_code"], kind, *span))
        self.covered = pl.DataFrame(
            covered,
            schema=dict.fromkeys(("scheme_id", "pool", "insurance_type"), pl.String)
            | dict.fromkeys(("scheme_from", "scheme_to"), pl.Date),
            orient="row",
        )
        self.pools = sorted({row["pool_region_code"] for row in self.seeds["scheme"]})
        self.region = self._regions()
        self.insutype = self._codes("insurance_type_code", "insutype", "insurance_type")
        self.medtype = self._codes("care_type_code", "med_type", "care_type")
        self.identity = self._codes("identity_code", "psn_idet_type", "category")
        self.priority = {r["assistance_category"]: int(r["priority"]) for r in self.seeds["assistance_category"]}
        self._ladders(schemes)

    def _regions(self) -> pl.DataFrame:
        """Map every code to its pool: itself or the nearest ancestor that is one (rule A7)."""
        parent = {row["region_code"]: row["parent_region_code"] for row in self.seeds["region"]}
        retired = {row["region_code"]: row["retired_into"] for row in self.seeds["region"] if row["retired_into"]}
        found = []
        for code in parent:
            at = code
            while at in retired:
                at = retired[at]
            while at and at not in self.pools:
                at = parent.get(at)
            if at:
                found.append((code, at))
        return pl.DataFrame(found, schema={"insu_admdvs": pl.String, "pool": pl.String}, orient="row")

    def _codes(self, seed: str, code: str, meaning: str) -> pl.DataFrame:
        """Meaning of a code in each pool: the pool's own row, else that of everywhere."""
        column = "assistance_category" if meaning == "category" else meaning
        rows = {}
        for row in sorted(self.seeds[seed], key=lambda row: row["pool_region_code"]):
            for pool in [row["pool_region_code"]] if row["pool_region_code"] else ["", *self.pools]:
                rows[pool, row[code]] = row[column]
        return pl.DataFrame(
            [(pool, value, meant) for (pool, value), meant in rows.items()],
            schema={"pool": pl.String, code: pl.String, meaning: pl.String},
            orient="row",
        )

    def _ladders(self, schemes: dict) -> None:
        """Ladders and shares for every span in which nothing of a scheme changes (section D)."""
        dated = {
            name: [row for row in self.seeds[name] if row["scheme_id"] in schemes]
            for name in ("benefit_term", "benefit_tier", "category_modifier", "coverage")
        }
        ladders, tiers, shares, listed, modified = [], [], [], [], []
        for scheme in schemes:
            days = {
                row[edge]
                for rows in dated.values()
                for row in rows
                for edge in ("effective_from", "effective_to")
                if row["scheme_id"] == scheme and row[edge]
            }
            days = sorted(days)
            for begin, end in zip(days, [*days[1:], "9999-12-31"], strict=True):
                now = {name: [r for r in rows if in_force(r, scheme, begin)] for name, rows in dated.items()}
                span = (scheme, date.fromisoformat(begin), date.fromisoformat(end))
                modifiers = {row["assistance_category"]: row for row in now["category_modifier"]}
                modified += [(*span, category) for category in modifiers]
                for row in now["coverage"]:
                    share = basis_points(row["share"])
                    if row["component"] in HEADER and not row["item_type"] and not row["item_list_id"]:
                        if any(known[:5] == (*span, row["care_type"], row["component"]) for known in shares):
                            unknown(row, "two coverage rows of a header component")
                        shares.append((*span, row["care_type"], row["component"], share))
                    elif row["component"] in OWN_EXPENSE and row["item_list_id"] and row["list_rule"] == "in":
                        restricted = row["component"] == "restricted_use"
                        listed.append(
                            (*span, row["care_type"], restricted, row["item_type"], row["item_list_id"], share)
                        )
                    else:
                        unknown(row, "coverage")
                if len({row["expense_pool"] for row in now["benefit_term"]}) > 1:
                    unknown(now["benefit_term"][0], "several expense pools")
                for row in [*now["benefit_term"], *now["benefit_tier"]]:
                    if row.get("after_scheme_id") or ("tier_no" in row and row["expense_pool"]):
                        unknown(row, "an expense pool after another scheme, or steps of one")
                for term in now["benefit_term"]:
                    for category in self.priority:
                        modifier = modifiers.get(category, {})
                        number = len(ladders)
                        factor = basis_points(modifier.get("deductible_factor", ""), 10_000)
                        deductible = half_up(fen(term["deductible"]) * factor)
                        waived = modifier.get("limit_waived") == "true"
                        limit = None if waived else fen(term["annual_limit"])
                        on_payout = term["limit_basis"] == "payout" and limit is not None
                        on_expense = term["limit_basis"] == "eligible_expense" and limit is not None
                        cap = limit - deductible if on_expense else NO_LIMIT
                        kind = (number, *span, term["insurance_type"], category)
                        ladders.append((*kind, deductible, cap, limit if on_payout else None))
                        left = limit if on_payout else NO_LIMIT
                        rows = sorted(now["benefit_tier"], key=lambda row: int(row["tier_no"]))
                        rows = [r for r in rows if r["insurance_type"] == term["insurance_type"]]
                        for place, row in enumerate(rows):
                            shift = deductible if term["tier_basis"] == "gross" else 0
                            lower = max(0, fen(row["lower_bound"]) - shift) if place else 0
                            upper = max(0, fen(row["upper_bound"]) - shift) if row["upper_bound"] else NO_LIMIT
                            rate = basis_points(row["rate"])
                            rate += basis_points(modifier.get("rate_addition", ""), 0)
                            rate = min(10_000, basis_points(modifier.get("rate_override", ""), rate))
                            tiers.append((number, int(row["tier_no"]), lower, upper, rate, max(0, left)))
                            if upper < NO_LIMIT:
                                left -= half_up((upper - lower) * rate)
        span = {"scheme_id": pl.String, "valid_from": pl.Date, "valid_to": pl.Date}
        self.ladder = pl.DataFrame(
            ladders,
            schema={"ladder_no": pl.Int64, **span, "term_type": pl.String, "category": pl.String}
            | dict.fromkeys(("deductible", "payable_cap", "payout_limit"), pl.Int64),
            orient="row",
        )
        names = ("ladder_no", "tier_no", "lower", "upper", "rate", "payout_cap")
        self.tier = pl.DataFrame(tiers, schema=dict.fromkeys(names, pl.Int64), orient="row")
        self.share = pl.DataFrame(
            shares,
            schema={**span, "care_type": pl.String, "component": pl.String, "share": pl.Int64},
            orient="row",
        ).pivot("component", index=[*span, "care_type"], values="share")
        for component in HEADER:
            if component not in self.share.columns:
                self.share = self.share.with_columns(pl.lit(0).alias(component))
        self.listed = pl.DataFrame(
            listed,
            schema={
                **span,
                "care_type": pl.String,
                "is_restricted": pl.Boolean,
                "listed_type": pl.String,
            }
            | {"item_list_id": pl.String, "share": pl.Int64},
            orient="row",
        ).with_row_index("coverage_no")
        self.modified = pl.DataFrame(modified, schema={**span, "category": pl.String}, orient="row")
        self.item = pl.DataFrame(
            [
                (
                    r["item_list_id"],
                    r["item_code"],
                    r["disease_code"] or None,
                    r["effective_from"],
                    r["effective_to"],
                )
                for r in self.seeds["item_list"]
            ],
            schema=["item_list_id", "item_code", "disease_code", "listed_from", "listed_to"],
            orient="row",
        ).with_columns(
            pl.col("listed_from").str.to_date(),
            pl.col("listed_to").replace("", "9999-12-31").str.to_date(),
        )


def in_force(row: dict, scheme: str, day: str) -> bool:
    """Whether a dated row of a scheme holds on a day (ISO dates compare as text)."""
    return row["scheme_id"] == scheme and row["effective_from"] <= day and day < (row["effective_to"] or "9999")


# --- reading --------------------------------------------------------------------------------------


def blank_free(column: str) -> pl.Expr:
    """Text without surrounding blanks, NULL when nothing is left."""
    text = pl.col(column).cast(pl.String).str.strip_chars(" ")
    return pl.when(text != "").then(text)


def as_code(text: pl.Expr) -> pl.Expr:
    """A code that went through a float, 390.0, as the dictionaries write it."""
    return text.str.replace(r"^([0-9]+)\.0+$", "${1}")


def parsed(column: str, kind: str) -> pl.Expr:
    """Text as money in fen, as a number or as a time; NULL where it has not the form of one."""
    text = blank_free(column)
    if kind == "money":
        amount = pl.when(text.str.contains(r"^[+-]?[0-9]+([.][0-9]{1,2}0*)?$")).then(text)
        return amount.cast(pl.Decimal(16, 2), strict=False).to_physical().cast(pl.Int64)
    if kind == "number":
        return text.str.extract(r"^([+-]?[0-9]+([.][0-9]+)?)$").cast(pl.Float64, strict=False)
    compact = text.str.extract_groups(r"^(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2}))?()$")
    spaced = text.str.extract_groups(
        r"^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:[.](\d+))?)?)?$"
    )
    times = []
    for groups in (compact, spaced):
        part = [groups.struct.field(str(place)).fill_null("0").str.zfill(2) for place in range(1, 7)]
        fraction = groups.struct.field("7").fill_null("").str.pad_end(6, "0").str.slice(0, 6)
        iso = pl.format("{}-{}-{} {}:{}:{}.{}", *part, fraction)
        times.append(iso.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False))
    return pl.coalesce(times)


def is_typed(dtype: pl.DataType, kind: str) -> bool:
    """Whether a column can be cast without looking at its values."""
    if kind == "time":
        return isinstance(dtype, (pl.Date, pl.Datetime))
    if kind == "number":
        return dtype.is_numeric()
    return dtype.is_integer() or (isinstance(dtype, pl.Decimal) and dtype.scale <= 2)


def typed(column: str, kind: str) -> pl.Expr:
    """A typed column under the type of its kind; money in fen."""
    if kind == "time":
        return pl.col(column).cast(pl.Datetime("us"))
    return pl.col(column).cast(pl.Decimal(18, 2)).to_physical().cast(pl.Int64)


def scan(folder: Path, kept: dict, checked: dict | None = None) -> pl.LazyFrame:
    """Scan all files of a raw table: kept columns, is_bad, is_void, what ranks a redelivery."""
    kept = {
        **kept,
        "text": [*kept["text"], "vali_flag", "rid"],
        "time": [*kept.get("time", []), "updt_time"],
    }
    wanted = [(name, kind) for kind, names in kept.items() for name in names]
    frames = []
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.name.lower().endswith((".parquet", ".csv", ".csv.gz")) and path.name[0] not in "._"
    )
    for number, path in enumerate(files):
        if path.suffix.lower() == ".parquet":
            frame = pl.scan_parquet(path, hive_partitioning=False)
        else:
            frame = pl.read_csv(path, infer_schema=False).lazy()
        schema = {}
        delivered = frame.collect_schema()
        # The platform's own names first: under two names the other counts where the own one is blank.
        for name in sorted(delivered, key=lambda name: name.lower() in ALIASES):
            meant = ALIASES.get(name.lower(), name.lower())
            if meant in schema:
                both = pl.coalesce(blank_free(schema[meant][0]), blank_free(name))
                name = f"{meant} under two names"
                frame = frame.with_columns(both.alias(name))
            schema[meant] = (name, delivered.get(name, pl.String()))
        columns, bad = [], [pl.lit(False)]
        for name, kind in wanted + [(n, k) for k, names in (checked or {}).items() for n in names]:
            value = pl.lit(None, DTYPES.get(kind))
            if name in schema:
                column, dtype = schema[name]
                if kind in ("text", "code"):
                    value = blank_free(column)
                    if kind == "code" or dtype.is_float() or dtype.is_decimal():
                        value = as_code(value)
                elif is_typed(dtype, kind):
                    value = typed(column, kind)
                else:
                    value = parsed(column, kind)
                    bad.append(blank_free(column).is_not_null() & value.is_null())
            if (name, kind) in wanted:
                columns.append(value.alias(name))
        frames.append(frame.select(*columns, pl.any_horizontal(bad).alias("is_bad"), file_no=pl.lit(number, pl.Int32)))
    if not frames:
        schema = {name: DTYPES[kind] for name, kind in wanted} | {
            "is_bad": pl.Boolean,
            "file_no": pl.Int32,
        }
        frames = [pl.LazyFrame(schema=schema)]
    is_void = ~pl.col("vali_flag").is_in(IN_FORCE).fill_null(True)
    return pl.concat(frames).with_columns(is_void=is_void).drop("vali_flag")


def latest(rows: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """One row a key: the latest delivery, unless that one is void (rules A1, A2)."""
    twice = rows.select(pl.struct(key) if len(key) > 1 else pl.col(key[0])).to_series().is_duplicated()
    winners = (
        rows.filter(twice)
        .sort(
            *key,
            "updt_time",
            pl.col("rid").str.len_chars(),
            "rid",
            "file_no",
            descending=[False] * len(key) + [True] * 4,
            nulls_last=True,
        )
        .unique(key, keep="first", maintain_order=True)
    )
    return (
        pl.concat([rows.filter(~twice), winners])
        .filter(~pl.col("is_void"))
        .drop("is_void", "updt_time", "rid", "file_no")
    )


# --- the pipeline ---------------------------------------------------------------------------------


def settlements(raw: Path, policy: Policy) -> pl.DataFrame:
    """Settlements that stand, with the meaning of their codes."""
    missing = [pl.col(name).is_null() for name in ("psn_no", "setl_time", "pool", "insurance_type", "care_type")]
    negative = (pl.col("medfee_sumamt") < 0) & ~(pl.col("init_setl_id") != pl.col("setl_id")).fill_null(False)
    rows = (
        scan(raw / "setl_d", SETTLEMENT, SETTLEMENT_CHECKED)
        .join(policy.region.lazy(), on="insu_admdvs", how="left")
        .join(policy.insutype.lazy(), on=["pool", "insutype"], how="left")
        .join(policy.medtype.lazy(), on=["pool", "med_type"], how="left")
        .with_columns(is_usable=~pl.any_horizontal(*missing, "is_bad", negative.fill_null(False)))
        .filter(pl.col("setl_id").is_not_null() & (pl.col("is_void") | pl.col("is_usable")))
        .with_columns(pl.col(name).fill_null(0) for name in SETTLEMENT["money"])
        .select(
            "setl_id",
            "init_setl_id",
            "psn_no",
            "setl_time",
            "dise_no",
            "is_void",
            "updt_time",
            "rid",
            "file_no",
            pl.col("pool", "insurance_type", "care_type").cast(pl.Categorical),
            total="medfee_sumamt",
            own_expense="fulamt_ownpay_amt",
            coinsurance=pl.col("inscp_amt") - pl.col("hifp_pay"),
            class_b_self_pay=pl.col("preselfpay_amt") - pl.col("trafout_preselfpay_amt"),
            transfer_self_pay="trafout_preselfpay_amt",
            over_limit="overlmt_selfpay",
        )
        .collect(engine="streaming")
    )
    return latest(rows, ["setl_id"])


def standing(rows: pl.DataFrame) -> pl.DataFrame:
    """Settlements and the reversals that stand, each with the time and the place of its root (rule A3)."""
    is_reversal = (pl.col("init_setl_id") != pl.col("setl_id")).fill_null(False)
    reversals = rows.filter(is_reversal)
    plain = rows.filter(~is_reversal).with_columns(root_time="setl_time", root_id=pl.lit(None, pl.String))
    asked = reversals.select("setl_id", "init_setl_id", "psn_no", "setl_time", "total")
    originals = plain.join(asked, left_on="setl_id", right_on="init_setl_id", how="semi").select(
        "setl_id", "psn_no", "setl_time", "total", "root_time", root_id="setl_id"
    )
    accepted = []
    for _ in range(4):
        candidates = (
            asked.join(
                originals,
                left_on=["init_setl_id", "psn_no"],
                right_on=["setl_id", "psn_no"],
                suffix="_original",
            )
            .filter(
                pl.col("setl_time") >= pl.col("setl_time_original"),
                pl.col("total").sign() * pl.col("total_original").sign() <= 0,
            )
            .sort("init_setl_id", "setl_time", "setl_id")
        )
        taken = pl.col("total").abs().sum().over("init_setl_id") <= pl.col("total_original").abs()
        refused = []
        rows_over = candidates.filter(~taken).select("init_setl_id", "setl_id", "total", "total_original").iter_rows()
        for _, group in groupby(rows_over, key=lambda row: row[0]):
            used = 0
            for _, setl_id, total, available in group:
                if used + abs(total) > abs(available):
                    refused.append(setl_id)
                else:
                    used += abs(total)
        originals = candidates.filter(~pl.col("setl_id").is_in(refused)).select(
            "setl_id", "psn_no", "setl_time", "total", "root_time", "root_id"
        )
        accepted.append(originals.select("setl_id", "root_time", "root_id"))
    places = plain.select("pool", "insurance_type", "care_type", "dise_no", root_id="setl_id")
    stand = (
        reversals.drop("pool", "insurance_type", "care_type", "dise_no")
        .join(pl.concat(accepted), on="setl_id")
        .join(places, on="root_id", how="left")
        .select(plain.columns)
    )
    return pl.concat([plain, stand]).with_columns(
        benefit_year=pl.col("root_time").dt.year(), terms_date=pl.col("root_time").dt.date()
    )


def charges(raw: Path, policy: Policy, claims: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Own expense by item of the settlements that have any on the schemes' lists; and what takes it back (B4, B5)."""
    lines = scan(raw / "fee_list_d", LINE, LINE_CHECKED).filter(
        pl.col("bkkp_sn").is_not_null() & pl.col("setl_id").is_not_null()
    )
    asked = policy.item.join(policy.listed, on="item_list_id", how="semi")["item_code"].unique()
    on_list = lines.filter(pl.col("med_list_codg").is_in(asked.to_list())).select("setl_id").unique()
    on_list = on_list.collect(engine="streaming")
    reversals = claims.filter(pl.col("root_id").is_not_null()).select("setl_id", "root_id", "setl_time", "own_expense")
    own_root = reversals.join(on_list, on="setl_id", how="semi").select(setl_id="root_id")
    roots = pl.concat([on_list, own_root]).unique()
    reversals = reversals.join(roots, left_on="root_id", right_on="setl_id", how="semi")
    family = pl.concat([roots, reversals.select("setl_id")]).unique()
    rows = (
        lines.join(family.lazy(), on="setl_id", how="semi")
        .filter(pl.col("is_void") | (~pl.col("is_bad") & pl.col("det_item_fee_sumamt").is_not_null()))
        .drop("is_bad")
        .collect(engine="streaming")
    )
    # Items on no list are told apart by nothing.
    listed = pl.col("med_list_codg").is_in(policy.item["item_code"].unique().to_list())
    items = (
        latest(rows, ["bkkp_sn", "setl_id"])
        .filter(pl.col("fulamt_ownpay_amt") != 0)
        .with_columns(
            item_type=as_code(pl.col("list_type")).replace_strict(ITEM_TYPES, default=""),
            is_restricted=as_code(pl.col("chrgitm_lv")).is_in(IN_CATALOGUE).fill_null(False),
            item=pl.when(listed).then("med_list_codg").otherwise(pl.lit("")),
        )
        .with_columns(pl.col("item_type").fill_null(""))
        .group_by(ITEM)
        .agg(amount=pl.col("fulamt_ownpay_amt").sum())
    )
    headers = claims.join(family, on="setl_id", how="semi").select("setl_id", "own_expense")
    return items.join(headers, on="setl_id").sort(ITEM), reversals


def proportion(amount: pl.Expr, part: str, whole: str) -> pl.Expr:
    """amount × part / whole, rounded to fen half away from zero."""
    amount, part, whole = (value.cast(pl.Int128) for value in (amount, pl.col(part), pl.col(whole)))
    fen = (2 * amount.abs() * part.abs() + whole.abs()) // (2 * whole.abs())
    return (fen * amount.sign() * part.sign() * whole.sign()).cast(pl.Int64)


def held_items(raw: Path, policy: Policy, claims: pl.DataFrame) -> pl.DataFrame:
    """Own expense by item: lines held to their settlement, reversals without lines by their root's (rules A3, B4)."""
    items, reversals = charges(raw, policy, claims)
    header, total, so_far = pl.col("own_expense"), pl.col("total"), pl.col("so_far")
    running = pl.col("amount").cum_sum().over("setl_id")
    # What comes to more than the settlement says is believed in proportion, rounded on the running sum.
    items = (
        items.with_columns(total=pl.col("amount").sum().over("setl_id"), so_far=running)
        .with_columns(
            held=pl.max_horizontal(pl.min_horizontal(total, header.clip(lower_bound=0)), header.clip(upper_bound=0))
        )
        .with_columns(
            amount=pl.when(total == pl.col("held"))
            .then("amount")
            .otherwise(proportion(so_far, "held", "total") - proportion(so_far - pl.col("amount"), "held", "total"))
        )
        .select(*ITEM, "amount", "own_expense")
    )
    # Several reversals of one root go on where the one before stopped.
    untold = (
        reversals.filter(pl.col("own_expense") != 0)
        .join(items, on="setl_id", how="anti")
        .sort("root_id", "setl_time", "setl_id")
        .select("setl_id", "root_id", "own_expense", taken=pl.col("own_expense").cum_sum().over("root_id"))
        .with_columns(taken_before=pl.col("taken") - pl.col("own_expense"))
        .drop("own_expense")
    )
    taken = {
        side: proportion(so_far, side, "own_expense") - proportion(so_far - pl.col("amount"), side, "own_expense")
        for side in ("taken", "taken_before")
    }
    untold = (
        untold.join(items, left_on="root_id", right_on="setl_id")
        .filter(header != 0)
        .sort(ITEM)
        .with_columns(so_far=running)
        .with_columns(amount=taken["taken"] - taken["taken_before"])
    )
    return pl.concat([items.select(*ITEM, "amount"), untold.select(*ITEM, "amount")]).filter(pl.col("item") != "")


def listed_expense(policy: Policy, items: pl.DataFrame, counted: pl.LazyFrame) -> pl.LazyFrame:
    """Own expense of items on the lists that a scheme counts (rules B5, B7)."""
    any_type = pl.col("listed_type") == ""
    return (
        items.lazy()
        .join(counted, on="setl_id")
        .join(policy.listed.lazy(), on=["scheme_id", "care_type", "is_restricted"])
        .join(policy.item.lazy(), left_on=["item_list_id", "item"], right_on=["item_list_id", "item_code"])
        .filter(
            # A line without a type is unclassified, unless a list alone says what its item is.
            any_type | (pl.col("listed_type") == pl.col("item_type")),
            within("valid_from", "valid_to"),
            within("listed_from", "listed_to"),
            pl.col("disease_code").is_null() | (pl.col("disease_code") == pl.col("dise_no")),
        )
        .unique([*ITEM, "scheme_id", "coverage_no"])
        .group_by("setl_id", "scheme_id", "coverage_no", "share")
        .agg(pl.col("amount").sum())
        .group_by("setl_id", "scheme_id")
        .agg(listed=rounded(pl.col("amount") * pl.col("share")).sum())
    )


def within(begin: str, end: str) -> pl.Expr:
    """Terms date inside a half-open span."""
    return (pl.col("terms_date") >= pl.col(begin)) & (pl.col("terms_date") < pl.col(end))


def rounded(value: pl.Expr) -> pl.Expr:
    """Round ten-thousandths of fen to fen, half away from zero."""
    return (value.abs() + 5000) // 10_000 * value.sign()


def eligible(raw: Path, policy: Policy, claims: pl.DataFrame) -> pl.DataFrame:
    """Eligible expense of each settlement and scheme, for person-years that have any."""
    counted = (
        claims.lazy()
        .with_columns(pl.col("pool", "insurance_type", "care_type").cast(pl.String))
        .join(policy.covered.lazy(), on=["pool", "insurance_type"])
        .filter(within("scheme_from", "scheme_to"))
    )
    keys = counted.select("setl_id", "scheme_id", "care_type", "dise_no", "terms_date")
    shares = policy.share.lazy()
    items = held_items(raw, policy, claims)
    spans = keys.select("scheme_id", "care_type", "terms_date").unique().join(shares, on=["scheme_id", "care_type"])
    shares = spans.filter(within("valid_from", "valid_to")).drop("valid_from", "valid_to")
    result = (
        counted.join(shares, on=["scheme_id", "care_type", "terms_date"], how="left", suffix="_share")
        .join(listed_expense(policy, items, keys), on=["setl_id", "scheme_id"], how="left")
        .with_columns(
            eligible=pl.sum_horizontal(
                *(rounded(pl.col(name) * pl.col(f"{name}_share")).fill_null(0) for name in HEADER),
                pl.col("listed").fill_null(0),
            )
        )
        .select("setl_id", *ACCUMULATOR, "setl_time", "terms_date", "insurance_type", "eligible")
        .collect(engine="streaming")
    )
    return result.join(result.filter(pl.col("eligible") != 0), on=ACCUMULATOR, how="semi")


def places(raw: Path, policy: Policy, claims: pl.DataFrame, persons: pl.DataFrame) -> pl.DataFrame:
    """Pools in which persons settle or are insured."""
    rows = scan(raw / "psn_insu_d", INSURED, INSURED_CHECKED)
    # All deliveries of the spells of which some delivery is these persons'.
    theirs = rows.join(persons.lazy(), on="psn_no", how="semi").select("psn_insu_rlts_id")
    rows = (
        rows.join(theirs, on="psn_insu_rlts_id", how="semi")
        .join(policy.region.lazy(), on="insu_admdvs", how="left")
        .join(policy.insutype.lazy(), on=["pool", "insutype"], how="left")
        .filter(
            pl.col("is_void")
            | ~pl.col("is_bad")
            & pl.all_horizontal(pl.col("psn_no", "crt_insu_date", "pool", "insurance_type").is_not_null())
        )
        .collect(engine="streaming")
    )
    insured = latest(rows, ["psn_insu_rlts_id"]).select("psn_no", "pool")
    return pl.concat([insured, claims.select("psn_no", pl.col("pool").cast(pl.String))]).unique()


def identities(raw: Path, policy: Policy, claims: pl.DataFrame) -> pl.DataFrame:
    """Spells of assistance categories (rule C1)."""
    end = pl.col("endtime")
    held_to = pl.when(end > end.dt.truncate("1d")).then(end.dt.date().dt.offset_by("1d")).otherwise(end.dt.date())
    spells = (
        scan(raw / "psn_idet_d", SPELL)
        .join(policy.region.lazy(), on="insu_admdvs", how="left")
        .with_columns(is_bad=pl.col("is_bad") | (pl.col("insu_admdvs").is_not_null() & pl.col("pool").is_null()))
        .filter(
            *(pl.col(name).is_not_null() for name in ("psn_no", "psn_idet_type", "begntime")),
            pl.col("is_void") | ~pl.col("is_bad"),
        )
        .drop("is_bad")
        .collect()
    )
    spells = latest(spells, ["psn_no", "psn_idet_type", "begntime"])
    # Without an area a code means what it does where the person settles or is insured.
    arealess = spells.filter(pl.col("insu_admdvs").is_null())
    persons = arealess.select("psn_no").unique()
    theirs = claims.join(persons, on="psn_no", how="semi")
    arealess = arealess.drop("pool").join(places(raw, policy, theirs, persons), on="psn_no", how="left")
    spells = pl.concat([spells.filter(pl.col("insu_admdvs").is_not_null()), arealess], how="diagonal")
    return (
        spells.with_columns(pl.col("pool").fill_null(""))
        .join(policy.identity, on=["pool", "psn_idet_type"])
        .select(
            "psn_no",
            "category",
            held_from=pl.col("begntime").dt.date(),
            held_to=held_to.fill_null(date(9999, 12, 31)),
        )
        .with_columns(priority=pl.col("category").replace_strict(policy.priority, return_dtype=pl.Int64))
    )


def categories(policy: Policy, rows: pl.DataFrame, spells: pl.DataFrame) -> pl.DataFrame:
    """Assistance category of the settlements of persons who hold one (rules C1, C2)."""
    held = rows.select("setl_id", "scheme_id", "psn_no", "terms_date").join(spells, on="psn_no")
    held = held.filter(within("held_from", "held_to"))
    modified = (
        held.select("scheme_id", "category", "terms_date")
        .unique()
        .join(policy.modified, on=["scheme_id", "category"])
        .filter(within("valid_from", "valid_to"))
        .select("scheme_id", "category", "terms_date", modifies=True)
    )
    return (
        held.join(modified, on=["scheme_id", "category", "terms_date"], how="left")
        .sort(pl.col("modifies").fill_null(False), "priority", descending=[True, False])
        .unique(["setl_id", "scheme_id"], keep="first", maintain_order=True)
        .select("setl_id", "scheme_id", "category")
    )


def payouts(policy: Policy, rows: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Climb the ladders (rules E1 to E5) and cut at the limits (D4)."""
    rows = (
        rows.sort(*ACCUMULATOR, "setl_time", "setl_id")
        .with_columns(after=pl.col("eligible").cum_sum().over(ACCUMULATOR))
        .join(held, on=["setl_id", "scheme_id"], how="left")
        .with_columns(pl.col("category").fill_null("none"))
    )
    spans = rows.select("scheme_id", "category", "insurance_type", "terms_date").unique()
    ladders = (
        spans.join(policy.ladder, on=["scheme_id", "category"])
        .filter(
            within("valid_from", "valid_to"),
            (pl.col("term_type") == "all") | (pl.col("term_type") == pl.col("insurance_type")),
        )
        .drop("valid_from", "valid_to", "term_type")
    )
    payable = {
        f"payable_{side}": pl.min_horizontal((value - pl.col("deductible")).clip(lower_bound=0), "payable_cap")
        for side, value in (
            ("before", pl.col("after") - pl.col("eligible")),
            ("after", pl.col("after")),
        )
    }
    moved = rows.join(ladders, on=["scheme_id", "category", "insurance_type", "terms_date"]).with_columns(**payable)
    terms = moved.group_by(ACCUMULATOR).agg(pl.col("ladder_no").n_unique())
    moved = moved.filter(pl.col("payable_before") != pl.col("payable_after"))
    climbed, free = {}, {}
    for side in ("before", "after"):
        inside = (pl.min_horizontal(f"payable_{side}", "upper") - pl.col("lower")).clip(lower_bound=0)
        free[side] = rounded(inside * pl.col("rate"))
        climbed[side] = pl.min_horizontal(free[side], "payout_cap")
    paid = (
        moved.join(policy.tier, on="ladder_no")
        .group_by("setl_id", *ACCUMULATOR, "setl_time", "payout_limit")
        .agg(
            payout=(climbed["after"] - climbed["before"]).sum(),
            wanted=(free["after"] - free["before"]).sum(),
        )
        .sort(*ACCUMULATOR, "setl_time", "setl_id")
    )
    # Where the terms change the ladder alone keeps neither limit nor what was paid: those few person-years one by one.
    changed = terms.filter(pl.col("ladder_no") > 1)
    cuts = {}
    cases = paid.join(changed, on=ACCUMULATOR, how="semi").select(
        *ACCUMULATOR, "setl_id", "payout", "wanted", "payout_limit"
    )
    for _, group in groupby(cases.iter_rows(), key=lambda row: row[:3]):
        so_far = owed = 0
        for *_, scheme, _, setl_id, payout, wanted, limit in group:
            owed = max(0, owed + wanted)
            if wanted > 0:
                kept = wanted if limit is None else min(wanted, max(0, limit - so_far))
            else:
                kept = min(0, owed - so_far)
            so_far += kept
            if kept != payout:
                cuts[setl_id, scheme] = kept
    cut = pl.DataFrame(
        [(*key, kept) for key, kept in cuts.items()],
        schema={"setl_id": pl.String, "scheme_id": pl.String, "kept": pl.Int64},
        orient="row",
    )
    return (
        rows.select("setl_id", "scheme_id")
        .join(paid.select("setl_id", "scheme_id", "payout"), on=["setl_id", "scheme_id"], how="left")
        .join(cut, on=["setl_id", "scheme_id"], how="left")
        .select(
            settlement_id="setl_id",
            scheme_id="scheme_id",
            payout_fen=pl.coalesce("kept", "payout").fill_null(0),
        )
    )


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", type=Path, required=True, help="folder of the raw tables")
    parser.add_argument("--out", type=Path, required=True, help="Parquet file to write")
    parser.add_argument("--seeds", type=Path, default=ROOT / "seeds")
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
    claims = settlements(arguments.raw, policy)
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
    result.write_parquet(arguments.out)
    lap("written")


if __name__ == "__main__":
    main()
