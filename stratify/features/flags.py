"""Medication flags at a landmark: combinations of redeemed medicine, conditions and age, as known then.

A part of a flag holds where enough different codes of its drugs were redeemed in the flag's days before the landmark,
or where one of its conditions does; the window kernel counts them. That two medicines were redeemed within the same
months is taken for their being used together: nobody saw them swallowed.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from stratify.catalogue.entries import FeatureFamily, FeatureGroup, Flag, FlagPart
from stratify.cohort import DAYS_PER_YEAR
from stratify.features.conditions import Present
from stratify.features.events import read_events
from stratify.features.kernel import Cells, Events, Floats, Ints, Rows, aggregate
from stratify.store.records import Records

Bools = npt.NDArray[np.bool_]


@lru_cache(maxsize=64)
def part_groups(family: FeatureFamily) -> tuple[FeatureGroup, ...]:
    """Return the groups of drugs that parts of flags name, each once though several ask for it, in their order."""
    return tuple(
        FeatureGroup(id=f"part_{n}", name=family.name, codes=atc, codes_except=atc_except)
        for n, (atc, atc_except) in enumerate(_drugs(family))
    )


def _drugs(family: FeatureFamily) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return list(dict.fromkeys((part.atc, part.atc_except) for flag in family.flag for part in flag.part if part.atc))


def flag_cells(
    store: Records, rows: Rows, found: Present, birth: Ints, family: FeatureFamily, bucket: int
) -> dict[str, Floats]:
    """Return each flag's cells, of rows that lie in one bucket; NaN where the source does not tell its medicine.

    `found` are the rows' conditions, `birth` the day each row's person was born.
    """
    if not (store.has("drug") and store.measurable.get("drug_codes", True)):
        return {flag.id: np.full(len(rows), np.nan) for flag in family.flag}
    windows = tuple(sorted({flag.within_days for flag in family.flag}))
    counting = family.model_copy(update={"aggregates": ("distinct",), "windows": windows})
    return flags_of(read_events(store, counting, part_groups(family), bucket), rows, found, birth, family)


def flags_of(events: Events, rows: Rows, found: Present, birth: Ints, family: FeatureFamily) -> dict[str, Floats]:
    """Return each flag's cells: 1, 0, or NaN where a condition that would settle it cannot be told."""
    windows = sorted({flag.within_days for flag in family.flag})
    counted = aggregate(events, rows, len(_drugs(family)), windows, ("distinct",))
    answer, nth = {}, {drugs: place for place, drugs in enumerate(_drugs(family))}
    for flag in family.flag:
        holds, untold = np.ones(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
        for part in flag.part:
            has = _redeemed(counted, nth.get((part.atc, part.atc_except)), flag, part, len(rows))
            silent = np.zeros(len(rows), dtype=bool)
            for key in part.conditions:
                place = found.condition_ids.index(key)
                has |= found.conditions[:, place]
                silent |= not found.measurable[place]
            holds &= has | silent
            untold |= silent & ~has
        if flag.min_age is not None:
            holds &= (rows.day - birth) / DAYS_PER_YEAR >= flag.min_age
        answer[flag.id] = np.where(holds & untold, np.nan, holds.astype(np.float64))
    return answer


def _redeemed(counted: Cells, group: int | None, flag: Flag, part: FlagPart, rows: int) -> Bools:
    if group is None:
        return np.zeros(rows, dtype=bool)
    return np.asarray(counted.column("distinct", group, flag.within_days) >= part.at_least)
