"""Lives: hazards follow the state of 1 January, and the stated risks are those of competing Poisson processes."""

import numpy as np
import pytest

from pipelines.synthesis.lives import Hazards, bent, birth_to_entry, fall_ill, hazards, leave, onset_hazards
from pipelines.synthesis.parameters import parameters
from pipelines.synthesis.people import NEVER, settle
from pipelines.synthesis.streams import Streams

FIRST = 16436
GIVEN = parameters()


@pytest.fixture
def people():
    return settle(Streams(5), GIVEN, 1500, FIRST, 2)


@pytest.fixture
def health(people):
    return birth_to_entry(people, Streams(5), GIVEN)


def one(somatic, psychiatric, death):
    return Hazards(np.array([somatic]), np.array([psychiatric]), np.array([death]), np.array([True]))


@pytest.mark.parametrize("somatic, psychiatric, death", [(0.2, 0.05, 0.1), (2.0, 0.0, 0.5), (0.01, 0.0, 3.0)])
def test_risks_are_those_of_a_race_simulated_directly(somatic, psychiatric, death):
    rng = np.random.default_rng(1)
    n = 200_000
    waits = [rng.exponential(1 / max(rate, 1e-12), n) for rate in (somatic, psychiatric, death)]
    admitted = np.minimum(waits[0], waits[1])
    hazard = one(somatic, psychiatric, death)
    assert hazard.admission_risk()[0] == pytest.approx(((admitted < 1) & (admitted < waits[2])).mean(), abs=0.004)
    assert hazard.somatic_risk()[0] == pytest.approx(((waits[0] < 1) & (waits[0] < waits[2])).mean(), abs=0.004)
    assert hazard.death_risk()[0] == pytest.approx((waits[2] < 1).mean(), abs=0.004)


def test_no_hazard_is_no_risk():
    nothing = one(0.0, 0.0, 0.0)
    assert nothing.admission_risk()[0] == nothing.death_risk()[0] == 0.0


def test_the_sum_of_effects_is_bent_below_its_ceiling():
    totals = np.array([0.0, 0.01, 1.0, 50.0])
    out = bent(totals, 2.0)
    assert out[0] == 0.0
    assert out[1] == pytest.approx(0.01, rel=0.01)
    assert (np.diff(out) > 0).all()
    assert out[-1] <= 2.0


def test_onsets_before_entry_lie_between_birth_and_entry(people, health):
    who, _ = np.nonzero(health.onset < NEVER)
    when = health.onset[health.onset < NEVER]
    assert (when >= people.birth[who]).all()
    assert (when <= people.entry[who]).all()


def test_newborns_enter_without_conditions(people, health):
    newborn = people.birth == people.entry
    assert newborn.any()
    assert (health.onset[newborn] == NEVER).all()


def test_those_not_there_have_no_hazard(people, health):
    people.death[:100] = FIRST - 5
    hazard = hazards(people, health, FIRST, GIVEN)
    assert not hazard.at_risk[:100].any()
    gone = ~hazard.at_risk
    assert (hazard.somatic[gone] == 0).all()
    assert (hazard.death[gone] == 0).all()
    assert gone[people.entry >= FIRST].all()


def test_risks_are_finite_probabilities(people, health):
    hazard = hazards(people, health, FIRST, GIVEN)
    for risk in (hazard.admission_risk(), hazard.somatic_risk(), hazard.death_risk()):
        assert np.isfinite(risk).all()
        assert ((risk >= 0) & (risk < 1)).all()
    assert (hazard.somatic_risk() <= hazard.admission_risk() + 1e-15).all()


@pytest.mark.parametrize("condition", ["hf", "cancer", "copd_asthma", "schizophrenia", "dementia"])
def test_a_condition_raises_the_hazards_of_those_who_have_it(people, health, condition):
    column = GIVEN.index(condition)
    before = hazards(people, health, FIRST, GIVEN)
    without = health.onset[:, column] == NEVER
    health.onset[:, column] = np.minimum(health.onset[:, column], FIRST - 400)
    after = hazards(people, health, FIRST, GIVEN)
    at_risk = before.at_risk & without
    assert (after.somatic[at_risk] > before.somatic[at_risk]).all()
    assert (after.death[at_risk] > before.death[at_risk]).all()


def test_what_starts_on_the_day_itself_does_not_count_yet(people, health):
    before = hazards(people, health, FIRST, GIVEN)
    health.onset[health.onset == NEVER] = FIRST
    after = hazards(people, health, FIRST, GIVEN)
    np.testing.assert_array_equal(before.somatic, after.somatic)


def test_stays_and_drugs_of_the_year_before_raise_the_hazard(people, health):
    quiet = hazards(people, health, FIRST, GIVEN)
    health.stays = health.stays + 1
    admitted = hazards(people, health, FIRST, GIVEN)
    health.drugs = health.drugs + 12
    many = hazards(people, health, FIRST, GIVEN)
    at_risk = quiet.at_risk
    assert (admitted.somatic[at_risk] > quiet.somatic[at_risk]).all()
    assert (admitted.death[at_risk] > quiet.death[at_risk]).all()
    assert (many.somatic[at_risk] > admitted.somatic[at_risk]).all()


def test_mental_illness_raises_somatic_onsets_by_the_declared_ratio(people, health):
    health.onset[:] = NEVER
    who = np.arange(200)
    age = np.full(200, 50, np.int32)
    before = onset_hazards(people, health.onset, who, age, GIVEN)
    health.onset[:, GIVEN.index("eating")] = 0  # no effect of its own on other conditions
    after = onset_hazards(people, health.onset, who, age, GIVEN)
    somatic = ~GIVEN.psychiatric
    ratio = after[:, somatic] / np.where(before[:, somatic] > 0, before[:, somatic], 1)
    assert ratio[before[:, somatic] > 0] == pytest.approx(GIVEN.onset["mental"])
    np.testing.assert_array_equal(after[:, GIVEN.psychiatric], before[:, GIVEN.psychiatric])


def test_less_education_means_more_disease(people, health):
    health.onset[:] = NEVER
    who = np.arange(200)
    age = np.full(200, 60, np.int32)
    people.education[:] = 0
    short = onset_hazards(people, health.onset, who, age, GIVEN)
    people.education[:] = 6
    long = onset_hazards(people, health.onset, who, age, GIVEN)
    column = GIVEN.index("copd_asthma")
    assert short[:, column] / long[:, column] == pytest.approx(np.exp(2 * GIVEN.education_log[column]))


def test_who_dies_cannot_also_move_out_and_who_moves_out_is_not_seen_dying(people):
    n = len(people)
    certain = np.full(n, 50.0)
    hazard = Hazards(np.zeros(n), np.zeros(n), certain, people.resident(FIRST - 1))
    leave(people, hazard, (2015, FIRST, 365), Streams(5), GIVEN)
    here = hazard.at_risk
    assert ((people.death < NEVER) ^ (people.emigration < NEVER))[here].all()
    assert (people.death[~here] == NEVER).all()
    assert ((people.death[people.death < NEVER] - FIRST) < 365).all()


def test_deaths_are_as_many_as_the_hazards_say(people):
    n = len(people)
    hazard = Hazards(np.zeros(n), np.zeros(n), np.full(n, 0.3), people.resident(FIRST - 1))
    leave(people, hazard, (2015, FIRST, 365), Streams(5), GIVEN)
    died = (people.death < NEVER)[hazard.at_risk].mean()
    assert died == pytest.approx(1 - np.exp(-0.3), abs=0.04)


def test_onsets_of_a_year_fall_in_it_and_before_death(people, health):
    before = health.onset.copy()
    people.death[:300] = FIRST + 20
    fall_ill(people, health, (2015, FIRST, 365), Streams(5), GIVEN)
    new = health.onset != before
    assert new.any()
    who, _ = np.nonzero(new)
    when = health.onset[new]
    assert ((when >= FIRST) & (when < FIRST + 365)).all()
    assert (when < people.death[who]).all()
    assert (before[new] == NEVER).all()  # nothing begins twice
