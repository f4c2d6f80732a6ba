"""What the pictures of the report show: curves over age, diseases that go together, odds of admission, months.

A point that tells of 1 to 4 people is left out, as everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import NamedTuple

import numpy as np

from pipelines.synthesis.measures.estimates import odds_ratio
from pipelines.synthesis.measures.lifetable import one_year_mortality
from pipelines.synthesis.measures.region import Region, day
from pipelines.synthesis.targets import Measured
from stratify.charts import Point
from stratify.disclosure import SMALLEST_SHOWN, shown

# The dozen told in curves, in this order.
TOLD = (
    ("hypertension", "Hypertension"),
    ("dyslipidemia", "Raised blood lipids"),
    ("t2d", "Type 2 diabetes"),
    ("ihd", "Ischaemic heart disease"),
    ("hf", "Heart failure"),
    ("copd", "COPD"),
    ("asthma", "Asthma"),
    ("osteoporosis", "Osteoporosis"),
    ("cancer", "Cancer"),
    ("dementia", "Dementia"),
    ("depression", "Depression"),
    ("schizophrenia", "Schizophrenia"),
)
SCHOOLS = (
    ("Short (10, 15)", "('10', '15')"),
    ("Medium (20-35)", "('20', '30', '35')"),
    ("Long (40-80)", "('40', '50', '60', '65', '70', '80')"),
)
STATUSES = (
    ("Neither", "NOT mind AND NOT body"),
    ("Somatic only", "body AND NOT mind"),
    ("Psychiatric only", "mind AND NOT body"),
    ("Both", "mind AND body"),
    ("Both, one of them severe", "mind AND body AND severe"),
)
BAND, OLDEST_BAND = 5, 90
TOGETHER = 16


class Odds(NamedTuple):
    """An odds ratio with its 95 % interval; the one all are held against has 1 and no interval."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Together:
    """Conditions, and how much more often than expected each pair is seen; None where nothing may or can be told."""

    names: list[str]
    lift: list[list[float | None]]


Curves = dict[str, list[Point]]


def prevalence_by_age(region: Region) -> dict[str, Curves]:
    """Return the share that has each of a dozen conditions recognised, in per cent, by sex and five years of age."""
    columns = ", ".join(f"count(*) FILTER (list_contains(s.has, '{name}'))" for name, _ in TOLD)
    names = ", ".join(f"'{name}'" for name, _ in TOLD)
    rows = region.con.execute(
        f"SELECT woman, least(age // {BAND} * {BAND}, {OLDEST_BAND}) AS band, count(*), {columns} FROM person_years "
        f"LEFT JOIN (SELECT pnr, list(condition) AS has FROM truth_state WHERE condition IN ({names}) "
        f"AND recognised <= {day(region.last)} GROUP BY pnr) AS s USING (pnr) "
        f"WHERE year = {region.last} GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    told: dict[str, Curves] = {label: {"Women": [], "Men": []} for _, label in TOLD}
    for woman, band, people, *with_it in rows:
        for (_, label), n in zip(TOLD, with_it, strict=True):
            _add(told[label]["Women" if woman else "Men"], band, n, people)
    return told


def multimorbid_by_age(region: Region) -> Curves:
    """Return the share with two conditions or more, in per cent, by education and five years of age from 25 on."""
    of_school = " ".join(f"WHEN left(e, 2) IN {levels} THEN {i}" for i, (_, levels) in enumerate(SCHOOLS))
    rows = region.con.execute(
        f"SELECT CASE {of_school} END AS school, least(age // {BAND} * {BAND}, {OLDEST_BAND}) AS band, count(*), "
        f"count(*) FILTER (n >= 2) FROM ({region.people(region.last)}) JOIN (SELECT pnr, any_value(hfaudd)::VARCHAR "
        f"AS e FROM udda WHERE aar = {region.last - 1} GROUP BY pnr) USING (pnr) "
        "WHERE age >= 25 AND school IS NOT NULL GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    told: Curves = {name: [] for name, _ in SCHOOLS}
    for school, band, people, n in rows:
        _add(told[SCHOOLS[school][0]], band, n, people)
    return told


def mortality_by_age(region: Region) -> Curves:
    """Return the risk of death within a year, per 1000, by sex at every fifth year of age, with 95 % intervals."""
    told: Curves = {}
    for name, women in (("Women", True), ("Men", False)):
        points = []
        for age in range(30, 100, 5):
            found = one_year_mortality(region, {"women": women, "age": age}).times(1000)
            if found.value > 0 and _deaths(found) >= SMALLEST_SHOWN:
                low, high = _interval(found)
                points.append(Point(age, found.value, low, high))
        told[name] = points
    return told


def together(region: Region) -> Together:
    """Return how often the commonest conditions meet in adults over what age and sex alone would give.

    Expected: within five years of age and sex the conditions are independent.
    """
    con = region.con
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE held AS SELECT pnr, entry, (age // {BAND}) * 2 + woman::INT AS stratum FROM "
        f"person_years JOIN states USING (pnr) WHERE year = {region.last} AND age >= 18 "
        f"AND recognised <= {day(region.last)}"
    )
    names = [
        row[0]
        for row in con.execute(
            f"SELECT entry FROM held GROUP BY entry ORDER BY count(*) DESC, entry LIMIT {TOGETHER}"
        ).fetchall()
    ]
    place = {name: i for i, name in enumerate(names)}
    observed, expected = np.zeros((len(names), len(names))), np.zeros((len(names), len(names)))
    for a, b, n in con.execute(
        "SELECT a.entry, b.entry, count(*) FROM held AS a JOIN held AS b USING (pnr) WHERE a.entry < b.entry "
        "GROUP BY ALL"
    ).fetchall():
        if a in place and b in place:
            observed[place[a], place[b]] = observed[place[b], place[a]] = n
    people = dict(
        con.execute(
            f"SELECT (age // {BAND}) * 2 + woman::INT, count(*) FROM person_years WHERE year = {region.last} "
            "AND age >= 18 GROUP BY 1"
        ).fetchall()
    )
    counts = con.execute("SELECT stratum, entry, count(*) FROM held GROUP BY ALL ORDER BY ALL").fetchall()
    for stratum, rows in groupby(counts, key=lambda row: row[0]):
        has = np.zeros(len(names))
        for _, entry, n in rows:
            if entry in place:
                has[place[entry]] = n
        expected += np.outer(has, has) / people[stratum]
    return Together(
        names,
        [
            [
                None if i == j or shown(int(observed[i, j])) is None or expected[i, j] < 1
                else float(observed[i, j] / expected[i, j])
                for j in range(len(names))
            ]
            for i in range(len(names))
        ],
    )  # fmt: skip


def odds_of_admission(region: Region) -> dict[str, list[Odds]]:
    """Return the odds of an acute admission in the last year, by what people have and by education, for age and sex.

    Mantel-Haenszel over five years of age and sex, adults; severe is schizophrenia or bipolar disorder.
    """
    con, year = region.con, region.last
    con.execute(
        "CREATE OR REPLACE TEMP TABLE odds AS SELECT p.acute, (p.age // 5) * 2 + p.woman::INT AS stratum, "
        "s.mental > 0 AS mind, s.physical > 0 AS body, "
        "p.pnr IN (SELECT pnr FROM states WHERE entry IN ('schizophrenia', 'bipolar') "
        f"AND recognised <= {day(year)}) AS severe, left(u.e, 2) AS school FROM person_years AS p "
        f"JOIN ({region.people(year)}) AS s USING (pnr) LEFT JOIN (SELECT pnr, any_value(hfaudd)::VARCHAR AS e "
        f"FROM udda WHERE aar = {year - 1} GROUP BY pnr) AS u USING (pnr) WHERE p.year = {year} AND p.age >= 18"
    )
    schools = [(name, f"coalesce(school IN {levels}, false)") for name, levels in reversed(SCHOOLS)]
    return {
        "What people have": _against_first(region, STATUSES),
        "Education": _against_first(region, schools),
    }


def _against_first(region: Region, levels: Sequence[tuple[str, str]]) -> list[Odds]:
    (reference, base), *others = levels
    told = [Odds(reference, 1.0)]
    for name, rule in others:
        rows = region.con.execute(
            f"SELECT count(*) FILTER (({rule}) AND acute), count(*) FILTER (({rule}) AND NOT acute), "
            f"count(*) FILTER (({base}) AND acute), count(*) FILTER (({base}) AND NOT acute) FROM odds GROUP BY stratum"
        ).fetchall()
        cells = np.array(rows, float).reshape(-1, 4)
        if (cells.sum(axis=0) < SMALLEST_SHOWN).any():
            told.append(Odds(name, None))
            continue
        found = odds_ratio(cells)
        told.append(Odds(name, found.value, *_interval(found)))
    return told


def admissions_by_month(region: Region) -> Curves:
    """Return the acute somatic and the psychiatric admissions of each month per 1000 residents and 30 days."""
    rows = region.con.execute(
        "SELECT care, date_trunc('month', start_at)::DATE AS month, count(*) FROM stays WHERE admission AND acute "
        f"AND care IN ('somatic', 'psychiatric') AND start_at >= {day(region.first)} "
        f"AND start_at < {day(region.last + 1)} GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    people = dict(region.con.execute("SELECT year, sum(years) FROM person_years GROUP BY year").fetchall())
    told: Curves = {"Acute somatic": [], "Psychiatric": []}
    for care, month, n in rows:
        if shown(n) is None:
            continue
        following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        rate = n / people[month.year] * 1000 * 30 / (following - month).days
        told["Acute somatic" if care == "somatic" else "Psychiatric"].append(
            Point(month.year + (month.month - 0.5) / 12, rate)
        )
    return told


def _add(points: list[Point], band: int, n: int, people: int) -> None:
    if shown(n, people) is not None and people:
        points.append(Point(band + BAND / 2, 100 * n / people))


def _deaths(found: Measured) -> float:
    """About how many deaths a rate rests on, from its relative error."""
    return (found.value / found.se) ** 2


def _interval(found: Measured) -> tuple[float, float]:
    factor = float(np.exp(1.96 * found.se / found.value))
    return found.value / factor, found.value * factor
