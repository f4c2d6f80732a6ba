"""Training gives two candidates and one choice, the same every time, or says what it lacks."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from models import candidates
from models.bundle import read_member
from models.calibrate import fit_sigmoid
from models.candidates import choose
from models.estimators import fit_logistic
from models.scoring import Logistic, Member, sigmoid
from models.split import NotTrained, split_rows
from models.table import Table
from models.train import Trained, chosen_folder, golden_rows, train_outcome
from stratify.errors import DataError, GateError

FILES = {"calibration.json", "reference.json", "golden.json", "card.json"}


def with_gain(spec, gain: float):
    return spec.model_copy(update={"choose": spec.choose.model_copy(update={"lightgbm_gain": gain})})


def test_both_candidates_come_with_all_files_of_a_member(trained):
    assert set(trained.files) == {"lightgbm", "logistic"}
    assert set(trained.files["lightgbm"]) == FILES | {"model.txt"}
    assert set(trained.files["logistic"]) == FILES | {"model.json"}


def test_two_trainings_on_the_same_input_give_the_same_bytes(spec, table, outcome, origin, trained):
    again = train_outcome(spec, table, outcome, origin)
    assert again.chosen == trained.chosen
    for kind, files in trained.files.items():
        for name, data in files.items():
            assert again.files[kind][name] == data, f"{kind}/{name}"


def test_both_do_better_than_chance_and_are_calibrated(trained):
    for told in trained.measures.values():
        assert 0.65 < told["auroc"] < 0.95
        assert told["calibration_slope"] == pytest.approx(1, abs=0.2)
        assert told["calibration_intercept"] == pytest.approx(0, abs=0.2)


def test_over_several_populations_neither_is_too_bold_nor_too_timid(spec, make_table, outcome, origin):
    """One test's slope is uncertain by about .1; the mean of six would show a sigmoid that does not suit its model."""
    tables = (make_table(people=6000, years=(2018, 2019, 2020), seed=seed) for seed in range(6))
    found = [train_outcome(spec, table, outcome, origin).measures for table in tables]
    for kind in ("lightgbm", "logistic"):
        assert np.mean([told[kind]["calibration_slope"] for told in found]) == pytest.approx(1, abs=0.1)
        assert np.mean([told[kind]["calibration_intercept"] for told in found]) == pytest.approx(0, abs=0.05)


def test_the_trees_that_are_served_have_as_many_rounds_as_those_of_the_folds(spec, make_table, outcome, origin):
    table = make_table(people=4000)
    trained = train_outcome(spec, table, outcome, origin)
    y = table.labels[outcome.id]
    split = split_rows(spec.split, outcome, table.person, table.landmark, y)
    train = candidates.Training.of(table, y, split)
    fits = [candidates.fit("lightgbm", spec, train, fitted) for fitted, _ in split.crossed()]
    assert all(fitted.parameters["early_stopping"] for fitted in fits)
    served = trained.parameters["lightgbm"]
    assert served["rounds"] == round(np.mean([fitted.parameters["rounds"] for fitted in fits]))
    assert served["rows_fitted"] == len(split.rows["train"]), "nobody is left out to stop by"


def test_test_figures_are_those_of_the_members_on_the_test_rows(spec, table, outcome, trained):
    y = table.labels[outcome.id]
    rows = split_rows(spec.split, outcome, table.person, table.landmark, y).rows["test"]
    for kind, files in trained.files.items():
        risk = Member.from_files(files).risk(table.x[rows])
        assert trained.measures[kind]["auroc"] == roc_auc_score(y[rows], risk)
        assert trained.measures[kind]["n"] == len(rows)


# --- the choice ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "auroc, gain, expected",
    [
        ({"lightgbm": 0.800, "logistic": 0.750}, 0.005, "lightgbm"),  # much better
        ({"lightgbm": 0.875, "logistic": 0.750}, 0.125, "lightgbm"),  # better by just the gain
        ({"lightgbm": 0.754, "logistic": 0.750}, 0.005, "logistic"),  # better, but by too little
        ({"lightgbm": 0.750, "logistic": 0.750}, 0.005, "logistic"),
        ({"lightgbm": 0.750, "logistic": 0.750}, 0.0, "lightgbm"),
        ({"lightgbm": 0.700, "logistic": 0.750}, 0.005, "logistic"),
        ({"lightgbm": 0.600}, 0.005, "lightgbm"),  # the other could not be calibrated
        ({"logistic": 0.600}, 0.005, "logistic"),
    ],
)
def test_each_outcome_of_the_choice(auroc, gain, expected):
    assert choose(auroc, gain) == expected


def test_where_a_line_says_it_all_the_logistic_is_chosen(trained):
    assert trained.chosen == "logistic"


def test_a_gain_that_is_declared_is_used(spec, table, outcome, origin):
    assert train_outcome(with_gain(spec, 0.0), table, outcome, origin).chosen == "logistic"
    bent = replace(table, labels={outcome.id: bending(table)})
    assert train_outcome(with_gain(spec, 0.9), bent, outcome, origin).chosen == "logistic"


def bending(table) -> np.ndarray:
    rng = np.random.default_rng(1)
    bend = np.abs(table.x[:, 0] - 66) > 14  # the young and the old: no line can follow
    risk = np.where(bend, 0.5, 0.08) + 0.06 * np.minimum(table.x[:, 1], 3)
    return (rng.random(len(risk)) < risk).astype(float)


def test_trees_are_chosen_where_the_risk_bends(spec, table, outcome, origin):
    result = train_outcome(spec, replace(table, labels={outcome.id: bending(table)}), outcome, origin)
    assert result.chosen == "lightgbm"
    assert result.measures["lightgbm"]["auroc"] > result.measures["logistic"]["auroc"] + 0.05


def test_the_choice_does_not_look_at_the_test_rows(spec, table, outcome, origin, trained):
    y = table.labels[outcome.id].copy()
    rows = split_rows(spec.split, outcome, table.person, table.landmark, y).rows["test"]
    y[rows] = y[rows][::-1]
    other = train_outcome(spec, replace(table, labels={outcome.id: y}), outcome, origin)
    assert other.chosen == trained.chosen
    for kind, name in (("lightgbm", "model.txt"), ("logistic", "model.json")):
        assert other.files[kind][name] == trained.files[kind][name]
        assert other.files[kind]["calibration.json"] == trained.files[kind]["calibration.json"]
    assert other.measures != trained.measures


# --- nobody is asked about who was learned from ----------------------------------------------------------------------


@pytest.fixture
def watched(monkeypatch):
    """The people of every fit, and of every call of a fitted model, told by a column that holds a person's number."""
    fits, asked = [], []

    def watch(name):
        whole = getattr(candidates, name)

        def fit(estimator, x, y, *more, **named):
            fits.append((name, set(x[:, -1])))
            return whole(estimator, x, y, *more, **named)

        monkeypatch.setattr(candidates, name, fit)

    for name in ("fit_logistic", "fit_lightgbm"):
        watch(name)
    whole = Member.logit
    monkeypatch.setattr(Member, "logit", lambda self, x: asked.append((len(fits), set(x[:, -1]))) or whole(self, x))
    return fits, asked


def test_out_of_fold_means_out_of_every_row_of_the_fit(spec, table, outcome, origin, watched):
    x = table.x.copy()
    x[:, -1] = table.person
    split = split_rows(spec.split, outcome, table.person, table.landmark, table.labels[outcome.id])
    train, calibrate, test = (set(table.person[split.rows[part]]) for part in ("train", "calibrate", "test"))
    assert isinstance(train_outcome(spec, replace(table, x=x), outcome, origin), Trained)
    fits, asked = watched
    assert [name for name, _ in fits] == ["fit_lightgbm"] * 5 + ["fit_logistic"] * 5
    assert all(not people & test for _, people in fits)
    assert [people == train for _, people in fits] == ([False] * 4 + [True]) * 2
    for start in (0, 5):
        answered = [(fits[made - 1][1], people) for made, people in asked if start < made <= start + 4]
        assert len(answered) == 4
        assert not any(learned & people for learned, people in answered)
        assert set().union(*(people for _, people in answered)) == calibrate


def test_the_sigmoid_is_that_of_the_out_of_fold_logits_by_hand(spec, table, outcome, trained):
    y = table.labels[outcome.id]
    split = split_rows(spec.split, outcome, table.person, table.landmark, y)
    rows, told = split.rows["calibrate"], trained.files["logistic"]
    logit = np.empty(len(rows))
    for fold in range(4):
        fitted, asked = split.fold["train"] != fold, split.fold["calibrate"] == fold
        index = split.rows["train"][fitted]
        model = fit_logistic(spec.estimators.logistic, table.x[index], y[index], list("abcdef"), fitted.mean()).model
        logit[asked] = Logistic(json.loads(model)).logit(table.x[rows[asked]])
    calibration = json.loads(told["calibration.json"])
    assert fit_sigmoid(logit, y[rows]) == (calibration["a"], calibration["b"])
    assert json.loads(told["card.json"])["candidates"]["logistic"]["calibrate"]["auroc"] == roc_auc_score(
        y[rows], logit
    )
    risks = sigmoid(calibration["a"] * logit + calibration["b"])
    quantiles = dict(json.loads(told["reference.json"])["score_quantiles"])
    assert quantiles[0.5] == np.quantile(risks, 0.5)


# --- what is lacking, and what is refused ----------------------------------------------------------------------------


def test_too_few_events_is_an_answer(spec, table, make_outcome, origin):
    result = train_outcome(spec, table, make_outcome(min_events_train=10**6), origin)
    assert isinstance(result, NotTrained)
    assert result.split == "train"


def test_features_that_foretell_nothing_train_no_model(spec, table, outcome, origin):
    y = table.labels[outcome.id]
    split = split_rows(spec.split, outcome, table.person, table.landmark, y)
    turned = y.copy()
    turned[split.rows["calibrate"]] = 1 - y[split.rows["calibrate"]]
    result = train_outcome(spec, replace(table, labels={outcome.id: turned}), outcome, origin)
    assert isinstance(result, NotTrained)
    assert result.split == "calibrate"
    assert "no candidate can be calibrated" in result.text


def test_a_column_that_may_not_predict_is_refused_by_name(spec, table, outcome, origin, make_column):
    columns = [make_column("education", use="statistics"), make_column("origin", role="audit"), *table.columns[2:]]
    wrong = Table(table.person, table.landmark, table.x, columns, table.labels)
    with pytest.raises(GateError) as caught:
        train_outcome(spec, wrong, outcome, origin)
    assert caught.value.exit_code == 12
    assert "education: " in str(caught.value)
    assert "origin: " in str(caught.value)
    assert isinstance(train_outcome(spec, wrong.served(), outcome, origin), Trained)


def test_spec_outcome_and_labels_must_be_of_one_outcome(spec, table, make_outcome, origin):
    with pytest.raises(DataError, match="needs spec and labels of death_365d"):
        train_outcome(spec, table, make_outcome(id="death_365d"), origin)


# --- what is written -------------------------------------------------------------------------------------------------


def test_written_to_a_folder_and_read_back_as_a_member(trained, tmp_path):
    trained.write(tmp_path / "training")
    folder = chosen_folder(tmp_path / "training")
    assert folder.name == trained.chosen
    assert dict(read_member(folder).files) == dict(trained.files[trained.chosen])


def test_no_golden_row_and_no_reference_is_a_persons_row(trained, table):
    people = {row.tobytes() for row in table.x}
    for files in trained.files.values():
        golden = np.array([case["x"] for case in json.loads(files["golden.json"])], dtype=float)
        assert len(golden) == 10
        assert not people & {row.tobytes() for row in golden}


def test_golden_cases_cover_gaps_and_hold_their_risk(trained):
    for files in trained.files.values():
        golden = json.loads(files["golden.json"])
        x = np.array([case["x"] for case in golden], dtype=float)
        assert np.isnan(x[-1]).all()
        assert np.isnan(x).any(axis=0).all()
        np.testing.assert_array_equal(Member.from_files(files).risk(x), [case["risk"] for case in golden])


def test_golden_rows_of_a_column_that_is_always_missing():
    rows = golden_rows(np.column_stack([np.full(10, np.nan), np.arange(10.0)]))
    assert np.isnan(rows[:, 0]).all()
    np.testing.assert_allclose(rows[:5, 1], np.quantile(np.arange(10.0), [0.05, 0.25, 0.5, 0.75, 0.95]))


def test_the_reference_tells_means_and_the_spread_of_risks(spec, table, outcome, trained):
    reference = json.loads(trained.files["lightgbm"]["reference.json"])
    y = table.labels[outcome.id]
    rows = split_rows(spec.split, outcome, table.person, table.landmark, y).rows["train"]
    by_id = {column["id"]: column for column in reference["columns"]}
    assert by_id["age"]["mean"] == pytest.approx(table.x[rows, 0].mean())
    assert by_id["lab_hba1c_last_365"]["mean"] == pytest.approx(np.nanmean(table.x[rows, 3]))
    assert by_id["lab_hba1c_last_365"]["missing"] == pytest.approx(np.isnan(table.x[rows, 3]).mean())
    assert [q for q, _ in reference["score_quantiles"]] == [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99]
    risks = [risk for _, risk in reference["score_quantiles"]]
    assert risks == sorted(risks)
    assert 0 < risks[0] < risks[-1] < 1


# --- nothing that is one person's ------------------------------------------------------------------------------------


def test_a_quantile_with_fewer_than_five_people_beyond_it_is_left_out(spec, make_table, make_outcome, origin):
    few = make_outcome(min_events_train=10, min_events_test=5)
    small = make_table(people=300)
    result = train_outcome(spec, small, few, origin)
    reference = json.loads(result.files[result.chosen]["reference.json"])
    split = split_rows(spec.split, few, small.person, small.landmark, small.labels[few.id])
    assert 100 < len(split.rows["calibrate"]) < 200
    assert [q for q, _ in reference["score_quantiles"]] == [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95]


def test_what_fewer_than_five_people_have_stands_nowhere(spec, table, outcome, origin):
    split = split_rows(spec.split, outcome, table.person, table.landmark, table.labels[outcome.id])
    some = np.unique(table.person[split.rows["train"]])[:4]
    x = table.x.copy()
    x[:, 4] = np.where(np.isin(table.person, some), 8765.4321, 0.0)  # four people differ from all others
    x[:, 5] = np.where(np.isin(table.person, some), 4321.8765, np.nan)  # four people have anything at all
    x[np.isin(table.person, some), 0] = np.nan  # four people lack what all others have
    result = train_outcome(spec, replace(table, x=x), outcome, origin)
    for kind, files in result.files.items():
        by_id = {column["id"]: column for column in json.loads(files["reference.json"])["columns"]}
        assert by_id["drug_n05_any_365"] == {"id": "drug_n05_any_365", "mean": 0.0, "missing": 0.0}
        assert by_id["noise"] == {"id": "noise", "mean": None, "missing": 1.0}
        assert by_id["age"]["missing"] == 0.0
        golden = np.array([case["x"] for case in json.loads(files["golden.json"])], dtype=float)
        assert set(golden[~np.isnan(golden[:, 4]), 4]) == {0.0}
        assert np.isnan(golden[:, 5]).all()
        added = Member.from_files(files).contributions(x[np.isin(table.person, some)])
        np.testing.assert_allclose(added[:, 4:], 0, atol=1e-12, err_msg=kind)
