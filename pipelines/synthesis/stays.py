"""The year's hospital stays on the calendar: lengths, readmissions, and room between one stay and the next.

Nothing here may lose or add a first admission: a stay that would touch another of the same care is moved, not dropped,
and one that death would cut below 12 hours begins earlier. Registers chain contacts that touch, so a stay ends the day
before the next one of the same care begins.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from pipelines.synthesis.calendar import DAY, Year
from pipelines.synthesis.happenings import ACSC, AGAIN, OTHER, PSYCH, Admissions, Happenings, joined
from pipelines.synthesis.hazards import Hazards, readmission
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.people import People
from pipelines.synthesis.scene import Rows
from pipelines.synthesis.state import State
from pipelines.synthesis.streams import Floats, Words, hashed, place_in_run, unit

Ints = NDArray[np.int64]
SHORTEST = 13 * 60  # minutes of a stay: above the 12 hours that make an admission
APART = 44 * 60  # between the starts of two stays: a whole day can lie between one's end and the next
BEFORE_MIDNIGHT = 5 * 60
# how many come, and how many go home, in each three hours of the day; ASSUMED: most by day
ARRIVALS = (0.5, 0.4, 0.7, 1.5, 1.7, 1.4, 1.1, 0.7)
DISCHARGES = (0.1, 0.1, 0.3, 1.8, 2.8, 1.9, 0.7, 0.3)


def place_stays(
    found: Happenings, hazard: Hazards, people: People, state: State, year: Year, keys: Words, given: Parameters
) -> tuple[Rows, Ints]:
    """Return the year's stays sorted by person and start, and the minute each person dies (-1: not this year).

    Columns: person, start and end (minutes), kind, cause, condition (whose onset brought it, -1), fatal, bits. Stays
    may end in the next year, at most `most_days` after their start.
    """
    last_minute = (year.first + year.length) * DAY - 1
    death = np.where(found.death < 1, year.minute(_of_year(found.death, hazard)), last_minute + 1)
    minute = by_hour(year.minute(_of_year(found.admissions.time, hazard, found.admissions.person)), ARRIVALS)
    deadly = np.zeros(len(death), bool)
    deadly[found.admissions.person[found.admissions.fatal]] = True
    parts: list[Rows] = []
    latest = np.where(deadly, last_minute, death)  # the minute of death, a minute past the year where there is none
    for psychiatric in (False, True):
        mine = np.flatnonzero((found.admissions.kind == PSYCH) == psychiatric)
        base, start = found.admissions.take(mine), minute[mine]
        stays, start, length = _with_readmissions(base, start, death, people, year, keys, given, psychiatric)
        until = state.psych_until if psychiatric else state.until
        earliest = np.maximum(year.first * DAY, np.where(until > 0, (until // DAY + 1) * DAY + 1, 0))
        count = np.bincount(stays.person, minlength=len(death))
        latest = np.minimum(
            np.maximum(latest, earliest + count * APART + SHORTEST), last_minute + (death > last_minute)
        )
        rows = _spaced(stays, start, length, earliest, latest)
        fatal = rows["fatal"].astype(bool)  # the person dies where this stay ends, in this year
        within = rows["start"] + SHORTEST
        within += np.floor(unit(rows["bits"], 6) * np.maximum(last_minute - within, 0)).astype(np.int64)
        rows["end"] = np.where(fatal & (rows["end"] > last_minute), within, rows["end"])
        latest[rows["person"][fatal]] = rows["end"][fatal]
        parts.append(rows)
    dies = (found.death < 1) | deadly
    both = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    both["end"] = np.where(dies[both["person"]], np.minimum(both["end"], latest[both["person"]]), both["end"])
    order = np.lexsort((both["start"], both["person"]))
    return {name: values[order] for name, values in both.items()}, np.where(dies, latest, -1)


def by_hour(minute: Ints, weights: tuple[float, ...]) -> Ints:
    """Return minutes of the same days, spread over the day as the weights of its three-hour parts say.

    What comes first on a day still does.
    """
    passed = np.concatenate([[0.0], np.cumsum(weights)]) / sum(weights)
    of_day = np.interp((minute % DAY) / DAY, passed, np.arange(len(weights) + 1) * (DAY / len(weights)))
    found: Ints = minute // DAY * DAY + np.minimum(np.floor(of_day), DAY - 1).astype(np.int64)
    return found


def leave_out(rows: Rows, away: Ints) -> Rows:
    """Return the stays of people who move away: those that begin too late are none here, others end with the move.

    `away` is the minute of the move by person, large where nobody moves.
    """
    end = np.minimum(rows["end"], away[rows["person"]] - 1)
    keep = end - rows["start"] >= SHORTEST
    return {name: values[keep] for name, values in {**rows, "end": end}.items()}


def remember(rows: Rows, state: State, given: Parameters) -> None:
    """Note in the state what the next year needs: how many stays there were, and when the last one ended."""
    for psychiatric, count, until in ((False, state.stays, state.until), (True, state.psych_stays, state.psych_until)):
        mine = (rows["kind"] == PSYCH) == psychiatric
        person, end = rows["person"][mine], rows["end"][mine]
        count[:] = np.minimum(np.bincount(person, minlength=len(count)), 100)
        last = np.concatenate([person[1:] != person[:-1], [True]])[: len(person)]
        until[person[last]] = end[last]
        if not psychiatric:
            state.after_acsc[person[last]] = rows["kind"][mine][last] == ACSC
            length = end[last] - rows["start"][mine][last]
            state.after_short[person[last]] = length <= given.admissions.readmission.short_hours * 60


def _of_year(time: Floats, hazard: Hazards, person: Ints | None = None) -> Floats:
    starts = hazard.starts if person is None else hazard.starts[person]
    return starts + (1 - starts) * np.minimum(time, 1.0)


def _lengths(stays: Admissions, given: Parameters) -> Ints:
    """Return lengths of stay in minutes: above 13 hours, log-normal, at most `most_days`."""
    rules = given.admissions.length
    shape = np.array([rules.other, rules.acsc, rules.psych])[stays.kind]
    hours = shape[:, 0] * np.exp(shape[:, 1] * ndtri(np.clip(unit(stays.bits, 4), 1e-12, 1 - 1e-12)))
    minutes: Ints = np.floor(np.minimum(SHORTEST + hours * 60, rules.most_days * DAY)).astype(np.int64)
    return minutes


def _with_readmissions(
    base: Admissions,
    start: Ints,
    death: Ints,
    people: People,
    year: Year,
    keys: Words,
    given: Parameters,
    psychiatric: bool,
) -> tuple[Admissions, Ints, Ints]:
    """Return stays with those that follow within days of a discharge, their starts and lengths.

    After a discharge another stay comes at a constant hazard for some days, unless one comes by itself first: then its
    discharge starts the days anew. A readmission has days of its own.
    """
    length = _lengths(base, given)
    after = np.concatenate([base.person[1:] == base.person[:-1], [False]])[: len(base.person)]
    following = np.where(after, np.concatenate([start[1:], [0]])[: len(start)], 2**62)
    limit = np.minimum(following, death[base.person])
    everything, starts = [base], [start]
    parents, begun, lasting, until = base, start, length, limit
    for turn in itertools.count():
        alive = np.flatnonzero(~parents.fatal)
        parents, begun, lasting, until = parents.take(alive), begun[alive], lasting[alive], until[alive]
        discharge = begun + lasting
        acsc, short = parents.kind == ACSC, lasting <= given.admissions.readmission.short_hours * 60
        rate = readmission(people, parents.person, acsc, short, year, given, psychiatric=psychiatric)
        bits = hashed(keys[parents.person], f"again {turn} {psychiatric}", parents.bits.view(np.int64), year.number)
        time = year.time(discharge) + -np.log1p(-unit(bits)) / rate
        comes = time < year.time(discharge + given.admissions.readmission.days * DAY)
        when = by_hour(year.minute(np.minimum(time, 1 - 1e-12)), ARRIVALS)
        rows = np.flatnonzero(comes & (time < 1) & (when < until))
        if len(rows) == 0:
            break
        n = len(rows)
        children = Admissions(
            parents.person[rows], time[rows], np.full(n, PSYCH if psychiatric else OTHER), np.full(n, AGAIN),
            np.full(n, -1), np.zeros(n, bool), bits[rows],
        )  # fmt: skip
        parents, begun, until = children, when[rows], until[rows]
        lasting = _lengths(children, given)
        everything.append(children)
        starts.append(begun)
    whole = joined(
        [replace(part, time=begin.astype(np.float64)) for part, begin in zip(everything, starts, strict=True)]
    )
    return whole, whole.time.astype(np.int64), _lengths(whole, given)


def _spaced(stays: Admissions, start: Ints, length: Ints, earliest: Ints, latest: Ints) -> Rows:
    """Return stays with room between them: pushed later one after the other, then back from the end where need be."""
    person = stays.person
    n = len(person)
    place = place_in_run(person)
    of_person = np.bincount(person, minlength=len(earliest))
    left = of_person[person] - 1 - place
    span = np.int64(2**40)  # more than any minute: keeps people apart in one running maximum
    slot = np.maximum(start, earliest[person]) - place * APART + 2**38
    pushed = np.maximum.accumulate(person * span + slot) - person * span if n else slot
    start = pushed - 2**38 + place * APART
    start = np.minimum(start, latest[person] - SHORTEST - left * APART - 1)
    following = np.concatenate([start[1:], [0]])[:n]
    room = np.where(left > 0, following // DAY * DAY - BEFORE_MIDNIGHT, 2**62)
    return {
        "person": person,
        "start": start,
        "end": np.minimum(np.maximum(by_hour(start + length, DISCHARGES), start + SHORTEST), room),
        "kind": stays.kind,
        "cause": stays.cause,
        "condition": stays.condition,
        "fatal": stays.fatal,
        "bits": stays.bits,
    }
