"""Small random registries: drawn, landed by the store's own writer, and their matrix told by a loop and by SQL.

Three ways to the same cells that share nothing but the families' declarations: `stratify.features` from the store, a
loop over what was drawn, DuckDB over the store's files.
"""

import json
import math
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import strategies as st

from stratify.catalogue import Catalogue
from stratify.catalogue.entries import FeatureFamily
from stratify.cohort import residents, spells
from stratify.features import kernel
from stratify.features.build import matrix
from stratify.features.columns import columns
from stratify.features.conditions import Present
from stratify.features.kernel import Rows
from stratify.store import layout
from stratify.store.content import Content
from stratify.store.layout import DOMAINS
from stratify.store.read import Store
from stratify.store.write import number_people, write_domain, write_people
from tests.property.test_kernel import DAY, ages, by_loop, delays, values

DELIVERED = DAY + 30  # 14 May 2019
LANDMARKS = [DAY, DAY + 1, DAY + 30, DAY + 31, DAY + 365]
NAME = {"da": "navn", "en": "name"}
OF_EVENTS = ["count", "any", "days_since", "first_seen", "rate", "trend"]
OF_VALUES = ["sum", "mean", "min", "max", "last", "first", "slope"]
IN_WINDOW = {"sum": "valued"} | dict.fromkeys(
    ["count", "any", "first_seen", "rate", "distinct"], "seen"
)  # 0 of nothing
VALUES = {"stay": ("hours", 24), "drug": ("ddd", 1), "lab": ("value", 1)}  # and what it is divided by


def family(key, domain, groups, aggregates, *, apart=True, empty=0, never="missing", **told):
    """A family of every window: nested, and without `distinct` also apart. `empty`, `never`: two of the fallbacks."""
    fallback = dict.fromkeys(aggregates, "missing") | {"count": empty, "any": 0, "days_since": never}
    fallback = {name: fallback[name] for name in aggregates}
    examples = [
        {"why": "once", "events": [["g0", -10, -9, 1]], "column": f"{key}_g0_count_30", "expect": 1},
        {"why": "never", "column": f"{key}_g0_count_30", "expect": empty},
    ]
    return FeatureFamily.model_validate(
        {
            "id": key, "name": NAME, "source": "made up", "provenance": "OURS", "rationale": "made up for a test",
            "clinical_group": NAME, "domain": domain, "role": "predictor", "example": examples,
            "group": [{"id": f"g{n}", "name": NAME, **chosen} for n, chosen in enumerate(groups)],
            "aggregates": aggregates, "windows": [30, 365, 1825, *([[30, 365], [364, 400]] if apart else [])],
            "trends": [[30, 365]] if "trend" in aggregates else [], "fallback": fallback, **told,
        }
    )  # fmt: skip


CODED = [{}, {"codes": ["A"]}, {"codes": ["AB", "C"]}]  # an event may belong to several
ACUTE = [{}, {"where": {"acute": True}}, {"where": {"acute": False, "care": "p"}}]
FAMILIES = {
    of.id: of
    for of in (
        family("drug", "drug", CODED, [*OF_EVENTS, *OF_VALUES, "distinct"], apart=False),
        family("lab", "lab", CODED, [*OF_EVENTS, *OF_VALUES], empty="missing", never=1826),
        family("stay", "stay", ACUTE, OF_EVENTS),
        family("left", "stay", ACUTE, [*OF_EVENTS, *OF_VALUES], at="end"),
        family("contact", "contact", ACUTE, OF_EVENTS),
        family("diagnosis", "diagnosis", [*CODED, {"codes": ["A"], "where": {"kind": "A"}}], OF_EVENTS),
    )
}
KINDS = ("conditions", "indices", "outcomes", "strata", "offers", "targets")
CATALOGUE = Catalogue({**{kind: {} for kind in KINDS}, "features": FAMILIES})
COLUMNS = columns(CATALOGUE)

# --- drawn -----------------------------------------------------------------------------------------------------------

codes = st.sampled_from(["A1", "AB1", "AB2", "B", "C"])
cares = st.sampled_from(["s", "p", None])
ends = st.one_of(st.none(), st.tuples(st.integers(0, 40), delays))
OWN = {
    "drug": {"code": codes, "ddd": values},
    "lab": {"code": codes, "value": values},
    "stay": {"acute": st.booleans(), "care": cares, "end": ends, "hours": st.one_of(st.none(), st.integers(0, 96))},
    "contact": {"acute": st.booleans(), "care": cares},
    "diagnosis": {"code": codes, "kind": st.sampled_from(["A", "B", None]), "refuted": st.booleans()},
}


def event(domain):
    told = {"person": st.integers(0, 3), "age": ages, "late": delays, **OWN[domain]}
    return st.fixed_dictionaries(told).map(lambda of: placed(of))


def placed(of):
    """The event with its days: `known` may break the order of `day`, and even come before it."""
    day = DAY - of.pop("age")
    of |= {"day": day, "known": day + of.pop("late")}
    if "end" in of:
        stayed = of.pop("end")
        of |= dict.fromkeys(("end_day", "end_known")) if stayed is None else {
            "end_day": day + stayed[0], "end_known": day + sum(stayed)
        }  # fmt: skip
    return of


stretches = st.lists(
    st.tuples(st.sampled_from([-3000, -40, 0, 1, 31]), st.sampled_from([None, 0, 1, 30, 400])), max_size=2
)
lives = st.fixed_dictionaries(
    {
        "lived": st.one_of(st.just([(-3000, None)]), stretches),
        "death": st.one_of(st.none(), st.sampled_from([-1, 0, 31, 500])),
    }
)


@dataclass(frozen=True)
class Registry:
    """Events by domain, those of an undelivered domain left out, and the lives of the people they are of."""

    events: dict[str, list[dict]]
    lives: list[dict]

    def of(self, person):
        """The same with everybody else gone."""
        alone = {name: [e for e in rows if e["person"] == person] for name, rows in self.events.items()}
        blank = {"lived": None, "death": None}
        return Registry(alone, [life if n == person else blank for n, life in enumerate(self.lives)])

    def reversed(self):
        """The same delivered in another order."""
        return Registry({name: rows[::-1] for name, rows in self.events.items()}, self.lives)


registries = st.builds(
    Registry,
    st.lists(st.sampled_from(list(OWN)), min_size=1, max_size=2, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: st.lists(event(name), max_size=12) for name in names})
    ),
    st.lists(lives, min_size=4, max_size=5),  # the fifth never has an event
)

# --- from the store --------------------------------------------------------------------------------------------------


@contextmanager
def landed(registry, *, per_bucket=layout.PEOPLE_PER_BUCKET):
    """The registry as a store, written as landing writes it."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch, duckdb.connect() as con:
        patch.setattr(layout, "PEOPLE_PER_BUCKET", per_bucket)
        con.execute("SET threads = 1")
        there = [(n, life) for n, life in enumerate(registry.lives) if life["lived"] is not None]
        deaths = [(f"p{n}", 1, DAY - 20_000, None if of["death"] is None else DAY + of["death"]) for n, of in there]
        people = number_people(con, table(deaths, "source_id, sex, birth, death"))
        lived = [(f"p{n}", DAY + a, None if b is None else DAY + b, "1") for n, of in there for a, b in of["lived"]]
        write_people(con, table(lived, 'source_id, start, "end", municipality'), Path(folder))
        content = Content(layout.buckets(people))
        for domain, rows in ({"condition": []} | registry.events).items():
            names = list(DOMAINS[domain])
            told = [(f"p{e['person']}", *(e.get(name) for name in names)) for e in rows]
            write_domain(con, domain, table(told, ", ".join(["source_id", *names])), people, Path(folder), content)
        results = {
            "people": people,
            "measurable": {
                "domains": list(registry.events),
                "conditions": [],
                "indices": [],
                "acute": True,
                "care": True,
            },
            "delivery": {"covers_to": "2019-05-13", "delivered": "2019-05-14"},
        }
        (Path(folder) / "manifest.json").write_text(json.dumps({"results": results}), encoding="utf-8")
        yield Store(Path(folder))


def table(rows, names):
    """The SQL of rows; of none where there are none."""
    told = ", ".join("(" + ", ".join(literal(value) for value in row) + ")" for row in rows)
    nothing = ", ".join("NULL" for _ in names.split(","))
    return f"SELECT * FROM (VALUES {told or f'({nothing})'}) AS t({names})" + ("" if rows else " WHERE false")


def literal(value):
    return "NULL" if value is None else f"'{value}'" if isinstance(value, str) else str(value)


def from_store(registry, *, at_once=kernel.EVENTS_AT_ONCE, per_bucket=layout.PEOPLE_PER_BUCKET):
    """Every cell, {(source id, landmark): cells}, as the matrix is built."""
    found = {}
    with landed(registry, per_bucket=per_bucket) as store, pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "EVENTS_AT_ONCE", at_once)
        people, lived, names = store.persons(), spells(store.residence()), store.source_ids()
        everyone = residents(people, lived, LANDMARKS)
        for bucket in range(store.buckets):
            mine = everyone.person % store.buckets == bucket
            rows = Rows(everyone.person[mine], everyone.day[mine])
            nothing = Present(np.zeros((len(rows), 0), bool), (), np.zeros(0, bool))
            cells = matrix(store, rows, nothing, people, lived, CATALOGUE, bucket)
            keys = zip(rows.person.tolist(), rows.day.tolist(), strict=True)
            found |= {(names[who], t): told for (who, t), told in zip(keys, cells, strict=True)}
        sql = by_sql(store, everyone, names) if store.buckets == 1 else None
    return found, sql


# --- by a loop -------------------------------------------------------------------------------------------------------


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
    memo, cells = {}, []
    for column in COLUMNS:
        key, window = column.family.id, column.window
        if key not in happened:
            cells.append(math.nan)
            continue
        group = [g.id for g in column.family.group].index(column.group.id)
        if (key, group, window) not in memo:
            told = by_loop(happened[key], who, t, group, window)
            valued = by_loop([of for of in happened[key] if of[4] is not None], who, t, group, window)["count"]
            memo[key, group, window] = told | {"seen": told["count"], "valued": valued}
        told = memo[key, group, window]
        cells.append(or_fallback(column, told[column.aggregate], told))
    return np.array(cells)


def or_fallback(column, value, told):
    """The value, or what the family declares where there is none, or nothing in the window to make it of."""
    if math.isnan(value) or not told.get(IN_WINDOW.get(column.aggregate, ""), True):
        fallback = column.family.fallback[column.aggregate]
        return math.nan if fallback == "missing" else fallback
    return value


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
    windows = [(0, 30), (0, 365), (0, 1825), (30, 365), (364, 400)]
    events = " UNION ALL ".join(sql_of(store, of) for of in FAMILIES.values() if store.has(of.domain))
    told = ", ".join(sql.replace("inside", "age > near AND age <= far") + f' AS "{key}"' for key, sql in TOLD.items())
    with duckdb.connect() as con:
        con.execute("SET threads = 1")
        con.execute(
            f"CREATE TABLE r AS {table(list(zip(rows.person.tolist(), rows.day.tolist(), strict=True)), 'p, t')}"
        )
        con.execute(f"CREATE TABLE w AS {table(windows, 'near, far')}")
        found = con.execute(
            f"SELECT p, t, family, grp, near, far, {told}, count(*) FILTER (age > near AND age <= far), "
            f"count(v) FILTER (age > near AND age <= far) FROM (SELECT *, t - day AS age FROM r JOIN ({events}) AS e "
            "ON p = person AND day < t AND known < t AND day >= t - 1825 AND (until IS NULL OR t <= until)) CROSS JOIN w "
            "GROUP BY p, t, family, grp, near, far"
        ).fetchall()
    lines = {line[:6]: dict(zip([*TOLD, "seen", "valued"], line[6:], strict=True)) for line in found}
    return {
        (names[p], t): np.array([cell_of(store, lines, p, t, column) for column in COLUMNS])
        for p, t in zip(rows.person.tolist(), rows.day.tolist(), strict=True)
    }


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


def cell_of(store, lines, person, t, column):
    if not store.has(column.family.domain):
        return math.nan
    near, far = (0, column.window) if isinstance(column.window, int) else column.window
    line = lines.get((person, t, column.family.id, column.group.id, near, far))
    if line is None:
        return or_fallback(column, math.nan, {})
    told = line[column.aggregate]
    return or_fallback(column, math.nan if told is None else float(told), line)
