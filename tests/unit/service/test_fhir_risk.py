"""RiskAssessments say what a look-up says, in FHIR's shapes, but for death; drafts are drafts; ids lead to nobody."""

import copy
from datetime import UTC, datetime
from html.parser import HTMLParser
from uuid import UUID
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from service.fhir.about import About, Ids
from service.fhir.examples import CARDS, FOUND
from service.fhir.narrative import SPACE, blocks_of, narrative
from service.fhir.proposals import service_requests
from service.fhir.resources import Prediction
from service.fhir.risk import provenance, risk_assessments
from service.fhir.words import WORDS
from service.schemas import Found

KEY, NAME = b"k" * 32, "ab" * 32
CPR = "urn:oid:1.2.208.176.1.2"
RISK = FOUND["risks"][0]
DEATH = {"outcome": "death_365d", "population": "multimorbid", "risk": 0.11, "horizon_days": 365}
CARDS_WITH_DEATH = CARDS | {"death_365d/multimorbid": {**CARDS["acute_admission_365d/multimorbid"], "event": "death"}}


def about(language="en", made_up=False, system="urn:x", key=KEY, name=NAME):
    return About(system, "0101010000", name, Ids(key), language, made_up)


def found(**changes):
    return Found.model_validate(copy.deepcopy(FOUND) | changes)


def offer(**changes):
    return copy.deepcopy(FOUND["offers"][0]) | changes


def one(language="en", told=None, **changes):
    (assessment,) = risk_assessments(told or found(**changes), about(language), CARDS_WITH_DEATH)
    return assessment.json_ready()


# --- RiskAssessment --------------------------------------------------------------------------------------------------


def test_a_risk_is_told_with_its_outcome_chance_window_model_and_data():
    told = one()
    (prediction,) = told["prediction"]
    assert prediction["outcome"]["coding"] == [{"system": "urn:stratify:outcome", "code": "acute_admission_365d"}]
    assert prediction["outcome"]["text"] == "Acute admission within 12 months"
    assert prediction["probabilityDecimal"] == 0.3127
    assert prediction["qualitativeRisk"]["text"] == "31 of 100 people like this one; for 69 of 100 it does not happen"
    assert prediction["whenPeriod"] == {"start": "2026-11-01", "end": "2027-10-31"}  # 365 days, both ends among them
    assert prediction["rationale"].startswith("The model weighs most: Earlier acute admissions (raises it). Reasons")
    assert told["method"]["coding"] == [
        {"system": "urn:stratify:model", "version": "0f3a52c1d9e7", "code": "acute_admission_365d/multimorbid"}
    ]
    assert told["basis"] == [{"display": "Registers, and what they know until 2026-10-31"}]
    assert told["performer"] == {"reference": f"#{told['contained'][0]['id']}"}
    assert told["contained"][0]["version"] == [{"value": "0f3a52c1d9e7"}]
    assert told["occurrenceDateTime"] == "2026-11-01"
    assert (told["status"], told["language"]) == ("final", "en")


def test_the_national_code_of_a_decision_support_result_stands_in_code_and_no_profile_is_claimed():
    told = one("da")
    assert told["code"]["coding"] == [
        {
            "system": "http://ehealth.sundhed.dk/cs/clinicalimpression-codes",
            "code": "ClinicalDecisionSupportResult",
            "display": "Resultat af beslutningsstøtte",
        }
    ]
    assert "meta" not in told


def test_both_languages_are_told():
    danish, english = one("da"), one("en")
    assert danish["prediction"][0]["qualitativeRisk"]["text"].startswith("31 ud af 100 mennesker")
    assert danish["prediction"][0]["outcome"]["text"] == "Akut indlæggelse inden for 12 måneder"
    assert danish["id"] == english["id"]
    assert set(WORDS["da"]) == set(WORDS["en"])


@pytest.mark.parametrize(
    "risk, words",
    [(0.0, "Fewer than 1 of 100"), (0.005, "Fewer than 1"), (0.0051, "1 of 100"), (0.9949, "99 of 100"),
     (0.996, "More than 99 of 100"), (1.0, "More than 99")],
)  # fmt: skip
def test_the_ends_of_the_scale_are_told_as_such(risk, words):
    told = one(risks=[RISK | {"risk": risk}])["prediction"][0]
    assert told["qualitativeRisk"]["text"].startswith(words)


@given(st.floats(0, 1))
def test_a_probability_is_a_fraction_and_says_no_more_than_four_digits(risk):
    told = one(risks=[RISK | {"risk": risk}])["prediction"][0]["probabilityDecimal"]
    assert 0 <= told <= 1
    assert told == pytest.approx(risk, abs=5e-5)
    assert len(repr(told)) <= 6 or told < 0.001


@pytest.mark.parametrize("wrong", [-0.1, 1.0001, 31.27, 120])
def test_what_is_no_fraction_cannot_leave(wrong):
    good = risk_assessments(found(), about(), CARDS)[0].prediction[0]
    with pytest.raises(ValidationError):
        Prediction(**(good.model_dump() | {"probability_decimal": wrong}))


def test_the_chance_of_dying_is_told_by_nothing():
    told = risk_assessments(found(risks=[RISK, DEATH]), about(), CARDS_WITH_DEATH)
    assert [one.prediction[0].outcome.coding[0].code for one in told] == ["acute_admission_365d"]
    for silent in ({}, {"event": None}):  # a card that says nothing is not told either
        card = {name: value for name, value in CARDS["acute_admission_365d/multimorbid"].items() if name != "event"}
        assert risk_assessments(found(), about(), {"acute_admission_365d/multimorbid": card | silent}) == []


def test_what_may_be_done_stands_there_without_a_promise():
    told = one()
    assert told["mitigation"] == (
        "Offers that may fit; that they lower this risk is not said: Overview consultation with the GP (with help: a"
        " visit at home)."
    )
    assert one(offers=[])["text"]["div"].count("<p>") == 3
    assert "mitigation" not in one(offers=[])
    assert "mitigation" not in one(offers=[offer(answer="ask")])


def test_what_is_missing_and_who_decides_are_notes():
    notes = [note["text"] for note in one()["note"]]
    assert notes[0] == "Missing: No HbA1c within two years."
    assert "the clinician and the patient decide" in notes[1]


def test_a_risk_without_reasons_says_how_reasons_are_read_and_no_more():
    assert one(reasons={})["prediction"][0]["rationale"].startswith("Reasons show what the model has read")


# --- the person ------------------------------------------------------------------------------------------------------


def test_the_person_is_named_by_the_identifier_that_was_sent_and_nowhere_in_words():
    told = one()
    assert told["subject"] == {"type": "Patient", "identifier": {"system": "urn:x", "value": "0101010000"}}
    assert "0101010000" not in told["text"]["div"]
    assert NAME not in str(told)


def test_a_danish_number_is_official():
    identifier = about(system=CPR).subject.json_ready()["identifier"]
    assert identifier == {"use": "official", "system": CPR, "value": "0101010000"}


def test_people_who_are_made_up_are_marked_as_test_data():
    (told,) = risk_assessments(found(), about(made_up=True), CARDS)
    assert told.json_ready()["meta"]["security"][0]["code"] == "HTEST"


def test_neither_the_person_nor_the_key_is_shown_where_the_answer_is_printed():
    assert "0101010000" not in repr(about())
    assert NAME not in repr(about())
    assert "0101010000" not in repr(about().subject)


# --- ids -------------------------------------------------------------------------------------------------------------


def id_of(told=None, **changes):
    return UUID(risk_assessments(told or found(), about(**changes), CARDS)[0].id)


def test_the_same_assessment_has_the_same_id_and_any_other_another():
    first = id_of()
    assert first == id_of()
    assert first.version == 8
    other = [found(model=FOUND["model"] | {name: "x"}) for name in ("bundle_version", "catalogue_digest")]
    other += [found(model=FOUND["model"] | {"landmark": "2026-12-01"}), found(data_as_of="2026-11-30")]
    ids = [first, id_of(name="cd" * 32), id_of(key=b"l" * 32), *map(id_of, other)]
    assert len(set(ids)) == len(ids)


def test_an_id_cannot_be_made_from_the_pseudonym_without_the_key():
    guess = Ids(b"").of("CarePlan", NAME)
    assert guess != about().id_of("CarePlan")
    assert NAME[:8] not in about().id_of("CarePlan")


def test_parts_of_an_id_cannot_be_moved_between_each_other():
    assert about().id_of("a", "bc") != about().id_of("ab", "c")


# --- Provenance ------------------------------------------------------------------------------------------------------


def test_provenance_names_models_definitions_and_data_of_every_assessment():
    moment = datetime(2026, 11, 27, 9, tzinfo=UTC)
    told = provenance(["a", "b"], found(), about(), "2026-11-15", moment).json_ready()
    assert told["target"] == [{"reference": "urn:uuid:a"}, {"reference": "urn:uuid:b"}]
    assert told["recorded"] == "2026-11-27T09:00:00.000+00:00"
    assert [entity["what"].get("identifier", {}).get("value") for entity in told["entity"]] == [
        "0f3a52c1d9e7", "9b1c" * 16, None,
    ]  # fmt: skip
    assert told["entity"][2]["what"]["display"] == "Data until 2026-10-31, delivered 2026-11-15"
    assert told["agent"][0]["who"] == {"reference": f"#{told['contained'][0]['id']}"}


# --- ServiceRequest --------------------------------------------------------------------------------------------------


def test_an_offer_that_fits_is_a_draft_with_its_help_its_day_its_place_and_who():
    (told,) = (one.json_ready() for one in service_requests(found(), about()))
    assert (told["status"], told["intent"]) == ("draft", "proposal")
    assert told["code"]["coding"] == [
        {"system": "urn:stratify:offer", "code": "overbliksstatus", "display": "Overview consultation with the GP"}
    ]
    assert told["note"] == [{"text": "Suitable with help: a visit at home."}]
    assert told["occurrencePeriod"] == {"end": "2026-12-01"}
    assert told["performerType"]["text"] == "general practice"
    assert [place["text"] for place in told["locationCode"]] == ["at the GP's", "at home"]
    assert told["patientInstruction"] == "A longer talk about all your conditions."


@pytest.mark.parametrize("answer", ["ask", "not_suitable", "duty"])
def test_what_has_to_be_asked_first_or_does_not_fit_is_no_draft(answer):
    kind = "duty" if answer == "duty" else "offer"
    assert service_requests(found(offers=[offer(answer=answer, kind=kind)]), about()) == []


def test_a_draft_for_what_fits_as_it_is_has_no_help_and_no_day_where_there_is_none():
    (told,) = service_requests(found(offers=[offer(answer="suitable", due_days=None)]), about())
    assert set(told.json_ready()) & {"note", "occurrencePeriod"} == set()


def test_a_draft_of_what_the_person_said_yes_to_says_so():
    (told,) = service_requests(found(offers=[offer(answer="suitable", accepted_on="2026-11-25")]), about())
    assert [note.text for note in told.note] == ["Said yes on 25 November 2026."]


def test_a_draft_says_nothing_of_risk_or_reasons():
    told = str([one.json_ready() for one in service_requests(found(), about())])
    for secret in ("0.31", "31 of", "acute", "need_high", "resources", "weighs"):
        assert secret not in told.lower()


# --- words as XHTML --------------------------------------------------------------------------------------------------


class Reader(HTMLParser):
    """Gathers the tags and the words."""

    def __init__(self):
        super().__init__()
        self.tags, self.words = set(), ""

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)

    def handle_data(self, data):
        self.words += data


@given(st.text(max_size=60))
def test_whatever_stands_in_a_narrative_is_shown_as_it_is_and_is_xml(text):
    div = narrative([(f"<b>{text}", [f"&{text}"])]).div
    root = ElementTree.fromstring(div)
    assert root.tag == f"{{{SPACE}}}div"
    reader = Reader()
    reader.feed(div)
    assert reader.tags <= {"div", "p", "b", "ul", "li"}
    assert "".join(root.itertext()).startswith("<b>")


def test_a_plan_is_read_as_headings_and_lines():
    assert blocks_of("Title:\n\nOne:\n- a\n- b\n") == [("Title:", []), ("One:", ["a", "b"])]
