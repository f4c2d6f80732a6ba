"""Each estimator gives a file: the same rows the same bytes, and the answers of the library that fitted it."""

import json
import re

import lightgbm as lgb
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from models.estimators import fit_lightgbm, fit_logistic, without_ranges
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


def test_on_half_the_rows_with_half_the_penalty_it_is_drawn_to_0_as_much(spec, data):
    strong = spec.estimators.logistic.model_copy(update={"l2": 20_000.0})
    x, y = data[0], data[1]
    twice = fit_logistic(strong, np.vstack([x, x]), np.concatenate([y, y]), data[2])
    once = fit_logistic(strong, x, y, data[2], share=0.5)
    one, two = ([column["coefficient"] for column in json.loads(fitted.model)["columns"]] for fitted in (once, twice))
    np.testing.assert_allclose(one, two, atol=1e-5)
    assert abs(one[0] - json.loads(fit_logistic(strong, x, y, data[2]).model)["columns"][0]["coefficient"]) > 0.01


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


def test_no_leaf_holds_fewer_than_five_people_also_where_lightgbm_would_guess_enough_rows(spec):
    rng = np.random.default_rng(4)
    person = np.tile(np.arange(4000, dtype=np.int32), 3)
    x = np.column_stack([np.tile(rng.normal(size=(4000, 3)), (3, 1)), rng.normal(size=(12_000, 3))])
    y = (rng.random(12_000) < sigmoid(3 * x[:, 0] - 6)).astype(float)  # rare, but near sure for a few: rows look heavy
    greedy = spec.estimators.lightgbm.model_copy(update={"stopping_events": 10**6, "learning_rate": 0.2})
    last = np.arange(12_000) >= 8000
    fitted = fit_lightgbm(greedy, x, y, list("abcdef"), person, last, seed=1)
    counts = [int(n) for line in re.findall(r"^leaf_count=(.*)$", fitted.model.decode(), re.M) for n in line.split()]
    assert min(counts) >= 13  # four people have no more than twelve rows
    assert min(counts) < greedy.min_data_in_leaf, "LightGBM keeps its own limit now: the guard may go"
    leaves = lgb.Booster(model_str=fitted.model.decode()).predict(x, pred_leaf=True)
    for tree in leaves.T:
        assert min(np.unique(person[tree == leaf]).size for leaf in np.unique(tree)) >= 5


def test_nobodys_least_or_greatest_value_stands_in_the_text(data, trees):
    text, x = trees.model.decode(), data[0]
    assert re.findall(r"^feature_infos=(.*)$", text, re.M) == [" ".join(["none"] * x.shape[1])]
    assert "pandas_categorical:null" in text
    for extreme in (*np.nanmin(x, axis=0), *np.nanmax(x, axis=0)):
        if extreme != round(extreme):
            assert f"{extreme:.6g}" not in text


def test_without_ranges_every_answer_is_the_same_to_the_last_bit(data, trees, monkeypatch, spec):
    monkeypatch.setattr("models.estimators.without_ranges", lambda text, columns: text)
    before = fit_lightgbm(spec.estimators.lightgbm, *data, seed=1).model.decode()
    assert before != trees.model.decode()
    assert re.search(r"^feature_infos=\[", before, re.M)
    whole, without = Trees(before, 1), Trees(trees.model.decode(), 1)
    rng = np.random.default_rng(9)
    x = rng.normal(size=(3000, 6)) * 10.0 ** rng.integers(-3, 6, (3000, 6))
    x[rng.random(x.shape) < 0.2] = np.nan
    x[rng.random(x.shape) < 0.05] = 0.0
    x[:3] = np.array([np.nan, 1.7e308, -1.7e308])[:, None]
    for rows in (x, data[0]):
        np.testing.assert_array_equal(without.logit(rows), whole.logit(rows))
        np.testing.assert_array_equal(without.contributions(rows[:500]), whole.contributions(rows[:500]))


@pytest.mark.parametrize("text", ["tree\nmax_feature_idx=1\n", "feature_infos=[0:1]\nfeature_infos=[0:1]\n"])
def test_a_text_of_another_shape_is_refused_rather_than_published(text):
    with pytest.raises(ValueError, match="needs one line feature_infos"):
        without_ranges(text, 1)


# --- both ------------------------------------------------------------------------------------------------------------


def test_the_same_rows_give_the_same_bytes(spec, data, logistic, trees):
    assert fit_logistic(spec.estimators.logistic, *data[:3]).model == logistic.model
    assert fit_lightgbm(spec.estimators.lightgbm, *data, seed=1).model == trees.model


def test_another_seed_gives_other_trees(spec, data, trees):
    other = spec.estimators.lightgbm.model_copy(update={"seed": 7})
    assert fit_lightgbm(other, *data, seed=1).model != trees.model
