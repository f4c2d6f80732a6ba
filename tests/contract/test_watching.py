"""Whoever watches over the log finds what was done, by whom and about whom; and a person gets their own log."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from typer import Typer
from typer.testing import CliRunner

from pipelines import cli_service
from service.audit import AUDIT
from service.audit_search import TOLD
from stratify.pseudonym import pseudonym, read_key

command_line = Typer()
cli_service.register(command_line)
WHY = "Bevidstløs ved ankomst, ingen pårørende"
TODAY = datetime.now(UTC).date()


@pytest.fixture
def search(client, token):
    """Search the log as auditor."""

    def ask(**criteria):
        return client.send("POST", "/v1/audit:search", json=criteria, token=token("auditor", patient=None, user="aud"))

    return ask


@pytest.fixture
def history(client, people, token):
    """Five look-ups by two clinicians: one denied, one an emergency, one of somebody unknown."""
    body = {"patient": {"system": people.system, "value": people.low}, "purpose": "TREAT"}
    client.look_up(people.stored, token=token("clinician", user="a"))
    client.look_up(people.low, token=token("clinician", user="a", patient=people.low))
    client.look_up(people.low, token=token("clinician", user="b"))
    client.send(
        "POST", "/v1/scores:lookup", json=body | {"override": {"reason": WHY}}, token=token("clinician", user="b")
    )
    client.look_up(people.outside, token=token("clinician", user="a", patient=people.outside))


def test_rows_are_found_by_every_criterion_and_all_together(search, history, people):
    def outcomes(**criteria):
        return [row["outcome"] for row in search(**criteria).json()["rows"] if row["action"] == "lookup"]

    assert outcomes() == ["found", "found", "denied", "found", "not_found"]
    assert outcomes(user="b") == ["denied", "found"]
    assert outcomes(issuer="urn:elsewhere") == []
    assert outcomes(patient={"system": people.system, "value": people.low}) == ["found", "denied", "found"]
    assert outcomes(basis="override") == ["found"]
    assert outcomes(outcomes=["denied", "not_found"]) == ["denied", "not_found"]
    assert outcomes(actions=["choice"]) == []
    assert outcomes(since=str(TODAY), until=str(TODAY), user="a", outcomes=["found"]) == ["found", "found"]
    assert outcomes(until=str(TODAY - timedelta(days=1))) == []
    assert outcomes(since=str(TODAY + timedelta(days=1))) == []


def test_an_emergency_stands_there_with_its_reason_and_no_row_names_a_person(search, history, people):
    answer = search(basis="override")
    (row,) = answer.json()["rows"]
    assert (row["reason"], row["user"], row["basis"]) == (WHY, "b", "override")
    assert people.low not in answer.text


def test_pages_follow_each_other_until_there_is_no_more(search, history):
    seen, after, more = [], 0, True
    while more:
        page = search(most=2, after=after, actions=["lookup"]).json()
        seen += [row["seq"] for row in page["rows"]]
        after, more = page["last"], page["more"]
    assert seen == sorted(set(seen))
    assert len(seen) == 5


def test_users_are_counted_whoever_saw_most_people_first(search, history):
    told = search(by="user", actions=["lookup"]).json()["users"]
    assert [(one["user"], one["rows"], one["people"], one["overrides"], one["denied"]) for one in told] == [
        ("a", 3, 3, 0, 0),
        ("b", 2, 1, 1, 1),
    ]


def test_a_search_is_written_down_with_what_was_searched_for(search, history, people, audit_rows, workspace):
    search(patient={"system": people.system, "value": people.low}, outcomes=["denied"], since=str(TODAY))
    row = audit_rows()[-1]
    assert (row["action"], row["user"], row["purpose"], row["outcome"]) == ("audit_search", "aud", "AUDIT", "found")
    assert row["criterion"] == f"outcome denied, from {TODAY}"
    assert row["pseudonym"] == pseudonym(read_key(workspace.keys / "pseudonym.key"), people.system, people.low)


@pytest.mark.parametrize("wrong", [{"actions": ["look"]}, {"most": 501}, {"since": "1/1"}, {"after": -1}, {"cpr": "1"}])
def test_criteria_that_are_none_are_refused(wrong, search):
    assert search(**wrong).status_code == 422


def test_a_log_that_cannot_be_read_is_no_answer(search, workspace, app):
    AUDIT.drop(app.state.context.audit.engine)
    assert search().status_code == 503


def test_every_column_but_the_chains_own_is_told():
    assert set(TOLD) == {column.name for column in AUDIT.columns} - {"chain", "nth", "digest"}


def test_a_person_gets_their_own_log_in_the_fields_of_minlog(history, people, workspace, tmp_path):
    (tmp_path / "person.txt").write_text(people.low + "\n", encoding="utf-8")
    done = CliRunner().invoke(
        command_line,
        ["audit", "minlog", str(tmp_path / "person.txt"), "--system", people.system, "--work", str(workspace.root)],
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["UserPersonIdentifier"] for row in rows] == ["a", "b", "b"]
    assert [row["Activity"] for row in rows] == [
        "Opslag af risiko og tilbud",
        "Opslag af risiko og tilbud (afvist)",
        "Opslag af risiko og tilbud",
    ]
    assert [row["Criticality"] for row in rows] == ["1", "1", "2"]
    assert rows[-1]["Reason"] == f"akut opslag (værdispring): {WHY}"
    assert {row["PersonIdentifier"] for row in rows} == {people.low}
    assert all(row["FromDateTime"] < row["ToDateTime"] and row["CorrelationId"] for row in rows)


@pytest.mark.parametrize("content", ["", "1\n2\n", "1, 2"])
def test_a_file_of_another_number_of_people_is_refused(content, tmp_path, workspace):
    (tmp_path / "person.txt").write_text(content, encoding="utf-8")
    done = CliRunner().invoke(
        command_line, ["audit", "minlog", str(tmp_path / "person.txt"), "--system", "x", "--work", str(workspace.root)]
    )
    assert done.exit_code != 0
    assert done.stdout == ""
