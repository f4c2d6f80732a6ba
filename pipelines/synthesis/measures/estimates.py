"""Shares, rates and ratios with their standard errors, from rows of people.

A person may bring many rows (stays, years): rows are added up per person first, so that the standard error knows that
they belong together (linearisation; for ratios of the logarithm, the delta method). Adjusted ratios are
Mantel-Haenszel's over strata of age and sex.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import duckdb
import numpy as np
from numpy.typing import NDArray

from pipelines.synthesis.targets import Measured

Cells = NDArray[np.float64]
NOTHING = Measured(math.nan, math.nan)


_SHARE = """
WITH people AS (SELECT sum(y)::DOUBLE AS y, sum(x)::DOUBLE AS x FROM ({rows}) GROUP BY pnr),
whole AS (SELECT sum(y) / nullif(sum(x), 0) AS value, sum(x) AS n FROM people)
SELECT any_value(value), sqrt(sum((y - value * x) ** 2)) / any_value(n) FROM people, whole
"""
_RATIO = """
WITH people AS (
    SELECT sum(y1)::DOUBLE AS y1, sum(x1)::DOUBLE AS x1, sum(y2)::DOUBLE AS y2, sum(x2)::DOUBLE AS x2
    FROM ({rows}) GROUP BY pnr),
whole AS (SELECT sum(y1) AS a, sum(x1) AS b, sum(y2) AS c, sum(x2) AS d FROM people)
SELECT any_value(a / b / (c / d)), any_value(a / b / (c / d)) * sqrt(sum((y1 / a - x1 / b - y2 / c + x2 / d) ** 2))
FROM people, whole WHERE a > 0 AND b > 0 AND c > 0 AND d > 0
"""
# a events in m years among the exposed, b in n among the others; (a + b) / (r m + n) is what a common ratio r expects
_ADJUSTED = """
WITH rows AS (
    SELECT pnr, stratum, exposed, sum(y)::DOUBLE AS y, sum(t)::DOUBLE AS t
    FROM ({rows}) GROUP BY pnr, stratum, exposed),
strata AS (
    SELECT stratum, coalesce(sum(y) FILTER (exposed), 0) AS a, coalesce(sum(t) FILTER (exposed), 0) AS m,
           coalesce(sum(y) FILTER (NOT exposed), 0) AS b, coalesce(sum(t) FILTER (NOT exposed), 0) AS n
    FROM rows GROUP BY stratum HAVING m > 0 AND n > 0),
whole AS (
    SELECT sum(a * n / (m + n)) AS up, sum(b * m / (m + n)) AS down, up / down AS ratio
    FROM strata HAVING up > 0 AND down > 0),
scores AS (
    SELECT sum(CASE WHEN exposed THEN (y - (a + b) / (ratio * m + n) * ratio * t) * n / (m + n) / up
                    ELSE -(y - (a + b) / (ratio * m + n) * t) * m / (m + n) / down END) AS score
    FROM rows JOIN strata USING (stratum), whole GROUP BY pnr)
SELECT any_value(ratio), any_value(ratio) * sqrt(sum(score * score)) FROM scores, whole
"""


def share(con: duckdb.DuckDBPyConnection, rows: str) -> Measured:
    """Return sum(y) over sum(x) of rows with pnr, y and x: a share, a rate, or a mean per x."""
    return _one(con, _SHARE.format(rows=rows))


def ratio(con: duckdb.DuckDBPyConnection, rows: str) -> Measured:
    """Return the ratio of two shares, y1 over x1 to y2 over x2, which may be of the same people."""
    return _one(con, _RATIO.format(rows=rows))


def adjusted_ratio(con: duckdb.DuckDBPyConnection, rows: str) -> Measured:
    """Return the Mantel-Haenszel rate ratio of rows with pnr, stratum, exposed, y (events) and t (time).

    The standard error follows the events of each person around what the common ratio expects in the person's stratum.
    """
    return _one(con, _ADJUSTED.format(rows=rows))


def odds_ratio(cells: Cells) -> Measured:
    """Return the Mantel-Haenszel odds ratio of strata: with and without y among the exposed, then among the others.

    The variance of its logarithm is that of Robins, Breslow and Greenland 1986.

    >>> [round(x, 3) for x in odds_ratio(np.array([[10.0, 20.0, 5.0, 40.0]]))]
    [4.0, 2.449]
    """
    a, b, c, d = np.asarray(cells, float).T
    total = a + b + c + d
    used = total > 0
    a, b, c, d, total = (column[used] for column in (a, b, c, d, total))
    r, s = a * d / total, b * c / total
    if not r.sum() or not s.sum():
        return NOTHING
    p, q = (a + d) / total, (b + c) / total
    up, down = r.sum(), s.sum()
    variance = (p * r).sum() / (2 * up**2) + (p * s + q * r).sum() / (2 * up * down) + (q * s).sum() / (2 * down**2)
    value = up / down
    return Measured(float(value), float(value * np.sqrt(variance)))


def jackknife(cells: Cells, estimate: Callable[[Cells], float]) -> Measured:
    """Return an estimate from cells added over their first axis, parts of the people, and its standard error.

    Each part is left out in turn (delete-a-group jackknife): meant for what has no simple formula.
    """
    whole = cells.sum(axis=0)
    value = estimate(whole)
    without = np.array([estimate(whole - part) for part in cells])
    without = without[~np.isnan(without)]
    if math.isnan(value) or len(without) < 2:
        return Measured(value, math.nan)
    n = len(without)
    return Measured(value, float(np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())))


def over(up: Cells | float, down: Cells | float) -> Cells:
    """Return up over down, not a number where there is nothing below."""
    up, down = np.broadcast_arrays(np.asarray(up, float), np.asarray(down, float))
    found: Cells = np.divide(up, down, out=np.full(up.shape, np.nan), where=down > 0)
    return found


def _one(con: duckdb.DuckDBPyConnection, sql: str) -> Measured:
    row = con.execute(sql).fetchone()
    value, error = row if row else (None, None)
    return NOTHING if value is None or error is None else Measured(float(value), float(error))
