"""How tables are told: columns of equal length, a row a cell, None where nothing may or can be told."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from stratify.quality.cases import Bools
from stratify.quality.compared import MOST_UNITS_HIDDEN
from stratify.quality.need.axes import Floats, Ints, Node
from stratify.quality.need.hiding import Table
from stratify.quality.spc import funnel
from stratify.quality.values import valued

Columns = dict[str, list[Any]]
DIGITS = 4
REGION = "region"
LINES = ("lower95", "upper95", "lower998", "upper998")


def cells(table: Table, chosen: Sequence[Sequence[int]]) -> tuple[NDArray[np.intp], ...]:
    """Return the places of every combination of these nodes, one array an axis, to index counts with."""
    every = list(product(*chosen))
    assert len(chosen) == len(table.axes)
    return tuple(np.array([one[number] for one in every], dtype=np.intp) for number in range(len(chosen)))


def labels(table: Table, at: tuple[NDArray[np.intp], ...]) -> Columns:
    """Return the level and the label of each cell on the first axis, and its label on every other, by axis."""
    nodes: list[list[Node]] = [[axis.nodes[one] for one in where] for axis, where in zip(table.axes, at, strict=True)]
    found: Columns = {
        "level": [level or REGION for level, _ in nodes[0]],
        "label": [label for _, label in nodes[0]],
    }
    for axis, each in zip(table.axes[1:], nodes[1:], strict=True):
        found[axis.name] = [label or "all" for _, label in each]
    return found


def numbers(values: NDArray[Any] | Floats, shown: Bools, digits: int = DIGITS) -> list[float | None]:
    """Return figures, None where nothing is shown or there is nobody."""
    told = shown & ~np.isnan(np.asarray(values, np.float64))
    return [round(float(one), digits) if ok else None for one, ok in zip(values, told, strict=True)]


def counts(values: Ints, shown: Bools) -> list[int | None]:
    """Return counts, None where nothing is shown."""
    return [int(one) if ok else None for one, ok in zip(values, shown, strict=True)]


def share(yes: Ints, no: Ints, shown: Bools) -> Columns:
    """Return shares with their counts and Wilson's interval."""
    told = valued("share", yes, no)
    return {
        "count": counts(yes, shown),
        "denominator": counts(yes + no, shown),
        "value": numbers(told.value, shown),
        "low": numbers(told.low, shown),
        "high": numbers(told.high, shown),
        "hidden": (~shown).tolist(),
    }


def ratio(observed: Ints, expected: Floats, shown: Bools) -> Columns:
    """Return observed over expected with Byar's interval."""
    told = valued("ratio", observed, expected)
    return {
        "count": counts(observed, shown),
        "expected": numbers(expected, shown),
        "value": numbers(told.value, shown),
        "low": numbers(told.low, shown),
        "high": numbers(told.high, shown),
        "hidden": (~shown).tolist(),
    }


def in_funnel(
    levels: Sequence[str], over: NDArray[Any], observed: NDArray[Any], used: Bools, kind: Literal["p", "u"]
) -> tuple[Columns, dict[str, Any]]:
    """Return limits and place of each unit in the funnel of its level, around the region; and each funnel's facts.

    The first row is the region's: its value is the centre where it is shown. outside: 0 within, 1 beyond 95 %, 2 beyond
    99.8 %, with the sign of the side; None for what is in no funnel. Where more than a third of a level's units are
    hidden there is none: those left were chosen by their counts, so that they would look too different.
    """
    found: Columns = {**{name: [None] * len(levels) for name in LINES}, "outside": [None] * len(levels)}
    facts: dict[str, Any] = {}
    centre = float(observed[0] / over[0]) if levels[0] == REGION and used[0] and over[0] > 0 else None
    for level in dict.fromkeys(levels):
        every = np.flatnonzero(np.array([one == level for one in levels]) & (over > 0))
        at = every[used[every]]
        if level in (REGION, "not_told") or not len(every):
            continue
        gone = len(every) - len(at)
        drawable = len(at) > 1 and gone <= MOST_UNITS_HIDDEN * len(every)
        facts[level] = {"units": len(every), "hidden": gone, "drawn": drawable}
        if not facts[level]["drawn"]:
            continue
        drawn = funnel(observed[at].astype(np.float64), over[at].astype(np.float64), centre, kind=kind)
        for name in LINES:
            for one, value in zip(at.tolist(), getattr(drawn, name), strict=True):
                found[name][one] = round(float(value), DIGITS)
        for one, value in zip(at.tolist(), drawn.outside, strict=True):
            found["outside"][one] = int(value)
        facts[level] |= {
            "kind": kind,
            "centre": round(drawn.centre, DIGITS),
            "phi": None if np.isnan(drawn.phi) else round(drawn.phi, 3),
            "overdispersed": bool(drawn.overdispersed),
            "widened": bool(drawn.widened),
        }
    return found, facts
