"""The lint for two engines finds each of the constructs that it is there for, and lets through what is fine."""

from __future__ import annotations

import pytest
from portable_sql import findings

REFUSED = {
    "select a, row_number() over (order by a) as n from t qualify n = 1": "QUALIFY",
    "pivot t on year using sum(amount)": "PIVOT",
    "select [a, b] as both_of_them from t": "a list",
    "select {'a': a} as pair from t": "a struct",
    "select parts[1] as first_part from t": "an element by its place",
    "select unnest(parts) as part from t": "unnest",
    "select list_transform(parts, lambda x: x + 1) as more from t": "a lambda",
    "select day + interval 1 month as later from t": "an interval",
    "select amount / 3 as third from t": "division",
    "select amount // 3 as third from t": "division",
    "select amount % 3 as rest from t": "modulo",
    "select columns('amount_.*') from t": "columns()",
    "select a from t where regexp_matches(a, 'x')": "a regular expression",
    "select a from t where a ~ 'x'": "regular expression",
    "select a from t where a similar to 'x.*'": "a regular expression",
    "select a from t where a ilike 'x%'": "ilike",
    "with recursive r as (select 1 as n union all select n + 1 from r) select n from r": "a recursive query",
    "select * exclude (a) from t": "* with exclude",
    "select * replace (a + 1 as a) from t": "* with exclude, replace",
    "select a from t union all by name select a from u": "union by name",
    "select t.a from t asof join u on t.a >= u.a": "an ASOF",
    "select sum(a) filter (where b) over (partition by c) as x from t": "FILTER on a window",
    "select sum(a) over (order by b groups between 1 preceding and current row) as x from t": "a GROUPS frame",
    "select string_agg(a, ',' order by b) as x from t": "an order inside an aggregate",
    'select a as "A b" from t': "a quoted name",
    "select cast(a as double) as x from t": "double",
    "select cast(a as timestamptz) as x from t": "timestamp without zone",
    "select a * 1.5e0 as x from t": "a float",
    "select cast(a as varchar) as x from t": "varchar",
    "select a::text as x from t": "::",
    "select a + 1 as b, sum(a) over (partition by b) as c from t": "b: an alias inside a window",
    "select concat(a, b) as x from t": "concat()",
    "select avg(amount) as x from t": "avg()",
    "select string_agg(a, ',') as x from t": "not the same on both engines",
    "select strftime(day, '%Y') as x from t": "not known to be the same",
    "select date_trunc('month', day) as x from t": "not known to be the same",
    "select datediff('day', a, b) as x from t": "not known to be the same",
    "select dayofweek(a) as x from t": "not known to be the same",
    "select regexp_replace(a, 'x', 'y') as x from t": "not known to be the same",
    "select now() as x": "not known to be the same",
    "select hash(a) as x from t": "not known to be the same",
}
LET_THROUGH = [
    "select a, sum(b) over (partition by a order by c rows between unbounded preceding and current row) as s from t",
    "select a, max(b) as b, count(distinct c) as n from t group by a having count(*) > 1",
    "select max(b) over (partition by a) as b from t",
    "select a as region, sum(b) over (partition by a) as s from t",
    "select cast(round(cast(a as decimal(26, 2)) * rate, 2) as decimal(18, 2)) as x from t",
    "select lag(a) over w as before from t window w as (partition by b order by c)",
    "select a from t where not exists (select 1 from u where u.a = t.a)",
    "select dialect_matches(a) as x from t",
    "select 'a::b varchar-free' as x from t",
    "select max_by(a, b) as x, extract(year from c) as y from t group by d",
    'select a from "db"."schema"."table"',
]


@pytest.mark.parametrize(("sql", "says"), REFUSED.items())
def test_what_does_not_run_on_both_is_refused(sql, says):
    assert any(says in found for found in findings(sql)), findings(sql)


@pytest.mark.parametrize("sql", LET_THROUGH)
def test_what_runs_on_both_is_let_through(sql):
    assert findings(sql) == []
