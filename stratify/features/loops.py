"""The loops of the window kernel, compiled by Numba: over events in their order, and over the rows of each one's person.

Arrays that were not asked for, or that the events do not have, come empty. Days and people are int32; what may be
missing is a float64, NaN where it is. Landmark rows are told by `first` and `times`: where the rows of each person, from
number `lowest` on, begin, and how many there are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
F = TypeVar("F", bound=Callable[..., Any])
FOREVER = 10_000_000  # a day that no row has


def compiled(function: F) -> F:
    """Return a function compiled when it is first called, and kept on disk where there is room for it."""
    try:
        made: F = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # neither the package's folder nor the user's can be written: compiled anew in each process
        made = numba.njit(nogil=True)(function)
    return made


@compiled
def fill(
    person: Array,
    day: Array,
    known: Array,
    group: Array,
    value: Array,
    until: Array,
    superseded: Array,
    end: Array,
    end_known: Array,
    lowest: int,
    first: Array,
    times: Array,
    t: Array,
    edges: Array,
    count: Array,
    valued: Array,
    distinct: Array,
    total: Array,
    least: Array,
    most: Array,
    newest: Array,
    oldest: Array,
    newest_valued: Array,
    oldest_valued: Array,
    moments: Array,
    days: Array,
) -> None:
    """Gather the parts, each (groups, bins, rows), of every event at every row that it reaches."""
    bins, longest = len(edges) - 1, edges[-1]
    for e in range(len(person)):
        at = person[e] - lowest
        if at < 0 or at >= len(times) or times[at] == 0:
            continue
        after = max(day[e], known[e])
        upto = lasts = day[e] + longest
        over = float(FOREVER)
        over_known = float(FOREVER)
        if days.size:
            if not (np.isnan(end[e]) or np.isnan(end_known[e])):
                over, over_known = end[e], end_known[e]
            lasts = int(min(max(over + longest, over_known), FOREVER))
        if until.size and until[e] < max(upto, lasts):  # never where it is NaN
            upto, lasts = min(upto, int(until[e])), min(lasts, int(until[e]))
        g = group[e]
        for r in range(first[at], first[at] + times[at]):
            now = t[r]
            if now <= after:
                continue
            if now > max(upto, lasts):
                break
            age = now - day[e]
            if days.size and now <= lasts:
                since_end = max(now - over, 0.0) if over_known < now else 0.0
                for b in range(bins):
                    within = min(age, edges[b + 1]) - max(since_end, edges[b])
                    if within > 0:
                        days[g, b, r] += within
            if now > upto:
                continue
            b = 0
            while age > edges[b + 1]:
                b += 1
            if count.size:
                count[g, b, r] += 1
            if distinct.size and now <= superseded[e]:
                distinct[g, b, r] += 1
            if newest.size:
                newest[g, b, r] = e + 1
            if oldest.size and oldest[g, b, r] > e:
                oldest[g, b, r] = e
            if not value.size or np.isnan(value[e]):
                continue
            if valued.size:
                valued[g, b, r] += 1
            if total.size:
                total[g, b, r] += value[e]
            if least.size:
                least[g, b, r] = min(least[g, b, r], value[e])
            if most.size:
                most[g, b, r] = max(most[g, b, r], value[e])
            if newest_valued.size:
                newest_valued[g, b, r] = e + 1
            if oldest_valued.size and oldest_valued[g, b, r] > e:
                oldest_valued[g, b, r] = e
            if moments.size:
                moments[0, g, b, r] += age
                moments[1, g, b, r] += age * age
                moments[2, g, b, r] += age * value[e]


@compiled
def mark(
    person: Array,
    day: Array,
    known: Array,
    group: Array,
    until: Array,
    lowest: int,
    first: Array,
    times: Array,
    t: Array,
    lookback: Array,
    has: Array,
) -> None:
    """Set `has`, (rows, groups), where an event of the group reaches the row within the group's look-back."""
    for e in range(len(person)):
        at = person[e] - lowest
        if at < 0 or at >= len(times):
            continue
        after = max(day[e], known[e])
        upto = day[e] + lookback[group[e]]
        if until.size and until[e] < upto:
            upto = int(until[e])
        for r in range(first[at], first[at] + times[at]):
            if after < t[r] <= upto:
                has[r, group[e]] = True


@compiled
def superseded_by(person: Array, day: Array, known: Array, key: Array, keys: int) -> Array:
    """Return from which day on a newer event of the same person and key is known; `FOREVER` while there is none."""
    answer = np.full(len(person), FOREVER, dtype=np.int32)
    earliest, whose = np.empty(keys, dtype=np.int32), np.full(keys, -1, dtype=np.int32)
    for e in range(len(person) - 1, -1, -1):
        k, after = key[e], max(day[e], known[e])
        if whose[k] == person[e]:
            answer[e] = earliest[k]
            after = min(after, earliest[k])
        earliest[k], whose[k] = after, person[e]
    return answer


@compiled
def strangers(group: Array, groups: int) -> bool:
    """Return whether an event is of none of the groups 0 … groups - 1."""
    for of in group:
        if of < 0 or of >= groups:
            return True
    return False


@compiled
def unsorted(person: Array, day: Array) -> bool:
    """Return whether people are not ascending, or a person's days are not."""
    for n in range(1, len(person)):
        if person[n] < person[n - 1] or (person[n] == person[n - 1] and day[n] < day[n - 1]):
            return True
    return False


@compiled
def reaching(person: Array, day: Array, known: Array, lowest: int, times: Array, earliest: float, last: float) -> Array:
    """Return the places of the events of people with rows, of `earliest` or later, known before `last`."""
    found, n = np.empty(len(person), dtype=np.int32), 0
    for e in range(len(person)):
        at = person[e] - lowest
        if 0 <= at < len(times) and times[at] and earliest <= day[e] < last and known[e] < last:
            found[n] = e
            n += 1
    return found[:n]


@compiled
def spread(places: Array, number: Array, first: Array, times: Array, groups: Array) -> tuple[Array, Array]:
    """Return (row, group) for each group of each of these rows: `groups[first[k]]` and so on, `times[k]` of them.

    `k` is the row's `number`.
    """
    most = len(places) * (times.max() if len(times) else 0)  # room that is not used is never touched
    rows, of = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.int32)
    n = 0
    for row in places:
        k = number[row]
        for nth in range(first[k], first[k] + times[k]):
            rows[n], of[n] = row, groups[nth]
            n += 1
    return rows[:n], of[:n]


@compiled
def picked(column: Array, row: Array) -> Array:
    """Return `column[row]`; of places in 32 bits NumPy would first make such of 64."""
    answer = np.empty(len(row), dtype=column.dtype)
    for n in range(len(row)):
        answer[n] = column[row[n]]
    return answer
