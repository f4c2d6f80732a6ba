"""What leaves below /fhir is judged by others: Medplum (Node), fhir.resources, HL7's own lists of codes and invariants.

None of them sees everything: fhir.resources lets a probability of 120 and any status pass, Medplum any status. So each
bad answer here is refused by the one that should.
"""

import copy
import fcntl
import importlib
import json
import re
import shutil
import subprocess

import fhirpathpy
import pytest
from pydantic import ValidationError

from service.app import create_app, openapi_document
from service.demo import demo_token
from service.settings import Settings
from stratify.workspace import Workspace
from tests.contract.conftest import COMPUTED, OUTSIDE, STORED, SYSTEM, Client

LONGEST_RUN = 60  # seconds that one run of a judge may take


@pytest.fixture(scope="module")
def answers(_template, tmp_path_factory):
    """Every kind of answer there is, by name: each search with and without somebody found, errors, the examples."""
    work = tmp_path_factory.mktemp("judged") / "w"
    shutil.copytree(_template.root, work)
    workspace = Workspace(work)
    app = create_app(Settings(work=work, demo=True))
    client = Client(app)
    keys, told = workspace.keys, {}

    def token(role, patient=None):
        return demo_token(keys, roles=[role], patient=patient and (SYSTEM, patient))

    def keep(name, response, status=200):
        assert response.status_code == status, (name, response.text)
        told[name] = response.json()

    def choose(**choice):
        body = {"patient": {"system": SYSTEM, "value": STORED}, "purpose": "TREAT", **choice}
        client.send("POST", "/v1/choices", json=body, token=token("clinician", STORED)).raise_for_status()

    choose(offer="overbliksstatus", decision="accept")
    choose(offer="forloebskoord", decision="started")
    choose(offer="aarsstatus", decision="later", until="2027-06-01")
    choose(offer="forebyg_kommune", decision="decline", until="2027-06-01")
    choose(preference="no_groups", decision="wish")
    override = {"reason": "Bevidstløs ved ankomst"}
    body = {"patient": {"system": SYSTEM, "value": STORED}, "purpose": "TREAT", "override": override}
    client.send("POST", "/v1/scores:lookup", json=body, token=token("clinician")).raise_for_status()
    for kind in ("RiskAssessment", "CarePlan", "ServiceRequest"):
        for language in ("da", "en"):
            for person in (STORED, COMPUTED, OUTSIDE):
                data = {"subject:identifier": f"{SYSTEM}|{person}"}
                headers = {"Accept-Language": language}
                given = token("clinician", person)
                response = client.send("POST", f"/fhir/{kind}/_search", data=data, headers=headers, token=given)
                keep(f"{kind} {language} {person}", response)
    keep("nobody named", client.send("POST", "/fhir/CarePlan/_search", token=token("clinician")), 400)
    keep("targets", client.send("GET", "/fhir/MeasureReport", token=token("quality")))
    given = token("auditor")
    for nth, data in enumerate(({"altid": "dr"}, {"_count": "500"}, {"_count": "1"})):
        keep(f"log {nth}", client.send("POST", "/fhir/AuditEvent/_search", data=data, token=given))
    keep("nobody", client.send("GET", "/fhir/MeasureReport", token=None), 401)
    keep("denied", client.send("GET", "/fhir/MeasureReport", token=token("ops")), 403)
    keep("not there", client.send("GET", "/fhir/Patient"), 404)
    keep("offered", client.send("GET", "/fhir/metadata"))
    app.state.context.audit.close()
    for path, item in openapi_document()["paths"].items():
        if path.startswith("/fhir/"):
            (operation,) = item.values()
            (content,) = operation["responses"]["200"]["content"].values()
            for language, example in content["examples"].items():
                told[f"example {path} {language}"] = example["value"]
    return told


def resources(answer):
    """An answer and every resource in it."""
    yield answer
    for entry in answer.get("entry", []):
        yield entry["resource"]


def first(answers, kind):
    """A copy of the first resource of a kind."""
    every = (one for answer in answers.values() for one in resources(answer))
    return copy.deepcopy(next(one for one in every if one["resourceType"] == kind))


def spoilt(answers):
    """Answers with one thing wrong in each, by what is wrong."""
    risk, plan, draft = (first(answers, kind) for kind in ("RiskAssessment", "CarePlan", "ServiceRequest"))
    report, event = first(answers, "MeasureReport"), first(answers, "AuditEvent")
    (prediction,) = risk["prediction"]
    return {
        "probability 120": risk | {"prediction": [prediction | {"probabilityDecimal": 120}]},
        "risk status": risk | {"status": "nonsense"},
        "risk of nobody": {name: value for name, value in risk.items() if name != "subject"},
        "unknown element": risk | {"chance": 1},
        "a device that is not there": risk | {"contained": []},
        "plan intent": plan | {"intent": "order-ish"},
        "activity status": plan | {"activity": [{"detail": {"status": "agreed"}}]},
        "draft status": draft | {"status": "proposal"},
        "notation": report | {"improvementNotation": {"coding": [{"code": "up"}]}},
        "report type": report | {"type": "total"},
        "event outcome": event | {"outcome": "denied"},
        "event time": event | {"recorded": "yesterday"},
        "in a bundle": {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": plan | {"status": "x"}}]},
    }


# --- Medplum, and the required codes out of its copy of HL7's lists --------------------------------------------------


@pytest.fixture(scope="module")
def medplum(root, tmp_path_factory):
    """Judge resources by name: what Medplum and HL7's lists of codes say against each."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("no Node here")
    with (tmp_path_factory.getbasetemp().parent / "node.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = subprocess.run(["make", ".venv/node.done"], cwd=root, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr

    def judge(told):
        done = subprocess.run(
            ["node", root / "tests/judges/medplum.cjs", root / ".venv/judges"],
            input=json.dumps(told), capture_output=True, text=True, timeout=LONGEST_RUN, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout)

    return judge


def test_medplum_finds_nothing_wrong_and_each_thing_that_is(answers, medplum):
    bad = spoilt(answers)
    judged = medplum(answers | bad)
    assert {name: wrong for name, wrong in judged.items() if wrong and name not in bad} == {}
    missed = {"a device that is not there", "event time"}  # it looks up no references and lets any text be a time
    assert {name for name in bad if not judged[name]} <= missed
    assert judged["probability 120"] == ["RiskAssessment.prediction[0]: Constraint ras-2 not met: Must be <= 100"]
    assert "nonsense is not one of the codes" in judged["risk status"][0]


# --- fhir.resources --------------------------------------------------------------------------------------------------


def judged_by_shape(resource):
    kind = resource["resourceType"]
    module = importlib.import_module(f"fhir.resources.R4B.{kind.lower()}")
    getattr(module, kind).model_validate(resource)


def test_every_resource_has_the_shape_that_fhir_resources_knows(answers):
    judged = [judged_by_shape(one) for answer in answers.values() for one in resources(answer)]
    assert len(judged) > 50


def test_fhir_resources_can_refuse(answers):
    bad = spoilt(answers)
    for name in ("risk of nobody", "unknown element", "event time"):
        with pytest.raises(ValidationError):
            judged_by_shape(bad[name])


# --- what neither looks at -------------------------------------------------------------------------------------------


def addresses(resource):
    """Every address that a resource refers to, contained or elsewhere."""
    if isinstance(resource, dict):
        if isinstance(told := resource.get("reference"), str):
            yield told
        for value in resource.values():
            yield from addresses(value)
    elif isinstance(resource, list):
        for value in resource:
            yield from addresses(value)


def dangling(answer):
    """What is referred to and is not there: contained, or in the same answer."""
    there = {entry.get("fullUrl") for entry in answer.get("entry", [])}
    return [
        told
        for one in resources(answer)
        if one["resourceType"] != "Bundle"
        for told in addresses(one)
        if told not in there and told not in {f"#{held['id']}" for held in one.get("contained", [])}
    ]


def test_every_reference_leads_to_something_in_the_answer(answers):
    assert {name: lost for name, answer in answers.items() if (lost := dangling(answer))} == {}
    assert dangling(spoilt(answers)["a device that is not there"]) == ["#model"]


def test_what_is_contained_is_referred_to(answers):
    for answer in answers.values():
        for one in resources(answer):
            held = {f"#{inner['id']}" for inner in one.get("contained", [])}
            assert held <= set(addresses(one))


def test_every_resource_about_people_or_targets_is_told_in_words_too(answers):
    for answer in answers.values():
        for one in resources(answer):
            if one["resourceType"] in ("RiskAssessment", "CarePlan", "ServiceRequest", "MeasureReport", "Provenance"):
                assert fhirpathpy.evaluate(one, "text.`div`.exists()") == [True]


def test_ids_and_addresses_in_an_answer_are_each_others_and_stand_once(answers):
    for answer in answers.values():
        entries = [entry for entry in answer.get("entry", []) if entry["search"]["mode"] != "outcome"]
        assert all(entry["fullUrl"] == f"urn:uuid:{entry['resource']['id']}" for entry in entries)
        assert len({entry["fullUrl"] for entry in entries}) == len(entries)


def nothing_empty(value):
    if isinstance(value, dict | list):
        assert value
        for one in value.values() if isinstance(value, dict) else value:
            nothing_empty(one)
    else:
        assert value not in (None, "")


def test_nothing_is_null_or_empty(answers):
    for answer in answers.values():
        nothing_empty(answer)


def test_every_chance_is_a_fraction(answers):
    told = [
        one["probabilityDecimal"]
        for answer in answers.values()
        for resource in resources(answer)
        for one in resource.get("prediction", [])
    ]
    assert told
    assert all(0 <= one <= 1 for one in told)


def test_no_answer_names_a_profile_it_might_not_keep(answers):
    for answer in answers.values():
        for one in resources(answer):
            assert "profile" not in one.get("meta", {})


def test_every_state_an_activity_may_have_was_judged(answers):
    plans = [one for answer in answers.values() for one in resources(answer) if one["resourceType"] == "CarePlan"]
    states = {one["detail"]["status"] for plan in plans for one in plan.get("activity", [])}
    assert states == {"not-started", "in-progress", "on-hold", "cancelled"}


# --- what docs/fhir.md says ------------------------------------------------------------------------------------------


def mapped(root):
    """Every element that a table of the page maps to: (resource, path)."""
    kind = None
    for line in (root / "docs/fhir.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if cells[:1] == ["ours"]:
            kind = cells[1]
        elif kind and len(cells) == 3 and cells[1] != "---":
            yield from ((kind, path) for path in re.findall(r"`([^`]+)`", cells[1]))
        elif not cells:
            kind = None


def test_every_element_that_the_page_maps_to_is_answered(answers, root):
    every = [one for answer in answers.values() for one in resources(answer)]
    told = list(mapped(root))
    assert {kind for kind, _ in told} == {
        "RiskAssessment", "Provenance", "CarePlan", "ServiceRequest", "MeasureReport", "AuditEvent",
    }  # fmt: skip
    lacking = [
        (kind, path)
        for kind, path in told
        if not any(fhirpathpy.evaluate(one, quoted(path)) for one in every if one["resourceType"] == kind)
    ]
    assert lacking == []


def quoted(path):
    return ".".join(f"`{part}`" for part in path.split("."))


def test_the_page_lists_every_route(answers, root):
    page = (root / "docs/fhir.md").read_text(encoding="utf-8")
    for path, item in openapi_document()["paths"].items():
        if path.startswith("/fhir/"):
            assert f"`{next(iter(item)).upper()} {path}`" in page
