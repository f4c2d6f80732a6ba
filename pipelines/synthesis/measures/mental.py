"""Psychiatric and somatic disease together: what the one does to the other, and both to life.

A psychiatric hospital diagnosis is one of chapter F made in psychiatry in the extract; of those made before it nothing
is known, so the measures use the latest years.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.synthesis.measures.estimates import NOTHING, Cells, adjusted_ratio, jackknife, over, ratio
from pipelines.synthesis.measures.lifetable import expectancies
from pipelines.synthesis.measures.region import Region, aged
from pipelines.synthesis.targets import Measured

Given = dict[str, Any]
BLOCKS = ("F0", "F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9")
LEAST_ONSETS, LEAST_DEATHS = 20, 10
PARTS, BANDS, BAND = 20, 20, 5
OLDEST = 94  # the papers follow people until 95
YOUNGEST = 15  # of those whose life years are counted


def mental_to_somatic(region: Region, _: Given) -> Measured:
    """Return the median rate ratio of a first true somatic onset by system, with against without each psychiatric one.

    Adjusted for age and sex; latest three years; pairs with 20 onsets or more among those with the psychiatric one.
    """
    con, (first, last) = region.con, region.latest(3)
    minds, systems = _kinds(region, "entry", "psychiatric"), _kinds(region, "system", "NOT psychiatric")
    found = con.execute(
        f"WITH spans AS (SELECT pnr, year, part, woman, least(age // {BAND}, {BANDS - 1}) AS band, years "
        f"FROM person_years WHERE year BETWEEN {first} AND {last}), "
        f"masks AS (SELECT y.pnr, y.year, bit_or({_bits('s.entry', minds)}) AS mask FROM spans AS y JOIN states AS s "
        "USING (pnr) WHERE s.psychiatric AND s.onset < make_date(y.year, 1, 1) GROUP BY ALL), "
        "begun AS (SELECT pnr, system, min(onset) AS onset FROM states WHERE NOT psychiatric GROUP BY ALL), "
        "systems AS (SELECT DISTINCT system FROM entries WHERE NOT psychiatric), "
        "rows AS (SELECT y.part, y.band + CASE WHEN woman THEN 20 ELSE 0 END AS stratum, coalesce(m.mask, 0) AS mask, "
        "c.system, coalesce(year(b.onset) = y.year, false) AS new, "
        "CASE WHEN year(b.onset) = y.year THEN least(y.years, dayofyear(b.onset) / 365.25) ELSE y.years END AS t "
        "FROM spans AS y CROSS JOIN systems AS c LEFT JOIN begun AS b ON b.pnr = y.pnr AND b.system = c.system "
        "LEFT JOIN masks AS m ON m.pnr = y.pnr AND m.year = y.year "
        "WHERE b.onset IS NULL OR b.onset >= make_date(y.year, 1, 1)) "
        f"SELECT part, stratum, mask, {_place('system', systems)} AS system, count(*) FILTER (new) AS events, "
        "sum(t) AS years FROM rows GROUP BY ALL"
    ).fetchnumpy()
    cells = _pairs(found, found["system"], len(systems), [found["mask"] >> i & 1 for i in range(len(minds))])
    return jackknife(cells, _median_over(cells.sum(axis=0)))


def _pairs(found: dict[str, Any], system: Any, n: int, exposed: list[Any]) -> Cells:
    """Events and years by part, pair, stratum, and exposed or not."""
    cells = np.zeros((PARTS, len(exposed), n, 2 * BANDS, 2, 2))
    for i, flag in enumerate(exposed):
        at = (found["part"], i, system, found["stratum"], flag.astype(int))
        np.add.at(cells, (*at, 0), found["events"])
        np.add.at(cells, (*at, 1), found["years"])
    return cells.reshape(PARTS, -1, 2 * BANDS, 2, 2)


def _median_over(whole: Cells) -> Any:
    """A median over the pairs that have enough events in the whole, the same ones whoever is left out."""
    used = whole[:, :, 1, 0].sum(axis=1) >= LEAST_ONSETS
    return lambda cells: float(np.nanmedian(_mantel_haenszel(cells[used]))) if used.any() else float("nan")


def _mantel_haenszel(cells: Cells) -> Cells:
    """The rate ratio of each pair, from events and years by stratum and exposure."""
    b, n, a, m = cells[..., 0, 0], cells[..., 0, 1], cells[..., 1, 0], cells[..., 1, 1]
    total = np.where(m + n > 0, m + n, 1)
    return over((a * n / total).sum(axis=-1), (b * m / total).sum(axis=-1))


def pair_mortality(region: Region, given: Given) -> Measured:
    """Return the mean mortality ratio over pairs of a psychiatric block and a somatic system, against neither or one.

    Latest five years, below 95, adjusted for age and sex; pairs with 10 deaths or more among those who have both.
    """
    con, (first, last) = region.con, region.latest(5)
    systems = _kinds(region, "system", "NOT psychiatric")
    found = con.execute(
        f"WITH spans AS (SELECT pnr, year, part, woman, age // {BAND} AS band, died, years FROM person_years "
        f"WHERE year BETWEEN {first} AND {last} AND age <= {OLDEST}), "
        f"minds AS (SELECT y.pnr, y.year, bit_or({_bits('left(s.code, 2)', list(BLOCKS))}) AS mask FROM spans AS y "
        "JOIN psychiatry AS s USING (pnr) WHERE s.day < make_date(y.year, 1, 1) GROUP BY ALL), "
        f"bodies AS (SELECT y.pnr, y.year, bit_or({_bits('s.system', systems)}) AS mask FROM spans AS y "
        "JOIN states AS s USING (pnr) WHERE NOT s.psychiatric AND s.recognised < make_date(y.year, 1, 1) GROUP BY ALL) "
        "SELECT part, band + CASE WHEN woman THEN 20 ELSE 0 END AS stratum, coalesce(m.mask, 0) AS mind, "
        "coalesce(b.mask, 0) AS body, count(*) FILTER (died) AS events, sum(years) AS years FROM spans AS y "
        "LEFT JOIN minds AS m USING (pnr, year) LEFT JOIN bodies AS b USING (pnr, year) GROUP BY ALL"
    ).fetchnumpy()
    wanted = {"neither": (0, 0), "somatic": (0, 1), "mental": (1, 0)}[given["against"]]
    cells = np.zeros((PARTS, len(BLOCKS) * len(systems), 2 * BANDS, 2, 2))
    for pair, (i, j) in enumerate(itertools.product(range(len(BLOCKS)), range(len(systems)))):
        mind, body = found["mind"] >> i & 1, found["body"] >> j & 1
        for exposed, (x, y) in ((1, (1, 1)), (0, wanted)):
            rows = np.flatnonzero((mind == x) & (body == y))
            at = found["part"][rows].astype(int) * 2 * BANDS + found["stratum"][rows]
            for place, column in enumerate(("events", "years")):
                counted = np.bincount(at, found[column][rows], PARTS * 2 * BANDS)
                cells[:, pair, :, exposed, place] = counted.reshape(PARTS, 2 * BANDS)
    used = cells[:, :, :, 1, 0].sum(axis=(0, 2)) >= LEAST_DEATHS
    if not used.any():
        return NOTHING

    def mean(whole: NDArray[np.float64]) -> float:
        ratios = _mantel_haenszel(whole)
        told = ratios[np.isfinite(ratios)]
        return float(told.mean()) if len(told) else float("nan")

    return jackknife(cells[:, used], mean)


def mental_crude_mortality(region: Region, _: Given) -> Measured:
    """Return the death rate with a psychiatric hospital diagnosis over everybody's, below 95, latest three years."""
    first, last = region.latest(3)
    return ratio(
        region.con,
        "SELECT p.pnr, (died AND ill)::INT AS y1, ill::INT * years AS x1, died::INT AS y2, years AS x2 FROM "
        f"({_marked(first, last, 'F')}) AS p WHERE age <= {OLDEST}",
    )


def mental_mortality(region: Region, given: Given) -> Measured:
    """Return the mortality ratio with against without a psychiatric hospital diagnosis, by age and sex, below 95."""
    first, last = region.latest(given.get("years", 3))
    return adjusted_ratio(
        region.con,
        f"SELECT pnr, (age // {BAND}) * 2 + woman::INT AS stratum, ill AS exposed, died::INT AS y, years AS t "
        f"FROM ({_marked(first, last, given['codes'])}) WHERE age <= {OLDEST} AND {aged(given)}",
    )


def _marked(first: int, last: int, codes: str) -> str:
    """SQL of the person-years with `ill`: such a diagnosis made in psychiatry before the year."""
    return (
        "SELECT y.*, coalesce(s.day < make_date(y.year, 1, 1), false) AS ill FROM person_years AS y LEFT JOIN "
        f"(SELECT pnr, min(day) AS day FROM psychiatry WHERE code LIKE '{codes}%' GROUP BY pnr) AS s USING (pnr) "
        f"WHERE y.year BETWEEN {first} AND {last}"
    )


def smr(region: Region, given: Given) -> Measured:
    """Return observed over expected deaths with a condition recognised by 1 January, latest three years.

    Expected from everybody's rates by age and sex. The error is that of the observed deaths alone.
    """
    first, last = region.latest(3)
    row = region.con.execute(
        "WITH years AS (SELECT y.*, coalesce(s.recognised < make_date(y.year, 1, 1), false) AS ill FROM person_years "
        f"AS y LEFT JOIN (SELECT pnr, recognised FROM states WHERE entry = '{given['condition']}') AS s USING (pnr) "
        f"WHERE y.year BETWEEN {first} AND {last}), "
        f"strata AS (SELECT count(*) FILTER (died) / sum(years) * coalesce(sum(years) FILTER (ill), 0) AS expected, "
        f"count(*) FILTER (died AND ill) AS observed FROM years GROUP BY age // {BAND}, woman) "
        "SELECT sum(observed), sum(expected) FROM strata"
    ).fetchone()
    observed, expected = row or (None, None)
    if not observed or not expected:
        return NOTHING
    return Measured(observed / expected, observed**0.5 / expected)


def life_years_lost(region: Region, given: Given) -> Measured:
    """Return the years lost up to 95 after a first psychiatric hospital diagnosis, averaged over ages at diagnosis.

    Everybody's remaining years less those of people diagnosed before 1 January; latest three years; ages from 15 on.
    """
    first, last = region.latest(3)
    found = region.con.execute(
        f"SELECT part, least(age // {BAND}, {BANDS - 1}) AS band, count(*) FILTER (died) AS died, sum(years) AS years, "
        "count(*) FILTER (died AND ill) AS ill_died, coalesce(sum(years) FILTER (ill), 0) AS ill_years, "
        "count(*) FILTER (new) AS new FROM (SELECT y.*, coalesce(s.day < make_date(y.year, 1, 1), false) AS ill, "
        "coalesce(year(s.day) = y.year, false) AS new FROM person_years AS y LEFT JOIN "
        "(SELECT pnr, min(day) AS day FROM psychiatry GROUP BY pnr) AS s USING (pnr) "
        f"WHERE y.year BETWEEN {first} AND {last} AND woman = {given['women']} AND age <= {OLDEST}) GROUP BY ALL"
    ).fetchnumpy()
    cells = np.zeros((PARTS, BANDS, 5))
    names = ("died", "years", "ill_died", "ill_years", "new")
    cells[found["part"], found["band"]] = np.stack([found[name] for name in names], axis=-1)
    return jackknife(cells, _lost)


def _lost(cells: Cells) -> float:
    """Years lost, from deaths and years of everybody and of those diagnosed, and the new diagnoses, by band of age."""
    everybody = np.nan_to_num(over(cells[:19, 0], cells[:19, 1]))
    ill = over(cells[:19, 2], cells[:19, 3])
    from_band = YOUNGEST // BAND
    ill = np.where(np.isnan(ill) | (np.arange(19) < from_band), everybody, ill)
    lost = (expectancies(everybody, BAND) - expectancies(ill, BAND))[from_band:]
    weights = cells[from_band:19, 4]
    return float((lost * weights).sum() / weights.sum()) if weights.sum() else float("nan")


def acsc_by_depression(region: Region, _: Given) -> Measured:
    """Return the ratio of a first ACSC admission in the year with against without recognised depression, adults."""
    first, last = region.latest(3)
    return adjusted_ratio(
        region.con,
        f"SELECT y.pnr, (y.age // {BAND}) * 2 + y.woman::INT AS stratum, "
        "coalesce(s.recognised < make_date(y.year, 1, 1), false) AS exposed, y.acsc::INT AS y, y.years AS t "
        "FROM person_years AS y LEFT JOIN (SELECT pnr, min(CAST(recognised AS DATE)) AS recognised FROM truth_state "
        "WHERE condition = 'depression' GROUP BY pnr) AS s USING (pnr) "
        f"WHERE y.year BETWEEN {first} AND {last} AND y.age >= 18",
    )


def _kinds(region: Region, column: str, which: str) -> list[str]:
    rows = region.con.execute(f"SELECT DISTINCT {column} FROM entries WHERE {which} ORDER BY 1").fetchall()
    return [row[0] for row in rows]


def _place(column: str, names: list[str]) -> str:
    listed = ", ".join(f"'{name}'" for name in names)
    return f"list_position([{listed}], {column}) - 1"


def _bits(column: str, names: list[str]) -> str:
    return f"(1 << coalesce({_place(column, names)}, 62)::INTEGER)::BIGINT"
