"""Targets as MeasureReports hide what may not be shown; rows of the log as AuditEvents lose nothing they may tell."""

import base64
import json
import re
from typing import get_args

import pytest

from service.audit import Action, Outcome
from service.audit_search import TOLD
from service.fhir.about import MADE_UP, Ids
from service.fhir.audit_events import KIND, OUTCOME, audit_events, outcomes_of
from service.fhir.examples import ROW, TARGETS
from service.fhir.measures import chosen, measure_reports
from service.fhir.narrative import SPACE
from service.schemas import Target
from stratify.fhir import measure_reports as built

IDS = Ids(b"k" * 32)
EXAMPLE = TARGETS[0]
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
HIDDEN = dict.fromkeys(("numerator", "denominator", "unknown", "value", "interval"))


def target(name="hba1c", **changes):
    counts = {"numerator": 40, "denominator": 100, "unknown": 6, "value": 0.4, "interval": [0.31, 0.5]}
    rest = {"standard": 0.9, "direction": "higher", "status": "not_met"}
    rest |= {name: EXAMPLE[name] for name in ("tier", "kind", "chosen", "unit", "standard_status", "facts")}
    words = {"da": "Målt", "en": "Measured"}
    return Target.model_validate({"id": name, "name": words, "period": "2024", **counts, **rest, **changes})


def report(one, language="en"):
    (told,) = measure_reports([one], "2025-01-15", IDS, None, language)
    return told.json_ready()


def counts(told):
    return {one["code"]["coding"][0]["code"]: one.get("count") for one in told["group"][0]["population"]}


# --- MeasureReport ---------------------------------------------------------------------------------------------------


def test_a_target_is_a_summary_of_counts_and_share():
    told = report(target())
    assert (told["status"], told["type"], told["measure"]) == ("complete", "summary", "urn:stratify:measure:hba1c")
    assert counts(told) == {"numerator": 40, "denominator": 100, "unknown": 6}
    assert told["group"][0]["measureScore"] == {"value": 0.4}
    assert told["period"] == {"start": "2024", "end": "2024"}
    assert told["date"] == "2025-01-15"
    assert told["improvementNotation"]["coding"][0]["code"] == "increase"
    for words in ("Not met", "40 of 100; unknown for 6", "between 31.0 % and 50.0 %", "Agreed level: 90.0 %"):
        assert words in told["text"]["div"]
    assert "mellem 31,0 % og 50,0 %" in report(target(), "da")["text"]["div"]


@pytest.mark.parametrize("direction, code", [("lower", "decrease"), ("higher", "increase")])
def test_which_way_is_better_is_told(direction, code):
    assert report(target(direction=direction))["improvementNotation"]["coding"][0]["code"] == code


def test_a_rates_years_are_no_count_and_stand_beside_as_a_quantity():
    told = report(target(unit="rate", denominator=585.131, value=68.36, interval=[48.8, 93.1], standard=60.0))
    _, years, _ = told["group"][0]["population"]
    assert "count" not in years
    assert years["_count"]["extension"] == [{"url": ABSENT, "valueCode": "not-applicable"}]
    (over,) = years["extension"]
    assert over["valueQuantity"] == {
        "value": 585.131, "unit": "years lived", "system": "http://unitsofmeasure.org", "code": "a",
    }  # fmt: skip
    assert told["group"][0]["measureScore"]["value"] == 68.36
    assert told["group"][0]["measureScore"]["code"] == "10*-3/a"
    for words in (
        "40 over 585.1 years lived",
        "between 48.80 and 93.10 for 1,000 years lived",
        "level: 60.00 for 1,000",
    ):
        assert words in told["text"]["div"]


def test_a_ratios_expected_number_is_no_count():
    told = report(target(unit="ratio", denominator=20.5, value=1.95, interval=[1.4, 2.7], standard=None), "da")
    expected = told["group"][0]["population"][1]
    assert (expected["extension"][0]["valueQuantity"]["code"], "count" in expected) == ("1", False)
    assert "40 mod 20,5 ventede" in told["text"]["div"]


def test_the_batch_writes_the_same_reports_as_the_service():
    summaries = [target().model_dump(), target("rate", unit="rate", denominator=585.131).model_dump()]
    plain = built.measure_reports(summaries, reported_on="2025-01-15", id_of=IDS.of, language="en")
    assert plain == [report(Target.model_validate(one)) for one in summaries]


def test_a_hidden_target_has_no_number_and_says_masked_everywhere():
    told = report(target(**HIDDEN, suppressed=True, status="undecided", standard=None))
    assert counts(told) == {"numerator": None, "denominator": None, "unknown": None}
    masked = [{"url": ABSENT, "valueCode": "masked"}]
    assert [one["_count"]["extension"] for one in told["group"][0]["population"]] == [masked] * 3
    assert told["group"][0]["measureScore"] == {"extension": masked}
    rest = {name: value for name, value in told.items() if name not in ("id", "date", "period", "text")}
    assert re.findall(r"\d+", json.dumps(rest).replace("hba1c", "").replace("hl7", "")) == []
    assert re.findall(r"\d+", told["text"]["div"].removeprefix(f'<div xmlns="{SPACE}">').replace("2024", "")) == []
    assert "few people" in told["text"]["div"]


def test_a_small_unknown_is_hidden_alone():
    told = report(target(unknown=None, suppressed=True))
    assert counts(told) == {"numerator": 40, "denominator": 100, "unknown": None}
    assert told["group"][0]["population"][2]["_count"]["extension"][0]["valueCode"] == "masked"
    assert told["group"][0]["measureScore"] == {"value": 0.4}
    assert "unknown for few people" in told["text"]["div"]


def test_what_the_source_cannot_tell_is_not_a_hidden_number():
    lacking = target(
        **HIDDEN, status="not_measurable", mature=False, lacking={"da": "intet lab", "en": "no lab"}, standard=None
    )
    told = report(lacking)
    assert told["status"] == "complete"
    assert told["group"][0]["population"][0]["_count"]["extension"][0]["valueCode"] == "unsupported"
    immature = report(target(**HIDDEN, status="undecided", mature=False))
    assert immature["status"] == "pending"
    assert immature["group"][0]["population"][0]["_count"]["extension"][0]["valueCode"] == "unknown"
    assert "not ready yet" in immature["text"]["div"]


def test_a_share_of_nobody_is_none():
    told = report(target(numerator=0, denominator=0, unknown=9, value=None, interval=None))
    assert counts(told)["denominator"] == 0
    assert "measureScore" not in told["group"][0]


def test_reports_are_chosen_by_measure_and_period():
    targets = [target("a"), target("b"), target("b", period="2023")]

    def names(**wanted):
        given = {"measure": None, "period": None} | wanted
        return [(one.id, one.period) for one in chosen(targets, given["measure"], given["period"])]

    assert len(names()) == 3
    assert names(measure="urn:stratify:measure:b") == names(measure="b") == [("b", "2024"), ("b", "2023")]
    assert names(measure="b", period="2023") == [("b", "2023")]
    assert names(measure="c") == names(period="1999") == []


def test_reports_of_people_who_are_made_up_are_marked_and_each_has_its_id():
    first, second = measure_reports([target("a"), target("b")], "2025-01-15", IDS, MADE_UP, "da")
    assert first.json_ready()["meta"]["security"][0]["code"] == "HTEST"
    assert first.id != second.id


# --- AuditEvent ------------------------------------------------------------------------------------------------------


def event(**changes):
    (told,) = audit_events([ROW | changes], IDS)
    return told.json_ready()


def test_a_row_says_who_what_when_why_on_what_ground_and_what_came_of_it():
    told = event(action="lookup")
    assert (told["action"], told["outcome"], told["outcomeDesc"]) == ("R", "0", "found")
    assert told["subtype"] == [{"system": "urn:stratify:audit-action", "code": "lookup"}]
    assert told["recorded"] == ROW["at"]
    assert told["purposeOfEvent"][0]["coding"][0]["code"] == "TREAT"
    (agent,) = told["agent"]
    assert (agent["altId"], agent["requestor"], agent["role"]) == ("dr", True, [{"text": "clinician"}])
    assert agent["who"]["identifier"] == {"system": "urn:idp:region", "value": "dr"}
    person, request = told["entity"]
    assert person["what"]["identifier"] == {"system": "urn:stratify:pseudonym", "value": ROW["pseudonym"]}
    assert person["detail"] == [{"type": "basis", "valueString": "context"}]
    assert request["what"]["identifier"]["value"] == f"urn:uuid:{ROW['request_id']}"
    assert {one["type"] for one in request["detail"]} == {"organisation", "care_team", "model_version"}


def test_an_emergency_is_told_as_one_with_its_reason():
    told = event(basis="override", reason="Bevidstløs ved ankomst")
    glass = told["purposeOfEvent"][1]
    assert (glass["coding"][0]["code"], glass["text"]) == ("BTG", "Bevidstløs ved ankomst")


def test_a_search_of_many_is_told_with_its_criteria_and_without_a_person():
    told = event(
        pseudonym=None, basis=None, criterion="user b, from 2026-11-01", action="audit_search", purpose="AUDIT"
    )
    query, _ = told["entity"]
    assert base64.b64decode(query["query"]).decode() == "user b, from 2026-11-01"
    assert "name" not in query  # FHIR: a name or a query, never both
    assert told["action"] == "E"
    assert told["purposeOfEvent"] == [{"text": "AUDIT"}]


def test_a_row_from_before_there_were_issuers_is_told_too():
    told = event(issuer=None, organisation=None, care_team=None, basis=None, purpose=None, model_version="")
    assert told["agent"][0]["who"] == {"display": "dr"}
    assert "purposeOfEvent" not in told
    assert "detail" not in told["entity"][-1]


def test_every_outcome_and_action_there_is_has_its_code():
    assert set(OUTCOME) == set(get_args(Outcome))
    assert set(KIND) <= set(get_args(Action))
    assert [event(outcome=one)["outcome"] for one in ("found", "denied", "failed")] == ["0", "4", "8"]
    assert {one for code in ("0", "4", "8") for one in outcomes_of(code)} == set(get_args(Outcome))


def test_everything_a_row_tells_is_told():
    marked = {name: f"mark-{name}" for name in TOLD} | {
        "seq": 7, "action": "lookup", "outcome": "found", "basis": "override", "at": ROW["at"], "purpose": "TREAT",
    }  # fmt: skip
    (told,) = audit_events([marked], IDS)
    text = str(told.json_ready()) + base64.b64decode(told.entity[1].query).decode()
    assert [name for name in TOLD if str(marked[name]) not in text and name != "seq"] == []


def test_events_of_two_rows_have_two_ids():
    assert event()["id"] != event(seq=8)["id"]
