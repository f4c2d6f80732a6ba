"""What those who write register tables see: a block of people in one year, with what they have and what happened.

Nothing written from a scene acts back on anybody's life in the same year: that keeps the true risks exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.synthesis.calendar import DAY, Year
from pipelines.synthesis.people import People
from pipelines.synthesis.streams import Draws, Floats, Words, events, unit

Days = NDArray[np.int32]
Rows = dict[str, NDArray[Any]]  # columns of one length; `person` is the place in the block


@dataclass(frozen=True)
class Scene:
    """A block of people in one year; arrays have one place (or row) per person of the block, days since 1970-01-01."""

    people: People
    year: Year
    draws: Draws
    keys: Words
    onset: Days  # (people, conditions): true first day, NEVER where there is none
    recognised: Days  # (people, conditions): from this day on care knows it; NEVER: it does not
    begins: Days  # first day of the year the person is in the region
    ends: Days  # last day of the year anything is recorded about the person; before `begins` for those not there
    age: NDArray[np.int32]  # in whole years on 1 January, negative before birth
    stays: Rows  # this year's hospital stays: person, start, end (minutes), kind, condition (-1: none), ...
    until: NDArray[np.int64]  # minute of the last somatic discharge before this year's stays
    psych_until: NDArray[np.int64]
    severe: NDArray[np.bool_]  # schizophrenia or bipolar disorder before the year
    home_care: Days  # first day of municipal home care, NEVER
    care_home: Days  # first day in a care home, NEVER
    access: Floats  # 0-1: how well ordinary care reaches this person; less with few resources and severe mental illness
    children: NDArray[np.int8]  # how many children of one's own under 16 live here on 1 January
    births: Rows  # this year's births by mother: person, day

    def __len__(self) -> int:
        """Return how many people there are."""
        return len(self.age)

    def there(self) -> NDArray[np.bool_]:
        """Return who is in the region on any day of the year."""
        return self.ends >= self.begins

    def uniforms(self, purpose: str, columns: int) -> Floats:
        """Return uniform numbers for this year, one row per person; `columns` is a multiple of 4."""
        return self.draws.uniforms(purpose, columns, self.year.number)

    def events(self, purpose: str, counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], Words]:
        """Return the person and 64 hashed bits of each event, for so many events of each person, person by person."""
        return events(np.arange(len(counts)), counts, self.keys, purpose, self.year.number)

    def within(self, person: NDArray[np.int64], day: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Return which days lie in the person's part of the year."""
        return (day >= self.begins[person]) & (day <= self.ends[person])

    def any_day(self, bits: Words, place: int = 0) -> NDArray[np.int64]:
        """Return a day of the year for each event, all alike; those outside the person's part are to be left out."""
        return self.year.first + np.floor(unit(bits, place) * self.year.length).astype(np.int64)

    def in_hospital(self, person: NDArray[np.int64], day: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Return which days fall between the first and last day of one of the person's stays of this year."""
        stay, first = self.stays["person"].astype(np.int64), self.stays["start"] // DAY
        last = self.stays["end"] // DAY
        order = np.lexsort((first, stay))
        span = np.int64(2**20)
        start = stay[order] * span + first[order].astype(np.int64)
        reach = np.maximum.accumulate(stay[order] * span + last[order].astype(np.int64)) if len(order) else start
        at = np.searchsorted(start, person * span + day, side="right") - 1
        inside: NDArray[np.bool_] = (
            (at >= 0) & (reach[np.maximum(at, 0)] >= person * span + day)
            if len(order)
            else (np.zeros(len(person), bool))
        )
        return inside
