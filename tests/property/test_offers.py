"""What holds of the real offers for anybody: no fact that is only a hint, a service in use, or strength closes one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratify.care.facts import SERVICES, UNMEASURABLE, WORDS
from stratify.care.people import People, person
from stratify.care.recommend import recommend
from stratify.care.weigh import ANSWERS, Given, Weigher
from stratify.catalogue import load
from tests.unit.care.small import TODAY

CATALOGUE = load()
OWN = {asked.id: asked.kind for offer in CATALOGUE.offers.values() for asked in offer.ask}
# overlap: the other of the two may be chosen; not_asked: whoever brings it up is answered
THERE = ("suitable", "bridge", "duty", "ask", "overlap", "in_use", "not_asked")
LISTED = sorted(
    {one for offer in CATALOGUE.offers.values() for test in offer.indication.tests() for one in test.any_of}
    & set(CATALOGUE.conditions)
)
VALUES = {
    "number": st.sampled_from([0, 1, 2, 3, 5, 9, 17, 40, 66, 76, 90]),
    "days": st.sampled_from([0, 1, 7, 8, 31, 400, "never"]),
    "share": st.sampled_from([0.0, 0.19, 0.2, 0.25, 0.9]),
    "flag": st.booleans(),
    "set": st.lists(st.sampled_from(LISTED), max_size=5, unique=True),
}
KINDS = {**{name: word.kind for name, word in WORDS.items()}, **OWN}
ASKED = {
    test.fact
    for offer in CATALOGUE.offers.values()
    for rule in (offer.indication, *(e.rule for e in offer.excludes), *(r.rule for r in offer.requires))
    for test in rule.tests()
} | {test.fact for one in (*CATALOGUE.needs.values(), *CATALOGUE.bridges.values()) for test in one.tests()}


def value(name):
    words = WORDS[name].words if name in WORDS else ()
    if KINDS[name] == "set" and words:
        return st.lists(st.sampled_from(words), unique=True)
    return st.sampled_from(words or ("a", "b")) if KINDS[name] == "word" else VALUES[KINDS[name]]


PEOPLE = st.fixed_dictionaries({}, optional={name: value(name) for name in sorted(ASKED | SERVICES)})
STRENGTHS = {
    "transport": True, "phone": True, "hearing": True, "danish": True, "literacy": True, "cognition": "ok",
    "tablet": True, "mitid": True, "quiet_room": True, "group_ok": True, "stands_full_day": True,
    "self_measures": True, "digital_post_exempt": False, "expected_to_seek_help": True, "network": "close",
    "adult_relative": True, "housing": "own", "lives_alone": False,
}  # fmt: skip
# What tells a clinician that help is needed is no weakness of resources: these open what is for those without them
OPENING = {"housing", "expected_to_seek_help", "network"}


def there(words, **given):
    """The offers that are not closed to a person."""
    people = person(words, OWN)
    weighed = Weigher(people, CATALOGUE, Given(TODAY, **given)).all()
    return {one.offer.id for one in weighed if ANSWERS[one.answer[0]] in THERE}


def test_nothing_known_closes_nothing():
    assert there({}) == {key for key, offer in CATALOGUE.offers.items() if offer.kind != "enabler"}


@given(words=PEOPLE, hints=PEOPLE)
def test_a_hint_nobody_has_confirmed_never_closes_an_offer(words, hints):
    assert there(words) == there(words | {f"{name}?": one for name, one in hints.items() if name not in words})


@given(words=PEOPLE, service=st.sampled_from(sorted(SERVICES)))
def test_a_service_in_use_never_closes_an_offer(words, service):
    without = {name: one for name, one in words.items() if name != service}
    little, much = (False, True) if KINDS[service] == "flag" else (0, 40)
    assert there(without | {service: little}) <= there(without | {service: much})


@given(words=PEOPLE, offer=st.sampled_from(sorted(CATALOGUE.offers)))
def test_an_offer_under_way_never_closes_another(words, offer):
    assert there(words) <= there(words, in_use={offer: np.array([True])}) | {offer}


@given(words=PEOPLE, name=st.sampled_from(sorted(set(STRENGTHS) - OPENING)))
def test_a_stronger_resource_never_closes_an_offer(words, name):
    assert there({key: one for key, one in words.items() if key != name}) >= there(words) or words.get(name) is not None
    assert there(words) <= there(words | {name: STRENGTHS[name]})


@given(words=PEOPLE, strength=st.sampled_from(WORDS["strengths"].words))
def test_a_strength_that_the_person_names_never_closes_an_offer(words, strength):
    told = words.get("strengths", [])
    assert there(words | {"strengths": told}) <= there(words | {"strengths": [*told, strength]})


@given(words=PEOPLE, data=st.data())
def test_forgetting_a_fact_never_closes_an_offer(words, data):
    if words:
        gone = data.draw(st.sampled_from(sorted(words)))
        assert there(words) <= there({name: one for name, one in words.items() if name != gone})


@given(words=PEOPLE, more=st.lists(st.sampled_from(LISTED), unique=True))
def test_what_cannot_be_measured_never_closes_an_offer(words, more):
    assert there(words) <= there(words | {UNMEASURABLE: more})


@given(words=PEOPLE)
def test_a_risk_of_death_changes_no_offer(words):
    low, high = (
        recommend(person(words | {"risk_death_365d": risk}, OWN), CATALOGUE, Given(TODAY)) for risk in (0.0, 1.0)
    )
    assert low == high


@given(words=PEOPLE)
def test_the_order_of_facts_and_of_offers_does_not_matter(words):
    turned = dict(reversed(words.items()))
    offers = dict(reversed(CATALOGUE.offers.items()))
    other = type(CATALOGUE)({**CATALOGUE.entries, "offers": offers})
    plain = recommend(person(words, OWN), CATALOGUE, Given(TODAY))
    assert recommend(person(turned, OWN), CATALOGUE, Given(TODAY)) == plain
    assert recommend(person(words, OWN), other, Given(TODAY)) == plain


@given(words=PEOPLE)
def test_every_no_has_a_reason_and_every_shown_effect_a_source(words):
    for told in recommend(person(words, OWN), CATALOGUE, Given(TODAY))["offers"]:
        assert all(len(told["why"][language]) > 15 for language in ("da", "en"))
        if told["answer"] == "not_suitable":
            assert told["reason"]
            assert told["reason"] not in ("danger", "scheme", "need") or told["decided"]
        assert all(evidence["source"] for evidence in told["evidence"])
        assert told["answer"] != "ask" or told["ask"]
        assert told["answer"] != "bridge" or told["bridges"] or told["first"]


@given(several=st.lists(PEOPLE, min_size=2, max_size=6))
def test_a_person_among_many_is_answered_as_alone(several):
    """One evaluator: a person is a table of one row."""
    alone = [person(words, OWN) for words in several]
    together = joined(alone)
    weighed = {one.offer.id: one.answer for one in Weigher(together, CATALOGUE, Given(TODAY)).all()}
    for row, one in enumerate(alone):
        assert together.words(row) == one.words(0)
        for answer in Weigher(one, CATALOGUE, Given(TODAY)).all():
            assert weighed[answer.offer.id][row] == answer.answer[0]


def joined(people):
    """Several people in one table."""
    from stratify.care.people import NO, UNKNOWN, Column, Members

    names = {name for one in people for name in one.columns}
    columns = {}
    for name in names:
        kind = KINDS[name]
        words = tuple(dict.fromkeys(w for one in people if name in one.columns for w in one.columns[name].words))
        values, hints = [], []
        for one in people:
            column = one.columns.get(name)
            known = column is not None
            at = float(column.values[0]) if known else np.nan
            values.append(float(words.index(column.words[int(at)])) if known and kind == "word" else at)
            hints.append(bool(known and column.hint is not None and column.hint[0]))
        columns[name] = Column(np.array(values), kind, words, np.array(hints))
    sets = {}
    for name in {name for one in people for name in one.sets}:
        members = sorted({key for one in people if name in one.sets for key in one.sets[name].has})
        rest = [one.sets[name].rest[0] if name in one.sets else UNKNOWN for one in people]
        has = {
            key: np.array(
                [one.sets[name].has.get(key, one.sets[name].rest)[0] if name in one.sets else UNKNOWN for one in people]
            )
            for key in members
        }
        sets[name] = Members(has, np.array(rest))
    assert NO == 0
    return People(len(people), columns, sets)


@pytest.mark.parametrize("bridge", CATALOGUE.bridges)
def test_without_one_bridge_nothing_opens_that_was_closed(bridge):
    """Fewer bridges never help."""
    words = {"transport": False, "danish": False, "housing": "homeless", "phone": False, "group_ok": False}
    every = frozenset(CATALOGUE.bridges)
    assert there(words, bridges=every - {bridge}) <= there(words, bridges=every)
