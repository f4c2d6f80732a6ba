"""The loops of the window kernel, compiled by Numba: over events in their order, and the rows of each one's person.

Arrays that were not asked for, or that the events do not have, come empty. Days and people are int32; what may be
missing is a float64, NaN where it is.
`events` are person, day, known, number, first_group, groups_of and groups: an event belongs to `groups_of[k]` groups,
`groups[first_group[k]]` and on, k its `number`. `landmarks` are lowest, first, times and t, the days of the rows: a
person has `times[p]` of them, `first[p]` and on, p counted from the `lowest` person.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Arrays = tuple[Array, ...]
FOREVER = 10_000_000  # a day that no row has


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function compiled when it is first called, and kept on disk where there is room for it."""
    try:
        made: Callable[..., Any] = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # neither the package's folder nor the user's can be written: compiled anew in each process
        made = numba.njit(nogil=True)(function)
    return made


@compiled
def comes_before(person: Array, day: Array, e: int) -> bool:
    """Return whether an event belongs before the one it follows."""
    return e > 0 and (person[e] < person[e - 1] or (person[e] == person[e - 1] and day[e] < day[e - 1]))


@compiled
def pairs(number: Array, groups_of: Array) -> int:
    """Return how many groups the events have, all told."""
    size = 0
    for k in number:
        size += groups_of[k]
    return size


@compiled
def fill(events: Arrays, superseded: Array, numbers: Arrays, landmarks: Any, edges: Array, parts: Arrays) -> bool:
    """Gather the parts of every event at every row that it reaches; False where events are not sorted.

    `numbers` are value, until, end and end_known. A part is a flat (groups, bins, rows), `moments` three of them.
    """
    person, day, known, number, first_group, groups_of, groups = events
    value, until, end, end_known = numbers
    lowest, first, times, t = landmarks
    count, valued, distinct, total, least, most, newest, oldest, newest_valued, oldest_valued, moments, days = parts
    bins, longest, pair, size, rows = len(edges) - 1, edges[-1], 0, len(moments) // 3, len(t)
    for e in range(len(person)):
        if comes_before(person, day, e):
            return False
        k, at = number[e], person[e] - lowest
        its = groups_of[k]
        pair += its
        if its == 0 or at < 0 or at >= len(times) or times[at] == 0:
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
                        for nth in range(first_group[k], first_group[k] + its):
                            days[(groups[nth] * bins + b) * rows + r] += within
            if now > upto:
                continue
            b = 0
            for nth in range(1, bins):  # without a branch to guess
                b += age > edges[nth]
            has_value = value.size > 0 and not np.isnan(value[e])
            for nth in range(its):
                slot = np.uintp((groups[first_group[k] + nth] * bins + b) * rows + r)
                if count.size:
                    count[slot] += 1
                if distinct.size and now <= superseded[pair - its + nth]:
                    distinct[slot] += 1
                if newest.size:
                    newest[slot] = e + 1
                if oldest.size and oldest[slot] > e:
                    oldest[slot] = e
                if not has_value:
                    continue
                if valued.size:
                    valued[slot] += 1
                if total.size:
                    total[slot] += value[e]
                if least.size:
                    least[slot] = min(least[slot], value[e])
                if most.size:
                    most[slot] = max(most[slot], value[e])
                if newest_valued.size:
                    newest_valued[slot] = e + 1
                if oldest_valued.size and oldest_valued[slot] > e:
                    oldest_valued[slot] = e
                if size:
                    moments[slot] += age
                    moments[slot + np.uintp(size)] += age * age
                    moments[slot + np.uintp(2 * size)] += age * value[e]
    return True


@compiled
def mark(events: Arrays, until: Array, landmarks: Any, lookback: Array, has: Array) -> bool:
    """Set `has`, (rows, groups), where an event of the group reaches the row within the group's look-back.

    False where events are not sorted.
    """
    person, day, known, number, first_group, groups_of, groups = events
    lowest, first, times, t = landmarks
    for e in range(len(person)):
        if comes_before(person, day, e):
            return False
        k, at = number[e], person[e] - lowest
        if groups_of[k] == 0 or at < 0 or at >= len(times):
            continue
        after = max(day[e], known[e])
        for r in range(first[at], first[at] + times[at]):
            if t[r] <= after or (until.size and t[r] > until[e]):
                continue
            for nth in range(first_group[k], first_group[k] + groups_of[k]):
                if t[r] <= day[e] + lookback[groups[nth]]:
                    has[r, groups[nth]] = True
    return True


@compiled
def superseded_by(events: Arrays, code: Array, codes: int) -> Array:
    """Return from which day on a newer event of the same person, group and code is known; `FOREVER` while none is.

    For each event and group of it, in that order.
    """
    person, day, known, number, first_group, groups_of, groups = events
    pair = pairs(number, groups_of)
    answer = np.full(pair, FOREVER, dtype=np.int32)
    keys = ((groups.max() if len(groups) else 0) + 1) * codes
    earliest, whose = np.empty(keys, dtype=np.int32), np.full(keys, -1, dtype=np.int32)
    for e in range(len(person) - 1, -1, -1):
        k = number[e]
        for nth in range(groups_of[k] - 1, -1, -1):
            pair -= 1
            key, after = groups[first_group[k] + nth] * codes + code[e], max(day[e], known[e])
            if whose[key] == person[e]:
                answer[pair] = earliest[key]
                after = min(after, earliest[key])
            earliest[key], whose[key] = after, person[e]
    return answer


@compiled
def once_a_day(events: Arrays) -> tuple[Array, Array, Array]:
    """Return (event, group, known) for each person, day and group: its first event, known when any of them was."""
    person, day, known, number, first_group, groups_of, groups = events
    size = pairs(number, groups_of)
    event, group, earliest = np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size, np.int32)
    seen = np.full(groups.max() + 1 if len(groups) else 0, -1)
    n = today = 0
    for e in range(len(person)):
        if e and (person[e] != person[e - 1] or day[e] != day[e - 1]):
            today = n
        for nth in range(first_group[number[e]], first_group[number[e]] + groups_of[number[e]]):
            g = groups[nth]
            if seen[g] >= today:
                earliest[seen[g]] = min(earliest[seen[g]], known[e])
                continue
            event[n], group[n], earliest[n], seen[g] = e, g, known[e], n
            n += 1
    return event[:n], group[:n], earliest[:n]


@compiled
def spread(number: Array, first_group: Array, groups_of: Array, groups: Array) -> tuple[Array, Array]:
    """Return (event, group) for each group of each event."""
    size = pairs(number, groups_of)
    events, of = np.empty(size, dtype=np.int32), np.empty(size, dtype=np.int32)
    n = 0
    for e in range(len(number)):
        k = number[e]
        for nth in range(first_group[k], first_group[k] + groups_of[k]):
            events[n], of[n] = e, groups[nth]
            n += 1
    return events, of
