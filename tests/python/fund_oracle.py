"""Section H in plain Decimal: what the fund marts must hold, from the accepted rows and the oracle's payouts.

Written from the rulebook alone; it shares nothing with the SQL. Every function gives the rows of one mart by key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal, localcontext
from functools import cached_property
from pathlib import Path
from typing import Any

from oracle import (
    CENT,
    CRITICAL_ILLNESS,
    ZERO,
    Payout,
    Policy,
    Result,
    months_later,
    premiums_of,
    read_seed,
    round_half_up,
)

Row = dict[str, Any]
Keyed = dict[tuple, Row]
FundKey = tuple[str, str, str]
RANKS = ("enacted", "reference", "illustrative")
FUND_SEEDS = ("risk_corridor_band", "insurer_share", "enrolment_duty", "age_band")
SUPPLEMENTARY = "supplementary"
# What an area is the sum of its counties in.
ADDED_UP = (
    "insured_heads",
    "opening_balance_amount",
    "income_amount",
    "public_income_amount",
    "individual_income_amount",
    "transfer_in_amount",
    "eligible_expense",
    "payout_amount",
    "payout_posted_amount",
    "service_fee_amount",
    "interest_amount",
    "borne_by_insurers_amount",
    "balance_amount",
    "cases_paid",
)
NO_YEAR = {"insured_heads": 0, "income_amount": ZERO, "borne_by_insurers_amount": ZERO}
LAST_DEVELOPMENT = 12
LATEST_AGE = 1000
FIRST_YEAR, LAST_YEAR = 2010, 2040  # of the calendar


def ratio(numerator: Decimal | int, denominator: Decimal | int, places: int = 4) -> Decimal | None:
    """A ratio for display, half away from zero; None where there is nothing to divide by."""
    if not denominator:
        return None
    with localcontext() as context:
        context.prec = 60
        return (Decimal(numerator) / Decimal(denominator)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def weakest(statuses: Iterable[str]) -> str:
    """The weakest standing of several rows."""
    return max(statuses, key=RANKS.index, default="enacted")


def day_of(value: date | datetime | str | None) -> date | None:
    """A day of a raw time, a date or a seed's text."""
    if isinstance(value, str):
        return date.fromisoformat(value)
    return value.date() if isinstance(value, datetime) else value


def month_of(day: date) -> date:
    """The month of a day; a day outside the calendar is a slip of the pen and stands at its end."""
    return min(max(day, date(FIRST_YEAR, 1, 1)), date(LAST_YEAR, 12, 31)).replace(day=1)


def split(amount: Decimal, shares: dict[str, Decimal]) -> dict[str, Decimal]:
    """Rule H6: by largest remainder, so that no fen is lost; of equal ones the first by name."""
    whole = {name: (abs(amount) * share).quantize(CENT, ROUND_DOWN) for name, share in shares.items()}
    left = int((abs(amount) - sum(whole.values(), ZERO)) / CENT)
    order = sorted(shares, key=lambda name: (whole[name] - abs(amount) * shares[name], name))
    for name in order[:left]:
        whole[name] += CENT
    return {name: part if amount >= 0 else -part for name, part in whole.items()}


@dataclass(frozen=True)
class Movement:
    """A movement of a fund's money."""

    fund: FundKey
    line: str
    benefit_year: int
    moved_on: date
    kind: str
    amount: Decimal


@dataclass(frozen=True)
class Head:
    """A person insured on a day, where the latest spell began."""

    person_no: str
    region_code: str
    insurance_type: str
    line: str
    person_type: str | None


class Funds:
    """Everything of section H for one raw folder and one seeds folder."""

    def __init__(self, result: Result, policy: Policy, seeds_dir: Path):
        self.result, self.policy = result, policy
        self.accepted = result.accepted
        self.seeds = policy.seeds | {name: read_seed(seeds_dir, name) for name in FUND_SEEDS}

    # -- what the rules look at ---------------------------------------------------------------

    @cached_property
    def scheme_of(self) -> dict[str, Row]:
        return {row["scheme_id"]: row for row in self.seeds["scheme"]}

    @cached_property
    def critical(self) -> set[str]:
        return {key for key, row in self.scheme_of.items() if row["scheme_kind"] == CRITICAL_ILLNESS}

    @cached_property
    def supplementary(self) -> set[str]:
        return {key for key, row in self.scheme_of.items() if row["scheme_kind"] == SUPPLEMENTARY}

    @cached_property
    def lines(self) -> dict[tuple, str]:
        return {(row["pool_region_code"], row["insutype"]): row["insurance_line"] for row in self.codes}

    @property
    def codes(self) -> list[Row]:
        return self.seeds["insurance_type_code"]

    def line_of(self, pool: str | None, insutype: str | None) -> str | None:
        return self.lines.get((pool, insutype)) or self.lines.get((None, insutype))

    @cached_property
    def movements(self) -> list[Movement]:
        """Rules H2, H3: money without a type is the scheme's own, money without an area the pool's."""
        found = []
        for row in self.accepted["fund_txn_d"]:
            scheme = self.scheme_of.get(row["scheme_id"])
            if scheme is None:
                continue
            region = self.policy.region_of(row["insu_admdvs"]) or scheme["pool_region_code"]
            pool = self.policy.pool_of(row["insu_admdvs"]) or scheme["pool_region_code"]
            kind = self.policy.insurance_type_of(pool, row["insutype"]) or scheme["insurance_type"]
            line = self.line_of(pool, row["insutype"]) or scheme["insurance_type"]
            fund = (row["scheme_id"], region, kind)
            moved_on = day_of(row["txn_date"])
            found.append(Movement(fund, line, int(row["benefit_year"]), moved_on, row["txn_type"], row["amount"]))
        # Fees recorded as outflows: the year's sum of a fund is below zero.
        fees: dict[tuple, Decimal] = defaultdict(lambda: ZERO)
        for movement in found:
            if movement.kind == "service_fee":
                fees[movement.fund, movement.benefit_year] += movement.amount
        return [
            replace(movement, amount=-movement.amount)
            if movement.kind == "service_fee" and fees[movement.fund, movement.benefit_year] < 0
            else movement
            for movement in found
        ]

    @cached_property
    def payouts(self) -> list[Payout]:
        return self.result.all_payouts

    @cached_property
    def standards(self) -> dict[tuple[str, str, int], Row]:
        """The funding standard of scheme x insurance type x year."""
        found = {}
        for row in self.seeds["funding_standard"]:
            kinds = ("employee", "resident") if row["insurance_type"] == "all" else (row["insurance_type"],)
            for kind in kinds:
                found[row["scheme_id"], kind, int(row["benefit_year"])] = row
        return found

    @cached_property
    def spells(self) -> dict[tuple, list[tuple]]:
        """Basic insurance spells by pool and insurance type: (begin, end, head, id)."""
        found = defaultdict(list)
        for row in self.accepted["psn_insu_d"]:
            pool = self.policy.pool_of(row["insu_admdvs"])
            kind = self.policy.insurance_type_of(pool, row["insutype"])
            end = day_of(row["paus_insu_date"])
            if end is None and row["psn_insu_stas"] in ("2", "3"):
                end = day_of(row["updt_time"])
            head = Head(
                row["psn_no"], self.policy.region_of(row["insu_admdvs"]), kind,
                self.line_of(pool, row["insutype"]), row.get("psn_type"),
            )  # fmt: skip
            found[pool, kind].append((day_of(row["crt_insu_date"]), end, head, row["psn_insu_rlts_id"]))
        return found

    def heads(self, scheme_id: str, year: int, at_year_end: bool = False) -> list[Head]:
        """Rule H1: persons in force on the census date (or on 31 December), each once."""
        asked = (scheme_id, year, at_year_end)
        if asked not in self._heads:
            latest: dict[str, tuple] = {}
            pool = self.scheme_of[scheme_id]["pool_region_code"]
            for kind in ("employee", "resident", "other"):
                standard = self.standards.get((scheme_id, kind, year))
                if standard is None:
                    continue
                day = date(year, 12, 31) if at_year_end else day_of(standard["census_date"])
                for begin, end, head, number in self.spells.get((pool, kind), []):
                    if begin <= day and (end is None or day < end):
                        place = (begin, number)
                        if head.person_no not in latest or place > latest[head.person_no][0]:
                            latest[head.person_no] = (place, head)
            self._heads[asked] = [head for _, head in latest.values()]
        return self._heads[asked]

    @cached_property
    def _heads(self) -> dict[tuple, list[Head]]:
        return {}

    def counted(self, scheme_id: str, year: int, at_year_end: bool = False) -> dict[tuple[str, str], int]:
        """Heads by county and insurance type."""
        found: dict[tuple[str, str], int] = defaultdict(int)
        for head in self.heads(scheme_id, year, at_year_end):
            if scheme_id in self.critical or head.person_no in self.enrolled(scheme_id)[0][year]:
                found[head.region_code, head.insurance_type] += 1
        return found

    def enrolled(self, scheme_id: str) -> tuple[dict[int, set[str]], dict[int, set[str]]]:
        """Rule H7: persons with a premium for each cover year, and those with a subsidised one."""
        if scheme_id not in self._enrolled:
            versions = [row for row in self.seeds["scheme"] if row["scheme_id"] == scheme_id]
            first_year = min(row["effective_from"] for row in versions).year
            last_year = (self.scheme_of[scheme_id]["ends"] - timedelta(days=1)).year
            everyone, subsidised = defaultdict(set), defaultdict(set)
            for person, found in premiums_of(self.accepted["supp_enrl_d"], first_year, last_year).items():
                for premium in found:
                    everyone[premium.year].add(person)
                    if premium.channel == "subsidised":
                        subsidised[premium.year].add(person)
            self._enrolled[scheme_id] = everyone, subsidised
        return self._enrolled[scheme_id]

    @cached_property
    def _enrolled(self) -> dict[str, tuple[dict[int, set[str]], dict[int, set[str]]]]:
        return {}

    # -- which rows there are -----------------------------------------------------------------

    @cached_property
    def told(self) -> dict[str, set[tuple[str, str, int]]]:
        """(county, insurance type, year) of each scheme of which payouts or movements tell."""
        found = defaultdict(set)
        for p in self.payouts:
            for year in (p.benefit_year, p.settled_at.year):
                found[p.scheme_id].add((p.region_code, p.insurance_type, year))
        for m in self.movements:
            found[m.fund[0]].add((*m.fund[1:], m.benefit_year))
        return found

    def counties(self, pool: str) -> set[str]:
        """Counties and seats in use of a pool."""
        return {
            row["region_code"]
            for row in self.seeds["region"]
            if row["region_level"] in ("county", "seat")
            and not row["retired_into"]
            and self.policy.pool_of(row["region_code"]) == pool
        }

    @cached_property
    def frame(self) -> dict[str, tuple[set[str], set[str], list[int]]]:
        """Counties, insurance types and years of each fund: all years from the first to the last (rule H3)."""
        frames = {}
        for scheme_id in (self.critical | self.supplementary) & set(self.told):
            told = set(self.told[scheme_id])
            years = self.years_told(scheme_id)
            for year in years:
                told |= {(*place, year) for place in self.counted(scheme_id, year)}
            regions = self.counties(self.scheme_of[scheme_id]["pool_region_code"]) | {place[0] for place in told}
            frames[scheme_id] = (regions, {place[1] for place in told}, years)
        return frames

    def years_told(self, scheme_id: str) -> list[int]:
        years = {year for *_, year in self.told.get(scheme_id, ())}
        calendar = range(max(min(years), FIRST_YEAR), min(max(years), LAST_YEAR) + 1) if years else ()
        return sorted({*years, *calendar})

    def funds(self, schemes: Iterable[str] | None = None) -> Iterator[tuple[FundKey, list[int]]]:
        for scheme_id, (regions, kinds, years) in self.frame.items():
            if schemes is not None and scheme_id not in schemes:
                continue
            for region in regions:
                for kind in kinds:
                    yield (scheme_id, region, kind), years

    # -- sums ---------------------------------------------------------------------------------

    @cached_property
    def payouts_of(self) -> dict[FundKey, list[Payout]]:
        found = defaultdict(list)
        for p in self.payouts:
            found[p.scheme_id, p.region_code, p.insurance_type].append(p)
        return found

    @cached_property
    def movements_of(self) -> dict[FundKey, list[Movement]]:
        found = defaultdict(list)
        for m in self.movements:
            found[m.fund].append(m)
        return found

    @staticmethod
    def moved(movements: Iterable[Movement], *kinds: str) -> Decimal:
        return sum((m.amount for m in movements if m.kind in kinds), ZERO)

    # -- H1, H3: years ------------------------------------------------------------------------

    @cached_property
    def years(self) -> Keyed:
        rows: Keyed = {}
        for fund, years in self.funds():
            scheme_id, region, kind = fund
            balance = ZERO
            for year in years:
                standard = self.standards.get((scheme_id, kind, year))
                heads = self.counted(scheme_id, year).get((region, kind), 0)
                money = [m for m in self.movements_of[fund] if m.benefit_year == year]
                income = heads * Decimal(standard["per_capita_amount"]) if standard else ZERO
                if scheme_id in self.supplementary:
                    income = self.moved(money, "transfer_in", "premium_in")
                public = round_half_up(income * Decimal(standard["public_share"])) if standard else ZERO
                own = [p for p in self.payouts_of[fund] if p.benefit_year == year]
                posted = [p for p in self.payouts_of[fund] if p.settled_at.year == year]
                paid = sum((p.payout_amount for p in own), ZERO)
                if year == years[0]:
                    balance += self.moved(money, "carried_in")
                fee, interest = self.moved(money, "service_fee"), self.moved(money, "interest")
                row = {
                    "insured_heads": heads,
                    "opening_balance_amount": balance,
                    "income_amount": income,
                    "public_income_amount": public,
                    "individual_income_amount": income - public,
                    "transfer_in_amount": self.moved(money, "transfer_in", "premium_in"),
                    "eligible_expense": sum((p.eligible_expense for p in own), ZERO),
                    "payout_amount": paid,
                    "payout_posted_amount": sum((p.payout_amount for p in posted), ZERO),
                    "service_fee_amount": fee,
                    "interest_amount": interest,
                    "persons_paid": len({p.person_no for p in own if p.payout_amount > 0}),
                    "cases_paid": sum(p.payout_amount > 0 for p in own),
                }
                balance += income + interest - paid - fee
                borne = -balance if self.cycles.get((scheme_id, year), {}).get("result_goes_to") == "insurers" else ZERO
                balance += borne
                row |= {
                    "borne_by_insurers_amount": borne,
                    "balance_amount": balance,
                    "loss_ratio": ratio(paid, income - fee),
                    "payout_per_head": ratio(paid, heads, 2),
                    "payout_per_case": ratio(paid, row["cases_paid"], 2),
                    "persons_paid_rate": ratio(row["persons_paid"], heads, 6),
                    "cover_rate": ratio(paid, row["eligible_expense"]),
                }
                rows[*fund, year] = row
        return rows

    def levels(self, region: str) -> Iterator[tuple[str, str]]:
        """A county, its city and its province, up the tree of the seed."""
        tree = {row["region_code"]: row for row in self.seeds["region"]}
        yield "county", region
        code = region
        while code is not None:
            if tree[code]["region_level"] in ("city", "province"):
                yield tree[code]["region_level"], code
            code = tree[code]["parent_region_code"]

    @cached_property
    def by_region(self) -> Keyed:
        """Rule H3: county, city, province."""
        added = ADDED_UP
        rows: Keyed = {}
        places = {region: list(self.levels(region)) for regions, *_ in self.frame.values() for region in regions}
        for (scheme_id, region, kind, year), found in self.years.items():
            for level, code in places[region]:
                row = rows.setdefault(
                    (scheme_id, level, code, kind, year), dict.fromkeys(added, 0) | {"county_count": 0}
                )
                row["county_count"] += 1
                for column in added:
                    row[column] += found[column]
        persons = defaultdict(set)
        for p in self.payouts:
            if p.scheme_id in self.frame and p.payout_amount > 0:
                for level, code in places[p.region_code]:
                    persons[p.scheme_id, level, code, p.insurance_type, p.benefit_year].add(p.person_no)
        for key, row in rows.items():
            row["persons_paid"] = len(persons[key])
            row["persons_paid_rate"] = ratio(row["persons_paid"], row["insured_heads"], 6)
            row["loss_ratio"] = ratio(row["payout_amount"], row["income_amount"] - row["service_fee_amount"])
        return rows

    # -- H3: months ---------------------------------------------------------------------------

    @cached_property
    def months(self) -> Keyed:
        rows: Keyed = {}
        moved_years = defaultdict(set)
        for m in self.movements:
            moved_years[m.fund[0]].add(month_of(m.moved_on).year)
        for fund, years in self.funds():
            span = {*years, *moved_years[fund[0]]}
            first = self.years[*fund, years[0]]["opening_balance_amount"]
            balance = cash = first
            money, payouts = defaultdict(list), defaultdict(list)
            for m in self.movements_of[fund]:
                money[month_of(m.moved_on)].append(m)
            for p in self.payouts_of[fund]:
                payouts[month_of(p.settled_at.date())].append(p)
            for year in range(max(min(span), FIRST_YEAR), min(max(span), LAST_YEAR) + 1):
                whole = self.years.get((*fund, year), NO_YEAR)
                for number in range(1, 13):
                    month = date(year, number, 1)
                    moved, paid = money[month], payouts[month]
                    income = round_half_up(whole["income_amount"] * number / 12)
                    income -= round_half_up(whole["income_amount"] * (number - 1) / 12)
                    row = {
                        "insured_heads": whole["insured_heads"],
                        "income_amount": income,
                        "transfer_in_amount": self.moved(moved, "transfer_in", "premium_in"),
                        "true_up_amount": self.moved(moved, "true_up"),
                        "advance_amount": self.moved(moved, "advance"),
                        "service_fee_amount": self.moved(moved, "service_fee"),
                        "interest_amount": self.moved(moved, "interest"),
                        "borne_by_insurers_amount": whole["borne_by_insurers_amount"] if number == 12 else ZERO,
                        "payout_amount": sum((p.payout_amount for p in paid), ZERO),
                        "payout_of_year_amount": sum((p.payout_amount for p in paid if p.benefit_year == year), ZERO),
                        "persons_paid": len({p.person_no for p in paid if p.payout_amount > 0}),
                        "cases_paid": sum(p.payout_amount > 0 for p in paid),
                    }
                    left = row["interest_amount"] - row["service_fee_amount"] - row["payout_amount"]
                    balance += income + left + row["borne_by_insurers_amount"]
                    cash += row["transfer_in_amount"] + row["true_up_amount"] + row["advance_amount"] + left
                    row |= {
                        "balance_amount": balance,
                        "cash_balance_amount": cash,
                        "loss_ratio": ratio(row["payout_amount"], income - row["service_fee_amount"]),
                    }
                    rows[*fund, month] = row
        return rows

    # -- H2: what was due and came ------------------------------------------------------------

    def came(self, due: Decimal, due_on: date | None, moved: list[Movement], until: date) -> Row:
        """Received by the due day and after it, the day on which all was there, and how late that was."""
        so_far, settled_on = ZERO, None
        for day in sorted({m.moved_on for m in moved}):
            so_far += sum((m.amount for m in moved if m.moved_on == day), ZERO)
            if settled_on is None and due and (so_far >= due if due > 0 else so_far <= due):
                settled_on = day
        in_time = sum((m.amount for m in moved if due_on is not None and m.moved_on <= due_on), ZERO)
        late = sum((m.amount for m in moved if due_on is not None and m.moved_on > due_on), ZERO)
        days_late = None
        if not due:
            status, days_late = "nothing_due", 0
        elif settled_on and due_on:
            days_late = max(0, (settled_on - due_on).days)
            status = "late" if days_late else "on_time"
        elif due_on is not None and due_on >= until:
            status = "not_yet_due"
        else:
            status = "short" if moved else "not_received"
            days_late = None if due_on is None else (until - due_on).days
        return {
            "due_amount": due, "by_due_amount": in_time, "late_amount": late,
            "outstanding_amount": due - in_time - late, "settled_on": settled_on, "days_late": days_late,
            "status": status,
        }  # fmt: skip

    @cached_property
    def true_ups(self) -> Keyed:
        rows: Keyed = {}
        until: dict[str, date] = {}
        for scheme_id, day in [
            *((p.scheme_id, p.settled_at.date()) for p in self.payouts if p.payout_amount),
            *((m.fund[0], m.moved_on) for m in self.movements),
        ]:
            until[scheme_id] = max(day, until.get(scheme_id, day))
        for fund, years in self.funds(self.critical):
            scheme_id, region, kind = fund
            for year in years:
                standard = self.standards.get((scheme_id, kind, year))
                if standard is None:
                    continue
                per_head = Decimal(standard["per_capita_amount"])
                heads = self.counted(scheme_id, year).get((region, kind), 0)
                net = self.counted(scheme_id, year, at_year_end=True).get((region, kind), 0) - heads
                money = [m for m in self.movements_of[fund] if m.benefit_year == year]
                row = {"insured_heads": heads, "net_heads": net}
                for name, count, kinds in (
                    ("transfer", heads, ("transfer_in", "premium_in")),
                    ("true_up", net, ("true_up",)),
                ):
                    moved = [m for m in money if m.kind in kinds]
                    found = self.came(count * per_head, day_of(standard[f"{name}_due"]), moved, until[scheme_id])
                    row |= {f"{name}_{column}": value for column, value in found.items()}
                row["outstanding_amount"] = row["transfer_outstanding_amount"] + row["true_up_outstanding_amount"]
                rows[*fund, year] = row
        return rows

    # -- H4: quarters -------------------------------------------------------------------------

    @cached_property
    def quarters(self) -> Keyed:
        rows: Keyed = {}
        for fund, years in self.funds(self.critical):
            pool = self.scheme_of[fund[0]]["pool_region_code"]
            by_day: dict[date, Decimal] = defaultdict(lambda: ZERO)
            for p in self.payouts_of[fund]:
                by_day[p.settled_at.date()] += p.payout_amount

            def posted(first: date, end: date, by_day=by_day) -> Decimal:
                return sum((amount for day, amount in by_day.items() if first <= day < end), ZERO)

            starts = [date(year, month, 1) for year in range(years[0], years[-1] + 1) for month in (1, 4, 7, 10)]
            for start in [*starts, date(years[-1] + 1, 1, 1)]:
                lead = [
                    int(row["value"])
                    for row in self.seeds["pool_parameter"]
                    if row["parameter"] == "quarter_plan_lead_days"
                    and row["pool_region_code"] == pool
                    and row["effective_from"] <= start
                    and (row["effective_to"] is None or start < row["effective_to"])
                ]
                due = start - timedelta(days=lead[0]) if lead else None
                row = {"due_on": due, "payout_amount": posted(start, months_later(start, 3))}
                row["former_year_amount"] = posted(months_later(start, -12), months_later(start, -9))
                as_of = due or start
                to_date = posted(date(as_of.year, 1, 1), as_of)
                span = posted(date(as_of.year - 1, 1, 1), months_later(as_of, -12))
                ended = start
                while ended > as_of:
                    ended = months_later(ended, -3)
                last = posted(months_later(ended, -3), ended)
                if row["former_year_amount"] > 0 and span > 0:
                    basis = "same_quarter_last_year"
                    planned = ratio(row["former_year_amount"] * to_date, span, 2)
                elif last > 0:
                    basis, planned = "last_quarter", last
                else:
                    basis, planned = "nothing_to_compare", ZERO
                row |= {
                    "year_to_date_amount": to_date, "former_span_amount": span, "last_quarter_amount": last,
                    "plan_basis": basis, "planned_amount": max(ZERO, planned),
                }  # fmt: skip
                row["difference_amount"] = row["payout_amount"] - row["planned_amount"]
                row["execution_rate"] = ratio(row["payout_amount"], row["planned_amount"])
                rows[*fund, start] = row
        pools: dict[tuple, Decimal] = defaultdict(lambda: ZERO)
        for (scheme_id, _, kind, start), row in rows.items():
            pools[scheme_id, kind, start] += row["planned_amount"]
        for (scheme_id, _, kind, start), row in rows.items():
            row["pool_planned_amount"] = pools[scheme_id, kind, start]
        return rows

    # -- H5: corridor -------------------------------------------------------------------------

    @cached_property
    def corridors(self) -> Keyed:
        insutypes = {row["setl_id"]: row["insutype"] for row in self.accepted["setl_d"]}
        rows: Keyed = {}
        for scheme_id in {row["scheme_id"] for row in self.seeds["risk_corridor_band"]} & set(self.frame):
            pool, years = self.scheme_of[scheme_id]["pool_region_code"], self.frame[scheme_id][2]
            sums: Keyed = defaultdict(lambda: {"insured_heads": 0, "premium": ZERO, "paid": ZERO, "fee": ZERO})
            for year in years:
                for head in self.heads(scheme_id, year):
                    found = sums[head.line, year]
                    found["insured_heads"] += 1
                    standard = self.standards[scheme_id, head.insurance_type, year]
                    found["premium"] += Decimal(standard["per_capita_amount"])
            for p in self.payouts:
                if p.scheme_id == scheme_id and p.benefit_year in years:
                    root = self.result.settlements[p.settlement_id].root.settlement_id
                    sums[self.line_of(pool, insutypes[root]), p.benefit_year]["paid"] += p.payout_amount
            for m in self.movements:
                if m.fund[0] == scheme_id and m.kind == "service_fee" and m.benefit_year in years:
                    sums[m.line, m.benefit_year]["fee"] += m.amount
            for (line, year), found in sums.items():
                margin = found["premium"] - found["paid"] - found["fee"]
                bands = [
                    row
                    for row in self.seeds["risk_corridor_band"]
                    if row["scheme_id"] == scheme_id
                    and row["insurance_line"] == line
                    and row["effective_from"] <= date(year, 1, 1)
                    and (row["effective_to"] is None or date(year, 1, 1) < row["effective_to"])
                ]
                rows[scheme_id, line, year] = {
                    "insured_heads": found["insured_heads"],
                    "income_amount": found["premium"],
                    "payout_amount": found["paid"],
                    "service_fee_amount": found["fee"],
                    "margin_amount": margin,
                    "margin_rate": ratio(margin, found["premium"], 6),
                    **corridor(margin, found["premium"], bands),
                }
        return rows

    # -- H6: cycles ---------------------------------------------------------------------------

    @cached_property
    def cycles(self) -> Keyed:
        rows: Keyed = {}
        for scheme_id in self.supplementary:
            years = self.years_told(scheme_id)
            terms = sorted(
                {
                    (day_of(row["cycle_from"]), day_of(row["cycle_to"]))
                    for row in self.seeds["insurer_share"]
                    if row["scheme_id"] == scheme_id
                }
            )
            balance, former = ZERO, None
            for year in years:
                cycle = next((c for c in terms if c[0] <= date(year, 1, 1) < c[1]), None)
                if cycle is None:
                    continue
                if cycle != former:
                    balance, former = max(ZERO, balance), cycle
                money = [m for m in self.movements if m.fund[0] == scheme_id and m.benefit_year == year]
                paid = sum(
                    (p.payout_amount for p in self.payouts if p.scheme_id == scheme_id and p.benefit_year == year), ZERO
                )
                if year == years[0]:
                    balance += self.moved(money, "carried_in")
                premium = self.moved(money, "premium_in", "transfer_in")
                fee, interest = self.moved(money, "service_fee"), self.moved(money, "interest")
                row = {"cycle_from": cycle[0], "opening_balance_amount": balance, "income_amount": premium}
                balance += premium + interest - paid - fee
                is_last = year == cycle[1].year - 1
                row |= {
                    "insured_heads": len(
                        {person for scheme, person, begin, *_ in self.result.cover_spans
                         if scheme == scheme_id and begin.year == year}
                    ),
                    "payout_amount": paid,
                    "service_fee_amount": fee,
                    "interest_amount": interest,
                    "advance_amount": self.moved(money, "advance"),
                    "balance_amount": balance,
                    "shortfall_amount": max(ZERO, -balance),
                    "cycle_result_amount": balance if is_last else None,
                    "result_goes_to": (
                        "carried_into_next_year" if not is_last
                        else "insurers" if balance < 0 else "carried_into_next_cycle"
                    ),
                    "carried_forward_amount": max(ZERO, balance) if is_last else balance,
                    "loss_ratio": ratio(paid, premium - fee),
                }  # fmt: skip
                rows[scheme_id, year] = row
        return rows

    @cached_property
    def insurers(self) -> Keyed:
        """Rule H6: premium, payouts and result by the shares in force on the period's first day."""
        periods: Keyed = {}
        for (scheme_id, line, year), row in self.corridors.items():
            names = ("income_amount", "payout_amount", "service_fee_amount", "insurer_amount")
            amounts = {name: row[name] for name in names} | {"result_amount": row["margin_amount"]}
            periods[scheme_id, line, year] = (amounts, True)
        by_cycle = defaultdict(list)
        for (scheme_id, year), row in sorted(self.cycles.items()):
            by_cycle[scheme_id, row["cycle_from"]].append((year, row))
        for (scheme_id, _), members in by_cycle.items():
            last = members[-1][1]
            amounts = {
                name: sum((row[name] for _, row in members), ZERO)
                for name in ("income_amount", "payout_amount", "service_fee_amount")
            }
            result = last["balance_amount"]
            is_over = last["cycle_result_amount"] is not None
            amounts |= {"result_amount": result, "insurer_amount": min(ZERO, result) if is_over else ZERO}
            periods[scheme_id, "all", members[0][0]] = (amounts, is_over)
        rows: Keyed = {}
        for (scheme_id, line, year), (amounts, is_over) in periods.items():
            day = date(year, 1, 1)
            shares = {
                row["insurer"]: Decimal(row["share"])
                for row in self.seeds["insurer_share"]
                if row["scheme_id"] == scheme_id
                and row["insurance_line"] == line
                and row["effective_from"] <= day
                and (row["effective_to"] is None or day < row["effective_to"])
            }
            parts = {name: split(amount, shares) for name, amount in amounts.items()}
            for insurer in shares:
                row = {name: part[insurer] for name, part in parts.items()}
                rows[scheme_id, line, year, insurer] = row | {"is_complete": is_over}
        return rows

    # -- H7: participation --------------------------------------------------------------------

    @cached_property
    def participation(self) -> Keyed:
        rows: Keyed = {}
        held = defaultdict(list)
        for person, spells in self.result.assistance_spells.items():
            held[person] = spells
        for scheme_id in self.supplementary:
            enrolled, subsidised = self.enrolled(scheme_id)
            duties = [row for row in self.seeds["enrolment_duty"] if row["scheme_id"] == scheme_id]
            counties = self.counties(self.scheme_of[scheme_id]["pool_region_code"])
            told = {(year, head.region_code): None for year in enrolled for head in self.heads(scheme_id, year)}
            groups = {"all", *(row["enrolment_group"] for row in duties)}
            for year in {year for year, _ in told}:
                members = defaultdict(set)
                for head in self.heads(scheme_id, year):
                    standard = self.standards[scheme_id, head.insurance_type, year]
                    day = day_of(standard["census_date"])
                    categories = {spell.category for spell in held[head.person_no] if spell.overlaps(day, day)}
                    members[head.region_code, "all"].add(head.person_no)
                    for duty in duties:
                        if (
                            duty["insurance_type"] in (None, head.insurance_type)
                            and duty["person_type"] in (None, head.person_type)
                            and (duty["assistance_category"] is None or duty["assistance_category"] in categories)
                            and duty["effective_from"] <= day
                            and (duty["effective_to"] is None or day < duty["effective_to"])
                        ):
                            members[head.region_code, duty["enrolment_group"]].add(head.person_no)
                for region in counties | {region for _, region in told}:
                    for group in groups:
                        persons = members[region, group]
                        paid = persons & enrolled[year]
                        rows[scheme_id, region, year, group] = {
                            "insured_heads": len(persons),
                            "enrolled_heads": len(paid),
                            "subsidised_heads": len(persons & subsidised[year]),
                            "not_enrolled_heads": len(persons) - len(paid),
                            "participation_rate": ratio(len(paid), len(persons), 6),
                        }
        return rows

    # -- the actuary's tables -----------------------------------------------------------------

    def age_band(self, person: str, year: int) -> str:
        born = self.birth_years.get(person)
        for row in self.seeds["age_band"]:
            to_age = LATEST_AGE if row["to_age"] is None else int(row["to_age"])
            if born is not None and int(row["from_age"]) <= year - born < to_age:
                return row["age_band"]
        return "unknown"

    @cached_property
    def birth_years(self) -> dict[str, int]:
        return {row["psn_no"]: row["brdy"].year for row in self.accepted["psn_info_b"] if row["brdy"]}

    @cached_property
    def costs(self) -> Keyed:
        rows: Keyed = defaultdict(
            lambda: {"insured_heads": 0, "persons": set(), "cases_paid": 0, "payout_amount": ZERO}
        )
        for scheme_id in self.critical & set(self.frame):
            for year in self.frame[scheme_id][2]:
                for head in self.heads(scheme_id, year):
                    band = self.age_band(head.person_no, year)
                    rows[scheme_id, head.region_code, head.insurance_type, band, year]["insured_heads"] += 1
        for p in self.payouts:
            if p.scheme_id in self.critical and p.payout_amount:
                band = self.age_band(p.person_no, p.benefit_year)
                row = rows[p.scheme_id, p.region_code, p.insurance_type, band, p.benefit_year]
                row["payout_amount"] += p.payout_amount
                if p.payout_amount > 0:
                    row["persons"].add(p.person_no)
                    row["cases_paid"] += 1
        for row in rows.values():
            heads, persons, cases = row["insured_heads"], len(row.pop("persons")), row["cases_paid"]
            row |= {
                "persons_paid": persons,
                "cost_per_head": ratio(row["payout_amount"], heads, 2),
                "person_frequency": ratio(persons, heads, 6),
                "case_frequency": ratio(cases, heads, 6),
                "severity": ratio(row["payout_amount"], cases, 2),
                "payout_per_person": ratio(row["payout_amount"], persons, 2),
            }
        return dict(rows)

    @cached_property
    def triangle(self) -> Keyed:
        cells: dict[tuple, Decimal] = defaultdict(lambda: ZERO)
        first: dict[tuple, int] = {}
        last: dict[tuple, int] = {}
        for p in self.payouts:
            if not p.payout_amount:
                continue
            settlement = self.result.settlements[p.settlement_id]
            service = settlement.discharged_on or settlement.root.settled_at.date()
            born, posted = (day.year * 12 + day.month - 1 for day in (service, p.settled_at))
            key = (p.scheme_id, p.insurance_type)
            first[key] = min(born, first.get(key, born))
            last[key] = max(born, posted, last.get(key, born))
            cells[*key, born, max(0, min(LAST_DEVELOPMENT, posted - born))] += p.payout_amount
        rows: Keyed = {}
        for key in first:
            for month in range(first[key], last[key] + 1):
                so_far = ZERO
                for age in range(min(LAST_DEVELOPMENT, last[key] - month) + 1):
                    amount = cells[*key, month, age]
                    so_far += amount
                    service = date(month // 12, month % 12 + 1, 1)
                    rows[*key, service, age] = {"payout_amount": amount, "cumulative_amount": so_far}
        return rows

    @cached_property
    def completion(self) -> Keyed:
        """Chain ladder: from the last month back, each share rounded, each product rounded."""
        rows: Keyed = {}
        by_age = defaultdict(list)
        for (scheme_id, kind, service, age), row in self.triangle.items():
            after = self.triangle.get((scheme_id, kind, service, age + 1))
            if after is not None:
                by_age[scheme_id, kind, age].append((row["cumulative_amount"], after["cumulative_amount"]))
        for key in {key[:2] for key in self.triangle}:
            factor = Decimal("1.000000")
            for age in range(LAST_DEVELOPMENT, -1, -1):
                pairs = by_age[*key, age]
                now, then = (sum((pair[i] for pair in pairs), ZERO) for i in (0, 1))
                share = ratio(now, then, 6) if then else None
                factor = ((1 if share is None else share) * factor).quantize(Decimal("0.000001"), ROUND_HALF_UP)
                rows[*key, age] = {
                    "month_count": len(pairs), "paid_amount": now, "paid_next_amount": then,
                    "development_factor": ratio(then, now, 6), "completion_factor": factor,
                }  # fmt: skip
        return rows

    def balancing(self, scenario_payouts: dict[str, dict[tuple[str, int], Decimal]]) -> Keyed:
        """The standard that would have balanced each year, rounded up to fen: at enacted benefits and at scenarios'.

        A scenario gives the payouts of each scheme that it changes, by benefit year.
        """
        sums: Keyed = {}
        for (scheme_id, _, _, year), found in self.years.items():
            row = sums.setdefault((scheme_id, year), defaultdict(int))
            for name in ("insured_heads", "income_amount", "payout_amount", "service_fee_amount", "interest_amount"):
                row[name] += found[name]
        rows = {(*key, "enacted"): row | {"payout_difference": ZERO} for key, row in sums.items()}
        for scenario_id, payouts in scenario_payouts.items():
            changed = {scheme_id for scheme_id, _ in payouts}
            for key, row in sums.items():
                if key[0] in changed:
                    paid = payouts.get(key, ZERO)
                    difference = paid - row["payout_amount"]
                    rows[*key, scenario_id] = row | {"payout_amount": paid, "payout_difference": difference}
        for row in rows.values():
            need = max(ZERO, row["payout_amount"] + row["service_fee_amount"] - row["interest_amount"])
            heads = row["insured_heads"]
            row["balancing_standard"] = (need / heads).quantize(CENT, ROUND_UP) if heads else None
            row["current_standard"] = ratio(row["income_amount"], heads, 2)
        return rows


def corridor(margin: Decimal, premium: Decimal, bands: list[Row]) -> Row:
    """Rule H5: who keeps the surplus or bears the loss. A bound belongs to the band nearer to 0."""
    nothing = {"outcome": "no_corridor", "insurer_amount": ZERO, "fund_amount": ZERO, "negotiated_amount": margin}
    if not bands:
        return nothing
    size, sign = abs(margin), 1 if margin >= 0 else -1

    def inner_and_outer(band: Row) -> tuple[Decimal, Decimal | None] | None:
        """Where the band starts and ends on the margin's side, counted from 0; None on the other side."""
        low, high = (None if band[name] is None else Decimal(band[name]) for name in ("margin_from", "margin_to"))
        if sign < 0:
            low, high = (None if high is None else -high), (None if low is None else -low)
        if high is not None and high <= 0:
            return None
        return max(ZERO, low or ZERO) * premium, None if high is None else high * premium

    walked = [(place, band) for band in bands if (place := inner_and_outer(band)) is not None]
    walked.sort(key=lambda pair: (pair[0][0], pair[0][1] is None, pair[0][1] or ZERO))
    reached = next(
        number for number, ((inner, outer), _) in enumerate(walked)
        if (size > inner or number == 0) and (outer is None or size <= outer)
    )  # fmt: skip
    band = walked[reached][1]
    if band["band_basis"] == "whole":
        if band["outcome"] == "to_be_negotiated":
            insurer, negotiated = ZERO, margin
        elif band["outcome"] == "returned":
            inner = walked[reached][0][0]
            insurer, negotiated = sign * inner * Decimal(walked[reached - 1][1]["insurer_share"]), ZERO
        else:
            insurer, negotiated = margin * Decimal(band["insurer_share"]), ZERO
    else:
        insurer = negotiated = ZERO
        for (inner, outer), part in walked[: reached + 1]:
            amount = sign * (min(size, outer if outer is not None else size) - inner)
            if part["outcome"] == "to_be_negotiated":
                negotiated += amount
            else:
                insurer += amount * Decimal(part["insurer_share"])
    insurer, negotiated = round_half_up(insurer), round_half_up(negotiated)
    return {
        "outcome": band["outcome"],
        "insurer_amount": insurer,
        "fund_amount": margin - insurer - negotiated,
        "negotiated_amount": negotiated,
    }
