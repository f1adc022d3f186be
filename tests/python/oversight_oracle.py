"""Oversight a second time, in plain Python over what the oracle decides: watch list, review flags, disclosure.

The models add up steps and sweep over them; here every day is looked at for itself, from the settlements alone.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import oracle
from oracle import Policy, Result, Settlement, Spell, money, months_later

ZERO = Decimal(0)
# Flags of the claim review: what was found, by rule and settlement.
Flags = dict[tuple[str, str], dict[str, Any]]
WATCH_COLUMNS = (
    "monitored_as",
    "assistance_category",
    "resolved_on",
    "risk_level",
    "peak_level",
    "year_to_date_level",
    "last_12_months_level",
    "level_2_passed_on",
    "level_3_passed_on",
    "year_to_date_burden",
    "last_12_months_burden",
    "peak_burden",
    "borne_months_1_to_3",
    "borne_months_4_to_6",
    "borne_months_7_to_9",
    "borne_months_10_to_12",
    "trend",
    "main_disease_code",
    "main_disease_burden",
    "main_institution_code",
    "main_institution_burden",
    "own_expense",
    "can_enrol_supplementary",
    "can_be_recognised",
    "is_aid_limit_reached",
    "helping_layer",
)


def year_of(settlement: Settlement, policy: Policy) -> int:
    """Rule A4: the benefit year by the reading of the pool."""
    schemes = [row for row in policy.seeds["scheme"] if row["pool_region_code"] == settlement.pool]
    return oracle.benefit_year_of(settlement, schemes[0])


# ---------------------------------------------------------------------------------------------
# I1. The watch list
# ---------------------------------------------------------------------------------------------


@dataclass
class Watched:
    """A person and all settlements, with what is needed to say the level of a day."""

    settlements: list[Settlement]
    spells: list[Spell]
    pool: str
    last_day: date


def category_on(spells: list[Spell], day: date, policy: Policy) -> str:
    """Rule C1: the highest category held on the day."""
    priority = {row["assistance_category"]: int(row["priority"]) for row in policy.seeds["assistance_category"]}
    held = {spell.category for spell in spells if spell.begin <= day and (spell.end is None or day < spell.end)}
    return min(held, key=priority.__getitem__, default="none")


def thresholds_on(pool: str, monitored_as: str, day: date, policy: Policy) -> list[Decimal | None]:
    return [
        money(oracle.pool_parameter(policy, pool, f"watch_{monitored_as}_level_{level}", day)) for level in (1, 2, 3)
    ]


def level_of(burden: Decimal, thresholds: list[Decimal | None]) -> int:
    return max((n for n, bound in enumerate(thresholds, 1) if bound is not None and burden > bound), default=0)


def state_of(person: Watched, day: date, result: Result, policy: Policy) -> dict[str, Any]:
    """What a person bears in both windows as of the end of a day, and the level of the warning."""
    borne = {s.settlement_id: result.burdens[s.settlement_id]["out_of_pocket"] for s in person.settlements}
    posted = [s for s in person.settlements if s.settled_at.date() <= day]
    year = sum((borne[s.settlement_id] for s in posted if in_year(s, day, policy)), ZERO)
    months = sum(
        (borne[s.settlement_id] for s in posted if day < months_later(s.root.settled_at.date(), 12)),
        ZERO,
    )
    category = category_on(person.spells, day, policy)
    [monitored_as] = [
        row["monitored_as"] for row in policy.seeds["assistance_category"] if row["assistance_category"] == category
    ]
    bounds = thresholds_on(person.pool, monitored_as, day, policy)
    levels = level_of(year, bounds), level_of(months, bounds)
    return {
        "day": day,
        "assistance_category": category,
        "monitored_as": monitored_as,
        "year_to_date_burden": year,
        "last_12_months_burden": months,
        "year_to_date_level": levels[0],
        "last_12_months_level": levels[1],
        "level": max(levels),
    }


def in_year(settlement: Settlement, day: date, policy: Policy) -> bool:
    """Whether a settlement is in the year to date: posted while its benefit year lasts, and that year lasts still."""
    year = year_of(settlement, policy)
    return settlement.settled_at.date() < date(year + 1, 1, 1) and day < date(year + 1, 1, 1)


def days_of_change(person: Watched, first_day: date, policy: Policy) -> list[date]:
    """Every day on which the level may change."""
    days = {s.settled_at.date() for s in person.settlements}
    days |= {months_later(s.root.settled_at.date(), 12) for s in person.settlements}
    days |= {date(year_of(s, policy) + 1, 1, 1) for s in person.settlements}
    days |= {day for spell in person.spells for day in (spell.begin, spell.end) if day and day > first_day}
    days |= {
        row["effective_from"]
        for row in policy.seeds["pool_parameter"]
        if row["pool_region_code"] == person.pool
        and row["parameter"].startswith("watch_")
        and row["effective_from"] > first_day
    }
    return sorted(day for day in days if day <= person.last_day)


def main_of(
    members: list[Settlement], name: str, borne: dict[str, Decimal], codes: dict
) -> tuple[str | None, Decimal | None]:
    """The disease or the institution that cost the person most, with what it cost."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for s in members:
        code = s.disease_code if name == "disease" else codes[s.settlement_id]
        if code is not None:
            sums[code] += borne[s.settlement_id]
    code = min(sums, key=lambda code: (-sums[code], code), default=None)
    return code, sums[code] if code is not None else None


def is_aid_limited(settlements: list[Settlement], day: date, result: Result, policy: Policy) -> bool:
    """Whether a settlement that weighs in the 12 months up to a day is of a year in which medical aid met its limit."""
    weighing = {
        year_of(s, policy)
        for s in settlements
        if s.settled_at.date() <= day < months_later(s.root.settled_at.date(), 12)
    }
    owed: dict[int, Decimal] = defaultdict(Decimal)
    for s in settlements:
        owed[year_of(s, policy)] += result.aid_entitlements.get(s.settlement_id, ZERO)
        owed[year_of(s, policy)] -= result.aids.get(s.settlement_id, ZERO)
    return any(owed[year] > 0 for year in weighing)


def helping_layer(row: dict[str, Any]) -> str:
    """Rule I1: to enrol, to be recognised, or relief where aid is at its limit."""
    if row["can_enrol_supplementary"]:
        return "supplementary"
    if row["can_be_recognised"]:
        return "medical_aid"
    return "relief" if row["is_aid_limit_reached"] else "none"


def watch_rows(person: Watched, first_day: date, result: Result, policy: Policy, codes: dict) -> dict[date, dict]:
    """The watch list's rows of a person by the day first passed."""
    rows: dict[date, dict] = {}
    current: list[dict] = []

    def close(resolved_on: date | None, last: dict) -> None:
        first = current[0]["day"]
        warned = current[-1]
        seen_on = resolved_on or person.last_day
        warned_on = resolved_on - timedelta(days=1) if resolved_on else person.last_day
        members = [s for s in person.settlements if months_later(first, -12) < s.settled_at.date() <= seen_on]
        borne = {s.settlement_id: result.burdens[s.settlement_id]["out_of_pocket"] for s in members}

        def between(earlier: int, later: int) -> Decimal:
            since, until = months_later(warned_on, -earlier), months_later(warned_on, -later)
            return sum((borne[s.settlement_id] for s in members if since < s.settled_at.date() <= until), ZERO)

        halves = between(6, 0), between(12, 6)
        disease, disease_burden = main_of(members, "disease", borne, codes)
        institution, institution_burden = main_of(members, "institution", borne, codes)
        rows[first] = {
            "monitored_as": warned["monitored_as"],
            "assistance_category": warned["assistance_category"],
            "resolved_on": resolved_on,
            "risk_level": last["level"],
            "peak_level": max(state["level"] for state in current),
            "year_to_date_level": last["year_to_date_level"],
            "last_12_months_level": last["last_12_months_level"],
            "level_2_passed_on": min((state["day"] for state in current if state["level"] >= 2), default=None),
            "level_3_passed_on": min((state["day"] for state in current if state["level"] == 3), default=None),
            "year_to_date_burden": last["year_to_date_burden"],
            "last_12_months_burden": last["last_12_months_burden"],
            "peak_burden": max(
                max(state["year_to_date_burden"], state["last_12_months_burden"]) for state in [*current, last]
            ),
            "borne_months_1_to_3": between(3, 0),
            "borne_months_4_to_6": between(6, 3),
            "borne_months_7_to_9": between(9, 6),
            "borne_months_10_to_12": between(12, 9),
            "trend": "rising" if halves[0] > halves[1] else "falling" if halves[0] < halves[1] else "steady",
            "main_disease_code": disease,
            "main_disease_burden": disease_burden,
            "main_institution_code": institution,
            "main_institution_burden": institution_burden,
            "own_expense": sum((s.components["own_expense"] for s in members), ZERO),
            "is_aid_limit_reached": is_aid_limited(person.settlements, warned_on, result, policy),
            "seen_on": seen_on,
        }
        current.clear()

    for day in days_of_change(person, first_day, policy):
        state = state_of(person, day, result, policy)
        if state["level"] > 0:
            current.append(state)
        elif current:
            close(day, state)
    if current:
        close(None, current[-1])
    return rows


def watch_list(result: Result, policy: Policy) -> dict[tuple[str, date], dict]:
    """Rule I1: rows by person number and day first passed."""
    spells = result.assistance_spells
    codes = {row["setl_id"]: row["fixmedins_code"] for row in result.accepted["setl_d"]}
    by_person: dict[str, list[Settlement]] = defaultdict(list)
    days: dict[str, list[date]] = defaultdict(list)
    for s in result.settlements.values():
        by_person[s.person_no].append(s)
        days[s.pool].append(s.settled_at.date())
    first_years = [
        row["effective_from"].year for row in policy.seeds["scheme"] if row["scheme_kind"] == "supplementary"
    ]
    premiums = oracle.premiums_of(result.accepted["supp_enrl_d"], min(first_years, default=0), 9999)
    offered = {
        kind: {
            row["pool_region_code"]: row["effective_from"]
            for row in policy.seeds["scheme"]
            if row["scheme_kind"] == kind
        }
        for kind in ("supplementary", "medical_aid")
    }
    found = {}
    for person_no, members in by_person.items():
        newest = max(members, key=lambda s: (year_of(s, policy), s.settled_at, s.settlement_id))
        lowest = [
            money(row["value"])
            for row in policy.seeds["pool_parameter"]
            if row["pool_region_code"] == newest.pool and row["parameter"].startswith("watch_")
        ]
        gross = sum((max(ZERO, result.burdens[s.settlement_id]["out_of_pocket"]) for s in members), ZERO)
        if not lowest or gross <= min(lowest):
            continue
        person = Watched(members, spells.get(person_no, []), newest.pool, max(days[newest.pool]))
        for first, row in watch_rows(person, min(days[newest.pool]), result, policy, codes).items():
            seen_on = row.pop("seen_on")

            def is_offered(kind: str, pool: str = person.pool, day: date = seen_on) -> bool:
                return pool in offered[kind] and offered[kind][pool] <= day

            is_enrolled = any(
                premium.year == seen_on.year and premium.paid_on <= seen_on for premium in premiums.get(person_no, ())
            )
            row["can_enrol_supplementary"] = is_offered("supplementary") and not is_enrolled
            row["can_be_recognised"] = is_offered("medical_aid") and row["monitored_as"] == "fall_into_poverty"
            row["helping_layer"] = helping_layer(row)
            found[person_no, first] = row
    return found


def compare_watch(warehouse: Any, result: Result, policy: Policy, keys: dict[str, str], differences: Any) -> list[str]:
    """Every row of the watch list on both sides."""
    found = warehouse.keyed("oversight.poverty_risk_watchlist", ("person_key", "first_passed_on"), WATCH_COLUMNS)
    expected = {(keys[person], first): row for (person, first), row in watch_list(result, policy).items()}
    return differences("poverty_risk_watchlist", expected, found)


# ---------------------------------------------------------------------------------------------
# I9. Claim review
# ---------------------------------------------------------------------------------------------


@dataclass
class Claim:
    """A settlement that stands: its raw row, and its cost less what was taken back."""

    settlement: Settlement
    row: dict[str, Any]
    cost: Decimal

    @property
    def begins(self) -> date | None:
        return self.row["begndate"].date() if self.row["begndate"] else None

    @property
    def ends(self) -> date | None:
        return self.row["enddate"].date() if self.row["enddate"] else self.begins


def standing(result: Result) -> list[Claim]:
    """Rule A3: what is left of every original settlement that was not taken back whole."""
    rows = {row["setl_id"]: row for row in result.accepted["setl_d"]}
    left: dict[str, Decimal] = defaultdict(Decimal)
    has_reversal = set()
    for s in result.settlements.values():
        left[s.root.settlement_id] += s.components["total_cost"]
        if s.is_reversal:
            has_reversal.add(s.root.settlement_id)
    return [
        Claim(s, rows[s.settlement_id], left[s.settlement_id])
        for s in result.settlements.values()
        if not s.is_reversal and (s.settlement_id not in has_reversal or left[s.settlement_id])
    ]


def rule_on(rules: list[oracle.Row], rule_no: str, day: date) -> tuple[Decimal, int]:
    """Threshold and fewest peers of a review rule; a rule that is not in force finds nothing."""
    [row] = [row for row in rules if row["rule_no"] == rule_no and oracle.in_force(row, day)] or [None]
    if row is None:
        return Decimal("Infinity"), 0
    return Decimal(row["threshold"]), int(row["minimum_peers"] or 0)


def finding(evidence: str, observed: Any = None, expected: Any = None, **more: Any) -> dict[str, Any]:
    """What a flag says of itself."""
    empty = {"finding_count": 1, "related_settlement_id": None, "item_code": None}
    return {"observed_value": observed, "expected_value": expected, "evidence": evidence} | empty | more


def flags_of_stays(claims: list[Claim], rules: list[oracle.Row]) -> Flags:
    """R01: an earlier stay of the person still lasts. R02: the hospital had discharged the person on the day."""
    flags: Flags = {}
    by_person: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        if claim.settlement.care_type == "inpatient" and claim.begins:
            by_person[claim.settlement.person_no].append(claim)
    for stays in by_person.values():
        stays.sort(key=lambda c: (c.begins, c.ends, c.settlement.settlement_id))
        for place, stay in enumerate(stays):
            day, key = stay.settlement.settled_at.date(), stay.settlement.settlement_id
            longest = max(stays[:place], key=lambda c: (c.ends, c.settlement.settlement_id), default=None)
            threshold = rule_on(rules, "R01", day)[0]
            if longest and (shared := (min(longest.ends, stay.ends) - stay.begins).days) > threshold:
                other = longest.settlement.settlement_id
                told = f"stay from {stay.begins} to {stay.ends} begins before {other} ends on {longest.ends}"
                flags["R01", key] = finding(told, shared, threshold, related_settlement_id=other)
            hospital = [c for c in stays if c.row["fixmedins_code"] == stay.row["fixmedins_code"]]
            hospital.sort(key=lambda c: (c.ends, c.begins, c.settlement.settlement_id))
            former = hospital[hospital.index(stay) - 1] if hospital.index(stay) else None
            threshold = rule_on(rules, "R02", day)[0]
            if (
                former
                and stay.row["fixmedins_code"]
                and (days := (stay.begins - former.ends).days) >= 0
                and days <= threshold
            ):
                other = former.settlement.settlement_id
                told = f"admitted on {stay.begins} to the hospital that discharged {other} on {former.ends}"
                flags["R02", key] = finding(told, days, threshold, related_settlement_id=other)
    return flags


def flags_of_persons(claims: list[Claim], result: Result, policy: Policy, rules: list[oracle.Row]) -> Flags:
    """R03: care after death. R04: no basic insurance of the pool on the day."""
    died: dict[str, date] = {}
    for row in result.accepted["mdtrt_d"]:
        if row["die_date"]:
            day = row["die_date"].date()
            died[row["psn_no"]] = min(day, died.get(row["psn_no"], day))
    spells: dict[tuple[str, str], list[oracle.Row]] = defaultdict(list)
    for row in result.accepted["psn_insu_d"]:
        spells[row["psn_no"], policy.pool_of(row["insu_admdvs"])].append(row)
    flags: Flags = {}
    for claim in claims:
        person, key = claim.settlement.person_no, claim.settlement.settlement_id
        settled_on = claim.settlement.settled_at.date()
        day = claim.begins or settled_on
        threshold = rule_on(rules, "R03", settled_on)[0]
        if person in died and (days := (day - died[person]).days) > threshold:
            told = f"care began on {day}, the person died on {died[person]}"
            flags["R03", key] = finding(told, days, threshold)
        if not any(oracle.spell_in_force(row, day) for row in spells[person, claim.settlement.pool]):
            told = f"care began on {day}, when no basic insurance of the person in the pool was in force"
            flags["R04", key] = finding(told)
    return flags


FUNDS = ("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "hifdm_pay", "maf_pay", "othfund_pay")


def sums_of(row: oracle.Row, account: Decimal) -> list[tuple[str, Decimal, Decimal]]:
    """Rule A5: each identity of a settlement, recorded and made by its parts; a sum of 0 was not delivered."""

    def amount(name: str) -> Decimal:
        return row[name] or ZERO

    total, fund, person, cash = map(amount, ("medfee_sumamt", "fund_pay_sumamt", "psn_pay", "cash_payamt"))
    parts = map(amount, ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_amt"))
    sums = [
        ("fund payments", fund, sum(map(amount, FUNDS)) + account),
        ("payment of the person", person, total - fund - amount("ownpay_hosp_part") + account),
        ("cash payment", cash, person - amount("acct_pay")),
    ]
    return [("cost", total, sum(parts, ZERO)), *(each for each in sums if each[1])]


def flags_of_sums(result: Result, policy: Policy, rules: list[oracle.Row]) -> Flags:
    """R05: the identities of rule A5. R06: fee lines against their settlement."""
    lines: dict[str, list[Decimal]] = defaultdict(list)
    for row in result.accepted["fee_list_d"]:
        lines[row["setl_id"]].append(row["det_item_fee_sumamt"] or ZERO)
    flags: Flags = {}
    for row in result.accepted["setl_d"]:
        key = row["setl_id"]
        if key not in result.settlements:
            continue
        s = result.settlements[key]
        day = s.settled_at.date()
        with_account = oracle.pool_parameter(policy, s.pool, "fund_total_includes_account", day) == "true"
        account = (row["acct_pay"] or ZERO) if with_account else ZERO
        tolerance = rule_on(rules, "R05", day)[0]
        broken = [each for each in sums_of(row, account) if abs(each[1] - each[2]) > tolerance]
        if broken:
            name, recorded, made = broken[0]
            told = f"{name} recorded as {recorded:.2f}, its parts make {made:.2f}"
            flags["R05", key] = finding(told, recorded, made, finding_count=len(broken))
        total, made = row["medfee_sumamt"] or ZERO, sum(lines.get(key, ()), ZERO)
        if key in lines and abs(made - total) > rule_on(rules, "R06", day)[0]:
            told = f"{len(lines[key])} fee lines add up to {made:.2f}, the settlement says {total:.2f}"
            flags["R06", key] = finding(told, made, total, finding_count=len(lines[key]))
    return flags


def age_on(born: date, day: date) -> int:
    """Full years; who was born on 29 February turns a year older on the 28th in other years, as add_months says."""
    return next(years for years in range(200, -1, -1) if months_later(born, 12 * years) <= day)


def flags_of_items(claims: list[Claim], result: Result, items: list[oracle.Row]) -> Flags:
    """R07 to R10: listed items by quantity, price, sex and age; of several the first by code is the evidence."""
    listed = {row["item_code"] for row in items}
    charged: dict[tuple[str, str], list[oracle.Row]] = defaultdict(list)
    for row in result.accepted["fee_list_d"]:
        if row["med_list_codg"] in listed:
            charged[row["setl_id"], row["med_list_codg"]].append(row)
    persons = {row["psn_no"]: row for row in result.accepted["psn_info_b"]}
    place = {claim.settlement.settlement_id: claim for claim in claims}
    flags: Flags = {}
    for (key, code), rows in sorted(charged.items()):
        if key not in place:
            continue
        day = place[key].settlement.settled_at.date()
        person = persons.get(place[key].settlement.person_no, {})
        for item in items:
            if item["item_code"] != code or not oracle.in_force(item, day):
                continue
            for rule_no, (told, observed, expected) in item_faults(item, rows, person, day).items():
                found = finding(f"{item['item_name']}: {told}", observed, expected, item_code=code)
                flags.setdefault((rule_no, key), found | {"finding_count": 0})["finding_count"] += 1
    return flags


def item_faults(
    item: oracle.Row, rows: list[oracle.Row], person: oracle.Row, day: date
) -> dict[str, tuple[str, Decimal | None, Decimal | None]]:
    """What is wrong with a listed item of a settlement, by rule: in words, found and allowed."""
    quantity = sum((row["cnt"] or ZERO for row in rows), ZERO)
    price = max((row["pric"] for row in rows if row["pric"] is not None), default=ZERO)
    most, dearest = (Decimal(item[name] or "Infinity") for name in ("quantity_to", "unit_price_to"))
    born, sex = person.get("brdy"), person.get("gend")
    faults: dict[str, tuple[str, Decimal | None, Decimal | None]] = {}
    if quantity > most:
        faults["R07"] = (f"quantity {quantity:.2f} above {most:.2f}", quantity, most)
    if price > dearest:
        faults["R08"] = (f"unit price {price:.4f} above {dearest:.2f}", price, dearest)
    if item["sex"] and sex in ("1", "2") and sex != item["sex"]:
        names = {"1": "male", "2": "female"}
        faults["R09"] = (f"for {names[item['sex']]} persons, this one is {names[sex]}", None, None)
    if born and not is_of_age(born.date(), day, item):
        ages = f"from {item['age_from'] or 0} to below {item['age_to'] or 200}"
        faults["R10"] = (f"for ages {ages}, the person was born in {born.year}", None, None)
    return faults


def is_of_age(born: date, day: date, item: oracle.Row) -> bool:
    """Whether the item is for the age; before birth it is for none that has a least age."""
    age = age_on(born, day) if born <= day else -1
    return (item["age_from"] is None or age >= int(item["age_from"])) and (
        item["age_to"] is None or age < int(item["age_to"])
    )


def nearest_rank(values: list[Decimal], percent: int) -> Decimal:
    """The smallest value that so many hundredths of the values do not exceed."""
    ranked = sorted(values)
    return ranked[max(0, -(-len(ranked) * percent // 100) - 1)]


def flags_of_cost(claims: list[Claim], rules: list[oracle.Row]) -> Flags:
    """R11: cost against the median of the peers, in median deviations."""
    groups: dict[tuple, list[Claim]] = defaultdict(list)
    for claim in claims:
        s, level = claim.settlement, claim.row["hosp_lv"]
        if s.care_type == "inpatient" and s.disease_code is not None and level is not None:
            groups[s.pool, s.disease_code, level].append(claim)
    flags: Flags = {}
    for members in groups.values():
        median = nearest_rank([claim.cost for claim in members], 50)
        deviation = nearest_rank([abs(claim.cost - median) for claim in members], 50)
        for claim in members:
            threshold, fewest = rule_on(rules, "R11", claim.settlement.settled_at.date())
            if deviation and len(members) >= fewest and claim.cost > median + threshold * deviation:
                told = (
                    f"cost {claim.cost:.2f}, median of {len(members)} peers {median:.2f},"
                    f" median deviation {deviation:.2f}"
                )
                flags["R11", claim.settlement.settlement_id] = finding(
                    told, claim.cost, median + threshold * deviation, finding_count=len(members)
                )
    return flags


def review_flags(result: Result, policy: Policy, rules: list[oracle.Row], items: list[oracle.Row]) -> Flags:
    """Rule I9: every settlement that a rule flags, with its evidence."""
    claims = standing(result)
    return {
        **flags_of_stays(claims, rules),
        **flags_of_persons(claims, result, policy, rules),
        **flags_of_sums(result, policy, rules),
        **flags_of_items(claims, result, items),
        **flags_of_cost(claims, rules),
    }


def compare_review(warehouse: Any, result: Result, policy: Policy, seeds_dir: Path, differences: Any) -> list[str]:
    """Every flag and its evidence on both sides."""
    rules, items = (oracle.read_seed(seeds_dir, name) for name in ("review_rule", "review_item"))
    flags = review_flags(result, policy, rules, items)
    for row in flags.values():
        for name in ("observed_value", "expected_value"):
            row[name] = None if row[name] is None else oracle.round_half_up(Decimal(row[name]))
    columns = tuple(finding("")) if flags else ()
    found = warehouse.keyed("oversight.claim_review_flag", ("rule_no", "settlement_id"), columns)
    return differences("claim_review_flag", flags, found)


# ---------------------------------------------------------------------------------------------
# J1, J2. Disclosure
# ---------------------------------------------------------------------------------------------

PLACES = {"1": "by_hand", "2": "on_the_spot", "3": "elsewhere_in_province", "4": "outside_province"}
# A disclosed table: row -> column -> (persons, payouts).
Cells = dict[str, dict[str, tuple[int, Decimal]]]


def disclosed_tables(result: Result) -> dict[tuple[str, int, str], Cells]:
    """The persons paid of each scheme and year by county and by place of settlement, totals included."""
    paid = [account for account in result.all_accounts if account.payout_amount > 0]
    place = {row["setl_id"]: PLACES.get(row["pay_loc"], "unknown") for row in result.accepted["setl_d"]}
    persons: dict[tuple, set[str]] = defaultdict(set)
    money_of: dict[tuple, Decimal] = defaultdict(Decimal)
    paid_keys = {(account.scheme_id, account.benefit_year, account.person_no) for account in paid}
    for account in paid:
        group = "aided" if account.assistance_category != "none" else "other"
        for row in (account.region_code, "total"):
            for column in (group, "total"):
                key = (account.scheme_id, account.benefit_year, "county", row, column)
                persons[key].add(account.person_no)
                money_of[key] += account.payout_amount
    for payout in result.all_payouts:
        person = result.settlements[payout.settlement_id].person_no
        if payout.payout_amount and (payout.scheme_id, payout.benefit_year, person) in paid_keys:
            for row in (place[payout.settlement_id], "total"):
                key = (payout.scheme_id, payout.benefit_year, "settlement_place", row, "total")
                persons[key].add(person)
                money_of[key] += payout.payout_amount
    tables: dict[tuple[str, int, str], Cells] = defaultdict(dict)
    for scheme_id, year, section, row, column in persons:
        key = (scheme_id, year, section, row, column)
        tables[scheme_id, year, section].setdefault(row, {})[column] = (len(persons[key]), money_of[key])
    for (_, _, section), cells in tables.items():
        for row in cells:
            for column in ("aided", "other", "total") if section == "county" else ("total",):
                cells[row].setdefault(column, (0, ZERO))
    return tables


def withheld_cells(cells: Cells) -> set[tuple[str, str]]:
    """Rule J2: cells of 1 to 4 persons, then second ones until no row and no column has one alone."""
    withheld = {(row, column) for row in cells for column in cells[row] if 1 <= cells[row][column][0] <= 4}
    columns = sorted({column for row in cells.values() for column in row})
    for row in cells:
        hidden = [column for column in columns if (row, column) in withheld]
        if len(hidden) == 1 and len(columns) > 1:
            withheld |= {(row, "aided"), (row, "other")}
    outs = {column: sum((row, column) in withheld for row in cells) for column in columns}
    alone = [column for column in columns if outs[column] == 1]
    if alone:
        parts = [row for row in cells if row != "total"]
        free = [row for row in parts if not any((row, column) in withheld for column in alone)]
        # with persons before empty, small before large
        free.sort(key=lambda row: (not cells[row]["total"][0], cells[row]["total"][0], row))
        shared = [column for column in columns if outs[column] > 1] if len(alone) == 1 else []
        withheld |= {(row, column) for row in free[:1] for column in [*alone, *shared]}
        if not free:
            withheld |= {(row, column) for row in parts for column in columns}
    return withheld


def disclosed_cases(result: Result) -> dict[tuple[str, int, str], int]:
    """Settlements with a payout of each scheme, year and place of settlement, of persons who are paid in the year."""
    paid = {(a.scheme_id, a.benefit_year, a.person_no) for a in result.all_accounts if a.payout_amount > 0}
    place = {row["setl_id"]: PLACES.get(row["pay_loc"], "unknown") for row in result.accepted["setl_d"]}
    cases: dict[tuple[str, int, str], int] = defaultdict(int)
    for payout in result.all_payouts:
        person = result.settlements[payout.settlement_id].person_no
        if payout.payout_amount > 0 and (payout.scheme_id, payout.benefit_year, person) in paid:
            for row in (place[payout.settlement_id], "total"):
                cases[payout.scheme_id, payout.benefit_year, row] += 1
    return cases


def disclosed_days(result: Result) -> dict[tuple[str, int], dict[str, Decimal | None]]:
    """Days from discharge to settlement of paid stays; those of 1 to 4 persons are withheld."""
    ends = {row["setl_id"]: row["enddate"] for row in result.accepted["setl_d"]}
    days: dict[tuple[str, int], list[Decimal]] = defaultdict(list)
    persons: dict[tuple[str, int], set[str]] = defaultdict(set)
    for payout in result.all_payouts:
        s = result.settlements[payout.settlement_id]
        if payout.payout_amount > 0 and not s.is_reversal and s.care_type == "inpatient" and ends[s.settlement_id]:
            key = payout.scheme_id, payout.benefit_year
            days[key].append(Decimal((s.settled_at.date() - ends[s.settlement_id].date()).days))
            persons[key].add(s.person_no)
    return {
        key: {
            name: nearest_rank(values, percent) if len(persons[key]) > 4 else None
            for name, percent in (("median_days", 50), ("percentile_90_days", 90))
        }
        for key, values in days.items()
    }


def compare_disclosure(warehouse: Any, result: Result, differences: Any) -> list[str]:
    """Every cell of the disclosed tables and the figures of persons and days, value or withheld, on both sides."""
    expected = {}

    def disclose(key: tuple, value: Decimal | int | None, is_withheld: bool) -> None:
        shown = None if is_withheld or value is None else Decimal(value)
        expected[key] = {"disclosed_value": shown, "is_withheld": is_withheld}

    cases, days = disclosed_cases(result), disclosed_days(result)
    for (scheme_id, year, section), cells in disclosed_tables(result).items():
        withheld = withheld_cells(cells)
        if section == "settlement_place":
            whole = cases[scheme_id, year, "total"]
            for row in cells:
                is_withheld, count = (row, "total") in withheld, cases[scheme_id, year, row]
                share = (Decimal(count) / whole).quantize(Decimal("0.0001"), rounding=ROUND_HALF_UP)
                disclose((scheme_id, year, section, row, "total", "cases_paid"), count, is_withheld)
                disclose((scheme_id, year, section, row, "total", "case_share"), share, is_withheld)
            is_few = 1 <= cells["total"]["total"][0] <= 4
            figures = zip(("persons_paid", "payout_amount"), cells["total"]["total"], strict=True)
            for measure, value in (*figures, ("cases_paid", whole)):
                disclose((scheme_id, year, "summary", "scheme", "total", measure), value, is_few)
            for measure, value in days.get((scheme_id, year), {}).items():
                disclose((scheme_id, year, "summary", "scheme", "total", measure), value, is_few or value is None)
        for row, columns in cells.items():
            for column, amounts in columns.items():
                for measure, value in zip(("persons_paid", "payout_amount"), amounts, strict=True):
                    disclose((scheme_id, year, section, row, column, measure), value, (row, column) in withheld)
    found = warehouse.keyed(
        "oversight.annual_disclosure",
        ("scheme_id", "benefit_year", "section", "row_code", "column_code", "measure"),
        ("disclosed_value", "is_withheld"),
        # funding is compared where it is made; a year in which nobody is paid has zeros and no table
        """section in ('county', 'settlement_place') or (
            section = 'summary' and measure not in ('insured_heads', 'income_amount', 'balance_amount')
            and (scheme_id, benefit_year) in (
                select (scheme_id, benefit_year) from oversight.annual_disclosure where section = 'county'))""",
    )
    return differences("annual_disclosure", expected, found)


def compare(warehouse: Any, result: Result, seeds_dir: Path, keys: dict[str, str], differences: Any) -> list[str]:
    """Every difference between the marts of oversight and this oracle."""
    policy = Policy.read(seeds_dir)
    return [
        *compare_watch(warehouse, result, policy, keys, differences),
        *compare_review(warehouse, result, policy, seeds_dir, differences),
        *compare_disclosure(warehouse, result, differences),
    ]
