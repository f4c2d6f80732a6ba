"""Which levels are hidden so that no difference of those shown, of any factors, leaves 1 to 4 people.

A municipality may lie wholly within a hospital's catchment, and that within a part of the region: then the catchment
less its municipalities is known too. Nobody says which factors do so: the rows tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.evaluation.rows import Factor, Rows
from models.evaluation.small import Counts
from models.table import Bools

Places = NDArray[np.intp]
Few = Callable[[int, Places, Counts], bool]  # whether a level less some levels in it, with these counts, is too few


@dataclass(frozen=True)
class Nest:
    """Everybody (place 0) and the levels of all factors, coarse factors first, and how they lie in each other.

    factors by name, "" is everybody; nth [levels] which of them each level is of; size [levels] rows; inside[a, b]: b
    has rows, and all lie in a; meets[a, b]: some row is in both.
    """

    factors: Mapping[str, Factor]
    nth: Counts
    size: Counts
    inside: Bools
    meets: Bools

    @classmethod
    def of(cls, rows: Rows) -> Nest:
        """Return the nest of the rows' factors; the fewer of its levels have rows, the coarser is a factor."""
        coarse = sorted(rows.factors, key=lambda name: (int((np.bincount(rows.factors[name].code) > 0).sum()), name))
        factors = {"": Factor(("",), np.zeros(len(rows), dtype=np.int64)), **{n: rows.factors[n] for n in coarse}}
        blocks: dict[tuple[int, int], Counts] = {}
        every = list(factors.values())
        for a, one in enumerate(every):
            for b in range(a, len(every)):
                shape = len(one.levels), len(every[b].levels)
                found = np.bincount(one.code * shape[1] + every[b].code, minlength=shape[0] * shape[1]).reshape(shape)
                blocks[a, b], blocks[b, a] = found, found.T
        both = np.block([[blocks[a, b] for b in range(len(every))] for a in range(len(every))])
        size = np.diag(both).copy()
        nth = np.repeat(np.arange(len(every)), [len(one.levels) for one in every])
        return cls(factors, nth, size, (both == size) & (size > 0), both > 0)

    @cached_property
    def places(self) -> dict[str, int]:
        """Return where the levels of each factor begin."""
        return {name: int(np.searchsorted(self.nth, nth)) for nth, name in enumerate(self.factors)}

    def hidden(self, counts: Counts, hidden: Bools, secret: Bools, few: Few) -> Bools:
        """Return which levels are hidden: these, and as few more as it takes, of fine factors before coarse ones.

        counts [levels, k] are rows by what is told of them; what everybody has is known. Of the hidden, `secret` ones
        may not be worked out at all, the others may be where that leaves nothing of 1 to 4 people.
        """
        before, hidden = hidden, hidden.copy()
        for nth in range(1, len(self.factors)):
            while (more := self._too_much(nth, counts, hidden, secret, few)) is not None:
                hidden[more] = True
        return hidden if (hidden == before).all() else self.hidden(counts, hidden, secret, few)

    def _too_much(self, nth: int, counts: Counts, hidden: Bools, secret: Bools, few: Few) -> int | None:
        """Return a level of this factor that may not be shown beside the others up to it, None where all may."""
        mine, shown = self.nth == nth, ~hidden & (self.nth <= nth)
        wholes = np.flatnonzero(shown | (secret & (self.size > 0)))
        for whole in wholes[np.argsort(self.size[wholes], kind="stable")].tolist():
            for members in self._covers(whole, nth, shown):
                if hidden[whole]:
                    told = self.size[members].sum() == self.size[whole]
                else:
                    left = counts[whole] - counts[members].sum(axis=0)
                    told = self._tells(whole, members, secret) or few(whole, members, left)
                if told and mine[whole] and not hidden[whole]:
                    return int(whole)
                if told:
                    among = members[mine[members]] if mine[members].any() else members
                    full = among[(counts[among] > 0).all(axis=1)]
                    among = full if len(full) else among
                    return int(among[np.argmin(self.size[among])])
        return None

    def _tells(self, whole: int, members: Places, secret: Bools) -> bool:
        """Return whether a level less others in it is just one that is secret."""
        left = self.size[whole] - self.size[members].sum()
        alone = secret & self.inside[whole] & (self.size == left)
        return bool((alone & ~self.meets[:, members].any(axis=1)).any())

    def _covers(self, whole: int, nth: int, shown: Bools) -> Iterator[Places]:
        """Yield levels shown that lie within one and apart from each other: of one factor, and of several."""
        within = np.flatnonzero(shown & self.inside[whole] & ~self.inside[:, whole])
        of = self.nth[within]
        factors = set(of.tolist())
        for one in sorted(factors):
            if nth in (one, self.nth[whole]):
                yield within[of == one]
        if len(factors) > 1 and nth in (*factors, self.nth[whole]):
            within = within[np.argsort(-self.size[within], kind="stable")]
            mine = np.flatnonzero(self.nth == nth)  # none of these may be cut in two
            apart = ~self.meets[np.ix_(within, mine)] | self.inside[np.ix_(within, mine)]
            whole_ones = (apart | self.inside[np.ix_(mine, within)].T).all(axis=1)
            taken: list[int] = []
            for level in within[whole_ones].tolist():
                if not self.meets[level, taken].any():
                    taken.append(level)
            yield np.array(taken, dtype=np.intp)
