"""SQL of the sample's random bulk: persons, their settlements, fee lines and visits.

Everything random is a hash of (seed, stream, id), so a row depends on nothing but the seed and its own id: neither
the number of threads nor the size of a chunk can change it. Amounts are integer fen until they are written.
Levels and shares follow national yearly statistics (mean stay by hospital level, stays per 100 insured, shares of
ages, basic insurance's share inside the catalogue); they are aims of a generator, not policy.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import duckdb

# Pools in the order of the numbers used in the SQL below.
POOLS = ("330300", "331100", "220000", "610400")
FIRST_YEAR = (2021, 2021, 2016, 2020)
COUNTIES = (
    "330302 330303 330304 330305 330324 330326 330327 330328 330329 330381 330382 330383 330399",
    "331102 331121 331122 331123 331124 331125 331126 331127 331181 331199",
    "220102 220103 220104 220105 220106 220112 220113 220122 220182 220183 220184 220202 220203 220204 220211"
    " 220221 220281 220282 220283 220284 220302 220303 220322 220323 220382 220402 220403 220421 220422 220502"
    " 220503 220521 220523 220524 220581 220582 220602 220605 220621 220622 220623 220681 220702 220721 220722"
    " 220723 220781 220802 220821 220822 220881 220882 222401 222402 222403 222404 222405 222406 222424 222426",
    "610402 610403 610404 610422 610423 610424 610425 610426 610428 610429 610430 610431 610481 610482 610499",
)
# A retired code that some rows still carry, and the code that holds now.
RETIRED = {"330322": "330305", "610427": "610482", "220381": "220184"}
# Where care outside the pool is given: in the province, outside it.
ELSEWHERE = {0: ("330106", "310104"), 1: ("330106", "310104"), 2: ("220104", "110105"), 3: ("610103", "110105")}

# The county whose hospitals the scripted persons of a pool go to.
PLACE_OF_CARE = dict(zip(POOLS, ("330302", "331102", "220102", "610402"), strict=True))

DISEASES = (
    ("I10", "原发性高血压"),
    ("E11", "2型糖尿病"),
    ("I63", "脑梗死"),
    ("I25", "慢性缺血性心脏病"),
    ("J18", "肺炎"),
    ("J44", "慢性阻塞性肺病"),
    ("M51", "腰椎间盘疾患"),
    ("K80", "胆石症"),
    ("H25", "老年性白内障"),
    ("S72", "股骨骨折"),
    ("N18", "慢性肾脏病"),
    ("C34", "肺恶性肿瘤"),
    ("C50", "乳房恶性肿瘤"),
    ("C16", "胃恶性肿瘤"),
    ("I50", "心力衰竭"),
    ("K35", "急性阑尾炎"),
    ("C18", "结肠恶性肿瘤"),
    ("C83", "非滤泡性淋巴瘤"),
    ("C92", "髓系白血病"),
    ("F20", "精神分裂症"),
)
DRUGS = (
    ("XC08CA01", "苯磺酸氨氯地平片"),
    ("XA10BA02", "盐酸二甲双胍片"),
    ("XC10AA05", "阿托伐他汀钙片"),
    ("XJ01DD04", "注射用头孢曲松钠"),
    ("XB01AC06", "阿司匹林肠溶片"),
    ("XA02BC01", "奥美拉唑肠溶胶囊"),
    ("ZA04AAF0188", "复方甘草片"),
    ("ZA03CAX0102", "血栓通胶囊"),
    ("XL01XC03", "注射用曲妥珠单抗"),
    ("XN02BE01", "对乙酰氨基酚片"),
    ("XR03DC03", "孟鲁司特钠片"),
    ("T001500634", "黄芪饮片"),
)
SERVICES = (
    ("001101000010000", "普通门诊诊查费"),
    ("001102000010100", "住院床位费"),
    ("002503000001", "血液生化检查"),
    ("002103000010000", "X线计算机体层平扫"),
    ("003110000110000", "血液透析"),
    ("003315000010000", "手术费"),
)
MATERIALS = (
    ("C0101010010", "一次性输液器"),
    ("C0201020030", "冠状动脉支架"),
    ("C1405010020", "人工髋关节"),
    ("C0304050060", "可吸收缝线"),
)

AMOUNTS = (
    "medfee_sumamt",
    "fulamt_ownpay_amt",
    "overlmt_selfpay",
    "preselfpay_amt",
    "trafout_preselfpay_amt",
    "inscp_amt",
    "act_pay_dedc",
    "hifp_pay",
    "cvlserv_pay",
    "hifes_pay",
    "hifmi_pay",
    "hifob_pay",
    "hifdm_pay",
    "maf_pay",
    "othfund_pay",
    "fund_pay_sumamt",
    "psn_pay",
    "acct_pay",
    "cash_payamt",
    "ownpay_hosp_part",
)

PARQUET = "format parquet, compression zstd, compression_level 1"


def texts(values: tuple[str, ...] | list[str]) -> str:
    """A SQL list of texts."""
    return "[" + ", ".join(f"'{value}'" for value in values) + "]"


def literal(path: Path) -> str:
    """A path as a SQL text."""
    return "'" + str(path).replace("'", "''") + "'"


def yuan(expression: str) -> str:
    """Fen as DECIMAL(16,2) yuan, without a float on the way."""
    return f"(cast({expression} as decimal(18, 0)) * 0.01::decimal(3, 2))::decimal(16, 2)"


def create_macros(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    """`u(key, stream)` is uniform in (0, 1), `z` normal, `geom` geometric with a mean; `paid` a recorded payout."""
    mix = int.from_bytes(hashlib.blake2b(str(seed).encode(), digest_size=8).digest(), "big")
    con.execute(f"""
        create macro u(k, s) as
            ((hash(xor((k)::ubigint * 256 + s, {mix}::ubigint)) >> 12)::double + 0.5::double)
            * 2.220446049250313e-16::double;
        create macro z(k, s) as sqrt(-2 * ln(u(k, s))) * cos(2 * pi() * u(k, s + 1));
        create macro geom(p, m) as floor(ln(p) / ln((m) / (1 + (m))))::int;
        create macro pick(items, p) as (items)[1 + floor((p) * len(items))::int];
        create macro pct(x, rate) as ((x) * (rate) + 50) // 100;
        create macro span(x, low, high) as greatest(0, least(x, high) - (low));
        create macro paid_multi(y, a, r) as pct(span(y, 0, 1000000), r[1] + a)
            + pct(span(y, 1000000, 5000000), r[2] + a) + pct(span(y, 5000000, 10000000), r[3] + a)
            + pct(greatest(0, y - 10000000), r[4] + a);
        create macro paid(pool, aided, yr, x) as case pool
            when 0 then case when aided then pct(greatest(0, x - 1285000), 80)
                else pct(greatest(0, least(x, 38550000) - 2570000), 70) end
            when 1 then case when aided then pct(greatest(0, x - 900000), 80)
                else least(45000000, pct(greatest(0, x - 1800000), 70)) end
            when 2 then least(40000000, paid_multi(
                greatest(0, x - case when aided then 840000 else 1400000 end), case when aided then 5 else 0 end,
                case when yr = 2016 then [50, 55, 65, 80] else [55, 60, 70, 80] end))
            else least(30000000, case when aided then pct(span(x, 500000, 3000000), 65)
                    + pct(span(x, 3000000, 10000000), 75) + pct(greatest(0, x - 10000000), 85)
                else pct(span(x, 1000000, 3000000), 60) + pct(span(x, 3000000, 10000000), 70)
                    + pct(greatest(0, x - 10000000), 80) end) end;
    """)


PERSONS = f"""
create or replace temp table person as
with pools as (
    select range as pid, case when u(range, 1) < 0.44 then 0 when u(range, 1) < 0.64 then 1
        when u(range, 1) < 0.84 then 2 else 3 end as pool
    from range({{lo}}, {{hi}})
), groups as (
    select *, {list(FIRST_YEAR)}[pool + 1] as y0,
        u(pid, 2) < [0.30, 0.26, 0.15, 0.15][pool + 1] as emp
    from pools
), kinds as (
    select *, case
        when emp then case when u(pid, 3) < 0.73 then 'active' else 'retired' end
        when u(pid, 3) < 0.244 then 'minor' when u(pid, 3) < 0.264 then 'student'
        when u(pid, 3) < 0.706 then 'adult' else 'old' end as grp
    from groups
), births as (
    select *, make_date(y0, 1, 1) - (365.25 * case grp
            when 'active' then 23 + 35 * u(pid, 4) when 'retired' then 56 + 30 * u(pid, 4) * u(pid, 5)
            when 'minor' then 18 * u(pid, 4) - 2.6 when 'student' then 18 + 4 * u(pid, 4)
            when 'adult' then 18 + 42 * u(pid, 4) else 60 + 30 * u(pid, 4) * u(pid, 5) end)::int as brdy,
        case when u(pid, 6) < case grp when 'old' then 0.075 when 'retired' then 0.06 else 0.004 end
            then make_date(y0, 1, 1) + (u(pid, 7) * 1095)::int end as death,
        case when u(pid, 8) < 0.010 then 'county' when u(pid, 8) < 0.020 then 'insurance'
            when u(pid, 8) < 0.023 and pool < 2 then 'pool' else '' end as moved,
        make_date(y0, 1, 1) + (60 + u(pid, 9) * 950)::int as moved_on,
        u(pid, 10) < 0.4 as urban,
        u(pid, 11) < 0.003 as uninsured,
        exp(0.7 * z(pid, 12) - 0.245) as frailty,
        u(pid, 33) < case grp when 'active' then 0.010 when 'retired' then 0.035 when 'adult' then 0.010
            when 'old' then 0.032 else 0.0005 end as severe,
        u(pid, 14) < case grp when 'active' then 0.06 when 'retired' then 0.30 when 'old' then 0.18
            when 'adult' then 0.04 else 0.003 end or severe and u(pid, 34) < 0.4 as chronic,
        u(pid, 15) < if(severe, 0.25, 0.06) as heavy,
        case when u(pid, 16) < 0.5 then '1' else '2' end as gend
    from kinds
), places as (
    select * replace (if(death <= brdy, null, death) as death),
        case pool when 0 then pick({texts(COUNTIES[0].split())}, u(pid, 17))
            when 1 then pick({texts(COUNTIES[1].split())}, u(pid, 17))
            when 2 then pick({texts(COUNTIES[2].split())}, u(pid, 17))
            else pick({texts(COUNTIES[3].split())}, u(pid, 17)) end as county,
        case moved when 'pool' then 1 - pool else pool end as pool2,
        if(moved = 'insurance', not emp, emp) as emp2
    from births
)
select *,
    case when moved not in ('county', 'pool') then county else case pool2
        when 0 then pick({texts(COUNTIES[0].split())}, u(pid, 18))
        when 1 then pick({texts(COUNTIES[1].split())}, u(pid, 18))
        when 2 then pick({texts(COUNTIES[2].split())}, u(pid, 18))
        else pick({texts(COUNTIES[3].split())}, u(pid, 18)) end end as county2,
    {texts(POOLS)}[pool + 1] || lpad(pid::varchar, 12, '0') as psn_no,
    greatest(brdy, make_date(2010, 1, 1), if(u(pid, 19) < 0.05, make_date(y0, 1, 1) + (u(pid, 20) * 700)::int,
        make_date(2012, 1, 1))) as insured_on,
    case when u(pid, 21) < case when emp then 0.012 when pool < 2 then 0.04 else 0.07 end then
        case when pool < 2 then pick(['7131', '7019', '7019', '7019', '7201', '7201', '7110', '7069', '7120', '7202'],
            u(pid, 22))
        else pick(['7101', '7101', '7101', '7101', '7202', '7203', '7204', '7019', '7131'], u(pid, 22)) end
        end as idet1,
    if(u(pid, 23) < 0.7, make_date(y0 - 2, 1, 1), make_date(y0, 1, 1)) + (u(pid, 24) * 720)::int as idet1_from,
    if(u(pid, 25) < 0.75, null, idet1_from + (90 + u(pid, 26) * 700)::int) as idet1_to,
    case when idet1 is not null and u(pid, 27) < 0.15 then pick(['7019', '7201', '7069', '7120'], u(pid, 28)) end
        as idet2,
    idet1_from + (u(pid, 29) * 400)::int as idet2_from,
    if(u(pid, 30) < 0.5, null, idet2_from + (60 + u(pid, 31) * 400)::int) as idet2_to
from places
"""

# One row per settlement, its reversals included, in the order of its key.
EVENTS = f"""
create or replace temp table event as
with years as (
    select p.* exclude (moved, insured_on), y0 + yi as yr, (pid * 4 + yi) as py, greatest(brdy, insured_on) as since,
        case y0 + yi when 2022 then 1.15 when 2023 then if(emp, 1.42, 1.50) when 2016 then 0.90 when 2017 then 0.93
            when 2018 then 0.96 when 2020 then 0.93 else 1.0 end as busy
    from (select *, unnest([0, 1, 2]) as yi from person) p
), counts as (
    select *,
        least(6, geom(u(py + 2199023255552, 1), frailty * busy * case grp when 'active' then 0.072
            when 'retired' then 0.25 when 'minor' then 0.085 when 'student' then 0.04 when 'adult' then 0.078
            else 0.225 end)) + if(severe, 2 + least(4, geom(u(py + 2199023255552, 5), 2.0)), 0) as n_stay,
        if(chronic, 4 + floor(9 * u(py + 2199023255552, 2))::int, 0) as n_chronic,
        least(14, geom(u(py + 2199023255552, 3), case when emp then 1.7 else 1.1 end)) as n_visit,
        least(12, geom(u(py + 2199023255552, 4), case when emp then 2.1 else 0.2 end)) as n_shop
    from years
), keyed as (
    select *, py * 64 + i as sid, py * 64 + i + 4398046511104 as k, case when i < n_stay then 1
        when i < n_stay + n_chronic then 2 when i < n_stay + n_chronic + n_visit then 3 else 4 end as kind
    from (select *, unnest(range(n_stay + n_chronic + n_visit + n_shop)) as i from counts)
), begun as (
    select *, make_date(yr, 1, 1) + floor(u(k, 1) * 365)::int as begndate,
        case when kind = 1 and u(k, 2) < 0.06 or kind = 2 and u(k, 2) < 0.01
            then if(u(k, 3) < 0.7, 1, 2) else 0 end as away
    from keyed
), ended as (
    select * exclude (pool, county, emp), if(begndate >= moved_on, pool2, pool) as pool,
        if(begndate >= moved_on, county2, county) as county, if(begndate >= moved_on, emp2, emp) as emp,
        if(kind = 1, least(begndate + 1 + least(90, floor(-ln(u(k, 4)) * 8))::int, coalesce(death, date '9999-01-01')),
            begndate) as enddate,
        away = 1 and u(k, 5) < 0.6 or away = 2 and u(k, 5) < 0.5 or away = 0 and kind = 1 and u(k, 5) < 0.04
            as referred,
        case when kind = 1 and u(k, 6) < case away when 0 then 0.04 when 1 then 0.10 else 0.35 end then '1'
            when away = 0 then '2' when away = 1 then '3' else '4' end as pay_loc
    from begun
    where begndate >= since and (death is null or begndate <= death)
), settled as (
    select *, (enddate + case when pay_loc = '1' then 10 + floor(u(k, 7) * 80)::int when kind = 1
            then floor(u(k, 7) * 3)::int else 0 end)::timestamp + to_seconds(28800 + floor(u(k, 8) * 36000)::bigint)
            as paid_at,
        case when kind > 2 then case when u(k, 9) < 0.6 then 1 when u(k, 9) < 0.85 then 2 else 3 end
            when away > 0 then 3
            when u(k, 9) < if(emp, 0.574, 0.255) then 3 when u(k, 9) < if(emp, 0.894, 0.702) then 2 else 1 end as lv,
        case kind when 1 then case when gend = '2' and grp in ('active', 'adult') and u(k, 10) < 0.08 then '52'
                when away > 0 then '23' when u(k, 10) < 0.12 then '22' when u(k, 10) < 0.17 then '24' else '21' end
            when 2 then if(u(k, 10) < 0.85 or pool = 3, '14', if(pool = 2, '15', '16'))
            when 3 then case when pool = 3 and u(k, 10) < 0.04 then '16' when u(k, 10) < 0.08 then '13'
                when u(k, 10) < 0.10 then '12' else '11' end
            else '41' end as med_type,
        floor(20 * u(k, 11) ** 1.4)::int + 1 as dis,
        case yr when 2022 then 0.97 when 2023 then if(emp, 0.94, 0.957) when 2016 then 0.80 when 2017 then 0.83
            when 2018 then 0.87 when 2020 then 0.95 else 1.0 end as price
    from ended
), costed as (
    select *, {texts([code for code, _ in DISEASES])}[dis] as dise_no,
        case when kind = 1 and lv = 3 and u(k, 12) < 0.008
                then least(300000000, 6000000 * u(k, 13) ** (-1 / 1.3))::bigint
            when kind = 1 then greatest(30000, exp(0.9 * z(k, 14) - 0.405) * price * if(severe, 144, 76) * case lv
                when 3 then if(emp, 15588 - 1586, 13942 - 1586) / 0.992 when 2 then if(emp, 9284, 6626)
                else if(emp, 7415, 3623) end)::bigint
            when kind = 2 then greatest(3000, exp(0.7 * z(k, 14) - 0.245)
                * case when heavy then 260000 when emp then 52000 else 43000 end)::bigint
            when kind = 3 then greatest(800, exp(0.9 * z(k, 14) - 0.405) * if(emp, 26000, 16000))::bigint
            else greatest(500, exp(0.8 * z(k, 14) - 0.32) * if(emp, 13000, 9000))::bigint end as total
    from settled
    where paid_at < make_timestamp(y0 + 3, 1, 1, 0, 0, 0)
), listed as (
    select *, case when kind > 2 then null
            when pool = 2 and dise_no in ('C50', 'C16') and u(k, 16) < 0.5 then 'XJL001'
            when pool = 2 and dise_no = 'C83' and u(k, 16) < 0.5 then 'XJL002'
            when pool = 2 and dise_no = 'C92' and u(k, 16) < 0.5 then 'XJL003'
            when pool = 2 and dise_no = 'N18' and u(k, 16) < 0.5 then 'SJL001'
            when pool < 2 and u(k, 16) < 0.012 then 'XSD00' || (1 + floor(6 * u(k, 17))::int)
            when pool < 2 and u(k, 16) < 0.022 then 'XNG00' || (1 + floor(4 * u(k, 17))::int)
            when pool < 2 and u(k, 16) < 0.030 then 'SAD00' || (1 + floor(3 * u(k, 17))::int) end as item
    from costed
), owned as (
    select *, (total * case when item is not null then 0.05 + 0.25 * u(k, 18)
            when kind = 1 then if(u(k, 18) < 0.08, 0, 0.01 + 0.14 * u(k, 18) ** 2) when kind = 2 then
            if(u(k, 18) < 0.9, 0, 0.08) when kind = 3 then if(u(k, 18) < 0.85, 0, 0.1) else
            if(u(k, 18) < 0.8, 0, 0.3) end)::bigint as own,
        if(kind = 1 and u(k, 19) < 0.15, total * 0.02 * u(k, 20), 0)::bigint as over_fen,
        (total * case when kind = 1 then 0.04 + 0.09 * u(k, 21) when kind = 2 then if(u(k, 21) < 0.5, 0, 0.06)
            when kind = 3 then if(u(k, 21) < 0.6, 0, 0.08) else 0 end)::bigint as class_b,
        case when item like 'X%' and item <> 'XNG002' then 'drug' when item like 'S%' then 'service'
            when item = 'XNG002' then 'material' when u(k, 22) < 0.5 then 'drug' when u(k, 22) < 0.7 then 'service'
            when u(k, 22) < 0.88 then 'material' else 'restricted' end as own1_type,
        case when u(k, 23) < 0.5 then 'material' when u(k, 23) < 0.75 then 'service' else 'restricted' end
            as own2_type
    from listed
), inside as (
    select *, if(kind = 1 and own > 0 and u(k, 24) < 0.35, own * 4 // 10, 0) as own2,
        if(away > 0, (total - own - over_fen - class_b) * if(referred, 10, 15) // 100, 0) as transfer,
        total - own - over_fen - class_b - transfer as inscp
    from owned
), based as (
    select *, if(kind = 1, least(inscp, [30000, 60000, 100000][lv]), 0) as dedc,
        case kind when 1 then least(if(emp, 25000000, 18000000), ((inscp - dedc) * (if(emp, [95, 94, 93],
                [86, 80, 75])[lv] - if(away > 0, 8, 0)) // 100))
            when 2 then inscp * if(emp, 85, 65) // 100 when 3 then inscp * 52 // 100 else 0 end as hifp,
        emp and u(pid, 32) < 0.04 as servant,
        pool < 2 or not emp as in_scheme,
        case when u(k, 26) < 0.001 then 'void' when u(k, 26) < 0.0011 then 'Q03' when u(k, 26) < 0.0012 then 'Q06'
            when u(k, 26) < 0.0013 then 'Q08' when u(k, 26) < 0.0043 then 'again' when u(k, 26) < 0.0063 then 'copied'
            when u(k, 26) < 0.0163 then 'late' when u(k, 26) < 0.0223 then 'undone'
            when u(k, 26) < 0.0225 then 'undone2' else '' end as fate
    from inside
), aided as (
    select *, inscp - hifp as coins, case when pool < 2
            then idet1 in ('7131', '7019', '7201', '7110', '7069') and idet1_from <= paid_at::date
                and (idet1_to is null or idet1_to > paid_at::date)
                or idet2 in ('7019', '7201', '7069') and idet2_from <= paid_at::date
                and (idet2_to is null or idet2_to > paid_at::date)
            else idet1 in ('7101', '7202', '7203', '7204') and idet1_from <= paid_at::date
                and (idet1_to is null or idet1_to > paid_at::date) end is true as aid,
        year(paid_at) as byear
    from based
), counted as (
    select *, case when not in_scheme or kind > 2 or med_type = '52' or fate in ('void', 'Q03', 'Q06', 'Q08')
            then 0 else coins + if(pool = 1, 0, class_b)
                + if(pool = 0 and item like 'XSD%' and (item <> 'XSD006' or byear >= 2022), own - own2, 0)
                + if(pool = 2 and item like '_JL%' and byear >= 2017, own - own2, 0) end as eligible
    from aided
), posted as (
    select *, sid * 4 + r as setl_no, if(r = 1, -1, 1) as sgn,
        if(r = 0, paid_at, paid_at + to_seconds(86400 * (1 + floor(u(k, 27) * 40)::bigint) + r)) as setl_time
    from (select *, unnest(case fate when 'undone' then [0, 1] when 'undone2' then [0, 1, 2] else [0] end) as r
        from counted)
), placed as (
    select *, case away when 0 then if(lv = 3 and kind < 4, if(left(county, 4) = '2224', '222401',
            left(county, 4) || '02'), if(right(county, 2) = '99', left(county, 4) || '02', county))
        when 1 then {texts([ELSEWHERE[i][0] for i in range(4)])}[pool + 1]
        else {texts([ELSEWHERE[i][1] for i in range(4)])}[pool + 1] end as hospital_county
    from posted
)
select pid, psn_no, pool, emp, grp, urban, uninsured, sid, k, kind, r, setl_no, sgn, fate, begndate, enddate, death,
    setl_time, year(setl_time) as file_year, byear, lv, pay_loc, med_type, dis, dise_no, item, referred, aid, servant,
    total, own, own2, own1_type, own2_type, over_fen, class_b, transfer, inscp, dedc, hifp, coins, eligible,
    county as home, hospital_county,
    case when fate = 'Q06' then '999900' when county = '330305' and u(k, 31) < 0.2 then '330322'
        when county = '610482' and u(k, 31) < 0.2 then '610427' when county = '220184' and u(k, 31) < 0.2 then '220381'
        when u(k, 31) > 0.995 then left(county, 4) || '00' else county end as insu_admdvs,
    if(kind = 4, 'P', 'H') || hospital_county || if(u(k, 32) < 0.0005 and kind < 4 and away = 0, '90001',
        ['001', '002', '003'][lv] || pick(['01', '02', '03', '04', '05'], u(k, 33))) as fixmedins_code,
    u(k, 34) < 0.296 and kind < 4 as undiagnosed,
    u(k, 35) < 0.005 as wrong_year
from placed
"""

# What the live system paid: of stays and special outpatients only, by the running sum of the person-year.
PAYMENTS = """
create or replace temp table payment as
with reached as (
    select setl_no, k, pool, aid, byear, eligible * sgn as step, sgn, r,
        (sum(eligible * sgn) over year)::bigint as upto, lag(sid) over year as sid_before
    from event where kind < 3
    window year as (partition by pid, pool, byear order by setl_time, setl_no)
), due as (
    select *, (paid(pool, aid, byear, upto) - paid(pool, aid, byear, upto - step)) * sgn as due from reached
)
select setl_no, due, sid_before, case when due = 0 or r > 0 or u(k, 28) >= 0.006 then due when u(k, 28) < 0.003 then 0
    else due * 9 // 10 end as cii
from due
"""

PAID_EVENTS = """
create or replace temp view paid_event as
with joined as (
    select e.*, coalesce(p.due, 0) as due, coalesce(p.cii, 0) as cii, if(servant, coins * 30 // 100, 0) as cvl
    from event e left join payment p on e.setl_no = p.setl_no
), funded as (
    select *, if(aid and kind < 3, greatest(0, coins - cii - cvl) * 40 // 100, 0) as maf, hifp + cvl + cii + maf as fund
    from joined
)
select *, u(k, 29) < 0.001 and fate = '' and fund <> total - fund as swapped,
    if(fate <> '' or u(k, 30) >= 0.002, 0, (total - fund) // 10) as hospital_part,
    case when not emp then 0 when kind = 4 then 100 when kind = 3 then 80 when kind = 2 then 60 else 25 end as acct_pct
from funded
"""


def settlements(where: str, hifp: str = "hifp", updt: str = "setl_time + interval 36 hour", rid: str = "'-1'") -> str:
    """The settlements in the layout of `setl_d`; the first version of a redelivered row differs in `hifp`."""
    change = f"({hifp}) - hifp"
    fund, person = f"(fund + {change})", f"(total - fund - hospital_part - ({change}))"
    account = f"({person} * acct_pct // 100)"
    amounts = {
        "medfee_sumamt": "total",
        "fulamt_ownpay_amt": "own",
        "overlmt_selfpay": "over_fen",
        "preselfpay_amt": "class_b + transfer",
        "trafout_preselfpay_amt": "transfer",
        "inscp_amt": "inscp",
        "act_pay_dedc": "dedc",
        "hifp_pay": hifp,
        "cvlserv_pay": "cvl",
        "hifes_pay": "0",
        "hifmi_pay": "if(emp, 0, cii)",
        "hifob_pay": "if(emp, cii, 0)",
        "hifdm_pay": "0",
        "maf_pay": "maf",
        "othfund_pay": "0",
        "fund_pay_sumamt": f"if(swapped, {person}, {fund})",
        "psn_pay": f"if(swapped, {fund}, {person})",
        "acct_pay": account,
        "cash_payamt": f"{person} - {account}",
        "ownpay_hosp_part": "hospital_part",
    }
    columns = ",\n        ".join(f"{yuan(f'sgn * ({value})')} as {name}" for name, value in amounts.items())
    names = texts([name for _, name in DISEASES])
    return f"""
    select {texts(POOLS)}[pool + 1] || (10000000000000 + setl_no) as setl_id,
        'M' || (1000000000000 + sid) as mdtrt_id,
        if(r > 0, {texts(POOLS)}[pool + 1] || (10000000000000 + setl_no - 1), null) as init_setl_id,
        psn_no, case when emp then '310' when pool <> 2 or byear >= 2018 then '390' when urban then '391' else '380' end
            as insutype,
        case when emp then if(grp in ('retired', 'old'), '12', '11') when grp = 'minor' then '14'
            when grp = 'student' then '16' else '15' end as psn_type,
        insu_admdvs, fixmedins_code, hospital_county as fix_blng_admdvs,
        if(kind = 4, '11', ['08', '05', '02'][lv]) as hosp_lv, pay_loc, if(fate = 'Q08', '99', med_type) as med_type,
        begndate, enddate, if(fate = 'Q03', null, setl_time) as setl_time,
        {columns},
        if(fate in ('undone', 'undone2'), '1', '0') as refd_setl_flag,
        if(kind < 3 or not undiagnosed and kind = 3, dise_no, null) as dise_no,
        if(kind < 3 or not undiagnosed and kind = 3, {names}[dis], null) as dise_name,
        {texts(POOLS)}[pool + 1] as poolarea_no,
        (file_year + if(wrong_year, 1, 0))::varchar as year,
        if(fate = 'void', '0', '1') as vali_flag,
        (10000000000000 + setl_no) || {rid} as rid, {updt} as updt_time
    from paid_event where {where}"""


def fee_lines(where: str) -> str:
    """Fee lines: a plain line, a line of class B, and up to two of own expense; a reversal takes its lines back."""
    drug, service, goods = (texts([code for code, _ in group]) for group in (DRUGS, SERVICES, MATERIALS))
    names = [texts([name for _, name in group]) for group in (DRUGS, SERVICES, MATERIALS)]
    return f"""
    with halved as (
        select *, kind = 1 or over_fen > 0 or u(k, 41) < [1, 0.6, 0.5, 0.2][kind] as split from event where {where}
    ), lines as (
        select *, k * 4 + n - 1 as lk,
            case n when 3 then own1_type when 4 then own2_type when 2 then if(u(k, 40) < 0.7, 'drug', 'material')
                else if(kind = 1 or kind < 4 and u(k, 40) < 0.4, 'service', 'drug') end as sort
        from (select *, unnest(case when own2 > 0 then if(split, [1, 2, 3, 4], [1, 3, 4])
            when own > 0 then if(split, [1, 2, 3], [1, 3]) else if(split, [1, 2], [1]) end) as n from halved)
    ), parts as (
        select *, case n when 3 then own - own2 when 4 then own2 else 0 end as line_own,
            if(n = if(split, 2, 1), class_b + transfer, 0) as line_pre,
            if(n = 2, over_fen, 0) as line_over,
            case when n > 2 then 0 when not split then if(n = 1, inscp, 0) when n = 2 then inscp * 3 // 10
                else inscp - inscp * 3 // 10 end as line_in
        from lines
    ), whole as (
        select *, line_own + line_pre + line_over + line_in as fen from parts
    )
    select 'F' || (100000000000000 + setl_no * 4 + n - 1) as bkkp_sn,
        {texts(POOLS)}[pool + 1] || (10000000000000 + setl_no) as setl_id,
        psn_no, begndate::timestamp + interval 10 hour as fee_ocur_time,
        (sgn * if(fen % 2 = 0, 2, 1))::decimal(16, 2) as cnt,
        {yuan("if(fen % 2 = 0, fen // 2, fen)")} as pric, {yuan("sgn * fen")} as det_item_fee_sumamt,
        {yuan("sgn * line_own")} as fulamt_ownpay_amt, {yuan("sgn * line_over")} as overlmt_selfpay,
        {yuan("sgn * line_pre")} as preselfpay_amt, {yuan("sgn * line_in")} as inscp_amt,
        case when n > 2 and sort <> 'restricted' then if(u(lk, 50) < 0.02, '丙', '03')
            when sort = 'restricted' or line_pre > 0 then case when u(lk, 50) < 0.03 then '乙'
                when u(lk, 50) < 0.05 then '2' else '02' end
            when u(lk, 50) < 0.03 then '甲' when u(lk, 50) < 0.05 then '1' when u(lk, 50) < 0.055 then '1.0'
            else '01' end as chrgitm_lv,
        case when n > 2 and item is null and u(lk, 51) < 0.005 then null when sort = 'service' then '201'
            when sort = 'material' then '301' else pick(['101', '101', '101', '102', '103'], u(lk, 51)) end
            as list_type,
        case when n = 3 and item is not null then item when sort = 'service' then pick({service}, u(lk, 52))
            when sort = 'material' then pick({goods}, u(lk, 52)) else pick({drug}, u(lk, 52)) end as med_list_codg,
        case when n = 3 and item is not null then item when sort = 'service' then pick({names[1]}, u(lk, 52))
            when sort = 'material' then pick({names[2]}, u(lk, 52)) else pick({names[0]}, u(lk, 52))
            || if(u(lk, 53) < 0.66, pick(['(集采)', '*', '（院内）', ' 0.5g', '-国谈'], u(lk, 54)), '') end
            as hilist_name,
        if(sort = 'restricted', '1', '0') as lmt_used_flag, if(u(lk, 55) < 0.03, '1', '0') as hi_nego_drug_flag,
        if(u(lk, 55) > 0.85, '1', '0') as prcu_drug_flag,
        if(r > 0, 'F' || (100000000000000 + (setl_no - 1) * 4 + n - 1), null) as init_feedetl_sn,
        '1' as vali_flag, 'F' || (100000000000000 + setl_no * 4 + n - 1) as rid,
        setl_time + interval 36 hour as updt_time
    from whole where fen > 0"""


def visits(where: str) -> str:
    """Visits of all but pharmacy settlements; three in ten lack the discharge diagnosis."""
    names = texts([name for _, name in DISEASES])
    return f"""
    select 'M' || (1000000000000 + sid) as mdtrt_id, psn_no, med_type,
        begndate::timestamp + interval 9 hour as begntime, enddate::timestamp + interval 16 hour as endtime,
        fixmedins_code, if(undiagnosed, null, dise_no) as dscg_maindiag_code,
        if(undiagnosed, null, {names}[dis]) as dscg_maindiag_name,
        if(kind < 3 or not undiagnosed, dise_no, null) as dise_no,
        if(referred and kind = 1 and sid_before is not null, 'M' || (1000000000000 + sid_before), null)
            as refl_old_mdtrt_id,
        if(kind = 1 and enddate = death, death, null) as die_date,
        '1' as vali_flag, 'M' || (1000000000000 + sid) as rid, setl_time + interval 36 hour as updt_time
    from event e left join payment p on e.setl_no = p.setl_no where kind < 4 and r = 0 and {where}"""


PERSON_INFO = """
    select psn_no, pick(['王', '李', '张', '刘', '陈', '杨', '黄', '赵', '吴', '周', '徐', '孙'], u(pid, 40))
            || pick(['伟', '芳', '娜', '敏', '静', '丽', '强', '磊', '军', '洋', '勇', '艳'], u(pid, 41))
            || if(u(pid, 42) < 0.5, '', pick(['华', '平', '英', '红', '玉', '国', '文', '春'], u(pid, 43))) as psn_name,
        gend, brdy, '01' as psn_cert_type,
        -- area 000000 exists nowhere: no certificate number here is a person's
        '000000' || strftime(brdy, '%Y%m%d') || lpad((pid % 10000)::varchar, 4, '0') as certno,
        if(death is null, '1', '0') as surv_stas, county2 as resd_loc_admdvs,
        '1' as vali_flag, psn_no as rid, make_timestamp(y0 + 3, 1, 1, 0, 0, 0) as updt_time
    from person order by pid"""

SPELLS = f"""
    with segments as (
        select *, 1 as part, insured_on as a, if(moved = '', null, moved_on) as b, county as c, emp as e, pool as p
        from person where not uninsured
        union all
        select *, 2, greatest(moved_on, insured_on), null, county2, emp2, pool2
        from person where not uninsured and moved <> ''
    ), lines as (
        -- Jilin's residents: urban and rural lines are one from 2018
        select *, unnest(case when p = 2 and not e then [0, 1] else [2] end) as line from segments
    ), bounded as (
        select * exclude (a, b), if(line = 1, greatest(a, date '2018-01-01'), a) as a,
            least(coalesce(b, date '9999-12-31'), if(line = 0, date '2018-01-01', date '9999-12-31'),
                coalesce(death + 1, date '9999-12-31')) as b
        from lines
    )
    select psn_no || '-' || part || line as psn_insu_rlts_id, psn_no,
        case when e then '310' when line = 0 then if(urban, '391', '380') else '390' end as insutype,
        case when e then if(grp in ('retired', 'old'), '12', '11') when grp = 'minor' then '14'
            when grp = 'student' then '16' else '15' end as psn_type,
        case when b < date '9999-12-31' then '3' when u(pid, 44) < 0.005 then '2' else '1' end as psn_insu_stas,
        a as crt_insu_date, nullif(b, date '9999-12-31') as paus_insu_date, c as insu_admdvs,
        {texts(POOLS)}[p + 1] as poolarea_no,
        '1' as vali_flag, psn_no || part || line as rid, make_timestamp(y0 + 3, 1, 1, 0, 0, 0) as updt_time
    from bounded where a < b order by pid, part, line"""

IDENTITIES = """
    select psn_no, t.k as psn_idet_type, t.a::timestamp as begntime, t.b::timestamp as endtime, county as insu_admdvs,
        '1' as vali_flag, psn_no || t.k as rid, make_timestamp(y0 + 3, 1, 1, 0, 0, 0) as updt_time
    from (select *, unnest([{'k': idet1, 'a': idet1_from, 'b': idet1_to}, {'k': idet2, 'a': idet2_from,
        'b': idet2_to}]) as t from person where idet1 is not null)
    where t.k is not null and (t.b is null or t.b > t.a) order by pid, t.k, t.a"""

PREMIUMS = """
    with enrolled as (
        select *, if(u(pid, 60 + cover_year - 2021) < 0.55, 'late', 'early') as season, pid + 8796093022208 as q
        from (select *, unnest([2021, 2022, 2023]) as cover_year from person where pool = 1 or pool2 = 1)
        where u(pid, 64) < 0.80 or u(pid, 65 + cover_year - 2021) < 0.25
    ), paid as (
        select *, case when cover_year = 2021 and season = 'late'
                then date '2021-01-01' + (u(q, cover_year - 2020) * 89)::int
            when u(q, cover_year - 2010) < 0.04 then make_date(cover_year, 2, 1) + (u(q, cover_year - 2020) * 250)::int
            else make_date(cover_year - 1, 10, 15) + (u(q, cover_year - 2020) * 77)::int end as paid_on,
            case when idet1 in ('7131', '7019', '7201') then 'subsidised' when emp and u(q, 20) < 0.7 then 'account'
                when u(q, 20) > 0.85 then 'kin_account' else 'own' end as channel
        from enrolled
    )
    select psn_no || '-' || cover_year as enrl_id, psn_no, cover_year::varchar as cover_year,
        paid_on::timestamp + interval 11 hour as paid_time, 100.00::decimal(16, 2) as premium_amt, channel,
        if(channel = 'subsidised', if(idet1 = '7201', 'county', 'civil_affairs'), null) as payer,
        if(channel = 'account', timestamp '2020-11-20 10:00:00', null) as auto_renew_consent_time,
        if(channel = 'account' and u(q, 21) < 0.05, timestamp '2022-06-01 10:00:00', null) as renewal_withdrawn_time,
        if(brdy > paid_on - 90, 'newborn', null) as event, if(brdy > paid_on - 90, brdy, null) as event_date,
        '1' as vali_flag, psn_no || cover_year as rid, paid_on::timestamp + interval 35 hour as updt_time
    from paid where paid_on >= brdy and (death is null or paid_on < death) order by pid, cover_year"""

REFERRALS = """
    select 'R' || (1000000000000 + sid) as evtsn, psn_no, begndate - 1 as refl_date,
        'H' || if(right(home, 2) = '99', left(home, 4) || '02', home) || '00101' as fixmedins_code,
        fixmedins_code as reflin_medins_no, hospital_county as mdtrtarea_admdvs, begndate - 1 as begndate,
        begndate + 29 as enddate, '1' as vali_flag, 'R' || sid as rid, begndate::timestamp as updt_time
    from event where referred and r = 0 order by sid"""

# What the manifest counts in the bulk, each over the settlements of a chunk.
COUNTS = f"""
    select count(*) filter (r = 0) as settlements, count(*) filter (r > 0) as reversals,
        count(*) filter (r = 2) as reversal_of_reversal, count(*) filter (fate = 'void') as void_row,
        count(*) filter (fate = 'Q03') as "Q03", count(*) filter (fate = 'Q06') as "Q06",
        count(*) filter (fate = 'Q08') as "Q08", count(*) filter (fate = 'again') as redelivered,
        count(*) filter (fate = 'copied') as migration_row, count(*) filter (fate = 'late') as late_row,
        count(*) filter (swapped) as swapped_columns, count(*) filter (wrong_year) as year_disagrees,
        count(*) filter (insu_admdvs in {tuple(RETIRED)}) as retired_district,
        count(*) filter (right(insu_admdvs, 2) = '00' and fate <> 'Q06') as district_replaced_by_city,
        count(*) filter (right(fixmedins_code, 5) = '90001') as test_hospital,
        count(*) filter (uninsured) as not_insured, count(*) filter (undiagnosed and r = 0) as visit_without_diagnosis,
        count(*) filter (eligible <> 0 and cii <> due) as recorded_otherwise,
        count(*) filter (kind = 1 and total > 40000000 and r = 0) as stays_over_400k
    from paid_event"""


def write_chunk(con: duckdb.DuckDBPyConnection, root: Path, number: int, lo: int, hi: int) -> dict:
    """Write the persons lo..hi and all that belongs to them; rows per table, counts of dirt, heads by county."""
    con.execute(PERSONS.format(lo=lo, hi=hi))
    for statement in (EVENTS, PAYMENTS, PAID_EVENTS):
        con.execute(statement)
    rows: Counter = Counter()

    def copy(table: str, folder: str, query: str) -> None:
        target = root / table / folder
        target.mkdir(parents=True, exist_ok=True)
        path = target / f"part-{number:05d}.parquet"
        done = con.execute(f"copy ({query}) to {literal(path)} ({PARQUET})").fetchone()[0]
        rows[table] += done
        if not done:
            path.unlink()

    for (year,) in con.execute("select distinct file_year from event order by 1").fetchall():
        folder, here = f"year={year}", f"file_year = {year}"
        copy("setl_d", folder, settlements(f"{here} and fate <> 'late'", "if(fate = 'again', hifp * 9 // 10, hifp)"))
        copy("fee_list_d", folder, fee_lines(here))
        copy("mdtrt_d", folder, visits(here))
    copy("setl_d", "delivery=late", settlements("fate = 'late'", updt="setl_time + interval 50 day"))
    copy("setl_d", "delivery=again", settlements("fate = 'again'", updt="setl_time + interval 9 day", rid="'-2'"))
    copy("setl_d", "delivery=migration", settlements("fate = 'copied'", updt="null::timestamp", rid="'-QY'"))
    for table, query in (
        ("psn_info_b", PERSON_INFO),
        ("psn_insu_d", SPELLS),
        ("psn_idet_d", IDENTITIES),
        ("supp_enrl_d", PREMIUMS),
        ("refl_appy_evt_c", REFERRALS),
    ):
        copy(table, "bulk", query)
    cursor = con.execute(COUNTS)
    dirt = dict(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True))
    dirt["identity_without_end"] = con.execute(f"select count(*) from ({IDENTITIES}) where endtime is null").fetchone()[
        0
    ]
    heads = con.execute("""
        select pool, county, emp, urban, count(*) from person where not uninsured group by all""").fetchall()
    return {
        "persons": hi - lo,
        "rows": rows,
        "dirt": Counter(dirt),
        "heads": Counter({tuple(row[:4]): row[4] for row in heads}),
    }


def line_dirt(con: duckdb.DuckDBPyConnection, root: Path) -> dict:
    """Dirt of the bulk's fee lines: levels written otherwise, names off the standard, no type."""
    standard = texts([name for group in (DRUGS, SERVICES, MATERIALS) for _, name in group])
    files = ", ".join(literal(path) for path in sorted((root / "fee_list_d").glob("year=*/*.parquet")))
    if not files:
        return {}
    level, name, sort = con.execute(f"""
        select count(*) filter (chrgitm_lv not in ('01', '02', '03')), count(*) filter (hilist_name <> med_list_codg
            and not list_contains({standard}, hilist_name)), count(*) filter (list_type is null)
        from read_parquet([{files}], hive_partitioning = false)""").fetchone()
    return {"level_written_otherwise": level, "name_not_standard": name, "line_without_type": sort}


def institutions() -> str:
    """Hospitals of three levels and pharmacies of every county, the places of care elsewhere, and a test hospital."""
    counties = sorted(
        {county for text in COUNTIES for county in text.split()}
        | {place for pair in ELSEWHERE.values() for place in pair}
        | {"222401"}
    )
    return f"""
    with county as (select unnest({texts(counties)}) as code), places as (
        select code, lv, n, t from county, range(1, 4) l(lv), range(1, 6) m(n), (values ('H'), ('P')) k(t)
        union all
        select code, 9, 0, 'T' from county where right(code, 2) <> '99'
    )
    select if(t = 'T', 'H', t) || code || if(t = 'T', '90001', lpad((lv * 100 + n)::varchar, 5, '0')) as fixmedins_code,
        code || case t when 'T' then '测试医院' when 'P' then '第' || (lv * 5 + n - 5) || '药店' else
            ['社区卫生服务中心', '人民医院', '中心医院'][lv] || n end as fixmedins_name,
        code as fix_blng_admdvs, if(t = 'P', '2', '1') as fixmedins_type,
        case t when 'H' then ['08', '05', '02'][lv] else '11' end as hosp_lv,
        '1' as vali_flag, code || t || lv || n as rid, timestamp '2016-01-01 00:00:00' as updt_time
    from places order by fixmedins_code"""
