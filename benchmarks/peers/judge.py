"""A loop in plain Python that decides which of two answers to a cell is right, and what reading gives the other one.

It knows neither the kernel nor the peer. The rule: of a group's events with t - window <= day < t and known < t, in the
order of the store. A reading is the rule with words of it changed; `explained` finds the fewest that give an answer.
"""

import math
from collections import Counter, defaultdict
from itertools import combinations

import numpy as np

READINGS = {
    "same day": "counts what happened on the day of the prediction",
    "known ignored": "counts what was not yet known",
    "known as day": "takes the day it was known for the day it happened",
    "first of a day": "takes the first of a day's values for the last",
    "hidden by later": "tells no last value where anything comes after the prediction",
}
AGGREGATES = ("count", "sum", "mean", "min", "max", "last")


def histories(events):
    """Return (day, known, value) of each person and group, in the order of the store."""
    found = defaultdict(list)
    columns = (events.person, events.group, events.day, events.known, events.value)
    for person, group, *told in zip(*(column.tolist() for column in columns), strict=True):
        found[person, group].append(tuple(told))
    return found


def by_loop(history, t, window, reading=()):
    """Return every aggregate of one cell, {aggregate: value}, under the rule or a reading of it."""
    if "known as day" in reading:
        history = sorted(((max(day, known), known, value) for day, known, value in history), key=lambda event: event[0])
    seen = []
    for day, known, value in history:
        within = t - window <= day < t or ("same day" in reading and day == t)
        told = known < t or "known ignored" in reading or "known as day" in reading
        told = told or ("same day" in reading and day == t and known == t)
        if within and told:
            seen.append((day, value))
    values = [value for _, value in seen]
    if "first of a day" in reading and seen:
        last = next(value for day, value in seen if day == seen[-1][0])
    else:
        last = values[-1] if values else math.nan
    if "hidden by later" in reading and history and (not seen or max(history)[0] > seen[-1][0]):
        last = math.nan
    return {
        "count": len(values),
        "sum": sum(values),
        "mean": sum(values) / len(values) if values else math.nan,
        "min": min(values, default=math.nan),
        "max": max(values, default=math.nan),
        "last": last,
    }


def same(one, other):
    """Return whether two answers to a cell are the same: to a millionth, missing like missing."""
    return math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-9) or (math.isnan(one) and math.isnan(other))


def explained(history, t, window, aggregate, answer, readings=tuple(READINGS)):
    """Return the fewest of these readings under which the rule gives this answer; None where none of them does."""
    for many in range(1, len(readings) + 1):
        for reading in combinations(readings, many):
            if same(by_loop(history, t, window, reading)[aggregate], answer):
                return reading
    return None


def differing(ours, theirs):
    """Return which cells differ, bool, of two arrays of the same shape."""
    return ~np.isclose(ours, theirs, rtol=1e-6, atol=1e-9, equal_nan=True)


def decide(events, rows, cells, ours, theirs, sample, readings=tuple(READINGS), seed=0):
    """Judge every differing cell of a sample of rows that have one, and all cells of as many rows again.

    `cells` names the columns: (group, window, aggregate). Returns counts: who was right among those that differ, by
    reading what the other did, and how many cells of ours in the other rows are as the loop says.
    """
    history, rng = histories(events), np.random.default_rng(seed)
    differs = differing(ours, theirs)
    rows_with = np.flatnonzero(differs.any(axis=1))
    some = np.sort(rng.permutation(rows_with)[:sample])
    right, why = Counter(), Counter()
    for row in some:
        for column in np.flatnonzero(differs[row]):
            (group, window, aggregate), t = cells[column], int(rows.day[row])
            of = history[int(rows.person[row]), group]
            truth = by_loop(of, t, window)[aggregate]
            mine, other = same(ours[row, column], truth), same(theirs[row, column], truth)
            right["ours" if mine else "theirs" if other else "neither"] += 1
            if not other:
                why[aggregate, explained(of, t, window, aggregate, theirs[row, column], readings)] += 1
    checked = rng.permutation(len(rows))[:sample]
    kept = sum(
        same(ours[row, n], by_loop(history[int(rows.person[row]), g], int(rows.day[row]), w)[a])
        for row in checked
        for n, (g, w, a) in enumerate(cells)
    )
    return {
        "differ": int(differs.sum()),
        "rows": len(rows_with),
        "judged": sum(right.values()),
        "right": right,
        "why": why,
        "as_loop": kept,
        "of": len(checked) * len(cells),
    }
