"""Four answers with reasons: hints and unknowns add bridges and questions, and only what is known closes an offer."""

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stratify.care.facts import WORDS, Facts, from_words
from stratify.care.recommend import ANSWERS, recommend, weigh
from stratify.care.rules import names_of
from stratify.catalogue import load
from stratify.catalogue.entries import Offer

CATALOGUE = load()
RANK = {answer: rank for rank, answer in enumerate(ANSWERS)}

SCHIZOPHRENIA_AND_DIABETES = {
    "age": 46, "sex": "m", "conditions": ["schizophrenia", "diabetes", "t2d"], "n_conditions": 2,
    "psychiatric_somatic": True, "smi": True, "n_drugs": 3, "on_antipsychotic": True, "acute_admissions_365d": 1,
    "psychiatric_admissions_365d": 0, "days_since_somatic_discharge": 200, "days_since_psychiatric_discharge": "never",
    "hba1c_last": 71, "days_since_hba1c": 104, "risk_acute_admission_365d": 0.4, "has_home": True, "danish": True,
    "phone_talk": True, "lives_alone?": True,
}  # fmt: skip
TWELVE_MEDICINES = {
    "age": 84, "sex": "f", "conditions": ["hypertension", "ckd", "osteoporosis", "pain", "hf"], "n_conditions": 5,
    "psychiatric_somatic": False, "smi": False, "n_drugs": 12, "on_antipsychotic": False, "home_care": True,
    "acute_admissions_365d": 0, "outpatient_contacts_365d": 1, "days_since_psychiatric_discharge": "never",
    "days_since_somatic_discharge": 900, "terminal": False, "danish": True, "phone_talk": True, "lives_alone?": True,
}  # fmt: skip
HOME_TWO_DAYS = {
    "age": 66, "sex": "f", "conditions": ["diabetes", "t2d", "copd", "copd_asthma", "mood_anxiety", "hypertension"],
    "n_conditions": 5, "psychiatric_somatic": True, "smi": False, "n_drugs": 11, "on_antipsychotic": False,
    "acute_admissions_365d": 1, "days_since_somatic_discharge": 2, "days_since_psychiatric_discharge": "never",
    "risk_acute_admission_365d": 0.35, "has_home": True,
}  # fmt: skip


def answers(words):
    return {one["id"]: one["answer"] for one in recommend(from_words(words), CATALOGUE)}


def told(words, offer):
    return next(one for one in recommend(from_words(words), CATALOGUE) if one["id"] == offer)


def offer_of(**changes):
    """An offer for people in severe mental illness, with what a test wants changed."""
    raw = {
        "id": "tried",
        "name": {"da": "Prøvet", "en": "Tried"},
        "source": "a source",
        "provenance": "OURS",
        "rationale": "made for a test",
        "sector": "region",
        "priority": 1,
        "indication": {"all": [{"fact": "smi", "is": True}]},
        "indication_text": {"da": "dem", "en": "them"},
        "evidence": [],
        "example": [
            {"why": "a yes", "facts": {"smi": True}, "expect": "suitable"},
            {"why": "a no", "facts": {"smi": False}, "expect": "not_suitable"},
        ],
    }
    return Offer.model_validate(raw | changes)


def excluding(kind, **test):
    why = {"da": "fordi", "en": "because"}
    return {"kind": kind, "rule": {"all": [test]}, "why": why, "instead": [] if kind == "danger" else ["pahs"]}


def weighed(offer, words):
    own = [asked.id for asked in offer.ask]
    return weigh(offer, from_words(words, own), names_of(CATALOGUE, offer))


# --- people ----------------------------------------------------------------------------------------------------------


def test_schizophrenia_and_diabetes_and_lives_alone():
    got = answers(SCHIZOPHRENIA_AND_DIABETES)
    assert got["sofia_smi"] == got["metabolisk_kontrol"] == got["aarsstatus"] == got["overbliksstatus"] == "bridge"
    assert got["pahs"] == got["safe_7d"] == got["medgennemgang"] == "not_suitable"


def test_a_trial_limit_names_the_disease_and_what_is_offered_instead():
    why = told(SCHIZOPHRENIA_AND_DIABETES, "pahs")["why"]
    assert "skizofreni" in why["da"]
    assert "forsøgets egen grænse" in why["da"]
    assert "I stedet: Udvidet konsultation" in why["da"]
    assert "Instead: Extended GP consultation in severe mental illness" in why["en"]


def test_what_is_offered_instead_is_open_to_the_person():
    """Somebody with dementia and no severe mental illness is not sent on to what closes too."""
    words = {**TWELVE_MEDICINES, "conditions": ["dementia", "hf"], "risk_acute_admission_365d": 0.4}
    why = told(words, "pahs")["why"]["en"]
    assert "Instead: Overview consultation with the GP, Medication review." in why
    words |= {"age": 40, "n_conditions": 1, "n_drugs": 2}
    assert "Consider instead:" in told(words, "pahs")["why"]["en"]


def test_twelve_medicines_at_84():
    got = answers(TWELVE_MEDICINES)
    assert got["medgennemgang"] == got["overbliksstatus"] == "bridge"
    assert [b["bridge"] for b in told(TWELVE_MEDICINES, "overbliksstatus")["bridges"]] == ["home_visit"]
    assert got["opf_hjemmebesoeg"] == got["aarsstatus"] == got["sofia_smi"] == "not_suitable"


def test_services_in_place_never_lower_an_offer():
    services = [name for name, word in WORDS.items() if word.service]
    assert services
    for service in services:
        without = {name: value for name, value in TWELVE_MEDICINES.items() if name != service}
        little, much = (False, True) if WORDS[service].kind == "flag" else (0, 40)
        before, after = answers(without | {service: little}), answers(without | {service: much})
        assert all(RANK[after[offer]] <= RANK[before[offer]] for offer in after)


def test_home_two_days_ago_with_a_high_risk():
    got = recommend(from_words(HOME_TWO_DAYS), CATALOGUE)
    assert got[0]["id"] == "opf_hjemmebesoeg"  # what cannot wait comes first
    assert {one["id"]: one["answer"] for one in got}["medgennemgang"] == "suitable"


def test_without_a_home_there_is_a_meeting_place():
    found = told({"days_since_psychiatric_discharge": 1, "has_home": False, "lives_alone?": True}, "safe_7d")
    assert found["answer"] == "bridge"
    assert [b["bridge"] for b in found["bridges"]] == ["meeting_place"]
    assert "Med en bro: aftal et mødested" in found["why"]["da"]


def test_nothing_known_asks_and_closes_nothing():
    assert set(answers({}).values()) == {"ask"}


def test_a_death_risk_changes_no_offer():
    for words in (SCHIZOPHRENIA_AND_DIABETES, TWELVE_MEDICINES, HOME_TWO_DAYS, {}):
        low, high = ({**words, "risk_death_365d": risk} for risk in (0.0, 1.0))
        assert recommend(from_words(low), CATALOGUE) == recommend(from_words(high), CATALOGUE)


# --- shape and order -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [SCHIZOPHRENIA_AND_DIABETES, TWELVE_MEDICINES, HOME_TWO_DAYS, {}])
def test_every_offer_is_answered_with_a_reason_in_both_languages(words):
    got = recommend(from_words(words), CATALOGUE)
    assert {one["id"] for one in got} == set(CATALOGUE.offers)
    for one in got:
        assert set(one) == {"id", "name", "answer", "why", "bridges", "ask"}
        assert all(len(one["why"][language]) > 20 for language in ("da", "en"))
    json.dumps(got, allow_nan=False)


@pytest.mark.parametrize("words", [SCHIZOPHRENIA_AND_DIABETES, TWELVE_MEDICINES, HOME_TWO_DAYS, {}])
def test_the_order_is_by_answer_then_priority_then_id(words):
    got = recommend(from_words(words), CATALOGUE)
    keys = [(RANK[one["answer"]], CATALOGUE.offers[one["id"]].priority, one["id"]) for one in got]
    assert keys == sorted(keys)


def test_a_question_names_the_fact_that_decides_and_who_knows_it():
    found = told({"smi": True}, "metabolisk_kontrol")
    assert (found["answer"], found["ask"]) == ("ask", ["on_antipsychotic"])
    assert "se det fælles medicinkort" in found["why"]["da"]
    assert "see the shared medicine card" in found["why"]["en"]


# --- what may close, ask and bridge ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind, words, answer",
    [
        ("danger", {"terminal": True}, "not_suitable"),
        ("danger", {"terminal": False}, "suitable"),
        ("danger", {}, "ask"),
        ("danger", {"terminal?": True}, "ask"),
        ("scheme", {"terminal": True}, "not_suitable"),
        ("scheme", {}, "suitable"),
        ("scheme", {"terminal?": True}, "suitable"),
        ("trial", {"terminal": True}, "not_suitable"),
        ("trial", {}, "suitable"),
    ],
)
def test_an_unknown_danger_is_asked_first_and_an_unknown_limit_is_noted(kind, words, answer):
    found = weighed(offer_of(excludes=[excluding(kind, fact="terminal", **{"is": True})]), {"smi": True, **words})
    assert found.answer == answer
    if not words or "terminal?" in words:
        assert [statement.fact for statement in found.ask] == ["terminal"]


def test_a_known_limit_closes_even_where_the_indication_is_unknown():
    offer = offer_of(excludes=[excluding("danger", fact="terminal", **{"is": True})])
    assert weighed(offer, {"terminal": True}).answer == "not_suitable"


@pytest.mark.parametrize("words", [{"smi?": True}, {"smi?": False}, {}])
def test_a_hint_does_not_decide_an_indication(words):
    assert weighed(offer_of(), words).answer == "ask"


@pytest.mark.parametrize(
    "words, answer, asked",
    [
        ({"lives_alone": True}, "bridge", []),
        ({"lives_alone": False}, "suitable", []),
        ({"lives_alone?": True}, "bridge", ["lives_alone"]),
        ({"lives_alone?": False}, "suitable", []),
        ({}, "suitable", ["lives_alone"]),
    ],
)
def test_a_hint_may_add_a_bridge_and_is_then_asked_about(words, answer, asked):
    name = {"da": "følgeskab", "en": "company"}
    bridge = {"when": {"fact": "lives_alone", "is": True}, "bridge": "escort", "name": name}
    found = weighed(offer_of(bridges=[bridge]), {"smi": True, **words})
    assert (found.answer, [statement.fact for statement in found.ask]) == (answer, asked)


def test_an_offer_may_ask_for_a_fact_of_its_own():
    """One file adds an offer, with a question no other offer has."""
    asked = {"id": "mrc", "name": {"da": "åndenød", "en": "breathlessness"}, "kind": "number", "known_by": "clinician"}
    offer = offer_of(ask=[asked], indication={"all": [{"fact": "mrc", "at_least": 3}]})
    catalogue = dataclasses.replace(CATALOGUE, entries={**CATALOGUE.entries, "offers": {"tried": offer}})
    found = recommend(from_words({}), catalogue)[0]
    assert (found["answer"], found["ask"]) == ("ask", ["mrc"])
    assert "breathlessness" in found["why"]["en"]
    assert recommend(from_words({"mrc": 4}, own=["mrc"]), catalogue)[0]["answer"] == "suitable"


@pytest.mark.parametrize(
    "changes, problem",
    [
        ({"indication": {"all": [{"fact": "smy", "is": True}]}}, "did you mean 'smi'"),
        ({"indication": {"all": [{"fact": "smi", "at_least": 1}]}}, "test it with is true or false"),
        ({"indication": {"all": [{"fact": "risk_death_365d", "at_least": 0.2}]}}, "part of need"),
        ({"indication": {"all": [{"fact": "home_care", "is": False}]}}, "may not lower an offer"),
        ({"indication": {"all": [{"fact": "outpatient_contacts_365d", "at_most": 0}]}}, "may not lower an offer"),
        ({"excludes": [excluding("danger", fact="home_care", **{"is": True})]}, "may not lower an offer"),
        ({"excludes": [{**excluding("trial", fact="smi", **{"is": True}), "instead": []}]}, "at least one offer"),
        ({"excludes": [{**excluding("danger", fact="smi", **{"is": True}), "rule": {}}]}, "close the offer to"),
        ({"example": [{"why": "?", "facts": {"smy": True}, "expect": "not_suitable"}] * 2}, "did you mean 'smi'"),
    ],
)  # fmt: skip
def test_an_offer_that_breaks_a_rule_of_the_house_is_refused(changes, problem):
    with pytest.raises(ValidationError, match=problem):
        offer_of(**changes)


# --- properties ------------------------------------------------------------------------------------------------------

LISTED = ["schizophrenia", "substance", "alcohol", "dementia", "hf", "copd", "t2d", "hearing", "diabetes"]
KINDS = {
    "number": st.integers(0, 90),
    "days": st.sampled_from([0, 1, 7, 8, 400, "never"]),
    "share": st.sampled_from([0.0, 0.19, 0.2, 0.25, 0.9]),
    "flag": st.booleans(),
    "word": st.sampled_from(["f", "m"]),
    "set": st.lists(st.sampled_from(LISTED), max_size=4),
}
PEOPLE = st.fixed_dictionaries({}, optional={name: KINDS[word.kind] for name, word in WORDS.items()})


@given(words=PEOPLE, hints=PEOPLE)
def test_a_hint_never_closes_an_offer(words, hints):
    added = {f"{name}?": value for name, value in hints.items() if name not in words}
    before, after = answers(words), answers(words | added)
    assert all(after[offer] != "not_suitable" for offer in after if before[offer] != "not_suitable")
    assert {o for o in after if after[o] == "not_suitable"} == {o for o in before if before[o] == "not_suitable"}


@given(words=PEOPLE, more=st.lists(st.sampled_from(LISTED)))
def test_what_cannot_be_measured_never_closes_an_offer(words, more):
    before, after = answers(words), answers(words | {"conditions_not_measurable": more})
    assert all(after[offer] != "not_suitable" for offer in after if before[offer] != "not_suitable")


@given(words=PEOPLE, data=st.data())
def test_forgetting_a_fact_never_closes_an_offer(words, data):
    if not words:
        return
    gone = data.draw(st.sampled_from(sorted(words)))
    before, after = answers(words), answers({name: value for name, value in words.items() if name != gone})
    assert all(after[offer] != "not_suitable" for offer in after if before[offer] != "not_suitable")


@given(words=PEOPLE)
def test_who_is_ill_in_mind_and_body_is_offered_no_less(words):
    before, after = (answers(words | {"psychiatric_somatic": both}) for both in (False, True))
    assert all(RANK[after[offer]] <= RANK[before[offer]] for offer in after)


@given(words=PEOPLE)
def test_the_same_facts_give_the_same_answers_in_whatever_order_they_come(words):
    facts = from_words(words)
    turned = Facts(dict(reversed(facts.known.items())), facts.proxies)
    assert recommend(facts, CATALOGUE) == recommend(turned, CATALOGUE)


@given(words=PEOPLE)
def test_every_no_rests_on_something_known(words):
    for offer in CATALOGUE.offers.values():
        found = weigh(offer, from_words(words), names_of(CATALOGUE, offer))
        if found.answer == "not_suitable":
            grounds = [*found.indication.decided] if found.indication.holds is False else []
            grounds += [s for _, judged in found.closed for s in judged.decided]
            assert grounds
            assert all(s.holds is not None for s in grounds)
