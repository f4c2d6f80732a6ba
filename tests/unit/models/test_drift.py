"""Drift is told by what chance allows and by size; its false alarms are those announced, by drawing."""

import numpy as np
import pytest
from scipy.stats import chi2

from models.drift import FLOOR, counted, ends_of, judged, moved, null_limit, psi

M = 50_000


def drawn(n, share=None, times=4000, seed=1, m=M):
    """PSI of two samples of one distribution, drawn so many times."""
    rng, share = np.random.default_rng(seed), np.full(10, 0.1) if share is None else share
    before, now = rng.multinomial(m, share, times), rng.multinomial(n, share, times)
    return np.array([psi(one, other) for one, other in zip(before, now, strict=True)])


@pytest.mark.parametrize("n, tolerance", [(100, 0.006), (2000, 0.005)])
def test_without_drift_the_limit_is_passed_as_often_as_it_says(n, tolerance):
    above = (drawn(n) > null_limit(1 / n + 1 / M, 10, 0.01)).mean()
    assert above == pytest.approx(0.01, abs=tolerance)


def test_a_fixed_limit_says_something_else_of_each_size():
    assert 0.2 < (drawn(100) > 0.1).mean() < 0.4
    assert (drawn(2000) > 0.1).mean() == 0
    assert null_limit(1 / 2000 + 1 / M, 10, 0.01) == pytest.approx(0.0113, abs=1e-4)


def test_psi_is_as_it_is_defined():
    before, now = np.array([10, 20, 70]), np.array([20, 20, 60])
    p, q = (before + 0.5) / 101.5, (now + 0.5) / 101.5
    assert psi(before, now) == pytest.approx(sum((b - a) * np.log(b / a) for a, b in zip(p, q, strict=True)))
    assert psi(before, before * 1) == 0
    with pytest.raises(ValueError, match="same bins"):
        psi(before, now[:2])


@pytest.mark.parametrize("n", [150, 2000])
def test_all_columns_of_a_model_together_alarm_as_seldom_as_announced(n):
    rng, columns, alarms = np.random.default_rng(3), 30, 0
    months = 150
    ends = ends_of(np.linspace(0, 1, 1001))
    before = [counted(rng.random(5000), ends) for _ in range(columns)]
    for _ in range(months):
        now = (counted(rng.random(n), ends) for _ in range(columns))
        alarms += any(
            judged(moved(old, new), columns, floor=0).state == "drift" for old, new in zip(before, now, strict=True)
        )
    assert alarms <= 6  # 1.5 are expected; 7 or more come once in a thousand


def look(before, now, columns=40, people=None):
    ends = ends_of(before)
    return judged(moved(counted(before, ends), counted(now, ends), people), columns)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def test_a_shift_is_found_and_its_reason_told(rng):
    found = look(rng.normal(size=4000), rng.normal(0.6, 1, 1000))
    assert (found.state, found.why) == ("drift", "distribution")
    assert found.psi > found.limit


def test_what_is_real_and_tiny_is_no_drift(rng):
    found = look(rng.normal(size=400_000), rng.normal(0.1, 1, 100_000))
    assert found.limit < found.psi < FLOOR
    assert found.state == "stable"


def test_large_and_perhaps_chance_cannot_be_told(rng):
    before = rng.normal(size=4000)
    states = {look(before, rng.normal(0, 1, 60)).state for _ in range(20)}
    assert states == {"stable", "cannot tell"}


def test_too_few_cannot_be_told(rng):
    assert look(rng.random(1000), rng.random(4)).state == "cannot tell"
    assert look(rng.random(1000), np.empty(0)).state == "cannot tell"


def test_missing_is_tested_apart(rng):
    before, now = rng.normal(size=3000), rng.normal(size=1000)
    now[:300] = np.nan
    found = look(before, now)
    assert (found.state, found.why) == ("drift", "missing")
    assert (found.missing_before, found.missing_now) == (0, 0.3)
    assert look(before, np.full(1000, np.nan)).why == "missing"
    assert look(np.full(1000, np.nan), np.full(1000, np.nan)).state == "stable"


def test_a_column_that_gives_one_value_has_gone_constant(rng):
    found = look(rng.poisson(1, 3000).astype(float), np.zeros(1000))
    assert (found.state, found.why) == ("drift", "constant")
    assert look(np.zeros(3000), np.zeros(1000)).state == "stable"
    assert look(np.zeros(3000), np.r_[np.zeros(800), np.ones(200)]).state == "drift"


def test_several_rows_of_a_person_are_no_more_than_one(rng):
    before, now = np.repeat(rng.normal(size=4000), 5), np.repeat(rng.normal(size=100), 20)
    assert look(before, now, people=(4000, 100)).limit > 5 * look(before, now).limit


def test_bins_hold_what_they_should(rng):
    values = np.array([0.0] * 90 + [1.0] * 7 + [2.0] * 3)
    assert ends_of(values).tolist() == [0.0, 1.0]
    assert counted(np.array([0, 1, 2, 5, -1, np.nan]), ends_of(values)).tolist() == [2, 1, 2, 1]
    many = rng.exponential(size=1000)
    counts = counted(many, ends_of(many))
    assert counts.sum() == 1000
    assert counts[:-1].min() > 90
    assert counts[-1] == 0


def test_the_limit_is_the_quantile_of_chi_square():
    assert null_limit(0.002, 7, 0.05) == pytest.approx(0.002 * chi2.ppf(0.95, 6))
    assert null_limit(0.002, 1, 0.05) == 0


def test_what_a_register_tells_by_the_week_does_not_drift_with_the_weekday(rng):
    before, now = (7.0 * rng.geometric(0.2, size) for size in (4000, 1000))
    plain, weekly = ends_of(before - 3), ends_of(before - 3, step=7)
    assert (weekly % 7 == 0).all()

    def state(ends):
        return judged(moved(counted(before - 3, ends), counted(now - 5, ends)), 1), ends

    assert state(weekly)[0].state == "stable"
    assert (ends_of(np.array([1.0, 3, 8, 20]), step=7) == [7.0, 14.0]).all()
    assert len(plain) > 3
