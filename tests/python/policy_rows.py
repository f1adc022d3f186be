"""A region of one's own in rows only: what a policy person adds to the seeds for a new place."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

DATED = {
    "effective_from": "2010-01-01",
    "effective_to": "",
    "document_id": "golden",
    "article": "1",
    "reviewed_on": "2026-11-21",
    "status": "reference",
}


@dataclass(frozen=True)
class PublishedCase:
    """A published ladder with the payout that it was published to give."""

    case_id: str
    year: int
    deductible: Decimal
    tier_basis: str
    tiers: list[tuple[Decimal | None, Decimal]]
    limit_basis: str
    annual_limit: str
    eligible_expense: Decimal
    published_payout: Decimal


def read_cases(path: Path) -> list[PublishedCase]:
    """The published cases of a file of the form of `golden/cases.csv`."""
    with path.open(newline="") as file:
        return [
            PublishedCase(
                case_id=row["case_id"],
                year=int(row["year"] or 2018),
                deductible=Decimal(row["deductible"]),
                tier_basis=row["tier_basis"],
                tiers=parse_tiers(row["tiers"]),
                limit_basis=row["limit_basis"],
                annual_limit=row["annual_limit"],
                eligible_expense=Decimal(row["eligible_expense"]),
                published_payout=Decimal(row["published_payout"]),
            )
            for row in csv.DictReader(file)
        ]


def parse_tiers(text: str) -> list[tuple[Decimal | None, Decimal]]:
    """'to 50000 at 0.50; above at 0.60' as (upper bound, rate) pairs; the last is open."""
    tiers = []
    for part in text.split(";"):
        upper, rate = re.fullmatch(r"\s*(?:to (\d+)|above|all) at ([\d.]+)\s*", part).groups()
        tiers.append((Decimal(upper) if upper else None, Decimal(rate)))
    return tiers


def add_region(seeds: Path, number: int, case: PublishedCase) -> str:
    """Add a pool with one scheme and the case's ladder to a copy of the seeds; return its county code."""
    city, county, scheme = f"99{number:02d}00", f"99{number:02d}01", f"golden_{case.case_id.lower()}"
    append(seeds, "region", [
        {"region_code": city, "region_name": case.case_id, "region_name_zh": case.case_id, "region_level": "city"},
        {
            "region_code": county,
            "region_name": case.case_id,
            "region_name_zh": case.case_id,
            "region_level": "county",
            "parent_region_code": city,
        },
    ])  # fmt: skip
    append(seeds, "scheme", [{
        "scheme_id": scheme,
        "scheme_name": case.case_id,
        "scheme_name_zh": case.case_id,
        "scheme_kind": "critical_illness",
        "pool_region_code": city,
        "insurance_type": "resident",
        "layer_order": "20",
        "benefit_year_basis": "settlement",
        "status_change_rule": "prospective",
        **DATED,
    }])  # fmt: skip
    append(seeds, "benefit_term", [{
        "scheme_id": scheme,
        "insurance_type": "resident",
        "expense_pool": "eligible",
        "deductible": str(case.deductible),
        "annual_limit": case.annual_limit,
        "limit_basis": case.limit_basis or "payout",
        "tier_basis": case.tier_basis,
        "bound_inclusive": "upper",
        **DATED,
    }])  # fmt: skip
    lower = case.deductible if case.tier_basis == "gross" else Decimal(0)
    for tier_no, (upper, rate) in enumerate(case.tiers, 1):
        append(seeds, "benefit_tier", [{
            "scheme_id": scheme,
            "insurance_type": "resident",
            "tier_no": str(tier_no),
            "lower_bound": str(lower),
            "upper_bound": "" if upper is None else str(upper),
            "rate": str(rate),
            **DATED,
        }])  # fmt: skip
        lower = upper
    append(seeds, "coverage", [{
        "scheme_id": scheme,
        "expense_pool": "eligible",
        "care_type": "inpatient",
        "component": "coinsurance",
        "share": "1",
        **DATED,
    }])  # fmt: skip
    return county


def add_reform(seeds: Path) -> str:
    """Add a pool whose scheme ends with 2021 and is followed by another; return its county code."""

    def published(number: int, deductible: str, rate: str) -> PublishedCase:
        tiers = [(None, Decimal(rate))]
        return PublishedCase(f"R{number}", 2021, Decimal(deductible), "net", tiers, "", "", Decimal(0), Decimal(0))

    county = add_region(seeds, 90, published(1, "10000.00", "0.60"))
    add_region(seeds, 91, published(2, "20000.00", "0.70"))
    for path in (seeds / "policy").glob("*.csv"):
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        names = list(rows[0])
        for row in rows:
            if row.get("scheme_id") == "golden_r1":
                row |= {"scheme_id": "reform_until_2021", "effective_to": "2022-01-01"}
            elif row.get("scheme_id") == "golden_r2":
                row |= {"scheme_id": "reform_from_2022", "effective_from": "2022-01-01"}
                row |= {"pool_region_code": "999000"} if "pool_region_code" in row else {}
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, names, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return county


def add_document(seeds: Path) -> None:
    """The document that the added rows name."""
    append(seeds, "policy_document", [{
        "document_id": "golden",
        "title": "Published cases",
        "title_zh": "公开案例",
        "issuer": "various",
        "file": "cases.csv",
    }])  # fmt: skip


def append(seeds: Path, seed: str, rows: Iterable[dict[str, str]]) -> None:
    """Append rows to a seed, blank where a column is not given."""
    path = seeds / "policy" / f"{seed}.csv"
    with path.open(newline="") as file:
        names = next(csv.reader(file))
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n", restval="")
        writer.writerows(rows)


def settlement(settlement_id: str, person: str, county: str, settled_at: str, eligible: Decimal) -> dict[str, str]:
    """An inpatient settlement with so much coinsurance, as text."""
    basic = Decimal("100.00")
    return {
        "setl_id": settlement_id,
        "psn_no": person,
        "insutype": "390",
        "insu_admdvs": county,
        "med_type": "21",
        "setl_time": settled_at,
        "medfee_sumamt": str(eligible + basic),
        "fulamt_ownpay_amt": "0",
        "overlmt_selfpay": "0",
        "preselfpay_amt": "0",
        "inscp_amt": str(eligible + basic),
        "hifp_pay": str(basic),
    }


def write_csv(path: Path, rows: list[dict[str, str]]) -> None:
    """Rows as one CSV file of a raw table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
