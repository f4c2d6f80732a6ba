"""What a person chose is written down, used at the next look-up, replaced by a later word, and over by its date."""

import json
import logging
import sqlite3
from datetime import UTC, date, datetime, timedelta

import pytest

from stratify.pseudonym import pseudonym, read_key

TODAY = datetime.now(UTC).date()
SOON = (TODAY + timedelta(days=90)).isoformat()
SYSTEM = "urn:stratify:synthetic"


@pytest.fixture
def choose(client, people):
    """Tell a choice of the stored person; the keys that are given replace those of a no to the overview."""

    def tell(who=people.stored, token=..., headers=None, **changes):
        body = {"patient": {"system": SYSTEM, "value": who}, "purpose": "TREAT"}
        body |= changes or {"offer": "overbliksstatus", "decision": "decline", "until": SOON, "reason": "Ikke nu"}
        token = client.treats(who) if token is ... else token
        return client.send("POST", "/v1/choices", json=body, token=token, headers=headers or {})

    return tell


@pytest.fixture
def offers(client, people):
    """Look the stored person up and return the offers by id."""
    return lambda: {offer["id"]: offer for offer in client.look_up(people.stored).json()["offers"]}


@pytest.fixture
def on(monkeypatch):
    """Let the calendar show another day."""
    return lambda day: monkeypatch.setattr(
        "service.choices.now", lambda: datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    )


@pytest.fixture
def facts(workspace, people):
    """Change the facts that the stored person was scored with."""

    def change(**changed):
        name = pseudonym(read_key(workspace.keys / "pseudonym.key"), SYSTEM, people.stored)
        connection = sqlite3.connect(workspace.serving_db)
        with connection:
            (body,) = connection.execute("SELECT body FROM person WHERE pseudonym = ?", [name]).fetchone()
            told = json.loads(body)
            told["facts"] |= changed
            connection.execute("UPDATE person SET body = ? WHERE pseudonym = ?", [json.dumps(told), name])
        connection.close()

    return change


@pytest.fixture
def rows(workspace):
    """Read the choices from outside."""

    def read():
        connection = sqlite3.connect(workspace.service_db)
        connection.row_factory = sqlite3.Row
        found = [dict(row) for row in connection.execute("SELECT * FROM choice ORDER BY seq")]
        connection.close()
        return found

    return read


# --- written down ----------------------------------------------------------------------------------------------------


def test_a_choice_is_written_down_and_what_is_in_force_comes_back(choose, rows, people, workspace):
    response = choose(headers={"X-Request-Id": "0b9f4a6e-4f4e-4a53-8d0c-2d1f5a9b7c11"})
    assert response.status_code == 200
    (told,) = response.json()["choices"]
    assert (told["offer"], told["preference"], told["decision"]) == ("overbliksstatus", None, "decline")
    assert (told["until"], told["reason"], told["user"], told["role"]) == (SOON, "Ikke nu", "demo", "clinician,quality")
    (row,) = rows()
    assert row["pseudonym"] == pseudonym(read_key(workspace.keys / "pseudonym.key"), SYSTEM, people.stored)
    assert row["said_on"] == told["said_on"]
    assert row["said_on"].endswith("+00:00")
    assert row["request_id"] == response.headers["x-request-id"] == "0b9f4a6e-4f4e-4a53-8d0c-2d1f5a9b7c11"


def test_a_no_needs_no_reason(choose, rows):
    assert choose(offer="overbliksstatus", decision="decline", until=SOON).status_code == 200
    assert rows()[0]["reason"] == ""


def test_choices_of_one_person_are_nobody_elses(choose, client, people):
    choose()
    assert client.look_up(people.low).json()["choices"] == []
    assert [one["offer"] for one in client.look_up(people.stored).json()["choices"]] == ["overbliksstatus"]


def test_choices_outlive_the_service(choose, client_of, settings, token, people):
    from service.app import create_app

    choose()
    again = create_app(settings)
    told = client_of(again, token("clinician")).look_up(people.stored).json()["choices"]
    again.state.context.audit.close()
    assert [one["decision"] for one in told] == ["decline"]


# --- used ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decision", ["decline", "later"])
def test_what_was_declined_or_put_off_is_not_brought_again_and_says_until_when(decision, choose, offers):
    assert offers()["overbliksstatus"]["answer"] == "bridge"
    choose(offer="overbliksstatus", decision=decision, until=SOON)
    told = offers()["overbliksstatus"]
    assert (told["answer"], told["reason"]) == ("not_suitable", "declined")
    assert SOON in told["why"]["da"]
    assert SOON in told["why"]["en"]


def test_a_yes_is_shown_with_its_day_and_the_offer_stays_as_it_was(choose, offers):
    before = offers()
    choose(offer="overbliksstatus", decision="accept")
    after = offers()
    assert after["overbliksstatus"] == before["overbliksstatus"] | {"accepted_on": TODAY.isoformat()}
    assert {key for key, offer in after.items() if offer["accepted_on"]} == {"overbliksstatus"}


def test_what_has_started_is_under_way_until_it_has_ended_and_takes_nothing_else_away(choose, offers):
    before = offers()
    choose(offer="overbliksstatus", decision="started")
    after = offers()
    assert (after["overbliksstatus"]["answer"], after["overbliksstatus"]["reason"]) == ("not_suitable", "in_use")
    assert {key: one["answer"] for key, one in after.items() if key != "overbliksstatus"} == {
        key: one["answer"] for key, one in before.items() if key != "overbliksstatus"
    }
    assert choose(offer="overbliksstatus", decision="ended").json() == {"choices": []}
    assert offers() == before


def test_a_wish_closes_what_can_be_given_in_no_other_way_until_it_is_taken_back(choose, offers, facts):
    facts(psychosis=False, danish=True, literacy=True, group_ok=True, transport=True)
    before = offers()["laer_at_tackle"]["answer"]
    choose(preference="no_groups", decision="wish")
    assert offers()["laer_at_tackle"]["reason"] == "preference"
    assert choose(preference="no_groups", decision="no_wish").json() == {"choices": []}
    assert offers()["laer_at_tackle"]["answer"] == before != "not_suitable"


def test_a_later_word_takes_the_place_of_an_earlier_one_and_the_earlier_is_kept(choose, offers, rows):
    choose()
    response = choose(offer="overbliksstatus", decision="accept")
    assert [one["decision"] for one in response.json()["choices"]] == ["accept"]
    assert offers()["overbliksstatus"]["answer"] == "bridge"
    assert [row["decision"] for row in rows()] == ["decline", "accept"]


def test_warnings_and_rights_stand_whatever_is_declined(choose, client, people, offers):
    before = client.look_up(people.stored).json()
    for key, offer in offers().items():
        if offer["kind"] == "offer":
            assert choose(offer=key, decision="decline", until=SOON).status_code == 200
    after = client.look_up(people.stored).json()
    assert [offer for offer in after["offers"] if offer["kind"] == "offer" and offer["answer"] != "not_suitable"] == []
    assert after["safety"] == before["safety"] != []
    assert after["rights"] == before["rights"] != []
    assert after["stratum"] == before["stratum"]
    assert after["risks"] == before["risks"]


# --- until -----------------------------------------------------------------------------------------------------------

LANDMARK = date(2025, 1, 1)  # the day the scores are of
SAID = {"before the scores": date(2024, 12, 1), "on their day": LANDMARK, "long after": date(2026, 3, 1)}


@pytest.mark.parametrize("name", SAID)
def test_a_no_holds_until_its_date_on_the_calendar_and_not_a_day_longer(name, choose, offers, on):
    said, until = SAID[name], SAID[name] + timedelta(days=200)
    on(said)
    choose(offer="overbliksstatus", decision="decline", until=until.isoformat())
    assert offers()["overbliksstatus"]["reason"] == "declined"
    on(until - timedelta(days=1))
    assert offers()["overbliksstatus"]["reason"] == "declined"
    assert until.isoformat() in offers()["overbliksstatus"]["why"]["da"]
    on(until)
    assert offers()["overbliksstatus"]["answer"] == "bridge"


def test_a_no_that_runs_out_before_the_day_of_the_scores_holds_until_then_all_the_same(choose, offers, on):
    on(LANDMARK - timedelta(days=30))
    choose(offer="overbliksstatus", decision="decline", until=(LANDMARK - timedelta(days=10)).isoformat())
    on(LANDMARK - timedelta(days=11))
    assert offers()["overbliksstatus"]["reason"] == "declined"
    on(LANDMARK - timedelta(days=10))
    assert offers()["overbliksstatus"]["answer"] == "bridge"


def test_what_has_run_out_is_no_longer_told_and_is_kept(choose, client, people, rows, on):
    on(TODAY - timedelta(days=300))
    choose(offer="overbliksstatus", decision="later", until=(TODAY - timedelta(days=1)).isoformat())
    on(TODAY)
    assert client.look_up(people.stored).json()["choices"] == []
    assert len(rows()) == 1


@pytest.mark.parametrize(
    "discharged, decision, brought",
    [(3, "decline", True), (3, "accept", True), (5, "decline", False), (6, "decline", False), (6, "accept", False)],
)
def test_a_word_said_before_a_new_discharge_was_of_the_one_before(
    discharged, decision, brought, choose, offers, facts, on
):
    facts(smi=True, days_since_psychiatric_discharge=discharged)
    on(LANDMARK - timedelta(days=5))
    choose(offer="safe_7d", decision=decision, **({"until": "2025-06-01"} if decision == "decline" else {}))
    told = offers()["safe_7d"]
    if decision == "decline":
        assert (told["reason"] != "declined") == brought
    else:
        assert (told["accepted_on"] is None) == brought


# --- refused ---------------------------------------------------------------------------------------------------------

OVERVIEW = {"offer": "overbliksstatus", "decision": "decline", "until": SOON}
REFUSED = {
    "a duty declined": ({"offer": "udskrivningsaftale", "decision": "decline", "until": SOON}, "/decision", "a duty"),
    "a duty put off": ({"offer": "udskrivningsaftale", "decision": "later", "until": SOON}, "/decision", "a duty"),
    "an offer misspelt": (OVERVIEW | {"offer": "overbliksstaus"}, "/offer", "did you mean 'overbliksstatus'?"),
    "an offer of nothing like it": (OVERVIEW | {"offer": "MARK"}, "/offer", "no such offer"),
    "the help to an offer": (OVERVIEW | {"offer": "brobygger"}, "/offer", "no offer by itself"),
    "a preference misspelt": ({"preference": "no_group", "decision": "wish"}, "/preference", "'no_groups'?"),
    "both": (OVERVIEW | {"preference": "no_groups"}, "/offer", "one of the two"),
    "neither": ({"decision": "accept"}, "/offer", "one of the two"),
    "a wish for an offer": ({"offer": "overbliksstatus", "decision": "wish"}, "/decision", "accept, decline, later"),
    "a preference declined": (
        {"preference": "no_groups", "decision": "decline", "until": SOON}, "/decision", "wish, no_wish",
    ),
    "a no without a date": ({"offer": "overbliksstatus", "decision": "decline"}, "/until", "name it"),
    "a later without a date": ({"offer": "overbliksstatus", "decision": "later"}, "/until", "name it"),
    "until today": (OVERVIEW | {"until": TODAY.isoformat()}, "/until", "after today"),
    "until the year after next and more": (
        OVERVIEW | {"until": (TODAY + timedelta(days=732)).isoformat()}, "/until", "two years",
    ),
    "a person number in the reason": (OVERVIEW | {"reason": "MARK 010101-0000 sagde"}, "/reason", "leave it out"),
    "the identifier in the reason": (OVERVIEW | {"reason": "MARK 000000000001"}, "/reason", "leave it out"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_chosen_is_refused_with_the_reason_and_leaves_nothing(name, choose, rows, audit_rows):
    changes, pointer, words = REFUSED[name]
    response = choose(**changes)
    assert response.status_code == 409
    assert response.headers["content-type"] == "application/problem+json"
    told = [one["problem"] for one in response.json()["errors"] if one["pointer"] == pointer]
    assert any(words in one for one in told)
    assert "MARK" not in response.text
    assert rows() == audit_rows() == []


def test_everything_that_does_not_fit_is_told_at_once(choose):
    errors = choose(offer="MARK", decision="decline", reason="0101010000").json()["errors"]
    assert [one["pointer"] for one in errors] == ["/offer", "/until", "/reason"]


MISSHAPEN = {
    "another decision": {**OVERVIEW, "decision": "MARK"},
    "a reason too long": {**OVERVIEW, "reason": "MARK" * 76},
    "a reason over two lines": {**OVERVIEW, "reason": "MARK\nMARK"},
    "a reason with an invisible character": {**OVERVIEW, "reason": "MARK\u200b"},
    "a day that is none": {**OVERVIEW, "until": "2027-02-30"},
    "a day written otherwise": {**OVERVIEW, "until": "20270201"},
    "a day as a number": {**OVERVIEW, "until": 1800000000},
    "a key too many": {**OVERVIEW, "MARK": 1},
}


@pytest.mark.parametrize("name", MISSHAPEN)
def test_a_misshapen_choice_is_refused_without_repeating_it(name, choose, rows, audit_rows):
    response = choose(**MISSHAPEN[name])
    assert response.status_code == (409 if "a reason" in name and "long" not in name else 422)
    assert response.json()["errors"]
    assert "MARK" not in response.text
    assert rows() == audit_rows() == []


def test_a_day_that_is_none_is_named_by_its_place(choose):
    errors = choose(**MISSHAPEN["a day that is none"]).json()["errors"]
    assert errors == [{"pointer": "/until", "problem": "date_expected: a day as YYYY-MM-DD"}]


def test_a_duty_can_be_said_yes_to(choose):
    assert choose(offer="udskrivningsaftale", decision="accept").status_code == 200


def test_nothing_is_written_of_somebody_nobody_knows(choose, rows, audit_rows, people):
    outside, unknown = choose(who=people.outside, **OVERVIEW), choose(who="999999999999", **OVERVIEW)
    assert outside.status_code == unknown.status_code == 409
    assert outside.json()["errors"] == unknown.json()["errors"]
    assert outside.json()["errors"][0]["pointer"] == "/patient"
    assert rows() == []
    assert [(row["action"], row["outcome"]) for row in audit_rows()] == [("choice", "not_found")] * 2


# --- who may, and what is written first ------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["quality", "data_scientist", "auditor", "ops"])
def test_only_clinicians_write_choices_down(role, choose, token, rows, audit_rows):
    assert choose(token=token(role)).status_code == 403
    assert rows() == []
    (row,) = audit_rows()
    assert (row["action"], row["outcome"], row["pseudonym"]) == ("choice", "denied", None)


def test_each_choice_leaves_one_row_in_the_audit_log(choose, audit_rows, rows):
    choose()
    (audit,), (choice,) = audit_rows(), rows()
    assert (audit["action"], audit["outcome"], audit["purpose"]) == ("choice", "stored", "TREAT")
    assert audit["pseudonym"] == choice["pseudonym"]
    assert (audit["request_id"], audit["user"], audit["role"]) == (
        choice["request_id"], choice["user"], choice["role"],
    )  # fmt: skip


def test_both_rows_are_committed_before_the_answer_is_put_together(choose, audit_rows, rows, monkeypatch, people):
    seen = []

    def late(said):
        seen.extend([len(audit_rows()), len(rows())])  # read from another connection: only what is committed shows
        raise RuntimeError(people.stored)

    monkeypatch.setattr("service.choices.Said.told", late)
    assert choose().status_code == 500
    assert seen == [1, 1]


BROKEN = {
    "the audit log refuses": "CREATE TRIGGER no BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END",
    "the audit log is gone": "DROP TABLE audit",
    "the choices refuse": "CREATE TRIGGER no BEFORE INSERT ON choice BEGIN SELECT RAISE(ABORT, 'no'); END",
    "the choices are gone": "DROP TABLE choice",
}


def _count(workspace, table):
    connection = sqlite3.connect(workspace.service_db)
    found = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = ?", [table]).fetchone()[0]
    count = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] if found else 0
    connection.close()
    return count


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_written_whole_is_not_written_and_not_answered(name, choose, workspace):
    connection = sqlite3.connect(workspace.service_db)
    with connection:
        connection.execute(BROKEN[name])
    connection.close()
    response = choose()
    assert response.status_code == 503
    assert "nothing is answered" in response.json()["detail"]
    tried = name == "the choices are gone"  # what holds is read first: that this failed is written down
    assert (_count(workspace, "audit"), _count(workspace, "choice")) == (int(tried), 0)


@pytest.mark.parametrize("how", ["DROP TABLE choice", "UPDATE choice SET until = 'MARK'"])
def test_a_look_up_whose_choices_cannot_be_read_is_no_answer(how, choose, client, people, workspace, audit_rows):
    choose()
    connection = sqlite3.connect(workspace.service_db)
    with connection:
        connection.execute(how)
    connection.close()
    response = client.look_up(people.stored)
    assert response.status_code == 503
    assert "MARK" not in response.text
    assert [row["outcome"] for row in audit_rows()] == ["stored", "failed"]


def test_a_service_that_cannot_read_choices_is_not_ready(app, client, workspace):
    assert client.send("GET", "/readyz", token=None).status_code == 200
    connection = sqlite3.connect(workspace.service_db)
    with connection:
        connection.execute("DROP TABLE choice")
    connection.close()
    app.state.context.readiness._next = 0.0
    assert client.send("GET", "/readyz", token=None).status_code == 503


def test_nothing_of_the_person_stands_in_logs_or_beside_their_own_words(choose, client, people, workspace, caplog):
    caplog.set_level(logging.WARNING, "httpx")  # the test's own client logs what it asks for
    caplog.set_level(logging.DEBUG)
    words = "Det var MARK, der sagde det"
    choose(offer="overbliksstatus", decision="decline", until=SOON, reason=words)
    choose(offer=words, decision="decline", until="x", reason=words)
    client.look_up(people.stored)
    connection = sqlite3.connect(workspace.service_db)
    with connection:
        connection.execute("DROP TABLE choice")
    connection.close()
    choose(offer="overbliksstatus", decision="decline", until=SOON, reason=words)
    written = b"".join(path.read_bytes() for path in workspace.root.glob("service.db*"))
    assert people.stored.encode() not in written
    for said in (people.stored, "MARK", pseudonym(read_key(workspace.keys / "pseudonym.key"), SYSTEM, people.stored)):
        assert said not in caplog.text
    assert "/v1/choices" in caplog.text
