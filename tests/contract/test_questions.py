"""The three questions to people: the catalogue's words, and answers that are written down as choices are."""

import sqlite3

import pytest

from service.questions import QUESTIONS
from stratify.catalogue import load
from stratify.pseudonym import pseudonym, read_key

ANSWERED = {"purpose": "TREAT", "question": "shared_decision", "value": 5, "at": "choice"}


@pytest.fixture
def answer(client, token, people):
    """Write an answer down, by somebody who treats the person."""

    def tell(who=people.stored, given=None, **body):
        patient = {"system": people.system, "value": who}
        given = given or token("clinician", patient=who)
        return client.send("POST", "/v1/answers", json={"patient": patient, **ANSWERED, **body}, token=given)

    return tell


def test_the_words_are_those_of_the_catalogues_targets():
    targets = {key: one for key, one in load().targets.items() if one.measure == "answered"}
    assert {one.id for one in QUESTIONS} == set(targets)
    for one in QUESTIONS:
        target = targets[one.id]
        assert (target.parameters.question, target.parameters.at) == (one.id, one.at)
        assert target.numerator.da.endswith(f": {one.words.da}")
        assert target.numerator.en.endswith(f": {one.words.en}")
        assert one.words.en in target.source


def test_any_known_role_reads_them(client, token):
    for role in ("clinician", "quality", "ops"):
        told = client.send("GET", "/v1/questions", token=token(role)).json()["questions"]
        assert [one["id"] for one in told] == ["shared_decision", "felt_safe", "burden"]
    assert client.send("GET", "/v1/questions", token=token("stranger")).status_code == 403


def test_an_answer_is_written_down_by_pseudonym_with_its_row_in_the_log(answer, workspace, people, audit_rows):
    told = answer().json()
    assert (told["question"], told["value"], told["at"]) == ("shared_decision", 5, "choice")
    answer(question="burden", at="later", value=2.0)
    with sqlite3.connect(workspace.service_db) as connection:
        rows = connection.execute("SELECT pseudonym, question, value, at, user FROM answer ORDER BY seq").fetchall()
    connection.close()
    name = pseudonym(read_key(workspace.keys / "pseudonym.key"), people.system, people.stored)
    assert rows == [(name, "shared_decision", 5, "choice", "demo"), (name, "burden", 2, "later", "demo")]
    first, _ = audit_rows()
    assert (first["action"], first["outcome"], first["purpose"], first["basis"]) == (
        "answer", "stored", "TREAT", "context",
    )  # fmt: skip


@pytest.mark.parametrize(
    "body, status, place",
    [
        ({"value": 0}, 422, "/value"), ({"value": 6}, 422, "/value"), ({"value": "5"}, 422, "/value"),
        ({"question": "pain"}, 422, "/question"), ({"purpose": "AUDIT"}, 422, "/purpose"),
        ({"at": "later"}, 409, "/at"), ({"question": "felt_safe"}, 409, "/at"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused_with_the_place(body, status, place, answer, audit_rows):
    refused = answer(**body)
    assert refused.status_code == status
    assert [one["pointer"] for one in refused.json()["errors"]] == [place]
    assert audit_rows() == []


def test_it_is_for_whoever_treats_the_person_and_for_people_who_are_known(answer, token, people, audit_rows):
    assert answer(given=token("clinician", patient=people.low)).status_code == 403
    assert audit_rows()[-1]["outcome"] == "denied"
    assert answer(who=people.outside).status_code == 409
    assert audit_rows()[-1]["outcome"] == "not_found"
    assert answer(given=token("quality", patient=people.stored)).status_code == 403
