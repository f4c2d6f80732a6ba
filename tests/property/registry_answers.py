"""Every cell of a random registry told twice more: by a loop over what was drawn, by SQL over the store's files.

They share with `stratify.features` the families' declarations, and nothing else.
"""

import math

import numpy as np

from stratify.store.layout import DOMAINS
from tests.property.registries import COLUMNS, DAY, DELIVERED, FAMILIES, LANDMARKS, WINDOWS
from tests.property.registry_store import DATABASE, literal, table
from tests.property.test_kernel import by_loop

IN_WINDOW = {"sum": "valued"} | dict.fromkeys(
    ["count", "any", "first_seen", "rate", "distinct"], "seen"
)  # what an aggregate that is 0 of nothing is made of
VALUES = {"stay": ("hours", 24), "drug": ("ddd", 1), "lab": ("value", 1)}  # and what it is divided by


def from_loop(registry):
    """Every cell, by a loop over what was drawn."""
    happened = {key: as_the_store_sorts(registry, of) for key, of in FAMILIES.items() if of.domain in registry.events}
    found = {}
    for who, life in enumerate(registry.lives):
        for t in LANDMARKS:
            dead = life["death"] is not None and DAY + life["death"] <= t
            lived = life["lived"] or ()
            if not dead and any(DAY + a <= t and (b is None or t < DAY + b) for a, b in lived):
                found[f"p{who}", t] = cells_of(happened, who, t)
    return found


def cells_of(happened, who, t):
    lines = {}
    for key, events in happened.items():
        for nth, group in enumerate(FAMILIES[key].group):
            mine = [of for of in events if of[0] == who and of[3] == nth]
            valued = [of for of in mine if of[4] is not None]
            for window in WINDOWS if mine else ():
                told = by_loop(mine, who, t, nth, window)
                told |= {"seen": told["count"], "valued": by_loop(valued, who, t, nth, window)["count"]}
                lines[key, group.id, *pair(window)] = told
    return row_of(lines, happened)


def pair(window):
    return (0, window) if isinstance(window, int) else tuple(window)


PLACES = {}  # the columns made of one window of a family's group
for place, column in enumerate(COLUMNS):
    PLACES.setdefault((column.family.id, column.group.id, *pair(column.window)), []).append((place, column.aggregate))
EMPTY = np.array([float(str(c.family.fallback[c.aggregate]).replace("missing", "nan")) for c in COLUMNS])


def row_of(lines, delivered):
    """A row's cells from what is told of windows; the fallback where there is nothing in one to make the cell of."""
    cells = np.where([column.family.id in delivered for column in COLUMNS], EMPTY, math.nan)
    for key, told in lines.items():
        for place, aggregate in PLACES.get(key, ()):
            value = told[aggregate]
            if value is not None and not math.isnan(value) and told.get(IN_WINDOW.get(aggregate), True):
                cells[place] = value
    return cells


def as_the_store_sorts(registry, of):
    """A family's events (person, day, known, group, value, days it holds, code), ordered as the ties' rule says."""
    rows = sorted(registry.events[of.domain], key=lambda e: [(e.get(n) is None, e.get(n)) for n in DOMAINS[of.domain]])
    day, known = ("end_day", "end_known") if of.at == "end" else ("day", "known")
    name, unit = VALUES.get(of.domain, ("none", 1))
    return [
        (
            e["person"], e[day], e[known], nth, None if e.get(name) is None else e[name] / unit,
            DELIVERED - e[day] if e.get("refuted") else None, e.get("code"),
        )
        for e in sorted((e for e in rows if e[day] is not None), key=lambda e: e[day])
        for nth, group in enumerate(of.group)
        if not group.codes or e["code"].startswith(group.codes)
        if all(e[column] == value for column, value in group.where.items())
    ]  # fmt: skip


# --- by SQL ----------------------------------------------------------------------------------------------------------

TOLD = {
    "count": "count(*) FILTER (inside)",
    "any": "CAST(count(*) FILTER (inside) > 0 AS INTEGER)",
    "days_since": "min(age) FILTER (inside)",
    "first_seen": "CAST(max(age) > near AND max(age) <= far AS INTEGER)",
    "rate": "count(*) FILTER (inside) * 365.25 / (far - near)",
    "trend": "CASE WHEN near > 0 THEN (count(*) FILTER (age <= near)) * far "
    "/ (count(*) FILTER (age <= far) * near)::DOUBLE END",
    "sum": "sum(v) FILTER (inside)",
    "mean": "avg(v) FILTER (inside)",
    "min": "min(v) FILTER (inside)",
    "max": "max(v) FILTER (inside)",
    "last": "last(v ORDER BY day, nth) FILTER (inside AND v IS NOT NULL)",
    "first": "first(v ORDER BY day, nth) FILTER (inside AND v IS NOT NULL)",
    "slope": "CASE WHEN count(DISTINCT age) FILTER (inside AND v IS NOT NULL) > 1 "
    "THEN regr_slope(v, -age / 365.25) FILTER (inside) END",
    "distinct": "count(DISTINCT code) FILTER (inside)",
}


def by_sql(store, rows, names):
    """Every cell by one query over the store's files: a line for each row, family, group and window."""
    events = " UNION ALL ".join(sql_of(store, of) for of in FAMILIES.values() if store.has(of.domain))
    told = ", ".join(sql.replace("inside", "age > near AND age <= far") + f' AS "{key}"' for key, sql in TOLD.items())
    with DATABASE.cursor() as con:
        con.execute(
            f"CREATE TEMP TABLE r AS {table(list(zip(rows.person.tolist(), rows.day.tolist(), strict=True)), 'p, t')}"
        )
        con.execute(f"CREATE TEMP TABLE w AS {table([pair(window) for window in WINDOWS], 'near, far')}")
        found = con.execute(
            f"SELECT p, t, family, grp, near, far, {told}, count(*) FILTER (age > near AND age <= far), count(v) "
            f"FILTER (age > near AND age <= far) FROM (SELECT *, t - day AS age FROM r JOIN ({events}) AS e ON "
            "p = person AND day < t AND known < t AND day >= t - 1825 AND (until IS NULL OR t <= until)) CROSS JOIN w "
            "GROUP BY p, t, family, grp, near, far"
        ).fetchall()
    lines = {(p, t): {} for p, t in zip(rows.person.tolist(), rows.day.tolist(), strict=True)}
    for p, t, *line in found:
        lines[p, t][tuple(line[:4])] = dict(zip([*TOLD, "seen", "valued"], line[4:], strict=True))
    delivered = [key for key, of in FAMILIES.items() if store.has(of.domain)]
    return {(names[p], t): row_of(of, delivered) for (p, t), of in lines.items()}


def sql_of(store, of):
    """The SQL of a family's events, once for each group they belong to."""
    day, known = ("end_day", "end_known") if of.at == "end" else ("day", "known")
    name, unit = VALUES.get(of.domain, ("NULL", 1))
    until = f"CASE WHEN refuted THEN {DELIVERED} END" if of.domain == "diagnosis" else "NULL::INTEGER"
    code = "code" if "code" in DOMAINS[of.domain] else "NULL"
    parts = []
    for group in of.group:
        tests = [" OR ".join(f"code LIKE '{prefix}%'" for prefix in group.codes) or "true", f"{day} IS NOT NULL"]
        tests += [f"{column} IS NOT DISTINCT FROM {literal(value)}" for column, value in group.where.items()]
        parts.append(
            f"SELECT '{of.id}' AS family, '{group.id}' AS grp, person, {day} AS day, {known} AS known, "
            f"{name}::DOUBLE / {unit} AS v, {until} AS until, {code}::VARCHAR AS code, file_row_number AS nth "
            f"FROM {store.events(of.domain, 0)} WHERE {' AND '.join(f'({test})' for test in tests)}"
        )
    return " UNION ALL ".join(parts)
