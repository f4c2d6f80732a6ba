"""The true risks: the exact 12-month cumulative incidence of each outcome, death competing, from the hazards.

The year has two phases. In the first, an outcome comes at rate `events`, what rules it out (death) at rate `competing`,
and each condition's onset, if it brings neither, moves the person into a phase of its own with other rates. There is no
third phase: later onsets still bring their admissions, but change no hazard before the next 1 January. With constant
rates in each phase the probability is a sum of exponentials (`incidence`), the same as the matrix exponential gives.
Days after a discharge have an added rate; people who have such days on 1 January get up to three stretches of time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.synthesis.hazards import Hazards
from pipelines.synthesis.parameters import Parameters
from pipelines.synthesis.streams import Floats

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
    risks = {}
    for outcome in OUTCOMES:
        rates = outcome_rates(hazard, given, outcome)
        whole = np.ones(len(hazard.other))
        found = incidence(rates, [(whole, np.zeros_like(whole))])
        rows = np.flatnonzero((hazard.again_until > 0) | (hazard.psych_again_until > 0))
        if len(rows) and outcome != "death" and outcome != "acsc_admission":
            some = Rates(*(getattr(rates, name)[rows] for name in Rates.__dataclass_fields__))
            found[rows] = incidence(some, _stretches(hazard, rows, outcome))
        if not (np.isfinite(found).all() and (found >= 0).all() and (found <= 1).all()):
            raise ArithmeticError(f"{outcome}: a true risk is no probability")
        risks[outcome] = found
    return risks


def outcome_rates(hazard: Hazards, given: Parameters, outcome: str) -> Rates:
    """Return the rates of one outcome."""
    h = hazard
    kind = np.array([condition.onset_kind for condition in given.conditions])
    brings = given.column("onset_admission")
    somatic_mark = np.where(kind != "psych", brings, 0.0)
    acsc_mark = np.where(kind == "acsc", brings, 0.0)
    psych_mark = np.where(kind == "psych", brings, 0.0)
    deadly = somatic_mark * given.column("onset_fatal")
    deadly_other = np.where(kind == "other", deadly, 0.0)
    fatal = h.fatal[:, None]
    other, acsc, psych, death = h.other, h.acsc, h.psych, h.death
    other_k, acsc_k, psych_k, death_k = (
        rate[:, None] * after
        for rate, after in (
            (other, h.other_after), (acsc, h.acsc_after), (psych, h.psych_after), (death, h.death_after))
    )  # fmt: skip
    none, none_k = np.zeros_like(death), 0.0

    if outcome == "acute_somatic_admission":
        return _rates(h.onset, other + acsc, death, other_k + acsc_k, death_k, somatic_mark, 0 * brings)
    if outcome == "acute_admission":
        events, after = other + acsc + psych, other_k + acsc_k + psych_k
        return _rates(h.onset, events, death, after, death_k, somatic_mark + psych_mark, 0 * brings)
    if outcome == "acsc_admission":
        rules_out, after = death + h.fatal * other, death_k + fatal * other_k
        return _rates(h.onset, acsc, rules_out, acsc_k, after, acsc_mark, deadly_other)
    if outcome == "psychiatric_admission":
        rules_out, after = death + h.fatal * (other + acsc), death_k + fatal * (other_k + acsc_k)
        return _rates(h.onset, psych, rules_out, psych_k, after, psych_mark, deadly)
    if outcome == "death":
        events, after = death + h.fatal * (other + acsc), death_k + fatal * (other_k + acsc_k)
        return _rates(h.onset, events, none, after, none_k + np.zeros_like(after), deadly, 0 * brings)
    raise ValueError(outcome)


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
    marks, deaths = onset * marked[None, :], onset * deadly[None, :]
    all_marks, all_deaths = marks.sum(axis=1), deaths.sum(axis=1)
    return Rates(
        events + all_marks,
        competing + all_deaths,
        onset - marks - deaths,
        events_after + all_marks[:, None] - marks,
        competing_after + all_deaths[:, None] - deaths,
    )


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
    """Return the stretches of some people's year: up to the nearer, then the further end of the days after discharge."""
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
    small = x < 1e-9
    return np.where(small, 1.0 - x / 2, -np.expm1(-x) / np.where(small, 1.0, x))


def _c(x: Floats, y: Floats) -> Floats:
    found: Floats = np.exp(-np.minimum(x, y)) * _f(np.abs(x - y))
    return found
