"""Training gives two candidates and one choice, the same every time, or says what it lacks."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from models import candidates
from models.bundle import read_member
from models.calibrate import Calibration, fit_sigmoid
from models.candidates import Candidate, choose
from models.estimators import fit_logistic
from models.evaluation.measures import points
from models.sample_size import rows_needed
from models.scoring import Logistic, Member, sigmoid
from models.spec import Baseline, Predictor
from models.split import NotTrained, split_rows
from models.table import Labels, Table
from models.train import Trained, chosen_folder, golden_rows, train_outcome
from stratify.errors import DataError, GateError

FILES = {"calibration.json", "reference.json", "golden.json", "card.json"}


def with_gain(spec, gain: float):
    return spec.model_copy(update={"choose": spec.choose.model_copy(update={"lightgbm_gain": gain})})


def labelled(table: Table, outcome, y: np.ndarray, **changed) -> Table:
    """The table with other labels."""
    return replace(table, labels={outcome.id: Labels.of(y)}, **changed)


def figures_of(trained: Trained, table: Table) -> dict[str, dict]:
    """The figures of every candidate and baseline on the test rows."""
    test = table.rows(trained.split.rows["test"])
    y, risks = test.labels[trained.outcome].y, trained.risks(test)
    order = {name: np.argsort(risk, kind="stable") for name, risk in risks.items()}
    return {name: points(y[order[name]], risk[order[name]], np.ones(len(y))) for name, risk in risks.items()}


def test_both_candidates_come_with_all_files_of_a_member(trained):
    assert set(trained.files) == {"lightgbm", "logistic"}
    assert set(trained.files["lightgbm"]) == FILES | {"model.txt"}
    assert set(trained.files["logistic"]) == FILES | {"model.json"}


def test_baselines_stand_beside_and_are_never_served(trained, declared, spec):
    assert set(trained.candidates) == {"lightgbm", "logistic", "age_sex"}
    assert "age_sex" not in trained.files
    assert trained.candidates["age_sex"].member.columns == ["age"]
    told = json.loads(trained.files[trained.chosen]["card.json"])
    assert set(told["candidates"]) == set(trained.candidates)


def test_the_logistic_reads_its_named_predictors_and_the_trees_every_column(trained, table, declared, spec):
    named = [one.column for one in declared.predictors_of(spec)]
    assert list(trained.candidates["logistic"].member.columns) == named
    assert list(trained.candidates["lightgbm"].member.columns) == [column["id"] for column in table.columns]


def test_two_trainings_on_the_same_input_give_the_same_bytes(train_one, table, trained):
    again = train_one(table)
    assert again.chosen == trained.chosen
    for kind, files in trained.files.items():
        for name, data in files.items():
            assert again.files[kind][name] == data, f"{kind}/{name}"


def test_all_do_better_than_chance_and_are_calibrated(trained, table):
    """On 640 test rows after 960 of calibration an intercept is uncertain by about .11."""
    for told in figures_of(trained, table).values():
        assert 0.58 < told["auroc"] < 0.95
        assert told["calibration_slope"] == pytest.approx(1, abs=0.25)
        assert told["calibration_intercept"] == pytest.approx(0, abs=0.33)


def test_a_baseline_of_age_alone_tells_less_than_either_candidate(trained, table):
    told = figures_of(trained, table)
    assert told["age_sex"]["auroc"] < min(told[kind]["auroc"] for kind in ("lightgbm", "logistic")) - 0.05


def test_over_several_populations_neither_is_too_bold_nor_too_timid(train_one, make_table):
    """One test's slope is uncertain by about .1; the mean of eight would show a sigmoid that does not fit its model."""
    tables = [make_table(people=4000, years=(2018, 2019, 2020), seed=seed) for seed in range(8)]
    found = [figures_of(train_one(table), table) for table in tables]
    for kind in ("lightgbm", "logistic"):
        assert np.mean([told[kind]["calibration_slope"] for told in found]) == pytest.approx(1, abs=0.1)
        assert np.mean([told[kind]["calibration_intercept"] for told in found]) == pytest.approx(0, abs=0.08)


def test_the_trees_that_are_served_have_as_many_rounds_as_those_of_the_folds(
    spec, declared, make_table, train_one, outcome
):
    table = make_table(people=4000, years=(2018, 2019, 2020))
    trained = train_one(table)
    split = trained.split
    trees = candidates.recipes(spec, declared, candidates.Training.of(table, outcome.id, split))[0]
    fits = [trees.fit(fitted, ()) for fitted, _ in split.crossed()]
    assert all(fitted.parameters["early_stopping"] for fitted in fits)
    served = trained.candidates["lightgbm"].parameters
    assert served["rounds"] == round(np.mean([fitted.parameters["rounds"] for fitted in fits]))
    assert served["rows_fitted"] == len(split.rows["train"]), "nobody is left out to stop by"


def test_the_risks_told_are_those_of_the_files_whatever_their_columns(trained, table):
    test = table.rows(trained.split.rows["test"])
    risks = trained.risks(test)
    for kind, files in trained.files.items():
        member = Member.from_files(files)
        np.testing.assert_array_equal(risks[kind], member.risk(test.read(member.columns), test.inside))


def test_the_split_it_tells_is_the_one_everybody_would_make(spec, table, outcome, trained):
    again = split_rows(spec.split, outcome, table)
    for part, rows in trained.split.rows.items():
        np.testing.assert_array_equal(rows, again.rows[part])


# --- the choice ------------------------------------------------------------------------------------------------------


AT_RISK = np.array([0.0, 0.0, 0.0, 1.0, 1.0])
GOOD, POOR = np.array([0.05, 0.05, 0.05, 0.6, 0.6]), np.array([0.6, 0.6, 0.6, 0.05, 0.05])


def candidate(kind, auroc: float, risks=GOOD) -> Candidate:
    return Candidate(kind, None, b"", {}, Calibration(1.0, 0.0), risks, auroc)  # type: ignore[arg-type]


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
        ({"logistic": 0.600, "age_sex": 0.9}, 0.005, "logistic"),  # a baseline is never chosen
    ],
)
def test_each_outcome_of_the_choice(spec, auroc, gain, expected):
    found = {kind: candidate(kind, value) for kind, value in auroc.items()}
    assert choose(found, with_gain(spec, gain), AT_RISK, np.ones(5)) == expected


def test_trees_that_find_fewer_at_every_threshold_are_not_chosen_for_their_auroc(spec):
    found = {"lightgbm": candidate("lightgbm", 0.9, POOR), "logistic": candidate("logistic", 0.7, GOOD)}
    assert choose(found, spec, AT_RISK, np.ones(5)) == "logistic"


def test_trees_no_worse_at_one_threshold_are_chosen(spec):
    """At .3 both find the two alone; at .1 and .2 the trees flag one more without the event."""
    trees = candidate("lightgbm", 0.9, np.array([0.05, 0.05, 0.25, 0.6, 0.6]))
    found = {"lightgbm": trees, "logistic": candidate("logistic", 0.7)}
    assert choose(found, spec, AT_RISK, np.ones(5)) == "lightgbm"
    low = spec.model_copy(update={"evaluation": spec.evaluation.model_copy(update={"thresholds": (0.1, 0.2)})})
    assert choose(found, low, AT_RISK, np.ones(5)) == "logistic"


def test_net_benefit_counts_rows_by_their_weight(spec):
    """The trees miss one with the event, who weighs nearly nothing, and spare one without, who weighs much."""
    y = np.array([0.0, 0.0, 1.0, 1.0])
    trees = candidate("lightgbm", 0.9, np.array([0.01, 0.01, 0.01, 0.9]))
    line = candidate("logistic", 0.7, np.array([0.01, 0.9, 0.9, 0.9]))
    found = {"lightgbm": trees, "logistic": line}
    assert choose(found, spec, y, np.ones(4)) == "logistic"
    assert choose(found, spec, y, np.array([1.0, 9.0, 0.1, 1.0])) == "lightgbm"


def test_where_a_line_says_it_all_the_logistic_is_chosen(trained):
    assert trained.chosen == "logistic"


@pytest.fixture(scope="module")
def bent(table, outcome) -> Table:
    rng = np.random.default_rng(1)
    bend = np.abs(table.x[:, 0] - 66) > 14  # the young and the old: no line can follow
    risk = np.where(bend, 0.5, 0.08) + 0.06 * np.minimum(table.x[:, 1], 3)
    return labelled(table, outcome, (rng.random(len(risk)) < risk).astype(float))


def test_trees_are_chosen_where_the_risk_bends_unless_more_gain_is_asked_for(train_one, spec, bent):
    result = train_one(bent)
    assert result.chosen == "lightgbm"
    told = figures_of(result, bent)
    assert told["lightgbm"]["auroc"] > told["logistic"]["auroc"] + 0.05
    assert train_one(bent, spec=with_gain(spec, 0.9)).chosen == "logistic"


def test_the_choice_does_not_look_at_the_test_rows(train_one, table, outcome, trained):
    y = table.labels[outcome.id].y.copy()
    rows = trained.split.rows["test"]
    y[rows] = y[rows][::-1]
    turned = labelled(table, outcome, y)
    other = train_one(turned)
    assert other.chosen == trained.chosen
    for kind, name in (("lightgbm", "model.txt"), ("logistic", "model.json")):
        for file in (name, "calibration.json", "reference.json", "golden.json"):
            assert other.files[kind][file] == trained.files[kind][file]
    assert figures_of(other, turned) != figures_of(trained, table)


# --- nobody is asked about who was learned from ----------------------------------------------------------------------


@pytest.fixture
def watched(monkeypatch):
    """The people of every fit, and of every call of a fitted model, told by a column that holds a person's number."""
    fits, asked = [], []

    def watch(name):
        whole = getattr(candidates, name)

        def fit(how, x, *more, **named):
            fits.append((name, set(x[:, -1])))
            return whole(how, x, *more, **named)

        monkeypatch.setattr(candidates, name, fit)

    for name in ("fit_logistic", "fit_lightgbm"):
        watch(name)
    whole = Member.logit

    def logit(self, x, inside=None):
        asked.append((len(fits), set(x[:, -1])))
        return whole(self, x, inside)

    monkeypatch.setattr(Member, "logit", logit)
    return fits, asked


def test_out_of_fold_means_out_of_every_row_of_the_fit(train_one, spec, table, outcome, watched):
    x = table.x.copy()
    x[:, -1] = table.person
    split = split_rows(spec.split, outcome, table)
    train, calibrate, test = (set(table.person[split.rows[part]]) for part in ("train", "calibrate", "test"))
    alone = spec.model_copy(update={"baselines": ()})
    assert isinstance(train_one(replace(table, x=x), spec=alone), Trained)
    fits, asked = watched
    assert [name for name, _ in fits] == ["fit_lightgbm"] * 5 + ["fit_logistic"] * 5
    assert all(not people & test for _, people in fits)
    assert [people == train for _, people in fits] == ([False] * 4 + [True]) * 2
    for start in (0, 5):
        answered = [(fits[made - 1][1], people) for made, people in asked if start < made <= start + 4]
        assert len(answered) == 4
        assert not any(learned & people for learned, people in answered)
        assert set().union(*(people for _, people in answered)) == calibrate


def test_with_enough_events_in_one_fold_no_more_is_fitted_or_asked(train_one, spec, table, watched):
    x = table.x.copy()
    x[:, -1] = table.person
    few = spec.model_copy(update={"baselines": (), "split": spec.split.model_copy(update={"enough_events": 20})})
    trained = train_one(replace(table, x=x), spec=few)
    fits, _ = watched
    assert [name for name, _ in fits] == ["fit_lightgbm"] * 2 + ["fit_logistic"] * 2
    assert trained.split.folds == 1
    asked = set(table.person[trained.split.rows["calibrate"]])
    assert not asked & fits[0][1]
    assert fits[1][1] >= asked & set(table.person[trained.split.rows["train"]]), "the served one learns from all"


def test_the_sigmoid_is_that_of_the_out_of_fold_logits_by_hand(spec, declared, table, outcome, trained):
    y, split = table.labels[outcome.id].y, trained.split
    rows, told = split.rows["calibrate"], trained.files["logistic"]
    predictors = declared.predictors_of(spec)
    logit = np.empty(len(rows))
    for fold in range(4):
        fitted, asked = split.fold["train"] != fold, split.fold["calibrate"] == fold
        index = split.rows["train"][fitted]
        ones, share = np.ones(len(index)), float(fitted.mean())
        how = spec.estimators.logistic
        model = fit_logistic(how, table.x[index], y[index], ones, predictors, share).model
        logit[asked] = Logistic(json.loads(model)).logit(table.x[rows[asked]])
    calibration = json.loads(told["calibration.json"])
    assert fit_sigmoid(logit, y[rows]) == (calibration["a"], calibration["b"])
    assert calibration["strata"] is None, "nobody here is of the stratum"
    auroc = json.loads(told["card.json"])["candidates"]["logistic"]["calibrate"]["auroc"]
    assert auroc == roc_auc_score(y[rows], logit)
    risks = sigmoid(calibration["a"] * logit + calibration["b"])
    quantiles = dict(json.loads(told["reference.json"])["score_quantiles"])
    assert quantiles[0.5] == np.quantile(risks, 0.5)


def test_a_stratum_whose_risk_is_higher_than_its_columns_tell_is_moved_up(train_one, table, outcome):
    rng = np.random.default_rng(8)
    inside = np.isin(table.person, np.flatnonzero(rng.random(int(table.person.max()) + 1) < 0.4))
    y = table.labels[outcome.id].y
    more = np.where(inside & (y == 0) & (rng.random(len(y)) < 0.25), 1.0, y)
    trained = train_one(labelled(table, outcome, more, inside=inside))
    for files in trained.files.values():
        strata = json.loads(files["calibration.json"])["strata"]
        assert strata["outside"] < -0.1 < 0.1 < strata["inside"]
        member, golden = Member.from_files(files), json.loads(files["golden.json"])
        x = np.array([case["x"] for case in golden], dtype=float)
        stratum = np.array([case["inside"] for case in golden])
        np.testing.assert_array_equal(member.risk(x, stratum), [case["risk"] for case in golden])
        assert (member.risk(x[~stratum], stratum[stratum]) > member.risk(x[~stratum])).all()


# --- what is lacking, and what is refused ----------------------------------------------------------------------------


def test_too_few_events_is_an_answer_that_names_whom_and_how_many_the_rule_asks_for(
    train_one, table, outcome, make_outcome, declared, spec
):
    result = train_one(table, outcome=make_outcome(min_events_train=10**6))
    assert isinstance(result, NotTrained)
    assert (result.outcome, result.population, result.split) == (outcome.id, "multimorbid", "train")
    y = table.labels[outcome.id].y[split_rows(spec.split, outcome, table).rows["train"]]
    rows = rows_needed(sum(one.basis().size for one in declared.predictors_of(spec)), float(y.mean()))
    assert result.text.startswith(f"no model for {outcome.id}, multimorbid: ")
    assert f"{rows} rows, {round(rows * y.mean())} events, for 6 parameters by the sample-size rule" in result.text


@pytest.mark.parametrize("value, told", [(0.0, "0 events"), (1.0, "0 people without the event")])
def test_an_outcome_that_is_the_same_for_all_is_an_answer(train_one, table, outcome, value, told):
    result = train_one(labelled(table, outcome, np.full(len(table.person), value)))
    assert isinstance(result, NotTrained)
    assert f"hold {told}, 100 are needed; look at what the outcome counts; or land more people" in result.text


def test_a_population_with_nobody_in_it_is_an_answer(train_one, table):
    result = train_one(table.rows(np.empty(0, dtype=np.intp)))
    assert isinstance(result, NotTrained)
    assert (result.split, result.events) == ("train", 0)
    assert "hold 0 events, 100 are needed" in result.text


def test_a_predictor_that_the_matrix_does_not_have_is_named(train_one, table):
    lacking = replace(table, x=table.x[:, 1:].copy(), columns=table.columns[1:])
    with pytest.raises(DataError, match="name columns that the matrix does not have") as caught:
        train_one(lacking)
    assert list(caught.value.problems) == ["age"]
    assert caught.value.exit_code == 11


def test_features_that_foretell_nothing_train_no_model(train_one, table, outcome, trained):
    y, rows = table.labels[outcome.id].y, trained.split.rows["calibrate"]
    turned = y.copy()
    turned[rows] = 1 - y[rows]
    result = train_one(labelled(table, outcome, turned))
    assert isinstance(result, NotTrained)
    assert result.split == "calibrate"
    assert "no candidate can be calibrated" in result.text


def test_a_column_that_may_not_predict_is_refused_by_name(train_one, table, make_column):
    columns = [*table.columns[:4], make_column("education", use="statistics"), make_column("origin", role="audit")]
    wrong = replace(table, columns=columns)
    with pytest.raises(GateError) as caught:
        train_one(wrong)
    assert caught.value.exit_code == 12
    assert "education: " in str(caught.value)
    assert "origin: " in str(caught.value)


def test_a_named_predictor_that_stands_beside_is_refused(train_one, table, make_column):
    columns = [*table.columns[:5], make_column("noise", role="audit")]
    with pytest.raises(GateError, match="noise: stands beside"):
        train_one(replace(table, columns=columns).served())


def test_a_baseline_may_read_what_stands_beside(table, spec, declared, outcome, origin, make_column):
    index = Predictor.model_validate({"column": "index", "as": "linear"})
    baselines = {"nmi": Baseline(name=declared.baselines["age_sex"].name, predictors=(index,))}
    named = replace(declared, baselines=baselines)
    beside = replace(table, beside={"index": table.x[:, 1].copy()})
    alone = spec.model_copy(update={"baselines": ("nmi",)})
    result = train_outcome(alone, named, "multimorbid", beside, outcome, origin)
    assert result.candidates["nmi"].calibrate_auroc > 0.55
    assert "index" not in Member.from_files(result.files["lightgbm"]).columns


def test_spec_outcome_and_labels_must_be_of_one_outcome(train_one, table, make_outcome):
    with pytest.raises(DataError, match="needs spec and labels of death_365d"):
        train_one(table, outcome=make_outcome(id="death_365d"))


# --- what is written -------------------------------------------------------------------------------------------------


def test_written_to_a_folder_and_read_back_as_a_member(trained, tmp_path):
    trained.write(tmp_path / "training")
    folder = chosen_folder(tmp_path / "training")
    assert folder.name == trained.chosen
    assert dict(read_member(folder).files) == dict(trained.files[trained.chosen])
    told = json.loads((tmp_path / "training" / "chosen.json").read_text(encoding="utf-8"))
    assert told == {"outcome": "acute_admission_365d", "population": "multimorbid", "chosen": "logistic"}


def test_no_golden_row_and_no_reference_is_a_persons_row(trained, table):
    people = {row.tobytes() for row in table.x}
    for files in trained.files.values():
        golden = np.array([case["x"] for case in json.loads(files["golden.json"])], dtype=float)
        assert len(golden) == 20, "ten rows, outside the stratum and inside"
        assert not people & {row.tobytes() for row in golden}


def test_golden_cases_cover_gaps_and_hold_their_risk(trained):
    for files in trained.files.values():
        golden = json.loads(files["golden.json"])
        x = np.array([case["x"] for case in golden], dtype=float)
        assert np.isnan(x[-1]).all()
        assert np.isnan(x).any(axis=0).all()
        assert [case["inside"] for case in golden] == [False] * 10 + [True] * 10
        inside = np.array([case["inside"] for case in golden])
        np.testing.assert_array_equal(Member.from_files(files).risk(x, inside), [case["risk"] for case in golden])


def test_golden_rows_of_a_column_that_is_always_missing():
    rows = golden_rows(np.column_stack([np.full(10, np.nan), np.arange(10.0)]))
    assert np.isnan(rows[:, 0]).all()
    np.testing.assert_allclose(rows[:5, 1], np.quantile(np.arange(10.0), [0.05, 0.25, 0.5, 0.75, 0.95]))


def test_the_reference_tells_means_and_the_spread_of_risks(table, trained):
    reference = json.loads(trained.files["lightgbm"]["reference.json"])
    rows = trained.split.rows["train"]
    by_id = {column["id"]: column for column in reference["columns"]}
    assert by_id["age"]["mean"] == pytest.approx(table.x[rows, 0].mean())
    assert by_id["lab_hba1c_last_365"]["mean"] == pytest.approx(np.nanmean(table.x[rows, 3]))
    assert by_id["lab_hba1c_last_365"]["missing"] == pytest.approx(np.isnan(table.x[rows, 3]).mean())
    assert [q for q, _ in reference["score_quantiles"]] == [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99]
    risks = [risk for _, risk in reference["score_quantiles"]]
    assert risks == sorted(risks)
    assert 0 < risks[0] < risks[-1] < 1


# --- nothing that is one person's ------------------------------------------------------------------------------------


def test_a_quantile_with_fewer_than_five_people_beyond_it_is_left_out(train_one, make_table, make_outcome):
    few = make_outcome(min_events_train=10, min_events_test=5)
    result = train_one(make_table(people=300), outcome=few)
    reference = json.loads(result.files[result.chosen]["reference.json"])
    assert 100 < len(result.split.rows["calibrate"]) < 200
    assert [q for q, _ in reference["score_quantiles"]] == [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95]


def test_what_fewer_than_five_people_have_stands_nowhere(train_one, table, trained):
    some = np.unique(table.person[trained.split.rows["train"]])[:4]
    x = table.x.copy()
    x[:, 4] = np.where(np.isin(table.person, some), 8765.4321, 0.0)  # four people differ from all others
    x[:, 5] = np.where(np.isin(table.person, some), 4321.8765, np.nan)  # four people have anything at all
    x[np.isin(table.person, some), 0] = np.nan  # four people lack what all others have
    result = train_one(replace(table, x=x))
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
