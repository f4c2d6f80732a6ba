"""Training gives two candidates and one choice, the same every time, or says what it lacks."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from models.bundle import read_member
from models.scoring import Member
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
        assert told["calibration_slope"] == pytest.approx(1, abs=0.25)
        assert told["calibration_intercept"] == pytest.approx(0, abs=0.25)


def test_test_figures_are_those_of_the_members_on_the_test_rows(spec, table, outcome, trained):
    y = table.labels[outcome.id]
    rows = split_rows(spec.split, outcome, table.person, table.landmark, y).rows["test"]
    for kind, files in trained.files.items():
        risk = Member.from_files(files).risk(table.x[rows])
        assert trained.measures[kind]["auroc"] == roc_auc_score(y[rows], risk)
        assert trained.measures[kind]["n"] == len(rows)


# --- the choice ------------------------------------------------------------------------------------------------------


def test_the_logistic_is_chosen_where_trees_gain_too_little(spec, table, outcome, origin, trained):
    card = json.loads(trained.files["logistic"]["card.json"])
    auroc = {kind: told["calibrate"]["auroc"] for kind, told in card["candidates"].items()}
    gain = auroc["lightgbm"] - auroc["logistic"]
    assert trained.chosen == ("lightgbm" if gain >= 0.005 else "logistic")
    assert train_outcome(with_gain(spec, 1.0), table, outcome, origin).chosen == "logistic"


def test_trees_are_chosen_where_the_risk_bends(spec, table, outcome, origin):
    rng = np.random.default_rng(1)
    bend = np.abs(table.x[:, 0] - 66) > 14  # the young and the old: no line can follow
    risk = np.where(bend, 0.5, 0.08) + 0.06 * np.minimum(table.x[:, 1], 3)
    y = (rng.random(len(risk)) < risk).astype(float)
    result = train_outcome(spec, replace(table, labels={outcome.id: y}), outcome, origin)
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
    risks = [risk for _, risk in reference["score_quantiles"]]
    assert risks == sorted(risks)
    assert 0 < risks[0] < risks[-1] < 1
