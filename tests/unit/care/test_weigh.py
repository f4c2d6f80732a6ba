"""What opens, closes, asks and bridges an offer: only what is known and confirmed closes one."""

from datetime import date

import numpy as np
import pytest
from pydantic import ValidationError

from stratify.care.people import person
from stratify.care.recommend import recommend
from stratify.care.weigh import Declined, Given, Weigher, due
from stratify.catalogue.care import check_bridges
from stratify.catalogue.entries import Evidence
from tests.unit.care.small import TODAY, answers_of, bridge_of, catalogue_of, need_of, offer_of, true, whose

ILL = {"smi": True}


def excluding(kind, **test):
    why = {"da": "fordi", "en": "because"}
    return {"kind": kind, "rule": {"all": [test]}, "why": why, "instead": [] if kind == "danger" else ["other"]}


def answer(catalogue, words, **given):
    return answers_of(catalogue, words, **given)["tried"]


# --- indication, dangers and limits ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, expected",
    [
        (ILL, "suitable"),
        ({"smi": False}, "no_indication"),
        ({}, "ask"),
        ({"smi?": True}, "ask"),
        ({"smi?": False}, "ask"),
    ],
)
def test_an_indication_opens_by_a_known_yes_closes_by_a_known_no_and_is_else_asked(words, expected):
    assert answer(catalogue_of(offer_of()), words) == expected


@pytest.mark.parametrize(
    "kind, words, expected",
    [
        ("danger", {"terminal": True}, "danger"),
        ("danger", {"terminal": False}, "suitable"),
        ("danger", {}, "ask"),
        ("danger", {"terminal?": True}, "ask"),
        ("scheme", {"terminal": True}, "scheme"),
        ("scheme", {}, "suitable"),
        ("scheme", {"terminal?": True}, "suitable"),
        ("trial", {"terminal": True}, "scheme"),
        ("trial", {}, "suitable"),
    ],
)
def test_an_unknown_danger_is_asked_first_and_an_unknown_limit_is_noted(kind, words, expected):
    catalogue = catalogue_of(offer_of(excludes=[excluding(kind, **true("terminal"))]), offer_of("other"))
    assert answer(catalogue, ILL | words) == expected
    told = next(
        one for one in recommend(person(ILL | words), catalogue, Given(TODAY))["offers"] if one["id"] == "tried"
    )
    if "terminal" not in words:
        assert told["ask"] == ["terminal"]


def test_a_known_limit_closes_even_where_the_indication_is_unknown():
    assert (
        answer(catalogue_of(offer_of(excludes=[excluding("danger", **true("terminal"))])), {"terminal": True})
        == "danger"
    )


def test_a_limit_names_what_is_offered_instead_first_what_is_open():
    excludes = [{**excluding("trial", **true("terminal")), "instead": ["other", "third"]}]
    catalogue = catalogue_of(
        offer_of(excludes=excludes), offer_of("other", indication={"all": [true("phone")]}), offer_of("third")
    )
    told = recommend(person(ILL | {"terminal": True, "phone": False}), catalogue, Given(TODAY))["offers"]
    (closed,) = [one for one in told if one["id"] == "tried"]
    assert closed["alternatives"] == ["third"]
    assert "Instead: third in English." in closed["why"]["en"]
    assert "the trial's own limit" in closed["why"]["en"]


@pytest.mark.parametrize(
    "days, expected", [(0, "suitable"), (7, "suitable"), (8, "window"), ("never", "no_indication"), (None, "ask")]
)
def test_a_window_is_open_for_so_many_days_and_then_has_passed(days, expected):
    window = {"since": "days_since_psychiatric_discharge", "within_days": 7}
    words = ILL if days is None else {**ILL, "days_since_psychiatric_discharge": days}
    catalogue = catalogue_of(offer_of(window=window))
    assert answer(catalogue, words) == expected
    people = person(words)
    left = due(Weigher(people, catalogue, Given(TODAY)).all()[0], people)[0]
    assert left == {0: 7, 7: 0}.get(days, np.inf)


# --- needs and bridges -----------------------------------------------------------------------------------------------

TRAVEL = need_of("travel", {"all": [true("transport")]}, {"any": [true("lives_alone")]})
NEEDS_TRAVEL = [{"need": "travel", "bridges": ["escort"]}]


@pytest.fixture
def travelling():
    return catalogue_of(offer_of(needs=NEEDS_TRAVEL), needs=[TRAVEL], bridges=[bridge_of("escort")])


@pytest.mark.parametrize(
    "words, expected, bridges, asked",
    [
        ({"transport": True}, "suitable", [], []),
        ({"transport": True, "lives_alone": True}, "suitable", [], []),
        ({"transport": False}, "bridge", ["escort"], []),
        ({"transport?": False}, "bridge", ["escort"], ["transport"]),
        ({"lives_alone?": True}, "bridge", ["escort"], ["transport"]),
        ({"lives_alone?": False}, "suitable", [], ["transport"]),
        ({}, "suitable", [], ["transport"]),
    ],
)
def test_what_is_hard_or_seems_hard_is_bridged_and_what_is_unknown_is_asked(
    travelling, words, expected, bridges, asked
):
    (told,) = recommend(person(ILL | words), travelling, Given(TODAY))["offers"]
    assert told["answer"] == expected
    assert [one["bridge"] for one in told["bridges"]] == bridges
    assert told["ask"] == asked


def test_a_need_that_is_not_met_and_has_no_bridge_closes_the_offer_and_a_hint_does_not(travelling):
    none = frozenset()
    assert answer(travelling, ILL | {"transport": False}, bridges=none) == "need"
    assert answer(travelling, ILL | {"transport?": False}, bridges=none) == "suitable"
    assert answer(travelling, ILL | {"lives_alone?": True}, bridges=none) == "suitable"


def test_a_bridge_that_cannot_be_used_helps_nobody():
    bridge = bridge_of("escort", unless={"all": [true("terminal")]})
    catalogue = catalogue_of(offer_of(needs=NEEDS_TRAVEL), needs=[TRAVEL], bridges=[bridge])
    assert answer(catalogue, ILL | {"transport": False, "terminal": True}) == "need"
    assert answer(catalogue, ILL | {"transport": False}) == "bridge"


def test_a_strength_that_the_person_names_is_a_bridge_to_every_offer_with_the_need_and_comes_first():
    """`only` what is known opens it: nobody is thought to have a neighbour who drives."""
    strength = {"all": [{"fact": "strengths", "any_of": ["people"]}]}
    own = bridge_of("own_people", helps=["travel"], only=strength)
    catalogue = catalogue_of(offer_of(needs=NEEDS_TRAVEL), needs=[TRAVEL], bridges=[bridge_of("escort"), own])
    stuck = ILL | {"transport": False}
    assert helped(catalogue, stuck) == ["escort"]
    assert helped(catalogue, stuck | {"strengths": ["habits"]}) == ["escort"]
    assert helped(catalogue, stuck | {"strengths": ["people"]}) == ["own_people", "escort"]
    assert helped(catalogue, stuck | {"strengths?": ["people"]}) == ["escort"]
    assert helped(catalogue, ILL | {"transport": True, "strengths": ["people"]}) == []


def test_a_bridge_that_helps_everywhere_must_say_whose_it_is():
    with pytest.raises(ValidationError, match="say by `only` whose it is"):
        bridge_of("own", helps=["travel"])


def helped(catalogue, words):
    """The bridges that are named to a person for the one offer there is."""
    (told,) = recommend(person(words), catalogue, Given(TODAY))["offers"]
    return [one["bridge"] for one in told["bridges"]]


def test_a_bridge_may_have_needs_that_another_bridge_meets():
    talks = need_of("talks", {"all": [true("danish")]})
    escort = bridge_of("escort", needs=[{"need": "talks", "bridges": ["interpreter"]}])
    made = lambda *more: catalogue_of(  # noqa: E731
        offer_of(needs=NEEDS_TRAVEL), needs=[TRAVEL, talks], bridges=[escort, *more]
    )
    words = ILL | {"transport": False, "danish": False}
    assert answer(made(bridge_of("interpreter")), words) == "bridge"
    closed = bridge_of("interpreter", unless={"all": [true("smi")]})
    assert answer(made(closed), words) == "need"


def test_a_bridge_that_leads_back_to_itself_is_refused():
    need = [{"need": "travel", "bridges": ["second"]}]
    back = [{"need": "travel", "bridges": ["first"]}]
    bridges = [bridge_of("first", needs=need), bridge_of("second", needs=back), bridge_of("third", needs=need)]
    told = check_bridges(catalogue_of(needs=[TRAVEL], bridges=bridges))
    assert told == [
        "bridges/first.toml: needs: a bridge may not need itself: first > second > first",
        "bridges/second.toml: needs: a bridge may not need itself: second > first > second",
    ]


def test_an_unmet_requirement_comes_first_and_is_never_a_bare_no():
    required = [{"rule": {"all": [true("referral")]}, "why": {"da": "henvisning mangler", "en": "no referral yet"},
                 "source": "a source", "helped_by": "other", "review_days": 30}]  # fmt: skip
    catalogue = catalogue_of(offer_of(requires=required), offer_of("other"))
    told = {one["id"]: one for one in recommend(person(ILL | {"referral": False}), catalogue, Given(TODAY))["offers"]}
    assert (told["tried"]["answer"], told["tried"]["first"]) == ("bridge", ["other"])
    assert "no referral yet; first: other in English" in told["tried"]["why"]["en"]
    assert answer(catalogue, ILL) == "suitable"
    assert answer(catalogue, ILL | {"referral": True}) == "suitable"


# --- what the person chose -------------------------------------------------------------------------------------------


def declined(said, left):
    return {"tried": Declined(np.array([float(said)]), np.array([float(left)]))}


def test_a_declined_offer_is_not_brought_again_before_its_day():
    catalogue = catalogue_of(offer_of())
    assert answer(catalogue, ILL, declined=declined(80, 100)) == "declined"
    assert answer(catalogue, ILL, declined=declined(180, 0)) == "suitable"
    assert answer(catalogue, ILL, declined=declined(np.nan, np.nan)) == "suitable"
    told = recommend(person(ILL), catalogue, Given(TODAY, declined=declined(82, 100)))["offers"][0]
    assert told["why"]["en"] == "Not now: declined or put off until 2027-03-02."


def test_a_no_said_before_the_event_does_not_close_what_the_event_brings():
    catalogue = catalogue_of(offer_of(window={"since": "days_since_somatic_discharge", "within_days": 7}))
    words = ILL | {"days_since_somatic_discharge": 2}
    assert answer(catalogue, words, declined=declined(100, 100)) == "suitable"
    assert answer(catalogue, words, declined=declined(1, 100)) == "declined"


def test_a_duty_is_neither_declined_nor_closed_by_a_need():
    duty = offer_of(kind="duty", needs=NEEDS_TRAVEL)
    catalogue = catalogue_of(duty, needs=[TRAVEL], bridges=[bridge_of("escort")])
    given = {"declined": declined(1, 100), "bridges": frozenset()}
    assert answer(catalogue, ILL | {"transport": False}, **given) == "duty"
    assert answer(catalogue, {"smi": False}) == "no_indication"


def test_what_is_under_way_is_said_and_takes_nothing_else_away():
    catalogue = catalogue_of(offer_of(), offer_of("other"))
    assert answers_of(catalogue, ILL, in_use=whose("other")) == {"tried": "suitable", "other": "in_use"}


@pytest.mark.parametrize(
    "wish, places, forms, expected",
    [
        ("not_digital", ["video", "tablet"], ["alone"], "preference"),
        ("not_digital", ["video", "phone"], ["alone"], "suitable"),
        ("no_groups", ["health_house"], ["group"], "preference"),
        ("no_groups", ["health_house"], ["group", "alone"], "suitable"),
        ("own_gp_only", ["gp"], ["alone"], "suitable"),
        ("home_first", ["gp"], ["alone"], "suitable"),
    ],
)
def test_a_wish_closes_only_what_can_be_given_in_no_other_way(wish, places, forms, expected):
    assert answer(catalogue_of(offer_of(places=places, forms=forms)), ILL, wishes=whose(wish)) == expected


def test_a_wish_is_met_by_a_bridge_where_one_adds_another_way():
    offer = offer_of(forms=["group"], needs=[{"need": "travel", "bridges": ["individual"]}])
    catalogue = catalogue_of(offer, needs=[TRAVEL], bridges=[bridge_of("individual", adds_forms=["alone"])])
    assert answer(catalogue, ILL | {"transport": True}, wishes=whose("no_groups")) == "bridge"
    assert answer(catalogue, ILL | {"transport": True}, wishes=whose("no_groups"), bridges=frozenset()) == "preference"


def test_own_gp_only_follows_who_answers_for_the_offer_on_the_day():
    bodies = [
        {"body": "municipality", "valid_to": "2026-12-31"},
        {"body": "general practice", "valid_from": "2027-01-01"},
    ]
    people, catalogue = person(ILL), catalogue_of(offer_of(responsible=bodies))
    for day, reason, by in ((TODAY, "preference", "municipality"), (date(2027, 1, 1), None, "general practice")):
        told = recommend(people, catalogue, Given(day, wishes=whose("own_gp_only")))["offers"][0]
        assert (told["reason"], told["by"]) == (reason, [by])


# --- offers that are alike -------------------------------------------------------------------------------------------


def alike(kind):
    why = {"da": "én er nok", "en": "one is enough"}
    return offer_of(priority=5, overlaps=[{"offer": "other", "kind": kind, "why": why}])


def test_two_that_are_too_much_together_are_settled_by_rank_and_the_first_is_named():
    catalogue = catalogue_of(alike("never_both"), offer_of("other", priority=9))
    assert answers_of(catalogue, ILL) == {"tried": "suitable", "other": "overlap"}
    other = recommend(person(ILL), catalogue, Given(TODAY))["offers"][1]
    assert other["alternatives"] == ["tried"]
    assert "one is enough; now: tried in English" in other["why"]["en"]


def test_when_the_first_is_declined_the_other_is_open():
    catalogue = catalogue_of(alike("never_both"), offer_of("other", priority=9))
    assert answers_of(catalogue, ILL, declined=declined(1, 9)) == {"tried": "declined", "other": "suitable"}


def test_of_two_that_are_alike_both_stay_and_it_is_said_that_one_is_enough():
    catalogue = catalogue_of(alike("one_is_enough"), offer_of("other", priority=1))
    assert answers_of(catalogue, ILL) == {"other": "suitable", "tried": "suitable"}
    told = {one["id"]: one["why"]["en"] for one in recommend(person(ILL), catalogue, Given(TODAY))["offers"]}
    assert "one is enough." in told["tried"]


def test_one_coordinator_is_enough():
    offers = [offer_of(name, coordinates=True, priority=place) for place, name in enumerate(("a", "b", "c"))]
    assert answers_of(catalogue_of(*offers), ILL) == {"a": "suitable", "b": "overlap", "c": "overlap"}


# --- order and safety ------------------------------------------------------------------------------------------------


def test_what_cannot_wait_comes_first_and_a_bridge_is_no_step_down():
    window = {"since": "days_since_psychiatric_discharge", "within_days": 7}
    offers = [
        offer_of("a_first", priority=1),
        offer_of("b_bridged", priority=2, needs=NEEDS_TRAVEL),
        offer_of("c_urgent", priority=9, window=window),
        offer_of("d_plain", priority=3),
        offer_of("e_asked", priority=0, indication={"all": [true("phone")]}),
    ]
    catalogue = catalogue_of(*offers, needs=[TRAVEL], bridges=[bridge_of("escort")])
    words = ILL | {"transport": False, "days_since_psychiatric_discharge": 3}
    told = recommend(person(words), catalogue, Given(TODAY))["offers"]
    assert [one["id"] for one in told] == ["c_urgent", "a_first", "b_bridged", "d_plain", "e_asked"]
    assert told[0]["due_days"] == 4


def test_offers_without_indication_are_counted_and_not_listed():
    found = recommend(person({"smi": False}), catalogue_of(offer_of(), offer_of("other")), Given(TODAY))
    assert (found["offers"], found["not_indicated"]) == ([], 2)


def test_a_medicine_warning_stands_whatever_was_declined_and_however_it_will_go():
    catalogue = catalogue_of(offer_of())
    words = ILL | {"medication_flags": ["bleeding_pair"], "n_drugs": 11, "terminal": True}
    found = recommend(person(words), catalogue, Given(TODAY, declined=declined(1, 100)))
    assert [one["id"] for one in found["safety"]] == ["bleeding_pair", "excessive_polypharmacy", "polypharmacy"]
    assert found["rights"]


# --- refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes, problem",
    [
        ({"indication": {"all": [true("smy")]}}, "did you mean 'smi'"),
        ({"indication": {"all": [{"fact": "smi", "at_least": 1}]}}, "test it with is true or false"),
        ({"indication": {"all": [{"fact": "risk_death_365d", "at_least": 0.2}]}}, "part of need"),
        ({"indication": {"all": [{"fact": "home_care", "is": False}]}}, "may not lower an offer"),
        ({"indication": {"all": [{"fact": "outpatient_contacts_365d", "at_most": 0}]}}, "may not lower an offer"),
        ({"excludes": [excluding("danger", **true("home_care"))]}, "may not lower an offer"),
        ({"excludes": [{**excluding("trial", **true("smi")), "instead": []}]}, "at least one offer"),
        ({"excludes": [{**excluding("danger", **true("smi")), "rule": {}}]}, "close the offer to"),
        ({"example": [{"why": "?", "facts": {"smy": True}, "expect": "not_suitable"}] * 2}, "did you mean 'smi'"),
        ({"window": {"since": "age", "within_days": 7}}, "no fact that is counted in days"),
        ({"kind": "enabler", "needs": NEEDS_TRAVEL}, "an enabler is met as a bridge"),
        ({"responsible": []}, "at least 1"),
        ({"evidence": [{"outcome": "safety", "direction": "better", "certainty": "trial"}]}, "source"),
    ],
)  # fmt: skip
def test_an_offer_that_breaks_a_rule_of_the_house_is_refused(changes, problem):
    with pytest.raises(ValidationError, match=problem):
        offer_of(**changes)


def test_an_effect_nobody_has_seen_is_refused():
    with pytest.raises(ValidationError, match="needs a certainty"):
        Evidence(outcome="admissions", direction="better", certainty="none", source="hearsay")
