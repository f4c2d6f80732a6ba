"""Cumulative incidences by hand, and where nobody leaves early: the plain shares."""

import numpy as np
import pytest
from scipy.stats import beta

from models.evaluation.competing import incidence


def test_five_people_by_hand():
    # day 1 event, 2 left, 3 died, 4 event, 5 still there: 1/5 + 4/5·(1 − 1/3)·1/2 and 4/5·1/3
    event, death = incidence(np.arange(1.0, 6), np.array([1.0, 0, 0, 1, 0]), np.array([0, 0, 1, 0, 0], dtype=bool))
    assert event["value"] == pytest.approx(0.2 + 0.8 * 2 / 3 / 2)
    assert death["value"] == pytest.approx(0.8 / 3)
    assert 0 <= event["low"] < event["value"] < event["high"] <= 1


def test_where_nobody_leaves_they_are_shares_and_their_errors_binomial():
    rng = np.random.default_rng(1)
    fate = rng.choice(3, 600, p=[0.7, 0.2, 0.1])
    days = np.where(fate == 0, 365.0, rng.integers(1, 365, 600))
    for told, cause in zip(incidence(days, (fate == 1).astype(float), fate == 2), (1, 2), strict=True):
        share = np.mean(fate == cause)
        assert told["value"] == pytest.approx(share, abs=1e-12)
        assert told["high"] - told["value"] == pytest.approx(1.96 * np.sqrt(share * (1 - share) / 600), rel=0.03)


@pytest.mark.parametrize("n", [9, 50])
def test_what_came_to_nobody_has_an_exact_upper_bound(n):
    days, no = np.full(n, 365.0), np.zeros(n, dtype=bool)
    none, more = ({"value": 0.0, "low": 0.0, "high": pytest.approx(beta.ppf(0.975, 1, k))} for k in (n, n + 1))
    assert incidence(days, np.zeros(n), no) == (none, none)
    assert incidence(np.append(days, 3), np.append(np.zeros(n), 1.0), np.append(no, False))[1] == more
    assert incidence(np.append(days, 3), np.zeros(n + 1), np.append(no, True))[0] == more


def test_everybody_has_had_it_by_the_last_day():
    event, _ = incidence(np.array([1.0, 2, 3]), np.ones(3), np.zeros(3, dtype=bool))
    assert event == {"value": pytest.approx(1.0), "low": None, "high": None}
