"""What stands beside the figures: three shares, what is missing, who left, injuries, the dead, the border."""

import numpy as np
import pytest

from models import more
from models.split import Split
from models.table import Labels, Table
from models.three_state import fit_three_state
from stratify.errors import DataError


def labels(y, *, died=(), days=None, weight=None, bare=None):
    y = np.array(y, dtype=float)
    dead = np.zeros(len(y), dtype=bool)
    dead[list(died)] = True
    told = ~np.isnan(y)
    return Labels(
        y,
        told.astype(float) if weight is None else np.array(weight, dtype=float),
        dead,
        np.full(len(y), 365.0) if days is None else np.array(days, dtype=float),
        np.empty(0) if bare is None else np.array(bare, dtype=float),
    )


def test_three_treatments_of_who_left():
    told = labels([1, 0, 0, np.nan], weight=[1, 1, 1.5, 0], days=[10, 365, 365, 100])
    shares = {one["treatment"]: one["share"] for one in more.censoring(told)}
    assert shares == {"dropped": pytest.approx(1 / 3), "left_as_none": 0.25, "weighted": pytest.approx(1 / 3.5)}


def test_injuries_both_ways_and_nothing_where_there_is_no_difference_to_make():
    rng = np.random.default_rng(0)
    risk = rng.random(400)
    y = (rng.random(400) < risk).astype(float)
    bare = np.where(rng.random(400) < 0.2, 0.0, y)
    found = more.injuries(labels(y, bare=bare), risk)
    assert [one["injuries"] for one in found] == ["count", "leave_out"]
    assert found[0]["share"] == y.mean() > found[1]["share"] == bare.mean()
    assert more.injuries(labels(y), risk) == []


def test_dropping_the_dead_makes_the_event_look_commoner():
    y = np.array([1.0] * 20 + [0.0] * 80)
    found = more.drop_the_dead(labels(y, died=range(80, 100)), np.full(100, 0.2), {})
    assert found == [{"group": "all", "observed": 0.2, "without_the_dead": 0.25, "expected": pytest.approx(0.2)}]


def test_with_fewer_than_five_dead_nothing_is_told():
    y = np.array([1.0] * 20 + [0.0] * 80)
    assert more.drop_the_dead(labels(y, died=range(96, 100)), np.full(100, 0.2), {}) == []


def test_what_one_to_four_people_lack_is_not_told(make_column):
    x = np.ones((40, 3))
    x[:4, 0] = np.nan
    x[:10, 1] = np.nan
    table = Table(np.arange(40, dtype=np.int32), np.zeros(40, dtype=np.int32), x, [make_column(c) for c in "abc"], {})
    assert [(one["column"], one["share"]) for one in more.missingness(table, np.arange(40))] == [
        ("b", 0.25),
        ("a", None),
    ]


def test_the_border_tells_how_far_two_models_lie_apart():
    own, other = np.full(200, 0.3), np.full(200, 0.25)
    found = more.border(own, other, np.arange(200) < 3)
    assert found["all"]["mean"] == pytest.approx(0.05)
    assert found["all"]["n"] == 200
    assert found["entered"]["n"] is None, "three people came in: nothing is told of them"


def competing(n=12000, seed=4):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    event, death = 0.002 * np.exp(0.7 * x[:, 0]), 0.001 * np.exp(0.9 * x[:, 1])
    first = rng.exponential(1 / (event + death))
    is_event = rng.random(n) < event / (event + death)
    inside = first < 365
    share = event / (event + death) * -np.expm1(-365 * (event + death))
    dead = death / (event + death) * -np.expm1(-365 * (event + death))
    told = Labels((inside & is_event).astype(float), np.ones(n), inside & ~is_event, np.minimum(np.floor(first), 365.0))
    return x, told, share, dead


def one_fold(train, calibrate):
    """A split of which all training rows are fitted on and all calibration rows asked."""
    rows = {"train": np.flatnonzero(train), "calibrate": np.flatnonzero(calibrate)}
    fold = {"train": np.ones(train.sum(), dtype=np.intp), "calibrate": np.zeros(calibrate.sum(), dtype=np.intp)}
    return Split(rows, {"train": (0,), "calibrate": (0,), "test": ()}, fold, 1)


@pytest.fixture(scope="module")
def three(spec, make_column):
    x, told, share, dead = competing()
    table = Table(
        np.arange(len(x), dtype=np.int32), np.zeros(len(x), dtype=np.int32), x, [make_column(c) for c in "ab"],
        {"event": told},
    )  # fmt: skip
    third = np.arange(len(x)) % 3
    model = fit_three_state(spec.estimators.lightgbm, table, "event", one_fold(third == 0, third == 1), 60)
    return model, table.rows(np.flatnonzero(third == 2)), share[third == 2], dead[third == 2]


def test_three_shares_sum_to_one_and_follow_the_truth(three):
    model, table, share, dead = three
    shares = model.shares(table.x)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-12)
    assert np.abs(shares[:, 1] - share).mean() < 0.04
    assert np.abs(shares[:, 2] - dead).mean() < 0.04


def test_by_tenth_they_agree_with_aalen_johansen(three):
    model, table, *_ = three
    found = more.three_state(model, table, table.labels["event"])
    assert found["sum_off_by"] < 1e-12
    near = [
        abs(one["event"] - one["observed_event"]["value"]) < 0.08
        and abs(one["died_first"] - one["observed_death"]["value"]) < 0.08
        for one in found["tenths"]
        if one is not None
    ]
    assert len(near) >= 9
    assert all(near)


def test_where_a_state_is_rare_there_is_no_such_model(spec, make_column):
    x, told, *_ = competing(600)
    never = Labels(told.y, told.weight, np.zeros(600, dtype=bool), told.days)
    table = Table(
        np.arange(600, dtype=np.int32), np.zeros(600, dtype=np.int32), x, [make_column(c) for c in "ab"],
        {"event": never},
    )  # fmt: skip
    half = np.arange(600) < 300
    assert fit_three_state(spec.estimators.lightgbm, table, "event", one_fold(half, ~half), 10) is None


def test_labels_that_contradict_themselves_are_refused(make_column):
    wrong = labels([1, 0], died=[0])
    with pytest.raises(DataError, match="died_first must not hold where the event came"):
        Table(np.arange(2, dtype=np.int32), np.zeros(2, dtype=np.int32), np.ones((2, 1)), [make_column("a")],
              {"event": wrong})  # fmt: skip
