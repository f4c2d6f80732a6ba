"""Days on which places are open: what stays at weekends, where the rest goes, and that each day goes by itself."""

import numpy as np

from pipelines.synthesis.opening import on_open_days, weekday
from pipelines.synthesis.streams import hashed

MANY = 70_000
DAYS = 16436 + np.arange(MANY) % 364
BITS = hashed(np.arange(MANY).astype(np.uint64), "some days", np.zeros(1, np.int64))


def test_a_monday_is_a_monday():
    assert weekday(np.array([4, 0, 16436])).tolist() == [0, 3, 3]  # 1970-01-05, 1970-01-01, 2015-01-01


def test_working_days_stay_and_weekends_go_to_the_week_after():
    found = on_open_days(DAYS, BITS, (0.0, 0.0))
    moved = found - DAYS
    assert (weekday(found) < 5).all()
    assert (moved[weekday(DAYS) < 5] == 0).all()
    assert set(moved[weekday(DAYS) == 5]) == {2, 3, 4, 5, 6}
    assert set(moved[weekday(DAYS) == 6]) == {1, 2, 3, 4, 5}


def test_as_many_stay_as_declared_and_the_rest_is_spread_evenly():
    found = on_open_days(DAYS, BITS, (0.6, 0.1))
    many = np.bincount(weekday(found), minlength=7)
    assert abs(many[5] / (MANY / 7) - 0.6) < 0.02
    assert abs(many[6] / (MANY / 7) - 0.1) < 0.02
    assert many[:5].max() < 1.03 * many[:5].min()


def test_nothing_comes_after_the_last_day():
    last = int(DAYS.max())
    found = on_open_days(DAYS, BITS, (0.0, 0.0), last)
    assert found.max() <= last
    assert (weekday(found) < 5).all()


def test_each_day_goes_by_itself():
    whole = on_open_days(DAYS, BITS, (0.6, 0.1))
    assert np.array_equal(whole[1234:5678], on_open_days(DAYS[1234:5678], BITS[1234:5678], (0.6, 0.1)))
    assert np.array_equal(on_open_days(DAYS, BITS, (1.0, 1.0)), DAYS)
    assert len(on_open_days(DAYS[:0], BITS[:0], (0.5, 0.5))) == 0
