"""The window kernel against a loop that reads its rule word by word, on random people, events and landmarks."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stratify.features.aggregates import AGGREGATES
from stratify.features.kernel import Events, Rows, aggregate

WINDOWS = (30, 365, 1825, (30, 365), (365, 400))  # days before the landmark, some of them not ending at it
NESTED = (30, 365, 1825)
GROUPS = 3
DAY = 18_000
EDGES = [-1, 0, 1, 29, 30, 31, 364, 365, 366, 1824, 1825, 1826, 4000]  # days before a landmark

ages = st.one_of(st.sampled_from(EDGES), st.integers(-40, 1900))
delays = st.one_of(st.sampled_from([-5, 0, 1, 14, 400]), st.integers(0, 60))
values = st.one_of(st.none(), st.integers(-3, 9).map(float))
untils = st.one_of(st.none(), st.integers(0, 400))
ends = st.one_of(st.none(), st.tuples(st.one_of(st.integers(0, 40), st.integers(0, 2000)), delays))
people = st.integers(0, 3)
landmarks = st.lists(st.tuples(people, st.sampled_from([DAY, DAY + 1, DAY + 30, DAY + 365])), max_size=8)


def drawn(untils):
    event = st.tuples(people, ages, delays, st.integers(0, GROUPS - 1), values, untils, st.integers(0, 3), ends)
    return st.tuples(landmarks, st.lists(event, max_size=25))


cases = st.one_of(drawn(st.none()), drawn(untils))


def arrays(case, *, bounded=False):
    """Rows and events sorted as the store sorts them; two events alike but for their place keep the order drawn."""
    marks, happened = case
    marks = sorted(marks)
    happened = sorted(
        [(p, DAY - age, DAY - age + late, g, v, u, c, e) for p, age, late, g, v, u, c, e in happened], key=by_day
    )
    rows = Rows(np.array([p for p, _ in marks], dtype=np.int64), np.array([t for _, t in marks], dtype=np.int64))
    return rows, as_events(happened, bounded=bounded), happened


def by_day(event):
    return event[:2]


def as_events(happened, *, bounded=False):
    """`bounded`: whether facts of this kind may stop being true at all."""
    column = list(zip(*(event if len(event) > 7 else (*event, None) for event in happened), strict=True)) or [()] * 8
    bounded |= any(until is not None for until in column[5])
    return Events(
        *(np.array(column[i], dtype=np.int64) for i in range(4)),
        value=np.array([math.nan if v is None else v for v in column[4]], dtype=np.float64),
        until=np.array([math.nan if u is None else d + u for d, u in zip(column[1], column[5], strict=True)], float)
        if bounded
        else None,
        code=np.array(column[6], dtype=np.int64),
        end=np.array([math.nan if e is None else d + e[0] for d, e in zip(column[1], column[7], strict=True)], float),
        end_known=np.array(
            [math.nan if e is None else d + sum(e) for d, e in zip(column[1], column[7], strict=True)], float
        ),
    )


def by_loop(happened, person, t, group, window):
    """Every aggregate of one cell, in the words of the rule."""
    near, far = (0, window) if isinstance(window, int) else window
    known = [
        (t - day, value, code)
        for who, day, known, of, value, until, code, _ in happened
        if who == person and of == group
        if t - max(NESTED) <= day < t and known < t
        if until is None or t <= day + until
    ]
    seen = [(age, value, code) for age, value, code in known if near < age <= far]
    told = [(age, value) for age, value, _ in seen if value is not None]
    values_ = [value for _, value in told]
    return {
        "count": len(seen),
        "any": float(bool(seen)),
        "sum": sum(values_),
        "mean": sum(values_) / len(values_) if values_ else math.nan,
        "min": min(values_, default=math.nan),
        "max": max(values_, default=math.nan),
        "last": values_[-1] if values_ else math.nan,
        "first": values_[0] if values_ else math.nan,
        "days_since": min((age for age, *_ in seen), default=math.nan),
        "first_seen": float(bool(known) and near < max(age for age, *_ in known) <= far),
        "distinct": len({code for *_, code in seen}),
        "slope": slope_of(told),
        "rate": len(seen) / (far - near) * 365.25,
        "trend": trend_of([age for age, *_ in known], near, far),
        "days_within": sum(
            days_of(day, end, t, t - far, t - near)
            for who, day, known, of, _, until, _, end in happened
            if who == person and of == group and day < t and known < t and (until is None or t <= day + until)
        ),
    }


def days_of(start, end, t, first, last):
    """Return how many of the days [first, last) it lasted: to its end where that is known before t, else to t."""
    length, late = end or (0, 0)
    over = min(start + length, t) if end is not None and start + length + late < t else t
    return sum(start <= day < over for day in range(max(first, start), min(last, over)))


def slope_of(told):
    """Return the change per year, by the textbook: sum of products of deviations over sum of squares."""
    if len({age for age, _ in told}) < 2:
        return math.nan
    years = [-age / 365.25 for age, _ in told]
    middle, level = sum(years) / len(years), sum(value for _, value in told) / len(told)
    products = sum((x - middle) * (value - level) for x, (_, value) in zip(years, told, strict=True))
    return products / sum((x - middle) ** 2 for x in years)


def trend_of(ages, recent, longer):
    """Return how much more often it happened of late than over the longer time."""
    late, all_ = sum(age <= recent for age in ages), sum(age <= longer for age in ages)
    return late / recent / (all_ / longer) if all_ and recent else math.nan


def answerable(name, given_events, window):
    """`distinct` is asked of facts that stay true, in windows that end at the landmark; a trend needs two lengths."""
    if name == "distinct":
        return given_events.until is None and isinstance(window, int)
    return name != "trend" or not isinstance(window, int)


def every_cell(cells):
    """All aggregates of all groups and windows, by row."""
    asked = [(a, w) for a in AGGREGATES for w in WINDOWS if answerable(a, cells.events, w)]
    return np.stack([cells.column(a, g, w) for g in range(GROUPS) for a, w in asked], axis=1)


@given(cases)
@settings(deadline=None, max_examples=300)
def test_every_aggregate_in_every_window_is_what_a_loop_finds(case):
    rows, given_events, happened = arrays(case)
    cells = aggregate(given_events, rows, GROUPS, WINDOWS)
    for row, (person, t) in enumerate(zip(rows.person, rows.day, strict=True)):
        for group in range(GROUPS):
            for window in WINDOWS:
                expected = by_loop(happened, person, t, group, window)
                asked = [name for name in AGGREGATES if answerable(name, given_events, window)]
                got = {name: cells.column(name, group, window)[row] for name in asked}
                told = {name: expected[name] for name in asked}
                assert got == pytest.approx(told, nan_ok=True, rel=1e-6, abs=1e-6), (row, group, window)


@given(cases, st.integers(1, 5))
@settings(deadline=None, max_examples=100)
def test_how_many_rows_are_taken_at_once_changes_nothing(case, at_once):
    rows, given_events, _ = arrays(case)
    whole = every_cell(aggregate(given_events, rows, GROUPS, WINDOWS))
    for first in range(0, len(rows), at_once):
        few = slice(first, first + at_once)
        part = aggregate(given_events, Rows(rows.person[few], rows.day[few]), GROUPS, WINDOWS)
        np.testing.assert_array_equal(whole[few], every_cell(part))


@given(cases)
@settings(deadline=None, max_examples=100)
def test_a_person_has_the_same_cells_alone_as_among_others(case):
    marks, happened = case
    rows, given_events, _ = arrays(case)
    everybody = every_cell(aggregate(given_events, rows, GROUPS, WINDOWS))
    for person in {p for p, _ in marks}:
        own = [mark for mark in marks if mark[0] == person], [event for event in happened if event[0] == person]
        own_rows, own_events, _ = arrays(own, bounded=given_events.until is not None)
        alone = every_cell(aggregate(own_events, own_rows, GROUPS, WINDOWS))
        np.testing.assert_array_equal(alone, everybody[rows.person == person])


@given(cases)
@settings(deadline=None, max_examples=100)
def test_a_wider_window_never_holds_less(case):
    rows, given_events, _ = arrays(case)
    cells = aggregate(given_events, rows, GROUPS, WINDOWS)
    for group in range(GROUPS):
        for narrow, wide in pairwise(NESTED):
            assert (cells.column("count", group, narrow) <= cells.column("count", group, wide)).all()


@given(st.permutations([(0, 5), (0, 9), (1, 2), (2, 2)]))
def test_unsorted_events_are_refused(order):
    assume(order != sorted(order))
    happened = [(p, d, d, 0, 1.0, None, 0) for p, d in order]
    with pytest.raises(ValueError, match="events must be sorted by person and day"):
        aggregate(as_events(happened), Rows(np.array([0]), np.array([20])), 1, [30])


@given(st.permutations([(0, 50), (0, 90), (1, 20)]))
def test_unsorted_rows_are_refused(order):
    assume(order != sorted(order))
    rows = Rows(np.array([p for p, _ in order]), np.array([d for _, d in order]))
    with pytest.raises(ValueError, match="rows must be sorted by person and day"):
        aggregate(as_events([(0, 5, 5, 0, 1.0, None, 0)]), rows, 1, [30])


def test_events_with_a_column_too_short_are_refused_since_loops_would_read_past_its_end():
    one = np.array([0])
    with pytest.raises(ValueError, match="as many of each column as of people"):
        aggregate(Events(one, one, one, one, value=np.empty(0)), Rows(one, one + 9), 1, [30])


@pytest.mark.parametrize("windows", [[], [0, 30], [30, 30], [365, 30], [-1]])
def test_windows_that_do_not_ascend_are_refused(windows):
    with pytest.raises(ValueError, match="windows must be ascending and positive"):
        aggregate(as_events([]), Rows(np.array([0]), np.array([20])), 1, windows)


@pytest.mark.parametrize("group", [-1, 2])
def test_an_event_of_no_group_is_refused_since_it_would_land_in_the_next_row(group):
    with pytest.raises(ValueError, match="events must be of groups 0 to 1"):
        aggregate(as_events([(0, 5, 5, group, 1.0, None, 0)]), Rows(np.array([0]), np.array([20])), 2, [30])


@pytest.mark.parametrize("late", [0, 10_000])
def test_the_latest_event_of_one_person_never_reaches_the_next(late):
    """A key of person and day that is too narrow would let it."""
    happened = [(0, DAY + 900, DAY + 900 + late, 0, 1.0, None, 0), (2, DAY - 30_000, DAY - 30_000, 0, 1.0, None, 0)]
    rows = Rows(np.array([0, 1, 1, 2]), np.array([DAY, DAY - 20_000, DAY + 1000, DAY]))
    cells = aggregate(as_events(happened), rows, 1, [40_000])
    assert cells.column("count", 0, 40_000).tolist() == [0, 0, 0, 1]


def test_of_two_values_on_a_day_the_one_the_store_sorts_last_is_the_last():
    happened = [(0, DAY - 5, DAY - 5, 0, 54.0, None, 0), (0, DAY - 5, DAY - 5, 0, 58.0, None, 0)]
    cells = aggregate(as_events(happened), Rows(np.array([0]), np.array([DAY])), 1, [30])
    assert cells.column("last", 0, 30).tolist() == [58.0]


def test_a_newer_event_without_a_value_leaves_the_last_value_and_is_the_newest():
    happened = [(0, DAY - 9, DAY - 9, 0, 54.0, None, 0), (0, DAY - 5, DAY - 5, 0, None, None, 0)]
    cells = aggregate(as_events(happened), Rows(np.array([0]), np.array([DAY])), 1, [30])
    assert (cells.column("last", 0, 30).tolist(), cells.column("days_since", 0, 30).tolist()) == ([54.0], [5.0])


def test_without_values_the_sum_is_0_and_the_last_is_missing():
    bare = Events(np.array([0]), np.array([DAY - 5]), np.array([DAY - 5]), np.array([0]))
    cells = aggregate(bare, Rows(np.array([0]), np.array([DAY])), 1, [30])
    assert cells.column("count", 0, 30).tolist() == [1.0]
    assert cells.column("sum", 0, 30).tolist() == [0.0]
    assert np.isnan(cells.column("last", 0, 30)).all()


def test_no_rows_and_no_events_have_no_cells():
    nobody = Rows(np.empty(0, np.int64), np.empty(0, np.int64))
    assert aggregate(as_events([]), nobody, 1, [30]).column("count", 0, 30).tolist() == []
    someone = Rows(np.array([0]), np.array([DAY]))
    assert aggregate(as_events([]), someone, 1, [30]).column("count", 0, 30).tolist() == [0]


def test_a_window_that_was_not_counted_is_refused():
    cells = aggregate(as_events([]), Rows(np.array([0]), np.array([DAY])), 1, [30])
    with pytest.raises(ValueError, match="not in tuple"):
        cells.column("count", 0, 31)
