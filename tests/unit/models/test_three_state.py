"""Event, death first or neither: three shares that sum to 1 and are those of the people they were made from."""

from dataclasses import replace

import numpy as np
import pytest

from models.split import Split, split_rows
from models.table import Labels, Table
from models.three_state import ThreeState, _calibrate, calibrated, fit_three_state, states
from models.train import Trained

OUTCOME = "acute_admission_365d"


@pytest.fixture(scope="module")
def truth(make_column, january):
    """People at three landmarks whose true shares are known: age brings both, a habit the event alone."""
    rng = np.random.default_rng(17)
    people, years = 6000, (2017, 2018, 2019)
    landmark = np.repeat(january(*years), people)
    age = np.tile(rng.uniform(30, 95, people), 3) + (landmark - landmark[0]) / 365.25
    habit = rng.integers(0, 4, len(landmark)).astype(float)
    score = np.column_stack([np.zeros(len(age)), -2.2 + 0.02 * (age - 60) + 0.5 * habit, -2.8 + 0.08 * (age - 60)])
    shares = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
    state = (rng.random(len(age))[:, None] > shares.cumsum(axis=1)).sum(axis=1)
    y = (state == 1).astype(float)
    labels = Labels(y, np.ones(len(y)), state == 2, np.full(len(y), 365.0))
    person = np.tile(np.arange(people, dtype=np.int32), 3)
    columns = [make_column("age"), make_column("habit")]
    return Table(person, landmark, np.column_stack([age, habit]), columns, {OUTCOME: labels}), shares


@pytest.fixture(scope="module")
def split(truth, spec, outcome) -> Split:
    return split_rows(spec.split, outcome, truth[0])


@pytest.fixture(scope="module")
def fitted(truth, split, spec) -> ThreeState:
    found = fit_three_state(spec.estimators.lightgbm, truth[0], OUTCOME, split, 60)
    assert found is not None
    return found


def test_shares_sum_to_1_and_none_is_negative(fitted, truth):
    x = np.vstack([truth[0].x[:500], [[np.nan, np.nan], [0.0, 1e9], [-1e9, 0.0]]])
    shares = fitted.shares(x)
    assert shares.shape == (503, 3)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=0, atol=1e-12)
    assert (shares > 0).all()


def test_they_are_the_true_shares_of_made_up_competing_risks(fitted, truth, split):
    (table, shares), test = truth, split.rows["test"]
    told = fitted.shares(table.x[test])
    for state in range(3):
        assert np.abs(told[:, state] - shares[test, state]).mean() < 0.045
        assert np.corrcoef(told[:, state], shares[test, state])[0, 1] > 0.93


def test_in_each_tenth_by_the_events_share_all_three_are_as_the_truth_has_them(fitted, truth, split):
    (table, shares), test = truth, split.rows["test"]
    told = fitted.shares(table.x[test])
    tenth = np.argsort(np.argsort(told[:, 1])) * 10 // len(test)
    for one in range(10):
        rows = tenth == one
        np.testing.assert_allclose(told[rows].mean(axis=0), shares[test][rows].mean(axis=0), rtol=0, atol=0.05)


def test_rows_count_by_their_weight(truth, split, spec):
    """Where each row with the event weighs four, the shares are those of people with four times as many."""
    table, test = truth[0], split.rows["test"]
    labels = table.labels[OUTCOME]
    heavy = replace(labels, weight=np.where(labels.y == 1, 4.0, 1.0))
    weighted = replace(table, labels={OUTCOME: heavy})
    told = fit_three_state(spec.estimators.lightgbm, weighted, OUTCOME, split, 40).shares(table.x[test])
    came = [np.average(states(heavy)[test] == one, weights=heavy.weight[test]) for one in range(3)]
    np.testing.assert_allclose(np.average(told, axis=0, weights=heavy.weight[test]), came, rtol=0, atol=0.05)
    assert came[1] > (labels.y[test] == 1).mean() + 0.2


def test_the_calibration_moves_what_is_expected_to_what_came():
    """A multinomial regression with intercepts, unpenalised: on its own rows the mean shares are the states."""
    rng = np.random.default_rng(2)
    raw = rng.dirichlet([6, 2, 1], 4000)
    state = (rng.random(4000)[:, None] > raw.cumsum(axis=1)).sum(axis=1)
    weight = rng.uniform(0.5, 2, 4000)
    coefficients = _calibrate(raw, state, weight)
    means = np.average(calibrated(raw, coefficients), axis=0, weights=weight)
    came = [np.average(state == one, weights=weight) for one in range(3)]
    np.testing.assert_allclose(means, came, rtol=0, atol=1e-4)


def test_calibration_that_changes_nothing_gives_the_shares_back():
    raw = np.array([[0.7, 0.2, 0.1], [0.05, 0.05, 0.9]])
    same = np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(calibrated(raw, same), raw, atol=1e-12)


def test_states_by_hand():
    labels = Labels(
        np.array([0.0, 1.0, 0.0, np.nan]),
        np.array([1.0, 1.0, 1.0, 0.0]),
        np.array([False, False, True, False]),
        np.ones(4),
    )
    assert states(labels).tolist() == [0, 1, 2, 0]


@pytest.mark.parametrize("which", ["train", "calibrate"])
def test_where_a_state_is_rare_there_is_no_such_model(truth, split, spec, which):
    table = truth[0]
    died, few = table.labels[OUTCOME].died_first, spec.estimators.lightgbm.stopping_events

    def with_deaths(many):
        rows, fold = split.rows[which], split.fold[which]
        stay = ~died[rows]
        stay[np.flatnonzero(died[rows])[:many]] = True
        less = replace(split, rows={**split.rows, which: rows[stay]}, fold={**split.fold, which: fold[stay]})
        return fit_three_state(spec.estimators.lightgbm, table, OUTCOME, less, 5)

    assert with_deaths(few - 1) is None
    assert with_deaths(2 * few) is not None


def test_every_fold_is_asked_and_calibrates(truth, split, spec, fitted):
    """Where one fold's deaths are told as something else, all shares move: each fold has its say."""
    table = truth[0]
    assert split.folds > 1
    for one in range(split.folds):
        labels = table.labels[OUTCOME]
        died = labels.died_first.copy()
        died[split.rows["calibrate"][split.fold["calibrate"] == one]] = False
        other = replace(table, labels={OUTCOME: replace(labels, died_first=died)})
        found = fit_three_state(spec.estimators.lightgbm, other, OUTCOME, split, 60)
        test = split.rows["test"]
        assert found.shares(table.x[test])[:, 2].mean() < 0.9 * fitted.shares(table.x[test])[:, 2].mean()


def test_the_same_rows_give_the_same_model(truth, split, spec, fitted):
    again = fit_three_state(spec.estimators.lightgbm, truth[0], OUTCOME, split, 60)
    assert again.text == fitted.text
    np.testing.assert_array_equal(again.coefficients, fitted.coefficients)


def test_training_gives_one_where_deaths_are_told_and_none_where_they_are_not(train_one, spec, table, trained, outcome):
    assert trained.three_state is None, "nobody here is told to have died"
    labels = table.labels[outcome.id]
    died = (labels.y == 0) & (np.random.default_rng(3).random(len(labels.y)) < 0.2)
    with_deaths = replace(table, labels={outcome.id: replace(labels, died_first=died)})
    result = train_one(with_deaths, spec=spec.model_copy(update={"baselines": ()}))
    assert isinstance(result, Trained)
    shares = result.three_state.shares(table.x[result.split.rows["test"]])
    assert shares[:, 2].mean() == pytest.approx(died[result.split.rows["test"]].mean(), abs=0.08)
