"""Which diagnosis code a contact carries: one of the person's own conditions, or a common cause.

A person keeps to one form of a condition (one three-character category, as alcohol or viral liver disease), drawn once;
the code within the category changes from contact to contact.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.streams import Floats, Words, hashed, unit

Ints = NDArray[np.int64]
LISTS = ("codes", "stay_codes", "acsc_codes", "psychiatric_codes")
LATERALITY = ("TUL1", "TUL2")  # right, left: additional codes


class Codes:
    """Every diagnosis code that can be written, as indices into `vocabulary`."""

    def __init__(self, given: Parameters) -> None:
        self.given = given
        lists = [
            *given.admissions.codes.values(),
            *(getattr(each, name) for each in given.conditions for name in LISTS),
        ]
        written = [code for codes in lists for code in codes]
        self.vocabulary = (*dict.fromkeys([*written, *map(without_suffix, written)]), *LATERALITY)
        self._place = {code: place for place, code in enumerate(self.vocabulary)}
        self.causes = {name: self._indices(codes) for name, codes in given.admissions.codes.items()}
        self._tables = {name: [self._table(getattr(each, name)) for each in given.conditions] for name in LISTS}

    def has(self, name: str) -> NDArray[np.bool_]:
        """Return which conditions have a code in a list."""
        return np.array([len(getattr(each, name)) > 0 for each in self.given.conditions])

    @cached_property
    def plain(self) -> NDArray[np.int16]:
        """The code without its national suffix letter, for each code."""
        return np.array([self._place[without_suffix(code)] for code in self.vocabulary], np.int16)

    def of_conditions(self, name: str, condition: Ints, keys: Words, bits: Words) -> NDArray[np.int16]:
        """Return a code of each condition from the list `name`; -1 where it has none. `keys` are the persons'."""
        found = np.full(len(condition), -1, np.int16)
        form, draw = unit(hashed(keys, "form", condition)) ** 1.8, unit(bits, 7)
        for column, (table, counts) in enumerate(self._tables[name]):
            rows = np.flatnonzero(condition == column)
            if len(rows) == 0 or len(counts) == 0:
                continue
            at = np.floor(form[rows] * len(counts)).astype(np.int64)
            found[rows] = table[at, np.floor(draw[rows] * counts[at]).astype(np.int64)]
        return found

    def any_of(self, cause: str, bits: Words) -> NDArray[np.int16]:
        """Return a code of a list of common causes, earlier ones more often."""
        codes = self.causes[cause]
        return codes[np.floor(unit(bits, 8) ** 1.3 * len(codes)).astype(np.int64)]

    def _indices(self, codes: Sequence[str]) -> NDArray[np.int16]:
        return np.array([self._place[code] for code in codes], np.int16)

    def _table(self, codes: Sequence[str]) -> tuple[NDArray[np.int16], Ints]:
        """Return, for each place in a list of codes, the codes of the same category, and how many those are."""
        alike = [[other for other in codes if other[:4] == code[:4]] for code in codes]
        widest = max((len(same) for same in alike), default=0)
        table = np.array(
            [[self._place[code] for code in same] + [-1] * (widest - len(same)) for same in alike], np.int16
        )
        return table, np.array([len(same) for same in alike], np.int64)


def without_suffix(code: str) -> str:
    """Return a diagnosis code without its national suffix letter.

    >>> without_suffix("DJ448A"), without_suffix("DI10"), without_suffix("TUL1")
    ('DJ448', 'DI10', 'TUL1')
    """
    return code[:-1] if code[-1].isalpha() else code


def chosen(weights: Floats, has: NDArray[np.bool_], other: float, draw: Floats) -> Ints:
    """Return one of each person's conditions by weight, or -1 for none of them, which weighs `other`."""
    own = np.where(has, np.maximum(weights, 0.0)[None, :], 0.0)
    cumulated = np.cumsum(own, axis=1)
    target = draw * (cumulated[:, -1] + other)
    found: Ints = (cumulated <= target[:, None]).sum(axis=1)
    return np.where(found < own.shape[1], found, -1)
