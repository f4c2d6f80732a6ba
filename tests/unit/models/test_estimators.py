"""Each estimator gives a file: the same rows the same bytes, and the answers of the library that fitted it."""

import json
import math
import re

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from models.estimators import fit_lightgbm, fit_logistic, without_ranges
from models.scoring import Logistic, Trees, sigmoid
from models.spec import Constraint, Predictor
from models.table import column_ids

GAPS = (2, 3)  # the columns of the made-up table that are often missing


@pytest.fixture(scope="module")
def rows(table, outcome):
    """Rows with a known outcome: x, y, weight 1, person, the person's stable number, whether at the last landmark."""
    y = table.labels[outcome.id].y
    known = ~np.isnan(y)
    last = table.landmark == table.landmark.max()
    return table.x[known], y[known], np.ones(known.sum()), table.person[known], table.stable[known], last[known]


@pytest.fixture(scope="module")
def names(table):
    return column_ids(table.columns)


@pytest.fixture(scope="module")
def predictors(declared, spec):
    return declared.predictors_of(spec)


def named(**kinds: str | dict) -> list[Predictor]:
    """Predictors by column: how its values enter."""
    told = {column: {"as": kind} if isinstance(kind, str) else kind for column, kind in kinds.items()}
    return [Predictor.model_validate({"column": column, **how}) for column, how in told.items()]


@pytest.fixture(scope="module")
def how(spec):
    """The declared elastic net."""
    return spec.estimators.logistic


@pytest.fixture(scope="module")
def ridge(how):
    """The same without its corner at 0, which is solved to the last digit."""
    return how.model_copy(update={"l1_ratio": 0.0})


@pytest.fixture(scope="module")
def logistic(how, rows, predictors):
    return fit_logistic(how, *rows[:3], predictors)


@pytest.fixture(scope="module")
def grow(rows, names):
    """Trees on the made-up rows, free in every column unless told."""

    def fit(spec, directions=(0,) * 6, **changed):
        x, y, weight, *who = rows
        return fit_lightgbm(spec, x, y, weight, names, directions, *who, **{"seed": 1, **changed})

    return fit


@pytest.fixture(scope="module")
def trees(spec, grow):
    return grow(spec.estimators.lightgbm)


def by_hand(x: np.ndarray) -> np.ndarray:
    """The design written down again: days since enter as a decay, two columns have an indicator of their gaps."""
    terms = x.copy()
    terms[:, 2] = np.where(np.isnan(x[:, 2]), 0.0, 0.5 ** (x[:, 2] / 120))
    parts = []
    for column in terms.T:
        filled = np.where(np.isnan(column), np.nanmean(column), column)
        parts.append((filled - filled.mean()) / filled.std())
    for column in x.T[list(GAPS)]:
        gap = np.isnan(column).astype(float)
        parts.append((gap - gap.mean()) / gap.std())
    return np.column_stack(parts)


# --- logistic --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("l1_ratio, solver, near", [(0.0, "lbfgs", 1e-6), (0.5, "saga", 2e-3)])
def test_the_json_answers_as_scikit_learn_does_on_a_design_made_by_hand(how, rows, predictors, l1_ratio, solver, near):
    x, y = rows[:2]
    weight = np.random.default_rng(5).uniform(0.5, 2, len(y))
    design = by_hand(x)
    peer = LogisticRegression(C=1 / how.strength, l1_ratio=l1_ratio, solver=solver, tol=1e-7, max_iter=2000)
    peer.fit(design, y, sample_weight=weight)
    fitted = fit_logistic(how.model_copy(update={"l1_ratio": l1_ratio}), x, y, weight, predictors)
    ours = Logistic(json.loads(fitted.model))
    np.testing.assert_allclose(ours.logit(x), peer.decision_function(design), rtol=0, atol=near * 10)
    np.testing.assert_allclose(sigmoid(ours.logit(x)), peer.predict_proba(design)[:, 1], rtol=0, atol=near)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_json_answers_as_the_very_model_that_was_fitted_to_1e_12(how, rows, predictors, monkeypatch, weighted):
    seen = []

    class Watched(LogisticRegression):
        def fit(self, design, y, sample_weight):
            seen.append((self, design, sample_weight))
            return super().fit(design, y, sample_weight=sample_weight)

    monkeypatch.setattr("models.estimators.LogisticRegression", Watched)
    x, y, weight = rows[:3]
    weight = np.random.default_rng(6).uniform(0.5, 2, len(y)) if weighted else weight
    ours = Logistic(json.loads(fit_logistic(how, x, y, weight, predictors).model))
    peer, design, used = seen[0]
    np.testing.assert_allclose(ours.logit(x), peer.decision_function(design), rtol=0, atol=1e-12)
    np.testing.assert_array_equal(used, weight)
    assert design.shape[1] == 6 + len(GAPS)
    assert list(ours.columns) == [one.column for one in predictors]


def test_a_spreadsheet_could_work_it_out(how, rows):
    """Every transform, gaps and an indicator, with nothing but the file and Python's own arithmetic."""
    x, y, weight = rows[:3]
    spline = {"as": "spline", "knots": [50, 65, 80]}
    bends = named(age=spline, stays="log", since={"as": "decay", "half_life": 120}, hba1c="linear")
    told = json.loads(fit_logistic(how, x[:, :4], y, weight, bends).model)

    def terms(value: float | None, transform: dict) -> list[float | None]:
        if transform["kind"] == "decay":
            return [0.0 if value is None else 0.5 ** (value / transform["half_life"])]
        if value is None:
            return [None] * (1 + len(transform.get("knots", [])))
        if transform["kind"] == "log":
            return [math.log(1 + value)]
        return [value, *(max(value - knot, 0.0) for knot in transform.get("knots", []))]

    def logit(row: list[float | None]) -> float:
        total = told["intercept"]
        for value, column in zip(row, told["columns"], strict=True):
            for term, one in zip(terms(value, column["transform"]), column["terms"], strict=True):
                if term is not None:
                    total += one["coefficient"] * (term - one["mean"]) / one["scale"]
            if column["missing"]:
                gap = column["missing"]
                total += gap["coefficient"] * ((value is None) - gap["share"]) / gap["scale"]
        return total

    some = x[:200, :4]
    by_sheet = [logit([None if math.isnan(value) else value for value in row]) for row in some.tolist()]
    np.testing.assert_allclose(Logistic(told).logit(some), by_sheet, rtol=0, atol=1e-12)
    assert [len(column["terms"]) for column in told["columns"]] == [4, 1, 1, 1]
    assert [column["missing"] is not None for column in told["columns"]] == [False, False, True, True]


def test_on_half_the_rows_with_half_the_penalty_it_is_drawn_to_0_as_much(ridge, rows, predictors):
    strong = ridge.model_copy(update={"strength": 20_000.0})
    x, y, weight = rows[:3]
    twice = fit_logistic(strong, np.vstack([x, x]), np.tile(y, 2), np.tile(weight, 2), predictors)
    once = fit_logistic(strong, x, y, weight, predictors, share=0.5)
    one, two, whole = (coefficients(f) for f in (once, twice, fit_logistic(strong, x, y, weight, predictors)))
    np.testing.assert_allclose(one, two, atol=1e-5)
    assert abs(one[0] - whole[0]) > 0.01


def coefficients(fitted) -> list[float]:
    return [term["coefficient"] for column in json.loads(fitted.model)["columns"] for term in column["terms"]]


def test_a_row_that_weighs_three_is_three_rows(ridge, rows, predictors):
    """Under next to no penalty: how a column is standardised does not ask for weights, and must not matter then."""
    x, y = rows[0][:2000], rows[1][:2000]
    times = np.random.default_rng(4).integers(1, 4, len(y))
    loose = ridge.model_copy(update={"strength": 1e-6})
    once = fit_logistic(loose, x, y, times.astype(float), predictors)
    each = fit_logistic(loose, np.repeat(x, times, axis=0), np.repeat(y, times), np.ones(times.sum()), predictors)
    one, other = (Logistic(json.loads(fitted.model)).logit(x) for fitted in (once, each))
    np.testing.assert_allclose(one, other, rtol=0, atol=2e-3)
    flat = Logistic(json.loads(fit_logistic(loose, x, y, np.ones(len(y)), predictors).model)).logit(x)
    assert np.abs(flat - one).max() > 0.05, "weights that change nothing would show nothing"


def test_only_columns_often_missing_get_an_indicator(logistic):
    declared = json.loads(logistic.model)
    assert [c["id"] for c in declared["columns"] if c["missing"]] == ["stay_acute_days_since", "lab_hba1c_last_365"]
    assert logistic.parameters["missing_indicators"] == 2
    assert logistic.parameters["predictors"] == 6


def test_an_indicator_needs_more_than_the_share_and_less_than_all(how):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1000, 4))
    x[:10, 1], x[:11, 2], x[:, 3] = np.nan, np.nan, np.nan
    y = (rng.random(1000) < 0.3).astype(float)
    four = named(full="linear", one="linear", more="linear", all="linear")
    columns = json.loads(fit_logistic(how, x, y, np.ones(1000), four).model)["columns"]
    assert [c["missing"] is not None for c in columns] == [False, False, True, False]
    assert columns[3]["terms"] == [{"mean": 0.0, "scale": 1.0, "coefficient": 0.0}]


def test_a_column_without_spread_adds_nothing(how):
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=400), np.full(400, 7.0)])
    y = (rng.random(400) < 0.3).astype(float)
    fitted = fit_logistic(how, x, y, np.ones(400), named(a="linear", constant="linear"))
    assert coefficients(fitted)[1] == pytest.approx(0, abs=1e-12)


def test_the_coefficients_point_where_the_population_was_made_to(logistic, names):
    weight = dict(zip(names, coefficients(logistic), strict=True))
    assert min(weight["age"], weight["stay_acute_count_365"], weight["lab_hba1c_last_365"]) > 0.15
    assert abs(weight["noise"]) < 0.1


def test_what_tells_nothing_is_left_out_whole_by_the_elastic_net(how, rows, predictors):
    strict = how.model_copy(update={"strength": 300.0, "l1_ratio": 1.0})
    fitted = fit_logistic(strict, *rows[:3], predictors)
    weight = coefficients(fitted)
    assert weight[5] == 0.0, "noise"
    assert weight[0] > 0.1
    assert fitted.parameters["terms"] == sum(one != 0 for one in weight) < 6


# --- trees -----------------------------------------------------------------------------------------------------------


def test_trees_keep_the_names_and_stop_early(spec, names, trees):
    assert list(Trees(trees.model.decode(), 1).columns) == names
    assert trees.parameters["early_stopping"] is True
    assert 0 < trees.parameters["rounds"] <= spec.estimators.lightgbm.rounds
    assert trees.model.decode().count("\nTree=") == trees.parameters["rounds"]


def test_people_who_say_when_to_stop_are_fitted_on_at_no_landmark(rows, trees):
    assert 0.80 < trees.parameters["rows_fitted"] / len(rows[1]) < 0.90


def test_with_few_events_to_stop_by_all_are_fitted_on_for_fixed_rounds(spec, rows, grow):
    patient = spec.estimators.lightgbm.model_copy(update={"stopping_events": 10**6})
    fitted = grow(patient)
    assert fitted.parameters["early_stopping"] is False
    assert fitted.parameters["rounds"] == patient.rounds_without_stopping
    assert fitted.parameters["rows_fitted"] == len(rows[1])


def test_rounds_that_are_given_are_grown_on_everybody(spec, rows, grow):
    fitted = grow(spec.estimators.lightgbm, rounds=7)
    assert fitted.model.decode().count("\nTree=") == fitted.parameters["rounds"] == 7
    assert fitted.parameters["rounds_given"] is True
    assert fitted.parameters["rows_fitted"] == len(rows[1])


def test_leaves_grow_with_the_rows(spec, grow):
    large = spec.estimators.lightgbm.model_copy(update={"min_data_share": 0.05})
    fitted = grow(large).parameters
    assert fitted["num_leaves"] == large.num_leaves
    assert fitted["min_data_in_leaf"] == int(fitted["rows_fitted"] * 0.05)


def test_neither_weighs_classes(trees):
    for word in ("[is_unbalance: 0]", "[scale_pos_weight: 1]", "[deterministic: 1]"):
        assert word in trees.model.decode()


def test_no_leaf_holds_fewer_than_five_people_also_where_lightgbm_would_guess_enough_rows(spec):
    rng = np.random.default_rng(4)
    person = np.tile(np.arange(4000, dtype=np.int32), 3)
    x = np.column_stack([np.tile(rng.normal(size=(4000, 3)), (3, 1)), rng.normal(size=(12_000, 3))])
    y = (rng.random(12_000) < sigmoid(3 * x[:, 0] - 6)).astype(float)  # rare, but near sure for a few: rows look heavy
    changed = {"stopping_events": 10**6, "learning_rate": 0.2, "num_leaves": 31, "feature_fraction": 0.8}
    greedy = spec.estimators.lightgbm.model_copy(update=changed)
    last = np.arange(12_000) >= 8000
    fitted = fit_lightgbm(
        greedy, x, y, np.ones(12_000), list("abcdef"), [0] * 6, person, person.astype(np.uint64), last, seed=1
    )
    counts = [int(n) for line in re.findall(r"^leaf_count=(.*)$", fitted.model.decode(), re.M) for n in line.split()]
    assert min(counts) >= 13  # four people have no more than twelve rows
    assert min(counts) < greedy.min_data_in_leaf, "LightGBM keeps its own limit now: the guard may go"
    leaves = lgb.Booster(model_str=fitted.model.decode()).predict(x, pred_leaf=True)
    for tree in leaves.T:
        assert min(np.unique(person[tree == leaf]).size for leaf in np.unique(tree)) >= 5


def test_nobodys_least_or_greatest_value_stands_in_the_text(rows, trees):
    text, x = trees.model.decode(), rows[0]
    assert re.findall(r"^feature_infos=(.*)$", text, re.M) == [" ".join(["none"] * x.shape[1])]
    assert "pandas_categorical:null" in text
    for extreme in (*np.nanmin(x, axis=0), *np.nanmax(x, axis=0)):
        if extreme != round(extreme):
            assert f"{extreme:.6g}" not in text


def test_without_ranges_every_answer_is_the_same_to_the_last_bit(rows, trees, monkeypatch, spec, grow):
    monkeypatch.setattr("models.estimators.without_ranges", lambda text, columns: text)
    before = grow(spec.estimators.lightgbm).model.decode()
    assert before != trees.model.decode()
    assert re.search(r"^feature_infos=\[", before, re.M)
    whole, without = Trees(before, 1), Trees(trees.model.decode(), 1)
    rng = np.random.default_rng(9)
    x = rng.normal(size=(3000, 6)) * 10.0 ** rng.integers(-3, 6, (3000, 6))
    x[rng.random(x.shape) < 0.2] = np.nan
    x[rng.random(x.shape) < 0.05] = 0.0
    x[:3] = np.array([np.nan, 1.7e308, -1.7e308])[:, None]
    for asked in (x, rows[0]):
        np.testing.assert_array_equal(without.logit(asked), whole.logit(asked))
        np.testing.assert_array_equal(without.contributions(asked[:500]), whole.contributions(asked[:500]))


@pytest.mark.parametrize("text", ["tree\nmax_feature_idx=1\n", "feature_infos=[0:1]\nfeature_infos=[0:1]\n"])
def test_a_text_of_another_shape_is_refused_rather_than_published(text):
    with pytest.raises(ValueError, match="needs one line feature_infos"):
        without_ranges(text, 1)


# --- which way a column may push --------------------------------------------------------------------------------------

UP, DOWN = (0, 1, 0, 1, 0, 0), (0, 0, -1, 0, 0, 0)


@pytest.fixture(scope="module")
def bound(spec, grow):
    """More stays and a higher laboratory value may not lower the risk, more days since a stay may not raise it."""
    directions = [up + down for up, down in zip(UP, DOWN, strict=True)]
    return Trees(grow(spec.estimators.lightgbm, directions, rounds=80).model.decode(), 1)


VALUE = st.one_of(st.just(math.nan), st.floats(-50, 400))


@settings(max_examples=150, deadline=None)
@given(
    row=st.lists(VALUE, min_size=6, max_size=6),
    ladder=st.lists(st.floats(-50, 400), min_size=2, max_size=8),
    column=st.sampled_from([(1, 1), (2, -1), (3, 1)]),
)
def test_no_made_up_row_has_a_lower_risk_for_more_of_what_may_only_raise_it(bound, row, ladder, column):
    at, direction = column
    x = np.tile(row, (len(ladder), 1))
    x[:, at] = sorted(ladder)
    assert (direction * np.diff(bound.logit(x)) >= -1e-12).all()


def test_without_constraints_some_would(spec, grow, bound, rows):
    free = Trees(grow(spec.estimators.lightgbm, rounds=80).model.decode(), 1)

    def falls(trees: Trees, at: int) -> int:
        some = rows[0][:300]
        steps = np.linspace(*np.nanquantile(some[:, at], [0.02, 0.98]), 12)
        logits = []
        for step in steps:
            x = some.copy()
            x[:, at] = step
            logits.append(trees.logit(x))
        return int((np.diff(np.array(logits), axis=0) < -1e-12).sum())

    assert falls(free, 3) > 100
    assert falls(bound, 3) == 0
    assert falls(bound, 0) > 0, "age is free"


def test_the_first_pattern_that_fits_a_column_holds(declared, spec):
    words = declared.populations["multimorbid"].name

    def constraint(direction, *patterns):
        return Constraint(columns=patterns, direction=direction, reason=words, source=words)

    monotone = {
        "one": (constraint(-1, "stay_*_days_since"), constraint(1, "stay_*", "drug_opioid*")),
        "two": (constraint(-1, "*"),),
    }
    made = type(declared)(declared.specs, declared.populations, declared.predictors, declared.baselines, monotone, {})
    columns = ["stay_acute_days_since", "stay_acute_count", "drug_opioid_any", "age", "Stay_acute"]
    for names, expected in ((("one",), [-1, 1, 1, 0, 0]), (("one", "two"), [-1, 1, 1, -1, -1]), ((), [0] * 5)):
        assert made.directions(spec.model_copy(update={"monotone": names}), columns) == expected


# --- both ------------------------------------------------------------------------------------------------------------


def test_the_same_rows_give_the_same_bytes(spec, how, rows, predictors, grow, logistic, trees):
    assert fit_logistic(how, *rows[:3], predictors).model == logistic.model
    assert grow(spec.estimators.lightgbm).model == trees.model


def test_another_seed_gives_other_trees(spec, grow, trees):
    other = spec.estimators.lightgbm.model_copy(update={"seed": 7})
    assert grow(other).model != trees.model


def test_trees_heed_weights(spec, grow, rows, names):
    x, y, _, *who = rows
    heavy = np.where(y == 1, 3.0, 1.0)
    fitted = fit_lightgbm(spec.estimators.lightgbm, x, y, heavy, names, [0] * 6, *who, seed=1, rounds=80)
    flat = grow(spec.estimators.lightgbm, rounds=80)
    odds = [np.exp(Trees(one.model.decode(), 1).logit(x)).mean() for one in (fitted, flat)]
    assert odds[0] / odds[1] == pytest.approx(3, rel=0.25)
