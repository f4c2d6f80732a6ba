"""The columns of windowed families by DuckDB in its fastest form: one line for each row and group, pivoted afterwards.

Not the code that the tests hold the matrix against (tests/oracle), which is written to be read; this is written to be
fast, so that what it is compared with has no easy game.
"""

import numpy as np

from stratify.features.columns import columns, groups, longest
from stratify.features.events import VALUES

TOLD = ("count", "any", "sum", "mean", "min", "max", "last", "first", "days_since", "distinct", "rate")


def wanted(catalogue):
    """Return the columns that this SQL can make: of windowed families, of aggregates it knows."""
    return [
        c
        for c in columns(catalogue)
        if c.window is not None and c.aggregate in TOLD and c.family.at == "start" and not c.group.ranged
    ]


def by_sql(con, store, catalogue, chosen):
    """Return the cells of table `landmarks` (nth, person, t) in DuckDB `con`, by column id."""
    found = {}
    families = {column.family.id: column.family for column in chosen}
    for family in families.values():
        if not store.has(family.domain):
            continue
        mine = [column for column in chosen if column.family.id == family.id]
        answer = con.execute(_query(store, family, groups(family, catalogue), mine)).fetchnumpy()
        order = np.argsort(answer.pop("nth"))
        found |= {name: np.ma.filled(cells.astype(np.float64), np.nan)[order] for name, cells in answer.items()}
    return found


def _query(store, family, of, mine):
    source = store.events(family.domain, None)
    keys = sorted(
        {name for group in of for name in (*group.where, *(["code"] if group.codes or group.codes_except else []))}
    )
    belongs = ", ".join(f"CASE WHEN {_condition(group)} THEN {n} END" for n, group in enumerate(of))
    key = ", ".join(keys) or "1 AS one"
    on = " AND ".join(f"e.{name} IS NOT DISTINCT FROM m.{name}" for name in keys) or "true"
    column, unit = VALUES.get(family.domain, ("NULL", 1))
    value = f"CAST({column} AS DOUBLE) / {unit}"
    aggregates = {(c.aggregate, c.window): f"a{n}" for n, c in enumerate(mine)}
    long = ", ".join(f"{_aggregate(*what)} AS {name}" for what, name in aggregates.items())
    number = {group.id: n for n, group in enumerate(of)}
    wide = ", ".join(
        f"coalesce(max({aggregates[c.aggregate, c.window]}) FILTER (grp = {number[c.group.id]}), {_fallback(c)}) "
        f'AS "{c.id}"'
        for c in mine
    )
    code = "e.code" if any(c.aggregate == "distinct" for c in mine) else "NULL"
    return f"""
        WITH m AS (SELECT {key}, unnest([{belongs}]) AS grp FROM (SELECT DISTINCT {key} FROM {source}) AS d),
        e AS (SELECT person, day, known, {value} AS value, {code} AS code, file_row_number AS place, grp
              FROM {source} AS e JOIN m ON {on} WHERE grp IS NOT NULL),
        long AS (SELECT nth, grp, {long} FROM landmarks AS r JOIN e
                 ON e.person = r.person AND day < t AND known < t AND day >= t - {longest(family)} GROUP BY nth, t, grp)
        SELECT r.nth, {wide} FROM landmarks AS r LEFT JOIN long USING (nth) GROUP BY r.nth"""


def _aggregate(aggregate, window):
    near, far = (0, window) if isinstance(window, int) else window
    inside = f"day >= t - {far} AND day < t - {near}"
    valued = f"{inside} AND value IS NOT NULL"
    return {
        "count": f"nullif(count(*) FILTER ({inside}), 0)",
        "rate": f"nullif(count(*) FILTER ({inside}), 0) * 365.25 / {far - near}",
        "any": f"CASE WHEN count(*) FILTER ({inside}) > 0 THEN 1 END",
        "sum": f"sum(value) FILTER ({valued})",
        "mean": f"avg(value) FILTER ({valued})",
        "min": f"min(value) FILTER ({valued})",
        "max": f"max(value) FILTER ({valued})",
        "last": f"arg_max(value, day * 10000000000 + place) FILTER ({valued})",
        "first": f"arg_min(value, day * 10000000000 + place) FILTER ({valued})",
        "days_since": f"t - max(day) FILTER ({inside})",
        "distinct": f"nullif(count(DISTINCT code) FILTER ({inside}), 0)",
    }[aggregate]


def _fallback(column):
    told = column.family.fallback[column.aggregate]
    return "NULL" if told == "missing" else told


def _condition(group):
    tests = [" OR ".join(f"starts_with(code, '{code}')" for code in group.codes) or "true"]
    tests += [f"NOT starts_with(code, '{code}')" for code in group.codes_except]
    tests += [
        f"{name} IN ({', '.join(_literal(one) for one in (value if isinstance(value, tuple) else (value,)))})"
        for name, value in group.where.items()
    ]
    return " AND ".join(f"({test})" for test in tests)


def _literal(value):
    return str(value).lower() if isinstance(value, bool) else "'" + value.replace("'", "''") + "'"
