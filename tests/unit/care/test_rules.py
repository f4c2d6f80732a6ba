"""Three-valued logic: yes, no and unknown, and the statements that decided."""

from itertools import product

import pytest

from stratify.care.facts import WORDS, Word, from_words
from stratify.care.rules import Names, judge, judge_test
from stratify.catalogue import entries
from stratify.catalogue.entries import Rule, Text

FLAGS = ("smi", "psychiatric_somatic", "has_home")
STATES = (True, False, None)


def flags(*values):
    return from_words({name: value for name, value in zip(FLAGS, values, strict=False) if value is not None})


def true(fact):
    return {"fact": fact, "is": True}


def verdict(test, words):
    return judge_test(entries.Test.model_validate(test), from_words(words)).holds


@pytest.mark.parametrize("first, second", list(product(STATES, STATES)))
def test_all_is_no_when_one_is_no_and_yes_when_every_one_is(first, second):
    rule = Rule.model_validate({"all": [true("smi"), true("psychiatric_somatic")]})
    expected = False if False in (first, second) else None if None in (first, second) else True
    assert judge(rule, flags(first, second)).holds is expected


@pytest.mark.parametrize("first, second", list(product(STATES, STATES)))
def test_any_is_yes_when_one_is_yes_and_no_when_every_one_is_no(first, second):
    rule = Rule.model_validate({"any": [true("smi"), true("psychiatric_somatic")]})
    expected = True if True in (first, second) else None if None in (first, second) else False
    assert judge(rule, flags(first, second)).holds is expected


@pytest.mark.parametrize("one, two, three", list(product(STATES, STATES, STATES)))
def test_all_and_any_are_joined_by_and_and_the_deciding_statements_agree(one, two, three):
    rule = Rule.model_validate({"all": [true("smi")], "any": [true("psychiatric_somatic"), true("has_home")]})
    some = True if True in (two, three) else None if None in (two, three) else False
    expected = False if False in (one, some) else None if None in (one, some) else True
    judged = judge(rule, flags(one, two, three))
    assert judged.holds is expected
    assert judged.decided
    assert {statement.holds for statement in judged.decided} == {expected}


def test_a_rule_without_tests_holds_for_everybody():
    assert judge(Rule(), from_words({})).holds is True


def test_an_unknown_that_cannot_change_the_answer_is_not_asked_for():
    rule = Rule.model_validate({"any": [true("smi"), true("has_home")]})
    assert judge(rule, from_words({"smi": True})).unknown() == ()
    assert judge(rule, from_words({"smi": False})).unknown() == ("has_home",)


def test_a_fact_is_asked_for_once():
    rule = Rule.model_validate({"all": [{"fact": "age", "at_least": 18}, {"fact": "age", "at_most": 65}]})
    assert judge(rule, from_words({})).unknown() == ("age",)


@pytest.mark.parametrize(
    "limits, value, expected",
    [
        ({"at_least": 9}, 9, True),
        ({"at_least": 9}, 8, False),
        ({"at_most": 7}, 7, True),
        ({"at_most": 7}, 8, False),
        ({"at_least": 1, "at_most": 7}, 4, True),
        ({"at_least": 1, "at_most": 7}, 0, False),
    ],
)
def test_limits_are_included(limits, value, expected):
    assert verdict({"fact": "n_drugs", **limits}, {"n_drugs": value}) is expected


def test_never_is_longer_ago_than_any_limit():
    words = {"days_since_any_contact": "never"}
    assert verdict({"fact": "days_since_any_contact", "at_most": 7}, words) is False
    assert verdict({"fact": "days_since_any_contact", "at_least": 365}, words) is True


@pytest.mark.parametrize(
    "words, expected",
    [
        ({"conditions": ["copd"]}, True),
        ({"conditions": []}, False),
        ({}, None),
        ({"conditions": [], "conditions_not_measurable": ["copd"]}, None),
        ({"conditions": [], "conditions_not_measurable": ["pain"]}, False),
        ({"conditions": ["t2d"], "conditions_not_measurable": ["copd"]}, True),
    ],
)
def test_a_condition_nobody_can_measure_is_unknown_unless_another_listed_one_is_there(words, expected):
    assert verdict({"fact": "conditions", "any_of": ["copd", "t2d"]}, words) is expected


def test_a_question_about_conditions_names_only_those_that_cannot_be_measured():
    names = Names(WORDS, {"copd": Text(da="KOL", en="COPD"), "t2d": Text(da="Type 2-diabetes", en="Type 2 diabetes")})
    test = entries.Test.model_validate({"fact": "conditions", "any_of": ["copd", "t2d"]})
    told = judge_test(test, from_words({"conditions": [], "conditions_not_measurable": ["copd"]}), names)
    assert "(KOL)" in told.da
    assert "Type 2" not in told.en


@pytest.mark.parametrize(
    "test, words, da, en",
    [
        ({"fact": "smi", "is": True}, {"smi": False}, "svær psykisk sygdom: nej", "severe mental illness: no"),
        ({"fact": "sex", "is": "f"}, {"sex": "m"}, "køn: m (ikke f)", "sex: m (not f)"),
        ({"fact": "age", "at_least": 65}, {"age": 72}, "alder: 72 (grænse: mindst 65)", "age: 72 (limit: at least 65)"),
        (
            {"fact": "days_since_somatic_discharge", "at_most": 7},
            {"days_since_somatic_discharge": 1},
            "tid siden somatisk udskrivning: 1 dag (grænse: højst 7 dage)",
            "time since discharge from a somatic ward: 1 day (limit: at most 7 days)",
        ),
        (
            {"fact": "risk_acute_admission_365d", "at_least": 0.25},
            {"risk_acute_admission_365d": 0.4},
            "beregnet risiko for akut indlæggelse inden for et år: 40 % (grænse: mindst 25 %)",
            "estimated risk of an acute admission within a year: 40% (limit: at least 25%)",
        ),
        (
            {"fact": "hba1c_last", "at_least": 48, "at_most": 58},
            {"hba1c_last": 49.5},
            "seneste HbA1c (mmol/mol): 49,5 (grænse: mindst 48 og højst 58)",
            "latest HbA1c (mmol/mol): 49.5 (limit: at least 48 and at most 58)",
        ),
        (
            {"fact": "conditions", "any_of": ["hf"]},
            {"conditions": ["t2d"]},
            "ikke blandt kendte sygdomme: hf",
            "not among known conditions: hf",
        ),
        (
            {"fact": "n_drugs", "at_least": 9},
            {},
            "ikke kendt: forskellige lægemidler de seneste 120 dage – se det fælles medicinkort",
            "not known: different medicines in the last 120 days – see the shared medicine card",
        ),
        (
            {"fact": "lives_alone", "is": True},
            {"lives_alone?": True},
            "bor alene: ja, ifølge et register, ikke bekræftet – spørg",
            "lives alone: yes, from a register, not confirmed – ask",
        ),
    ],
)
def test_a_statement_is_told_in_both_languages(test, words, da, en):
    told = judge_test(entries.Test.model_validate(test), from_words(words))
    assert (told.da, told.en) == (da, en)
    assert told.text() == {"da": da, "en": en}


@pytest.mark.parametrize(
    "test, kind, value, told",
    [
        ({"fact": "own", "any_of": ["a"]}, "set", "a", "any_of needs a set"),
        ({"fact": "own", "at_least": 1}, "number", "a", "is a text"),
        ({"fact": "own", "is": "a"}, "word", ["a"], "is a set"),
    ],
)
def test_a_value_of_another_kind_is_an_error_and_no_answer(test, kind, value, told):
    names = Names({**WORDS, "own": Word(kind, "egen", "own", "person")}, {})
    with pytest.raises(ValueError, match=told):
        judge_test(entries.Test.model_validate(test), from_words({"own": value}, own=["own"]), names)
