"""A member scores as what trained it does, says what each column adds, and reads the same from disk."""

import json

import lightgbm as lgb
import numpy as np
import pytest

from models.scoring import Member, sigmoid
from stratify.errors import BundleError, DataError


@pytest.fixture(params=["lightgbm", "logistic"])
def files(request, trained):
    return trained.files[request.param]


@pytest.fixture
def member(files) -> Member:
    return Member.from_files(files)


@pytest.fixture(scope="module")
def x(table):
    return table.x[:50]


def moved(files, outside: float, inside: float) -> dict[str, bytes]:
    """The member's files with two strata moved apart."""
    told = json.loads(files["calibration.json"])
    strata = {"outside": outside, "inside": inside}
    return {**files, "calibration.json": json.dumps({**told, "strata": strata}).encode()}


def test_contributions_lead_from_one_base_to_each_rows_logit(member, x):
    base = member.logit(x) - member.contributions(x).sum(axis=1)
    np.testing.assert_allclose(base, base[0], rtol=0, atol=1e-10)
    np.testing.assert_array_equal(member.risk(x), sigmoid(member.logit(x)))
    assert np.ptp(member.logit(x)) > 1


def test_trees_contributions_sum_to_the_raw_score_of_the_library(trained, x):
    files = trained.files["lightgbm"]
    booster = lgb.Booster(model_str=files["model.txt"].decode())
    member = Member.from_files(files)
    raw = booster.predict(x, raw_score=True, num_threads=1)
    base = booster.predict(x[:1], pred_contrib=True)[0, -1]
    np.testing.assert_allclose(member.contributions(x).sum(axis=1) / member.a + base, raw, atol=1e-10)
    np.testing.assert_allclose(member.risk(x), 1 / (1 + np.exp(-(member.a * raw + member.b))), atol=1e-15)


def test_a_row_alone_scores_as_among_others(member, x):
    alone = np.concatenate([member.risk(row[None, :]) for row in x])
    np.testing.assert_allclose(alone, member.risk(x), rtol=0, atol=1e-13)


def test_one_thread_or_two_give_the_same(files, x):
    one, two = Member.from_files(files), Member.from_files(files, threads=2)
    np.testing.assert_array_equal(one.risk(x), two.risk(x))
    np.testing.assert_array_equal(one.contributions(x), two.contributions(x))


def test_a_row_scores_the_same_however_the_matrix_lies_in_memory(member, x):
    np.testing.assert_array_equal(member.risk(np.asfortranarray(x)), member.risk(x))


def test_a_person_of_whom_nothing_is_known_has_a_risk(member, x):
    nothing = np.full((1, x.shape[1]), np.nan)
    assert 0 < member.risk(nothing)[0] < 1


def test_a_missing_value_adds_what_the_indicator_says_and_no_more(trained):
    files = trained.files["logistic"]
    member = Member.from_files(files)
    declared = json.loads(files["model.json"])["columns"]
    added = member.contributions(np.full((1, len(declared)), np.nan))[0]
    for column, value in zip(declared, added, strict=True):
        gap = column["missing"]
        expected = member.a * gap["coefficient"] * (1 - gap["share"]) / gap["scale"] if gap else 0.0
        assert value == pytest.approx(expected, abs=1e-14)


def test_at_the_mean_of_its_term_a_column_without_gaps_adds_nothing(trained):
    files = trained.files["logistic"]
    declared = json.loads(files["model.json"])["columns"]
    mean = np.array([[column["terms"][0]["mean"] for column in declared]])
    added = Member.from_files(files).contributions(mean)[0]
    linear = [column["transform"]["kind"] == "linear" for column in declared]
    assert sum(linear) == 5
    for column, straight, value in zip(declared, linear, added, strict=True):
        assert (value == 0) == (straight and column["missing"] is None)


def test_each_stratum_is_moved_by_its_own_shift(files, x):
    member, inside = Member.from_files(moved(files, -0.1, 0.3)), np.arange(len(x)) % 2 == 0
    plain = Member.from_files(moved(files, 0.0, 0.0))
    np.testing.assert_allclose(
        member.logit(x, inside) - plain.logit(x), np.where(inside, 0.3, -0.1), rtol=0, atol=1e-12
    )
    np.testing.assert_array_equal(member.risk(x), member.risk(x, np.zeros(len(x), dtype=bool)))
    np.testing.assert_array_equal(member.contributions(x), plain.contributions(x))


def test_a_stratum_that_is_not_told_is_no_shift(files, x):
    told = json.loads(files["calibration.json"])
    assert told["strata"] is None
    member = Member.from_files(files)
    np.testing.assert_array_equal(member.risk(x, np.ones(len(x), dtype=bool)), member.risk(x))


def test_no_rows_give_no_risks(member, x):
    assert member.risk(x[:0]).shape == (0,)
    assert member.contributions(x[:0]).shape == (0, x.shape[1])


@pytest.mark.parametrize("shape", [(3, 5), (3, 7), (6,)])
def test_rows_of_another_shape_are_refused(member, shape):
    with pytest.raises(BundleError, match="reads rows of 6 columns"):
        member.risk(np.zeros(shape))


def test_an_infinite_value_is_refused_by_its_columns_name(member, x):
    broken = x.copy()
    broken[0, 1] = np.inf
    with pytest.raises(DataError, match="stay_acute_count_365"):
        member.contributions(broken)


@pytest.mark.parametrize(
    "change",
    [
        {"calibration.json": None},
        {"model.txt": None},
        {"model.json": b"{}"},
    ],
)
def test_a_member_needs_its_files_and_one_model(trained, change):
    files = {**trained.files["lightgbm"], **change}
    with pytest.raises(BundleError, match="a member needs"):
        Member.from_files({name: data for name, data in files.items() if data is not None})


@pytest.mark.parametrize(
    "kind, name, data",
    [
        ("logistic", "model.json", b'{"intercept": 0}'),
        ("logistic", "model.json", b"not json"),
        ("logistic", "calibration.json", b'{"method": "sigmoid"}'),
        ("logistic", "calibration.json", b'{"method": "sigmoid", "a": 1, "b": 0}'),
        ("logistic", "calibration.json", b'{"method": "sigmoid", "a": 1, "b": 0, "strata": {"inside": 1}}'),
        ("logistic", "model.json", b'{"intercept": 0, "columns": [{"id": "age", "transform": {"kind": "cubic"}}]}'),
        ("lightgbm", "model.txt", b"tree\nnonsense\n"),
    ],
)
def test_a_broken_file_is_told_as_such(trained, kind, name, data, capfd):
    with pytest.raises(BundleError, match="cannot be read"):
        Member.from_files({**trained.files[kind], name: data})


def test_another_calibration_is_refused(trained):
    files = {**trained.files["logistic"], "calibration.json": b'{"method": "isotonic"}'}
    with pytest.raises(BundleError, match="method must be 'sigmoid', got 'isotonic'"):
        Member.from_files(files)


def test_the_sigmoid_keeps_its_head_far_out():
    np.testing.assert_allclose(
        sigmoid(np.array([-1e4, -2.0, 0.0, 2.0, 1e4])), [0, 0.1192029, 0.5, 0.8807971, 1], atol=1e-7
    )
