"""Whatever the values, what a chart says does not hang on their unit, and follows them when they are turned about."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratify.quality.spc import anhoej, chart, charts, funnel, held, latest_signal, variation

POINTS = st.integers(1, 40)
VALUES = POINTS.flatmap(lambda n: st.lists(st.integers(-30, 30), min_size=n, max_size=n))
LINES = ("centre", "lower", "upper", "lower95", "upper95")
RULES = st.sampled_from(["anhoej", "nhs"])
KINDS = st.sampled_from(["run", "xmr"])


def lines(found):
    return np.array([getattr(found, name) for name in LINES])


def said(found):
    return {rule: flags.tolist() for rule, flags in found.flagged.items()}


@st.composite
def shares(draw):
    sizes = draw(st.lists(st.integers(0, 200), min_size=1, max_size=36))
    return [float(draw(st.integers(0, size))) for size in sizes], [float(size) for size in sizes]


@given(VALUES, KINDS, RULES, st.integers(-200, 200), st.integers(-3, 6))
def test_signals_do_not_change_with_unit_or_zero(values, kind, rules, by, power):
    plain, moved = chart(kind, values, rules=rules), chart(kind, np.array(values) * 2.0**power + by, rules=rules)
    assert said(moved) == said(plain)
    assert moved.runs == plain.runs
    np.testing.assert_allclose(lines(moved), lines(plain) * 2.0**power + by, atol=1e-9)


@given(VALUES, KINDS, RULES)
def test_values_turned_about_signal_at_the_same_points_on_the_other_side(values, kind, rules):
    plain, turned = chart(kind, values, rules=rules), chart(kind, [-value for value in values], rules=rules)
    assert said(turned) == said(plain)
    assert turned.runs == plain.runs
    assert variation(turned, "lower") == variation(plain, "higher")
    one, other = latest_signal(plain), latest_signal(turned)
    assert (one is None) == (other is None)
    assert one is None or (one.index, one.rule, one.side) == (other.index, other.rule, -other.side)
    for target in (0.0, 3.0):
        assert held(turned, -target, "lower") == held(plain, target, "higher")


@given(shares(), RULES)
def test_a_share_and_its_complement_signal_at_the_same_points(given_shares, rules):
    counted, over = map(np.array, given_shares)
    plain, rest = chart("p", counted, over, rules=rules), chart("p", over - counted, over, rules=rules)
    assert plain.outside.tolist() == rest.outside.tolist()
    assert plain.runs == rest.runs
    np.testing.assert_allclose(rest.upper, 1 - plain.lower, atol=1e-12)


@given(shares(), st.sampled_from(["p", "u", "p_prime", "u_prime", "xmr", "run"]), st.data())
def test_a_point_that_does_not_count_moves_no_limit_and_no_other_point(given_shares, kind, data):
    counted, over = map(np.array, given_shares)
    at = data.draw(st.integers(0, len(over) - 1))
    out = data.draw(st.sampled_from(["exclude", "immature"]))
    how = {"exclude": [at]} if out == "exclude" else {"immature": np.arange(len(over)) == at}
    plain = chart(kind, counted, over, rules="nhs", **how)
    other = counted.copy()
    other[at] = data.draw(st.integers(0, int(over[at])))
    found = chart(kind, other, over, rules="nhs", **how)
    np.testing.assert_array_equal(lines(found), lines(plain))
    assert said(found) == said(plain)
    assert found.runs == plain.runs
    without = chart(kind, np.delete(counted, at), np.delete(over, at), rules="nhs") if len(over) > 1 else None
    if without is not None:
        np.testing.assert_allclose(np.delete(lines(found), at, axis=1), lines(without), atol=1e-12)
        assert found.runs == without.runs


@given(shares(), st.sampled_from(["p", "u", "p_prime", "u_prime"]), RULES)
def test_limits_lie_in_their_order_around_the_centre_and_within_what_can_be(given_shares, kind, rules):
    found = chart(kind, *given_shares, rules=rules)
    known = ~np.isnan(found.lower)
    ordered = [found.lower[known], found.lower95[known], found.centre[known], found.upper95[known], found.upper[known]]
    for low, high in pairwise(ordered):
        assert np.all(low <= high + 1e-12)
    assert np.all(found.lower[known] >= 0)
    if kind.startswith("p"):
        assert np.all(found.upper[known] <= 1)
    assert not np.any([flags & ~found.used for flags in found.flagged.values()])


@given(VALUES, st.integers(0, 5))
def test_points_on_the_centre_change_nothing_but_themselves(values, more):
    at = np.random.default_rng(len(values)).integers(0, len(values) + 1, more)
    assert anhoej(np.insert(np.array(values, dtype=float), at, 0.5), 0.5) == anhoej(values, 0.5)


@given(st.lists(VALUES, min_size=1, max_size=4), RULES)
def test_series_beside_each_other_do_not_touch(series, rules):
    points = max(map(len, series))
    beside = np.array([values + [np.nan] * (points - len(values)) for values in series], dtype=float)
    many = charts("xmr", beside, rules=rules)
    for nth, values in enumerate(series):
        alone = chart("xmr", values, rules=rules)
        assert alone.runs == (many.runs[0].one(nth),)
        assert said(alone) == {rule: flags[nth, : len(values)].tolist() for rule, flags in many.flagged.items()}


@given(shares())
def test_a_funnel_of_shares_is_the_mirror_of_that_of_their_complements(given_shares):
    counted, over = map(np.array, given_shares)
    found, rest = funnel(counted, over), funnel(over - counted, over)
    np.testing.assert_allclose(rest.upper95, 1 - found.lower95, atol=1e-9)
    assert rest.widened == found.widened
    assert rest.phi == pytest.approx(found.phi, rel=1e-6, abs=1e-9, nan_ok=True)
