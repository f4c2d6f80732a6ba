"""What may happen to each person in the year, per year, as of 1 January; and how the year's first onset changes it.

Hazards follow the state of 1 January. The first onset of the year multiplies the hazards of admission and death at
once, later onsets from the next 1 January. Who is in hospital on 1 January stays there as planned, and nothing else
happens to them until discharge: all their hazards are for the part of the year that is left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.synthesis.calendar import DAY, Year
from pipelines.synthesis.parameters import OLDEST, Parameters
from pipelines.synthesis.people import People
from pipelines.synthesis.shapes import AdmissionKind
from pipelines.synthesis.state import State
from pipelines.synthesis.streams import Floats


@dataclass(frozen=True)
class Hazards:
    """Hazards of a block's people over the time they have; 0 for those not at risk. Time 0-1 is the person's own."""

    at_risk: NDArray[np.bool_]
    starts: Floats  # operational time of the year at which the person's own time begins: discharge, else 0
    onset: Floats  # (people, conditions)
    other: Floats  # acute somatic admissions that are not ACSC, without those that an onset brings
    acsc: Floats
    psych: Floats
    death: Floats  # outside the admissions that end in death
    fatal: Floats  # share of `other` and `acsc` that end in death
    again: Floats  # added to `other` in the days after the last somatic discharge, until `again_until`
    again_until: Floats
    psych_again: Floats
    psych_again_until: Floats
    other_after: Floats  # (people, conditions): factor on `other` once this condition was the year's first onset
    acsc_after: Floats
    psych_after: Floats
    death_after: Floats

    def rows(self, chosen: NDArray[np.int64]) -> Hazards:
        """Return the hazards of some of the people."""
        return Hazards(**{name: getattr(self, name)[chosen] for name in Hazards.__dataclass_fields__})


@dataclass(frozen=True)
class Factors:
    """Factors on the hazards of a block's people, from offers in use; see `policy.py`."""

    other: Floats
    acsc: Floats
    psych: Floats
    death: Floats


def hazards(people: People, state: State, year: Year, given: Parameters, factors: Factors | None = None) -> Hazards:
    """Return the hazards of those resident on the eve of the year."""
    at_risk = people.resident(year.first - 1)
    age = np.clip((year.first - people.birth) / 365.25, 0, OLDEST)
    in_home = state.care_home < year.first
    starts = year.time(np.maximum(state.until, state.psych_until))
    left = np.where(at_risk, 1.0 - starts, 0.0)
    admissions = given.admissions
    found = {}
    for name, kind in admissions.kind.items():
        before = state.psych_stays if name == "psych" else state.stays
        log = bent(getattr(state, name) * kind.stretch, kind.saturation)
        after = _after(log, given.column(name)[None, :] * kind.stretch, kind.saturation)
        rate = kind.base * np.exp(log + _personal(people, age, before, in_home, kind)) * given.drift(name, year.number)
        if name == "psych":
            rate = np.where(age >= 12, rate, 0.0)
        found[name] = (rate * left, after)
    dying = _dying(people, state, age, given)
    weights = given.column("death") * np.where(given.psychiatric, dying.mental[:, None], dying.somatic[:, None])
    death_after = _after(dying.log, weights * admissions.death.stretch, admissions.death.saturation)
    died = _mortality(people, state, age, in_home, dying, given)
    fatal = _fatal(age, given)
    again, until = _again(people, state, year, starts, given, psychiatric=False)
    psych_again, psych_until = _again(people, state, year, starts, given, psychiatric=True)
    offered = factors or Factors(*(np.ones(len(people)),) * 4)
    return Hazards(
        at_risk=at_risk,
        starts=starts,
        onset=onsets(people, state, age, given, year.number) * left[:, None],
        other=found["other"][0] * offered.other,
        acsc=found["acsc"][0] * offered.acsc,
        psych=found["psych"][0] * offered.psych,
        death=died * given.drift("death", year.number) * left * offered.death,
        fatal=fatal,
        again=again * left,
        again_until=until,
        psych_again=psych_again * left,
        psych_again_until=psych_until,
        other_after=found["other"][1],
        acsc_after=found["acsc"][1],
        psych_after=found["psych"][1],
        death_after=death_after,
    )


def onsets(people: People, state: State, age: Floats, given: Parameters, year: int | None = None) -> Floats:
    """Return onsets per year of each condition not had yet; `age` in years, one per person."""
    rate = given.rate[people.sex - 1, age.astype(np.int64)]
    found = rate * state.own * np.minimum(state.effect, given.effects.most)
    found *= np.where(state.mental[:, None] & ~given.psychiatric[None, :], given.effects.mental, 1.0)
    found[state.has()] = 0.0
    drift: Floats = found * (1.0 if year is None else given.drift("onset", year))
    return drift


def total_death(people: People, state: State, age: Floats, given: Parameters) -> Floats:
    """Return the hazard of death, in and out of hospital, of people of these ages with no recent stay."""
    admissions = given.admissions
    nobody = np.zeros(len(people), bool)
    died = _mortality(people, state, age, nobody, _dying(people, state, age, given), given)
    fatal = _fatal(age, given)
    for name in ("other", "acsc"):
        kind = admissions.kind[name]
        log = bent(getattr(state, name) * kind.stretch, kind.saturation)
        died = died + fatal * kind.base * np.exp(log + _personal(people, age, state.stays, nobody, kind))
    return died


def readmission(
    people: People,
    person: NDArray[np.int64],
    after_acsc: NDArray[np.bool_],
    after_short: NDArray[np.bool_],
    year: Year,
    given: Parameters,
    *,
    psychiatric: bool,
) -> Floats:
    """Return the hazard, per year, of another stay in the days after each discharge, by the age on 1 January.

    `person` is whose discharge it is, `after_acsc` and `after_short` say what the stay was.
    """
    rules = given.admissions.readmission
    if psychiatric:
        chance = rules.psych * np.exp(rules.frailty * people.mind[person])
    else:
        years = np.clip((year.first - people.birth[person]) / 365.25, 0, OLDEST) - rules.age_from
        chance = np.where(after_acsc, rules.acsc, rules.other)
        chance = chance * np.where(after_short & (years >= 0), rules.short, 1.0)
        chance = chance * np.exp(rules.frailty * people.frailty[person] + rules.age_slope * years)
    found: Floats = -np.log1p(-np.minimum(chance, 0.6)) * 365.25 / rules.days
    return found


def bent(total: Floats, ceiling: float) -> Floats:
    """Return a sum of effects that follows the sum at first and never exceeds the ceiling."""
    found: Floats = ceiling * -np.expm1(-total / ceiling)
    return found


def _after(log: Floats, weights: Floats, ceiling: float) -> Floats:
    """Return the factor on a hazard that each further condition would bring, from the bent sum of those there are."""
    found: Floats = np.exp((ceiling - log)[:, None] * -np.expm1(-weights / ceiling))
    return found


def _personal(
    people: People, age: Floats, before: NDArray[np.int8], in_home: NDArray[np.bool_], kind: AdmissionKind
) -> Floats:
    log = kind.age_slope * np.clip(age - kind.age_from, 0, 50) + kind.child * np.clip(1 - age / 10, 0, 1)
    log = log + kind.frailty * people.frailty + kind.mind * people.mind - kind.resources * people.resources
    log = log + kind.prior * (np.minimum(before, 1) + 0.5 * np.clip(before - 1, 0, 1))
    found: Floats = log + kind.care_home * in_home
    return found


def _fatal(age: Floats, given: Parameters) -> Floats:
    """Return the share of acute somatic admissions that end in death."""
    rules = given.admissions.fatal
    return np.minimum(rules.at75 * np.exp(rules.slope * (age - 75)), rules.most)


@dataclass(frozen=True)
class _Dying:
    """How much psychiatric and somatic conditions weigh at each person's age, and the bent sum of their weights."""

    mental: Floats
    somatic: Floats
    log: Floats


def _dying(people: People, state: State, age: Floats, given: Parameters) -> _Dying:
    rules = given.admissions.death
    heavier = 1 + np.asarray(rules.young_mental)[people.sex - 1] * np.clip((80 - age) / 35, 0, 1)
    lighter = 1 - rules.old_somatic * np.clip((age - 60) / 25, 0, 1)
    total = (state.death * lighter + state.death_mental * heavier) * rules.stretch
    return _Dying(heavier, lighter, bent(total, rules.saturation))


def _mortality(
    people: People, state: State, age: Floats, in_home: NDArray[np.bool_], dying: _Dying, given: Parameters
) -> Floats:
    """Return the hazard of death outside the admissions that end in it."""
    rules = given.admissions.death
    at60, slope, scale = (np.asarray(each)[people.sex - 1] for each in (rules.at60, rules.slope, rules.scale))
    base = at60 * np.exp(slope * (np.clip(age, 0, OLDEST) - 60.0)) * scale + rules.floor
    base = base + rules.infant * (age < 1)
    log = dying.log + rules.frailty * people.frailty - rules.resources * people.resources
    log = log + rules.prior * np.minimum(state.stays, 2) + rules.care_home * in_home
    log = log + rules.prior_psych * np.minimum(state.psych_stays, 1)
    found: Floats = base * np.exp(log)
    return found


def _again(
    people: People, state: State, year: Year, starts: Floats, given: Parameters, *, psychiatric: bool
) -> tuple[Floats, Floats]:
    """Return the added hazard after the last discharge, and until when it holds in the person's own time."""
    last = state.psych_until if psychiatric else state.until
    ends = year.time(last + given.admissions.readmission.days * DAY)
    until = np.where(starts < 1, (ends - starts) / np.maximum(1 - starts, 1e-12), 0.0)
    until = np.where((last > 0) & (ends > starts), np.clip(until, 0.0, 1.0), 0.0)
    everybody = np.arange(len(people))
    rate = readmission(people, everybody, state.after_acsc, state.after_short, year, given, psychiatric=psychiatric)
    return np.where(until > 0, rate, 0.0), until
