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
    rows = [1, 0, 0, np.nan] * 10
    told = labels(rows, weight=[1, 1, 1.5, 0] * 10, days=[10, 365, 365, 100] * 10)
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


def test_what_one_to_four_lack_in_one_column_and_not_in_another_is_not_told(make_column):
    x = np.ones((60, 4))
    x[:20, 0] = x[:23, 1] = np.nan  # three have a value in the longer window alone
    x[20:42, 2] = np.nan  # as many as in b but one, of other people
    x[:28, 3] = np.nan
    table = Table(np.arange(60, dtype=np.int32), np.zeros(60, dtype=np.int32), x, [make_column(c) for c in "abcd"], {})
    told = {one["column"]: one["share"] for one in more.missingness(table, np.arange(60))}
    assert told == {"d": 28 / 60, "b": 23 / 60, "c": 22 / 60, "a": None}


def test_rows_that_are_missing_are_counted_by_people(make_column):
    x = np.ones((60, 2))
    x[:20, 0] = x[:29, 1] = np.nan  # nine rows of three people
    person = np.arange(60) // 3
    table = Table(
        person.astype(np.int32), np.arange(60, dtype=np.int32), x, [make_column(c) for c in "ab"], {}
    )  # fmt: skip
    told = {one["column"]: one["share"] for one in more.missingness(table, np.arange(60))}
    assert told == {"b": 29 / 60, "a": None}


@pytest.mark.parametrize("left,told", [(0, 0.25), (3, None), (20, 20 / 100)])
def test_how_many_left_is_not_told_where_it_is_one_to_four(left, told):
    y = np.concatenate([np.ones(20), np.zeros(60), np.full(left, np.nan)])
    found = {one["treatment"]: one["share"] for one in more.censoring(labels(y))}
    assert found["left_as_none"] == told
    assert found["dropped"] == 0.25


def test_with_one_to_four_events_no_share_is_told():
    assert more.censoring(labels([1] * 4 + [0] * 60)) == []
    assert more.censoring(labels([0] * 60)) != []


@pytest.mark.parametrize("only_injuries,shown", [(0, True), (1, False), (4, False), (5, True)])
def test_events_that_are_injuries_alone_are_not_told_where_one_to_four(only_injuries, shown):
    y = np.array([1.0] * 30 + [0.0] * 70)
    bare = np.where(np.arange(100) < only_injuries, 0.0, y)
    assert bool(more.injuries(labels(y, bare=bare), np.linspace(0, 1, 100))) == shown


@pytest.mark.parametrize("events,dead,shown", [(10, 10, True), (28, 10, False), (10, 27, False), (30, 30, True)])
def test_the_oldest_are_left_out_where_one_to_four_of_the_others_follow(events, dead, shown):
    y = np.array([1.0] * 30 + [0.0] * 170)
    age = np.full(200, "18-39")
    age[:events] = age[200 - dead :] = "85+"
    age[100:130] = "85+"
    audit = {"age": age}
    found = more.drop_the_dead(labels(y, died=range(170, 200)), np.full(200, 0.2), audit)
    assert [one["group"] for one in found] == (["all", "85+"] if shown else ["all"])
    hidden = {"age": {"85+": {"suppressed": True}}}
    told = more.drop_the_dead(labels(y, died=range(170, 200)), np.full(200, 0.2), audit, hidden)
    assert [one["group"] for one in told] == ["all"]


def test_a_place_that_is_hidden_among_the_groups_is_hidden_where_it_is_left_out():
    levels = {"A": {"suppressed": True}, "B": {"suppressed": False}, "C": {"suppressed": True}}
    refits = [
        {"split": f"hospital = {name} left out", "auroc": {"value": 0.7}, "n": 40, "lacks": None} for name in "AB"
    ]
    refits.append({"split": "hospital = C left out", "lacks": "too few events in test"})
    found = more.apart_from_hidden(refits, "hospital", levels)
    assert (found[0]["n"], found[0]["events_tested"], found[0]["auroc"]["value"]) == (None, None, None)
    assert found[1:] == refits[1:]


def test_who_did_not_come_in_and_who_is_in_one_population_alone_are_not_told_where_one_to_four():
    own, other = np.full(200, 0.3), np.full(200, 0.25)
    assert more.border(own, other, np.arange(200) < 197)["entered"]["n"] is None
    assert more.border(own, other, np.arange(200) < 195)["entered"]["n"] == 195
    assert [more.border(own, other, np.arange(200) < 9, whole)["all"]["n"] for whole in (200, 203, 205)] == [
        200,
        None,
        200,
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


class Shares:
    """Three shares that put the rows in their order."""

    def shares(self, x):
        return np.stack([0.9 - x[:, 0] / 2, x[:, 0] / 2, np.full(len(x), 0.1)], axis=1)


def tenths(event, died, make_column, left=0):
    """Return the tenths of 1,000 rows with these events and deaths in each tenth."""
    y, dead = np.zeros(1000), np.zeros(1000, dtype=bool)
    for nth, (events, deaths) in enumerate(zip(event, died, strict=True)):
        y[100 * nth : 100 * nth + events] = 1
        dead[100 * nth + 50 : 100 * nth + 50 + deaths] = True
    y[[99, 199, 299, 399, 499][:left]] = np.nan
    told = Labels(y, (~np.isnan(y)).astype(float), dead, np.full(1000, 365.0))
    x = np.linspace(0, 1, 1000)[:, None]
    rows = np.arange(1000, dtype=np.int32)
    table = Table(rows, np.zeros(1000, dtype=np.int32), x, [make_column("a")], {"event": told})
    return more.three_state(Shares(), table, told)["tenths"]


@pytest.mark.parametrize(
    "event,died,hidden",
    [
        ([10] * 10, [10] * 10, []),
        ([3, *[10] * 9], [10] * 10, [0, 1]),  # else the first would follow from what all have
        ([10] * 10, [*[10] * 9, 1], [0, 9]),
        ([2, 2, *[10] * 8], [10] * 10, [0, 1, 2]),  # four in both
        ([0] * 10, [10] * 10, []),
        ([48, *[10] * 9], [50, *[10] * 9], [0, 1]),  # two with neither
    ],
)
def test_a_tenth_of_few_takes_another_with_it(event, died, hidden, make_column):
    found = tenths(event, died, make_column)
    assert [nth for nth, one in enumerate(found) if one is None] == hidden


@pytest.mark.parametrize("left,n", [(0, 100), (3, None), (5, 100)])
def test_tenths_do_not_add_up_to_one_to_four_who_left(left, n, make_column):
    assert {one["n"] for one in tenths([10] * 10, [10] * 10, make_column, left)} == {n}


def test_a_tenth_without_the_event_has_an_upper_bound(make_column):
    assert tenths([0, *[10] * 9], [10] * 10, make_column)[0]["observed_event"] == {
        "value": 0.0, "low": 0.0, "high": pytest.approx(1 - 0.025**0.01),
    }  # fmt: skip


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
