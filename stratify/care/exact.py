"""The choice worth most, by kinds of people: a linear program first, whole numbers only where it leaves fractions.

Asked for whole numbers from the start, HiGHS looks for columns of 0 and 1 that exclude each other, which with many
takes many minutes, and does not look at the clock. Its linear program ends in seconds, and mostly in whole numbers.
Where it does not, the kinds of people with fractions, of whom there are no more than offers and bridges, are solved
anew beside the others. The prices of the linear program bound every choice from above, whatever the solver says, and
tell how far a column can be from its end in a better choice than the one at hand: what is left to try in whole numbers
is little.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, linprog, milp
from scipy.sparse import csr_array

from stratify.care.kinds import Kinds, Parts, dealt, parts_of
from stratify.care.options import Flags, Limits, Options

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SECONDS = 240.0  # that it may take; HiGHS looks at the clock every few seconds
COLUMNS = 60_000  # that may be left to try in whole numbers: of so many HiGHS looks at the clock in time
WHOLE = 1e-6  # how near a whole number the solver comes
CLOSE = 1e-7  # of the bound: how near it a value that is not in whole points counts as equal


class Table(NamedTuple):
    """What is to be as high as can be: values @ x, with rows @ x <= most, and 0 <= x <= top, all x whole."""

    values: Floats
    rows: csr_array
    most: Floats
    top: Floats
    kind: Ints  # by column


class Found(NamedTuple):
    """How many of each column, what no choice exceeds, and whether nothing better is possible."""

    x: Ints
    bound: float
    exact: bool


def exactly(
    options: Options, limits: Limits, kinds: Kinds, first: Ints, *, seconds: float = SECONDS
) -> tuple[Flags, float, bool] | None:
    """Return what is taken, a bound, and whether nothing better is possible; None where time is too short for any.

    Options are sorted by person, whose begin at `first`.
    """
    parts = parts_of(kinds, first, options.offer, limits.clash)
    found = best(table_of(options, limits, kinds, parts, first), seconds)
    if found is None:
        return None
    columns, people = len(parts.part), kinds.size[parts.kind]
    people[_several(parts)] = found.x[columns:]
    whose, place = dealt(kinds, parts, people, found.x[:columns])
    taken = np.zeros(len(options), bool)
    taken[first[whose] + place] = True
    return taken, found.bound, found.exact


def _several(parts: Parts) -> Flags:
    """Return which parts are not the only one of their kind: how many people are in them is a column too."""
    return np.bincount(parts.kind)[parts.kind] > 1


def table_of(options: Options, limits: Limits, kinds: Kinds, parts: Parts, first: Ints) -> Table:
    """Return the columns of the parts, and after them how many people are in each part that is not alone."""
    own = first[kinds.one[parts.kind[parts.part]]] + parts.place  # the option of the first person of the kind
    columns, size = np.arange(len(own)), kinds.size.astype(np.float64)
    several = _several(parts)
    split, count = np.flatnonzero(several), len(own) + np.cumsum(several) - 1  # parts, and by part its own column
    using, bridge = np.nonzero(limits.uses[options.way[own]])
    pieces = [
        (options.offer[own].astype(np.int64), columns, np.ones(len(own)), limits.places.astype(np.float64)),
        (bridge, using, np.ones(len(using)), limits.units.astype(np.float64)),
    ]
    for row, times in ((parts.block, 1), (parts.part, limits.most)):  # as many as there are people, or times so many
        part = parts.part[np.unique(row, return_index=True)[1]]
        shared = np.flatnonzero(several[part])
        less = np.full(len(shared), -float(times))
        pieces.append(
            (
                np.concatenate([row, shared]),
                np.concatenate([columns, count[part[shared]]]),
                np.concatenate([np.ones(len(row)), less]),
                np.where(several[part], 0, times * size[parts.kind[part]]),
            )
        )
    of, row = np.unique(parts.kind[split], return_inverse=True)
    pieces.append((row, count[split], np.ones(len(split)), size[of]))
    starts = np.cumsum([0, *(len(most) for *_, most in pieces)])
    row = np.concatenate([row + start for (row, *_), start in zip(pieces, starts, strict=False)])
    column, entry, most = (np.concatenate(of) for of in list(zip(*pieces, strict=True))[1:])
    kind = np.concatenate([parts.kind[parts.part], parts.kind[split]])
    values = np.concatenate([options.value[own].astype(np.float64), np.zeros(len(split))])
    return Table(values, csr_array((entry, (row, column)), shape=(starts[-1], len(kind))), most, size[kind], kind)


def best(table: Table, seconds: float) -> Found | None:
    """Return the best there is, or as near as it comes in this time; None where there is no time for anything."""
    end = time.monotonic() + seconds
    relaxed = linprog(
        -table.values,
        A_ub=table.rows,
        b_ub=table.most,
        bounds=np.column_stack([np.zeros(len(table.top)), table.top]),
        method="highs-ds",
        options={"time_limit": seconds},
    )
    if relaxed.status != 0:
        return None
    prices = np.maximum(0, -relaxed.ineqlin.marginals)
    over = table.values - table.rows.T @ prices
    bound = float(prices @ table.most + table.top @ np.maximum(0, over))
    x = np.rint(relaxed.x)
    broken = np.isin(table.kind, table.kind[np.abs(relaxed.x - x) > WHOLE])
    if broken.any():  # all others keep what they have, which leaves these something
        near = _whole(table, np.where(broken, 0, x), np.where(broken, table.top, x), end)
        if near.x is None:
            return None
        x = np.rint(near.x)
    value = float(table.values @ x)
    points = bool((table.values == np.rint(table.values)).all())
    left = bound - value - (1 - WHOLE if points else CLOSE * bound)
    if left < 0:
        return Found(x.astype(np.int64), value, True)
    return _better(table, Found(x.astype(np.int64), bound, False), over, left + 2 * WHOLE, end)


def _better(table: Table, near: Found, over: Floats, left: float, end: float) -> Found:
    """Return the best choice, or `near` where it is the best or too much is left to try.

    A better one loses no more than `left` of the bound, and a column that is one from its end loses what is `over`.
    """
    loses = np.floor(left / np.maximum(np.abs(over), left / (table.top + 1)) + WHOLE)
    low = np.where(over > 0, np.maximum(0, table.top - loses), 0)
    high = np.where(over < 0, np.minimum(table.top, loses), table.top)
    if (high > low).sum() > COLUMNS or end < time.monotonic():
        return near
    found = _whole(table, low, high, end)
    value, x = float(table.values @ near.x), near.x
    if found.x is not None and -found.fun > value:
        x = np.rint(found.x).astype(np.int64)
    proved = found.status in (0, 2)  # the best there is, or nothing there is better than what was near
    return Found(x, float(table.values @ x) if proved else near.bound, proved)


def _whole(table: Table, low: Floats, high: Floats, end: float) -> OptimizeResult:
    return milp(
        -table.values,
        constraints=LinearConstraint(table.rows, -np.inf, table.most),
        integrality=np.ones(len(table.values)),
        bounds=Bounds(low, high),
        options={"mip_rel_gap": 0.0, "time_limit": max(1.0, end - time.monotonic())},
    )
