"""Each estimator gives a file: the same rows the same bytes, and the answers of the library that fitted it."""

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from models.estimators import fit_lightgbm, fit_logistic
from models.scoring import Logistic, Trees, sigmoid
from models.table import column_ids


@pytest.fixture(scope="module")
def data(table, outcome):
    y = table.labels[outcome.id]
    known = ~np.isnan(y)
    last = table.landmark == table.landmark.max()
    return table.x[known], y[known], column_ids(table.columns), table.person[known], last[known]


@pytest.fixture(scope="module")
def logistic(spec, data):
    return fit_logistic(spec.estimators.logistic, *data[:3])


@pytest.fixture(scope="module")
def trees(spec, data):
    return fit_lightgbm(spec.estimators.lightgbm, *data, seed=1)


def by_hand(x: np.ndarray) -> np.ndarray:
    """The design written down again, column by column, with an indicator for the two laboratory-like columns."""
    parts = []
    for column in x.T:
        filled = np.where(np.isnan(column), np.nanmean(column), column)
        parts.append((filled - filled.mean()) / filled.std())
    for column in x.T[[2, 3]]:
        gap = np.isnan(column).astype(float)
        parts.append((gap - gap.mean()) / gap.std())
    return np.column_stack(parts)


# --- logistic --------------------------------------------------------------------------------------------------------


def test_the_json_answers_as_scikit_learn_does(spec, data, logistic):
    x, y = data[0], data[1]
    design = by_hand(x)
    peer = LogisticRegression(C=1 / spec.estimators.logistic.l2, solver="lbfgs", tol=1e-6, max_iter=2000)
    peer.fit(design, y)
    ours = Logistic(json.loads(logistic.model))
    np.testing.assert_allclose(sigmoid(ours.logit(x)), peer.predict_proba(design)[:, 1], rtol=0, atol=1e-9)


def test_the_json_answers_as_the_very_model_that_was_fitted_to_1e_12(spec, data, monkeypatch):
    seen = []

    class Watched(LogisticRegression):
        def fit(self, design, y):
            seen.append((self, design))
            return super().fit(design, y)

    monkeypatch.setattr("models.estimators.LogisticRegression", Watched)
    ours = Logistic(json.loads(fit_logistic(spec.estimators.logistic, *data[:3]).model))
    peer, design = seen[0]
    np.testing.assert_allclose(sigmoid(ours.logit(data[0])), peer.predict_proba(design)[:, 1], rtol=0, atol=1e-12)
    assert list(ours.columns) == data[2]


def test_only_columns_often_missing_get_an_indicator(logistic):
    declared = json.loads(logistic.model)
    assert [c["id"] for c in declared["columns"] if c["missing"]] == ["stay_acute_days_since", "lab_hba1c_last_365"]
    assert logistic.parameters["missing_indicators"] == 2


def test_an_indicator_needs_more_than_the_share_and_less_than_all(spec, make_column):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1000, 4))
    x[:10, 1], x[:11, 2], x[:, 3] = np.nan, np.nan, np.nan
    y = (rng.random(1000) < 0.3).astype(float)
    columns = json.loads(fit_logistic(spec.estimators.logistic, x, y, ["full", "one", "more", "all"]).model)["columns"]
    assert [c["missing"] is not None for c in columns] == [False, False, True, False]
    assert columns[3]["coefficient"] == 0


def test_a_column_without_spread_adds_nothing(spec):
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=400), np.full(400, 7.0)])
    fitted = fit_logistic(spec.estimators.logistic, x, (rng.random(400) < 0.3).astype(float), ["a", "constant"])
    assert json.loads(fitted.model)["columns"][1]["coefficient"] == pytest.approx(0, abs=1e-12)


def test_the_coefficients_point_where_the_population_was_made_to(logistic):
    weight = {c["id"]: c["coefficient"] for c in json.loads(logistic.model)["columns"]}
    assert min(weight["age"], weight["stay_acute_count_365"], weight["lab_hba1c_last_365"]) > 0.15
    assert abs(weight["noise"]) < 0.1


# --- trees -----------------------------------------------------------------------------------------------------------


def test_trees_keep_the_names_and_stop_early(spec, data, trees):
    assert list(Trees(trees.model.decode(), 1).columns) == data[2]
    assert trees.parameters["early_stopping"] is True
    assert 0 < trees.parameters["rounds"] <= spec.estimators.lightgbm.rounds
    assert trees.model.decode().count("\nTree=") == trees.parameters["rounds"]


def test_people_who_say_when_to_stop_are_fitted_on_at_no_landmark(data, trees):
    assert 0.80 < trees.parameters["rows_fitted"] / len(data[1]) < 0.90


def test_with_few_events_to_stop_by_all_are_fitted_on_for_fixed_rounds(spec, data):
    patient = spec.estimators.lightgbm.model_copy(update={"stopping_events": 10**6})
    fitted = fit_lightgbm(patient, *data, seed=1)
    assert fitted.parameters["early_stopping"] is False
    assert fitted.parameters["rounds"] == patient.rounds_without_stopping
    assert fitted.parameters["rows_fitted"] == len(data[1])


def test_leaves_grow_with_the_rows(spec, data):
    large = spec.estimators.lightgbm.model_copy(update={"small_below_rows": 100, "min_data_share": 0.05})
    fitted = fit_lightgbm(large, *data, seed=1).parameters
    assert fitted["num_leaves"] == 31
    assert fitted["min_data_in_leaf"] == int(fitted["rows_fitted"] * 0.05)


def test_neither_weighs_classes(trees):
    for word in ("[is_unbalance: 0]", "[scale_pos_weight: 1]", "[deterministic: 1]"):
        assert word in trees.model.decode()


# --- both ------------------------------------------------------------------------------------------------------------


def test_the_same_rows_give_the_same_bytes(spec, data, logistic, trees):
    assert fit_logistic(spec.estimators.logistic, *data[:3]).model == logistic.model
    assert fit_lightgbm(spec.estimators.lightgbm, *data, seed=1).model == trees.model


def test_another_seed_gives_other_trees(spec, data, trees):
    other = spec.estimators.lightgbm.model_copy(update={"seed": 7})
    assert fit_lightgbm(other, *data, seed=1).model != trees.model
