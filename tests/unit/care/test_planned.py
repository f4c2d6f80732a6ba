"""What an offer to a person counts for, the ways it can be given, and that hints and bridges never take one away."""

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from stratify.care.capacity import Capacity
from stratify.care.people import Column, People, person
from stratify.care.planned import planned
from stratify.care.priority import MOST_KNOWN, Priority, points, priority
from stratify.care.ways import Way, ways_of
from stratify.care.weigh import Given, Weigher
from stratify.catalogue.entries import Overlap
from tests.unit.care.small import CATALOGUE, TODAY, bridge_of, catalogue_of, need_of, offer_of, true

TRAVEL = need_of("travel", {"all": [true("transport")]}, {"any": [true("lives_alone")]})
TALKS = need_of("talks", {"all": [true("danish")]})
BRIDGES = [bridge_of("escort"), bridge_of("taxi"), bridge_of("interpreter")]
NEEDS = [{"need": "travel", "bridges": ["taxi", "escort"]}, {"need": "talks", "bridges": ["interpreter"]}]
TRIAL = {"outcome": "safety", "direction": "better", "certainty": "trial", "source": "a source"}
WINDOW = {"since": "days_since_psychiatric_discharge", "within_days": 7}
ILL = {"smi": True}


def people_of(*words):
    """Several people, each with the same facts known or hinted."""
    each = [person(one) for one in words]
    columns = {}
    for name in {name for one in each for name in one.columns}:
        parts = [one.columns.get(name) for one in each]
        known = next(part for part in parts if part is not None)
        values = np.array([np.nan if part is None else part.values[0] for part in parts])
        hint = np.array([part is not None and part.hint is not None and bool(part.hint[0]) for part in parts])
        columns[name] = Column(values, known.kind, known.words, hint)
    return People(len(each), columns)


def ways(words, limited=()):
    catalogue = catalogue_of(offer_of(needs=NEEDS), needs=[TRAVEL, TALKS], bridges=BRIDGES)
    found = ways_of(Weigher(person(ILL | words), catalogue, Given(TODAY)).all()[0], limited)
    return [found.ways[place] for place in found.way], found.needs_bridge.tolist()


def plan(people, catalogue, offers, **more):
    lot = np.arange(people.n)
    return planned(people, catalogue, Given(TODAY), Capacity(offers, **more), lot)


# --- ways ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, limited, expected",
    [
        ({}, (), [Way()]),
        ({"transport": False}, (), [Way(("taxi",))]),
        ({"transport": False}, ("taxi",), [Way(("escort",))]),
        ({"transport": False}, ("taxi", "escort"), [Way(("taxi",)), Way(("escort",))]),
        ({"transport": False, "danish": False}, (), [Way(("taxi", "interpreter"))]),
        (
            {"transport": False, "danish": False},
            ("taxi", "escort", "interpreter"),
            [Way(("taxi", "interpreter")), Way(("escort", "interpreter"))],
        ),
        ({"lives_alone?": True}, (), [Way(("taxi",))]),
        ({"lives_alone?": True}, ("taxi", "escort"), [Way(("taxi",)), Way(("escort",)), Way((), True)]),
        (
            {"lives_alone?": True, "danish": False},
            ("taxi", "escort", "interpreter"),
            [Way(("taxi", "interpreter")), Way(("escort", "interpreter")), Way(("interpreter",), True)],
        ),
    ],
)
def test_a_way_has_a_bridge_for_all_that_is_hard_and_spares_those_that_are_few(words, limited, expected):
    found, needs_bridge = ways(words, limited)
    assert found == expected
    assert set(needs_bridge) == {expected != [Way()]}


def test_people_alike_have_the_same_ways_and_each_their_own_rows():
    people = people_of(ILL, ILL | {"transport": False}, {"smi": False}, ILL | {"transport": False})
    catalogue = catalogue_of(offer_of(needs=NEEDS), needs=[TRAVEL, TALKS], bridges=BRIDGES)
    found = ways_of(Weigher(people, catalogue, Given(TODAY)).all()[0], ("taxi", "escort"))
    told = [(row, found.ways[way].bridges) for row, way in zip(found.rows.tolist(), found.way.tolist(), strict=True)]
    assert sorted(told) == [(0, ()), (1, ("escort",)), (1, ("taxi",)), (3, ("escort",)), (3, ("taxi",))]


# --- points ----------------------------------------------------------------------------------------------------------


def test_time_comes_before_need_and_need_before_the_rest():
    declared = priority()
    need = [one.points for one in declared.need]
    rest = MOST_KNOWN * declared.evidence.points + declared.few_resources.points
    assert rest < min(np.diff(need))
    assert declared.window.points > need[-1] - need[0] + rest
    assert {one.level for one in CATALOGUE.strata.values() if one.axis == "need"} == {
        one.level for one in declared.need
    }


@pytest.mark.parametrize(
    "change, told",
    [
        ({"need": {1: 90}}, "each with more points than the one below"),
        ({"few_resources": 80}, "stay below one step of need"),
        ({"window": 350}, "more points than the span of need"),
        ({"bare": 1}, "below 0"),
        ({"bare": -50}, "less than what else decides"),
    ],
)
def test_points_that_turn_the_order_round_are_refused(change, told):
    raw = priority().model_dump()
    for key, value in change.items():
        if key == "need":
            for level, count in value.items():
                raw["need"][level]["points"] = count
        else:
            raw[key]["points"] = value
    with pytest.raises(ValidationError, match=told):
        Priority.model_validate(raw)


def test_equal_need_counts_equally_and_beside_it_only_the_offer_and_the_extra():
    no, yes = np.array([False, False]), np.array([True, True])
    level = np.array([2, 2])
    plain, known = offer_of(), offer_of(evidence=[TRIAL])
    timed = offer_of(window=WINDOW)
    assert points(priority(), plain, level, no, no).tolist() == [300, 300]
    assert points(priority(), known, level, no, no).tolist() == [330, 330]
    assert points(priority(), plain, level, yes, no).tolist() == [330, 330]
    assert points(priority(), plain, level, yes, yes).tolist() == [329, 329]
    assert points(priority(), timed, level, no, no).tolist() == [700, 700]
    assert points(priority(), plain, np.array([0, 9]), no, no).tolist() == [100, 400]


def test_a_risk_counts_only_through_the_level_of_need():
    risks = [0.21, 0.39, 0.05]
    people = people_of(*(ILL | {"risk_acute_admission_365d": risk} for risk in risks))
    found = plan(people, catalogue_of(offer_of()), {"tried": 1})
    assert found.need.tolist() == [2, 2, 1]
    assert found.options.value.tolist() == [300, 300, 200]


# --- plans -----------------------------------------------------------------------------------------------------------


def given_to(found, offer="tried"):
    return np.flatnonzero(found.given_of(offer)).tolist()


def test_most_need_first_and_among_equals_those_with_few_resources():
    people = people_of(
        ILL, ILL | {"n_conditions": 4.0}, ILL | {"lives_alone?": True}, {"smi": False, "n_conditions": 9.0}
    )
    catalogue = catalogue_of(offer_of())
    assert given_to(plan(people, catalogue, {"tried": 1})) == [1]
    found = plan(people, catalogue, {"tried": 2})
    assert given_to(found) == [1, 2]
    assert found.open["tried"].tolist() == [True, True, True, False]
    assert found.extra.tolist() == [False, False, True]


def test_a_known_need_waits_for_a_bridge_and_a_hint_takes_nothing_away():
    people = people_of(ILL | {"transport": False}, ILL | {"lives_alone?": True}, ILL)
    catalogue = catalogue_of(offer_of(needs=NEEDS[:1]), needs=[TRAVEL], bridges=BRIDGES)
    none = {"taxi": 0, "escort": 0}
    found = plan(people, catalogue, {"tried": 9}, bridges=none)
    assert given_to(found) == [1, 2]
    assert [found.ways[way] for way in found.options.way[found.given]] == [Way((), True), Way()]
    found = plan(people, catalogue, {"tried": 9}, bridges=none | {"escort": 2})
    assert [found.ways[way] for way in found.options.way[found.given]] == [Way(("escort",)), Way(("escort",)), Way()]


def test_an_offer_whose_window_is_open_goes_first_where_a_person_has_one_alone():
    timed = offer_of("timed", window=WINDOW)
    people = people_of(ILL | {"days_since_psychiatric_discharge": 3.0}, ILL | {"n_conditions": 9.0})
    catalogue = catalogue_of(offer_of(evidence=[TRIAL]), timed)
    found = plan(people, catalogue, {"tried": 5, "timed": 5}, per_person=1)
    assert given_to(found, "timed") == [0]
    assert given_to(found) == [1]


def test_of_offers_of_which_one_is_enough_a_person_has_one_whichever_of_them_says_so():
    like = [Overlap(offer="other", kind="one_is_enough", why={"da": "nok", "en": "enough"})]
    people = people_of(ILL, ILL)
    catalogue = catalogue_of(offer_of(overlaps=like), offer_of("other"), offer_of("third"))
    found = plan(people, catalogue, {"tried": 2, "other": 2, "third": 2})
    assert len(given_to(found)) + len(given_to(found, "other")) == 2
    assert not set(given_to(found)) & set(given_to(found, "other"))
    assert given_to(found, "third") == [0, 1]


def test_what_has_no_places_is_not_planned_and_is_named_where_it_is_open():
    closed = offer_of("closed", indication={"all": [true("terminal")]})
    duty = offer_of("duty", kind="duty")
    people = people_of(ILL | {"terminal": False})
    found = plan(people, catalogue_of(offer_of(), offer_of("other"), closed, duty), {"tried": 1})
    assert [one.id for one in found.offers] == ["tried"]
    assert [one.id for one in found.without] == ["other"]


def test_who_is_given_nothing_is_counted_and_takes_no_place():
    people = people_of(ILL | {"n_conditions": 9.0}, ILL)
    found = planned(
        people, catalogue_of(offer_of()), Given(TODAY), Capacity({"tried": 1}), np.arange(2), np.array([True, False])
    )
    assert found.open["tried"].tolist() == [True, True]
    assert given_to(found) == [1]


def test_an_offer_by_tablet_tells_who_can_use_it_as_they_are_and_who_with_help():
    remote = offer_of(places=["tablet"], needs=[{"need": "talks", "bridges": ["interpreter"]}])
    people = people_of(ILL, ILL | {"danish": False}, {"smi": False}, {"smi?": True})
    catalogue = catalogue_of(remote, offer_of("other"), needs=[TALKS], bridges=BRIDGES)
    (told,) = plan(people, catalogue, {"other": 1}).remote.values()
    assert told.eligible.tolist() == [True, True, False, False]
    assert told.as_they_are.tolist() == [True, False, False, False]
    assert told.with_bridges.tolist() == [False, True, False, False]


def test_the_lot_decides_among_equals_and_nothing_else_does():
    people = people_of(*[ILL] * 20)
    catalogue = catalogue_of(offer_of())
    lots = [np.random.default_rng(seed).permutation(20) for seed in range(3)]
    found = [planned(people, catalogue, Given(TODAY), Capacity({"tried": 5}), lot) for lot in lots]
    whose = [sorted(lot[given_to(one)].tolist()) for one, lot in zip(found, lots, strict=True)]
    assert whose[0] == whose[1] == whose[2]
    assert len({tuple(given_to(one)) for one in found}) > 1


def test_the_declared_points_say_that_they_are_ours_and_why():
    text = Path(__file__).parents[3].joinpath("stratify/care/priority.toml").read_text(encoding="utf-8")
    assert priority().provenance == "OURS"
    assert text.count("reason = ") == text.count("points = ") == len(priority().need) + 4
