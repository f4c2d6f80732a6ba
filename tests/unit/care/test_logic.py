"""Three-valued logic: yes, no and unknown, and the statements that decided."""

from itertools import product

import pytest

from stratify.care.facts import WORDS
from stratify.care.logic import Judge
from stratify.care.people import NO, UNKNOWN, YES, person
from stratify.care.statements import Names, Speaker
from stratify.catalogue import entries
from stratify.catalogue.entries import Rule, Text

FLAGS = ("smi", "psychiatric_somatic", "phone")
TOLD = {NO: False, UNKNOWN: None, YES: True}
STATES = (True, False, None)


def flags(*values):
    return person({name: value for name, value in zip(FLAGS, values, strict=False) if value is not None})


def true(fact):
    return {"fact": fact, "is": True}


def holds(rule, people, **how):
    return TOLD[Judge(people).rule(rule, **how)[0]]


def verdict(test, words, **how):
    return TOLD[Judge(person(words)).test(entries.Test.model_validate(test), **how)[0]]


def speaker(people, names=None):
    return Speaker(Judge(people), 0, names or Names(WORDS, {}))


def asked(rule, words):
    return [s.fact for s in speaker(person(words)).decided(rule) if s.holds is None]


@pytest.mark.parametrize("first, second", list(product(STATES, STATES)))
def test_all_is_no_when_one_is_no_and_yes_when_every_one_is(first, second):
    rule = Rule.model_validate({"all": [true("smi"), true("psychiatric_somatic")]})
    expected = False if False in (first, second) else None if None in (first, second) else True
    assert holds(rule, flags(first, second)) is expected


@pytest.mark.parametrize("first, second", list(product(STATES, STATES)))
def test_any_is_yes_when_one_is_yes_and_no_when_every_one_is_no(first, second):
    rule = Rule.model_validate({"any": [true("smi"), true("psychiatric_somatic")]})
    expected = True if True in (first, second) else None if None in (first, second) else False
    assert holds(rule, flags(first, second)) is expected


@pytest.mark.parametrize("one, two, three", list(product(STATES, STATES, STATES)))
def test_all_and_any_are_joined_by_and_and_the_deciding_statements_agree(one, two, three):
    rule = Rule.model_validate({"all": [true("smi")], "any": [true("psychiatric_somatic"), true("phone")]})
    some = True if True in (two, three) else None if None in (two, three) else False
    expected = False if False in (one, some) else None if None in (one, some) else True
    people = flags(one, two, three)
    assert holds(rule, people) is expected
    assert {statement.holds for statement in speaker(people).decided(rule)} == {expected}


def test_a_rule_without_tests_holds_for_everybody():
    assert holds(Rule(), person({})) is True
    assert speaker(person({})).decided(Rule()) == ()


def test_an_unknown_that_cannot_change_the_answer_is_not_asked_for():
    rule = Rule.model_validate({"any": [true("smi"), true("phone")]})
    assert asked(rule, {"smi": True}) == []
    assert asked(rule, {"smi": False}) == ["phone"]


@pytest.mark.parametrize("hint, plainly", [(True, True), (False, False)])
def test_a_hint_counts_only_where_hints_are_asked(hint, plainly):
    test = {"fact": "smi", "is": True}
    assert verdict(test, {"smi?": hint}) is None
    assert verdict(test, {"smi?": hint}, confirmed=False) is plainly


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
    told = speaker(person({"conditions": [], "conditions_not_measurable": ["copd"]}), names).say(test)
    assert "(KOL)" in told.da
    assert "Type 2" not in told.en


@pytest.mark.parametrize(
    "test, words, da, en",
    [
        ({"fact": "smi", "is": True}, {"smi": False}, "svær psykisk sygdom: nej", "severe mental illness: no"),
        ({"fact": "sex", "is": "f"}, {"sex": "m"}, "køn: mand", "sex: man"),
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
    told = speaker(person(words)).say(entries.Test.model_validate(test), confirmed=False)
    assert (told.da, told.en) == (da, en)
    assert told.text() == {"da": da, "en": en}
