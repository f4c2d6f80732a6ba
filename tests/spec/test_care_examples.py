"""Every example of every stratum, offer and target comes out as its file says; no entry promises what nobody saw."""

import pytest

from stratify.care.facts import from_words
from stratify.care.recommend import recommend
from stratify.catalogue import load
from stratify.quality.examples import run
from stratify.strata import stratify_person

CATALOGUE = load()
OFFERS = [
    "aarsstatus", "medgennemgang", "metabolisk_kontrol", "opf_hjemmebesoeg", "overbliksstatus", "pahs", "safe_7d",
    "sofia_smi",
]  # fmt: skip


def examples(entries):
    return [pytest.param(entry, one, id=f"{entry.id}: {one.why}") for entry in entries for one in entry.example]


@pytest.mark.parametrize("stratum, example", examples(CATALOGUE.strata.values()))
def test_a_person_stands_where_the_example_says(stratum, example):
    place = stratify_person(from_words(example.facts), CATALOGUE)[stratum.axis]
    assert ("yes" if place["id"] == stratum.id else "no") == example.expect


@pytest.mark.parametrize("offer, example", examples(CATALOGUE.offers.values()))
def test_an_offer_answers_as_the_example_says(offer, example):
    facts = from_words(example.facts, own=[asked.id for asked in offer.ask])
    assert {one["id"]: one["answer"] for one in recommend(facts, CATALOGUE)}[offer.id] == example.expect


@pytest.mark.parametrize("target, example", examples(CATALOGUE.targets.values()))
def test_a_target_counts_as_the_example_says(target, example):
    counted = run(target, example.records)
    assert (counted.numerator, counted.denominator, counted.unknown) == (
        example.numerator,
        example.denominator,
        example.unknown,
    )


def test_these_are_the_offers():
    assert list(CATALOGUE.offers) == OFFERS


@pytest.mark.parametrize("axis, levels", [("need", [0, 1, 2, 3]), ("resources", [0, 1, 2])])
def test_each_axis_has_one_entry_per_level(axis, levels):
    assert sorted(s.level for s in CATALOGUE.strata.values() if s.axis == axis) == levels


@pytest.mark.parametrize("offer", CATALOGUE.offers.values(), ids=lambda offer: offer.id)
def test_each_offer_shows_a_yes_a_question_and_a_no(offer):
    assert {"suitable", "ask", "not_suitable"} <= {example.expect for example in offer.example}


@pytest.mark.parametrize("offer", CATALOGUE.offers.values(), ids=lambda offer: offer.id)
def test_each_offer_says_what_is_known_of_admissions_and_none_is_known_to_lower_them(offer):
    assert {e.direction for e in offer.evidence if e.outcome == "admissions"} in ({"none"}, {"unknown"})


@pytest.mark.parametrize("offer", ["medgennemgang", "pahs", "opf_hjemmebesoeg"])
def test_a_trial_that_found_no_difference_in_admissions_is_told_so(offer):
    told = {e.outcome: (e.direction, e.certainty) for e in CATALOGUE.offers[offer].evidence}
    assert told["admissions"] == ("none", "trial")


def test_no_effect_stands_without_a_trial_or_study_behind_it():
    for offer in CATALOGUE.offers.values():
        for evidence in offer.evidence:
            if evidence.direction in ("better", "worse"):
                assert evidence.certainty in ("trial", "observational"), offer.id


@pytest.mark.parametrize("offer", CATALOGUE.offers.values(), ids=lambda offer: offer.id)
def test_the_words_shown_to_people_promise_nothing_and_name_nobody_a_risk(offer):
    texts = [offer.name, offer.indication_text, *(b.name for b in offer.bridges), *(e.why for e in offer.excludes)]
    shown = " ".join(f"{text.da} {text.en}" for text in texts).lower()
    for word in ("risikopatient", "risk patient", "forebygger", "prevents", "færre indlæggelser", "fewer admissions"):
        assert word not in shown


def test_every_condition_a_rule_names_exists():
    """A misspelt id would make a rule false for everybody, in silence."""
    tests = [t for target in CATALOGUE.targets.values() for t in (*target.population.all, *target.population.any)]
    for offer in CATALOGUE.offers.values():
        tests += [bridge.when for bridge in offer.bridges]
    for stratum in CATALOGUE.strata.values():
        tests += [*stratum.lift.all, *stratum.lift.any] if stratum.lift else []
    named = {one for test in tests if test.fact == "conditions" for one in test.any_of}
    assert named <= set(CATALOGUE.conditions)
