"""What hospitals do: admissions, readmissions, and what they were for; drugs redeemed."""

from __future__ import annotations

from datetime import date
from typing import Any

from pipelines.synthesis.measures.estimates import share
from pipelines.synthesis.measures.region import Region, aged, day
from pipelines.synthesis.targets import Measured

Given = dict[str, Any]
WITHIN_DAYS = 30


def readmission(region: Region, given: Given) -> Measured:
    """Return the share of acute somatic stays, discharged alive, that another follows: > 4 hours, <= 30 days after.

    A stay may be both a readmission and the first of the next one. Stays that end less than 30 days before the extract
    does are left out. `hours_to` is the longest stay, `codes` the action diagnoses, `but_codes` those left out.
    """
    first, last = region.span(given)
    where = [
        f"s.end_at >= {day(first)} AND s.end_at < {day(last + 1)}",
        f"s.end_at < {day(region.last + 1)} - to_days({WITHIN_DAYS})",
        "s.care = 'somatic' AND s.admission AND s.acute",
        "(d.dead IS NULL OR d.dead > CAST(s.end_at AS DATE))",
        aged(given, "date_diff('day', p.born, s.end_at) // 365.25"),
    ]
    where += [f"s.hours <= {given['hours_to']} AND s.hours >= 12"] if "hours_to" in given else []
    where += [f"regexp_matches(s.code, '^({given['codes']})')"] if "codes" in given else []
    where += [f"NOT coalesce(regexp_matches(s.code, '^({given['but_codes']})'), false)"] if "but_codes" in given else []
    return share(
        region.con,
        "WITH acute AS (SELECT pnr, start_at FROM stays WHERE care = 'somatic' AND admission AND acute), "
        "firsts AS (SELECT s.pnr, s.end_at, s.joins_to FROM stays AS s JOIN persons AS p USING (pnr) LEFT JOIN "
        "(SELECT pnr, min(CAST(doddato AS DATE)) AS dead FROM dod GROUP BY pnr) AS d USING (pnr) "
        f"WHERE {' AND '.join(where)}) "
        "SELECT f.pnr, coalesce(date_diff('day', CAST(f.end_at AS DATE), CAST(a.start_at AS DATE)) "
        f"<= {WITHIN_DAYS}, false)::INT AS y, 1 AS x FROM firsts AS f ASOF LEFT JOIN acute AS a "
        "ON f.pnr = a.pnr AND f.joins_to < a.start_at",
    )


def admissions(region: Region, given: Given) -> Measured:
    """Return the somatic admissions, acute or planned, childbirth among them, per person-year of a year's residents."""
    return _rate(region, given, f"{_SOMATIC} AND admission")


def acute_rate(region: Region, given: Given) -> Measured:
    """Return the acute somatic admissions with one of the action diagnoses per person-year, by age on 1 January."""
    return _rate(region, given, f"care = 'somatic' AND admission AND acute AND {_coded(given)}")


def copd_admissions(region: Region, given: Given) -> Measured:
    """Return the acute somatic admissions for J44 per person-year with COPD recognised on 1 January."""
    (year, _) = region.span(given)
    sick = f"pnr IN (SELECT pnr FROM truth_state WHERE condition = 'copd' AND recognised <= {day(year)})"
    stays = "care = 'somatic' AND admission AND acute AND code LIKE 'J44%'"
    return _rate(region, given, f"{stays} AND {sick}", of=sick)


def admission_share(region: Region, given: Given) -> Measured:
    """Return the share of somatic admissions of a year with one of the action diagnoses."""
    year, _ = region.span(given)
    return share(
        region.con,
        f"SELECT pnr, ({_coded(given)})::INT AS y, 1 AS x FROM stays WHERE {_SOMATIC} AND admission "
        f"AND start_at >= {day(year)} AND start_at < {day(year + 1)}",
    )


def polypharmacy(region: Region, given: Given) -> Measured:
    """Return the share that redeemed `at_least` different substances between two days of one year."""
    start, end = date.fromisoformat(given["from"]), date.fromisoformat(given["to"])
    year, _ = region.years(start.year)
    between = f"{day(year, start.month, start.day)} AND {day(year, end.month, end.day)}"
    return share(
        region.con,
        f"SELECT p.pnr, (coalesce(d.n, 0) >= {given['at_least']})::INT AS y, 1 AS x FROM person_years AS p LEFT JOIN "
        f"(SELECT pnr, count(DISTINCT left(atc, 7)) AS n FROM lmdb WHERE eksd BETWEEN {between} GROUP BY pnr) AS d "
        f"USING (pnr) WHERE p.year = {year} AND {aged(given)}",
    )


_SOMATIC = "care IN ('somatic', 'obstetric')"


def _coded(given: Given) -> str:
    return f"coalesce(regexp_matches(code, '^({given['codes']})'), false)"


def _rate(region: Region, given: Given, stays: str, of: str = "true") -> Measured:
    """Stays of a year that began among its residents, over the residents' years at risk."""
    year, _ = region.span(given)
    begun = f"start_at >= {day(year)} AND start_at < {day(year + 1)}"
    return share(
        region.con,
        "SELECT pnr, coalesce(s.n, 0) AS y, p.years AS x FROM person_years AS p LEFT JOIN "
        f"(SELECT pnr, count(*) AS n FROM stays WHERE {stays} AND {begun} GROUP BY pnr) AS s USING (pnr) "
        f"WHERE p.year = {year} AND {aged(given)} AND {of}",
    )
