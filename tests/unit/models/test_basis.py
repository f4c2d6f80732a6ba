"""A value becomes terms by one of four rules, each worked out by hand; what is written down is read back the same."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.basis import Transform
from models.spec import Predictor

LINEAR, LOG = Transform("linear"), Transform("log")
DECAY, SPLINE = Transform("decay", half_life=120.0), Transform("spline", knots=(35.0, 50.0, 65.0))
ALL = (LINEAR, LOG, DECAY, SPLINE)
NAN = math.nan


def terms(transform: Transform, *values: float) -> list[list[float]]:
    return transform.terms(np.array(values)).tolist()


@pytest.mark.parametrize(
    "transform, value, expected",
    [
        (LINEAR, -3.5, [-3.5]),
        (LOG, 0.0, [0.0]),
        (LOG, math.e - 1, [1.0]),
        (LOG, -7.0, [0.0]),  # what is below 0 is 0
        (DECAY, 0.0, [1.0]),
        (DECAY, 120.0, [0.5]),
        (DECAY, 360.0, [0.125]),
        (DECAY, -1.0, [1.0]),
        (SPLINE, 30.0, [30.0, 0.0, 0.0, 0.0]),
        (SPLINE, 50.0, [50.0, 15.0, 0.0, 0.0]),
        (SPLINE, 70.0, [70.0, 35.0, 20.0, 5.0]),
    ],
)
def test_terms_by_hand(transform, value, expected):
    np.testing.assert_allclose(terms(transform, value), [expected], rtol=0, atol=1e-15)


@pytest.mark.parametrize("transform, missing", [(LINEAR, [NAN]), (LOG, [NAN]), (SPLINE, [NAN] * 4), (DECAY, [0.0])])
def test_a_missing_value_has_missing_terms_but_what_never_happened_has_decayed_away(transform, missing):
    np.testing.assert_array_equal(terms(transform, NAN), [missing])


def test_never_is_the_limit_of_long_ago():
    (long_ago,), (never,) = terms(DECAY, 40_000.0, NAN)
    assert 0 <= long_ago - never < 1e-99


@pytest.mark.parametrize("transform", ALL, ids=lambda one: one.kind)
def test_as_many_terms_as_it_says_for_any_number_of_rows(transform):
    assert transform.size == (4 if transform is SPLINE else 1)
    for n in (0, 1, 7):
        assert transform.terms(np.arange(float(n))).shape == (n, transform.size)


@pytest.mark.parametrize("transform", ALL, ids=lambda one: one.kind)
def test_what_is_written_down_is_read_back_the_same(transform):
    assert Transform.from_dict(transform.as_dict()) == transform
    assert set(transform.as_dict()) <= {"kind", "half_life", "knots"}


@given(values=st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20))
def test_more_is_never_less_but_under_decay_where_longer_ago_is(values):
    for transform in ALL:
        steps = np.diff(transform.terms(np.sort(np.array(values))), axis=0)
        assert (steps <= 0).all() if transform is DECAY else (steps >= 0).all()


@given(value=st.floats(0, 120))
def test_a_spline_bends_at_its_knots_and_nowhere_else(value):
    """With weights 1, -1, -1 and -1 it rises up to the first knot, is flat to the second, and falls after."""
    (shape,) = SPLINE.terms(np.array([value])) @ np.array([1.0, -1.0, -1.0, -1.0])
    assert shape == pytest.approx(np.interp(value, [0, 35, 50, 65, 120], [0, 35, 35, 20, -90]), abs=1e-9)


def test_another_kind_is_refused():
    for told in ("cubic", "decay"):  # a decay has a half-life
        with pytest.raises(ValueError, match="needs linear, log, decay with a half_life, or spline"):
            Transform(told).terms(np.zeros(1))


def test_a_declared_predictor_has_the_transform_it_says():
    told = {"column": "person_age", "as": "spline", "knots": [35, 50, 65]}
    assert Predictor.model_validate(told).basis() == SPLINE
    assert Predictor.model_validate({"column": "since", "as": "decay", "half_life": 120}).basis() == DECAY
