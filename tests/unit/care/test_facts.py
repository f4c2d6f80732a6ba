"""A fact that is not there is unknown; a hint is marked; a misspelt or ill-fitting fact is refused."""

import math

import pytest

from stratify.care.facts import NEVER, WORDS, Facts, from_words, misused, unknown_name


def test_words_become_facts():
    facts = from_words({"age": 46, "conditions": ["hf", "t2d"], "lives_alone?": True})
    assert facts.known == {"age": 46, "conditions": frozenset({"hf", "t2d"}), "lives_alone": True}
    assert facts.proxies == {"lives_alone"}


def test_what_is_not_named_is_unknown():
    assert from_words({}).get("smi") is None


def test_a_confirmed_fact_is_no_hint():
    assert from_words({"lives_alone": True}).proxies == frozenset()


def test_without_its_hints_a_person_is_as_if_nobody_had_looked():
    facts = from_words({"age": 46, "lives_alone?": True})
    assert facts.confirmed() == Facts({"age": 46})
    assert facts.confirmed().confirmed() == facts.confirmed()


def test_never_is_a_known_answer():
    assert from_words({"days_since_somatic_discharge": "never"}).get("days_since_somatic_discharge") == NEVER


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
        ({"lives_alone": True, "lives_alone?": True}, "stands twice"),
    ],
)
def test_what_does_not_fit_is_refused(words, told):
    with pytest.raises(ValueError, match=told):
        from_words(words)


def test_an_error_never_tells_the_value():
    with pytest.raises(ValueError, match="age") as error:
        from_words({"age": "secret"})
    assert "secret" not in str(error.value)


def test_a_hint_must_be_a_fact():
    with pytest.raises(ValueError, match="among the known facts, got age"):
        Facts({}, frozenset({"age"}))


def test_an_offer_may_bring_facts_of_its_own():
    assert from_words({"mrc": 3}, own=["mrc"]).get("mrc") == 3
    assert unknown_name("mrc", ["mrc"]) is None


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
        ("agee", None, False, "did you mean 'age'"),
    ],
)
def test_a_test_must_fit_its_fact(name, wanted, in_set, told):
    problem = misused(name, wanted, in_set=in_set, own={})
    assert problem is None if told is None else told in problem


def test_every_fact_has_words_in_both_languages_and_none_is_shared():
    assert len({word.da for word in WORDS.values()}) == len({word.en for word in WORDS.values()}) == len(WORDS)
