"""The FHIR façade as callers meet it: who gets in, what is written down, what stays unsaid, how errors look."""

import json
import sqlite3
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.app import create_app
from service.fhir.examples import examples
from service.fhir.searching import PATIENT
from service.optouts import read_opt_outs, take_over
from service.settings import Settings
from stratify.care.choices import Choice
from stratify.errors import BundleError
from stratify.pseudonym import pseudonym, read_key

PERSONS = ("RiskAssessment", "CarePlan", "ServiceRequest")
BY_PERSON = [f"/fhir/{kind}/_search" for kind in PERSONS]
GUARDED = [
    *(("POST", path) for path in BY_PERSON),
    ("GET", "/fhir/MeasureReport"),
    ("POST", "/fhir/AuditEvent/_search"),
]
OPEN = ("suitable", "bridge")
TYPE = "application/fhir+json; fhirVersion=4.0"
FORM = "application/x-www-form-urlencoded"
MARK = "MARK0101010000"


@pytest.fixture
def search(client, people, token):
    """Search for a person's resources, as somebody who treats them."""

    def ask(kind, who=people.stored, *, name="subject:identifier", system=people.system, **kwargs):
        kwargs.setdefault("token", token("clinician", patient=who, system=system))
        kwargs.setdefault("data", {name: f"{system}|{who}"})
        return client.send("POST", f"/fhir/{kind}/_search", **kwargs)

    return ask


@pytest.fixture
def log(client, token):
    """Search the log as auditor."""
    return lambda **data: client.send(
        "POST", "/fhir/AuditEvent/_search", data=data, token=token("auditor", patient=None)
    )


@pytest.fixture
def choose(client, people, token):
    """Write a choice down."""

    def tell(who=people.stored, **choice):
        body = {"patient": {"system": people.system, "value": who}, "purpose": "TREAT", **choice}
        return client.send("POST", "/v1/choices", json=body, token=token("clinician", patient=who)).raise_for_status()

    return tell


def resources(response, mode="match"):
    assert response.status_code == 200, response.text
    entries = response.json().get("entry", [])
    return [entry["resource"] for entry in entries if entry["search"]["mode"] == mode]


def is_outcome(response, status):
    assert response.status_code == status
    assert response.headers["content-type"] == TYPE
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert body["resourceType"] == "OperationOutcome"
    assert all(issue["severity"] == "error" and issue["diagnostics"] for issue in body["issue"])
    assert MARK not in response.text
    return body["issue"]


# --- one person ------------------------------------------------------------------------------------------------------


def test_risks_are_those_of_the_look_up_without_death_and_with_their_provenance(search, client, people):
    looked_up = client.look_up(people.stored).json()
    response = search("RiskAssessment")
    assert response.headers["content-type"] == TYPE
    assert response.headers["x-model-version"] == looked_up["model"]["bundle_version"]
    (told,) = resources(response)
    assert told["prediction"][0]["outcome"]["coding"][0]["code"] == "acute_admission_365d"
    assert told["prediction"][0]["probabilityDecimal"] == looked_up["risks"][0]["risk"]
    assert [risk["outcome"] for risk in looked_up["risks"]] == ["acute_admission_365d", "death_365d"]
    assert "death" not in response.text
    (provenance,) = resources(response, "include")
    assert provenance["target"] == [{"reference": f"urn:uuid:{told['id']}"}]
    assert response.json()["total"] == 1


def test_reasons_that_are_worked_out_when_asked_are_told_too(search, people):
    (told,) = resources(search("RiskAssessment", people.computed))
    assert "hospital contacts" in told["prediction"][0]["rationale"]


def test_the_plan_is_there_once_something_was_agreed_and_holds_no_reason(search, choose, client, people):
    assert search("CarePlan").json()["total"] == 0
    offers = client.look_up(people.stored).json()["offers"]
    first, second = [one["id"] for one in offers if one["kind"] == "offer" and one["answer"] in OPEN][:2]
    choose(offer=first, decision="accept", reason="Sig det ikke")
    choose(offer=second, decision="later", until="2027-06-01", reason="Sig det ikke")
    response = search("CarePlan", headers={"Accept-Language": "en"})
    (plan,) = resources(response)
    told = {one["detail"]["code"]["coding"][0]["code"]: one["detail"]["status"] for one in plan["activity"]}
    assert (told[first], told[second]) == ("not-started", "on-hold")
    for secret in ("Sig det ikke", "0.2", "need_", "hospital contacts", "resources_", "matters to me"):
        assert secret not in response.text.replace("urn:oid:1.2.208", "")
    assert search("CarePlan", people.low).json()["total"] == 0  # another's plan is another's


def test_a_yes_before_a_newer_event_stands_no_longer(app):
    care = app.state.context.store.current().care
    facts = {"age": 61, "days_since_psychiatric_discharge": 1}
    old = Choice("safe_7d", None, "accept", datetime(2024, 6, 1, tzinfo=UTC))
    new = Choice("safe_7d", None, "accept", datetime(2025, 1, 1, tzinfo=UTC))
    assert care.standing(facts, [old]) == ()
    assert care.standing(facts, [new]) == (new,)
    assert care.standing({"nonsense": 1}, []) == ()
    with pytest.raises(BundleError, match="facts that cannot be read"):
        care.standing({"nonsense": 1}, [new])


def test_drafts_are_the_offers_that_fit(search, client, people):
    offers = client.look_up(people.stored).json()["offers"]
    fitting = [one["id"] for one in offers if one["kind"] == "offer" and one["answer"] in OPEN]
    drafts = resources(search("ServiceRequest"))
    assert [one["code"]["coding"][0]["code"] for one in drafts] == fitting
    assert {(one["status"], one["intent"]) for one in drafts} == {("draft", "proposal")}


@pytest.mark.parametrize("kind", PERSONS)
def test_a_search_twice_is_the_same_but_for_when_it_was_answered(kind, search, choose):
    choose(offer="overbliksstatus", decision="accept")
    first, second = search(kind).json(), search(kind).json()
    for told in (first, second):
        for entry in told["entry"]:
            entry["resource"].pop("recorded", None)
    assert first == second


def test_the_language_is_the_callers(search, choose):
    choose(offer="overbliksstatus", decision="accept")
    for kind in PERSONS:
        told = {}
        for language, accepted in (("da", "da"), ("en", "en-GB, da;q=0.4"), ("da", "sv")):
            every = resources(search(kind, headers={"Accept-Language": accepted}))
            assert {one["language"] for one in every} == {language}
            assert told.setdefault(language, every) == every
        assert told["da"] != told["en"]


def test_somebody_unknown_outside_or_closed_is_the_same_bytes_and_no_risk(search, people, workspace, tmp_path):
    closed = tmp_path / "no.txt"
    closed.write_text(people.low)
    key = read_key(workspace.keys / "pseudonym.key")
    take_over(f"sqlite:///{workspace.service_db}", read_opt_outs(closed, people.system, key), user="ops")
    for kind in PERSONS:
        outside, unknown, blocked = (search(kind, who) for who in (people.outside, "999999999999", people.low))
        assert outside.content == unknown.content == blocked.content
        assert outside.json()["total"] == 0
        (note,) = resources(outside, "outcome")
        assert (note["issue"][0]["severity"], "intet om personens risiko" in str(note)) == ("information", True)
        shown = [{**one.headers, "x-request-id": ""} for one in (outside, unknown, blocked)]
        assert shown[0] == shown[1] == shown[2]


def test_the_identifier_is_told_as_the_subject_and_nowhere_else(search, choose, people, workspace):
    choose(offer="overbliksstatus", decision="accept")
    name = pseudonym(read_key(workspace.keys / "pseudonym.key"), people.system, people.stored)
    for kind in PERSONS:
        response = search(kind)
        found = resources(response)
        subjects = [one.pop("subject") for one in found]
        assert all(one["identifier"] == {"system": people.system, "value": people.stored} for one in subjects)
        assert people.stored not in json.dumps(found) + json.dumps(response.json()["link"]) + str(response.headers)
        assert name not in response.text


# --- who gets in, and what is written down ---------------------------------------------------------------------------

MATRIX = {
    "clinician": (200, 200, 200, 403, 403),
    "coordinator": (200, 200, 200, 403, 403),
    "quality": (403, 403, 403, 200, 403),
    "data_scientist": (403, 403, 403, 403, 403),
    "auditor": (403, 403, 403, 403, 200),
    "ops": (403, 403, 403, 403, 403),
    "stranger": (403, 403, 403, 403, 403),
}


def test_each_role_may_do_its_own_and_a_denial_is_written_down(client, token, people, audit_rows):
    person, nobody = {"subject:identifier": f"{people.system}|{people.stored}"}, {"_count": "1"}
    for role, every in MATRIX.items():
        given = token(role)
        for (method, path), wanted in zip(GUARDED, every, strict=True):
            before = len(audit_rows())
            sent = {} if method == "GET" else {"data": person if path in BY_PERSON else nobody}
            response = client.send(method, path, token=given, **sent)
            assert response.status_code == wanted, (role, path)
            if wanted == 403:
                is_outcome(response, 403)
                (row,) = audit_rows()[before:]
                assert (row["outcome"], row["action"], row["pseudonym"]) == ("denied", path.split("/")[2], None)


def test_without_a_token_that_holds_every_answer_is_the_same_and_nothing_is_read(client, forge, caplog, audit_rows):
    bodies = set()
    for method, path in GUARDED:
        for shown in (None, "a.b.c", forge(aud="urn:elsewhere"), forge(exp=1)):
            response = client.send(method, path, content=f"{MARK}=1".encode(), token=shown)
            is_outcome(response, 401)
            assert response.headers["www-authenticate"] == "Bearer"
            bodies.add(response.content)
    assert len(bodies) == 1
    assert b"A valid bearer token is required." in bodies.pop()
    assert MARK not in caplog.text
    assert audit_rows() == []


def test_every_route_below_fhir_is_in_that_table(app):
    paths = app.openapi()["paths"]
    there = {(method.upper(), path) for path in paths for method in paths[path] if path.startswith("/fhir/")}
    assert there - {("GET", "/fhir/metadata")} == set(GUARDED)


def test_a_search_leaves_one_row_with_its_ground_before_it_is_answered(search, people, audit_rows, workspace):
    name = pseudonym(read_key(workspace.keys / "pseudonym.key"), people.system, people.stored)
    for kind in PERSONS:
        search(kind)
        row = audit_rows()[-1]
        assert (row["action"], row["outcome"], row["basis"], row["purpose"]) == (kind, "found", "context", "TREAT")
        assert row["pseudonym"] == name
    assert len(audit_rows()) == len(PERSONS)


def test_without_a_treating_relationship_nobody_is_opened(search, people, token, audit_rows):
    other = token("clinician", patient=people.low)
    for kind in PERSONS:
        denied, nobody = search(kind, token=other), search(kind, "999999999999", token=other)
        is_outcome(denied, 403)
        assert denied.content == nobody.content
    assert {(row["outcome"], row["basis"]) for row in audit_rows()} == {("denied", None)}
    assert len(audit_rows()) == 2 * len(PERSONS)


def test_where_it_cannot_be_written_down_nothing_is_answered(search, app, workspace):
    with sqlite3.connect(workspace.service_db) as connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(FAIL, 'full'); END")
    for kind in PERSONS:
        (issue,) = is_outcome(search(kind), 503)
        assert "audit log" in issue["diagnostics"]


def test_a_row_that_cannot_be_read_is_a_503_in_the_same_shape(search, workspace, audit_rows):
    with sqlite3.connect(workspace.serving_db) as connection:
        connection.execute("UPDATE person SET body = '{}'")
    is_outcome(search("RiskAssessment"), 503)
    assert audit_rows()[-1]["outcome"] == "failed"


def test_something_that_breaks_is_a_500_in_the_same_shape(search, monkeypatch):
    def broken(*_):
        raise RuntimeError(MARK)

    monkeypatch.setattr("service.fhir.routes.risk_assessments", broken)
    is_outcome(search("RiskAssessment"), 500)


# --- how a search is sent --------------------------------------------------------------------------------------------


def test_a_person_is_named_in_any_of_four_ways(search):
    assert [search("RiskAssessment", name=name).json()["total"] for name in PATIENT] == [1] * 4


def test_provenance_may_be_asked_for(search, people):
    asked = {"subject:identifier": f"{people.system}|{people.stored}", "_revinclude": "Provenance:target"}
    assert len(resources(search("RiskAssessment", data=asked), "include")) == 1


def test_an_identifier_in_the_address_is_refused_and_in_no_log(search, caplog, audit_rows):
    caplog.set_level("INFO")
    for kind in PERSONS:
        response = search(kind, params={"subject:identifier": f"urn:x|{MARK}"})
        (issue,) = is_outcome(response, 400)
        assert "never in the address" in issue["diagnostics"]
    ours = [record.getMessage() for record in caplog.records if record.name == "service"]
    assert ours
    assert MARK not in str(ours)
    assert audit_rows() == []


def test_the_format_alone_may_stand_in_the_address(search):
    assert search("RiskAssessment", params={"_format": "json"}).status_code == 200
    is_outcome(search("RiskAssessment", params={"_format": "xml"}), 400)


NAMED = f"subject:identifier={MARK}".encode()
BROKEN = [b"", b"\xff=1", b"a&b", NAMED, f"x={MARK}".encode(), b"subject:identifier=%ff"]
JSON = "application/fhir+json"
ACCEPTED = ["*/*", "application/*", "application/json", JSON, f"text/html, {JSON};q=0.5", f"{JSON}; fhirVersion=4.0"]
NOT_ACCEPTED = ["application/fhir+xml", "text/html", f"{JSON}; fhirVersion=5.0", MARK]


def test_what_cannot_be_searched_for_is_a_400_that_repeats_nothing(search, audit_rows):
    for content in BROKEN:
        is_outcome(search("RiskAssessment", data=None, content=content, headers={"Content-Type": FORM}), 400)
    assert audit_rows() == []


def test_another_kind_of_body_is_a_415(search):
    for kind in ("application/json", "text/plain", ""):
        is_outcome(search("RiskAssessment", data=None, content=MARK.encode(), headers={"Content-Type": kind}), 415)


def test_what_is_not_json_of_this_version_is_not_answered(search, client):
    def answers(accepted):
        headers = {"Accept": accepted}
        return search("RiskAssessment", headers=headers), client.send(
            "GET", "/fhir/metadata", headers=headers, token=None
        )

    assert {one.status_code for accepted in ACCEPTED for one in answers(accepted)} == {200}
    for accepted in NOT_ACCEPTED:
        for response in answers(accepted):
            is_outcome(response, 406)


def test_what_is_too_large_is_a_413_in_the_same_shape(search):
    is_outcome(search("RiskAssessment", data=None, content=b"x" * 70_000, headers={"Content-Type": FORM}), 413)


def test_what_is_not_offered_is_a_404_in_the_same_shape(client):
    for path in ("/fhir/Patient", f"/fhir/RiskAssessment/{MARK}", "/fhir/RiskAssessment", "/fhir/"):
        is_outcome(client.send("GET", path), 404)


def test_another_method_is_a_405_and_says_which_are_offered(client):
    response = client.send("GET", "/fhir/RiskAssessment/_search")
    is_outcome(response, 405)
    assert response.headers["allow"] == "POST"


def test_who_asks_too_often_is_told_to_wait_in_the_same_shape(workspace, client_of, token, people):
    app = create_app(Settings(work=workspace.root, demo=True, per_minute=1))
    caller = client_of(app, token("quality"))
    assert caller.send("GET", "/fhir/MeasureReport").status_code == 200
    response = caller.send("GET", "/fhir/MeasureReport")
    assert is_outcome(response, 429)[0]["code"] == "throttled"
    assert int(response.headers["retry-after"]) > 0
    app.state.context.audit.close()


def test_elsewhere_errors_keep_their_own_shape(client):
    assert client.send("GET", "/fhirx").headers["content-type"] == "application/problem+json"


# --- targets ---------------------------------------------------------------------------------------------------------


def test_targets_are_reports_with_few_people_masked(client, token):
    response = client.send("GET", "/fhir/MeasureReport", token=token("quality"))
    told = {one["measure"].rsplit(":", 1)[1]: one for one in resources(response)}
    assert set(told) == {"hba1c_measured", "rare", "unmeasured"}
    counts = {name: [one.get("count") for one in report["group"][0]["population"]] for name, report in told.items()}
    assert counts == {"hba1c_measured": [40, 100, 6], "rare": [None] * 3, "unmeasured": [None] * 3}


def test_targets_are_chosen_in_the_address(client, token):
    given = token("quality")
    for query, found in {
        "measure=rare": 1, "measure=urn:stratify:measure:rare&period=2024": 1, "period=2023": 0, "measure=none": 0,
        "measure=rare&_format=json": 1,
    }.items():  # fmt: skip
        assert client.send("GET", f"/fhir/MeasureReport?{query}", token=given).json()["total"] == found, query
    for query in ("measure=a&measure=b", f"subject={MARK}", "%ff", "_format=xml"):
        is_outcome(client.send("GET", f"/fhir/MeasureReport?{query}", token=given), 400)


# --- the audit log ---------------------------------------------------------------------------------------------------


def test_the_log_is_told_row_by_row_and_the_search_is_in_it(search, log, people, audit_rows):
    search("RiskAssessment")
    search("CarePlan", people.low)
    told = resources(log(**{"patient.identifier": f"{people.system}|{people.stored}"}))
    (row, _, asked) = audit_rows()
    assert [one["subtype"][0]["code"] for one in told] == ["RiskAssessment"]
    assert told[0]["recorded"] == row["at"]
    assert told[0]["entity"][0]["what"]["identifier"]["value"] == row["pseudonym"]
    assert (asked["action"], asked["purpose"], asked["criterion"]) == ("AuditEvent", "AUDIT", "everything")
    assert asked["pseudonym"] == row["pseudonym"]
    assert people.stored not in json.dumps(told)


def test_the_log_is_read_page_by_page(search, log):
    for _ in range(3):
        search("RiskAssessment")
    first = log(subtype="RiskAssessment", _count="2")
    assert "total" not in first.json()
    (note,) = resources(first, "outcome")
    after = note["issue"][0]["diagnostics"].rsplit("after=", 1)[1].rstrip(".")
    rest = log(subtype="RiskAssessment", _count="2", after=after)
    assert (len(resources(first)), len(resources(rest)), rest.json()["total"]) == (2, 1, 1)
    ids = [one["id"] for one in resources(first) + resources(rest)]
    assert len(set(ids)) == 3


def test_denials_are_found_by_fhirs_own_code(search, log, token, people, audit_rows):
    search("RiskAssessment", token=token("clinician", patient=people.low))
    (told,) = resources(log(outcome="4"))
    assert told["outcomeDesc"] == "denied"
    assert log(outcome="8").json()["total"] == 0
    assert audit_rows()[-1]["outcome"] == "not_found"


# --- what is offered -------------------------------------------------------------------------------------------------


def test_the_statement_offers_what_there_is_and_nothing_else(client, app):
    response = client.send("GET", "/fhir/metadata", token=None)
    assert (response.status_code, response.headers["content-type"]) == (200, TYPE)
    told = response.json()
    (rest,) = told["rest"]
    offered = {one["type"]: one for one in rest["resource"]}
    searched = {kind for kind, one in offered.items() if one.get("interaction")}
    assert searched == {path.split("/")[2] for _, path in GUARDED}
    assert set(offered) - searched == {"Provenance"}
    assert {code["code"] for one in offered.values() for code in one.get("interaction", [])} == {"search-type"}
    assert told["fhirVersion"] == "4.0.1"
    assert told["software"]["version"] == app.version
    assert told["implementation"]["url"].endswith("/fhir")
    assert "profile" not in response.text.replace("national profile", "")


def test_parameters_that_are_offered_are_the_ones_that_are_taken(client, search, log, people, token):
    (rest,) = client.send("GET", "/fhir/metadata", token=None).json()["rest"]
    offered = {one["type"]: {named["name"] for named in one.get("searchParam", [])} for one in rest["resource"]}
    who = f"{people.system}|{people.stored}"
    for kind in PERSONS:
        assert offered[kind] == {"patient", "subject"}
        for name in offered[kind]:
            assert search(kind, data={f"{name}.identifier": who}).status_code == 200
    values = {"date": "2026-11-01", "altid": "dr", "subtype": "lookup", "outcome": "0", "after": "0"}
    assert offered["AuditEvent"] == {"patient", *values}
    assert log(**values, **{"patient:identifier": who}).status_code == 200
    query = "&".join(f"{name}=x" for name in sorted(offered["MeasureReport"]))
    assert client.send("GET", f"/fhir/MeasureReport?{query}", token=token("quality")).status_code == 200


def test_the_description_shows_answers_in_both_languages(app):
    paths = app.openapi()["paths"]
    for path, item in paths.items():
        if path.startswith("/fhir/"):
            (operation,) = item.values()
            shown = operation["responses"]["200"]["content"]["application/fhir+json"]["examples"]
            assert set(shown) == {"da", "en"}
            assert shown["en"]["value"] == examples(path, "en")
            if not path.endswith(("metadata", "AuditEvent/_search")):
                assert shown["da"] != shown["en"]


# --- whatever is sent ------------------------------------------------------------------------------------------------


@given(st.one_of(st.binary(max_size=300), st.text(max_size=80).map(lambda text: f"subject:identifier={text}".encode())))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_body_breaks_a_search(search, content):
    response = search("RiskAssessment", data=None, content=content, headers={"Content-Type": FORM})
    assert response.status_code in (200, 400, 403)  # 403: it names somebody whom the token does not
    assert response.json()["resourceType"] in ("Bundle", "OperationOutcome")
