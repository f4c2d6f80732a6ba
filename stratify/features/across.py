"""Windows that reach over a change of register generations: presence holds across it, counts do not.

A count, sum, rate, trend or number of different codes over both sides adds up two ways of counting: it is missing. A
family that says `across_switch = "period_adjusted"` counts what came since the switch and scales it to the whole
window, where enough of the window lies after it; trends and different codes cannot be scaled and stay missing. What
tells presence (any, days since, first seen), what reads a value as it was measured, and the days of a stay are left as
they are: a day in hospital is one in both. What only one of the generations tells at all (`told_after`, `told_before`)
is missing wherever a window has days on the other side.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from stratify.catalogue.entries import FeatureFamily
from stratify.features.columns import Column, longest
from stratify.features.kernel import Cells, Events, Floats, Ints, Rows, span
from stratify.registers.switch import Switch

COUNTING = ("count", "sum", "rate", "distinct", "trend")
SCALED = ("count", "sum", "rate")
Gather = Callable[[Events, Rows], Cells]
Cell = Callable[[Cells], Floats]


class Across:
    """One family's cells of rows whose windows reach over the switch; nothing is done where none does."""

    def __init__(
        self, switch: Switch | None, family: FeatureFamily, events: Events, rows: Rows, gather: Gather
    ) -> None:
        self._one_sided = family.across_switch if family.across_switch.startswith("told_") else None
        touched = switch is not None and (family.domain in switch.domains or self._one_sided is not None)
        self.switch = switch if touched else None
        self._rows = rows
        self._since: Cells | None = None
        if self.switch is None or family.across_switch != "period_adjusted":
            return
        self._over = _over(rows.day, 0, longest(family), self.switch.day)
        if self._over.any():
            kept = Rows(rows.person[self._over], rows.day[self._over])
            self._since = gather(since(events, self.switch.day), kept)

    def told(self, column: Column, value: Floats, cell: Cell) -> Floats:
        """Return a column's cells, those over the switch scaled or missing; `cell` makes them of what was gathered.

        They may be of several groups: the last axis is that of rows.
        """
        if self.switch is None or column.window is None:
            return value
        if self._one_sided is not None:
            return np.where(self._whole(column), value, np.nan)
        if column.aggregate not in COUNTING:
            return value
        near, far = span(column.window)
        near = 0 if column.aggregate == "trend" else near
        over = _over(self._rows.day, near, far, self.switch.day)
        if not over.any():
            return value
        instead = np.full(value.shape, np.nan)
        if self._since is not None and column.aggregate in SCALED:
            share = (self._rows.day - near - self.switch.day) / (far - near)
            enough = over & (share >= self.switch.least_share)
            instead[..., self._over] = cell(self._since)
            instead = np.where(enough, instead / np.where(enough, share, 1), np.nan)
        return np.where(over, instead, value)

    def _whole(self, column: Column) -> npt.NDArray[np.bool_]:
        """Whether a window lies wholly on the side of the switch where the register tells what is asked."""
        assert self.switch is not None
        assert column.window is not None
        near, far = span(column.window)
        if self._one_sided == "told_after":
            return np.asarray(self._rows.day - far >= self.switch.day)
        return np.asarray(self._rows.day - near <= self.switch.day)


def since(events: Events, day: int) -> Events:
    """Return the events from a day on."""
    return events.at(np.flatnonzero(events.day >= day))


def _over(day: Ints, near: int, far: int, switch: int) -> npt.NDArray[np.bool_]:
    """Whether [day - far, day - near) has days on both sides of the switch."""
    return np.asarray((day - far < switch) & (day - near > switch))
