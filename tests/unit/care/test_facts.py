"""A fact that is not there is unknown; a hint is marked; a misspelt or ill-fitting fact is refused."""

import json
import math

import numpy as np
import pytest

from stratify.care.facts import NEVER, WORDS, misused, unknown_name
from stratify.care.people import NO, UNKNOWN, YES, Column, Members, People, person


def test_words_become_facts():
    facts = person({"age": 46, "conditions": ["hf", "t2d"], "lives_alone?": True})
    assert facts.known(0) == {"age": 46, "conditions": frozenset({"hf", "t2d"}), "lives_alone": True}
    assert facts.hints(0) == {"lives_alone"}


def test_what_is_not_named_is_unknown():
    assert "smi" not in person({}).known(0)


def test_a_confirmed_fact_is_no_hint():
    assert person({"lives_alone": True}).hints(0) == frozenset()


def test_never_is_a_known_answer():
    assert person({"days_since_somatic_discharge": "never"}).known(0)["days_since_somatic_discharge"] == NEVER


WRITTEN = {
    "age": 46, "sex": "f", "smi": True, "conditions": ["hf", "t2d"], "conditions_not_measurable": ["pain"],
    "days_since_hba1c": "never", "lives_alone?": True, "housing": "homeless", "risk_death_365d": 0.25,
}  # fmt: skip


def test_a_person_is_written_as_it_is_read():
    words = person(WRITTEN).words(0)
    assert words == WRITTEN
    assert json.loads(json.dumps(words)) == WRITTEN


def test_many_people_are_told_apart():
    many = People(
        3,
        {
            "age": Column(np.array([46, np.nan, 70]), "number"),
            "sex": Column(np.array([1.0, 0.0, np.nan]), "word", ("f", "m")),
            "lives_alone": Column(np.array([1.0, np.nan, 0.0]), "flag", (), np.array([True, False, False])),
        },
        {"conditions": Members({"hf": np.array([YES, NO, UNKNOWN])}, np.array([NO, NO, NO]))},
    )
    assert [many.words(row) for row in range(3)] == [
        {"age": 46, "sex": "m", "lives_alone?": True, "conditions": ["hf"]},
        {"sex": "f", "conditions": []},
        {"age": 70, "lives_alone": False, "conditions": [], "conditions_not_measurable": ["hf"]},
    ]
    turned = many.of(np.array([2, 0]))
    assert [turned.words(row) for row in range(2)] == [many.words(2), many.words(0)]


@pytest.mark.parametrize(
    "words, told",
    [
        ({"n_drug": 3}, "did you mean 'n_drugs'"),
        ({"age": "46"}, "age needs a number"),
        ({"age": True}, "age needs a number"),
        ({"age": math.nan}, "age needs a number"),
        ({"smi": 1}, "smi needs a flag"),
        ({"sex": 1}, "sex needs a word"),
        ({"conditions": "hf"}, "conditions needs a set"),
        ({"risk_acute_admission_365d": 40}, "needs a share"),
        ({"age": "never"}, "age needs a number"),
        ({"age": {"years": 3}}, "got a dict"),
        ({"sex": "x"}, "sex is one of f, m"),
        ({"lives_alone": True, "lives_alone?": True}, "stands twice"),
    ],
)
def test_what_does_not_fit_is_refused(words, told):
    with pytest.raises(ValueError, match=told):
        person(words)


def test_an_error_never_tells_the_value():
    with pytest.raises(ValueError, match="age") as error:
        person({"age": "secret"})
    assert "secret" not in str(error.value)


def test_an_offer_may_bring_facts_of_its_own():
    assert person({"own_fact": 3}, own={"own_fact": "number"}).known(0) == {"own_fact": 3}
    assert unknown_name("own_fact", ["own_fact"]) is None


def test_a_name_like_no_other_gets_no_suggestion():
    assert unknown_name("xyzzy") == "no such fact 'xyzzy'"


@pytest.mark.parametrize(
    "name, wanted, in_set, told",
    [
        ("smi", True, False, None),
        ("sex", "f", False, None),
        ("age", None, False, None),
        ("conditions", None, True, None),
        ("smi", "yes", False, "is true or false, got is a text"),
        ("age", True, False, "at_least or at_most"),
        ("conditions", None, False, "any_of"),
        ("conditions_not_measurable", None, True, "not tested itself"),
        ("strengths", None, True, "one of people, habits, skills, what_worked, got 'one'"),
        ("agee", None, False, "did you mean 'age'"),
        ("housing", "villa", False, "one of own, supported, care_home, homeless"),
    ],
)
def test_a_test_must_fit_its_fact(name, wanted, in_set, told):
    problem = misused(name, wanted, ("one",) if in_set else (), {})
    assert problem is None if told is None else told in problem


@pytest.mark.parametrize("word", [word for word in WORDS.values() if word.words], ids=lambda word: word.en)
def test_each_of_a_facts_words_is_told_in_both_languages(word):
    assert len(word.words) == len(set(word.da_words)) == len(set(word.en_words))


def test_every_fact_has_words_in_both_languages_and_none_is_shared():
    assert len({word.da for word in WORDS.values()}) == len({word.en for word in WORDS.values()}) == len(WORDS)
