"""Populations made to hurt: raw tables near every bound, every kind of dirt, other policies.

`cases()` is a hypothesis strategy of small drawn numbers; `write_case` turns one into a raw folder
and a seeds folder. A population is a dict of table -> list of rows of text values, so that the
writer is free to deliver it as typed Parquet, Parquet of text or CSV. All randomness comes from the
drawn seed. A row's `_part` says which file it must go to; it is no column.
"""

from __future__ import annotations

import csv
import gzip
import random
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import oracle
import pyarrow
import pyarrow.parquet
from hypothesis import strategies as st

Row = dict[str, str]
Tables = dict[str, list[Row]]

LAYOUTS = ("parquet_typed", "parquet_text", "csv", "csv_gz")
LAST_DAY = date(2025, 1, 1)  # settlements end before it; deliveries come after it
INPATIENT = ("21", "22", "23", "24")
BAD_AMOUNTS = ("abc", "1.234", "1e3", "1,000.00", "--", "12.", "0x1F", "1_000", "12 50")
BAD_TIMES = ("2024-13-01", "2023-02-29", "yesterday", "2024", "2024-01-01 25:00:00", "0")


# ---------------------------------------------------------------------------------------------
# Seeds: a copy with another policy
# ---------------------------------------------------------------------------------------------


class SeedFolder:
    """The seeds of a copy, read and written back whole."""

    def __init__(self, folder: Path):
        self.folder = folder

    def read(self, name: str) -> tuple[list[str], list[Row]]:
        with oracle.find_seed(self.folder, name).open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines)
            return list(reader.fieldnames or ()), list(reader)

    def write(self, name: str, columns: list[str], rows: Iterable[Row]) -> None:
        path = oracle.find_seed(self.folder, name)
        with path.open("w", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, columns, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    def edit(self, name: str, change) -> None:
        columns, rows = self.read(name)
        for row in rows:
            change(row)
        self.write(name, columns, rows)

    def append(self, name: str, *rows: Row) -> None:
        columns, known = self.read(name)
        unknown = {column for row in rows for column in row} - set(columns)
        if unknown:
            raise ValueError(f"{name}.csv has no column {', '.join(sorted(unknown))}")
        self.write(name, columns, [*known, *rows])


def dated(**columns: object) -> Row:
    """A dated seed row, enacted by the generated document from 2021 on unless it says otherwise."""
    row = {
        "effective_from": "2021-01-01",
        "effective_to": "",
        "document_id": "generated_2021",
        "article": "1",
        "reviewed_on": "2026-11-21",
        "status": "enacted",
    }
    row |= {name: "" if value is None else str(value) for name, value in columns.items()}
    return row


def vary_seeds(source: Path, target: Path, rng: random.Random) -> None:
    """Copies the seeds and draws another policy: readings of the five schemes, and a sixth city."""
    shutil.copytree(source, target, dirs_exist_ok=True)
    seeds = SeedFolder(target)
    vary_readings(seeds, rng)
    city = NewCity(seeds, rng)
    city.add()
    if rng.random() < 0.5:
        succeed(seeds, "new_cii", rng.choice(("2022-01-01", city.versions[-1][0], "2023-07-01")))


def succeed(seeds: SeedFolder, scheme_id: str, day: str) -> None:
    """Ends a scheme on a day, and lets another one of the same rows, or of those from then on, follow it."""
    if day == "2021-01-01":
        return
    for name in ("scheme", "benefit_term", "benefit_tier", "category_modifier", "coverage"):
        columns, rows = seeds.read(name)
        divided = []
        for row in rows:
            if row["scheme_id"] != scheme_id:
                divided.append(row)
                continue
            if row["effective_from"] < day:
                ends = min(row["effective_to"] or day, day)
                divided.append(row | {"effective_to": ends})
            if not row["effective_to"] or row["effective_to"] > day:
                begins = max(row["effective_from"], day)
                divided.append(row | {"scheme_id": f"{scheme_id}_next", "effective_from": begins})
        seeds.write(name, columns, divided)
    _, standards = seeds.read("funding_standard")
    own = [row for row in standards if row["scheme_id"] == scheme_id]
    seeds.append("funding_standard", *(row | {"scheme_id": f"{scheme_id}_next"} for row in own))


def vary_readings(seeds: SeedFolder, rng: random.Random) -> None:
    """The parameters by which a region reads a document otherwise; one year basis per pool."""
    year_basis: dict[str, str] = defaultdict(lambda: rng.choice(("settlement", "discharge")))
    inclusive: dict[str, str] = defaultdict(lambda: rng.choice(("upper", "lower")))
    aid_order = rng.choice(("25", "40"))  # before the supplementary insurance or after it (rule E6)

    def scheme(row: Row) -> None:
        row["benefit_year_basis"] = year_basis[row["pool_region_code"]]
        if row["scheme_kind"] == oracle.CRITICAL_ILLNESS:
            row["status_change_rule"] = rng.choice(("prospective", "retroactive"))
            row["reversal_terms"] = rng.choice(("original", "posting", ""))
        if row["scheme_kind"] == "medical_aid":
            row["layer_order"] = aid_order

    # The published scheme has no limit; another region's may, and a category may be without (rule D4).
    limit = rng.choice(("", "500.00", "2000.00", "60000.00"))

    def term(row: Row) -> None:
        row["bound_inclusive"] = inclusive[row["scheme_id"]]
        if row["scheme_id"] == "lishui_supplementary":
            row["annual_limit"] = limit

    def corridor(row: Row) -> None:
        row["band_basis"] = "excess"

    seeds.edit("scheme", scheme)
    seeds.edit("benefit_term", term)
    if limit:
        seeds.append(
            "category_modifier",
            dated(
                scheme_id="lishui_supplementary",
                assistance_category="subsistence_allowance",
                deductible_factor="1",
                rate_addition=rng.choice(("0.05", "")),
                limit_waived=rng.choice(("true", "false")),
                document_id="generated_2021",
            ),
        )
    if rng.random() < 0.5:
        seeds.edit("risk_corridor_band", corridor)


def yuan(amount: Decimal | int) -> str:
    """An amount with two decimals."""
    return format(Decimal(amount).quantize(oracle.CENT), "f")


class NewCity:
    """A sixth pooling region with schemes, ladders, limits, categories and coverage of its own."""

    PROVINCE, POOL = "990000", "990100"
    COUNTIES = ("990102", "990103", "990104")
    CARE = ("inpatient", "special_outpatient")

    def __init__(self, seeds: SeedFolder, rng: random.Random):
        self.seeds, self.rng = seeds, rng
        change = rng.choice(("2022-07-01", "2023-01-01", "2023-03-15"))
        self.versions = rng.choice(([("2021-01-01", "")], [("2021-01-01", change), (change, "")]))
        self.two_pools = rng.random() < 0.5
        self.year_basis = rng.choice(("settlement", "discharge"))

    def add(self) -> None:
        self.add_document()
        self.add_regions()
        self.add_dictionaries()
        for scheme_id, insurance_type, split in self.schemes():
            self.add_scheme(scheme_id, insurance_type)
            for terms_of in split:
                for effective in self.versions:
                    self.add_ladder(scheme_id, terms_of, *effective)
            self.add_categories(scheme_id)
            self.add_coverage(scheme_id)
            self.add_funding(scheme_id, insurance_type)

    def schemes(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """(scheme, its insurance type, insurance types that its terms are given for)."""
        both = ("employee", "resident")
        return self.rng.choice(
            (
                [("new_cii", "all", ("all",))],
                [("new_cii", "all", both)],
                [("new_cii_employee", "employee", both[:1]), ("new_cii", "resident", both[1:])],
            )
        )

    def add_document(self) -> None:
        self.seeds.append(
            "policy_document",
            {
                "document_id": "generated_2021",
                "title": "Generated policy",
                "title_zh": "生成的政策",
                "issuer": "tests",
                "issued_on": "2021-01-01",
                "file": "facts.md",
            },
        )

    def add_regions(self) -> None:
        def region(code: str, level: str, parent: str = "", into: str = "") -> Row:
            return {
                "region_code": code,
                "region_name": f"Place {code}",
                "region_name_zh": f"地区{code}",
                "region_level": level,
                "parent_region_code": parent,
                "retired_into": into,
            }

        self.seeds.append(
            "region",
            region(self.PROVINCE, "province"),
            region(self.POOL, "city", self.PROVINCE),
            *(region(code, "county", self.POOL) for code in self.COUNTIES),
            region("990199", "seat", self.POOL),
            region("990122", "county", self.POOL, "990103"),
        )

    def add_dictionaries(self) -> None:
        pool = {"pool_region_code": self.POOL}
        self.seeds.append(
            "identity_code",
            pool | {"psn_idet_type": "7019", "assistance_category": "near_subsistence"},
            pool | {"psn_idet_type": "9001", "assistance_category": "extremely_poor"},
        )
        self.seeds.append(
            "care_type_code",
            pool | {"med_type": "15", "care_type": "special_outpatient"},
            pool | {"med_type": "24", "care_type": "outpatient"},
        )
        self.seeds.append(
            "insurance_type_code",
            pool | {"insutype": "360", "insurance_type": "employee", "insurance_line": "employee"},
        )
        self.seeds.append(
            "pool_parameter",
            dated(
                pool_region_code=self.POOL,
                parameter="fund_total_includes_account",
                value="false",
                unit="boolean",
            ),
        )

    def add_scheme(self, scheme_id: str, insurance_type: str) -> None:
        self.seeds.append(
            "scheme",
            dated(
                scheme_id=scheme_id,
                scheme_name=f"Generated {scheme_id}",
                scheme_name_zh=f"生成的{scheme_id}",
                scheme_kind=oracle.CRITICAL_ILLNESS,
                pool_region_code=self.POOL,
                insurance_type=insurance_type,
                layer_order=20,
                benefit_year_basis=self.year_basis,
                status_change_rule=self.rng.choice(("prospective", "retroactive")),
                reversal_terms=self.rng.choice(("original", "posting", "")),
            ),
        )

    def add_ladder(self, scheme_id: str, terms_of: str, since: str, until: str) -> None:
        """Random terms, and one to eight tiers with rising rates, gross or net."""
        rng = self.rng
        version = {"scheme_id": scheme_id, "insurance_type": terms_of}
        version |= {"effective_from": since, "effective_to": until}
        inclusive = rng.choice(("upper", "lower"))
        deductible = Decimal(rng.choice(("0", "5000", "12000.5", "18000", "25700.33")))
        basis = "net" if self.two_pools else rng.choice(("gross", "net"))
        limit_basis = "payout" if self.two_pools else rng.choice(("payout", "eligible_expense"))
        limit = None
        if rng.random() < 0.75:
            limit = Decimal(rng.choice(("20000", "50000.07", "150000", "400000")))
            if limit_basis == "eligible_expense":
                limit += deductible
        terms = {"eligible": deductible}
        if self.two_pools:
            terms["extra"] = Decimal(rng.choice(("0", "3000", "18000.01")))
        for expense_pool, amount in terms.items():
            self.seeds.append(
                "benefit_term",
                dated(
                    **version,
                    expense_pool=expense_pool,
                    deductible=yuan(amount),
                    annual_limit=None if limit is None else yuan(limit),
                    limit_basis=limit_basis,
                    tier_basis=basis,
                    bound_inclusive=inclusive,
                ),
            )
        count = rng.randint(1, 8)
        rates = sorted(rng.sample(range(3000, 9000), count))
        lower = deductible if basis == "gross" else Decimal(0)
        for number, rate in enumerate(rates, start=1):
            step = Decimal(rng.choice((5_000_00, 10_000_00, 20_000_01, 33_333_33))) / 100
            upper = None if number == count else lower + step
            self.seeds.append(
                "benefit_tier",
                dated(
                    **version,
                    tier_no=number,
                    lower_bound=yuan(lower),
                    upper_bound=None if upper is None else yuan(upper),
                    rate=f"{Decimal(rate) / 10000:.4f}",
                ),
            )
            lower = upper

    def add_categories(self, scheme_id: str) -> None:
        """Some categories have a modifier, so that others are held without one."""
        rng = self.rng
        categories = ("extremely_poor", "subsistence_allowance", "near_subsistence")
        categories += ("special_hardship", "temporary_relief", "registered_poor")
        for category in rng.sample(categories, rng.randint(2, 5)):
            overridden = rng.random() < 0.5
            self.seeds.append(
                "category_modifier",
                dated(
                    scheme_id=scheme_id,
                    assistance_category=category,
                    deductible_factor=rng.choice(("0.0000", "0.3333", "0.5000", "1.0000")),
                    rate_addition=None if overridden else rng.choice(("", "0.0500", "0.1000")),
                    rate_override=rng.choice(("0.8000", "0.9500")) if overridden else None,
                    limit_waived=rng.choice(("true", "false")),
                    effective_from=rng.choice(("2021-01-01", self.versions[-1][0])),
                ),
            )

    def add_coverage(self, scheme_id: str) -> None:
        """Header shares that change with the version; lists, item types and odd shares."""
        rng = self.rng

        def covered(component: str, share: str, expense_pool: str = "eligible", **columns) -> None:
            for care_type in self.CARE:
                self.seeds.append(
                    "coverage",
                    dated(
                        scheme_id=scheme_id,
                        expense_pool=expense_pool,
                        care_type=care_type,
                        component=component,
                        share=share,
                        **columns,
                    ),
                )

        for since, until in self.versions:
            share = rng.choice(("1.0000", "0.9000", "0.3333"))
            covered("coinsurance", share, effective_from=since, effective_to=until)
        covered("class_b_self_pay", "1.0000")
        listed = f"{scheme_id}_list"
        extra = "extra" if self.two_pools else "eligible"
        covered("transfer_self_pay", "0.5000", extra)
        covered("own_expense", "0.5000", extra, item_type="drug", item_list_id=listed, list_rule="in")
        covered(
            "own_expense",
            "0.3333",
            extra,
            item_type="material",
            item_list_id=listed,
            list_rule="not_in",
        )
        covered("restricted_use", "0.3333", extra, item_type=rng.choice(("drug", "")))
        covered("over_limit", "1.0000", extra, item_type=rng.choice(("", "service")))
        changed = self.versions[-1][0]
        for item, disease, since in (
            ("XSD001", "", "2021-01-01"),
            ("XJL001", "C50", "2021-01-01"),
            ("XJL002", "", changed),
            ("MAT001", "", "2021-01-01"),
        ):
            self.seeds.append(
                "item_list",
                dated(
                    item_list_id=listed,
                    item_code=item,
                    item_name=f"Item {item}",
                    disease_code=disease,
                    effective_from=since,
                ),
            )

    def add_funding(self, scheme_id: str, insurance_type: str) -> None:
        types = ("employee", "resident") if insurance_type == "all" else (insurance_type,)
        for kind in types:
            for year in range(2021, 2026):
                self.seeds.append(
                    "funding_standard",
                    dated(
                        scheme_id=scheme_id,
                        insurance_type=kind,
                        benefit_year=year,
                        per_capita_amount=self.rng.choice(("85.00", "63.33")),
                        public_share="0.6000",
                        individual_share="0.4000",
                        source_fund=f"{kind}_basic_fund",
                        census_date=f"{year}-{self.rng.choice(('01-01', '06-30'))}",
                        transfer_due=f"{year}-09-30",
                        true_up_due=f"{year + 1}-09-30",
                        service_fee_rate="0.0300",
                        effective_from=f"{year}-01-01",
                        effective_to=f"{year + 1}-01-01",
                    ),
                )


# ---------------------------------------------------------------------------------------------
# Population
# ---------------------------------------------------------------------------------------------


def fen(amount: Decimal) -> int:
    """An amount in fen."""
    return int(amount * 100)


def plain(cents: int) -> str:
    """Fen as yuan with two decimals."""
    return yuan(Decimal(cents) / 100)


@dataclass
class Person:
    """A drawn person."""

    person_no: str
    pool: str
    region: str
    insutype: str


class Population:
    """Draws persons with their settlements, lines, spells and dirt, into `tables`."""

    def __init__(self, seeds: Path, rng: random.Random, persons: int):
        self.rng = rng
        self.policy = oracle.Policy.read(seeds)
        self.tables: Tables = {table: [] for table in oracle.TABLES}
        self.serial = 0
        self.places: dict[str, list[str]] = defaultdict(list)
        for row in self.policy.seeds["region"]:
            pool = self.policy.pool_of(row["region_code"])
            if pool is not None:
                self.places[pool].append(row["region_code"])
        self.persons = [self.person(number) for number in range(persons)]
        self.lives()
        self.other_tables()
        self.dirt()
        for rows in self.tables.values():
            rng.shuffle(rows)

    # -- small draws --------------------------------------------------------------------------

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def next_id(self, prefix: str) -> str:
        """A new id; ids of one person sort otherwise than they were made."""
        self.serial += 1
        return f"{prefix}{self.rng.randrange(10, 100)}{self.serial:06d}"

    def person(self, number: int) -> Person:
        pool = self.rng.choice(sorted({row["pool_region_code"] for row in self.policy.schemes}))
        return Person(
            person_no=f"P{number:05d}",
            pool=pool,
            region=self.rng.choice(self.places[pool]),
            insutype=self.rng.choice(self.insutypes(pool)),
        )

    def insutypes(self, pool: str) -> list[str]:
        """The usual codes of employees and residents, and those that only this pool knows."""
        own = [row["insutype"] for row in self.policy.seeds["insurance_type_code"] if row["pool_region_code"] == pool]
        return ["310", "390", "390", "391", "380", *own]

    def amount_text(self, cents: int) -> str:
        """An amount as some extract would write it."""
        text = plain(cents)
        if cents == 0 and self.chance(0.3):
            return self.rng.choice(("", "0", "-0.00"))
        if self.chance(0.04):
            forms = [f" {text} ", f"{text}0"]
            forms += [f"+{text}", f"0{text}"] if cents >= 0 else []
            forms += [text[:-3]] if text.endswith(".00") else []
            forms += [text[:-1]] if text.endswith("0") else []
            return self.rng.choice(forms)
        return text

    def time_text(self, moment: datetime) -> str:
        """A time as some extract would write it, losing nothing."""
        usual = f"{moment:%Y-%m-%d %H:%M:%S}"
        if self.chance(0.9):
            return usual
        forms = [f"{usual}.0", f"{moment:%Y%m%d%H%M%S}", f" {usual}", f"{moment:%Y/%m/%d %H:%M:%S}"]
        if moment.second == 0:
            forms.append(f"{moment:%Y-%m-%d %H:%M}")
            forms.append(f"{moment.year}/{moment.month}/{moment.day} {moment:%H:%M}")
        if moment.time() == datetime.min.time():
            forms += [
                f"{moment:%Y-%m-%d}",
                f"{moment:%Y%m%d}",
                f"{moment.year}/{moment.month}/{moment.day}",
            ]
        return self.rng.choice(forms)

    def day_text(self, day: date) -> str:
        """A date as some extract would write it."""
        return self.rng.choice(
            (f"{day:%Y-%m-%d}",) * 8
            + (f"{day:%Y%m%d}", f"{day.year}/{day.month}/{day.day}", f"{day:%Y-%m-%d} 00:00:00")
        )

    def common(self, **columns: str) -> Row:
        """The columns that every table carries, around the given ones."""
        stamp = datetime(2025, 2, 1) + timedelta(seconds=self.rng.randrange(86_400 * 30))
        return {
            **columns,
            "vali_flag": self.rng.choice(("1",) * 28 + ("", "01", "1.0")),
            "rid": str(self.rng.randrange(1, 10**6)),
            "updt_time": f"{stamp:%Y-%m-%d %H:%M:%S}",
        }

    def add(self, table: str, **columns: str) -> Row:
        row = self.common(**columns)
        self.tables[table].append(row)
        return row

    # -- a person's life ----------------------------------------------------------------------

    def years(self, pool: str) -> range:
        """The years in which every scheme of a pool has a policy in force."""
        schemes = [row for row in self.policy.seeds["scheme"] if row["pool_region_code"] == pool]
        first = max(row["effective_from"] for row in schemes)
        return range(first.year, LAST_DAY.year)

    def lives(self) -> None:
        for person in self.persons:
            moments: list[datetime] = []
            for year in self.rng.sample(self.years(person.pool), self.rng.choice((1, 1, 2))):
                moments += self.year_of(person, year)
            if self.chance(0.06):
                elsewhere = self.person(int(person.person_no[1:]))
                moments += self.year_of(elsewhere, self.rng.choice(self.years(elsewhere.pool)))
            if self.chance(0.08):
                moments += self.past_the_limit(person)
            self.identities(person, moments)
            self.insurance(person)

    def moments(self, year: int, count: int) -> list[datetime]:
        """Settlement times of a year: its ends, days of policy change, ties and others."""
        moments: list[datetime] = []
        for _ in range(count):
            draw = self.rng.random()
            if draw < 0.15 and moments:
                moments.append(self.rng.choice(moments))
            elif draw < 0.25:
                moments.append(self.rng.choice((datetime(year, 1, 1), datetime(year, 12, 31, 23, 59, 59))))
            elif draw < 0.32:
                day = self.rng.choice((date(year, 3, 15), date(year, 7, 1), date(year, 6, 30)))
                moments.append(datetime(day.year, day.month, day.day, self.rng.choice((0, 23))))
            else:
                second = self.rng.randrange(365 * 86_400)
                moments.append(datetime(year, 1, 1) + timedelta(seconds=second))
        return sorted(moments)

    def targets(self, person: Person, moments: list[datetime]) -> list[int]:
        """What the year's eligible expense shall be after each settlement: bounds, give or take."""
        points = [10_000_00]
        types = {self.policy.insurance_type_of(person.pool, person.insutype)}
        for scheme in self.policy.schemes:
            if scheme["pool_region_code"] != person.pool:
                continue
            if scheme["insurance_type"] not in {"all", *types}:
                continue
            if not oracle.in_force(scheme, moments[0].date()):
                continue
            for category in ("none", *self.policy.priorities):
                if category == "none" or self.chance(0.3):
                    ladder = self.policy.ladder(scheme["scheme_id"], moments[0].date(), *types, category)
                    points += [fen(point) for point in interesting_points(ladder)]
        targets = [
            self.rng.choice(points) + self.rng.choice((0, 0, -1, 1, self.rng.randrange(5_000_00))) for _ in moments
        ]
        return sorted(targets) if self.chance(0.8) else targets

    def year_of(self, person: Person, year: int) -> list[datetime]:
        """One year of settlements of a person, with reversals; returns their times."""
        moments = self.moments(year, self.rng.choice((1, 2, 3, 4, 6)))
        spent = 0
        insutype = person.insutype
        for moment, target in zip(moments, self.targets(person, moments), strict=True):
            if self.chance(0.03):
                insutype = self.rng.choice(("310", "390", "340"))
            region = person.region
            if self.chance(0.15):
                region = self.rng.choice(self.places[person.pool])
            eligible = target - spent
            if eligible <= 0:
                eligible = self.rng.choice((0, 1, self.rng.randrange(1, 30_000_00)))
            med_type = self.med_type(person.pool)
            row = self.settlement(person, moment, eligible, insutype=insutype, region=region, med_type=med_type)
            if med_type in INPATIENT:
                spent += eligible
            if self.chance(0.25):
                self.lines(row)
            if self.chance(0.22):
                self.reversals(row, moment)
        return moments

    def past_the_limit(self, person: Person) -> list[datetime]:
        """A year whose category is lost after a large payout: what is left of the limit decides."""
        rng = self.rng
        year = rng.choice(self.years(person.pool))
        moments = sorted(datetime(year, rng.randint(2, 12), rng.randint(1, 28), rng.randrange(24)) for _ in range(5))
        for moment in moments:
            row = self.settlement(
                person,
                moment,
                rng.choice((rng.randrange(30_000_00), rng.randrange(100_000_00, 500_000_00))),
                insutype=person.insutype,
                region=person.region,
                med_type="21",
            )
            if self.chance(0.3):
                self.reverse(row, moment + timedelta(hours=1))
        self.add(
            "psn_idet_d",
            psn_no=person.person_no,
            psn_idet_type=rng.choice(self.aided_codes(person.pool)),
            begntime=f"{year}-01-01",
            endtime=str(rng.choice(moments[:3]).date() + timedelta(days=1)),
            insu_admdvs=person.region,
        )
        return moments

    def aided_codes(self, pool: str) -> list[str]:
        """The identity codes that change something in a scheme of the pool."""
        schemes = {row["scheme_id"] for row in self.policy.schemes if row["pool_region_code"] == pool}
        aided = {
            row["assistance_category"] for row in self.policy.seeds["category_modifier"] if row["scheme_id"] in schemes
        }
        codes = {row["psn_idet_type"] for row in self.policy.seeds["identity_code"]}
        return sorted(code for code in codes if self.policy.category_of(pool, code) in aided)

    def med_type(self, pool: str) -> str:
        if self.chance(0.65):
            return self.rng.choice(INPATIENT)
        known = {
            row["med_type"] for row in self.policy.seeds["care_type_code"] if row["pool_region_code"] in (None, pool)
        }
        return self.rng.choice(sorted(known))

    def settlement(
        self,
        person: Person,
        moment: datetime,
        eligible: int,
        *,
        insutype: str,
        region: str,
        med_type: str,
    ) -> Row:
        """A settlement whose coinsurance and class-B self-pay are the given fen together."""
        rng = self.rng
        class_b = rng.choice((0, 0, eligible, rng.randrange(eligible + 1)))
        transfer = rng.choice((0, 0, 0, rng.randrange(5_000_00)))
        over = rng.choice((0, 0, rng.randrange(3_000_00)))
        own = rng.choice((0, 0, rng.randrange(40_000_00)))
        basic = rng.choice((0, rng.randrange(100_000_00)))
        left = moment.date() - timedelta(days=rng.choice((0, 0, 1, 3, 40)))
        row = self.add(
            "setl_d",
            setl_id=self.next_id("S"),
            mdtrt_id=self.next_id("M"),
            init_setl_id="",
            psn_no=person.person_no,
            insutype=insutype,
            psn_type=rng.choice(("11", "12", "15", "14", "16")),
            insu_admdvs=region,
            fixmedins_code=rng.choice(("H001", "H002", "H003", "")),
            fix_blng_admdvs=region,
            hosp_lv=rng.choice(("01", "02", "03", "")),
            pay_loc=rng.choice("1234"),
            med_type=med_type,
            begndate=self.day_text(left - timedelta(days=3)),
            enddate=self.day_text(left) if rng.random() < 0.9 else "",
            setl_time=self.time_text(moment),
            dise_no=rng.choice(("C50", "C83", "N18", "I10", "")),
            refd_setl_flag="0",
        )
        self.set_amounts(
            row,
            medfee_sumamt=own + over + class_b + transfer + basic + eligible - class_b,
            fulamt_ownpay_amt=own,
            overlmt_selfpay=over,
            preselfpay_amt=class_b + transfer,
            trafout_preselfpay_amt=transfer,
            inscp_amt=basic + eligible - class_b,
            hifp_pay=basic,
            hifmi_pay=rng.choice((0, rng.randrange(1_000_00))),
            cvlserv_pay=rng.choice((0, 0, 0, rng.randrange(2_000_00))),
            othfund_pay=rng.choice((0, 0, 0, rng.randrange(60_000_00), -rng.randrange(100_00))),
            maf_pay=rng.choice((0, 0, 0, rng.randrange(5_000_00))),
            ownpay_hosp_part=rng.choice((0, 0, 0, rng.randrange(300_00))),
            psn_pay=own + over + class_b + transfer + eligible - class_b,
        )
        return row

    AMOUNTS = oracle.TABLES["setl_d"].amounts

    def set_amounts(self, row: Row, **cents: int) -> None:
        row |= {column: self.amount_text(cents.get(column, 0)) for column in self.AMOUNTS}

    # -- reversals ----------------------------------------------------------------------------

    def reverse(self, original: Row, moment: datetime, part: Decimal = Decimal(1), **columns):
        """A reversal of a part of a settlement, with its own id."""
        row = self.common(**{k: v for k, v in original.items() if k not in ("vali_flag", "rid", "updt_time")})
        row["setl_id"] = self.next_id("S")
        row["init_setl_id"] = original["setl_id"]
        row["setl_time"] = self.time_text(moment)
        row["refd_setl_flag"] = "1"
        cents = {}
        for column in self.AMOUNTS:
            amount = oracle.as_amount(original[column]) or oracle.ZERO
            cents[column] = -int(amount * part * 100)
        self.set_amounts(row, **cents)
        row |= columns
        self.tables["setl_d"].append(row)
        return row

    def reversals(self, row: Row, moment: datetime) -> None:
        """One of the kinds of reversal that occur, and of those that may not."""
        rng = self.rng
        if (oracle.as_amount(row["medfee_sumamt"]) or 0) <= 1:
            return
        later = moment + timedelta(seconds=rng.choice((0, 1, 86_400, 86_400 * 40, 86_400 * 200)))
        later = min(later, datetime(LAST_DAY.year, 1, 1) - timedelta(minutes=1))
        if later < moment:
            return
        half = Decimal("0.5")
        kind = rng.randrange(14)
        if kind <= 3:
            reversal = self.reverse(row, later)
            if self.chance(0.3):
                self.mirror_lines(row, reversal)
        elif kind == 4:
            self.reverse(row, later, half)
            self.reverse(row, later, Decimal("0.3"))
        elif kind == 5:  # the second takes too much, the third fits again
            self.reverse(row, later, half)
            self.reverse(row, later + timedelta(seconds=1), Decimal("0.6"))
            self.reverse(row, later + timedelta(seconds=2), Decimal("0.25"))
        elif kind == 6:  # a reversal of a reversal, and of that one
            first = self.reverse(row, later)
            second = self.reverse(first, later + timedelta(seconds=5))
            if self.chance(0.5):
                self.reverse(second, later + timedelta(seconds=9), half)
        elif kind == 7:
            self.reverse(row, moment - timedelta(days=rng.choice((1, 30))))
        elif kind == 8:
            self.reverse(row, later, init_setl_id=f"UNKNOWN{rng.randrange(100)}")
        elif kind == 9:
            self.reverse(row, later, psn_no=rng.choice(self.persons).person_no)
        elif kind == 10:
            self.reverse(row, later, Decimal("1.5"))
        elif kind == 11:
            self.reverse(row, later, Decimal(-1))
        elif kind == 12:
            row["init_setl_id"] = row["setl_id"]
        else:  # the original is void or unusable, its reversals are orphans
            self.reverse(self.reverse(row, later) if self.chance(0.3) else row, later)
            row["vali_flag"] = rng.choice(("0", "1"))
            if row["vali_flag"] == "1":
                row["hifmi_pay"] = rng.choice(BAD_AMOUNTS)

    # -- fee lines ----------------------------------------------------------------------------

    def lines(self, row: Row) -> None:
        """Lines that explain more or less of the settlement's own expense."""
        own = fen(oracle.as_amount(row["fulamt_ownpay_amt"]) or oracle.ZERO)
        for number in range(self.rng.randint(1, 6)):
            self.line(row, number, self.rng.randrange(max(own, 100)), self.rng.randrange(500_00))

    def line(self, row: Row, number: int, own: int, over: int) -> Row:
        rng = self.rng
        items = ("XSD001", "XSD006", "XJL001", "XJL002", "SJL001", "MAT001", "ZZZ999", "")
        over = over if rng.random() < 0.3 else 0
        return self.add(
            "fee_list_d",
            bkkp_sn=str(number),
            setl_id=row["setl_id"],
            psn_no=row["psn_no"],
            fee_ocur_time=self.day_text(date(2024, 1, 1)),
            cnt=str(rng.randrange(1, 9)),
            pric=plain(rng.randrange(10_000)),
            det_item_fee_sumamt=plain(own + over),
            fulamt_ownpay_amt=self.amount_text(own),
            overlmt_selfpay=self.amount_text(over),
            preselfpay_amt="",
            inscp_amt="",
            chrgitm_lv=rng.choice(("03", "03", "03", "3", "丙类", "", "01", "02", "1", "2", "甲", "乙类", "1.0")),
            list_type=rng.choice(("101", "102", "103.0", "201", "301", "401", "")),
            med_list_codg=rng.choice(items),
            hilist_name="",
        )

    def mirror_lines(self, row: Row, reversal: Row) -> None:
        """The lines of a settlement again, negative, under its reversal."""
        for line in [li for li in self.tables["fee_list_d"] if li["setl_id"] == row["setl_id"]]:
            mirrored = dict(line)
            mirrored["setl_id"] = reversal["setl_id"]
            mirrored["init_feedetl_sn"] = line["bkkp_sn"]
            for column in ("det_item_fee_sumamt", "fulamt_ownpay_amt", "overlmt_selfpay"):
                amount = oracle.as_amount(line[column])
                mirrored[column] = "" if amount is None else yuan(-amount)
            self.tables["fee_list_d"].append(mirrored)

    # -- spells -------------------------------------------------------------------------------

    def identities(self, person: Person, moments: list[datetime]) -> None:
        """Assistance spells that overlap, touch, are empty or open, at the days of settlements."""
        rng = self.rng
        codes = [row["psn_idet_type"] for row in self.policy.seeds["identity_code"]] + ["7999"]
        if self.chance(0.45):
            return
        last: date | None = None
        for _ in range(rng.choice((1, 1, 2, 3))):
            day = rng.choice(moments).date()
            away = rng.choice((0, -1, 1, -400))
            begin = rng.choice((day + timedelta(days=away),) * 4 + (date(day.year, 1, 1), last or day))
            end = begin + timedelta(days=rng.choice((0, 1, 30, 365)))
            if rng.random() < 0.4 and begin <= day:
                end = day + timedelta(days=rng.choice((0, 1)))
            clock = rng.choice(("", "", " 00:00:00", " 23:59:59", " 09:30"))
            places = (person.region, person.region, "", rng.choice(self.places["220000"]))
            last = end
            self.add(
                "psn_idet_d",
                psn_no=person.person_no,
                psn_idet_type=rng.choice(codes),
                begntime=f"{begin}{rng.choice(('', ' 00:00:00', ' 10:00:00'))}",
                endtime=rng.choice(("", "9999-12-31") + (f"{end}{clock}",) * 4),
                insu_admdvs=rng.choice(places),
            )

    def insurance(self, person: Person) -> None:
        """Basic insurance spells: open, ended, suspended, moved, and in two counties at once."""
        rng = self.rng

        def spell(begin: date, end: date | None, region: str, status: str) -> None:
            row = self.add(
                "psn_insu_d",
                psn_insu_rlts_id=self.next_id("I"),
                psn_no=person.person_no,
                insutype=rng.choice((person.insutype,) * 9 + ("340",)),
                psn_type="15",
                psn_insu_stas=status,
                crt_insu_date=self.day_text(begin),
                paus_insu_date=self.day_text(end) if end else "",
                insu_admdvs=region,
            )
            if status != "1" and end is None:
                row["updt_time"] = rng.choice(("2022-06-15 08:00:00", "2023-01-01 00:00:00"))

        begin = date(2016 + rng.randrange(7), rng.choice((1, 1, 5)), rng.choice((1, 1, 2)))
        end = rng.choice((None, None, date(2023, 1, 1), date(2022, 12, 31), date(2023, 1, 2)))
        if end is not None and end <= begin:
            end = None
        status = rng.choice(("1", "1", "1", "1", "2", "3"))
        spell(begin, end, person.region, status)
        if self.chance(0.2):
            moved = begin + timedelta(days=rng.choice((0, 365, 700)))
            spell(moved, None, rng.choice(self.places[person.pool]), "1")

    def premiums(self, person: Person) -> None:
        """Premiums around every bound of section G, now and then more than one for a year, or a consent instead."""
        rng = self.rng
        for year in range(2021, 2025):
            for _ in range(rng.choice((0, 1, 1, 1, 2))):
                turn = date(year, 1, 1)
                paid = rng.choice((turn - timedelta(days=1), turn, turn + timedelta(days=rng.randrange(-60, 330))))
                paid = rng.choice(
                    (paid, date(year, 3, 31), date(year, 4, 1), date(year, 8, 31), turn - timedelta(days=9))
                )
                event = rng.choice(("", "", "newborn", "veteran", "moved_in", "released"))
                consent = rng.choice(("", "", f"{paid - timedelta(days=5)} 09:00:00"))
                withdrawn = rng.choice(("", f"{year}-12-31 09:00:00", f"{year + 1}-01-01 00:00:00")) if consent else ""
                self.add(
                    "supp_enrl_d",
                    enrl_id=self.next_id("E"),
                    psn_no=person.person_no,
                    cover_year=str(year),
                    paid_time=rng.choice((f"{paid} 10:00:00", f"{paid} 10:00:00", ""))
                    if consent
                    else f"{paid} 23:59:59",
                    premium_amt="100.00",
                    channel=rng.choice(("own", "account", "kin_account", "subsidised")),
                    auto_renew_consent_time=consent,
                    renewal_withdrawn_time=withdrawn,
                    event=event,
                    event_date=str(paid - timedelta(days=rng.choice((0, 29, 30, 31, 89, 90, 91)))) if event else "",
                )

    # -- the other tables ---------------------------------------------------------------------

    def other_tables(self) -> None:
        rng = self.rng
        for person in self.persons[::4]:
            self.add(
                "psn_info_b",
                psn_no=person.person_no,
                psn_name="某某",
                gend=rng.choice("12"),
                brdy=self.day_text(date(1960, 2, 29)),
                psn_cert_type="01",
                certno=f"99{person.person_no}",
                surv_stas="1",
                resd_loc_admdvs=person.region,
            )
            self.add(
                "mdtrt_d",
                mdtrt_id=self.next_id("V"),
                psn_no=person.person_no,
                med_type="21",
                begntime="2022-01-01 08:00:00",
                endtime="2022-01-08",
            )
            self.add(
                "refl_appy_evt_c",
                evtsn=self.next_id("R"),
                psn_no=person.person_no,
                refl_date="2022-01-02",
            )
        voluntary = {
            row["pool_region_code"] for row in self.policy.seeds["scheme"] if row["scheme_kind"] == "supplementary"
        }
        for person in self.persons:
            if person.pool in voluntary or self.chance(0.1):
                self.premiums(person)
        for code in ("H001", "H002", "H003"):
            self.add("fixmedins_b", fixmedins_code=code, fixmedins_name=f"Hospital {code}")
        for scheme in self.policy.schemes:
            region = rng.choice(self.places[scheme["pool_region_code"]])
            self.add(
                "fund_txn_d",
                txn_id=self.next_id("T"),
                scheme_id=scheme["scheme_id"],
                insu_admdvs=region,
                insutype="390",
                benefit_year="2022",
                txn_date="2022-03-01",
                txn_type="transfer_in",
                amount=plain(rng.randrange(10**7)),
            )

    # -- dirt ---------------------------------------------------------------------------------

    def dirt(self) -> None:
        """Redeliveries, voids and rows that cannot be used, in every table."""
        for table, rows in self.tables.items():
            share = 0.12 if table in ("setl_d", "psn_idet_d") else 0.08
            for row in rows[:]:
                if self.chance(share):
                    rows += self.redelivered(table, row)
                if self.chance(0.04):
                    rows.append(self.unusable(table, row))

    def changed(self, table: str, row: Row) -> Row:
        """The row with other content under the same key."""
        other = dict(row)
        if table == "setl_d" and oracle.as_amount(row["hifp_pay"]) not in (None, oracle.BAD):
            if not other["init_setl_id"]:
                cents = self.rng.randrange(20_000_00)
                other["medfee_sumamt"] = other["inscp_amt"] = plain(cents + 100_000_00)
                other["hifp_pay"] = plain(100_000_00)
        elif table == "fee_list_d":
            other["fulamt_ownpay_amt"] = plain(self.rng.randrange(9_000_00))
        elif table == "psn_idet_d":
            other["endtime"] = self.rng.choice(("", "2021-06-01", "2023-06-01 12:00:00"))
        elif table == "psn_insu_d":
            other["paus_insu_date"] = self.rng.choice(("", "2022-01-01", "2024-01-01"))
        return other

    def redelivered(self, table: str, row: Row) -> list[Row]:
        """Another row of the same key: older, newer, tied, void, or the same once more."""
        kind = self.rng.randrange(9)
        other = self.changed(table, row)
        stamp = datetime.fromisoformat(row["updt_time"])
        if kind == 0:
            other["updt_time"] = str(stamp - timedelta(days=20))
        elif kind == 1:
            other["updt_time"] = f"{stamp + timedelta(days=20)}.250"
        elif kind == 2:  # the longer rid is the larger
            row["rid"], other["rid"] = self.rng.choice((("9", "10"), ("10", "9"), ("7", "8")))
        elif kind == 3:
            other["rid"] = ""
        elif kind == 4:
            other["updt_time"] = ""
        elif kind == 5:
            other["vali_flag"] = self.rng.choice(("0", "2"))
            other["updt_time"] = str(stamp - timedelta(days=1))
        elif kind == 6:
            other["vali_flag"] = "0"
            other["updt_time"] = str(stamp + timedelta(days=1))
        elif kind == 7:  # only the file's name tells them apart
            row["_part"], other["_part"] = self.rng.choice((("0", "1"), ("1", "0")))
        else:
            other = dict(row)
        return [other]

    def unusable(self, table: str, row: Row) -> Row:
        """A newer row that cannot be used: it goes to quarantine and supersedes nothing."""
        rng, layout = self.rng, oracle.TABLES[table]
        other = self.changed(table, row)
        if rng.random() < 0.5:
            other["updt_time"] = str(datetime.fromisoformat(row["updt_time"]) + timedelta(days=60))
        columns: list[tuple[str, str]] = [(rng.choice(layout.key), rng.choice(("", "  ")))]
        typed = [(c, BAD_AMOUNTS) for c in layout.amounts if c in row]
        typed += [(c, BAD_TIMES) for c in layout.times if c in row]
        typed += [(c, ("abcd", "20x2")) for c in layout.years]
        if typed:
            column, values = rng.choice(typed)
            columns.append((column, rng.choice(values)))
        blank = [c for c in oracle.BLANK_IS_BAD.get(table, ()) if c in row]
        columns += [(column, "") for column in blank]
        if "psn_no" in layout.required and "psn_no" not in layout.key:
            columns.append(("psn_no", ""))
        if table == "setl_d":
            columns += [
                ("setl_time", ""),
                ("insutype", rng.choice(("", "777"))),
                ("med_type", rng.choice(("", "99"))),
            ]
        if table in ("setl_d", "psn_insu_d"):
            columns.append(("insu_admdvs", rng.choice(("", "330000", "999999", "33030"))))
        if table in ("psn_idet_d", "fund_txn_d"):
            columns.append(("insu_admdvs", rng.choice(("330000", "999999"))))
        if table in ("psn_insu_d", "fund_txn_d"):
            columns.append(("insutype", "777"))
        if table == "setl_d" and self.chance(0.1):
            other["medfee_sumamt"], other["init_setl_id"] = "-12.50", ""
            return other
        for column, value in rng.sample(columns, min(len(columns), rng.choice((1, 1, 2)))):
            other[column] = value
        return other


def interesting_points(ladder: oracle.Ladder) -> list[Decimal]:
    """Eligible expense at which something changes: deductible, tier bounds, limits."""
    deductible = sum(ladder.deductibles.values(), oracle.ZERO)
    points = [deductible, *ladder.expense_limits.values()]
    left = ladder.payout_limit
    for _, lower, upper, rate in ladder.tiers:
        points.append(deductible + lower)
        if left is not None and left >= 0:
            points.append(deductible + lower + (left / rate).quantize(oracle.CENT))
            left = left - rate * (upper - lower) if upper is not None else None
    return points


def populate(seeds: Path, rng: random.Random, persons: int = 300) -> Tables:
    """A drawn population for the policy of a seeds folder: table -> rows of text values."""
    return Population(seeds, rng, persons).tables


# ---------------------------------------------------------------------------------------------
# Raw folder
# ---------------------------------------------------------------------------------------------


def write_raw(tables: Tables, raw_dir: Path, rng: random.Random, layouts: Iterable[str]) -> None:
    """Delivers a population as files: each table in one to three, of the layouts in turn."""
    choices = list(layouts)
    for table, rows in tables.items():
        if not rows:
            continue
        parts = rng.choice((2, 3)) if any("_part" in row for row in rows) else rng.choice((1, 2, 3))
        files: list[list[Row]] = [[] for _ in range(parts)]
        for row in rows:
            files[int(row.get("_part", rng.randrange(parts)))].append(row)
        for number, content in enumerate(files):
            if content:
                folder = raw_dir / table / rng.choice((".", f"batch-{number}"))
                if any("_part" in row for row in rows):
                    folder = raw_dir / table
                folder.mkdir(parents=True, exist_ok=True)
                layout = choices[(number + len(table)) % len(choices)]
                write_file(table, content, folder / f"part-{number}", layout, rng)


def columns_to_write(table: str, rows: list[Row], rng: random.Random) -> dict[str, str]:
    """The file's columns in some order, under some accepted name: name in the file -> column."""
    layout = oracle.TABLES[table]
    names = sorted({name for row in rows for name in row} - {"_part"} | set(layout.required))
    kept = {}
    for name in rng.sample(names, len(names)):
        empty = not any(row.get(name) for row in rows)
        if empty and name not in layout.required and rng.random() < 0.5:
            continue
        alias = oracle.ALIASES.get(name)
        kept[alias if alias and rng.random() < 0.3 else name] = name
    return kept


def write_file(table: str, rows: list[Row], stem: Path, layout: str, rng: random.Random) -> None:
    """One file; a column beyond the layout may be there, as extracts have them."""
    columns = {
        name: [row.get(column, "") for row in rows] for name, column in columns_to_write(table, rows, rng).items()
    }
    for name in [known for known in columns if known in oracle.ALIASES and rng.random() < 0.2]:
        # Under both names: the value under one of them, the other blank, or there but not to be looked at.
        ways = [rng.choice(((True, False), (False, True), (True, True))) for _ in rows]
        values = columns[name]
        columns[name] = [value if own else " " for value, (own, _) in zip(values, ways, strict=True)]
        columns[oracle.ALIASES[name]] = [value if other else "" for value, (_, other) in zip(values, ways, strict=True)]
    if rng.random() < 0.3:
        columns["year"] = ["1999"] * len(rows)
    if layout.startswith("csv"):
        path = stem.with_suffix(".csv.gz" if layout == "csv_gz" else ".csv")
        opener = gzip.open if layout == "csv_gz" else open
        with opener(path, "wt", encoding="utf-8", newline="") as lines:
            writer = csv.writer(lines, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
        return
    typed = layout == "parquet_typed"
    arrays = {}
    for name, values in columns.items():
        arrays[name] = typed_array(table, name, values, rng) if typed else text_array(values, rng)
    pyarrow.parquet.write_table(pyarrow.table(arrays), stem.with_suffix(".parquet"))


def text_array(values: list[str], rng: random.Random) -> pyarrow.Array:
    """Text, blank as NULL or as an empty text."""
    blank = rng.choice((None, ""))
    return pyarrow.array([value or blank for value in values], pyarrow.string())


def typed_array(table: str, name: str, values: list[str], rng: random.Random) -> pyarrow.Array:
    """The column in its type, when every value of the file has one; else text."""
    layout = oracle.TABLES[table]
    column = next((known for known, alias in oracle.ALIASES.items() if alias == name), name)
    parse = layout.parsers.get(column)
    if parse in (None, oracle.as_text, oracle.as_code):
        whole = all(not v or (v.isascii() and v.isdigit() and str(int(v)) == v) for v in values)
        if whole and any(values) and rng.random() < 0.3:
            return pyarrow.array([int(v) if v else None for v in values], pyarrow.int64())
        return text_array(values, rng)
    parsed = [parse(value) for value in values]
    if oracle.BAD in parsed:
        return text_array(values, rng)
    if parse is oracle.as_amount:
        return pyarrow.array(parsed, pyarrow.decimal128(16, 2))
    if parse is oracle.as_number:
        return pyarrow.array(parsed, pyarrow.decimal128(16, 4))
    if parse is oracle.as_year:
        return pyarrow.array(parsed, pyarrow.int32())
    if all(v is None or v.time() == datetime.min.time() for v in parsed) and rng.random() < 0.5:
        return pyarrow.array([v and v.date() for v in parsed], pyarrow.date32())
    return pyarrow.array(parsed, pyarrow.timestamp("us"))


# ---------------------------------------------------------------------------------------------
# Cases
# ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """What hypothesis draws: a seed, how files are delivered, whether the policy is varied."""

    seed: int
    layouts: tuple[str, ...]
    is_policy_varied: bool
    is_corrected: bool = False


def cases() -> st.SearchStrategy[Case]:
    """Drawn cases."""
    return st.builds(
        Case,
        seed=st.integers(min_value=0, max_value=2**32 - 1),
        layouts=st.lists(st.sampled_from(LAYOUTS), min_size=1, max_size=3).map(tuple),
        is_policy_varied=st.sampled_from((True, False)),
    )


# Columns whose value is delivered wrong and corrected, with what is delivered: what can be read and what cannot.
MISTAKES = {
    "setl_d": {"hifp_pay": ("1.00", "1_000"), "setl_time": ("20210231", ""), "insu_admdvs": ("999999", "")},
    "fee_list_d": {"fulamt_ownpay_amt": ("12.345", "0.10")},
    "psn_insu_d": {"crt_insu_date": ("2021-13-01", "2030-01-01"), "insutype": ("777", "")},
    "psn_idet_d": {"endtime": ("abc", "2021-02-02")},
    "supp_enrl_d": {"paid_time": ("2029-01-01", "20220230")},
    "fund_txn_d": {"amount": ("", "0.01")},
}


CORRECTION_COLUMNS = (
    "raw_table", "record_key", "column_name", "expected", "corrected", "reason", "corrected_by", "corrected_at",
)  # fmt: skip


def write_corrections(tables: Tables, raw_dir: Path, rng: random.Random, each: int = 4) -> None:
    """Makes mistakes in rows that are delivered once, and writes their corrections (rules A2, A6)."""
    told = []
    for table, columns in MISTAKES.items():
        layout = oracle.TABLES[table]

        def key_of(row: Row, layout=layout) -> tuple:
            return tuple(layout.parsers[name](row[name]) for name in layout.key)

        times = Counter(key_of(row) for row in tables[table])
        once = [row for row in tables[table] if times[key_of(row)] == 1 and {None, oracle.BAD}.isdisjoint(key_of(row))]
        for row in rng.sample(once, min(each, len(once))):
            column = rng.choice(sorted(columns))
            right, wrong = row.get(column, ""), rng.choice(columns[column])
            if oracle.as_text(right) != (wrong or None):
                row[column] = wrong
                key = "|".join(map(str, key_of(row)))
                told.append((table, key, column, wrong, right, "drawn", "tests", ""))
    path = raw_dir / "correction" / "drawn.csv"
    path.parent.mkdir(parents=True)
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(CORRECTION_COLUMNS)
        writer.writerows(told)


def record_payouts(tables: Tables, supposed: dict[str, list[Decimal]], rng: random.Random) -> None:
    """Most settlements record what was computed, or what it would be by another assumption (rule E8)."""
    drawn: dict[str, Decimal] = {}
    for settlement_id in sorted(supposed):
        amount = rng.choice(supposed[settlement_id]) + rng.choice((0, 0, 0, oracle.CENT, -oracle.CENT))
        drawn[settlement_id] = rng.choice((amount, amount, amount, Decimal(0)))
    for row in tables["setl_d"]:
        original = drawn.get(row.get("init_setl_id", ""))
        if row["setl_id"] not in drawn or row["hifmi_pay"] in BAD_AMOUNTS or row["hifob_pay"] in BAD_AMOUNTS:
            continue
        amount = drawn[row["setl_id"]]
        if original is not None and int(row["setl_id"][-1], 36) % 2:
            amount = -original
        columns = ["hifob_pay", "hifmi_pay"] if row["insutype"] == "310" else ["hifmi_pay", "hifob_pay"]
        if int(row["setl_id"][-1], 36) % 5 == 0:
            columns.reverse()
        row |= {columns[0]: yuan(amount), columns[1]: "0"}


def write_case(case: Case, folder: Path, seeds: Path, persons: int = 300) -> tuple[Path, Path]:
    """Writes a case below a folder: (raw folder, seeds folder)."""
    rng = random.Random(case.seed)
    raw_dir, seeds_dir = folder / "raw", folder / "seeds"
    if case.is_policy_varied:
        vary_seeds(seeds, seeds_dir, rng)
    else:
        shutil.copytree(seeds, seeds_dir)
    tables = populate(seeds_dir, rng, persons)
    write_raw(tables, folder / "unrecorded", random.Random(case.seed), ("csv",))
    record_payouts(tables, oracle.compute(folder / "unrecorded", seeds_dir).supposed, rng)
    if case.is_corrected:
        write_corrections(tables, raw_dir, random.Random(case.seed))
    write_raw(tables, raw_dir, rng, case.layouts)
    return raw_dir, seeds_dir
