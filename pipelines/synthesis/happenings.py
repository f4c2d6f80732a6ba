"""What happens in the year to a block's people: onsets, admissions, readmissions and death, in operational time.

Everything is drawn from the hazards by inverting distributions: onsets as one Poisson process with a mark for which
condition; admissions as Poisson processes on the cumulated hazard of two phases; death by inverting its own. So the
same numbers with a lower hazard give fewer, never more, and the true risks of `risk.py` hold exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.synthesis.hazards import Hazards
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.streams import Draws, Floats, Words, events, hashed, poisson, unit

OTHER, ACSC, PSYCH = 0, 1, 2  # kinds of admissions, as in shapes.KINDS
BASE, ONSET, AGAIN = 0, 1, 2  # why it came: by itself, with an onset, after a discharge
Ints = NDArray[np.int64]


@dataclass
class Admissions:
    """Admissions sorted by person and time; `time` is the person's own, 0-1 over what is left of the year."""

    person: Ints
    time: Floats
    kind: Ints
    cause: Ints
    condition: Ints  # the condition whose onset brought it, -1
    fatal: NDArray[np.bool_]
    bits: Words

    def take(self, rows: NDArray[np.generic]) -> Admissions:
        """Return some of them."""
        return Admissions(**{name: getattr(self, name)[rows] for name in Admissions.__dataclass_fields__})


@dataclass
class Onsets:
    """Onsets sorted by person and time."""

    person: Ints
    time: Floats
    condition: Ints
    admitted: NDArray[np.bool_]  # it brought an admission


@dataclass
class Happenings:
    """The year of a block: what began, who was admitted when, and when each died (2 where nobody did)."""

    onsets: Onsets
    admissions: Admissions
    death: Floats


def happen(hazard: Hazards, draws: Draws, keys: Words, year: int, given: Parameters) -> Happenings:
    """Return what happens, but for readmissions after this year's own stays, which need their lengths."""
    u = draws.uniforms("year", 8, year)
    onsets, again_marks, switch, first = _onsets(hazard, keys, u[:, 0], year, given)
    death = _one_time(-np.log1p(-u[:, 1]), hazard.death, switch, first, hazard.death_after)
    parts = [again_marks]
    for place, (kind, rate, after) in enumerate(
        (
            (OTHER, hazard.other, hazard.other_after),
            (ACSC, hazard.acsc, hazard.acsc_after),
            (PSYCH, hazard.psych, hazard.psych_after),
        )
    ):
        parts.append(_admissions(hazard, keys, u[:, 2 + place], year, kind, rate, switch, first, after))
    parts.append(_carried(hazard.again, hazard.again_until, u[:, 5], keys, year, OTHER))
    parts.append(_carried(hazard.psych_again, hazard.psych_again_until, u[:, 6], keys, year, PSYCH))
    found = joined(parts)
    ends = np.full(len(death), 2.0)
    fatal = np.flatnonzero(found.fatal)
    np.minimum.at(ends, found.person[fatal], found.time[fatal])
    death = np.minimum(np.where(death < 1, death, 2.0), ends)
    # after death nothing comes; what ended in death is the last
    found = found.take(found.time <= death[found.person])
    found = _first_only(found)
    begun = onsets.time <= death[onsets.person]
    onsets = Onsets(onsets.person[begun], onsets.time[begun], onsets.condition[begun], onsets.admitted[begun])
    return Happenings(onsets, found, death)


def joined(parts: list[Admissions]) -> Admissions:
    """Return tables of admissions as one, sorted by person and time."""
    whole = Admissions(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in Admissions.__dataclass_fields__}
    )
    return whole.take(np.lexsort((whole.bits, whole.time, whole.person)))


def _onsets(
    hazard: Hazards, keys: Words, u: Floats, year: int, given: Parameters
) -> tuple[Onsets, Admissions, Floats, Ints]:
    """Return the onsets, the admissions they bring, and each person's first: its time (2: none) and its condition.

    A condition can come up a second time in the year. Of the first one of the year nothing comes of it; of a later one
    it is no new onset but may bring another admission, as its first time may: the closed form counts it so.
    """
    person, bits = events(np.arange(len(u)), poisson(u, hazard.onset.sum(axis=1)), keys, "onset", year)
    time = unit(bits)
    order = np.lexsort((bits, time, person))
    person, bits, time = person[order], bits[order], time[order]
    cumulated = np.cumsum(hazard.onset[person], axis=1)
    target = unit(bits, 1) * cumulated[:, -1] if len(person) else np.zeros(0)
    condition = np.minimum((cumulated <= target[:, None]).sum(axis=1), len(given.names) - 1)
    switch, first = np.full(len(u), 2.0), np.zeros(len(u), np.int64)
    leads = np.concatenate([[True], person[1:] != person[:-1]])[: len(person)]
    switch[person[leads]], first[person[leads]] = time[leads], condition[leads]
    keep = leads | (condition != first[person])
    person, bits, time, condition = person[keep], bits[keep], time[keep], condition[keep]
    brings = unit(bits, 2) < given.column("onset_admission")[condition]
    kinds = np.array([("other", "acsc", "psych").index(each.onset_kind) for each in given.conditions])
    fatal = brings & (kinds[condition] != PSYCH) & (unit(bits, 3) < given.column("onset_fatal")[condition])
    marks = Admissions(
        person[brings],
        time[brings],
        kinds[condition[brings]],
        np.full(int(brings.sum()), ONSET),
        condition[brings],
        fatal[brings],
        bits[brings],
    )
    _, new = np.unique(person * len(given.names) + condition, return_index=True)
    new = np.sort(new)
    return Onsets(person[new], time[new], condition[new], brings[new]), marks, switch, first


def _admissions(
    hazard: Hazards,
    keys: Words,
    u: Floats,
    year: int,
    kind: int,
    rate: Floats,
    switch: Floats,
    first: Ints,
    after: Floats,
) -> Admissions:
    """Return the admissions of one kind that come by themselves."""
    until = np.minimum(switch, 1.0)
    factor = after[np.arange(len(u)), first]
    before, later = rate * until, rate * factor * (1 - until)
    person, bits = events(np.arange(len(u)), poisson(u, before + later), keys, f"admission {kind}", year)
    spent = unit(bits) * (before + later)[person]
    early = spent < before[person]
    slow = np.maximum(rate[person], 1e-300)
    time = np.where(
        early, spent / slow, until[person] + (spent - before[person]) / np.maximum(slow * factor[person], 1e-300)
    )
    fatal = (unit(bits, 1) < hazard.fatal[person]) & (kind != PSYCH)
    n = len(person)
    return Admissions(person, np.minimum(time, 1.0), np.full(n, kind), np.full(n, BASE), np.full(n, -1), fatal, bits)


def _carried(rate: Floats, until: Floats, u: Floats, keys: Words, year: int, kind: int) -> Admissions:
    """Return readmissions after stays of the year before: the first one, in the days that are left of the thirty."""
    time = -np.log1p(-u) / np.maximum(rate, 1e-300)
    person = np.flatnonzero((rate > 0) & (time < until))
    bits = hashed(keys[person], f"carried {kind}", np.zeros(len(person), np.int64), year)
    n = len(person)
    return Admissions(
        person, time[person], np.full(n, kind), np.full(n, AGAIN), np.full(n, -1), np.zeros(n, bool), bits
    )


def _first_only(found: Admissions) -> Admissions:
    """Drop a carried readmission before which another stay of the same care began: that stay has days of its own."""
    psychiatric = found.kind == PSYCH
    keep = np.ones(len(found.person), bool)
    for care in (False, True):
        rows = np.flatnonzero(psychiatric == care)
        leads = np.concatenate([[True], found.person[rows][1:] != found.person[rows][:-1]])[: len(rows)]
        keep[rows[(found.cause[rows] == AGAIN) & ~leads]] = False
    return found.take(keep)


def _one_time(waiting: Floats, rate: Floats, switch: Floats, first: Ints, after: Floats) -> Floats:
    """Return the time at which a cumulated hazard reaches a standard exponential; 1 or more where not in the year."""
    until = np.minimum(switch, 1.0)
    factor = after[np.arange(len(rate)), first]
    slow = np.maximum(rate, 1e-300)
    early = waiting < rate * until
    return np.where(early, waiting / slow, until + (waiting - rate * until) / np.maximum(slow * factor, 1e-300))
