"""What is hidden of levels as a whole, and of each level at cuts of risk, beside what lies in it or around it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from models.evaluation.bins import Column, upward
from models.evaluation.nested import Few, Nest, Places
from models.evaluation.rows import Rows
from models.evaluation.small import Counts, Ledger, people_in, small
from models.table import Bools, Floats
from stratify.disclosure import SMALLEST_SHOWN


def levels_hidden(nest: Nest, rows: Rows, least: int) -> Bools:
    """Return which levels are hidden, so that none shown, nor what is left of one, is of 1 to 4 people."""
    counts, few = [], []
    for factor in nest.factors.values():
        levels = len(factor.levels)
        counts.append(np.bincount(factor.code * 2 + (rows.y == 1), minlength=2 * levels).reshape(levels, 2))
        few.append(small(people_in(factor.code, levels, rows.person, rows.y), SMALLEST_SHOWN))
    hidden = np.concatenate(few)
    return nest.hidden(np.concatenate(counts), hidden, hidden, _few_people(nest, rows, least))


def _few_people(nest: Nest, rows: Rows, least: int) -> Few:
    """Return whether 1 to 4 people are in what is left of a level; fewer rows than `least` are counted by people."""

    def here(place: int) -> Bools:
        name = list(nest.factors)[nest.nth[place]]
        return np.asarray(nest.factors[name].code == place - nest.places[name])

    def few(whole: int, members: Places, left: Counts) -> bool:
        if small(left, SMALLEST_SHOWN) or not small(left, least):
            return bool(small(left, SMALLEST_SHOWN))
        which = here(whole)
        for member in members.tolist():
            which &= ~here(member)
        people = people_in(np.zeros(int(which.sum()), dtype=np.int64), 1, rows.person[which], rows.y[which])
        return bool(small(people, SMALLEST_SHOWN)[0])

    return few


def cuts_hidden(
    nest: Nest, columns: Mapping[str, Column], acted: Places, cuts: Floats, untold: Bools, least: int
) -> Bools:
    """Return [levels, cuts] where a level is hidden; `acted` levels have figures at cuts, the first cuts go first.

    A level is hidden where too few of its rows lie above or below the cut, or between it and another cut; where nothing
    is told of everybody; and where it would give such a level away, or leave too few of one that it lies in.
    """
    hidden = np.ones((len(nest.nth), len(cuts)), dtype=np.bool_)
    if not len(acted):
        return hidden
    above, whole = _rows_above(nest, columns, cuts)
    near = np.zeros_like(hidden)
    for place in acted:
        near[place] = Ledger(whole[place], least).hides(above[place])
    figures = np.isin(np.arange(len(hidden)), acted)
    for cut in np.flatnonzero(~untold).tolist():
        parts = np.concatenate([above, whole[:, None] - above], axis=2)
        secret = figures & near[:, cut]
        for other in range(cut):
            secret |= figures & _near(nest, parts, ~hidden[:, other], other, cut, cuts[other] <= cuts[cut], least)
        start = ~figures | secret
        start[0] = False
        hidden[:, cut] = nest.hidden(parts[:, cut], start, secret, lambda _whole, _members, left: _few(left, least))
    return hidden


def _few(left: Counts, least: int) -> bool:
    return bool(small(left, least))


def _near(nest: Nest, parts: Counts, told: Bools, other: int, cut: int, upward: bool, least: int) -> Bools:
    """Return which levels at a cut lie too near a level told of at another cut, which they lie in or around.

    Of two levels, one in the other, the outer one above a low cut holds the inner one above a high cut; and below them.
    """
    around = nest.inside & ~nest.inside.T
    around[0] = False  # what is told of everybody at all cuts lies apart
    first, last = parts[:, other], parts[:, cut]
    over, under = (slice(0, 2), slice(2, 4)) if upward else (slice(2, 4), slice(0, 2))
    inner = around & told[:, None] & small(first[:, None, over] - last[None, :, over], least)
    outer = around & told[None, :] & small(last[:, None, under] - first[None, :, under], least)
    return np.asarray(inner.any(axis=0) | outer.any(axis=1))


def _rows_above(nest: Nest, columns: Mapping[str, Column], cuts: Floats) -> tuple[Counts, Counts]:
    """Return [levels, cuts, 2] the rows of each level above each cut, without and with the event, and all its rows."""
    above, whole = [], []
    for name in list(nest.factors)[1:]:
        column = columns[name]
        above.append(np.rint(upward(column.count.astype(np.float64), column.at(cuts))).astype(np.int64))
        whole.append(column.count.sum(axis=1))
    everybody = above[0].sum(axis=0, keepdims=True), whole[0].sum(axis=0, keepdims=True)
    return np.concatenate([everybody[0], *above]), np.concatenate([everybody[1], *whole])
