"""`dabing explain`: how an amount came about, step by step, from the published warehouse (rule E9).

Every number and sentence is read from the marts; nothing is computed here. A settlement is asked for by its number, a
person-year by the key of the person (or the person number, where the key of the hash is at hand) and the benefit year.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from dabing.database import open_database
from dabing.errors import DabingError

DATABASE = "dabing.duckdb"
LAYERS = (
    "total_cost",
    "basic_paid",
    "critical_illness_paid",
    "supplementary_paid",
    "medical_aid_paid",
    "other_paid",
    "relief_paid",
    "out_of_pocket",
)
PERSON_KEY = re.compile(r"[0-9a-f]{32}")
AMOUNT = re.compile(r"\d{4,}\.\d\d(?!\d)")
ARTICLE_NUMBER = re.compile(r"[0-9.]+")
SUGGESTIONS = 3
TEXTS = {
    "en": {
        "settlement": "Settlement {settlement_id} of {settled_at}, benefit year {benefit_year}",
        "reversal": "It takes back settlement {settlement_id} of {settled_at}.",
        "person_year": "Person {person_key}, benefit year {benefit_year}: {settlement_count} settlements",
        "account": "{name}: counted {eligible_expense:,}, payable {payable_expense:,}, paid {payout_amount:,};"
        " left of the deductible {deductible_remaining:,}",
        "limit": ", of the limit {limit_remaining:,}",
        "burden": "Who bears the cost, in yuan",
        "capped": "Not counted, because nothing was left for it",
        "article": "{title}, article {article}",
        "note": "{title}: {article}",
        "document": "{title}",
        "status": {
            "enacted": "All parameters behind these amounts are enacted.",
            "reference": "Some parameters behind them are published elsewhere, not in the document itself (reference).",
            "illustrative": "Some parameters behind them are illustrative: no document prints them.",
        },
        "relief": "Charity relief",
        "nothing": "No scheme looks at this settlement.",
        "variance": "The live system recorded {recorded_amount:,} yuan for critical illness insurance; computed are"
        " {computed_amount:,}. Cause: {cause}.",
    },
    "zh": {
        "settlement": "结算单{settlement_id}，结算时间{settled_at}，结算年度{benefit_year}",
        "reversal": "本单冲销结算单{settlement_id}（{settled_at}）。",
        "person_year": "参保人{person_key}，结算年度{benefit_year}，共{settlement_count}次结算",
        "account": "{name}：计入{eligible_expense:,}元，纳入支付{payable_expense:,}元，已支付{payout_amount:,}元；"
        "起付标准剩余{deductible_remaining:,}元",
        "limit": "，年度限额剩余{limit_remaining:,}元",
        "burden": "费用分担（元）",
        "capped": "因无剩余费用而未计入",
        "article": "《{title}》第{article}条",
        "note": "《{title}》：{article}",
        "document": "《{title}》",
        "status": {
            "enacted": "以上金额所用参数均有文件依据。",
            "reference": "部分参数引自其他公开资料。",
            "illustrative": "部分参数为示意值，文件未载明。",
        },
        "relief": "慈善救助",
        "nothing": "没有保障项目涉及本次结算。",
        "variance": "大病保险系统记录{recorded_amount:,}元，计算结果{computed_amount:,}元。原因：{cause}。",
    },
}


class Warehouse:
    """The published file, opened read-only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = folder / DATABASE
        if not path.exists():
            raise DabingError(f"{path}: there is no published warehouse. Run `dabing run`, or name its --warehouse.")
        try:
            self.connection = open_database(path, read_only=True)
            self.connection.execute("select 1 from benefits.payout_trace limit 0")
        except duckdb.Error as error:
            raise DabingError(
                f"{path}: not a warehouse that can be explained ({str(error).splitlines()[0]}). Run `dabing run` again."
            ) from error

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """The rows of a query, by column name."""
        found = self.connection.execute(query, list(values))
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def suggestions(self, table: str, column: str, wanted: str) -> list[str]:
        """Values that begin like what was asked for, the longest common beginning first."""
        for length in range(len(wanted), 0, -1):
            found = self.rows(
                f"select distinct {column} as value from {table} where starts_with({column}, ?)"
                f" order by levenshtein({column}, ?), {column} limit {SUGGESTIONS}",
                wanted[:length],
                wanted,
            )
            if found:
                return [row["value"] for row in found]
        return []

    def person_key(self, person: str) -> str:
        """The key of a person: as given, or hashed from the person number with the key of the warehouse (rule J3)."""
        if PERSON_KEY.fullmatch(person):
            return person
        file = self.folder / "person_key"
        key = os.environ.get("DBT_ENV_SECRET_PERSON_KEY") or (file.read_text().strip() if file.exists() else "")
        if not key:
            raise DabingError(
                f"{person}: a person number is found only with the key of the hash. Set DBT_ENV_SECRET_PERSON_KEY, or"
                " give the person_key of 32 hexadecimal digits."
            )
        return hashlib.sha256(f"{key}:{person}".encode()).hexdigest()[:32]


def explain_settlement(warehouse: Warehouse, settlement_id: str) -> dict[str, Any]:
    """All that the marts say of one settlement; what does not exist is said, with what comes near."""
    burdens = warehouse.rows("select * from benefits.fct_burden where settlement_id = ?", settlement_id)
    if not burdens:
        refused = warehouse.rows(
            "select reasons from quality.quarantine where raw_table = 'setl_d' and record_key = ?", settlement_id
        )
        if refused:
            raise DabingError(
                f"{settlement_id}: the settlement is in quarantine ({refused[0]['reasons']}) and was paid nothing."
                " quality.quarantine has the row."
            )
        near = warehouse.suggestions("benefits.fct_burden", "settlement_id", settlement_id)
        raise DabingError(
            f"{settlement_id}: there is no such settlement." + (f" Did you mean {', '.join(near)}?" if near else "")
        )
    steps = warehouse.rows(
        "select trace.*, documents.title, documents.title_zh from benefits.payout_trace as trace"
        " left join policy.policy_document as documents on trace.document_id = documents.document_id"
        " where settlement_id = ? order by scheme_id, step_no, trace.item, trace.article",
        settlement_id,
    )
    schemes = warehouse.rows(
        "select scheme_id, scheme_name, scheme_name_zh, layer_order, max(schemes.document_id) as document_id,"
        " max(article) as article, max(title) as title, max(title_zh) as title_zh from policy.dim_scheme as schemes"
        " left join policy.policy_document as documents on schemes.document_id = documents.document_id"
        " group by all order by layer_order, scheme_id"
    )
    named = {row["scheme_id"]: row for row in schemes}
    by_scheme: dict[str, list[dict[str, Any]]] = {}
    for step in steps:
        by_scheme.setdefault(step.pop("scheme_id"), []).append(step)
    order = [scheme for scheme in named if scheme in by_scheme] + [s for s in by_scheme if s not in named]
    nothing = dict.fromkeys(("document_id", "article", "title", "title_zh", "layer_order"))
    return {
        "settlement": burdens[0],
        "takes_back": warehouse.rows(
            "select originals.settlement_id, originals.settled_at from benefits.fct_claim_expense as reversals"
            " inner join benefits.fct_claim_expense as originals"
            " on reversals.reversed_settlement_id = originals.settlement_id where reversals.settlement_id = ?",
            settlement_id,
        ),
        "schemes": [
            {
                "scheme_id": scheme,
                **{name: named.get(scheme, nothing)[name] for name in nothing},
                "name": named[scheme]["scheme_name"] if scheme in named else TEXTS["en"]["relief"],
                "name_zh": named[scheme]["scheme_name_zh"] if scheme in named else TEXTS["zh"]["relief"],
                "steps": by_scheme[scheme],
            }
            for scheme in order
        ],
        "variances": warehouse.rows(
            "select * from benefits.fct_payout_variance where settlement_id = ? and variance <> 0", settlement_id
        ),
    }


def explain_person_year(warehouse: Warehouse, person: str, year: int) -> dict[str, Any]:
    """The burden of a person-year, where the person stands in each scheme, and each settlement explained."""
    key = warehouse.person_key(person)
    burdens = warehouse.rows(
        "select * from benefits.fct_burden_year where person_key = ? and benefit_year = ?", key, year
    )
    if not burdens:
        years = warehouse.rows(
            "select distinct benefit_year from benefits.fct_burden_year where person_key = ? order by all", key
        )
        if years:
            raise DabingError(
                f"{person}: nothing was settled for benefit year {year}."
                f" Years with settlements: {', '.join(str(row['benefit_year']) for row in years)}."
            )
        near = warehouse.suggestions("benefits.fct_burden_year", "person_key", key) if key == person else []
        raise DabingError(
            f"{person}: there is no such person with settlements."
            + (f" Did you mean {', '.join(near)}?" if near else "")
        )
    settlements = warehouse.rows(
        "select settlement_id from benefits.fct_burden where person_key = ? and benefit_year = ?"
        " order by settled_at, settlement_id",
        key,
        year,
    )
    return {
        "person_year": burdens[0],
        "accumulators": warehouse.rows(
            "select accounts.*, schemes.scheme_name as name, schemes.scheme_name_zh as name_zh"
            " from benefits.fct_accumulator_year as accounts inner join ("
            " select scheme_id, max(scheme_name) as scheme_name, max(scheme_name_zh) as scheme_name_zh,"
            " min(layer_order) as layer_order from policy.dim_scheme group by scheme_id"
            ") as schemes on accounts.scheme_id = schemes.scheme_id"
            " where person_key = ? and benefit_year = ? order by layer_order, scheme_id",
            key,
            year,
        ),
        "settlements": [explain_settlement(warehouse, row["settlement_id"]) for row in settlements],
    }


def words(warehouse: Warehouse, language: str) -> dict[str, str]:
    """What columns and values are called."""
    column = "english" if language == "en" else "chinese"
    return {row["term"]: row["word"] for row in warehouse.rows(f"select term, {column} as word from reference.wording")}


def burden_lines(row: dict[str, Any], terms: dict[str, str], texts: dict) -> list[str]:
    """The cost and what each layer bears of it, a line each; what is zero is left out, but not the person's part."""
    lines = [texts["burden"] + ":"]
    for name in LAYERS:
        if row[name] or name in ("total_cost", "out_of_pocket"):
            lines.append(f"  {terms[name]}: {row[name]:,}")
    if row["capped_amount"]:
        lines.append(f"  ({texts['capped']}: {row['capped_amount']:,})")
    return [*lines, texts["status"][row["parameter_status"]]]


def source(row: dict[str, Any], language: str) -> str:
    """The document and article of a step or scheme, in brackets; nothing where it has none."""
    if not row["document_id"]:
        return ""
    texts = TEXTS[language]
    title = (row["title_zh"] if language == "zh" else row["title"]) or row["title"] or row["document_id"]
    kind = "document"
    if row["article"]:
        # Some parameters stand in no numbered article; what is written instead is a note.
        kind = "article" if ARTICLE_NUMBER.fullmatch(row["article"]) else "note"
    return f" [{texts[kind].format(title=title, article=row['article'])}]"


def readable(sentence: str) -> str:
    """A sentence whose amounts have their thousands apart."""
    return AMOUNT.sub(lambda found: f"{Decimal(found.group()):,}", sentence)


def settlement_lines(found: dict[str, Any], terms: dict[str, str], language: str) -> list[str]:
    """One settlement as text."""
    texts, suffix = TEXTS[language], "" if language == "en" else "_zh"
    settlement = found["settlement"]
    lines = [texts["settlement"].format(**settlement)]
    lines += [texts["reversal"].format(**original) for original in found["takes_back"]]
    if not found["schemes"]:
        lines.append(texts["nothing"])
    for scheme in found["schemes"]:
        lines += ["", scheme["name" + suffix] + source(scheme, language)]
        lines += [f"  {readable(step['explanation' + suffix])}{source(step, language)}" for step in scheme["steps"]]
    lines += ["", *burden_lines(settlement, terms, texts)]
    for variance in found["variances"]:
        cause = terms.get(f"cause_{variance['cause']}", variance["cause"])
        if language == "en" and variance["assumption"] not in (None, cause):
            cause += f" ({variance['assumption']})"
        lines.append(texts["variance"].format(**variance | {"cause": cause}))
    return lines


def as_text(found: dict[str, Any], warehouse: Warehouse, language: str) -> str:
    """An explanation as text that can be read aloud."""
    terms = words(warehouse, language)
    if "settlement" in found:
        return "\n".join(settlement_lines(found, terms, language))
    year = found["person_year"]
    texts = TEXTS[language]
    lines = [texts["person_year"].format(**year), *burden_lines(year, terms, texts)]
    for account in found["accumulators"]:
        name = account["name_zh"] if language == "zh" else account["name"]
        line = texts["account"].format(**account | {"name": name})
        lines.append(line + (texts["limit"].format(**account) if account["limit_remaining"] is not None else ""))
    for settlement in found["settlements"]:
        lines += ["", *settlement_lines(settlement, terms, language)]
    return "\n".join(lines)


def as_json(found: dict[str, Any]) -> str:
    """An explanation as JSON: amounts are texts with two places, so that no reader makes floats of them."""

    def plain(value: Any) -> str:
        return format(value, "f") if isinstance(value, Decimal) else str(value)

    return json.dumps(found, ensure_ascii=False, indent=2, default=plain)


def explain(
    folder: Path,
    settlement_id: str | None = None,
    person: str | None = None,
    year: int | None = None,
    language: str = "en",
    json_wanted: bool = False,
) -> str:
    """The explanation of a settlement, or of a person-year, from the warehouse in ``folder``."""
    if settlement_id is None and (person is None or year is None):
        raise DabingError("Nothing to explain: name a settlement, or a --person and a --year.")
    if settlement_id is not None and (person is not None or year is not None):
        raise DabingError("Name either a settlement or a person and a year, not both.")
    warehouse = Warehouse(folder)
    try:
        found = (
            explain_settlement(warehouse, settlement_id)
            if settlement_id is not None
            else explain_person_year(warehouse, person, year)
        )
        return as_json(found) if json_wanted else as_text(found, warehouse, language)
    finally:
        warehouse.connection.close()
