"""Scripted persons of the sample that oversight must find (rules I1 to I9), and their neighbours that it must not.

The lines are those of `sample.SCRIPT`. At the margin a person also says what must come of it: watch=kind|peak level|
first passed|resolved|helping layer, gap=kind|from|to, relief=year|ceiling|amount.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dabing.sample import Plants

# Ordinary outpatient care (med_type 11) is paid by no later layer in these pools: what is written is what is borne.
# Thresholds of 610400 are 15,000, 30,000 and 60,000, of aided persons 3,000, 6,000 and 12,000; those of Zhejiang, from
# 2022, begin at 20,000 and 5,000 (seed pool_parameter).
WATCH = """
watch-passed 610400 watch=fall_into_poverty|1|2021-03-05|2022-03-05|none : 2021-03-05 15000.01 med_type=11
watch-at-the-threshold 610400 : 2021-03-05 15000 med_type=11
watch-levels 610400 watch=fall_into_poverty|3|2022-01-10||none
    2022-01-10 15000.01 med_type=11
    2022-02-10 15000 med_type=11
    2022-04-10 30000 med_type=11
watch-across-new-year 610400 watch=fall_into_poverty|1|2022-02-05|2022-11-05|none
    2021-11-05 10000 med_type=11
    2022-02-05 6000 med_type=11
watch-reversed 610400 watch=fall_into_poverty|1|2021-03-05|2021-05-05|none
    2021-03-05 20000 med_type=11
    2021-05-05 undo=1
watch-reversed-after-a-year 610400 watch=fall_into_poverty|1|2021-03-05|2022-03-05|none
    2021-03-05 20000 med_type=11
    2022-04-05 undo=1
watch-twice 610400 watch=fall_into_poverty|1|2020-03-05|2021-03-05|none watch=fall_into_poverty|1|2022-03-05||none
    2020-03-05 16000 med_type=11
    2022-03-05 16000 med_type=11
watch-becomes-aided 610400 held=7101|2022-05-01| watch=return_to_poverty|1|2022-05-01||none
    2022-02-05 5000 med_type=11
watch-aided 610400 held=7101|2020-01-01| watch=return_to_poverty|2|2022-02-05||none : 2022-02-05 6000.01 med_type=11
watch-threshold-begins 331100 watch=fall_into_poverty|1|2022-01-01|2022-12-05|supplementary
    2021-12-05 20000.01 med_type=11
watch-recognition 330300 watch=fall_into_poverty|1|2022-03-05|2023-03-05|medical_aid
    2022-03-05 20000.01 med_type=11
watch-aid-limit 330300 held=7201|2021-01-01| watch=return_to_poverty|2|2023-03-05||relief relief=2023|20000|60280
    2023-03-05 1100000 -> 869720 aid=150000 relief=60280 oop=20000
gap-not-insured 330300 held=7019|2021-01-01| spell=2015-01-01|2022-01-01|3 spell=2022-03-01 \
    gap=aided_not_insured|2022-01-01|2022-03-01
gap-insured-by-another-spell 330300 held=7019|2021-01-01| spell=2015-01-01|2022-03-01|3 spell=2022-03-01
gap-not-enrolled 331100 held=7019|2021-01-01| premium=2022|2021-12-20|subsidised \
    gap=subsidised_not_enrolled|2021-01-01|2022-01-01 gap=subsidised_not_enrolled|2023-01-01|2024-01-01 \
    gap=subsidised_not_enrolled|2024-01-01|2025-01-01
gap-paid-twice 331100 premium=2022|2021-12-20|subsidised premium=2022|2021-12-21|own \
    gap=subsidised_twice|2022-01-01|2023-01-01
gap-not-paid-as-aided 330300 held=7019|2021-01-01| gap=aided_not_paid_as_aided|2021-01-01|2022-01-01
    2021-03-05 30000 -> 13720 recorded=3010 ?category
"""

# Each rule of claim review with a neighbour that just escapes it. review=rule|number of the settlement; died=day adds a
# visit that records the death; extra=amount a fee line beside those of the settlement; item=code|quantity|unit price a
# line that costs nothing.
REVIEW = """
review-overlap 330300 review=R01|2
    2021-03-10 1000
    2021-03-15 1000
review-no-overlap 330300
    2021-03-10 1000
    2021-03-19 1000
review-overlap-taken-back 330300
    2021-03-10 1000
    2021-03-15 1000
    2021-03-16 undo=1
review-readmission 330300 review=R02|2
    2021-03-10 1000
    2021-03-18 1000
review-transfer-on-the-day 330300
    2021-03-10 1000
    2021-03-18 1000 fixmedins_code=H33030300301
review-after-death 330300 died=2021-04-01 review=R03|1 : 2021-04-10 1000
review-settled-after-death 330300 died=2021-04-02 : 2021-04-10 1000
review-not-insured 330300 spell=2015-01-01|2021-04-02|3 review=R04|1 : 2021-04-10 1000
review-insured-at-admission 330300 spell=2015-01-01|2021-04-03|3 : 2021-04-10 1000
review-sums 330300 review=R05|1 : 2021-04-10 1000 sums=2500|1000
review-sums-a-fen-off 330300 : 2021-04-10 1000 sums=2000.01|1000
review-lines 330300 extra=0.02 review=R06|1 : 2021-04-10 1000
review-lines-a-fen-off 330300 extra=0.01 : 2021-04-10 1000
review-quantity 330300 item=XJ01DD04|200.01|0 review=R07|1 : 2021-04-10 1000
review-quantity-at-the-limit 330300 item=XJ01DD04|200|0 : 2021-04-10 1000
review-price 330300 item=C0201020040|0|1000.01 review=R08|1 : 2021-04-10 1000
review-price-at-the-limit 330300 item=C0201020040|0|1000 : 2021-04-10 1000
review-sex 330300 item=003313020000000|1|0 review=R09|1 : 2021-04-10 1000
review-right-sex 330300 gend=2 item=003313020000000|1|0 : 2021-04-10 1000
review-age 330300 brdy=2018-04-10 item=003501000010000|1|0 review=R10|1 : 2021-04-10 1000
review-age-a-day-younger 330300 brdy=2018-04-11 item=003501000010000|1|0 : 2021-04-10 1000
review-age-minimum 330300 brdy=2003-04-11 item=C0201020040|1|0 review=R10|1 : 2021-04-10 1000
review-cost 330300 review=R11|1 : 2021-04-10 5000 dise_no=G35
review-cost-within 330300 : 2021-04-10 1500 dise_no=G35
"""
# Their peers: stays of one disease in hospitals of one level, a person each.
PEERS = "\n".join(f"review-peer 330300 : 2021-04-10 {amount} dise_no=G35" for amount in range(1010, 1250, 10))

# Extra aid after a referral inside the province and stays without a deposit: refer=day|to hospital|its area, from a
# hospital of the first level; care=measure|number of the settlement|amount. Half of what is borne above 3,000.
REFERRED = """
tilt-heavy 330300 held=7019|2021-01-01| refer=2022-03-01|H33010600301|330106 care=tilt|1|128.00 care=tilt|2|200.00
    2022-03-20 30000 -> 13720 aid=13024 oop=3256 fixmedins_code=H33010600301 fix_blng_admdvs=330106 pay_loc=3
    2022-05-20 10000 -> 8000 aid=1600 oop=400 fixmedins_code=H33010600301 fix_blng_admdvs=330106 pay_loc=3
tilt-not-referred 330300 held=7019|2021-01-01|
    2022-03-20 30000 -> 13720 fixmedins_code=H33010600301 fix_blng_admdvs=330106 pay_loc=3
tilt-other-province 330300 held=7019|2021-01-01| refer=2022-03-01|H31010400301|310104
    2022-03-20 30000 -> 13720 fixmedins_code=H31010400301 fix_blng_admdvs=310104 pay_loc=4
tilt-not-aided 330300 refer=2022-03-01|H33010600301|330106
    2022-03-20 30000 -> 3010 fixmedins_code=H33010600301 fix_blng_admdvs=330106 pay_loc=3
deposit-waived 330300 held=7019|2021-01-01| refer=2022-03-01|H33030200301|330302 care=deposit_waiver|1|
    2022-03-20 1000 -> 0
deposit-other-category 330300 held=7201|2021-01-01| refer=2022-03-01|H33030200301|330302
    2022-03-20 1000 -> 0
deposit-outside-the-pool 330300 held=7019|2021-01-01| refer=2022-03-01|H33010600301|330106
    2022-03-20 1000 -> 0 fixmedins_code=H33010600301 fix_blng_admdvs=330106 pay_loc=3
deposit-before-the-referral 330300 held=7019|2021-01-01| refer=2022-03-21|H33030200301|330302
    2022-03-20 1000 -> 0
"""

# Own expense of aided persons at hospitals that few go to, against a ceiling of 0.15 of the bills: ceiling=hospital|
# year|above or not.
OWN_EXPENSE = """
own-expense-at-the-ceiling 330300 held=7019|2022-01-01| ceiling=H33032900901|2022|false
    2022-03-20 1700 -> 0 line=301|C0201020030|900|03 fixmedins_code=H33032900901 fix_blng_admdvs=330329
own-expense-above-the-ceiling 330300 held=7019|2022-01-01| ceiling=H33032900902|2022|true
    2022-03-20 1700 -> 0 line=301|C0201020030|900.01|03 fixmedins_code=H33032900902 fix_blng_admdvs=330329
own-expense-of-others 330300
    2022-03-20 1700 -> 0 line=301|C0201020030|5000|03 fixmedins_code=H33032900901 fix_blng_admdvs=330329
"""


def expectations(entry: dict, number: str, words: list[str]) -> None:
    """Keep in a case of the manifest what must be found of a person."""
    for name in ("watch", "gap", "relief", "review", "care", "ceiling"):
        found = [word.partition("=")[2].split("|") for word in words if word.startswith(f"{name}=")]
        if found:
            entry.setdefault(f"expected_{name}", {})[number] = found


def plant_extra(p: Plants, person: dict, words: list[str]) -> None:
    """The visit of a death, referrals, and fee lines beside those of the person's first settlement."""
    from dabing.sample import values

    number, settlement = person["psn_no"], f"{person['psn_no']}-1"
    for [died] in values(words, "died"):
        visit = dict(mdtrt_id=f"M{number}-died", psn_no=number, med_type="13", begntime=died, die_date=died)
        p.add("mdtrt_d", visit)
    for day, hospital, area in values(words, "refer"):
        row = dict(fixmedins_code="H33030200101", reflin_medins_no=hospital, mdtrtarea_admdvs=area, refl_date=day)
        p.add(
            "refl_appy_evt_c",
            {"evtsn": f"R{number}", "psn_no": number, **row, "begndate": day, "enddate": "2022-12-31"},
        )
    lines = [("XN02BE01", "1", amount, amount) for [amount] in values(words, "extra")]
    lines += [(item, quantity, price, "0.00") for item, quantity, price in values(words, "item")]
    for place, (item, quantity, price, cost) in enumerate(lines):
        p.add("fee_list_d", dict(
            bkkp_sn=f"F{settlement}-extra-{place}", setl_id=settlement, psn_no=number, cnt=quantity, pric=price,
            det_item_fee_sumamt=cost, fulamt_ownpay_amt="0.00", overlmt_selfpay="0.00", preselfpay_amt="0.00",
            inscp_amt=cost, fee_ocur_time="2021-04-10", list_type="101", med_list_codg=item, hilist_name=item,
            lmt_used_flag="0", chrgitm_lv="01",
        ))  # fmt: skip


def plant_oversight(p: Plants) -> None:
    """The persons of WATCH, REVIEW, PEERS, REFERRED and OWN_EXPENSE."""
    # sample imports this module
    from dabing.sample import plant_premiums

    for hospital, name in (("H33032900901", "文成县仁和医院"), ("H33032900902", "文成县同济医院")):
        row = dict(fixmedins_name=name, fix_blng_admdvs="330329", fixmedins_type="1", hosp_lv="05")
        p.add("fixmedins_b", {"fixmedins_code": hospital, **row})
    person: dict = {}
    for text in (WATCH + REVIEW + PEERS + REFERRED + OWN_EXPENSE).replace("\\\n", "").split("\n"):
        line = text
        if text and not text.startswith(" "):
            head, _, line = text.partition(" : ")
            case, pool, *words = head.split()
            person = p.person(case, pool, words)
            plant_premiums(p, person, words)
            plant_extra(p, person, words)
            expectations(p.cases[case], person["psn_no"], words)
        if line.strip():
            p.settle(person, line)
