"""Lives before and within the extract: onsets, what care knows of them, and who survives."""

from datetime import date

import numpy as np
import pytest

from pipelines.synthesis.calendar import NEVER
from pipelines.synthesis.codes import Codes
from pipelines.synthesis.growing_up import grow_up
from pipelines.synthesis.hazards import bent, hazards, onsets, readmission, total_death
from pipelines.synthesis.parameters import read_parameters
from pipelines.synthesis.recognition import access, recognise, severe
from pipelines.synthesis.shard import Plan, live_year, start
from pipelines.synthesis.state import begin, unborn
from pipelines.synthesis.streams import Draws
from tests.unit.synthesis.scenes import FIRST_DAY, settled

GIVEN = read_parameters()
COPD, T2D, SCHIZOPHRENIA, STROKE = (GIVEN.index(name) for name in ("copd", "t2d", "schizophrenia", "stroke"))
YEAR = GIVEN.year(2015)


@pytest.fixture(scope="module")
def grown():
    people = settled(GIVEN, 4000)
    return people, grow_up(people, Draws(5, 0, len(people)).keys(), GIVEN)


def nothing_yet(n=40, age=60):
    people = settled(GIVEN, n)
    people.birth[:] = FIRST_DAY - round(age * 365.25)
    people.frailty[:] = people.mind[:] = people.resources[:] = 0.0
    return people, unborn(people, GIVEN)


def give(state, condition, n, day=FIRST_DAY - 400):
    who = np.arange(n)
    begin(state, who, np.full(n, condition), np.full(n, day), GIVEN)


def test_onsets_before_entry_lie_between_birth_and_entry(grown):
    people, state = grown
    who, what = np.nonzero(state.onset < NEVER)
    assert len(who) > 2000
    assert (state.onset[who, what] >= people.birth[who]).all()
    assert (state.onset[who, what] <= people.entry[who]).all()


def test_what_is_known_is_known_from_the_onset_on_at_the_earliest(grown):
    _, state = grown
    has = state.onset < NEVER
    assert (state.recognised[has] >= state.onset[has]).all()
    assert (state.recognised[~has] == NEVER).all()


def test_newborns_enter_with_nothing(grown):
    people, state = grown
    assert (state.onset[people.birth == people.entry] == NEVER).all()


def test_the_old_are_the_survivors_of_their_cohort(grown):
    people, _ = grown
    age = (people.entry - people.birth) / 365.25
    assert people.frailty[age < 40].mean() == pytest.approx(0, abs=0.07)
    assert people.frailty[age > 85].mean() < -0.15


def test_sums_and_products_are_those_of_the_conditions_one_has(grown):
    _, state = grown
    for person in np.flatnonzero((state.onset < NEVER).sum(axis=1) >= 3)[:50]:
        has = np.flatnonzero(state.onset[person] < NEVER)
        np.testing.assert_allclose(state.effect[person], np.exp(GIVEN.ratios[has].sum(axis=0)), rtol=1e-9)
        somatic = has[~GIVEN.psychiatric[has]]
        np.testing.assert_allclose(state.other[person], GIVEN.column("other")[has].sum(), atol=1e-9)
        np.testing.assert_allclose(state.death[person], GIVEN.column("death")[somatic].sum(), atol=1e-9)
        assert state.mental[person] == GIVEN.psychiatric[has].any()


def test_two_conditions_on_one_day_both_count():
    people, state = nothing_yet(3)
    begin(state, np.array([1, 1]), np.array([COPD, T2D]), np.array([FIRST_DAY, FIRST_DAY]), GIVEN)
    np.testing.assert_allclose(state.other[:3], [0, GIVEN.conditions[COPD].other + GIVEN.conditions[T2D].other, 0])
    assert len(people) == len(state.other)


@pytest.mark.parametrize("cause, effect, ratio", GIVEN.effects.list[::9])
def test_a_condition_raises_the_onset_of_another_by_the_declared_ratio(cause, effect, ratio):
    people, state = nothing_yet()
    age = np.full(len(people), 60.0)
    column = GIVEN.index(effect)
    before = onsets(people, state, age, GIVEN)[:, column]
    give(state, GIVEN.index(cause), len(people))
    after = onsets(people, state, age, GIVEN)[:, column]
    if before.max() == 0:
        pytest.skip(f"{effect} does not begin at 60")
    wanted = np.exp(GIVEN.ratios[GIVEN.index(cause), column])
    if GIVEN.psychiatric[GIVEN.index(cause)] and not GIVEN.psychiatric[column]:
        wanted *= GIVEN.effects.mental
    assert wanted >= ratio
    np.testing.assert_allclose(after[before > 0] / before[before > 0], wanted, rtol=1e-9)


def test_what_one_has_does_not_begin_again_and_all_ratios_have_a_ceiling():
    people, state = nothing_yet()
    age = np.full(len(people), 60.0)
    plain = onsets(people, state, age, GIVEN)
    for condition in range(len(GIVEN.names)):
        if condition != STROKE:
            give(state, condition, len(people))
    found = onsets(people, state, age, GIVEN)
    assert (np.delete(found, STROKE, axis=1) == 0).all()
    assert (found[:, STROKE] <= plain[:, STROKE] * GIVEN.effects.most * GIVEN.effects.mental + 1e-12).all()


def test_few_resources_and_frailty_bring_disease_earlier():
    people, _ = nothing_yet()
    age = np.full(len(people), 60.0)
    rates = []
    for resources, frailty in ((1.0, 0.0), (-1.0, 0.0), (-1.0, 1.0)):
        people.resources[:], people.frailty[:] = resources, frailty
        rates.append(onsets(people, unborn(people, GIVEN), age, GIVEN)[:, COPD])
    np.testing.assert_allclose(rates[1] / rates[0], np.exp(2 * GIVEN.conditions[COPD].resources))
    assert (rates[2] > rates[1]).all()


@pytest.mark.parametrize("condition", ["hf", "cancer", "copd", "schizophrenia", "dementia", "alcohol"])
def test_a_condition_raises_the_hazards_of_those_who_have_it(condition):
    people, state = nothing_yet(200)
    before = hazards(people, state, YEAR, GIVEN)
    give(state, GIVEN.index(condition), len(people))
    after = hazards(people, state, YEAR, GIVEN)
    at_risk = before.at_risk
    entry = GIVEN.conditions[GIVEN.index(condition)]
    for name in ("other", "acsc", "psych", "death"):
        one, two = getattr(before, name)[at_risk], getattr(after, name)[at_risk]
        assert (two > one).all() if getattr(entry, name) > 0 else (two == one).all()


def test_the_first_onset_of_the_year_brings_the_hazard_the_next_year_would_have():
    people, state = nothing_yet(100)
    before = hazards(people, state, YEAR, GIVEN)
    give(state, COPD, len(people))
    after = hazards(people, state, YEAR, GIVEN)
    on = before.at_risk
    for name in ("other", "acsc", "psych", "death"):
        rate = getattr(before, name)[on] * getattr(before, f"{name}_after")[on, COPD]
        np.testing.assert_allclose(rate, getattr(after, name)[on], rtol=2e-2 if name == "death" else 1e-9)


def test_those_not_there_have_no_hazard(grown):
    people, state = grown
    hazard = hazards(people, state, YEAR, GIVEN)
    gone = ~hazard.at_risk
    assert gone[people.entry >= FIRST_DAY].all()
    for name in ("other", "acsc", "psych", "death"):
        assert (getattr(hazard, name)[gone] == 0).all()
    assert (hazard.onset[gone] == 0).all()


def test_the_sum_of_weights_is_bent_below_its_ceiling():
    totals = np.array([0.0, 0.01, 1.0, 50.0])
    found = bent(totals, 2.0)
    assert found[0] == 0.0
    assert found[1] == pytest.approx(0.01, rel=0.01)
    assert (np.diff(found) > 0).all()
    assert found[-1] <= 2.0


def test_stays_and_a_care_home_raise_the_hazard():
    people, state = nothing_yet(50)
    quiet = hazards(people, state, YEAR, GIVEN)
    state.stays[:] = 1
    once = hazards(people, state, YEAR, GIVEN)
    state.stays[:] = 5
    often = hazards(people, state, YEAR, GIVEN)
    on = quiet.at_risk
    assert (once.other[on] > quiet.other[on]).all()
    assert (often.other[on] > once.other[on]).all()
    state.care_home[:] = FIRST_DAY - 10
    assert (hazards(people, state, YEAR, GIVEN).death[on] > often.death[on]).all()


def test_the_readmission_hazard_gives_the_declared_chance_over_its_days():
    people, _ = nothing_yet(10)
    rules = GIVEN.admissions.readmission
    people.birth[:] = YEAR.first - round(rules.age_from * 365.25) - 2
    for after_acsc, chance in ((False, rules.other), (True, rules.acsc)):
        for after_short, factor in ((False, 1.0), (True, rules.short)):
            acsc, short = np.full(len(people), after_acsc), np.full(len(people), after_short)
            rate = readmission(people, np.arange(len(people)), acsc, short, YEAR, GIVEN, psychiatric=False)
            chances = -np.expm1(-rate * rules.days / 365.25)
            np.testing.assert_allclose(chances, chance * factor, rtol=1e-3)


def test_the_hazard_of_death_of_a_lifetime_counts_admissions_that_end_in_it():
    people, state = nothing_yet(50, age=80)
    year = GIVEN.year(GIVEN.calendar.drift.year)
    age = (year.first - people.birth) / 365.25
    hazard = hazards(people, state, year, GIVEN)
    inside = hazard.death + hazard.fatal * (hazard.other + hazard.acsc)
    on = hazard.at_risk
    np.testing.assert_allclose(total_death(people, state, age, GIVEN)[on], inside[on], rtol=1e-9)


class TestRecognition:
    """Under-diagnosis: registers show less than is true, and least of all of those who have it hardest."""

    def test_severe_mental_illness_and_few_resources_lower_access(self):
        people, state = nothing_yet(10)
        people.language[:] = -1
        assert (access(people, state, GIVEN) == 1.0).all()
        people.resources[:5] = -2.0
        give(state, SCHIZOPHRENIA, 2)
        found = access(people, state, GIVEN)
        reach = GIVEN.reach
        np.testing.assert_allclose(found[:2], reach.severe_mental * reach.few_resources)
        np.testing.assert_allclose(found[2:5], reach.few_resources)
        assert (found[5:] == 1.0).all()

    def test_severe_means_before_the_day(self):
        _, state = nothing_yet(3)
        give(state, SCHIZOPHRENIA, 1, day=FIRST_DAY)
        assert severe(state, FIRST_DAY, GIVEN).tolist() == [False, False, False] + [False] * (len(state.onset) - 3)
        assert severe(state, FIRST_DAY + 1, GIVEN)[0]

    def test_a_somatic_disease_is_recognised_as_often_as_declared_times_access(self):
        n = 40_000
        keys = Draws(8, 0, n).keys()
        for reach in (1.0, 0.5):
            day = recognise(keys, np.full(n, COPD), np.full(n, 1000), np.full(n, reach), GIVEN)
            assert (day < NEVER).mean() == pytest.approx(GIVEN.conditions[COPD].seen * reach, abs=0.01)
            waits = (day[day < NEVER] - 1000) / 30.4
            assert waits.min() >= 0
            assert waits.mean() == pytest.approx(GIVEN.conditions[COPD].delay, rel=0.05)

    def test_psychiatric_conditions_do_not_depend_on_access(self):
        keys = Draws(8, 0, 5000).keys()
        known = [recognise(keys, np.full(5000, SCHIZOPHRENIA), np.full(5000, 9), np.full(5000, reach), GIVEN)
                 for reach in (1.0, 0.3)]  # fmt: skip
        np.testing.assert_array_equal(*known)

    def test_registers_show_less_of_those_with_severe_mental_illness(self, grown):
        people, state = grown
        somatic = ~GIVEN.psychiatric
        rows = severe(state, NEVER, GIVEN)
        has, known = state.onset < NEVER, state.recognised <= FIRST_DAY

        def share(of):
            return known[of][:, somatic].sum() / has[of][:, somatic].sum()

        assert share(rows) < share(~rows) - 0.05
        assert share(people.few()) < share(~people.few())


@pytest.fixture(scope="module")
def lived():
    plan = Plan(3000, 2, date(2016, 12, 31), 4, date(2017, 3, 1), frozenset())
    life = start(0, 3000, plan, GIVEN)
    before = life.state.onset.copy()
    return life, before, list(live_year(life, YEAR, plan, Codes(GIVEN), GIVEN))


class TestYear:
    """A year lived: what happens is written into people and state."""

    def test_onsets_of_the_year_fall_in_it_and_before_death_or_departure(self, lived):
        life, before, _ = lived
        who, what = np.nonzero(life.state.onset != before)
        when = life.state.onset[who, what]
        assert len(who) > 100
        assert (before[who, what] == NEVER).all()
        assert ((when >= YEAR.first) & (when < YEAR.first + YEAR.length)).all()
        assert (when <= np.minimum(life.people.death, life.people.emigration)[who]).all()

    def test_nobody_both_dies_here_and_moves_away(self, lived):
        life, _, _ = lived
        died, gone = life.people.death < NEVER, life.people.emigration < NEVER
        assert died.sum() > 10
        assert gone.sum() > 10
        assert not (died & gone).any()

    def test_an_admission_for_a_disease_makes_it_known(self, lived):
        _, _, scenes = lived
        from pipelines.synthesis.contacts import stay_causes

        seen = 0
        for scene, _, _ in scenes:
            condition, _ = stay_causes(scene, Codes(GIVEN), GIVEN)
            rows = np.flatnonzero(condition >= 0)
            person = scene.stays["person"][rows]
            assert (scene.recognised[person, condition[rows]] <= scene.stays["start"][rows] // 1440).all()
            seen += len(rows)
        assert seen > 20

    def test_risks_and_events_are_of_those_at_risk(self, lived):
        for scene, risks, at_risk in lived[2]:
            assert all((values[~at_risk] == 0).all() for values in risks.values())
            assert at_risk[scene.stays["person"]].all()
