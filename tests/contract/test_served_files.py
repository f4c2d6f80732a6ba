"""What is served must verify and fit together, at the start and whenever it is replaced."""

import json
import sqlite3

import pytest

from service.app import create_app
from service.settings import Settings
from service.store import Store, open_served
from stratify.errors import BundleError, NotPermittedError


def _change(workspace, statement, *values):
    connection = sqlite3.connect(workspace.serving_db)
    with connection:
        connection.execute(statement, values)
    connection.close()


def _bundle(workspace):
    return workspace.bundles / workspace.champion.read_text().strip()


def _tamper_model(workspace):
    path = _bundle(workspace) / "death_365d" / "model.txt"
    path.write_bytes(path.read_bytes().replace(b"num_leaves=4", b"num_leaves=5", 1))


def _tamper_manifest(workspace):
    path = _bundle(workspace) / "manifest.json"
    path.write_text(path.read_text().replace("adults", "adultz"))


def _drop(table):
    return lambda workspace: _change(workspace, f"DROP TABLE {table}")


def _meta(key, value):
    return lambda workspace: _change(workspace, "UPDATE meta SET value = ? WHERE key = ?", value, key)


BROKEN = {
    "a model changed": (_tamper_model, "SHA-256"),
    "the manifest changed": (_tamper_manifest, "signature"),
    "a file too many": (lambda w: (_bundle(w) / "extra.py").write_text("1"), "stands in no manifest"),
    "no champion": (lambda w: w.champion.unlink(), "promote"),
    "no scored population": (lambda w: w.serving_db.unlink(), "stratify score"),
    "not a database": (lambda w: w.serving_db.write_bytes(b"x" * 4096), "not a readable database"),
    "another format": (_meta("format", "2"), "format 1, got 2"),
    "scored with another bundle": (_meta("bundle_version", "000000000000"), "score again"),
    "made with another key": (_meta("pseudonym_key_id", "0"), "another pseudonym key"),
    "meta that does not say all": (lambda w: _change(w, "DELETE FROM meta WHERE key = 'covers_to'"), "covers_to"),
    "no people table": (_drop("person"), "table person"),
    "no targets table": (_drop("target"), "table target"),
    "a person without risks": (lambda w: _change(w, "UPDATE person SET body = '{}'"), "risks: missing"),
    "a risk above one": (
        lambda w: _change(w, "UPDATE person SET body = json_replace(body, '$.risks[0].risk', 1.7)"),
        "less_than_equal",
    ),
    "a risk of a model that is not there": (
        lambda w: _change(w, "UPDATE person SET body = json_replace(body, '$.risks[0].outcome', 'other')"),
        "no model for",
    ),
    "features cut short": (lambda w: _change(w, "UPDATE person SET features = x'00'"), "24 bytes"),
    "a suppressed count that shows": (
        lambda w: _change(w, "UPDATE target SET body = json_replace(body, '$.suppressed', json('true'))"),
        "target does not have",
    ),
    "an interval upside down": (
        lambda w: _change(w, "UPDATE target SET body = json_replace(body, '$.interval', json('[0.9, 0.1]'))"),
        "interval: value_error",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_service_whose_files_do_not_fit_does_not_start(name, workspace, settings):
    spoil, told = BROKEN[name]
    spoil(workspace)
    with pytest.raises(BundleError, match=told) as refused:
        create_app(settings)
    assert refused.value.exit_code == 13
    assert "0.2" not in str(refused.value)  # a stored risk


def test_a_pseudonym_key_that_others_can_read_is_refused(workspace, settings):
    (workspace.keys / "pseudonym.key").chmod(0o644)
    with pytest.raises(NotPermittedError, match="chmod 600"):
        create_app(settings)


def test_the_scored_population_is_opened_for_reading_alone(workspace):
    served = open_served(workspace)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        served._connection.execute("DELETE FROM person")


def test_the_demo_serves_made_up_people_alone(workspace, settings, rescore):
    rescore(workspace.champion.read_text().strip(), source="danish")
    with pytest.raises(NotPermittedError, match="made-up people"):
        create_app(settings)
    real = Settings(
        work=workspace.root, jwt_public_key=_own_key(workspace), issuer="https://idp.example", audience="stratify"
    )
    app = create_app(real)
    app.state.context.audit.close()


def _own_key(workspace):
    path = workspace.root / "idp.pem"
    path.write_bytes((workspace.keys / "jwt_public.pem").read_bytes())
    return path


def test_outside_the_demo_a_demo_token_opens_nothing_and_no_description_is_shown(workspace, client_of, token, people):
    app = create_app(
        Settings(work=workspace.root, jwt_public_key=_own_key(workspace), issuer="https://idp.example", audience="x")
    )
    client = client_of(app, token("clinician"))
    assert client.look_up(people.stored).status_code == 401
    assert client.send("GET", "/docs").status_code == 404
    assert client.send("GET", "/openapi.json").status_code == 404
    app.state.context.audit.close()


@pytest.fixture
def at_once(monkeypatch):
    """Look for newer files at every request."""
    monkeypatch.setattr("service.store.LOOK_EVERY", 0.0)


def test_a_new_bundle_takes_over_whole_once_the_population_is_scored_with_it(
    at_once, client, people, promote, rescore, caplog
):
    before = client.look_up(people.stored).json()["model"]["bundle_version"]
    new = promote(0.5)
    assert new != before
    between = client.look_up(people.stored)
    assert between.json()["model"]["bundle_version"] == before
    assert "score again" in caplog.text
    assert client.send("GET", "/readyz").json()["status"] == "degraded"
    rescore(new)
    after = client.look_up(people.computed)
    assert after.json()["model"]["bundle_version"] == after.headers["x-model-version"] == new
    assert client.send("GET", "/readyz").json() == {"status": "ready", "notes": []}


def test_a_bundle_that_was_tampered_with_never_takes_over(at_once, client, people, promote, workspace, audit_rows):
    before = client.look_up(people.stored).json()["model"]["bundle_version"]
    promote(0.5)
    _tamper_model(workspace)
    assert client.look_up(people.stored).json()["model"]["bundle_version"] == before
    assert {row["model_version"] for row in audit_rows()} == {before}


def test_files_that_did_not_change_are_not_loaded_again(workspace):
    from service.store import load_champion

    loads = []
    store = Store(workspace, lambda w: loads.append(1) or load_champion(w))
    store.refresh()
    store.refresh()
    assert len(loads) == 1


def test_a_healthy_service_is_alive_and_ready_without_a_token(client):
    assert client.send("GET", "/livez", token=None).json() == {"status": "alive"}
    assert client.send("GET", "/readyz", token=None).json() == {"status": "ready", "notes": []}


def test_a_service_that_cannot_answer_says_why_and_stays_alive(client, workspace, people):
    connection = sqlite3.connect(workspace.service_db)
    connection.execute("DROP TABLE audit")
    connection.close()
    _change(workspace, "DROP TABLE person")
    response = client.send("GET", "/readyz", token=None)
    assert response.status_code == 503
    assert len(response.json()["reasons"]) == 2
    assert client.look_up(people.stored).status_code == 503
    assert client.send("GET", "/livez").status_code == 200


def test_a_row_that_breaks_under_way_is_no_answer_and_no_word_of_it_is_told(client, workspace, people, caplog):
    broken = json.dumps({"risks": "MARK0101010000"})
    _change(workspace, "UPDATE person SET body = ?", broken)
    response = client.look_up(people.stored)
    assert response.status_code == 503
    assert "MARK" not in response.text + caplog.text
