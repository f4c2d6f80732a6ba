"""What is stated comes true: over many fresh years, each outcome is as frequent as its true risk says.

200 years of 20,000 people, by decile of risk and in the groups that matter most; and the same test catches faults that
are planted on purpose, so it can fail.
"""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.synthesis import happenings, stays
from pipelines.synthesis.calendar import DAY, NEVER
from pipelines.synthesis.risk import OUTCOMES
from tests.unit.synthesis.resimulation import GIVEN, LEVEL, YEAR, again, auroc, january, p_value

pytestmark = pytest.mark.slow
TIMES, PEOPLE = 200, 20_000


@pytest.fixture(scope="module")
def first():
    return january(PEOPLE, 11)


@pytest.fixture(scope="module")
def years(first):
    return again(first, TIMES, 710_000)


def groups(found):
    state, people = found.life.state, found.life.people
    has = state.onset < NEVER
    return {
        "severe mental illness": has[:, [GIVEN.index("schizophrenia"), GIVEN.index("bipolar")]].any(axis=1),
        "few resources": people.few(),
        "four conditions or more": has.sum(axis=1) >= 4,
        "discharged lately": (found.hazard.again_until > 0) | (found.hazard.psych_again_until > 0),
    }


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_realised_equals_stated_by_decile(years, outcome):
    assert p_value(years, outcome) > LEVEL / len(OUTCOMES)


@pytest.mark.parametrize(
    "group", ["severe mental illness", "few resources", "four conditions or more", "discharged lately"]
)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_realised_equals_stated_in_the_groups_that_matter(years, outcome, group):
    chosen = groups(years)[group]
    assert chosen.sum() > 30
    assert p_value(years, outcome, chosen) > LEVEL / (len(OUTCOMES) * 4)


def test_the_true_risk_ranks_people_as_well_as_a_region_allows(first):
    adult = first.hazard.at_risk & (first.life.people.age(YEAR.first) >= 18)
    assert 0.76 < auroc(first.risks["acute_admission"][first.hazard.at_risk]) < 0.86
    assert 0.76 < auroc(first.risks["acute_admission"][adult]) < 0.86


def capped_onsets(hazard, draws, keys, year, given):
    """A fault: nobody has more than the first onset of the year."""
    found = happenings.happen(hazard, draws, keys, year, given)
    adm = found.admissions
    brought = np.flatnonzero(adm.cause == happenings.ONSET)
    first_time = np.full(len(hazard.other), 2.0)
    np.minimum.at(first_time, found.onsets.person, found.onsets.time)
    late = brought[adm.time[brought] > first_time[adm.person[brought]]]
    return replace(found, admissions=adm.take(np.setdiff1d(np.arange(len(adm.person)), late)))


def deaths_after_discharge(found, hazard, people, state, year, keys, given):
    """A fault: one in twenty dies within a month of a somatic discharge, in the same year."""
    rows, death = stays.place_stays(found, hazard, people, state, year, keys, given)
    mine = np.flatnonzero((rows["kind"] != happenings.PSYCH) & (rows["bits"] % np.uint64(20) == 0))
    day = rows["end"][mine] // DAY + 10
    inside = day < year.first + year.length
    death = death.copy()
    death[rows["person"][mine[inside]]] = np.where(
        death[rows["person"][mine[inside]]] < 0, day[inside] * DAY, death[rows["person"][mine[inside]]]
    )
    return rows, death


@pytest.mark.parametrize(
    "fault, outcome",
    [({"happening": capped_onsets}, "acute_somatic_admission"), ({"placing": deaths_after_discharge}, "death")],
    ids=["a cap on onsets", "deaths after discharge"],
)
def test_a_planted_fault_is_caught(first, fault, outcome):
    # many onsets ahead are where a cap shows: hazards of onset are set high, and the stated risk with them
    hazard = replace(first.hazard, onset=first.hazard.onset * 12) if "happening" in fault else first.hazard
    from pipelines.synthesis.risk import true_risks

    worse = replace(first, hazard=hazard, risks=true_risks(hazard, GIVEN))
    assert p_value(again(worse, 40, 810_000), outcome) > LEVEL
    assert p_value(again(worse, 40, 820_000, **fault), outcome) < LEVEL
