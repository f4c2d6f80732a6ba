"""Every example of every stratum, offer and target comes out as its file says; no entry promises what nobody saw."""

from datetime import date

import pytest

from stratify.care.people import person
from stratify.catalogue import load
from stratify.examples import READERS
from stratify.quality.examples import run
from stratify.strata import stratify_person

CATALOGUE = load()


def examples(entries):
    return [pytest.param(entry, one, id=f"{entry.id}: {one.why}") for entry in entries for one in entry.example]


@pytest.mark.parametrize("stratum, example", examples(CATALOGUE.strata.values()))
def test_a_person_stands_where_the_example_says(stratum, example):
    place = stratify_person(person(example.facts), CATALOGUE)[stratum.axis]
    assert ("yes" if place["id"] == stratum.id else "no") == example.expect


@pytest.mark.parametrize("kind", ["needs", "bridges", "preferences", "safety", "offers"])
def test_every_entry_of_care_does_as_its_examples_say(kind):
    for entry in CATALOGUE.entries[kind].values():
        for example in entry.example:
            expected, got = READERS[kind](entry, example, CATALOGUE)
            assert expected == got, f"{kind}/{entry.id}: {example.why}"


@pytest.mark.parametrize("target, example", examples(CATALOGUE.targets.values()))
def test_a_target_counts_as_the_example_says(target, example):
    counted = run(target, example.records)
    assert (counted.numerator, round(counted.denominator, 3), counted.unknown) == (
        example.numerator,
        example.denominator,
        example.unknown,
    )


def test_the_offers_are_at_least_the_35_read_and_those_they_lacked():
    lacked = {
        "familieambulatorium", "boern_som_paaroerende", "udvidet_sundhedspleje", "dobbeltdiagnose", "palliation",
        "brobygger",
    }  # fmt: skip
    assert len(CATALOGUE.offers) >= 41
    assert lacked <= set(CATALOGUE.offers)
    assert CATALOGUE.offers["brobygger"].kind == CATALOGUE.offers["ledsagelse"].kind == "enabler"
    assert CATALOGUE.offers["udskrivningsaftale"].kind == "duty"


@pytest.mark.parametrize("axis, levels", [("need", [0, 1, 2, 3]), ("resources", [0, 1, 2])])
def test_each_axis_has_one_entry_per_level(axis, levels):
    assert sorted(s.level for s in CATALOGUE.strata.values() if s.axis == axis) == levels


YES = {"suitable", "bridge", "duty", "yes"}
NO = {"not_suitable", "no", "no_indication", "scheme", "danger", "need", "window", "overlap", "preference"}


@pytest.mark.parametrize("offer", CATALOGUE.offers.values(), ids=lambda offer: offer.id)
def test_each_offer_shows_a_yes_a_question_and_a_no(offer):
    expected = {example.expect for example in offer.example}
    assert expected & YES
    assert "ask" in expected
    assert expected & NO


@pytest.mark.parametrize("offer", CATALOGUE.offers.values(), ids=lambda offer: offer.id)
def test_each_offer_says_what_is_known_of_admissions(offer):
    assert offer.kind == "enabler" or [e for e in offer.evidence if e.outcome == "admissions"]


@pytest.mark.parametrize("offer", ["medgennemgang", "pahs", "opf_hjemmebesoeg"])
def test_a_trial_that_found_no_difference_in_admissions_is_told_so(offer):
    told = {e.outcome: (e.direction, e.certainty) for e in CATALOGUE.offers[offer].evidence}
    assert told["admissions"] == ("none", "trial")


def test_no_effect_stands_without_a_trial_or_study_behind_it():
    for offer in CATALOGUE.offers.values():
        for evidence in offer.evidence:
            if evidence.direction in ("better", "worse"):
                assert evidence.certainty in ("trial", "observational"), offer.id
                assert evidence.provenance == "READ", offer.id


@pytest.mark.parametrize("offer", CATALOGUE.offers.values(), ids=lambda offer: offer.id)
def test_the_words_shown_to_people_promise_nothing_and_name_nobody_a_risk(offer):
    texts = [offer.name, offer.indication_text, offer.does, *(e.why for e in offer.excludes)]
    texts += [*(r.why for r in offer.requires), *(overlap.why for overlap in offer.overlaps)]
    shown = " ".join(f"{text.da} {text.en}" for text in texts).lower()
    for word in ("risikopatient", "risk patient", "forebygger", "prevents", "færre indlæggelser", "fewer admissions"):
        assert word not in shown


@pytest.mark.parametrize("day, body", [(date(2026, 12, 31), "municipality"), (date(2027, 1, 1), "region")])
@pytest.mark.parametrize("offer", ["forebyg_kommune", "kol_rehab", "laer_at_tackle", "nikotin"])
def test_prevention_and_rehabilitation_move_to_the_region_in_2027(offer, day, body):
    assert body in CATALOGUE.offers[offer].by(day)


@pytest.mark.parametrize("day", [date(2026, 11, 22), date(2027, 1, 1), date(2035, 1, 1)])
def test_somebody_answers_for_every_offer_and_bridge_on_any_day(day):
    for offer in CATALOGUE.offers.values():
        assert offer.by(day), offer.id
    for bridge in CATALOGUE.bridges.values():
        assert [one for one in bridge.responsible if one.on(day)], bridge.id


def test_a_child_never_interprets_and_a_relative_only_helps_when_an_adult():
    assert "never a child" in CATALOGUE.bridges["interpreter"].rationale
    assert "only an adult" in CATALOGUE.bridges["relative"].rationale
