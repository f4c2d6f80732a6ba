"""The true risks: the exact 12-month cumulative incidence of each outcome, death competing, from the hazards.

The year has two phases. In the first, an outcome comes at rate `events`, what rules it out (death) at rate `competing`,
and each condition's onset, if it brings neither, moves the person into a phase of its own with other rates. There is no
third phase: later onsets still bring their admissions, but change no hazard before the next 1 January. With constant
rates in each phase the probability is a sum of exponentials (`incidence`), the same as the matrix exponential gives.
Days after a discharge have an added rate; people who have such days on 1 January get up to three stretches of time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipelines.synthesis.hazards import Hazards
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.streams import Floats

AT_A_TIME = 512  # people whose rates fit into a processor's own memory
OUTCOMES = ("acute_admission", "acute_somatic_admission", "psychiatric_admission", "acsc_admission", "death")


@dataclass(frozen=True)
class Rates:
    """The rates of one outcome: (people) in the first phase, (people, conditions) after the first onset."""

    events: Floats
    competing: Floats
    moves: Floats
    events_after: Floats
    competing_after: Floats


Stretch = tuple[Floats, Floats]  # its length in the person's time, and the rate of the outcome added in it


def true_risks(hazard: Hazards, given: Parameters) -> dict[str, Floats]:
    """Return each outcome's probability within the year for everyone at risk, 0 for others. Raises if one is none."""
    risks = {outcome: np.zeros(len(hazard.at_risk)) for outcome in OUTCOMES}
    at_risk = np.flatnonzero(hazard.at_risk)
    for begins in range(0, len(at_risk), AT_A_TIME):
        here = at_risk[begins : begins + AT_A_TIME]
        for outcome, found in _risks_of(hazard.rows(here), given):
            if not (np.isfinite(found).all() and (found >= 0).all() and (found <= 1 + 1e-12).all()):
                raise ArithmeticError(f"{outcome}: a true risk is no probability")
            risks[outcome][here] = np.minimum(found, 1.0)
    return risks


def _risks_of(some: Hazards, given: Parameters) -> Iterator[tuple[str, Floats]]:
    discharged = np.flatnonzero((some.again_until > 0) | (some.psych_again_until > 0))
    whole = np.ones(len(some.other))
    for outcome, rates in outcome_rates(some, given):
        found = incidence(rates, [(whole, np.zeros_like(whole))])
        if len(discharged) and outcome not in ("death", "acsc_admission"):
            few = Rates(*(getattr(rates, name)[discharged] for name in Rates.__dataclass_fields__))
            found[discharged] = incidence(few, _stretches(some, discharged, outcome))
        yield outcome, found


def outcome_rates(h: Hazards, given: Parameters) -> Iterator[tuple[str, Rates]]:
    """Yield each outcome with its rates, in the order of OUTCOMES."""
    kind = np.array([condition.onset_kind for condition in given.conditions])
    brings = given.column("onset_admission")
    somatic_mark, psych_mark = np.where(kind != "psych", brings, 0.0), np.where(kind == "psych", brings, 0.0)
    acsc_mark = np.where(kind == "acsc", brings, 0.0)
    deadly = somatic_mark * given.column("onset_fatal")
    other_k, acsc_k = h.other[:, None] * h.other_after, h.acsc[:, None] * h.acsc_after
    psych_k, death_k = h.psych[:, None] * h.psych_after, h.death[:, None] * h.death_after
    somatic, somatic_k = h.other + h.acsc, other_k + acsc_k
    ends, ends_k = h.death + h.fatal * somatic, death_k + h.fatal[:, None] * somatic_k
    nobody, nothing, never = np.zeros_like(h.death), np.zeros_like(death_k), np.zeros_like(brings)
    yield OUTCOMES[0], _rates(h.onset, somatic + h.psych, h.death, somatic_k + psych_k, death_k,
                              somatic_mark + psych_mark, never)  # fmt: skip
    yield OUTCOMES[1], _rates(h.onset, somatic, h.death, somatic_k, death_k, somatic_mark, never)
    yield OUTCOMES[2], _rates(h.onset, h.psych, ends, psych_k, ends_k, psych_mark, deadly)
    not_acsc, not_acsc_k = h.death + h.fatal * h.other, death_k + h.fatal[:, None] * other_k
    deadly_other = np.where(kind == "other", deadly, 0.0)
    yield OUTCOMES[3], _rates(h.onset, h.acsc, not_acsc, acsc_k, not_acsc_k, acsc_mark, deadly_other)
    yield OUTCOMES[4], _rates(h.onset, ends, nobody, ends_k, nothing, deadly, never)


def _rates(
    onset: Floats,
    events: Floats,
    competing: Floats,
    events_after: Floats,
    competing_after: Floats,
    marked: Floats,
    deadly: Floats,
) -> Rates:
    """Add what onsets bring: the outcome itself with chance `marked`, what rules it out with chance `deadly`.

    In a condition's own phase that condition no longer begins.
    """
    marks = onset * marked
    all_marks = marks.sum(axis=1)
    found = Rates(
        events + all_marks, competing, onset - marks, events_after + all_marks[:, None] - marks, competing_after
    )
    if not deadly.any():
        return found
    deaths = onset * deadly
    all_deaths = deaths.sum(axis=1)
    return replace(found, competing=competing + all_deaths, moves=found.moves - deaths,
                   competing_after=competing_after + all_deaths[:, None] - deaths)  # fmt: skip


def incidence(rates: Rates, stretches: Sequence[Stretch]) -> Floats:
    """Return the probability of the outcome over stretches of time that follow each other.

    In each stretch: P += p0 [E0 f(L0) + sum_k T_k Ek/Lk (f(L0) - c(L0, Lk))] + sum_k pk Ek/Lk (1 - e^-Lk), with
    f(x) = (1 - e^-x)/x and c(x, y) = e^-min(x,y) f(|x-y|), the form in which no exponential overflows.
    """
    found = np.zeros_like(rates.events)
    first = np.ones_like(found)  # probability of still being in the first phase
    after: Floats | None = None  # probability of being in each condition's phase
    last = len(stretches) - 1
    for place, (length, added) in enumerate(stretches):
        events, events_after = (rates.events + added) * length, (rates.events_after + added[:, None]) * length[:, None]
        moves = rates.moves * length[:, None]
        leaving = events + rates.competing * length + moves.sum(axis=1)
        leaving_after = events_after + rates.competing_after * length[:, None]
        share = events_after / np.maximum(leaving_after, 1e-300)
        spent, both = _f(leaving), _c(leaving[:, None], leaving_after)
        found = found + first * (events * spent + (moves * share * (spent[:, None] - both)).sum(axis=1))
        if after is not None:
            found = found + (after * share * -np.expm1(-leaving_after)).sum(axis=1)
        if place < last:
            stays = np.exp(-leaving_after)
            after = first[:, None] * moves * both + (0.0 if after is None else after * stays)
            first = first * np.exp(-leaving)
    return found


def _stretches(hazard: Hazards, rows: np.ndarray, outcome: str) -> list[Stretch]:
    """Return the stretches of some people's year: to the nearer, then the further end of the days after discharge."""
    until, psych_until = hazard.again_until[rows], hazard.psych_again_until[rows]
    again = hazard.again[rows] * (outcome != "psychiatric_admission")
    psych = hazard.psych_again[rows] * (outcome != "acute_somatic_admission")
    edges = np.stack([np.zeros(len(rows)), np.minimum(until, psych_until), np.maximum(until, psych_until),
                      np.ones(len(rows))])  # fmt: skip
    return [
        (edges[place + 1] - edges[place], again * (edges[place] < until) + psych * (edges[place] < psych_until))
        for place in range(3)
    ]


def _f(x: Floats) -> Floats:
    """(1 - e^-x)/x, 1 at 0; below 1e-9 the quotient is 1 to the last bit but one."""
    y = np.maximum(x, 1e-9)
    found: Floats = -np.expm1(-y) / y
    return found


def _c(x: Floats, y: Floats) -> Floats:
    found: Floats = np.exp(-np.minimum(x, y)) * _f(np.abs(x - y))
    return found
