"""Every route, by every role, for the caller's own patient and for another: one table."""

from datetime import UTC, datetime, timedelta

import pytest

from service.callers import ROLES
from service.demo import demo_client_token
from service.guard import MAY

SYSTEM = "urn:stratify:synthetic"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
AMONG_PEOPLE = {"clinician", "coordinator"}
SOON = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()
TARGET = "/v1/targets/hba1c_measured"
CASES = {"level": "hospital", "unit": "Horsens", "purpose": "HQUALIMP"}
CAUSE = {**CASES, "period": "2024", "day": "2024-03-01", "cause": "other"}
HOOK = "/cds-services/multimorbidity"


def _json(**more):
    return lambda who: {"json": {"patient": {"system": SYSTEM, "value": who}, "purpose": "TREAT", **more}}


def _search(who):
    return {"content": f"patient.identifier={SYSTEM}|{who}", "headers": FORM}


def _nothing(_):
    return {}


# route: method, path, what is sent about a person, who may, whether it opens one person
DOORS = {
    "look_up": ("POST", "/v1/scores:lookup", _json(), AMONG_PEOPLE, True),
    "look_up by the store": ("POST", "/v1/scores:lookup", _json(basis="store"), AMONG_PEOPLE, True),
    "choose": ("POST", "/v1/choices", _json(preference="no_groups", decision="wish"), AMONG_PEOPLE, True),
    "act": ("POST", "/v1/actions", _json(text="Ring", due=SOON), AMONG_PEOPLE, True),
    "list_actions": ("POST", "/v1/actions:search", lambda _: {"json": {"about": "people"}}, AMONG_PEOPLE, False),
    "targets": ("GET", "/v1/targets", _nothing, {"quality"}, False),
    "target": ("GET", TARGET, _nothing, {"quality"}, False),
    "proposals": ("GET", "/v1/targets:proposals", _nothing, {"quality"}, False),
    "examples": ("GET", f"{TARGET}/examples", _nothing, ROLES, False),
    "list_cases": ("GET", f"{TARGET}/cases", lambda _: {"params": CASES}, set(), False),  # off unless switched on
    "write_cause": ("POST", f"{TARGET}/cases:cause", _json(**CAUSE), set(), False),
    "questions": ("GET", "/v1/questions", _nothing, ROLES, False),
    "answer_written": ("POST", "/v1/answers", _json(question="burden", value=2, at="later"), AMONG_PEOPLE, True),
    "speak": ("POST", "/v1/words", _json(kind="goal", text="walk"), AMONG_PEOPLE, True),
    "tell_fact": ("POST", "/v1/facts", _json(fact="transport", value=True), AMONG_PEOPLE, True),
    "current_models": ("GET", "/v1/models/current", _nothing, ROLES, False),
    "search_audit": ("POST", "/v1/audit:search", lambda _: {"json": {}}, {"auditor"}, False),
    "search_risk_assessments": ("POST", "/fhir/RiskAssessment/_search", _search, AMONG_PEOPLE, True),
    "search_care_plans": ("POST", "/fhir/CarePlan/_search", _search, AMONG_PEOPLE, True),
    "search_service_requests": ("POST", "/fhir/ServiceRequest/_search", _search, AMONG_PEOPLE, True),
    "search_measure_reports": ("GET", "/fhir/MeasureReport", _nothing, {"quality"}, False),
    "search_audit_events": ("POST", "/fhir/AuditEvent/_search", lambda _: {"content": "_count=1", "headers": FORM},
                            {"auditor"}, False),
}  # fmt: skip


@pytest.fixture
def nobody_in_the_store(app, monkeypatch):
    """The folder of these tests has no event store: nobody is found there."""
    monkeypatch.setattr(app.state.context.on_the_spot, "from_store", lambda served, system, value: None)


@pytest.mark.parametrize("role", sorted(ROLES))
@pytest.mark.parametrize("whose", ["own", "other"])
def test_each_role_opens_its_own_doors_and_those_to_people_for_its_own_patients_alone(
    whose, role, client, token, people, audit_rows, nobody_in_the_store
):
    mine = token(role, patient=people.stored)
    for door, (method, path, sent, allowed, of_a_person) in DOORS.items():
        answer = client.send(method, path, token=mine, **sent(people.stored if whose == "own" else people.low))
        opens = role in allowed and (whose == "own" or not of_a_person)
        assert answer.status_code == (200 if opens else 403), door
        if not opens:
            assert audit_rows()[-1]["outcome"] == "denied", door
            assert people.low not in answer.text, door


@pytest.mark.parametrize("whose", ["own", "other"])
@pytest.mark.parametrize("who", [*sorted(ROLES), "a clinical system"])
def test_a_hook_is_for_clinical_systems_and_for_the_patient_in_its_context(
    who, whose, client, app, token, people, workspace
):
    address = f"{app.state.context.settings.address}{HOOK}"
    system = who == "a clinical system"
    given = demo_client_token(workspace.keys, address) if system else token(who, patient=people.stored)
    patient = {"resourceType": "Patient", "id": "p1", "identifier": [{"system": SYSTEM, "value": people.stored}]}
    body = {
        "hook": "patient-view",
        "hookInstance": "5d0f7f5e-8a55-4a4f-a1a8-0c2f9d3a1b77",
        "context": {"userId": "Practitioner/dr7", "patientId": "p1" if whose == "own" else "p2"},
        "prefetch": {"patient": patient},
    }
    answer = client.send("POST", HOOK, json=body, token=given)
    assert answer.status_code == (401 if not system else 200 if whose == "own" else 403)
    assert people.stored not in answer.text


def test_no_guarded_door_is_missing_here():
    assert {name for name in DOORS if " " not in name} == set(MAY)
