"""Nothing leaves before it is written down, and what is written names nobody."""

import logging
import sqlite3

import pytest

from service.audit import AUDIT, AuditLog, open_log
from service.chain import verify
from service.settings import Settings
from stratify.errors import NotPermittedError
from stratify.pseudonym import pseudonym, read_key


def _break(workspace, how):
    connection = sqlite3.connect(workspace.service_db)
    if how == "refuses":
        connection.execute("CREATE TRIGGER no BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END")
    elif how == "gone":
        connection.execute("DROP TABLE audit")
    connection.commit()
    connection.close()


def test_each_look_up_leaves_one_row_found_or_not(client, people, audit_rows, workspace):
    given = "0b9f4a6e-4f4e-4a53-8d0c-2d1f5a9b7c11"
    client.look_up(people.stored, headers={"X-Request-Id": given})
    client.look_up(people.outside)
    client.look_up("999999999999")
    rows = audit_rows()
    assert [row["outcome"] for row in rows] == ["found", "not_found", "not_found"]
    assert [row["seq"] for row in rows] == sorted({row["seq"] for row in rows})
    first = rows[0]
    assert first["user"] == "demo"
    assert first["role"] == "clinician,quality"
    assert (first["action"], first["purpose"]) == ("lookup", "TREAT")
    assert first["request_id"] == given
    assert first["at"].endswith("+00:00")
    assert first["model_version"] == workspace.champion.read_text().strip()
    key = read_key(workspace.keys / "pseudonym.key")
    assert first["pseudonym"] == pseudonym(key, people.system, people.stored)


@pytest.mark.parametrize("how", ["refuses", "gone"])
@pytest.mark.parametrize("who", ["stored", "outside"])
def test_no_row_no_answer(how, who, client, people, workspace):
    _break(workspace, how)
    response = client.look_up(getattr(people, who))
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    assert set(response.json()) == {"type", "title", "status", "detail", "request_id"}
    assert "audit log" in response.json()["detail"]


@pytest.mark.parametrize("how", ["refuses", "gone"])
def test_a_denial_that_cannot_be_written_is_no_answer_either(how, client, people, workspace, token):
    _break(workspace, how)
    assert client.look_up(people.stored, token=token("quality")).status_code == 503


UNREADABLE = {
    "a body of another shape": "UPDATE person SET body = '{}'",
    "a body that is no text": "UPDATE person SET body = x'ff00'",
    "features cut short": "UPDATE person SET features = x'00'",
    "what is told cut short": "UPDATE person SET told = substr(told, 1, 200)",
    "what is told is no text of ours": "UPDATE person SET told = 'MARK'",
    "no people": "DROP TABLE person",
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_row_that_cannot_be_read_is_written_down_as_failed_and_is_no_answer(
    name, client, people, workspace, audit_rows, caplog
):
    connection = sqlite3.connect(workspace.serving_db)
    with connection:
        connection.execute(UNREADABLE[name])
    connection.close()
    response = client.look_up(people.stored)
    assert response.status_code == 503
    (row,) = audit_rows()
    assert (row["action"], row["outcome"], row["purpose"]) == ("lookup", "failed", "TREAT")
    assert row["pseudonym"] == pseudonym(read_key(workspace.keys / "pseudonym.key"), people.system, people.stored)
    assert row["request_id"] == response.json()["request_id"]
    assert "MARK" not in response.text + caplog.text


def test_an_error_nobody_thought_of_is_written_down_as_failed_too(client, people, audit_rows, monkeypatch):
    def fails(served, name):
        raise RuntimeError(people.stored)

    monkeypatch.setattr("service.served.Served.find", fails)
    assert client.look_up(people.stored).status_code == 500
    assert [row["outcome"] for row in audit_rows()] == ["failed"]


def test_a_log_that_another_program_holds_is_no_answer_and_works_again_afterwards(
    workspace, people, token, client_of, audit_rows
):
    from service.app import create_app

    app = create_app(
        Settings(work=workspace.root, demo=True, service_db=f"sqlite:///{workspace.service_db}?timeout=0.05")
    )
    client = client_of(app, token("clinician"))
    other = sqlite3.connect(workspace.service_db, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert client.look_up(people.stored).status_code == 503
    other.execute("ROLLBACK")
    other.close()
    assert client.look_up(people.stored).status_code == 200
    assert len(audit_rows()) == 1
    app.state.context.audit.close()


def test_the_row_is_committed_before_the_answer_is_put_together(client, people, audit_rows, monkeypatch):
    seen = []

    def late(served, row):
        seen.extend(audit_rows())  # read from another connection: only what is committed shows
        raise RuntimeError(people.stored)

    monkeypatch.setattr("service.routes.at_once", late)
    assert client.look_up(people.stored).status_code == 500
    assert [row["outcome"] for row in seen] == ["found"]


def test_a_service_whose_log_cannot_be_written_does_not_start(workspace):
    AuditLog(f"sqlite:///{workspace.service_db}").close()
    read_only = f"sqlite:///file:{workspace.service_db}?mode=ro&uri=true"
    with pytest.raises(NotPermittedError, match="cannot be written"):
        AuditLog(read_only)


def test_neither_logs_nor_the_audit_log_nor_any_file_written_hold_an_identifier(client, people, workspace, caplog):
    caplog.set_level(logging.WARNING, "httpx")  # the test's own client logs what it asks for
    caplog.set_level(logging.DEBUG)
    marked = "MARK8861234567"
    client.look_up(people.stored)
    client.look_up(marked)
    client.look_up(marked, token=None)
    client.look_up(marked, headers={"X-Request-Id": marked})
    client.send("GET", f"/v1/patients/{marked}?cpr={marked}")
    client.send("POST", f"/v1/scores:lookup?cpr={marked}", json={"patient": marked, marked: marked})
    client.send(
        "POST", "/v1/scores:lookup", content=f'{{"{marked}'.encode(), headers={"Content-Type": "application/json"}
    )
    client.send("GET", "/v1/targets", token=marked)
    written = b"".join(path.read_bytes() for path in workspace.root.glob("service.db*"))
    for name in (marked, people.stored):
        assert name not in caplog.text
        assert name.encode() not in written
    assert "/v1/scores:lookup" in caplog.text


def test_a_failure_is_logged_by_its_kind_and_place_without_its_words(client, people, caplog, monkeypatch):
    def fails(served, row):
        raise RuntimeError(f"about {people.stored}")

    monkeypatch.setattr("service.routes.at_once", fails)
    response = client.look_up(people.stored)
    assert response.status_code == 500
    assert people.stored not in response.text + caplog.text
    assert "RuntimeError at test_audit_first.py" in caplog.text
    assert response.json()["request_id"] in caplog.text


def test_the_audit_file_is_its_owners_alone(app, workspace):
    assert workspace.service_db.stat().st_mode & 0o077 == 0


def test_look_ups_choices_and_denials_make_one_whole_chain(client, people, workspace, token):
    client.look_up(people.stored)
    client.look_up(people.stored, token=token("quality"))
    choice = {
        "patient": {"system": people.system, "value": people.stored},
        "purpose": "TREAT",
        "offer": "overbliksstatus",
        "decision": "accept",
    }
    assert client.send("POST", "/v1/choices", json=choice).status_code == 200
    client.look_up("999999999999")
    found = verify(open_log(None, workspace.service_db), AUDIT)
    assert [head.rows for head in found.heads.values()] == [4]
    assert found.unchained == 0
