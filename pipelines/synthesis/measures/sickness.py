"""How many have which conditions: recognised on 1 January, as somebody in the health service knows of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipelines.synthesis.measures.estimates import NOTHING, Cells, jackknife, odds_ratio, over, ratio, share
from pipelines.synthesis.measures.region import Region, aged, day
from pipelines.synthesis.targets import Measured

Given = dict[str, Any]
SHORTEST, LONGEST = "('10', '15')", "('70', '80')"  # DISCED-15 main levels: basic school; long higher, research
CROSSINGS = (0.2, 0.3, 0.4)
BAND = 5


def multimorbid(region: Region, given: Given) -> Measured:
    """Return the share with two or more conditions."""
    year, _ = region.span(given)
    return share(region.con, f"SELECT pnr, (n >= 2)::INT AS y, 1 AS x FROM ({region.people(year)}) WHERE {aged(given)}")


def multimorbid_ratio(region: Region, given: Given) -> Measured:
    """Return the multimorbid share of an age group over that of everyone from `against_from`."""
    inside = f"({aged(given)})::INT"
    return ratio(
        region.con,
        f"SELECT pnr, (n >= 2)::INT * {inside} AS y1, {inside} AS x1, (n >= 2)::INT AS y2, 1 AS x2 "
        f"FROM ({region.people(region.last)}) WHERE age >= {given['against_from']}",
    )


def multimorbid_education(region: Region, _: Given) -> Measured:
    """Return the multimorbid share of the shortest over that of the longest education, at 16 and over."""
    level = "left(any_value(hfaudd)::VARCHAR, 2)"
    return ratio(
        region.con,
        f"SELECT pnr, (n >= 2 AND e IN {SHORTEST})::INT AS y1, (e IN {SHORTEST})::INT AS x1, "
        f"(n >= 2 AND e IN {LONGEST})::INT AS y2, (e IN {LONGEST})::INT AS x2 FROM ({region.people(region.last)}) "
        f"JOIN (SELECT pnr, {level} AS e FROM udda WHERE aar = {region.last - 1} GROUP BY pnr) USING (pnr) "
        "WHERE age >= 16",
    )


def multimorbid_outpatient(region: Region, given: Given) -> Measured:
    """Return the share of adults, multimorbid at a year's end, who had an outpatient contact in that year.

    The year's end is 1 January after, or of the same year where the extract ends with it.
    """
    year, _ = region.span(given)
    end = min(year + 1, region.last)
    contacts = (
        f"SELECT pnr FROM lpr_adm WHERE c_pattype IN ('1', '2') AND c_indm IS DISTINCT FROM '1' "
        f"AND year(d_inddto) = {year} UNION SELECT v_cpr FROM t_psyk_adm WHERE c_pattype IN ('1', '2') "
        f"AND c_indm IS DISTINCT FROM '1' AND year(d_inddto) = {year} UNION SELECT pnr FROM lpr_a_kontakt "
        f"WHERE kont_starttidspunkt >= {day(year)} AND kont_starttidspunkt < {day(year + 1)} "
        "AND lprindberetningssystem IS DISTINCT FROM 'LPR2' AND prioritet IS DISTINCT FROM 'ATA1' "
        "AND coalesce(kont_sluttidspunkt - kont_starttidspunkt < to_hours(12), true) "
        "AND kont_type IN ('ALCA00', 'ALCA01', 'ALCA03')"
    )
    return share(
        region.con,
        f"SELECT pnr, (seen.pnr IS NOT NULL)::INT AS y, 1 AS x FROM ({region.people(end)}) AS p "
        f"LEFT JOIN ({contacts}) AS seen USING (pnr) WHERE age >= 18 AND n >= 2",
    )


def both_of_multimorbid(region: Region, _: Given) -> Measured:
    """Return the share of the multimorbid of 16 and over with a somatic and a psychiatric condition."""
    return share(
        region.con,
        f"SELECT pnr, both_kinds::INT AS y, 1 AS x FROM ({region.people(region.last)}) WHERE age >= 16 AND n >= 2",
    )


def both_women_men(region: Region, _: Given) -> Measured:
    """Return the share of women over the share of men of 16 and over with a somatic and a psychiatric condition."""
    both = "both_kinds::INT"
    return ratio(
        region.con,
        f"SELECT pnr, {both} * woman::INT AS y1, woman::INT AS x1, {both} * (NOT woman)::INT AS y2, "
        f"(NOT woman)::INT AS x2 FROM ({region.people(region.last)}) WHERE age >= 16",
    )


def any_against_two(region: Region, _: Given) -> Measured:
    """Return how many have a condition for each who has two or more."""
    return ratio(
        region.con,
        f"SELECT pnr, (n >= 1)::INT AS y1, 1 AS x1, (n >= 2)::INT AS y2, 1 AS x2 FROM ({region.people(region.last)})",
    )


def fifths(region: Region) -> str:
    """Return SQL of the people of the last year with `fifth`, 1 for the fewest resources to 5."""
    return (
        f"SELECT p.*, ntile(5) OVER (ORDER BY t.resources, p.pnr) AS fifth FROM ({region.people(region.last)}) AS p "
        "JOIN truth_person AS t USING (pnr)"
    )


def both_resources(region: Region, _: Given) -> Measured:
    """Return the share with a somatic and a psychiatric condition in the lowest fifth of resources over the highest."""
    both = "both_kinds::INT"
    return ratio(
        region.con,
        f"SELECT pnr, {both} * (fifth = 1)::INT AS y1, (fifth = 1)::INT AS x1, {both} * (fifth = 5)::INT AS y2, "
        f"(fifth = 5)::INT AS x2 FROM ({fifths(region)}) WHERE fifth IN (1, 5)",
    )


def onset_shift(region: Region, _: Given) -> Measured:
    """Return how many years earlier the lowest fifth of resources reaches 20, 30 and 40 % multimorbid, on average."""
    found = region.con.execute(
        f"SELECT part, least(age // {BAND}, 19) AS band, (fifth = 5)::INT AS high, count(*) AS people, "
        f"count(*) FILTER (n >= 2) AS sick FROM ({fifths(region)}) WHERE fifth IN (1, 5) GROUP BY ALL"
    ).fetchnumpy()
    cells = np.zeros((20, 2, 20, 2))
    cells[found["part"], found["high"], found["band"]] = np.stack([found["sick"], found["people"]], axis=-1)
    return jackknife(cells, _shift)


def _shift(cells: Cells) -> float:
    shares = over(cells[..., 0], cells[..., 1])
    ages = np.array([[_crossing(side, at) for at in CROSSINGS] for side in shares])
    return float((ages[1] - ages[0]).mean())


def _crossing(shares: Cells, at: float) -> float:
    """The age at which the shares by band, each at its middle, first reach a level for good; nan where they do not."""
    ages = np.arange(len(shares)) * BAND + BAND / 2
    ages, shares = ages[~np.isnan(shares)], shares[~np.isnan(shares)]
    below = np.flatnonzero(shares < at)
    if not len(below) or below[-1] + 1 == len(shares):
        return float("nan")
    low = below[-1]
    return float(ages[low] + (at - shares[low]) / (shares[low + 1] - shares[low]) * (ages[low + 1] - ages[low]))


def mental_by_physical(region: Region, _: Given) -> Measured:
    """Return the odds ratio of a psychiatric condition with five or more somatic ones against none, by age and sex."""
    rows = region.con.execute(
        "SELECT count(*) FILTER (physical >= 5 AND mental > 0), count(*) FILTER (physical >= 5 AND mental = 0), "
        "count(*) FILTER (physical = 0 AND mental > 0), count(*) FILTER (physical = 0 AND mental = 0) "
        f"FROM ({region.people(region.last)}) GROUP BY age // {BAND}, woman"
    ).fetchall()
    return odds_ratio(np.array(rows, float)) if rows else NOTHING


def hospital_groups(region: Region, _: Given) -> Measured:
    """Return the share of adults, resident on the last 1 January, with hospital diagnoses of two or more systems."""
    return share(
        region.con,
        "SELECT pnr, (coalesce(h.n, 0) >= 2)::INT AS y, 1 AS x FROM person_years LEFT JOIN "
        "(SELECT pnr, count(*) AS n FROM hospital_systems GROUP BY pnr) AS h USING (pnr) "
        f"WHERE year = {region.last} AND age >= 18",
    )


def prevalence(region: Region, given: Given) -> Measured:
    """Return the share of 16 and over with one of the conditions recognised."""
    return share(
        region.con,
        f"SELECT pnr, {_has(region, given['conditions'])} AS y, 1 AS x FROM person_years "
        f"WHERE year = {region.last} AND age >= 16",
    )


def prevalence_ratio(region: Region, given: Given) -> Measured:
    """Return how many of 16 and over have one of the conditions for each who has one of the others."""
    return ratio(
        region.con,
        f"SELECT pnr, {_has(region, given['conditions'])} AS y1, 1 AS x1, {_has(region, given['against'])} AS y2, "
        f"1 AS x2 FROM person_years WHERE year = {region.last} AND age >= 16",
    )


def _has(region: Region, conditions: list[str]) -> str:
    names = ", ".join(f"'{name}'" for name in conditions)
    return (
        f"(pnr IN (SELECT pnr FROM truth_state WHERE condition IN ({names}) AND recognised <= {day(region.last)}))::INT"
    )


def bipolar_incidence(region: Region, _: Given) -> Measured:
    """Return the newly recognised per person-year at 4 to 65 of those without, in the latest three years."""
    first, last = region.latest(3)
    return share(
        region.con,
        "SELECT p.pnr, coalesce(year(s.recognised) = p.year, false)::INT AS y, p.years AS x FROM person_years AS p "
        "LEFT JOIN (SELECT pnr, recognised FROM states WHERE entry = 'bipolar') AS s USING (pnr) "
        f"WHERE p.year BETWEEN {first} AND {last} AND age BETWEEN 4 AND 65 "
        "AND (s.recognised IS NULL OR year(s.recognised) >= p.year)",
    )


def depression_hospital_incidence(region: Region, _: Given) -> Measured:
    """Return the first F32 or F33 in psychiatry per person-year at 4 to 65, in the latest three years."""
    first, last = region.latest(3)
    return share(
        region.con,
        "SELECT p.pnr, coalesce(year(s.day) = p.year, false)::INT AS y, p.years AS x FROM person_years AS p "
        "LEFT JOIN (SELECT pnr, min(day) AS day FROM psychiatry WHERE code IN ('F32', 'F33') GROUP BY pnr) AS s "
        f"USING (pnr) WHERE p.year BETWEEN {first} AND {last} AND age BETWEEN 4 AND 65 "
        "AND (s.day IS NULL OR year(s.day) >= p.year)",
    )
