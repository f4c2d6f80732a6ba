"""The comparison with a peer (benchmarks/peers): what of it needs no peer, above all that its loop decides rightly."""

import math

import numpy as np
import pytest

from stratify.features.kernel import Events, Rows

T = 18_000


@pytest.fixture
def judge(monkeypatch, root):
    monkeypatch.syspath_prepend(str(root / "benchmarks/peers"))
    import judge

    return judge


@pytest.fixture
def compare(judge):
    import compare

    return compare


def history(*events):
    """(days before the landmark, days until known, value), in the order of the store."""
    return [(T - age, T - age + late, value) for age, late, value in events]


@pytest.mark.parametrize(
    "age,late,counts",
    [(30, 0, 1), (31, 0, 0), (1, 0, 1), (0, 0, 0), (-1, 0, 0), (5, 4, 1), (5, 5, 0), (5, 60, 0)],
)
def test_the_loop_counts_what_had_happened_in_the_window_and_was_known(judge, age, late, counts):
    assert judge.by_loop(history((age, late, 7.0)), T, 30)["count"] == counts


def test_the_loop_tells_every_aggregate(judge):
    told = judge.by_loop(history((9, 0, 4.0), (5, 0, 1.0), (5, 0, 7.0)), T, 30)
    assert told == {"count": 3, "sum": 12.0, "mean": 4.0, "min": 1.0, "max": 7.0, "last": 7.0}
    nothing = judge.by_loop([], T, 30)
    assert (nothing["count"], nothing["sum"]) == (0, 0)
    assert all(math.isnan(nothing[name]) for name in ("mean", "min", "max", "last"))


@pytest.mark.parametrize(
    "events,aggregate,answer,reading",
    [
        ([(0, 0, 3.0)], "count", 1, ("same day",)),
        ([(5, 9, 3.0)], "count", 1, ("known ignored",)),
        ([(40, 20, 3.0)], "count", 1, ("known as day",)),
        ([(5, 0, 1.0), (5, 0, 7.0)], "last", 1.0, ("first of a day",)),
        ([(5, 0, 1.0), (-5, 0, 7.0)], "last", math.nan, ("hidden by later",)),
        ([(0, 0, 1.0), (0, 0, 7.0)], "last", 1.0, ("same day", "first of a day")),
        ([(5, 0, 1.0)], "count", 17, None),
    ],
)
def test_a_wrong_answer_is_traced_to_the_reading_that_gives_it(judge, events, aggregate, answer, reading):
    assert judge.explained(history(*events), T, 30, aggregate, answer) == reading


def test_who_is_right_is_decided_cell_by_cell(judge):
    rows = Rows(np.array([0, 1]), np.array([T, T]))
    day = np.array([T - 5, T - 3, T])
    events = Events(np.array([0, 0, 1]), day, day, np.zeros(3, np.int64), np.array([1.0, 2.0, 3.0]))
    cells = [(0, 30, "count"), (0, 30, "sum"), (0, 30, "max")]
    ours = np.array([[2, 3, 9], [0, 0, np.nan]])  # the 9 is wrong
    theirs = np.array([[2, 4, 2], [1, 0, np.nan]])  # the 4 is, and the 1, which is of the day itself
    found = judge.decide(events, rows, cells, ours, theirs, sample=10)
    assert (found["differ"], found["rows"], found["judged"]) == (3, 2, 3)
    assert found["right"] == {"ours": 2, "theirs": 1}
    assert found["why"] == {("sum", None): 1, ("count", ("same day",)): 1}
    assert (found["as_loop"], found["of"]) == (5, 6)


def test_the_kernel_s_side_of_the_comparison_is_what_the_loop_says(judge, compare):
    rows, events = compare.made_up(people=40, mean=60, groups=3, seed=5)
    assert (events.known > events.day).any()
    assert ((np.diff(events.person) == 0) & (np.diff(events.day) == 0)).any()
    assert set(compare.LANDMARKS) <= set(events.day.tolist())
    ours, columns = compare.by_kernel(events, rows, 3), compare.named(3)
    found = judge.decide(events, rows, columns, ours, ours, sample=len(rows))
    assert found["as_loop"] == found["of"] == len(rows) * len(columns)
