"""`models.fit` on any labelled matrix: nobody is asked who was learned from, and what does not fit is refused."""

import numpy as np
import pandas as pd
import pytest

import models
from models.spec import Constraint
from stratify.errors import DataError


def made(n=4000, seed=2, rows_each=1):
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(n // rows_each), rows_each)
    x = pd.DataFrame({"age": rng.uniform(40, 90, n), "stays": rng.poisson(1.0, n).astype(float)})
    x.loc[rng.random(n) < 0.1, "age"] = np.nan
    chance = 1 / (1 + np.exp(-(-4 + 0.03 * x["age"].fillna(65) + 0.5 * x["stays"])))
    return x, (rng.random(n) < chance).astype(float).to_numpy().copy(), person


@pytest.fixture(scope="module")
def fitted():
    return models.fit(*made())


def test_both_candidates_are_fitted_and_the_report_is_of_the_chosen_one(fitted):
    assert set(fitted.candidates) == {"lightgbm", "logistic"}
    assert fitted.chosen == "logistic"
    assert set(fitted.report["others"]) == {"lightgbm"}
    assert 0.6 < fitted.report["overall"]["auroc"]["value"] < 0.8
    assert fitted.report["overall"]["calibration_slope"]["value"] == pytest.approx(1, abs=0.25)


def test_risks_are_by_column_name_whatever_their_order(fitted):
    x, _, _ = made(seed=9)
    turned = x[["stays", "age"]].assign(more=1.0)
    np.testing.assert_array_equal(fitted.risk(x), fitted.risk(turned))
    assert fitted.risk(x, name="lightgbm").shape == (len(x),)


def test_a_column_that_is_absent_at_scoring_is_named(fitted):
    with pytest.raises(DataError, match="age"):
        fitted.risk(pd.DataFrame({"stays": [1.0]}))


def test_the_test_people_are_those_of_no_fit():
    x, y, person = made(rows_each=4)
    x["who"] = person.astype(float)
    fitted = models.fit(x, y, person)
    assert fitted.report["n"] % 4 == 0, "all rows of a person on one side"
    assert 0.3 < fitted.report["people"] / len(np.unique(person)) < 0.5


def test_with_three_landmarks_the_last_one_is_the_test():
    x, y, person = made(6000)
    time = np.repeat([0, 365, 730], 2000)
    y[time == 730] = np.where(np.arange(2000) % 2, 1.0, 0.0)  # a last year unlike the others, to be told by
    fitted = models.fit(x, y, person, time=time, horizon=365)
    assert fitted.report["n"] < 2000
    assert fitted.report["prevalence"] == pytest.approx(0.5, abs=0.05)


def test_labels_nobody_knows_are_not_used():
    x, y, person = made()
    y[:500] = np.nan
    assert models.fit(x, y, person).report["n"] < 0.45 * (len(y) - 500)


def test_a_direction_is_kept():
    x, y, person = made()
    up = Constraint(columns=("stays",), direction=1, reason={"da": "flere", "en": "more"}, source="made up")
    fitted = models.fit(x, y, person, monotone=[up])
    rows = pd.DataFrame({"age": np.full(8, 70.0), "stays": np.arange(8.0)})
    assert (np.diff(fitted.risk(rows, name="lightgbm")) >= 0).all()


@pytest.mark.parametrize(
    "change, told",
    [
        (lambda x, y, p: (x, y[:-1], p), "needs y, groups and time"),
        (lambda x, y, p: (x, y * 0.5, p), "y must be 0, 1 or missing"),
        (lambda x, y, p: (x, np.zeros_like(y), p), "needs 50 events"),
        (lambda x, y, p: (x.assign(age=np.inf), y, p), "age: holds an infinite value"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(change, told):
    with pytest.raises(DataError) as caught:
        models.fit(*change(*made()))
    assert told in str(caught.value)


def test_the_same_rows_give_the_same_fit(fitted):
    again = models.fit(*made())
    assert {name: one.model for name, one in again.candidates.items()} == {
        name: one.model for name, one in fitted.candidates.items()
    }
    assert again.report == fitted.report
