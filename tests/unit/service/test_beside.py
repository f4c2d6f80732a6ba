"""What stands beside a risk is looked up: the band of one's age and sex, and the interval at one's risk."""

import json
import sqlite3

import numpy as np
import pytest

from service.beside import read_beside
from service.schemas import Risk
from stratify.errors import BundleError

BANDS = [
    {"from": 18, "to": 59, "risk": 0.1, "people": 40},
    {"from": 60, "to": 64, "risk": 0.13, "people": 31},
    {"from": 65, "to": None, "risk": 0.2, "people": 50},
]
CURVE = {"risk": [0.1, 0.2, 0.4], "low": [0.08, 0.16, 0.3], "high": [0.14, 0.26, 0.5]}
PEERS, SEEN = {"acute": {"f": BANDS}}, {"acute/all": CURVE}


def beside(peers=PEERS, seen=SEEN):
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE beside(key TEXT, body TEXT)")
    for key, body in (("peers", peers), ("seen", seen)):
        connection.execute("INSERT INTO beside VALUES (?, ?)", (key, json.dumps(body)))
    return read_beside(connection)


def told(risk=0.3, outcome="acute", **facts):
    one = Risk(outcome=outcome, population="all", risk=risk, horizon_days=365)
    return beside().of([one], facts)[0]


@pytest.mark.parametrize("age, low", [(18, 18), (59.9, 18), (60, 60), (64, 60), (65, 65), (101, 65)])
def test_people_of_the_same_age_and_sex_are_those_of_ones_own_band(age, low):
    assert told(age=age, sex="f").peers.age_from == low


@pytest.mark.parametrize("facts", [{"age": 17, "sex": "f"}, {"age": 70, "sex": "m"}, {"age": 70}, {"sex": "f"}])
def test_where_nobody_is_like_it_nothing_is_told(facts):
    assert told(**facts).peers is None


@pytest.mark.parametrize("risk", [0.1, 0.15, 0.2, 0.33, 0.4])
def test_an_interval_lies_on_the_straight_line_between_two_points(risk):
    expected = [np.interp(risk, CURVE["risk"], CURVE[end]) for end in ("low", "high")]
    assert told(risk).interval == pytest.approx(expected)


@pytest.mark.parametrize("risk", [0.0999, 0.41])
def test_outside_the_curve_there_is_no_interval(risk):
    assert told(risk).interval is None


def test_of_another_outcome_nothing_is_told():
    one = told(outcome="other", age=70, sex="f")
    assert (one.peers, one.interval) == (None, None)


@pytest.mark.parametrize(
    "peers, seen",
    [
        ({"acute": {"f": [{**BANDS[0], "people": 4}]}}, SEEN),
        ({"acute": {"f": [{"from": 18}]}}, SEEN),
        ({"acute": 7}, SEEN),
        (PEERS, {"acute/all": {**CURVE, "low": [0.1]}}),
        (PEERS, {"acute/all": {**CURVE, "risk": [0.4, 0.2, 0.1]}}),
        (PEERS, {"acute/all": {"risk": [], "low": [], "high": []}}),
    ],
)
def test_what_tells_of_a_few_people_or_does_not_fit_is_refused(peers, seen):
    with pytest.raises(BundleError, match="score again"):
        beside(peers, seen)
