"""What features and facts are made from: a whole store, or the records of one person, wherever they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from stratify.store.layout import DOMAINS
from stratify.store.slices import Coded, Floats, Ints, Slice

Columns = dict[str, npt.NDArray[Any]]


class Records(Protocol):
    """Events by domain and bucket, sorted by person and day, and the people they are of."""

    @property
    def buckets(self) -> int:
        """Into how many buckets people are spread; a person's is number % buckets."""

    @property
    def measurable(self) -> Mapping[str, Any]:
        """What this source can tell."""

    def day(self, name: str) -> int:
        """Return `covers_to` or `delivered` as a day number."""

    def has(self, domain: str) -> bool:
        """Whether the source has this domain at all."""

    def slice(self, domain: str, bucket: int) -> Slice:
        """Return a domain's rows of a bucket."""

    def persons(self) -> Columns:
        """Return people by number: person, sex, birth, death (NaN while alive)."""

    def residence(self) -> Columns:
        """Return all stretches of residence: person, start, end (NaN while resident), municipality."""


class HeldSlice(Slice):
    """Rows that lie in memory: arrays by column, missing numbers as NaN and missing texts as None."""

    def __init__(self, domain: str, columns: Columns) -> None:
        super().__init__(domain)
        self._columns = columns

    def _ints(self, name: str) -> Ints:
        found = self._columns[name]
        if found.dtype.kind not in "iu":
            if found.dtype.kind == "O" or np.isnan(found).any():
                raise self._lacking(name)
            found = found.astype(np.int64)
        return found

    def _floats(self, name: str) -> Floats:
        return self._columns[name].astype(np.float64)

    def _coded(self, name: str) -> Coded:
        known = {False: 0, True: 1} if DOMAINS[self.domain][name] == "BOOLEAN" else {}
        places = [-1 if one is None else known.setdefault(one, len(known)) for one in self._columns[name].tolist()]
        return Coded(np.array(places, dtype=np.int32), tuple(known))


def nothing(domain: str) -> Columns:
    """Return the columns of a domain without rows."""
    kinds = {"person": "INTEGER", **DOMAINS[domain]}
    return {name: np.empty(0, np.float64 if kind == "DOUBLE" else np.int32) for name, kind in kinds.items()}


@dataclass(frozen=True)
class OnePerson:
    """The records of one person, who is number 0 here whoever it is; a domain that is not there has no rows."""

    measurable: Mapping[str, Any]
    days: Mapping[str, int]  # covers_to, delivered
    people: Columns
    lived: Columns
    events: Mapping[str, Columns]
    _held: dict[str, Slice] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def buckets(self) -> int:
        """One."""
        return 1

    def day(self, name: str) -> int:
        """Return `covers_to` or `delivered` as a day number."""
        return self.days[name]

    def has(self, domain: str) -> bool:
        """Whether the source has this domain at all."""
        return domain in self.measurable["domains"]

    def slice(self, domain: str, bucket: int) -> Slice:
        """Return a domain's rows."""
        assert bucket == 0
        if domain not in self._held:
            self._held[domain] = HeldSlice(domain, self.events.get(domain) or nothing(domain))
        return self._held[domain]

    def persons(self) -> Columns:
        """Return the person."""
        return self.people

    def residence(self) -> Columns:
        """Return where they lived, and when."""
        return self.lived
