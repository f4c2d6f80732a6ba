"""CDS Hooks 2.0: discovery, cards, the three states of prefetch, tokens that count once, feedback."""

import json
import re
import sqlite3
import time
from datetime import UTC, datetime
from uuid import uuid4

import fhirpathpy
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.app import create_app
from service.cds_hooks.cards import OFFERS
from service.cds_hooks.prefetch import TEMPLATES
from service.demo import CLIENT, demo_client_token, demo_token
from service.optouts import read_opt_outs, take_over
from service.settings import Settings
from stratify.pseudonym import pseudonym, read_key

URL = "/cds-services/multimorbidity"
HL7 = {  # the invariants of the specification, as written there
    "cds-resp-1": ("card", "(selectionBehavior = 'at-most-one') implies suggestions.where(isRecommended).count() <= 1"),
    "cds-resp-2": ("action", "(type = 'delete') implies (resourceId.exists() and resource.empty())"),
    "cds-resp-3": ("link", "(type != 'smart') implies (appContext.empty())"),
    "cds-resp-4": ("overrideReasons", "all(display.exists())"),
    "cds-resp-5": ("suggestion", "actions.all(description.exists())"),
    "cds-resp-6": ("card", "suggestions.exists() implies selectionBehavior.exists()"),
    "cds-resp-7": (
        "suggestion",
        "actionSelectionBehavior.empty() or actionSelectionBehavior = 'all' or actionSelectionBehavior = 'any'"
        " or actionSelectionBehavior = 'at-most-one'",
    ),
    "cds-fb-1": ("feedback", "outcome = 'accepted' or outcome = 'overridden'"),
    "cds-fb-2": ("feedback", "(outcome = 'accepted') implies acceptedSuggestions.exists()"),
    "cds-fb-3": ("overrideReason", "reason.exists() or userComment.exists()"),
    "cds-r-1": ("request", "fhirAuthorization.exists() implies fhirServer.exists()"),
    "cds-r-2": ("fhirAuthorization", "scope.contains('patient/') implies patient.exists()"),
}


def holds(name, resource):
    return fhirpathpy.evaluate(resource, HL7[name][1]) == [True]


@pytest.fixture
def patient(people):
    """The patient as a clinical system has them."""

    def make(who=people.stored, **changes):
        identifier = [{"system": "urn:other", "value": "77"}, {"system": people.system, "value": who}]
        return {"resourceType": "Patient", "id": "p1", "identifier": identifier} | changes

    return make


@pytest.fixture
def request_of(patient):
    """The body of a hook's call."""

    def make(**changes):
        body = {
            "hook": "patient-view",
            "hookInstance": str(uuid4()),
            "context": {"userId": "Practitioner/dr7", "patientId": "p1"},
            "prefetch": {"patient": patient()},
        }
        return {name: value for name, value in (body | changes).items() if value != "left out"}

    return make


@pytest.fixture
def address(app):
    return app.state.context.settings.address


@pytest.fixture
def call(client, workspace, address, request_of):
    """Call the hook, with a fresh token."""

    def ask(body=None, *, token=..., rest="", language=None, content=None, named=None, **changes):
        token = demo_client_token(workspace.keys, f"{address}{URL}{rest}") if token is ... else token
        body = request_of(**changes) if body is None else body
        headers = {"Content-Type": "application/json"} | ({"Accept-Language": language} if language else {})
        headers |= {"X-Request-Id": named} if named else {}
        given = {"content": content} if content is not None else {"json": body}
        return client.send("POST", URL + rest, token=token, headers=headers, **given)

    return ask


@pytest.fixture
def card(call):
    (one,) = call(language="en").json()["cards"]
    return one


def every(node):
    """Each value in JSON, at any depth."""
    yield node
    for one in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from every(one)


# --- discovery -------------------------------------------------------------------------------------------------------


def test_discovery_lists_the_services_and_wants_no_token(client):
    answer = client.send("GET", "/cds-services", token=None)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    services = answer.json()["services"]
    assert isinstance(services, list)
    for one in services:
        assert all(isinstance(one[name], str) and one[name] for name in ("hook", "title", "description", "id"))
        assert isinstance(one["usageRequirements"], str)


def test_both_hooks_have_one_id_so_that_a_later_card_takes_the_place_of_the_earlier(client):
    services = client.send("GET", "/cds-services").json()["services"]
    assert [one["hook"] for one in services] == ["patient-view", "encounter-discharge"]
    assert {one["id"] for one in services} == {"multimorbidity"}


def test_prefetch_templates_have_keys_and_tokens_of_the_context_alone(client):
    for one in client.send("GET", "/cds-services").json()["services"]:
        assert one["prefetch"] == TEMPLATES
        for key, query in one["prefetch"].items():
            assert re.fullmatch(r"[A-Za-z]+", key)
            assert re.findall(r"\{\{(.*?)\}\}", query) == ["context.patientId"]
            assert query.count("{{") == query.count("}}") == 1


# --- cards -----------------------------------------------------------------------------------------------------------


def test_a_call_is_answered_with_one_card_at_the_address_of_the_service_id(call):
    answer = call()
    assert answer.status_code == 200
    (card,) = answer.json()["cards"]
    assert set(answer.json()) == {"cards"}  # nothing is ever done by itself: no systemActions
    assert card["uuid"] == answer.headers["x-request-id"]


def test_a_card_has_a_uuid_of_its_own_whatever_the_client_calls_its_requests(
    call, people, patient, tell, rows, workspace
):
    """A client may number a whole session by one id: feedback on the second card would go to the first one's person."""
    named, key = str(uuid4()), read_key(workspace.keys / "pseudonym.key")
    cards = {}
    for who in (people.stored, people.computed):
        (card,) = call(named=named, prefetch={"patient": patient(who)}).json()["cards"]
        cards[card["uuid"]] = pseudonym(key, people.system, who)
    assert len(cards) == 2
    assert named not in cards
    tell(*({"card": one, "outcome": "overridden", "outcomeTimestamp": _now()} for one in cards))
    assert {row["card"]: row["pseudonym"] for row in rows()} == cards


@pytest.mark.parametrize("language", ["da", "en"])
def test_a_card_tells_a_chance_both_ways_what_fits_what_is_missing_and_whose_data_it_is(language, call, workspace):
    (card,) = call(language=language).json()["cards"]
    words = {"da": ("20 ud af 100", "80 gør ikke"), "en": ("20 of 100", "80 not")}[language]
    assert words[0] in card["summary"]
    assert words[1] in card["detail"]
    assert "2024\\-12\\-31" in card["detail"]
    assert workspace.champion.read_text().strip() in card["detail"]
    assert "HbA1c" in card["detail"]


def test_a_summary_is_a_text_of_fewer_than_140_characters(card):
    assert isinstance(card["summary"], str)
    assert 0 < len(card["summary"]) < 140


def test_a_card_is_never_critical_and_never_tells_a_risk_of_death(call):
    for language in ("da", "en"):
        (card,) = call(language=language).json()["cards"]
        assert card["indicator"] in ("info", "warning")
        told = json.dumps(card, ensure_ascii=False).lower()
        for word in ("death", "die ", "død", "dør", "risikopatient", "5 ud af 100", "5 of 100"):
            assert word not in told, word


def test_a_source_has_a_label_and_a_topic_with_code_and_system(card):
    source = card["source"]
    assert source["label"]
    assert {"code", "system", "display"} <= set(source["topic"])
    assert source.get("url", "https://x").startswith("https://")
    assert "icon" not in source


def test_links_and_sources_lead_nowhere_but_to_the_configured_address(call, card):
    assert "links" not in card
    told = [one for one in every(card) if isinstance(one, str) and "://" in one]
    assert set(told) <= {"http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"}


def test_suggestions_are_drafts_for_this_patient_each_with_a_description_and_one_is_recommended(card):
    assert card["selectionBehavior"] == "any"
    assert 1 <= len(card["suggestions"]) <= 3
    assert [one["isRecommended"] for one in card["suggestions"]].count(True) == 1
    for one in card["suggestions"]:
        assert isinstance(one["label"], str)
        assert re.fullmatch(r"[0-9a-f-]{36}", one["uuid"])
        (action,) = one["actions"]
        assert (action["type"], bool(action["description"])) == ("create", True)
        resource = action["resource"]
        assert (resource["resourceType"], resource["status"], resource["intent"]) == (
            "ServiceRequest",
            "draft",
            "proposal",
        )
        assert resource["subject"] == {"reference": "Patient/p1"}
        assert resource["code"]["coding"][0]["system"] == OFFERS
        assert "id" not in resource
        assert "resourceId" not in action


def test_a_bridge_stands_in_the_drafts_note(card):
    notes = [one["actions"][0]["resource"].get("note") for one in card["suggestions"]]
    assert any(note and note[0]["text"].startswith("with help: ") for note in notes)


def test_reasons_for_putting_a_card_aside_have_code_system_and_words(card):
    assert isinstance(card["overrideReasons"], list)
    for reason in card["overrideReasons"]:
        assert set(reason) == {"code", "system", "display"}
        assert all(isinstance(value, str) and value for value in reason.values())


@pytest.mark.parametrize("name", [name for name, (of, _) in HL7.items() if name.startswith("cds-resp")])
def test_the_specifications_invariants_hold_on_real_answers(name, call):
    of = HL7[name][0]
    for hook, encounter in (("patient-view", {}), ("encounter-discharge", {"encounterId": "e1"})):
        (card,) = call(hook=hook, context={"userId": "Practitioner/d", "patientId": "p1", **encounter}).json()["cards"]
        suggestions = card["suggestions"]
        judged = {
            "card": [card],
            "suggestion": suggestions,
            "action": [action for one in suggestions for action in one["actions"]],
            "link": card.get("links", []),
            "overrideReasons": [card["overrideReasons"]],
        }[of]
        assert all(holds(name, one) for one in judged)


SPOILT = {
    "cds-resp-1": {
        "selectionBehavior": "at-most-one",
        "suggestions": [{"isRecommended": True}, {"isRecommended": True}],
    },
    "cds-resp-2": {"type": "delete", "resource": {"resourceType": "Patient"}},
    "cds-resp-3": {"type": "absolute", "appContext": "x"},
    "cds-resp-4": [{"code": "x"}],
    "cds-resp-5": {"actions": [{"type": "create"}]},
    "cds-resp-6": {"suggestions": [{"label": "x"}]},
    "cds-resp-7": {"actionSelectionBehavior": "some"},
    "cds-fb-1": {"outcome": "ignored"},
    "cds-fb-2": {"outcome": "accepted"},
    "cds-fb-3": {"x": 1},
    "cds-r-1": {"fhirAuthorization": {"scope": "x"}},
    "cds-r-2": {"scope": "patient/Patient.rs"},
}


@pytest.mark.parametrize("name", HL7)
def test_each_invariant_can_fail(name):
    assert not holds(name, SPOILT[name])


def test_nothing_is_null_or_empty_but_the_list_of_cards(call, client, people, patient):
    answers = [call(), call(prefetch={"patient": patient(people.low)}), call(prefetch={}), call(content=b"{")]
    for answer in (*answers, client.send("GET", "/cds-services")):
        for one in every({name: value for name, value in answer.json().items() if (name, value) != ("cards", [])}):
            assert one not in (None, "", [], {})


def test_no_advice_is_an_empty_list_for_the_unknown_the_closed_and_whoever_needs_little(
    call, patient, people, workspace, tmp_path, audit_rows
):
    (tmp_path / "no").write_text(people.computed)
    key = read_key(workspace.keys / "pseudonym.key")
    take_over(f"sqlite:///{workspace.service_db}", read_opt_outs(tmp_path / "no", people.system, key), user="ops")
    for who in (people.outside, "999999999999", people.computed):
        answer = call(prefetch={"patient": patient(who)})
        assert (answer.status_code, answer.json()) == (200, {"cards": []})
    assert [row["outcome"] for row in audit_rows()] == ["stored", "not_found", "not_found", "blocked"]


def test_whoever_needs_little_gets_no_card(call, workspace, people):
    name = pseudonym(read_key(workspace.keys / "pseudonym.key"), people.system, people.stored)
    with sqlite3.connect(workspace.serving_db) as connection:
        body = json.loads(connection.execute("SELECT body FROM person WHERE pseudonym = ?", [name]).fetchone()[0])
        body["facts"] = {"age": 45, "conditions": ["hypertension", "asthma"], "n_conditions": 2, "n_drugs": 1}
        body["risks"][0]["risk"] = 0.02
        connection.execute("UPDATE person SET body = ?, told = NULL WHERE pseudonym = ?", [json.dumps(body), name])
    connection.close()
    assert call().json() == {"cards": []}


def test_a_duty_stands_on_the_card_as_what_has_to_be_done_and_is_no_suggestion(call, workspace, people):
    name = pseudonym(read_key(workspace.keys / "pseudonym.key"), people.system, people.stored)
    with sqlite3.connect(workspace.serving_db) as connection:
        body = json.loads(connection.execute("SELECT body FROM person WHERE pseudonym = ?", [name]).fetchone()[0])
        body["facts"] |= {"age": 39, "psychiatric_admissions_365d": 4, "days_since_psychiatric_discharge": 1,
                          "inpatient": "no", "reduced_function": True, "consent_13a": True, "smi": True}  # fmt: skip
        connection.execute("UPDATE person SET body = ?, told = NULL WHERE pseudonym = ?", [json.dumps(body), name])
    connection.close()
    (card,) = call(language="en").json()["cards"]
    assert card["indicator"] == "warning"
    assert "Something has to be done" in card["summary"]
    assert "**Has to be done**\n\n- Discharge agreement or coordination plan" in card["detail"]
    assert "udskrivningsaftale" not in json.dumps(card["suggestions"])


def test_at_discharge_what_has_to_be_done_within_days_comes_first(call, workspace, people):
    name = pseudonym(read_key(workspace.keys / "pseudonym.key"), people.system, people.stored)
    with sqlite3.connect(workspace.serving_db) as connection:
        body = json.loads(connection.execute("SELECT body FROM person WHERE pseudonym = ?", [name]).fetchone()[0])
        body["facts"] |= {"age": 81, "days_since_somatic_discharge": 2, "acute_admissions_365d": 2}
        connection.execute("UPDATE person SET body = ?, told = NULL WHERE pseudonym = ?", [json.dumps(body), name])
    connection.close()
    context = {"userId": "Practitioner/d", "patientId": "p1", "encounterId": "e1"}
    (card,) = call(hook="encounter-discharge", context=context, language="en").json()["cards"]
    first = card["suggestions"][0]["actions"][0]["resource"]
    assert first["encounter"] == {"reference": "Encounter/e1"}
    assert "days left" in card["detail"]
    assert card["detail"].index("days left") < card["detail"].index("Ask first")
    assert card["indicator"] == "warning"


# --- prefetch, context, and what is not one ---------------------------------------------------------------------------


OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]}
MISSING = {
    "left out": ({}, "was left out"),
    "null": ({"patient": None}, "is null"),
    "an error of the client": ({"patient": OUTCOME}, "could not be fetched"),
    "another resource": ({"patient": {"resourceType": "Group", "id": "p1"}}, "one Patient"),
    "two patients": ({"patient": {"resourceType": "Bundle", "entry": [{}, {}]}}, "one Patient"),
    "a word": ({"patient": "MARK"}, "one Patient"),
}


@pytest.mark.parametrize("name", MISSING)
def test_without_the_required_patient_it_is_412_and_says_which_key(name, call, audit_rows):
    prefetch, words = MISSING[name]
    answer = call(prefetch=prefetch)
    assert answer.status_code == 412
    assert answer.json()["resourceType"] == "OperationOutcome"
    told = answer.json()["issue"][0]["diagnostics"]
    assert "`patient`" in told
    assert words in told
    assert "MARK" not in answer.text
    assert audit_rows() == []


def test_no_prefetch_at_all_is_412_too(call):
    assert call(prefetch="left out").status_code == 412
    assert call(prefetch=None).status_code == 412


@pytest.mark.parametrize(
    "identifier",
    [None, [], "x", [{"value": "1"}], [{"system": "urn:other", "value": "1"}], [{"system": "urn:stratify:synthetic"}]],
)
def test_a_patient_without_our_identifier_is_412_never_an_empty_list(identifier, call, patient):
    answer = call(prefetch={"patient": patient(identifier=identifier)})
    assert answer.status_code == 412
    assert "no identifier" in answer.text


def test_a_patient_with_two_of_our_identifiers_is_nobody_for_sure(call, patient, people):
    two = [{"system": people.system, "value": who} for who in (people.stored, people.low)]
    assert call(prefetch={"patient": patient(identifier=two)}).status_code == 412


@pytest.mark.parametrize("value", [None, OUTCOME, "left out"])
@pytest.mark.parametrize("key", sorted(set(TEMPLATES) - {"patient"}))
def test_optional_keys_may_be_null_left_out_or_an_error(key, value, call, patient):
    prefetch = {"patient": patient(), key: value}
    if value == "left out":
        del prefetch[key]
    assert len(call(prefetch=prefetch).json()["cards"]) == 1


def test_a_patient_alone_in_a_searchset_is_that_patient(call, patient):
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": patient()}]}
    assert len(call(prefetch={"patient": bundle}).json()["cards"]) == 1


def test_another_patient_than_the_contexts_is_403_and_written_down(call, patient, people, audit_rows):
    answer = call(prefetch={"patient": patient(people.low, id="p2")})
    assert answer.status_code == 403
    assert answer.json()["issue"][0]["code"] == "forbidden"
    (row,) = audit_rows()
    assert (row["action"], row["outcome"], row["user"], row["pseudonym"]) == (
        "hook",
        "denied",
        "Practitioner/dr7",
        None,
    )


@pytest.mark.parametrize("user", ["Patient/p1", "RelatedPerson/r1"])
def test_cards_are_for_clinicians_and_whoever_is_none_is_403_and_written_down(user, call, audit_rows):
    answer = call(context={"userId": user, "patientId": "p1"})
    assert answer.status_code == 403
    assert "for clinicians" in answer.json()["issue"][0]["diagnostics"]
    (row,) = audit_rows()
    assert (row["outcome"], row["user"], row["role"], row["pseudonym"]) == ("denied", user, "", None)


def test_each_card_is_written_down_before_it_is_given(call, audit_rows, workspace, people):
    call()
    (row,) = audit_rows()
    assert (row["action"], row["outcome"], row["basis"], row["user"]) == (
        "hook",
        "found",
        "context",
        "Practitioner/dr7",
    )
    assert row["issuer"] == CLIENT
    assert row["pseudonym"] == pseudonym(read_key(workspace.keys / "pseudonym.key"), people.system, people.stored)


WRONG = {
    "another hook": {"hook": "order-sign"},
    "no hook": {"hook": "left out"},
    "an instance that is no uuid": {"hookInstance": "1"},
    "no context": {"context": "left out"},
    "no user": {"context": {"patientId": "p1"}},
    "a user without a kind": {"context": {"userId": "dr7", "patientId": "p1"}},
    "a patient that is no id": {"context": {"userId": "Practitioner/x", "patientId": "Patient/MARK"}},
    "a discharge without an encounter": {"hook": "encounter-discharge"},
    "prefetch that is no object": {"prefetch": ["MARK"]},
    "authorisation without a server": {
        "fhirAuthorization": {"access_token": "MARK", "token_type": "Bearer", "expires_in": 1, "scope": "x",
                              "subject": "y"}
    },
    "a server that is no address": {"fhirServer": "MARK"},
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_call_of_another_shape_is_400_with_the_place_and_nothing_of_what_was_sent(name, call):
    answer = call(**WRONG[name])
    assert answer.status_code == 400
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert "MARK" not in answer.text


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"null", b"[" * 50_000, b'"x"'])
def test_a_body_that_is_none_is_400(content, call):
    assert call(content=content).status_code == 400


@pytest.mark.parametrize("place", ["the patient", "the identifier", "the hook"])
def test_a_key_that_stands_twice_is_400_for_who_is_asked_about_would_be_anybodys_guess(place, call, request_of):
    whole = json.dumps(request_of())
    twice = {"the patient": '"patient": ', "the identifier": '"value": ', "the hook": '"hook": '}[place]
    answer = call(content=whole.replace(twice, f"{twice}null, {twice}", 1).encode())
    assert answer.status_code == 400
    assert "twice" in answer.json()["issue"][0]["diagnostics"]


def test_a_body_may_be_four_mebibytes_and_no_more(call, request_of, patient):
    chart = {"resourceType": "Bundle", "x": "y" * 4_000_000}
    body = request_of(prefetch={"patient": patient(), "observations": chart})
    assert call(body).status_code == 200
    body["prefetch"]["observations"]["x"] *= 2
    assert call(body).status_code == 413


def test_nothing_in_a_request_is_ever_fetched_or_logged(call, caplog, monkeypatch):
    caplog.set_level("DEBUG")
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("something was fetched"))
    access = {"access_token": "MARKTOKEN", "token_type": "Bearer", "expires_in": 300, "scope": "patient/*.rs",
              "subject": "stratify", "patient": "p1"}  # fmt: skip
    answer = call(fhirServer="https://ehr.example/fhir", fhirAuthorization=access)
    assert answer.status_code == 200
    assert "MARKTOKEN" not in caplog.text + answer.text


def test_a_request_as_the_specification_allows_it_keeps_its_invariants(request_of):
    access = {"access_token": "x", "token_type": "Bearer", "expires_in": 1, "scope": "patient/*.rs", "subject": "y",
              "patient": "p1"}  # fmt: skip
    body = request_of(fhirServer="https://ehr.example", fhirAuthorization=access, extension={"com.example": {"a": 1}})
    assert holds("cds-r-1", body)
    assert holds("cds-r-2", body["fhirAuthorization"])


def test_extensions_of_the_client_are_let_pass(call):
    assert call(extension={"com.example.more": {"any": ["thing"]}}).status_code == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["resourceType", "id", "identifier", "entry", "value", "patientId"]), inner)
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from([*TEMPLATES, "other"]), JSON))
def test_whatever_is_sent_along_it_never_fails(call, prefetch):
    assert call(prefetch=prefetch).status_code in (400, 403, 412)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["hook", "hookInstance", "context", "fhirServer", "fhirAuthorization", "prefetch", "extension"]),
    JSON,
    st.dictionaries(st.sampled_from(sorted(set(TEMPLATES) - {"patient"})), JSON),
)
def test_whatever_stands_in_one_place_of_a_good_call_it_never_fails(call, patient, place, odd, others):
    answer = call(**{"prefetch": {"patient": patient()} | others, place: odd})
    assert answer.status_code in (200, 400, 403, 412)
    assert set(answer.json()) == ({"cards"} if answer.status_code == 200 else {"resourceType", "issue"})


BROKEN = {
    "the audit log": "CREATE TRIGGER no BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END",
    "choices": "DROP TABLE choice",
    "used tokens": "DROP TABLE used_token",
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_cannot_be_written_down_is_503_never_an_empty_list(what, call, workspace):
    with sqlite3.connect(workspace.service_db) as connection:
        connection.execute(BROKEN[what])
    connection.close()
    answer = call()
    assert answer.status_code == 503
    assert "cards" not in answer.json()


# --- tokens ----------------------------------------------------------------------------------------------------------


def _forged(workspace, address, headers=None, **changes):
    now = int(time.time())
    claims = {"iss": CLIENT, "aud": f"{address}{URL}", "iat": now, "exp": now + 60, "jti": uuid4().hex} | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    key = load_pem_private_key((workspace.keys / "jwt_private.pem").read_bytes(), None)
    return jwt.encode(claims, key, algorithm="ES384", headers={"kid": "demo"} | (headers or {}))


HOSTILE = {
    "no token": lambda workspace, address: None,
    "a person's token": lambda workspace, address: demo_token(workspace.keys),
    "for another service": lambda workspace, address: demo_client_token(workspace.keys, f"{address}/cds-services/x"),
    "for the address of feedback": lambda workspace, address: demo_client_token(
        workspace.keys, f"{address}{URL}/feedback"
    ),
    "for another host": lambda workspace, address: demo_client_token(workspace.keys, f"https://elsewhere.example{URL}"),
    "expired": lambda workspace, address: demo_client_token(workspace.keys, f"{address}{URL}", seconds=-60),
    "lives too long": lambda workspace, address: demo_client_token(workspace.keys, f"{address}{URL}", seconds=7200),
    "another issuer": lambda workspace, address: _forged(workspace, address, iss="urn:elsewhere"),
    "no jti": lambda workspace, address: _forged(workspace, address, jti=None),
    "no issue time": lambda workspace, address: _forged(workspace, address, iat=None),
    "no expiry": lambda workspace, address: _forged(workspace, address, exp=None),
    "no audience": lambda workspace, address: _forged(workspace, address, aud=None),
    "another type": lambda workspace, address: _forged(workspace, address, {"typ": "at+jwt"}),
    "keys of its own": lambda workspace, address: _forged(workspace, address, {"jku": "https://evil.example/jwks"})[:-4]
    + "AAAA",
    "no algorithm": lambda workspace, address: jwt.encode({"iss": CLIENT}, None, algorithm="none"),
    "symmetric": lambda workspace, address: jwt.encode(
        {"iss": CLIENT, "aud": f"{address}{URL}", "exp": time.time() + 60, "iat": time.time(), "jti": "1"},
        "x" * 48, algorithm="HS384", headers={"kid": "demo"},
    ),
    "huge": lambda workspace, address: _forged(workspace, address, more="x" * 9000),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_token_is_401_with_the_same_body_as_all_others(name, call, client, workspace, address, audit_rows):
    answer = call(token=HOSTILE[name](workspace, address))
    usual = client.send("GET", "/v1/targets", token=None)
    assert answer.status_code == usual.status_code == 401
    assert {**answer.json(), "request_id": ""} == {**usual.json(), "request_id": ""}
    assert audit_rows() == []


def test_a_token_counts_once(call, workspace, address):
    token = demo_client_token(workspace.keys, f"{address}{URL}")
    assert [call(token=token).status_code for _ in range(3)] == [200, 401, 401]


def test_a_token_is_used_up_by_what_is_denied_and_used_again_it_writes_nothing_down(
    call, workspace, address, audit_rows
):
    token, context = demo_client_token(workspace.keys, f"{address}{URL}"), {"userId": "Patient/p1", "patientId": "p1"}
    assert [call(token=token, context=context).status_code for _ in range(3)] == [403, 401, 401]
    assert [row["outcome"] for row in audit_rows()] == ["denied"]


def test_a_token_is_used_up_by_a_call_of_another_shape_too(call, workspace, address):
    token = demo_client_token(workspace.keys, f"{address}{URL}")
    assert call(token=token, content=b"{").status_code == 400
    assert call(token=token).status_code == 401


def test_a_key_may_be_named_by_an_address_that_is_never_fetched(call, workspace, address):
    assert call(token=_forged(workspace, address, {"jku": "https://elsewhere.example/jwks"})).status_code == 200


def test_a_list_of_audiences_with_ours_among_them_will_do(call, workspace, address):
    assert call(token=_forged(workspace, address, aud=["https://x", f"{address}{URL}"])).status_code == 200


def test_another_service_is_not_there_for_who_may_ask_and_401_for_others(client, workspace, address):
    body = {"Content-Type": "application/json"}
    path = "/cds-services/other"
    token = demo_client_token(workspace.keys, f"{address}{path}")
    assert client.send("POST", path, content=b"{}", headers=body, token=token).status_code == 404
    assert client.send("POST", path, content=b"{}", headers=body, token=None).status_code == 401


# --- feedback --------------------------------------------------------------------------------------------------------


@pytest.fixture
def rows(workspace):
    def read():
        with sqlite3.connect(workspace.service_db) as connection:
            connection.row_factory = sqlite3.Row
            found = [dict(row) for row in connection.execute("SELECT * FROM feedback ORDER BY seq")]
        connection.close()
        return found

    return read


@pytest.fixture
def tell(call):
    def send(*entries):
        return call({"feedback": list(entries)}, rest="/feedback")

    return send


def _now():
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def test_a_suggestion_that_was_taken_is_kept_by_its_offer_and_is_no_choice_of_the_persons(card, tell, rows, workspace):
    taken = card["suggestions"][0]
    entry = {"card": card["uuid"], "outcome": "accepted", "outcomeTimestamp": _now(),
             "acceptedSuggestions": [{"id": taken["uuid"]}]}  # fmt: skip
    assert all(holds(name, entry) for name in ("cds-fb-1", "cds-fb-2"))
    answer = tell(entry)
    assert (answer.status_code, answer.json()) == (200, {})
    (row,) = rows()
    assert row["offer"] == taken["actions"][0]["resource"]["code"]["coding"][0]["code"]
    with sqlite3.connect(workspace.service_db) as connection:
        assert connection.execute("SELECT count(*) FROM choice").fetchone() == (0,)
    connection.close()


def test_the_same_feedback_again_changes_nothing_and_a_later_one_is_kept_beside(card, tell, rows):
    entry = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": "2026-11-27T10:00:00Z",
             "overrideReason": {"reason": {"code": "patient-refuses"}, "userComment": "senere"}}  # fmt: skip
    assert holds("cds-fb-3", entry["overrideReason"])
    tell(entry)
    tell(entry)
    tell({**entry, "outcomeTimestamp": "2026-11-27T11:00:00Z"})
    assert [(row["reason"], row["comment"]) for row in rows()] == [("patient-refuses", "senere")] * 2


def test_a_comment_that_names_somebody_is_held_back(card, tell, rows):
    tell({"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": _now(),
          "overrideReason": {"userComment": "cpr 010101-1234"}})  # fmt: skip
    tell({"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": _now(),
          "overrideReason": {"reason": {"code": "010101\x001234"}}})  # fmt: skip
    assert "010101" not in json.dumps(rows())
    assert len(rows()) == 2


def test_signs_that_a_database_cannot_hold_are_left_out(card, tell, rows):
    """PostgreSQL takes no NUL: a comment with one would be kept by one database and be a 503 with another."""
    why = {"userComment": "ikke\x00 \x1bnu", "reason": {"code": "limited-\x00time"}}
    assert tell({"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": _now(),
                 "overrideReason": why}).status_code == 200  # fmt: skip
    assert (rows()[0]["comment"], rows()[0]["reason"]) == ("ikke nu", "limited-time")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["card", "outcome", "outcomeTimestamp", "acceptedSuggestions", "overrideReason", "x"]), JSON)
def test_whatever_stands_in_one_place_of_good_feedback_it_never_fails(call, place, odd):
    entry = {"card": str(uuid4()), "outcome": "overridden", "outcomeTimestamp": "2026-11-27T10:00:00Z", place: odd}
    answer = call({"feedback": [entry]}, rest="/feedback")
    assert answer.status_code in (400, 404)
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_a_card_nobody_knows_is_404_and_written_down_and_the_known_ones_are_kept(card, tell, rows, audit_rows):
    unknown = {"card": str(uuid4()), "outcome": "overridden", "outcomeTimestamp": _now()}
    assert tell(unknown).status_code == 404
    assert audit_rows()[-1]["outcome"] == "not_found"
    assert tell(unknown, {**unknown, "card": card["uuid"]}).status_code == 200
    assert len(rows()) == 1


WRONG_FEEDBACK = {
    "taken without a suggestion": {"outcome": "accepted"},
    "another outcome": {"outcome": "ignored"},
    "a time without a zone": {"outcomeTimestamp": "2026-11-27T10:00:00"},
    "a time in another zone": {"outcomeTimestamp": "2026-11-27T10:00:00+01:00"},
    "a time as a number": {"outcomeTimestamp": 1795770000},
    "a time as a number in words": {"outcomeTimestamp": "1795770000"},
    "a day": {"outcomeTimestamp": "2026-11-27"},
    "a time there is not": {"outcomeTimestamp": "2026-02-30T10:00:00Z"},
    "a reason that says nothing": {"overrideReason": {}},
    "no card": {"card": None},
}


@pytest.mark.parametrize("name", WRONG_FEEDBACK)
def test_feedback_of_another_shape_is_400_and_nothing_is_kept(name, card, tell, rows):
    entry = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": _now()} | WRONG_FEEDBACK[name]
    assert tell(entry).status_code == 400
    assert rows() == []


def test_feedback_needs_a_token_of_its_own(call, card):
    body = {"feedback": [{"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": _now()}]}
    assert call(body, rest="/feedback", token=None).status_code == 401


def test_another_clients_card_is_unknown_here(card, app):
    assert app.state.context.feedback.whose("urn:another", card["uuid"]) is None


# --- a real service --------------------------------------------------------------------------------------------------


def test_a_service_behind_an_address_of_its_own_names_it_and_lets_only_the_pages_it_was_told_of_call(
    workspace, tmp_path, client_of, request_of
):
    (tmp_path / "ehr.pem").write_bytes((workspace.keys / "jwt_public.pem").read_bytes())
    trust = tmp_path / "trust.toml"
    trust.write_text('[[issuer]]\niss = "https://ehr.example"\nkind = "client"\nkeys = "ehr.pem"\n', encoding="utf-8")
    base = "https://stratify.example"
    given = {"work": workspace.root, "trust": trust, "base_url": base, "origins": ("https://ehr.example",)}
    app = create_app(Settings(**given))
    client = client_of(app)
    token = _forged(workspace, base, iss="https://ehr.example")
    (card,) = client.send("POST", URL, json=request_of(), token=token).json()["cards"]
    assert card["source"]["url"] == f"{base}/ui/"
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, content-type"}
    for origin, allowed in (("https://ehr.example", True), ("https://evil.example", False)):
        preflight = client.send("OPTIONS", URL, headers={"Origin": origin, **asked})
        assert (preflight.headers.get("access-control-allow-origin") == origin) is allowed
        assert "access-control-allow-credentials" not in preflight.headers
        elsewhere = client.send("OPTIONS", "/v1/scores:lookup", headers={"Origin": origin, **asked})
        assert "access-control-allow-origin" not in elsewhere.headers
    app.state.context.audit.close()
