"""Ways round the service that no other test tries: cookies, words that are SQL, a clinical system that never stops."""

import pytest

from service.app import create_app
from service.cds_hooks.routes import CLIENT_SHARE
from service.demo import demo_client_token
from service.settings import Settings

HOOK = "/cds-services/multimorbidity"
PATHS = ["/ui/", "/readyz", "/metrics", "/v1/targets", "/v1/models/current", "/fhir/metadata", "/cds-services", "/x"]


@pytest.mark.parametrize("path", PATHS)
def test_no_answer_sets_a_cookie_so_another_site_has_nothing_to_ride_on(path, client, token):
    for given in (None, token("clinician", "quality")):
        assert "set-cookie" not in client.send("GET", path, token=given).headers


def test_a_form_of_another_site_that_has_no_token_reaches_nothing(client, people, audit_rows):
    sent = {"subject:identifier": f"{people.system}|{people.stored}"}
    headers = {"Origin": "https://evil.example", "Cookie": "session=1"}
    answer = client.send("POST", "/fhir/RiskAssessment/_search", data=sent, headers=headers, token=None)
    assert answer.status_code == 401
    assert audit_rows() == []


@pytest.mark.parametrize("word", ["' OR 1=1 --", "dr'; DROP TABLE audit; --", '" OR ""="', "%", "_emo"])
def test_words_that_are_sql_are_words(word, client, people, token, audit_rows):
    client.look_up(people.stored)
    auditor = token("auditor")
    for criteria in ({"user": word}, {"issuer": word}, {"user": word, "by": "user"}):
        found = client.send("POST", "/v1/audit:search", json=criteria, token=auditor).json()
        assert (found["rows"], found["users"]) == ([], [])
    assert [row["action"] for row in audit_rows()] == ["lookup"] + ["audit_search"] * 3


def test_a_clinical_system_that_asks_without_end_waits(workspace, client_of):
    app = create_app(Settings(work=workspace.root, demo=True, per_minute=1))
    client, address = client_of(app), f"{app.state.context.settings.address}{HOOK}"
    statuses = []
    for _ in range(CLIENT_SHARE + 2):
        token = demo_client_token(workspace.keys, address)
        statuses.append(client.send("POST", HOOK, content=b"{}", token=token).status_code)
    assert statuses[0] == 400
    assert statuses[-1] == 429
    app.state.context.audit.close()
