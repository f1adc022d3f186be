"""`dabing sample`: a whole raw directory for the four pools, large or small, the same for the same seed.

The random bulk is made in SQL (`sample_sql`). Beside it stand scripted persons, `PLANT-<case>-<n>`, for each case of
the rules and each dirt that real extracts have: what they hold and what must come of it is written here by hand, and
the manifest says it.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import shlex
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dabing import sample_sql as bulk
from dabing.errors import DabingError
from dabing.sample_oversight import plant_oversight

MANIFEST = "_manifest.json"
CHUNK = 100_000
COLUMNS_TEXT = f"""
setl_d setl_id mdtrt_id init_setl_id psn_no insutype psn_type insu_admdvs fixmedins_code fix_blng_admdvs hosp_lv
    pay_loc med_type begndate enddate setl_time {" ".join(bulk.AMOUNTS)}
    refd_setl_flag dise_no dise_name poolarea_no;
fee_list_d bkkp_sn setl_id psn_no fee_ocur_time cnt pric det_item_fee_sumamt fulamt_ownpay_amt overlmt_selfpay
    preselfpay_amt inscp_amt chrgitm_lv list_type med_list_codg hilist_name lmt_used_flag hi_nego_drug_flag
    prcu_drug_flag init_feedetl_sn;
mdtrt_d mdtrt_id psn_no med_type begntime endtime fixmedins_code dscg_maindiag_code dscg_maindiag_name dise_no
    refl_old_mdtrt_id die_date;
psn_info_b psn_no psn_name gend brdy psn_cert_type certno surv_stas resd_loc_admdvs;
psn_insu_d psn_insu_rlts_id psn_no insutype psn_type psn_insu_stas crt_insu_date paus_insu_date insu_admdvs
    poolarea_no;
psn_idet_d psn_no psn_idet_type begntime endtime insu_admdvs;
supp_enrl_d enrl_id psn_no cover_year paid_time premium_amt channel payer auto_renew_consent_time
    renewal_withdrawn_time event event_date;
fund_txn_d txn_id scheme_id insu_admdvs insutype benefit_year txn_date txn_type amount;
fixmedins_b fixmedins_code fixmedins_name fix_blng_admdvs fixmedins_type hosp_lv;
refl_appy_evt_c evtsn psn_no refl_date fixmedins_code reflin_medins_no mdtrtarea_admdvs begndate enddate
"""
COLUMNS = {
    table: [*columns, "vali_flag", "rid", "updt_time"]
    for table, *columns in (text.split() for text in COLUMNS_TEXT.split(";"))
}
DATES = {
    "begndate",
    "enddate",
    "brdy",
    "crt_insu_date",
    "paus_insu_date",
    "die_date",
    "refl_date",
    "txn_date",
    "event_date",
}
TIMES = {
    "setl_time",
    "updt_time",
    "fee_ocur_time",
    "begntime",
    "endtime",
    "paid_time",
    "auto_renew_consent_time",
    "renewal_withdrawn_time",
}
MONEY = [*bulk.AMOUNTS, "cnt", "pric", "det_item_fee_sumamt", "premium_amt", "amount"]
# Files of the scripted rows. `twice` is one file under two names.
FILES = {
    "main": "plants/part-00000.parquet",
    "late": "delivery=late/plants-00000.parquet",
    "again": "delivery=again/plants-00000.parquet",
    "text": "delivery=text/plants-00000.parquet",
    "csv": "delivery=text/plants-00001.csv.gz",
    "alias": "delivery=interface/plants-00000.parquet",
    "wide": "delivery=interface/plants-00001.parquet",
    "sparse": "delivery=interface/plants-00002.parquet",
    "twice": "delivery=twice/plants-00000.parquet",
}
ALIAS = {
    "inscp_amt": "inscp_scp_amt",
    "othfund_pay": "oth_pay",
    "psn_pay": "psn_part_amt",
    "cash_payamt": "psn_cash_pay",
    "ownpay_hosp_part": "hosp_part_amt",
    "dise_no": "dise_codg",
    "insu_admdvs": "insuplc_admdvs",
    "overlmt_selfpay": "overlmt_amt",
}
SPARSE = ("trafout_preselfpay_amt", "hifdm_pay", "ownpay_hosp_part", "dise_name", "pay_loc", "refd_setl_flag")

# Scheme, year, assistance identity: eligible expense of a person-year and what the scheme pays of it. Each bound of the
# ladder, the deductible and the limit stand with one fen less and one fen more. Computed apart from the warehouse.
POINTS = """
330300 2021 -    25699.99=0 25700=0 25700.01=0.01 30000=3010 385499.99=251859.99 385500=251860 385500.01=251860
330300 2021 7019 12849.99=0 12850=0 12850.01=0.01 30000=13720 400000=309720 900000=709720
331100 2021 -    17999.99=0 18000=0 18000.01=0.01 660857.13=449999.99 660857.14=450000 660857.15=450000
331100 2021 7201 8999.99=0 9000=0 9000.01=0.01 900000=712800
220000 2016 -    13999.99=0 14000=0 14000.01=0.01 23999.99=5000 24000=5000 24000.01=5000.01 63999.99=26999.99
220000 2016 -    64000=27000 64000.01=27000.01 113999.99=59499.99 114000=59500 114000.01=59500.01 539624.99=399999.99
220000 2016 -    539625=400000 539625.01=400000
220000 2016 7101 8399.99=0 8400=0 8400.01=0.01 18399.99=5499.99 18400=5500 18400.01=5500.01 58399.99=29499.99
220000 2016 7101 58400=29500 58400.01=29500.01 108399.99=64499.99 108400=64500 108400.01=64500.01 503105.87=399999.99
220000 2016 7101 503105.88=400000 503105.89=400000
220000 2017 -    13999.99=0 14000=0 14000.01=0.01 23999.99=5499.99 24000=5500 24000.01=5500.01 63999.99=29499.99
220000 2017 -    64000=29500 64000.01=29500.01 113999.99=64499.99 114000=64500 114000.01=64500.01 533374.99=399999.99
220000 2017 -    533375=400000 533375.01=400000
220000 2017 7101 8399.99=0 8400=0 8400.01=0.01 18399.99=5999.99 18400=6000 18400.01=6000.01 58399.99=31999.99
220000 2017 7101 58400=32000 58400.01=32000.01 108399.99=69499.99 108400=69500 108400.01=69500.01 497223.52=399999.99
220000 2017 7101 497223.53=400000 497223.54=400000
610400 2020 -    9999.99=0 10000=0 10000.01=0.01 29999.99=11999.99 30000=12000 30000.01=12000.01 60000=33000
610400 2020 -    99999.99=60999.99 100000=61000 100000.01=61000.01 398749.99=299999.99 398750=300000 398750.01=300000
610400 2020 7101 4999.99=0 5000=0 5000.01=0.01 29999.99=16249.99 30000=16250 30000.01=16250.01 60000=38750
610400 2020 7101 99999.99=68749.99 100000=68750 100000.01=68750.01 372058.81=299999.99 372058.82=300000 372058.83=300000
"""
# The same, as what one person reaches step by step: every step from the second on crosses a bound.
PATHS = """
330300 2021 -    5000=0 205600=125930 405500=251860 410000=251860
330300 2021 7019 5000=0 32850=16000 900000=709720
331100 2021 -    5000=0 339429=225000.3 680857.14=450000 690000=450000
331100 2021 7201 5000=0 29000=16000 900000=712800
220000 2016 -    5000=0 19000=2500 44000=16000 89000=43250 326812=229749.6 559625=400000
220000 2016 7101 5000=0 13400=2750 38400=17500 83400=47000 305753=232250.05 523105.88=400000
220000 2017 -    5000=0 19000=2750 44000=17500 89000=47000 323688=232250.4 553375=400000
220000 2017 7101 5000=0 13400=3000 38400=19000 83400=50750 302812=234750.2 517223.53=400000
610400 2020 -    5000=0 20000=6000 65000=36500 249375=180500 418750=300000
610400 2020 7101 2500=0 17500=8125 65000=42500 236029=184374.65 392058.82=300000
"""
# Half a fen: 0.035, 0.005, 0.055 and 0.065 are rounded up.
HALVES = """
330300 2021 -    25700.05=0.04
220000 2016 -    14000.01=0.01
220000 2017 -    14000.10=0.06
610400 2020 7101 5000.10=0.07
"""


# Scripted persons. A line at the margin: case, pool, and what the person holds (held=type|begin|end, spell=begin|end|
# status|change, insutype, county). Then the settlements, indented or after a colon: day, coinsurance (or undo=number of
# the settlement that is taken back, *share), the payout that must come of it (->), its fate where it is not accepted
# (!), its file (@), the cause why the recorded amount differs (?), sums=of the funds|of the person where others pay
# too, id= where it is a version of an earlier one, and what columns differ. NULL is none, 'x=' a blank. More of it: its
# cover (cover=), what supplementary insurance, medical aid and relief pay (supp=, aid=, relief=) and what is left to
# the person (oop=).
SCRIPT = """
none-to-aided 330300 held=7019|2021-06-01|
    2021-03-05 20000 -> 0
    2021-08-05 10000 -> 8000
aided-to-none 330300 held=7019|2020-06-01|2021-06-01
    2021-03-05 20000 -> 5720
    2021-08-05 10000 -> 3010
limit-waived-then-none 331100 held=7131|2021-01-01|2021-06-01
    2021-03-05 600000 -> 472800
    2021-08-05 10000 -> 0
limit-waived-then-none 330300 held=7131|2021-01-01|2021-06-01
    2021-03-05 400000 -> 309720
    2021-08-05 10000 -> 0
limit-cuts-what-is-left 331100 held=7019|2021-01-01|2021-06-01
    2021-03-05 550000 -> 432800
    2021-08-05 50000 -> 17200
limit-cuts-what-is-left 610400 held=7101|2020-01-01|2021-06-01
    2021-03-05 370000 -> 298250
    2021-08-05 20000 -> 1750
several-categories 330300 held=7120|2021-01-01| held=7201|2021-01-01| : 2021-06-01 30000 -> 13720
several-categories 610400 held=7019|2020-01-01| held=7101|2020-01-01| : 2021-06-01 60000 -> 38750
category-without-terms 330300 held=7202|2021-01-01| : 2021-06-01 30000 -> 3010
category-without-terms 330300 held=7120|2021-01-01| : 2021-06-01 30000 -> 3010
category-without-terms 610400 held=7019|2020-01-01| : 2021-06-01 60000 -> 33000
identity-type-unknown 330300 held=9999|2021-01-01| : 2021-06-01 30000 -> 3010
identity-of-another-pool 330300 held=7101|2021-01-01| : 2021-06-01 30000 -> 3010
blank-end 330300 held=7201|2019-01-01| : 2021-06-01 30000 -> 13720
touching-spells 330300 held=7019|2021-01-01|2021-06-01 held=7019|2021-06-01|2021-12-01 : 2021-06-01 30000 -> 13720
overlapping-spells 330300 held=7019|2021-01-01|2021-07-01 held=7019|2021-05-01|2021-12-01 : 2021-06-01 30000 -> 13720
spells-with-a-gap 330300 held=7019|2021-01-01|2021-06-01 held=7019|2021-06-02|2021-12-01 : 2021-06-01 30000 -> 3010
spell-begins-today 330300 held=7019|2021-06-02|2021-12-01 : 2021-06-02 30000 -> 13720
spell-ends-at-midnight 330300 held=7019|2021-01-01|2021-06-01 : 2021-06-01 30000 -> 3010
spell-ends-in-the-day 330300 held=7019|2021-01-01|2021-06-01T23:59:59 : 2021-06-01 30000 -> 13720
spell-ended-yesterday 330300 held=7019|2021-01-01|2021-05-31T23:59:59 : 2021-06-01 30000 -> 3010

move-county 330300 spell=2019-01-01|2021-06-01|3 spell=2021-06-01||1|insu_admdvs=330381
    2021-03-05 20000 -> 0
    2021-08-05 10000 -> 3010 insu_admdvs=330381
move-pool 330300 spell=2019-01-01|2021-06-01|3 spell=2021-06-01||1|insu_admdvs=331121|poolarea_no=331100
    2021-03-05 20000 -> 0
    2021-08-05 20000 -> 1400 insu_admdvs=331121 poolarea_no=331100
employee-to-resident 330300 insutype=310 spell=2019-01-01|2021-06-01|3 spell=2021-06-01||1|insutype=390|psn_type=15
    2021-03-05 20000 -> 0
    2021-08-05 10000 -> 3010 insutype=390 psn_type=15
resident-to-employee-outside-scheme 220000 insutype=391
    2017-03-05 20000 -> 3300
    2017-08-05 50000 insutype=310 psn_type=11
urban-to-integrated 220000 insutype=391
    2018-01-05 14000 -> 0
    2018-08-05 10000 -> 5500 insutype=390
rural 220000 insutype=380 : 2016-03-05 24000 -> 5000
stay-across-new-year 330300
    2021-06-05 20000 -> 0
    2022-01-05 10000 -> 0 begndate=2021-12-20
discharge-and-settlement-in-different-years 330300
    2021-06-05 20000 -> 0
    2022-01-03 10000 -> 0 begndate=2021-12-10 enddate=2021-12-28
last-second-of-the-year 330300
    2021-12-31T23:59:59 25700 -> 0
    2022-01-01T00:00:00 30000 -> 3010
same-second 330300
    2021-06-05 25000 -> 0
    2021-06-05 10000 -> 6510

reversal-same-year 330300
    2021-03-05 30000 -> 3010
    2021-04-05 undo=1 -> -3010
reversal-next-year 330300
    2021-03-05 30000 -> 3010
    2022-01-05 30000 -> 3010
    2022-02-05 undo=1 -> -3010
    2022-03-05 1000 -> 700
reversal-partial 330300
    2021-03-05 40000 -> 10010
    2021-04-05 undo=1*0.25 -> -7000
    2021-05-05 undo=1*0.75 -> -3010
reversal-of-reversal 330300
    2021-03-05 30000 -> 3010
    2021-04-05 undo=1 -> -3010
    2021-05-05 undo=2 -> 3010
    2022-01-05 undo=3 -> -3010
reversal-of-straddle 610400
    2021-03-05 25000 -> 9000
    2021-04-05 10000 -> 6500
    2021-05-05 undo=2 -> -6500
reversal-of-straddle 610400
    2021-03-05 25000 -> 9000
    2021-04-05 10000 -> 6500
    2021-05-05 undo=1 -> -15500
limit-left-after-a-better-category 610400 held=7101|2020-06-01|
    2020-02-01 260000 -> 189000
    2020-08-01 200000 -> 111000
reversal-of-a-settlement-cut-by-the-limit 331100 held=7131|2021-01-01|2021-06-01
    2021-02-01 400000 -> 312800
    2021-07-01 400000 -> 137200
    2021-08-01 undo=2 -> -137200
reversal-of-a-settlement-cut-by-the-limit 610400 held=7101|2021-01-01|2021-06-01
    2021-02-01 371000 -> 299100
    2021-07-01 20000 -> 900
    2021-08-01 undo=2 -> -900
reversal-with-other-codes-than-its-original 330300
    2021-02-01 40000 -> 10010
    2021-03-01 undo=1 -> -10010 insu_admdvs=331102 poolarea_no=331100 insutype=310 med_type=11
reversal-never-below-nothing-paid 330300 held=7019|2021-01-01|2021-05-01
    2021-02-01 20000 -> 5720
    2021-06-01 10000 -> 3010
    2021-07-01 undo=1 -> -8730
reversal-after-category-change 330300 held=7019|2021-06-01|
    2021-03-05 30000 -> 3010
    2021-06-05 5000 -> 4000
    2021-07-05 undo=1 -> -6510
reversal-under-limit 331100
    2021-03-05 660857.14 -> 450000
    2021-04-05 10000 -> 0
    2021-05-05 undo=2 -> 0
    2021-06-05 undo=1 -> -450000
reversal-of-itself 330300 : 2021-03-05 30000 -> 3010 init_setl_id=PLANT-reversal-of-itself-1-1
reversal-blank-original 330300 : 2021-03-05 30000 -> 3010 init_setl_id=' ' @text
reversal-orphan 330300
    2021-03-05 30000 -> 3010
    2021-04-05 undo=1 !Q09 init_setl_id=PLANT-not-delivered
reversal-orphan 330300 : 2021-04-05 undo=PLANT-reversal-orphan-1-1 !Q09
reversal-of-void 330300
    2021-03-05 30000 !void
    2021-04-05 undo=1 !Q09
reversal-of-quarantined 330300
    2021-03-05 30000 !Q08 med_type=98
    2021-04-05 undo=1 !Q09 med_type=21
reversal-before-original 330300
    2021-03-05 30000 -> 3010
    2021-03-04 undo=1 !Q10
reversal-of-refused-reversal 330300
    2021-03-05 30000 -> 3010
    2021-03-04 undo=1 !Q10
    2021-04-05 undo=2 !Q09
reversal-exceeds-original 330300
    2021-03-05 30000 -> 3010
    2021-04-05 undo=1*1.5 !Q11
reversal-exceeds-original 330300
    2021-03-05 30000 -> 3010
    2021-04-05 undo=1*0.6 -> -3010
    2021-05-05 undo=1*0.6 !Q11
    2021-06-05 undo=1*0.4 -> 0
reversal-same-sign 330300
    2021-03-05 30000 -> 3010
    2021-04-05 undo=1*-0.5 !Q11

redelivered 330300
    2021-03-05 50000 !superseded
    2021-03-05 30000 -> 3010 id=1 @again rid=2 updt_time=2021-09-01T03:00:00
redelivered-same-update-time 330300
    2021-03-05 50000 !superseded rid=9 updt_time=2021-09-01T03:00:00
    2021-03-05 30000 -> 3010 id=1 @again rid=10 updt_time=2021-09-01T03:00:00
redelivered-without-update-time 330300
    2021-03-05 50000 !superseded rid=99 updt_time=NULL
    2021-03-05 30000 -> 3010 id=1 @again rid=1
unusable-redelivery 330300
    2021-03-05 30000 -> 3010
    2021-03-05 50000 !Q04 id=1 @text medfee_sumamt=abc updt_time=2021-09-01T03:00:00
file-delivered-twice 330300
    2021-03-05 30000 -> 3010 @twice
    2021-04-05 10000 -> 7000 @twice
late-row 330300
    2021-06-05 20000 -> 14000
    2021-03-05 30000 -> 3010 @late updt_time=2022-05-01T03:00:00
void 330300
    2021-03-05 30000 !void
    2021-04-05 30000 -> 3010
void-later-version 330300
    2021-03-05 30000 !superseded
    2021-03-05 30000 !void id=1 @again updt_time=2021-09-01T03:00:00
    2021-05-05 26700 -> 700
void-earlier-version 330300
    2021-03-05 50000 !void
    2021-03-05 30000 -> 3010 id=1 @again updt_time=2021-09-01T03:00:00
vali-flag-blank 330300 : 2021-03-05 30000 -> 3010 vali_flag=NULL
file-alias 330300 : 2021-03-05 20000 -> 3010 class_b=10000 @alias
file-wide 330300 : 2021-03-05 20000 -> 3010 class_b=10000 @wide
file-sparse 330300 : 2021-03-05 20000 -> 3010 class_b=10000 @sparse
date-forms 330300 : 2021-03-05 30000 -> 3010 @text setl_time=2021/3/5
date-forms 330300 : 2021-03-05 30000 -> 3010 @csv setl_time=20210305
date-forms 330300 : 2021-03-05 30000 -> 3010 @text setl_time=20210305143000
date-forms 330300 : 2021-03-05 30000 -> 3010 @csv setl_time='2021-03-05 14:30'
date-forms 330300 : 2021-03-05 30000 -> 3010 @text setl_time='2021-03-05 14:30:00.123'
amount-forms 330300 : 2021-03-05 30000 -> 3010 @text hifp_pay=60000 hifes_pay=
amount-forms 330300 : 2021-03-05 30000 -> 3010 @csv hifp_pay=+60000.00 hifes_pay=
amount-forms 330300 : 2021-03-05 30000 -> 3010 @text hifp_pay=' 60000.0 '
amount-forms 330300 : 2021-03-05 30000 -> 3010 @csv hifp_pay=60000.000

quarantine-Q01 330300 : 2021-03-05 30000 !Q01 @text setl_id=
quarantine-Q01 330300 : 2021-03-05 30000 !Q01 @csv setl_id=' '
quarantine-Q02 330300 : 2021-03-05 30000 !Q02 @text psn_no=
quarantine-Q03 330300 : 2021-03-05 30000 !Q03 @csv setl_time=
quarantine-Q04 330300 : 2021-03-05 30000 !Q04 @text setl_time=20210231
quarantine-Q04 330300 : 2021-03-05 30000 !Q04 @csv enddate=2021-02-29
quarantine-Q04 330300 : 2021-03-05 30000 !Q04 @text begndate=2021-13-01
quarantine-Q04 330300 : 2021-03-05 30000 !Q04 @csv medfee_sumamt=abc
quarantine-Q04 330300 : 2021-03-05 30000 !Q04 @text hifp_pay=1e3
quarantine-Q04 330300 : 2021-03-05 30000 !Q04 @csv inscp_amt=12.345
quarantine-Q04 330300 : 2021-03-05 30000 !Q04 @csv cash_payamt=1,000.00
quarantine-Q04 330300 : 2021-03-05 30000 !Q04 @text acct_pay=0x1F
quarantine-Q04 330300 : 2021-03-05 30000 !Q04 @text maf_pay=1_000
quarantine-Q05 330300 : 2021-03-05 30000 !Q05 @csv medfee_sumamt=-5000.00
quarantine-Q06 330300 : 2021-03-05 30000 !Q06 @text insu_admdvs=999900
quarantine-Q06 330300 : 2021-03-05 30000 !Q06 @csv insu_admdvs=
quarantine-Q06 330300 : 2021-03-05 30000 !Q06 @text insu_admdvs=110105
quarantine-Q07 330300 : 2021-03-05 30000 !Q07 @csv insutype=999
quarantine-Q07 330300 : 2021-03-05 30000 !Q07 @text insutype=
quarantine-Q08 330300 : 2021-03-05 30000 !Q08 @csv med_type=97
quarantine-Q08 330300 : 2021-03-05 30000 !Q08 @text med_type=
quarantine-several 330300 : 2021-03-05 30000 !Q02+Q04+Q08 @csv psn_no=' ' hifp_pay=n/a med_type=xx
negative-part 330300
    2021-03-05 30000 -> 3010 othfund_pay=-100 sums=62910|27090
total-of-zero 330300 : 2021-03-05 0

class-b-counts 330300 : 2021-03-05 20000 -> 3010 class_b=10000
class-b-does-not-count 331100 : 2021-03-05 15000 -> 0 class_b=20000
transfer-self-pay-does-not-count 330300 : 2021-03-05 20000 -> 0 transfer=30000 pay_loc=4 med_type=23
over-limit-does-not-count 610400 : 2021-03-05 9000 -> 0 over=5000
special-drug 330300 : 2021-03-05 20000 -> 3010 line=101|XSD001|10000|03
special-drug-reversed 330300
    2021-03-05 20000 -> 3010 line=101|XSD001|10000|03
    2021-04-05 undo=1 -> -3010 line=101|XSD001|-10000|03
special-drug-not-yet-listed 330300 : 2021-03-05 20000 -> 0 line=101|XSD006|10000|03
special-drug-listed 330300 : 2022-03-05 20000 -> 3010 line=101|XSD006|10000|03
special-drug-elsewhere 331100 : 2021-03-05 15000 -> 0 line=101|XSD001|10000|03
special-drug-as-restricted-use 330300 : 2021-03-05 20000 -> 0 line=101|XSD001|10000|乙
own-expense-not-listed 330300 : 2021-03-05 20000 -> 0 line=101|XC08CA01|10000|丙
own-expense-unclassified 330300 : 2021-03-05 20000 -> 0 line=|XSD001|10000|03
disease-extension 220000 : 2017-03-05 14000 -> 5500 line=101|XJL001|10000|03 dise_no=C50
disease-extension 220000 : 2017-03-05 14000 -> 5500 line=101|XJL001|10000|03 dise_no=C16
disease-extension 220000 : 2017-03-05 14000 -> 5500 line=201|SJL001|10000|03 dise_no=N18
disease-extension-other-disease 220000 : 2017-03-05 14000 -> 0 line=101|XJL001|10000|03
disease-extension-no-disease 220000 : 2017-03-05 14000 -> 0 line=101|XJL001|10000|03 dise_no=NULL
disease-extension-before-2017 220000 : 2016-03-05 14000 -> 0 line=101|XJL001|10000|03 dise_no=C50
supplementary-items 331100 : 2021-08-05 10000 -> 0 class_b=10000 line=101|XNG001|30000|03
supplementary-items 331100 : 2021-08-05 10000 -> 0 class_b=10000 line=301|XNG002|30000|03
supplementary-items 331100 : 2021-08-05 10000 -> 0 class_b=10000 line=201|SAD001|30000|03
supplementary-items 331100 : 2021-08-05 10000 -> 0 class_b=10000 line=201|003315000010000|30000|03
supplementary-items 331100 : 2021-08-05 10000 -> 0 class_b=10000 line=301|C0201020030|30000|03
supplementary-items 331100 : 2021-08-05 10000 -> 0 class_b=10000 line=101|XL01XC03|30000|02
supplementary-items 331100 : 2021-08-05 10000 -> 0 class_b=10000 line=301|C0201020030|30000|1
care-type-14 330300 : 2021-03-05 30000 -> 3010 med_type=14
care-type-16 330300 : 2021-03-05 30000 -> 3010 med_type=16
care-type-16 331100 : 2021-03-05 30000 -> 8400 med_type=16
care-type-15 220000 : 2017-03-05 30000 -> 9100 med_type=15
care-type-not-covered 330300 : 2021-03-05 30000 -> 0 med_type=11
care-type-not-covered 330300 : 2021-03-05 30000 -> 0 med_type=41
care-type-not-covered 330300 : 2021-03-05 30000 -> 0 med_type=52
care-type-not-covered 610400 : 2021-03-05 30000 -> 0 med_type=16
recorded-nothing 330300 : 2021-03-05 30000 -> 3010 recorded=0 ?not_recorded
recorded-as-aided 330300 : 2021-03-05 30000 -> 3010 recorded=13720 ?category
recorded-as-not-aided 330300 held=7019|2021-01-01| : 2021-03-05 30000 -> 13720 recorded=3010 ?category
recorded-one-fen-off 330300 : 2021-03-05 30000 -> 3010 recorded=3010.01 ?rounding
recorded-without-deductible 330300 : 2021-03-05 30000 -> 3010 recorded=21000 ?deductible
recorded-deductible-anew 330300
    2021-03-05 30000 -> 3010 ?none
    2021-05-05 30000 -> 21000 recorded=3010 ?deductible
recorded-tiers-anew 610400
    2021-03-05 30000 -> 12000
    2021-05-05 30000 -> 21000 recorded=19000 ?tier
recorded-at-one-rate 610400 : 2021-03-05 60000 -> 33000 recorded=35000 ?tier
recorded-beyond-limit 610400 : 2021-03-05 410000 -> 300000 recorded=309000 ?limit
recorded-without-class-b 330300 : 2021-03-05 30000 -> 10010 class_b=10000 recorded=3010 ?coverage
recorded-with-over-limit 330300 : 2021-03-05 30000 -> 3010 over=5000 recorded=6510 ?coverage
recorded-no-taking-back 330300
    2021-03-05 30000 -> 3010
    2021-04-05 undo=1 -> -3010 hifmi_pay=0.00 sums=-60000|-30000 ?reversal
recorded-as-not-reversed 330300
    2021-02-05 20000 -> 0
    2021-03-05 30000 -> 17010
    2021-04-05 undo=2 -> -17010
    2021-05-05 10000 -> 3010 recorded=7000 ?reversal
recorded-in-other-column 330300
    2021-03-05 30000 -> 3010 recorded=0 hifob_pay=3010.00 sums=63010.00|26990.00 ?other_column
recorded-unexplained 330300 : 2021-03-05 30000 -> 3010 recorded=1234.56 ?unexplained
recorded-without-payout 330300 : 2021-03-05 1000 -> 0 recorded=77.77 ?unexplained
region-of-city-only 330300 county=330300 : 2021-03-05 30000 -> 3010
region-of-city-only 220000 county=220100 : 2017-03-05 24000 -> 5500
region-seat 330300 county=330399 : 2021-03-05 30000 -> 3010
region-retired 330300 county=330322 : 2021-03-05 30000 -> 3010
region-retired 220000 county=220381 : 2017-03-05 24000 -> 5500
region-retired 610400 county=610427 : 2021-03-05 60000 -> 33000
not-insured 330300 spell=none : 2021-03-05 30000 -> 3010
test-hospital 330300 : 2021-03-05 30000 -> 3010 fixmedins_code=H33030290001
swapped-columns 330300 : 2021-03-05 30000 -> 3010 fund_pay_sumamt=26990 psn_pay=63010
migration-row 330300 : 2021-03-05 30000 -> 3010 mdtrt_id=NULL rid=QY000000001 updt_time=NULL
referral 330300 referral=2021-03-08
    2021-03-05 5000 -> 0 fixmedins_code=H33030200101 hosp_lv=08
    2021-03-20 20700 -> 0 transfer=3000 pay_loc=3 med_type=23 fixmedins_code=H33010600301 fix_blng_admdvs=330106
"""
# Persons of the later layers, in the same form: cover of the supplementary insurance to the day (premium=cover year|
# paid|channel|consent|withdrawn, event=kind|day), what each layer pays, who bears the rest. Worked out by hand.
LAYERS = """
cover-last-day-before 331100 premium=2021|2020-12-31T23:59:59 : 2021-01-01 4000 class_b=20000 cover=covered supp=1500
cover-first-of-january 331100 premium=2021|2021-01-01
    2021-01-01 4000 class_b=20000 cover=waiting supp=0
    2021-01-02 4000 class_b=20000 cover=covered supp=1500
cover-31-march 331100 premium=2021|2021-03-31T23:59:59
    2021-03-31 4000 class_b=20000 cover=waiting supp=0
    2021-04-01 4000 class_b=20000 cover=covered supp=1500
cover-1-april 331100 premium=2021|2021-04-01
    2021-09-30 4000 class_b=20000 cover=waiting supp=0
    2021-10-01 4000 class_b=20000 cover=covered supp=1500
cover-31-august-leap 331100 premium=2023|2023-08-31 premium=2024|2023-12-20
    2023-12-31 4000 class_b=20000 cover=waiting supp=0
    2024-02-28 4000 class_b=20000 cover=waiting supp=0
    2024-02-29 4000 class_b=20000 cover=covered supp=5500
cover-31-august 331100 premium=2022|2022-08-31 premium=2023|2022-12-20
    2023-02-27 4000 class_b=20000 cover=waiting supp=0
    2023-02-28 4000 class_b=20000 cover=covered supp=5500
cover-late-renewal 331100 premium=2021|2020-12-20 premium=2022|2022-01-01
    2021-12-31 4000 class_b=20000 cover=covered supp=1500
    2022-06-30 4000 class_b=20000 cover=waiting supp=0
    2022-07-01 4000 class_b=20000 cover=covered supp=5500
cover-newborn-day-90 331100 premium=2022|2022-03-31|own event=newborn|2021-12-31 spell=2021-12-31
    2022-01-01 4000 class_b=20000 cover=covered supp=5500
cover-newborn-day-91 331100 premium=2022|2022-04-01|own event=newborn|2021-12-31 spell=2021-12-31
    2022-01-01 4000 class_b=20000 cover=waiting supp=0
    2022-10-01 4000 class_b=20000 cover=covered supp=5500
cover-veteran-after-break 331100 premium=2021|2021-06-10 event=veteran|2021-05-31 spell=2015-01-01|2019-09-01|3 \
    spell=2021-06-01
    2021-05-31 4000 class_b=20000 cover=basic_suspended supp=0
    2021-06-01 4000 class_b=20000 cover=covered supp=1500
cover-gap-of-a-day 331100 premium=2021|2020-12-20 spell=2015-01-01|2021-03-01|3 spell=2021-03-02
    2021-02-28 4000 class_b=20000 cover=covered supp=1500
    2021-03-01 4000 class_b=20000 cover=basic_suspended supp=0
    2021-03-02 4000 class_b=20000 cover=waiting_after_break supp=0
    2021-09-01 4000 class_b=20000 cover=waiting_after_break supp=0
    2021-09-02 0 class_b=20000 cover=covered supp=15000
cover-no-gap 331100 premium=2021|2020-12-20 spell=2015-01-01|2021-03-01|3 spell=2021-03-01
    2021-03-01 4000 class_b=20000 cover=covered supp=1500
cover-suspended-while-waiting 331100 premium=2021|2021-04-01 premium=2022|2021-12-20 spell=2015-01-01|2021-06-01|2 \
    spell=2021-07-01
    2021-06-15 4000 class_b=20000 cover=basic_suspended supp=0
    2021-09-30 4000 class_b=20000 cover=waiting supp=0
    2021-10-01 4000 class_b=20000 cover=waiting_after_break supp=0
    2021-12-31 4000 class_b=20000 cover=waiting_after_break supp=0
    2022-01-01 4000 class_b=20000 cover=covered supp=5500
cover-not-insured 331100 premium=2021|2020-12-20 spell=none : 2021-03-05 4000 class_b=20000 cover=not_insured supp=0
cover-by-consent 331100 premium=2021|2020-12-20|account|2020-11-20
    2022-01-01 4000 class_b=20000 cover=covered supp=5500
cover-consent-withdrawn 331100 premium=2021|2020-12-20|account|2020-11-20|2021-12-31
    2021-12-31 4000 class_b=20000 cover=covered supp=1500
    2022-01-01 4000 class_b=20000 cover=not_enrolled supp=0
cover-reversal-goes-by-its-original 331100 premium=2021|2020-12-20
    2021-12-05 4000 class_b=20000 cover=covered supp=1500
    2022-01-05 undo=1 cover=covered supp=-1500

layer-compliant 331100 premium=2021|2020-12-20
    2021-03-05 30000 -> 8400 supp=2700 aid=0 relief=0 oop=18900
    2021-04-05 1000 -> 0 med_type=11 supp=750 oop=250
    2021-05-05 10000 -> 7000 supp=2250 oop=750
    2021-06-05 undo=3 -> -7000 supp=-2250 oop=-750
layer-below-deductible 331100 premium=2021|2020-12-20
    2021-03-05 18000 -> 0 supp=0 oop=18000
    2021-04-05 0.02 -> 0.01 supp=0.01 oop=0
layer-after-waiting 331100 premium=2021|2021-04-01
    2021-03-05 50000 -> 22400 cover=waiting supp=0 oop=27600
    2021-10-05 10000 -> 7000 cover=covered supp=2250 oop=750
layer-without-premium 331100 : 2021-03-05 50000 -> 22400 cover=not_enrolled supp=0 oop=27600
layer-tiers 331100 premium=2021|2020-12-20
    2021-03-05 0 class_b=218000 supp=150000 oop=68000
    2021-04-05 0 class_b=400000 supp=345000 oop=55000
    2021-05-05 0 class_b=1000000 supp=930000 oop=70000
layer-straddle-both-pools 331100 premium=2021|2020-12-20
    2021-03-05 0 class_b=217000 supp=149250 oop=67750
    2021-04-05 20000 -> 1400 class_b=1000 supp=1260 oop=18340
layer-steps 331100 premium=2022|2021-12-20 premium=2021|2020-12-20
    2022-03-05 0 class_b=5000 supp=0
    2022-04-05 0 class_b=0.03 supp=0.01
    2022-05-05 0 class_b=4999.97 supp=999.99
    2022-06-05 0 class_b=5000 supp=1500
    2022-07-05 0 class_b=3000 supp=1500
    2022-08-05 0 class_b=2000 supp=1500
    2022-09-05 undo=5 supp=-2000
layer-items 331100 premium=2021|2020-12-20 : 2021-08-05 0 class_b=10000 line=101|XNG001|30000|03 supp=0
layer-items 331100 premium=2021|2020-12-20 : 2021-08-05 0 class_b=10000 line=301|XNG002|30000|03 supp=0
layer-items 331100 premium=2021|2020-12-20 : 2021-08-05 0 class_b=10000 line=201|SAD001|30000|03 supp=16500
layer-items 331100 premium=2021|2020-12-20 : 2021-08-05 0 class_b=10000 line=201|003315000010000|30000|03 supp=0
layer-items 331100 premium=2021|2020-12-20 : 2021-08-05 0 class_b=10000 line=301|C0201020030|30000|03 supp=16500
layer-items 331100 premium=2021|2020-12-20 : 2021-08-05 0 class_b=10000 line=101|XL01XC03|30000|02 supp=16500
layer-items 331100 premium=2021|2020-12-20 : 2021-08-05 0 over=20000 supp=1500
layer-transfer-half 331100 premium=2021|2020-12-20
    2021-03-05 0 transfer=36000 pay_loc=4 med_type=23 supp=0 oop=36000
    2021-04-05 0 transfer=2000 pay_loc=4 med_type=23 supp=750 oop=1250
layer-aid-after-supplementary 331100 premium=2022|2021-12-20 premium=2021|2020-12-20 held=7019|2021-01-01|
    2021-03-05 20000 -> 8800 supp=1650 aid=0 oop=9550
    2022-03-05 20000 -> 8800 supp=1650 aid=7640 relief=0 oop=1910
    2022-04-05 undo=2 -> -8800 supp=-1650 aid=-7640 oop=-1910
layer-aid-outpatient-limit 330300 held=7201|2021-01-01|
    2022-03-05 30000 -> 0 med_type=11 aid=20000 relief=0 oop=10000
    2022-04-05 1000 -> 0 med_type=11 aid=0 oop=1000
    2022-05-05 1000 -> 0 aid=700 oop=300
layer-aid-without-limit 330300 held=7131|2021-01-01| : 2022-03-05 300000 -> 229720 aid=70280 relief=0 oop=0
layer-aid-limit 330300 held=7201|2021-01-01|
    2022-03-05 1100000 -> 869720 aid=150000 relief=60280 oop=20000
layer-relief 330300 held=7019|2021-01-01|
    2022-03-05 30000 -> 13720 line=301|C0201020030|20000|03 aid=13024 relief=13256 oop=10000
    2022-04-05 0 line=301|C0201020030|500|03 aid=0 relief=500 oop=0
    2022-05-05 undo=2 aid=0 relief=-500 oop=0
layer-other-payers 330300
    2021-03-05 30000 -> 3010 cvlserv_pay=20000 hifdm_pay=6000 sums=89010.00|990.00 oop=990
layer-other-payers-too-much 330300
    2021-03-05 30000 -> 3010 othfund_pay=27000 sums=90010.00|-10.00 oop=0
    2021-04-05 undo=1 -> -3010 oop=0
layer-recorded-aid-before-the-scheme 330300 held=7019|2021-01-01|
    2021-03-05 30000 -> 13720 maf_pay=10000 sums=83720.00|6280.00 aid=10000 oop=6280
layer-hospital-part 330300 : 2021-03-05 30000 -> 3010 ownpay_hosp_part=500 sums=63010|26490 oop=26490
layer-employee-fund-outside-scheme 220000 insutype=310
    2017-03-05 30000 hifob_pay=9000 sums=69000.00|21000.00 oop=21000
"""
# Rows of the other tables that are void, superseded or cannot be used: table, fate, what differs from a good row.
OTHER_ROWS = """
psn_insu_d Q01 psn_insu_rlts_id=
psn_insu_d Q02 psn_no=
psn_insu_d Q04 crt_insu_date=20210231
psn_insu_d Q04 crt_insu_date=
psn_insu_d Q06 insu_admdvs=999900
psn_insu_d Q07 insutype=999
psn_insu_d void
psn_idet_d Q01 psn_idet_type=
psn_idet_d Q01 begntime=
psn_idet_d Q01+Q02 psn_no=
psn_idet_d Q04 endtime=20211301
psn_idet_d Q06 insu_admdvs=999900
psn_idet_d void
fee_list_d Q01 bkkp_sn=
fee_list_d Q01 setl_id=
fee_list_d Q04 det_item_fee_sumamt=
fee_list_d Q04 fulamt_ownpay_amt=abc
fee_list_d void
fee_list_d accepted setl_id=PLANT-not-delivered chrgitm_lv=甲
fund_txn_d Q01 txn_id=
fund_txn_d Q04 amount=
fund_txn_d Q04 amount=12.345
fund_txn_d Q04 txn_date=
fund_txn_d Q06 insu_admdvs=999900
fund_txn_d void
mdtrt_d Q01 mdtrt_id=
mdtrt_d Q04 begntime=abc
psn_info_b Q01+Q02 psn_no=
psn_info_b Q04 brdy=19700231
psn_info_b superseded psn_no=PLANT-other-tables-1 psn_name=样例二 updt_time=2020-01-01
fixmedins_b Q01 fixmedins_code=
refl_appy_evt_c Q01 evtsn=
refl_appy_evt_c Q02 psn_no=
supp_enrl_d Q01 enrl_id=
supp_enrl_d Q02 psn_no=
supp_enrl_d Q04 premium_amt=abc
"""
GOOD_ROWS = """
psn_insu_d insutype=390 psn_type=15 psn_insu_stas=1 crt_insu_date=2015-01-01 insu_admdvs=330302 poolarea_no=330300
psn_idet_d psn_idet_type=7201 begntime=2021-01-01 insu_admdvs=330302
fee_list_d setl_id=PLANT-other-tables-1-1 cnt=1 pric=10.00 det_item_fee_sumamt=10.00 fulamt_ownpay_amt=0 inscp_amt=10.00
fund_txn_d scheme_id=wenzhou_cii insu_admdvs=330302 benefit_year=2021 txn_date=2021-03-31 txn_type=interest amount=1.00
mdtrt_d med_type=21 begntime=2021-03-01
psn_info_b psn_name=样例 gend=1 brdy=1970-01-01
fixmedins_b fixmedins_name=无编码
refl_appy_evt_c refl_date=2021-03-01
supp_enrl_d cover_year=2021 paid_time=2020-12-20 channel=own
"""
# Premiums of the supplementary insurance, a person for each rule of cover: premiums (cover year|paid), an event.
COVER = """
cover-paid-by-year-end 2021|2020-12-20 2022|2021-12-31T23:59:59
cover-first-quarter 2021|2021-03-31
cover-first-time-waits 2021|2021-04-01
cover-returning-waits 2021|2020-12-20 2023|2022-12-20
cover-newborn-in-time 2021|2021-08-29 event=newborn|2021-05-31
cover-newborn-too-late 2021|2021-08-30 event=newborn|2021-05-31
cover-veteran 2021|2021-06-30 event=veteran|2021-05-31
cover-moved-in 2021|2021-06-30 event=moved_in|2021-05-31
cover-released-too-late 2021|2021-07-01 event=released|2021-05-31
cover-paid-twice 2021|2020-12-20 2021|2020-12-21
cover-suspended 2021|2020-12-20 spell=2015-01-01|2021-03-01|2 spell=2021-06-01
cover-none
"""
# Funds of Jilin's seats, where nobody else is insured: persons (from|to), movements (day, kind, amount, benefit year
# if another than 2016), settlements (number of the person, then as below the ladders), and of a year what
# `fct_fund_true_up` or `fct_fund_year` must say. 50 yuan a head; transfers are due
# on 31 March, true-ups a year later (rules H1 to H3).
FUNDS = """
fund-on-time 220199 spell=2015-01-01 spell=2015-01-01
    2016-03-31 transfer_in 100
    2016 transfer_status=on_time transfer_days_late=0 transfer_outstanding_amount=0.00 true_up_status=nothing_due
fund-late 220299 spell=2015-01-01 spell=2015-01-01
    2016-03-20 transfer_in 60
    2016-04-10 transfer_in 40
    2016 transfer_status=late transfer_days_late=10 transfer_by_due_amount=60.00 transfer_late_amount=40.00
fund-short 220399 spell=2015-01-01 spell=2015-01-01
    2016-03-20 transfer_in 99.99
    2016 transfer_status=short transfer_outstanding_amount=0.01
fund-true-up-late 220499 spell=2015-01-01 spell=2015-01-01 spell=2016-07-01
    2016-03-01 transfer_in 100
    2017-04-01 true_up 50
    2016 net_heads=1 true_up_due_amount=50.00 true_up_status=late true_up_days_late=1 outstanding_amount=0.00
fund-true-up-back 220599 spell=2015-01-01 spell=2015-01-01|2016-09-01
    2016-03-01 transfer_in 100
    2017-03-31 true_up -50
    2016 net_heads=-1 true_up_due_amount=-50.00 true_up_status=on_time outstanding_amount=0.00
fund-year-without-premium 220699 spell=2015-01-01 spell=2015-01-01
    2016-03-01 transfer_in 100
    2017 income_amount=100.00 transfer_status=not_received transfer_outstanding_amount=100.00
fund-carried-in-differs 220799 spell=2015-01-01 spell=2015-01-01
    2016-01-01 carried_in 1000
    2016-03-01 transfer_in 100
    2016-12-21 interest 7.50
    2016-12-31 service_fee 6
    2017-01-01 carried_in 1100 2017
    2016 opening_balance_amount=1000.00 interest_amount=7.50 service_fee_amount=6.00 balance_amount=1101.50
    2017 opening_balance_amount=1101.50
fund-whole-year 220899 spell=2015-01-01 spell=2015-01-01 spell=2015-01-01 spell=2015-01-01 spell=2016-08-01
    2016-01-01 carried_in 30000
    2016-03-20 transfer_in 150
    2016-04-10 transfer_in 50
    2017-03-20 true_up 50
    2016-06-21 interest 7.50
    2016-12-31 service_fee 6
    pays 1 2016-03-05 24000 -> 5000
    pays 1 2016-12-20 40000 -> 22000
    pays 1 2017-01-10 undo=2 -> -22000
    pays 2 2016-07-05 14010 -> 5
    2016 insured_heads=4 net_heads=1 transfer_days_late=10 payout_amount=5005.00 payout_posted_amount=27005.00
    2016 opening_balance_amount=30000.00 balance_amount=25196.50 persons_paid=2 cases_paid=3
"""


def money(value: Decimal | int | str) -> Decimal:
    """An amount in yuan with two places."""
    return Decimal(value).quantize(Decimal("0.01"))


def moment(text: str) -> datetime:
    """A day ('2021-03-05', at ten o'clock) or a point in time."""
    return datetime.fromisoformat(text if len(text) > 10 else text + " 10:00:00")


def fields(words: list[str]) -> dict[str, str | None]:
    """The words of the form name=value; NULL is none."""
    pairs = (word.split("=", 1) for word in words if "=" in word)
    found = {name: None if value == "NULL" else value for name, value in pairs}
    return {name: value and value.replace("T", " ") if name in TIMES else value for name, value in found.items()}


def values(words: list[str], name: str) -> list[list[str]]:
    """The parts of every word name=a|b|c."""
    return [word.removeprefix(f"{name}=").split("|") for word in words if word.startswith(f"{name}=")]


class Plants:
    """The scripted rows, each with the fate that it must meet: accepted, void, superseded, or reason codes."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], list[dict]] = {}
        self.fates: Counter = Counter()
        self.reasons: Counter = Counter()
        self.cases: dict[str, dict] = {}
        self.settlements: dict[str, dict] = {}

    def add(self, table: str, row: dict, fate: str = "accepted", file: str = "main") -> None:
        """A row of any table; `fate` is accepted, void, superseded or the reason codes of its quarantine."""
        key = row.get(COLUMNS[table][0])
        row = {"vali_flag": "0" if fate == "void" else "1", "rid": key, "updt_time": "2024-01-15 03:00:00", **row}
        self.rows.setdefault((table, file), []).append(row)
        times = 2 if file == "twice" else 1
        self.fates[table, "delivered"] += times
        self.fates[table, "superseded"] += times - 1
        reasons = fate.split("+") if fate.startswith("Q") else []
        self.fates[table, "quarantined" if reasons else fate] += 1
        self.reasons.update((table, reason) for reason in reasons)

    def person(self, case: str, pool: str, words: list[str] = ()) -> dict:
        """A person of a case with the identities and spells of the words; insured all the time if they name none."""
        entry = self.cases.setdefault(case, {"count": 0, "setl_ids": [], "expected_payout": {}})
        entry["count"] += 1
        number = f"PLANT-{case}-{entry['count']}"
        given = fields(words)
        insutype = given.get("insutype") or ("391" if pool == "220000" else "390")
        county = given.get("county") or bulk.PLACE_OF_CARE[pool]
        home = bulk.RETIRED.get(county, county)
        person = dict(psn_no=number, insutype=insutype, insu_admdvs=county, poolarea_no=pool, case=case, settled=0)
        person["psn_type"] = "11" if insutype == "310" else "15"
        row = "psn_name=样例 gend=1 brdy=1970-01-01 psn_cert_type=01 certno=000000197001010000 surv_stas=1"
        told = {name: given[name] for name in ("gend", "brdy") if name in given}
        self.add("psn_info_b", {"psn_no": number, "resd_loc_admdvs": home, **fields(row.split()), **told})
        for begin, end, status, *changes in (
            [*spell, "", "1"][: max(3, len(spell))] for spell in values(words, "spell") or [["2015-01-01"]]
        ):
            if begin != "none":
                row = {name: person[name] for name in COLUMNS["psn_insu_d"] if name in person} | fields(changes)
                row |= dict(crt_insu_date=begin, paus_insu_date=end or None, psn_insu_stas=status)
                self.add("psn_insu_d", {"psn_insu_rlts_id": f"{number}-{begin}", **row})
        for kind, begin, end in values(words, "held"):
            row = dict(psn_no=number, psn_idet_type=kind, begntime=begin, endtime=end or None, insu_admdvs=home)
            self.add("psn_idet_d", {**row, "rid": f"{number}-{kind}-{begin}"})
        for day in given.get("referral", "").split():
            row = f"fixmedins_code=H33030200101 reflin_medins_no=H33010600301 mdtrtarea_admdvs=330106 refl_date={day}"
            row += f" begndate={day} enddate=2021-12-31"
            self.add("refl_appy_evt_c", {"evtsn": f"R{number}", "psn_no": number, **fields(row.split())})
        return person

    def settle(self, person: dict, text: str) -> None:
        """A settlement or reversal as the script describes it."""
        when, what, *words = shlex.split(text)
        given = fields(words)
        expect = words[words.index("->") + 1] if "->" in words else None
        layers = {name: given.pop(name) for name in ("cover", "supp", "aid", "relief", "oop") if name in given}
        cause = next((word[1:] for word in words if word[0] == "?"), None)
        fate = next((word[1:] for word in words if word[0] == "!"), "accepted")
        file = next((word[1:] for word in words if word[0] == "@"), "main")
        person["settled"] += 1
        setl_id = f"{person['psn_no']}-{given.pop('id', None) or person['settled']}"
        at = moment(when)
        place = bulk.PLACE_OF_CARE[person["poolarea_no"]]
        row = dict(
            setl_id=setl_id, mdtrt_id=f"M{person['psn_no']}-{person['settled']}", fixmedins_code=f"H{place}00301",
            fix_blng_admdvs=place, begndate=str(at.date() - timedelta(days=8)), enddate=str(at.date()),
            setl_time=str(at), rid=f"{setl_id}-1", updt_time=str(at + timedelta(days=1)),
        )  # fmt: skip
        row |= {name: person[name] for name in COLUMNS["setl_d"] if name in person}
        row |= fields(["hosp_lv=02", "pay_loc=2", "med_type=21", "refd_setl_flag=0", "dise_no=J18", "dise_name=肺炎"])
        if what.startswith("undo="):
            row |= self.taken_back(person, what.removeprefix("undo="))
        else:
            row |= self.amounts(person, money(what), words, given.get("recorded", expect) or 0)
        # what the script gives of the sums: those of the funds, and what is left to the person
        for funds, person_side in values(words, "sums"):
            row |= dict(fund_pay_sumamt=funds, psn_pay=person_side, cash_payamt=person_side)
        row |= {name: value for name, value in given.items() if name in COLUMNS["setl_d"]}
        self.add("setl_d", row, fate, file)
        self.settlements[setl_id] = row
        entry = self.cases[person["case"]]
        if row["setl_id"].strip() and setl_id not in entry["setl_ids"]:
            entry["setl_ids"].append(setl_id)
        if expect is not None:
            entry["expected_payout"][setl_id] = str(money(expect))
        if layers:
            amounts = {name: str(money(value)) for name, value in layers.items() if name != "cover"}
            cover = {"cover": layers["cover"]} if "cover" in layers else {}
            entry.setdefault("expected_layers", {})[setl_id] = amounts | cover
        if cause:
            entry.setdefault("expected_cause", {})[setl_id] = cause
        if fate == "accepted":
            self.explain(row, words)

    def amounts(self, person: dict, coins: Decimal, words: list[str], recorded: str | int) -> dict[str, str]:
        """The amounts of a settlement; the basic fund pays twice the coinsurance."""
        given = fields(words)
        class_b, transfer, over = (money(given.get(name, 0)) for name in ("class_b", "transfer", "over"))
        own = money(sum(Decimal(line[2]) for line in values(words, "line")))
        basic, paid = coins * 2, money(recorded)
        total = coins + basic + own + over + class_b + transfer
        found = dict.fromkeys(bulk.AMOUNTS, money(0)) | dict(
            medfee_sumamt=total, fulamt_ownpay_amt=own, overlmt_selfpay=over, preselfpay_amt=class_b + transfer,
            trafout_preselfpay_amt=transfer, inscp_amt=coins + basic, hifp_pay=basic, fund_pay_sumamt=basic + paid,
            psn_pay=total - basic - paid, cash_payamt=total - basic - paid,
        )  # fmt: skip
        found["hifob_pay" if person["insutype"] == "310" else "hifmi_pay"] = paid
        return {name: str(amount) for name, amount in found.items()}

    def taken_back(self, person: dict, text: str) -> dict[str, str]:
        """The columns of a reversal: the original's amounts times -share."""
        original, _, share = text.partition("*")
        source = self.settlements[original if "-" in original else f"{person['psn_no']}-{original}"]
        source["refd_setl_flag"] = "1"
        kept = ("mdtrt_id", "begndate", "enddate", "insutype", "insu_admdvs", "med_type", "dise_no")
        row = {name: source[name] for name in kept} | {"init_setl_id": source["setl_id"], "refd_setl_flag": "1"}
        return row | {name: str(money(-Decimal(source[name]) * Decimal(share or 1))) for name in bulk.AMOUNTS}

    def explain(self, row: dict, words: list[str]) -> None:
        """The visit and the fee lines of a settlement: all that is inside the catalogue, then own expense by item."""
        if row["mdtrt_id"] and not row.get("init_setl_id"):
            visit = {name: row.get(name) for name in COLUMNS["mdtrt_d"] if name in COLUMNS["setl_d"]}
            visit |= dict(begntime=row["begndate"], endtime=row["enddate"], rid=row["mdtrt_id"], vali_flag="1")
            visit |= dict(dscg_maindiag_code=row["dise_no"], dscg_maindiag_name=row["dise_name"])
            before = self.rows.get(("mdtrt_d", "main"), [{}])[-1]
            if row["pay_loc"] == "3" and before.get("psn_no") == row["psn_no"]:
                visit["refl_old_mdtrt_id"] = before["mdtrt_id"]
            self.add("mdtrt_d", visit)
        own = values(words, "line")
        for number, (kind, item, amount, level) in enumerate([["101", "XC08CA01", "", ""], *own], 1):
            line = dict.fromkeys(("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_amt"), "0.00")
            if amount:
                line["fulamt_ownpay_amt"] = amount
            else:
                line = {name: row[name] for name in line} | {"fulamt_ownpay_amt": "0.00"}
            total = str(sum(money(part) for part in line.values()))
            self.add("fee_list_d", dict(
                bkkp_sn=f"F{row['setl_id']}-{number}", setl_id=row["setl_id"], psn_no=row["psn_no"], cnt="1", **line,
                pric=total, det_item_fee_sumamt=total, fee_ocur_time=row["begndate"], list_type=kind or None,
                med_list_codg=item, hilist_name=item, lmt_used_flag="0",
                chrgitm_lv=level or ("02" if money(row["preselfpay_amt"]) else "01"),
            ))  # fmt: skip


def plant_ladders(p: Plants) -> None:
    """Every bound, deductible and limit of every scheme and category: on it, a fen beside it, across it, and back."""
    for name, text in (("bound", POINTS), ("straddle", PATHS), ("half-fen", HALVES)):
        for number, row in enumerate(text.strip().splitlines()):
            pool, year, kind, *pairs = row.split()
            points = [tuple(Decimal(part) for part in pair.split("=")) for pair in pairs]
            case = f"{name}-{pool}-{year}-{'none' if kind == '-' else 'aided'}"
            held = [] if kind == "-" else [f"held={kind}|{year}-01-01|"]
            types = {"220000": ("391", "380"), "610400": ("390",)}.get(pool, ("310", "390"))
            if name != "straddle":
                for place, (eligible, paid) in enumerate(points):
                    person = p.person(case, pool, [*held, f"insutype={types[(number + place) % len(types)]}"])
                    p.settle(person, f"{year}-05-1{place} {eligible} -> {paid}")
                continue
            for insutype in types:
                person, before = p.person(case, pool, [*held, f"insutype={insutype}"]), (Decimal(0), Decimal(0))
                for month, (eligible, paid) in enumerate(points, 2):
                    p.settle(person, f"{year}-{month:02}-15 {eligible - before[0]} -> {paid - before[1]}")
                    step, before = paid - before[1], (eligible, paid)
                p.settle(person, f"{year}-12-20 undo={len(points)} -> {-step}")
            person = p.person(case, pool, [*held, f"insutype={types[0]}"])
            p.settle(person, f"{year}-03-15 {points[-1][0]} -> {points[-1][1]}")
            p.settle(person, f"{int(year) + 1}-01-10 undo=1 -> {-points[-1][1]}")


def plant_premiums(p: Plants, person: dict, words: list[str]) -> None:
    """The premiums of a person: premium=cover year|paid|channel|consent|withdrawn, with the event of event=kind|day."""
    for number, (year, paid, *more) in enumerate(values(words, "premium")):
        channel, consent, withdrawn = [*more, *["own", "", ""][len(more) :]]
        row = dict(enrl_id=f"{person['psn_no']}-{number}", psn_no=person["psn_no"], cover_year=year)
        row |= dict(paid_time=str(moment(paid.replace("T", " "))), premium_amt="100.00", channel=channel)
        row |= dict(auto_renew_consent_time=str(moment(consent))) if consent else {}
        row |= dict(renewal_withdrawn_time=str(moment(withdrawn))) if withdrawn else {}
        for event, day in values(words, "event"):
            row |= dict(event=event, event_date=day)
        p.add("supp_enrl_d", row)


def plant_script(p: Plants) -> None:
    """The persons of SCRIPT and of LAYERS."""
    person: dict = {}
    for text in (SCRIPT.strip() + "\n" + LAYERS.strip()).splitlines():
        line = text
        if text and not text.startswith(" "):
            head, _, line = text.partition(" : ")
            case, pool, *words = head.split()
            person = p.person(case, pool, words)
            plant_premiums(p, person, words)
        if line.strip():
            p.settle(person, line)


def plant_cover(p: Plants) -> None:
    """The persons of COVER, with a settlement in each half-year that matters."""
    for text in COVER.strip().splitlines():
        case, *words = text.split()
        person = p.person(case, "331100", words)
        for number, (year, paid) in enumerate(word.split("|") for word in words if "=" not in word):
            row = dict(enrl_id=f"{person['psn_no']}-{number}", psn_no=person["psn_no"], cover_year=year)
            row |= dict(paid_time=str(moment(paid)), premium_amt="100.00", channel=("own", "subsidised")[number])
            for event, day in values(words, "event"):
                row |= dict(event=event, event_date=day)
            p.add("supp_enrl_d", row | ({"payer": "civil_affairs"} if number else {}))
        for when in ("2021-02-10", "2021-07-10", "2021-12-10", "2022-07-10"):
            p.settle(person, f"{when} 4000 -> 0 class_b=10000")


def plant_funds(p: Plants) -> None:
    """Funds of a few persons each, whose every movement is known (FUNDS)."""
    for line in FUNDS.strip().splitlines():
        words = line.split()
        if not line.startswith(" "):
            case, county = words[:2]
            spells = [f"{spell}||1" if "|" not in spell else f"{spell}|3" for spell in words[2:]]
            persons = [p.person(case, "220000", [f"county={county}", spell]) for spell in spells]
        elif words[0] == "pays":
            p.settle(persons[int(words[1]) - 1], " ".join(words[2:]))
        elif words[0].isdigit():
            told = p.cases[case].setdefault("expected_fund", {}).setdefault(words[0], {"region_code": county})
            told.update(fields(words[1:]))
        else:
            day, kind, amount, *year = words
            row = dict(scheme_id="jilin_cii", insu_admdvs=county, insutype="391", txn_date=day, txn_type=kind)
            row |= dict(benefit_year=year[0] if year else "2016", amount=str(money(amount)))
            p.add("fund_txn_d", {"txn_id": f"PLANT-{case}-{day}-{kind}", **row})


def plant_other_rows(p: Plants) -> None:
    """The rows of OTHER_ROWS, beside a person who is there."""
    person = p.person("other-tables", "330300", ["held=7019|2021-01-01|"])
    good = {table: fields(words) for table, *words in map(str.split, GOOD_ROWS.strip().splitlines())}
    for number, text in enumerate(OTHER_ROWS.strip().splitlines()):
        table, fate, *words = text.split()
        row = {"psn_no": person["psn_no"], COLUMNS[table][0]: f"PLANT-{table}-{number}"} | good[table] | fields(words)
        p.add(table, row, fate, "again" if fate == "superseded" else "text")


def fund_rows(heads: Counter, seed: int) -> list[dict]:
    """Money of the funds by scheme, county, insurance type and year, in line with the insured heads."""
    schemes = {0: ("wenzhou_cii", 85), 1: ("lishui_cii", 80), 2: ("jilin_cii", 50), 3: ("xianyang_cii", 65)}
    people: Counter = Counter()
    for (pool, county, employee, urban), number in heads.items():
        for year in range(bulk.FIRST_YEAR[pool], bulk.FIRST_YEAR[pool] + 3):
            if employee and pool > 1:
                continue
            line = "310" if employee else "390" if pool != 2 or year >= 2018 else "391" if urban else "380"
            people[pool, county, line, year] += number
    rows = []

    def post(scheme: str, key: tuple, kind: str, day: str, amount: Decimal) -> None:
        rows.append(
            {
                "txn_id": f"T{len(rows) + 1:06}",
                "scheme_id": scheme,
                "insu_admdvs": key[1],
                "insutype": key[2],
                "benefit_year": str(key[3]),
                "txn_date": day,
                "txn_type": kind,
                "amount": str(money(amount)),
                "vali_flag": "1",
                "rid": f"T{len(rows) + 1:06}",
                "updt_time": f"{day} 20:00:00",
            }
        )

    for key, number in sorted(people.items()):
        pool, _, line, year = key
        scheme, standard = schemes[pool]
        due, spread = Decimal(number * standard), Decimal((hash((seed, number, year)) % 41) - 20) / 1000
        if year == bulk.FIRST_YEAR[pool]:
            post(scheme, key, "carried_in", f"{year}-01-01", due * Decimal("0.12"))
        day = f"{year}-09-24" if line == "310" else f"{year}-03-26"
        post(scheme, key, "transfer_in", day, due * (1 + spread))
        post(scheme, key, "true_up", f"{year + 1}-{'09' if line == '310' else '03'}-20", -due * spread)
        for quarter in ("03-21", "06-21", "09-21", "12-21"):
            post(scheme, key, "interest", f"{year}-{quarter}", due * Decimal("0.0035"))
        if pool == 2:
            post(scheme, key, "service_fee", f"{year}-12-31", due * Decimal("0.03"))
        if pool == 1:
            premium = Decimal(number * 100) * Decimal("0.82")
            if year == bulk.FIRST_YEAR[pool]:
                # A debt as high as the cycle's premiums: it ends in a loss in a sample of any size (rule H6).
                post("lishui_supplementary", key, "carried_in", f"{year}-01-01", -3 * money(premium))
            post("lishui_supplementary", key, "premium_in", f"{year}-01-05", premium)
            post("lishui_supplementary", key, "service_fee", f"{year}-12-31", premium * Decimal("0.04"))
            if year == 2022:
                post("lishui_supplementary", key, "advance", f"{year}-11-30", premium * Decimal("0.01"))
    return rows


def write_rows(con: duckdb.DuckDBPyConnection, root: Path, table: str, path: str, rows: list[dict], kind: str) -> None:
    """Write rows of texts as the file that `kind` says: typed, text, csv, alias, wide or sparse."""
    target = root / table / path
    target.parent.mkdir(parents=True, exist_ok=True)
    names = COLUMNS[table]
    if kind == "csv":
        with gzip.GzipFile(target, "wb", mtime=0) as packed:
            lines = [",".join(names), *(",".join(f'"{row.get(name) or ""}"' for name in names) for row in rows)]
            packed.write("\n".join(lines).encode() + b"\n")
        return
    source = root / ".rows.csv"
    with source.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(names)
        writer.writerows([r"\N" if row.get(name) is None else row[name] for name in names] for row in rows)

    def typed(name: str) -> str:
        if kind == "text":
            return name
        sort = "date" if name in DATES else "timestamp" if name in TIMES else "decimal(16, 2)" if name in MONEY else ""
        column = f"nullif({name}, '')::{sort}" if sort else name
        return f"{column} as {ALIAS.get(name, name) if kind == 'alias' else name}"

    if kind == "wide":
        names = [*reversed(names)]
    columns = [typed(name) for name in names if kind != "sparse" or name not in SPARSE]
    if kind == "wide":
        columns += ["'2021' as year", "'x' as operator_no", "0.00::decimal(16, 2) as oth_detail_amt"]
    con.execute(f"""
        copy (select {", ".join(columns)} from read_csv({bulk.literal(source)}, all_varchar = true, header = true,
            nullstr = '\\N', delim = ',', quote = '"')) to {bulk.literal(target)} ({bulk.PARQUET})""")
    source.unlink()


def write_sample(
    directory: Path,
    persons: int = 20_000,
    seed: int = 1,
    progress: bool = True,
    *,
    threads: int | None = None,
    chunk: int = CHUNK,
) -> dict:
    """Write the sample input to `directory` and return its manifest.

    All is written to a folder beside it and renamed at the end: an interrupted run leaves `directory` as it was.
    A sample that is there already is replaced; any other folder with files in it is refused.
    """
    directory = Path(directory).absolute()
    if persons < 1:
        raise DabingError(f"persons is {persons}: ask for one person or more.")
    if directory.exists() and not directory.is_dir():
        raise DabingError(f"{directory} is a file: name a folder for the sample.")
    if directory.is_dir() and any(directory.iterdir()) and not (directory / MANIFEST).is_file():
        raise DabingError(
            f"{directory} holds files that are not a sample (no {MANIFEST} in it), and would be lost: "
            "name an empty or a new folder, or empty this one yourself."
        )
    partial = directory.with_name(f".{directory.name}.partial-{os.getpid()}")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        manifest = _write(partial, persons, seed, progress, threads, chunk)
        if directory.is_dir():
            former = directory.with_name(f".{directory.name}.former-{os.getpid()}")
            directory.rename(former)
            try:
                partial.rename(directory)
            except OSError:
                former.rename(directory)
                raise
            shutil.rmtree(former, ignore_errors=True)
        else:
            partial.rename(directory)
    except (OSError, duckdb.Error) as error:
        raise DabingError(
            f"{directory}: the sample could not be written ({error}). See whether the disk has room and the folder may "
            "be written to, then run it again; what was there before is as it was."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return manifest


def _write(root: Path, persons: int, seed: int, progress: bool, threads: int | None, chunk: int) -> dict:
    """Write the bulk in chunks of persons, then what is small: institutions, funds, scripted rows, the manifest."""
    rows: Counter = Counter()
    dirt: Counter = Counter()
    heads: Counter = Counter()
    settings = {"memory_limit": "3GB", "temp_directory": str(root / ".spill")}
    if threads:
        settings["threads"] = str(threads)
    with (
        duckdb.connect(config=settings) as con,
        Progress(
            TextColumn("writing the sample"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("persons"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=not progress,
        ) as bar,
    ):
        task = bar.add_task("persons", total=persons)
        con.execute("set enable_progress_bar = false")
        bulk.create_macros(con, seed)

        def write_chunk(lo: int) -> dict:
            with con.cursor() as cursor:
                cursor.execute("set enable_progress_bar = false")
                return bulk.write_chunk(cursor, root, lo // chunk, lo, min(persons, lo + chunk))

        # two chunks at a time: the files of one are too small to keep all threads busy
        pool = ThreadPoolExecutor(2)
        try:
            for done in pool.map(write_chunk, range(0, persons, chunk)):
                rows.update(done["rows"])
                dirt.update(done["dirt"])
                heads.update(done["heads"])
                bar.advance(task, done["persons"])
        finally:
            pool.shutdown(cancel_futures=True)
        dirt.update(bulk.line_dirt(con, root))
        folder = root / "fixmedins_b" / "bulk"
        folder.mkdir(parents=True)
        rows["fixmedins_b"] = con.execute(
            f"copy ({bulk.institutions()}) to {bulk.literal(folder / 'part-00000.parquet')} ({bulk.PARQUET})"
        ).fetchone()[0]
        funds = fund_rows(heads, seed)
        rows["fund_txn_d"] = len(funds)
        write_rows(con, root, "fund_txn_d", "bulk/part-00000.parquet", funds, "typed")
        plants = Plants()
        for plant in (plant_ladders, plant_script, plant_cover, plant_funds, plant_other_rows, plant_oversight):
            plant(plants)
        for (table, file), planted in plants.rows.items():
            write_rows(con, root, table, FILES[file], planted, file)
        twice = root / "setl_d" / FILES["twice"]
        shutil.copyfile(twice, twice.with_name("plants-00000-copy.parquet"))
    shutil.rmtree(root / ".spill", ignore_errors=True)
    manifest = make_manifest(root, persons, seed, rows, dirt, plants)
    text = json.dumps(manifest, ensure_ascii=False, indent=1)
    (root / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return manifest


def make_manifest(root: Path, persons: int, seed: int, rows: Counter, dirt: Counter, plants: Plants) -> dict:
    """What the build must find, table by table; the dirt of the bulk; every case with its settlements and payouts."""
    reasons = plants.reasons + Counter({("setl_d", reason): dirt[reason] for reason in ("Q03", "Q06", "Q08")})
    tables = {}
    for table in COLUMNS:
        counts = {fate: plants.fates[table, fate] for fate in ("delivered", "void", "superseded", "quarantined")}
        counts["delivered"] += rows[table]
        if table == "setl_d":
            counts["void"] += dirt["void_row"]
            counts["superseded"] += dirt["redelivered"] + dirt["migration_row"]
            counts["quarantined"] += dirt["Q03"] + dirt["Q06"] + dirt["Q08"]
        counts["accepted"] = counts["delivered"] - sum(counts[fate] for fate in ("void", "superseded", "quarantined"))
        tables[table] = {
            "files": sum(1 for path in (root / table).rglob("*") if path.is_file()),
            **counts,
            "quarantined_by_reason": {key[1]: number for key, number in sorted(reasons.items()) if key[0] == table},
        }
    return {
        "seed": seed,
        "persons": persons,
        "tables": tables,
        "dirt": {name: int(dirt[name]) for name in sorted(dirt)},
        "cases": plants.cases,
    }
