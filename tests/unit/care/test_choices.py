"""Which choices hold on a day, which of them still stand for a person, and how they are weighed."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from stratify.care.choices import Choice, accepted, given_of, in_force, said, standing
from stratify.care.people import person
from stratify.catalogue import load

CATALOGUE = load()
DAY = date(2025, 1, 1)
MORNING = datetime(2025, 1, 1, 9, tzinfo=UTC)


def of(offer, decision, days=0, until=None):
    """A choice made so many days after the day of weighing, which holds until so many days after it."""
    return Choice(offer, None, decision, MORNING + timedelta(days=days), None if until is None else _on(until))


def wish(preference, decision="wish", days=0):
    return Choice(None, preference, decision, MORNING + timedelta(days=days))


def _on(days):
    return DAY + timedelta(days=days)


@pytest.mark.parametrize(
    "words, today, holds",
    [
        ([of("a", "decline", 0, 10)], 9, ["decline"]),
        ([of("a", "decline", 0, 10)], 10, []),
        ([of("a", "later", 0, 10)], 9, ["later"]),
        ([of("a", "accept")], 5000, ["accept"]),
        ([of("a", "decline", 0, 10), of("a", "accept", 1)], 2, ["accept"]),
        ([of("a", "accept"), of("a", "decline", 1, 10)], 2, ["decline"]),
        ([of("a", "accept"), of("a", "decline", 1, 10)], 11, []),  # the yes was taken back and does not come again
        ([of("a", "decline", 0, 10), of("b", "accept", 1)], 2, ["decline", "accept"]),
        ([of("a", "accept"), of("a", "started", 1)], 5000, ["started"]),
        ([of("a", "started"), of("a", "ended", 1)], 2, []),
        ([of("a", "ended"), of("a", "decline", 1, 10)], 2, ["decline"]),
        ([wish("x")], 5000, ["wish"]),
        ([wish("x"), wish("x", "no_wish", 1)], 2, []),
        ([wish("x", "no_wish"), wish("x", "wish", 1)], 2, ["wish"]),
        ([], 0, []),
    ],
)
def test_the_last_word_on_each_holds_until_its_day(words, today, holds):
    assert [choice.decision for choice in in_force(words, _on(today))] == holds


@pytest.mark.parametrize("days, expected", [(-30, 30), (0, 0), (300, -300)])
def test_days_are_counted_back_from_the_day_of_weighing_and_below_nought_after_it(days, expected):
    assert said(of("a", "accept", days), DAY) == expected


@pytest.mark.parametrize("decision", ["decline", "later"])
@pytest.mark.parametrize(
    "days, until, told",
    [(-30, 10, (30, 10)), (300, 400, (-300, 400)), (-30, -10, (30, 1)), (-30, 0, (30, 1))],
)
def test_a_no_in_force_is_weighed_as_one_whatever_day_the_facts_are_of(decision, days, until, told):
    declined = given_of([of("a", decision, days, until)], DAY).declined["a"]
    assert (declined.said[0], declined.left[0]) == told


def test_what_has_started_is_weighed_as_under_way():
    assert given_of([of("a", "started")], DAY).in_use == {"a": np.array([True])}


def test_a_yes_closes_nothing_and_a_wish_is_the_persons():
    given = given_of([of("a", "accept"), of("b", "ended"), wish("no_groups")], DAY)
    assert (given.day, dict(given.declined), dict(given.in_use)) == (DAY, {}, {})
    assert list(given.wishes) == ["no_groups"]
    assert given.wishes["no_groups"].dtype == np.bool_


def test_offers_said_yes_to_come_with_their_day():
    said_of = [of("a", "accept", 3), of("b", "decline", 3, 9), of("c", "started", 4), of("d", "ended"), wish("x")]
    assert accepted(said_of) == {"a": _on(3), "c": _on(4)}


@pytest.mark.parametrize(
    "facts, days, stands",
    [
        ({"days_since_psychiatric_discharge": 3}, -5, False),  # said two days before the discharge
        ({"days_since_psychiatric_discharge": 5}, -5, True),
        ({"days_since_psychiatric_discharge": 9}, -5, True),
        ({"days_since_psychiatric_discharge": 0}, 300, True),
        ({"days_since_psychiatric_discharge?": 3}, -5, True),  # nobody has confirmed it
        ({"days_since_psychiatric_discharge": "never"}, -5, True),
        ({}, -5, True),
    ],
)
@pytest.mark.parametrize("decision", ["accept", "decline"])
def test_a_word_said_before_the_event_that_brings_an_offer_anew_no_longer_stands(facts, days, stands, decision):
    choice = of("safe_7d", decision, days, 90)
    assert standing([choice], person(facts), CATALOGUE, DAY) == ((choice,) if stands else ())


def test_what_no_event_brings_stands_whatever_happened():
    choice = of("overbliksstatus", "decline", -5, 90)
    assert standing([choice], person({"days_since_psychiatric_discharge": 3}), CATALOGUE, DAY) == (choice,)


def test_what_the_catalogue_does_not_have_is_left_out():
    assert standing([of("gone", "accept"), wish("gone"), wish("no_groups")], person({}), CATALOGUE, DAY) == (
        wish("no_groups"),
    )


def test_the_reason_is_not_shown_where_a_choice_is_printed():
    assert "MARK" not in repr(Choice("a", None, "decline", MORNING, DAY, "MARK"))
