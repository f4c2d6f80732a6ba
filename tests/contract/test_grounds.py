"""Who may open whom: a role is not enough. Each ground, each way round it, and what is written down of both."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from service.demo import CARE_TEAM
from service.optouts import read_opt_outs, take_over
from stratify.errors import UsageError
from stratify.pseudonym import pseudonym, read_key

SOON = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()
WHY = "Bevidstløs ved ankomst, ingen pårørende"


@pytest.fixture
def act(client, token, people):
    """Write an action down for a person, by somebody who treats them."""

    def tell(who=people.stored, token=None, team=CARE_TEAM, **changes):
        body = {"patient": {"system": people.system, "value": who}, "purpose": "TREAT", "text": "Ring", "due": SOON}
        token = token or client_token(who, team)
        return client.send("POST", "/v1/actions", json=body | changes, token=token)

    def client_token(who, team):
        return token("clinician", patient=who, care_team=team)

    return tell


@pytest.fixture
def listed(client, token):
    """List the open actions of a team."""

    def ask(team=CARE_TEAM, role="coordinator", **changes):
        given = token(role, patient=None, care_team=team)
        return client.send("POST", "/v1/actions:search", json={"about": "people"} | changes, token=given)

    return ask


def name_of(workspace, people, person):
    return pseudonym(read_key(workspace.keys / "pseudonym.key"), people.system, person)


# --- the token's care context ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["clinician", "coordinator"])
def test_a_token_opens_the_patient_it_names_and_no_other(role, client, token, people, workspace, audit_rows):
    mine = token(role, patient=people.stored)
    assert client.look_up(people.stored, token=mine).status_code == 200
    other, nobody = client.look_up(people.low, token=mine), client.look_up("999999999999", token=mine)
    assert other.status_code == nobody.status_code == 403
    assert {**other.json(), "request_id": ""} == {**nobody.json(), "request_id": ""}
    found, denied, _ = audit_rows()
    assert (found["outcome"], found["basis"], found["care_team"]) == ("found", "context", CARE_TEAM)
    assert (denied["outcome"], denied["basis"]) == ("denied", None)
    assert denied["pseudonym"] == name_of(workspace, people, people.low)


def test_the_same_number_in_another_system_is_another_patient(client, token, people):
    assert client.look_up(people.stored, system="urn:other", token=token("clinician")).status_code == 403


def test_a_clinician_whose_token_names_nobody_opens_nobody(client, token, people):
    for team in (CARE_TEAM, None):
        nobodys = token("clinician", patient=None, care_team=team)
        assert client.look_up(people.stored, token=nobodys).status_code == 403


def test_choices_and_actions_need_the_ground_too(client, token, people, audit_rows, act):
    other = token("clinician", patient=people.low)
    choice = {"patient": {"system": people.system, "value": people.stored}, "purpose": "TREAT"}
    choice |= {"offer": "overbliksstatus", "decision": "accept"}
    assert client.send("POST", "/v1/choices", json=choice, token=other).status_code == 403
    assert act(token=other).status_code == 403
    assert [row["outcome"] for row in audit_rows()] == ["denied", "denied"]


# --- the care team's open action -------------------------------------------------------------------------------------


def test_an_open_action_lets_the_care_team_open_the_person_until_it_is_done(client, token, people, act, audit_rows):
    team = token("coordinator", patient=None)
    assert client.look_up(people.stored, token=team).status_code == 403
    written = act().json()["action"]
    assert client.look_up(people.stored, token=team).status_code == 200
    assert audit_rows()[-1]["basis"] == "care_team"
    assert client.look_up(people.low, token=team).status_code == 403
    assert client.look_up(people.stored, token=token("clinician", patient=None, care_team="other")).status_code == 403
    assert client.look_up(people.stored, token=token("coordinator", patient=people.low)).status_code == 403
    act(id=written["id"], status="done")
    assert client.look_up(people.stored, token=team).status_code == 403


def test_another_issuer_may_use_the_same_word_for_another_team(client, token, people, act, app):
    act()
    assert app.state.context.actions.follows("urn:stratify:demo", CARE_TEAM, "no one") is False
    name = pseudonym(app.state.context.store.last.key, people.system, people.stored)
    assert app.state.context.actions.follows("urn:stratify:demo", CARE_TEAM, name)
    assert not app.state.context.actions.follows("urn:elsewhere", CARE_TEAM, name)


def test_the_list_holds_the_own_teams_people_and_each_leaves_a_row(act, listed, people, audit_rows, workspace):
    act(who=people.stored, text="Ring", due=SOON)
    act(who=people.low, text="Besøg", due=datetime.now(UTC).date().isoformat())
    act(who=people.computed, team="other")
    before = len(audit_rows())
    told = listed().json()
    assert [(one["patient"]["value"], one["text"]) for one in told["actions"]] == [
        (people.low, "Besøg"),
        (people.stored, "Ring"),
    ]
    assert not told["more"]
    rows = audit_rows()[before:]
    names = [name_of(workspace, people, person) for person in (people.low, people.stored)]
    assert [row["pseudonym"] for row in rows] == [None, *names]
    assert "about people" in rows[0]["criterion"]
    assert listed(team="nobody's").json() == {"actions": [], "more": False}


def test_a_list_can_be_narrowed_and_says_when_there_is_more(act, listed, people):
    first = act(who=people.stored).json()["action"]
    act(who=people.low, due=(datetime.now(UTC).date() + timedelta(days=60)).isoformat())
    short = listed(most=1).json()
    assert ([one["id"] for one in short["actions"]], short["more"]) == ([first["id"]], True)
    assert len(listed(due_before=SOON).json()["actions"]) == 0
    act(who=people.stored, id=first["id"], status="dropped")
    assert [one["status"] for one in listed(status=["dropped"]).json()["actions"]] == ["dropped"]
    assert len(listed().json()["actions"]) == 1


def test_a_list_needs_a_team(listed, audit_rows):
    assert listed(team=None).status_code == 403
    assert [row["outcome"] for row in audit_rows()] == ["denied"]


def test_an_action_is_changed_by_the_same_team_for_the_same_person_alone(act, people, listed):
    one = act().json()["action"]
    for refused in (act(id=one["id"], team="other"), act(id=one["id"], who=people.low)):
        assert refused.status_code == 409
        assert refused.json()["errors"][0]["pointer"] == "/id"
    assert act(id="0b9f4a6e-4f4e-4a53-8d0c-2d1f5a9b7c11").status_code == 409
    changed = act(id=one["id"], text="Ring igen", status="started").json()["action"]
    assert (changed["id"], changed["text"]) == (one["id"], "Ring igen")
    assert [told["text"] for told in listed().json()["actions"]] == ["Ring igen"]


WRONG = {
    "no such offer": ({"offer": "overbliksstatuss"}, "/offer", "did you mean 'overbliksstatus'"),
    "a person number in the text": ({"text": "Ring 010101-1234"}, "/text", "identifier"),
    "the person's own number in it": ({"text": "Ring 000000000001"}, "/text", "identifier"),
    "a day that has been": ({"due": "2020-01-01"}, "/due", "two years"),
    "a day far away": ({"due": "2099-01-01"}, "/due", "two years"),
    "a person and a target": ({"target": "hba1c_measured"}, "/patient", "one of the two"),
    "no purpose": ({"purpose": None}, "/purpose", "TREAT"),
    "no text": ({"text": ""}, "/text", "too_short"),
    "another status": ({"status": "forgotten"}, "/status", "literal"),
    "a status of targets": ({"status": "held"}, "/status", "about a target alone"),
    "a unit without a target": ({"unit": "Horsens"}, "/unit", "about a target alone"),
    "a goal without a target": ({"goal": 0.5}, "/goal", "about a target alone"),
    "no such id": ({"id": "7"}, "/id", "uuid"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_written_down_is_refused_with_the_reason(name, act, listed):
    changes, place, words = WRONG[name]
    refused = act(**changes)
    assert refused.status_code == (422 if words in ("too_short", "literal", "uuid") else 409)
    (problem,) = refused.json()["errors"]
    assert problem["pointer"] == place
    assert words in problem["problem"]
    assert listed().json()["actions"] == []


def test_an_action_for_somebody_nobody_knows_is_refused(act, people, audit_rows):
    assert act(who=people.outside).status_code == 409
    assert audit_rows()[-1]["outcome"] == "not_found"


def test_follow_up_of_a_target_is_the_quality_teams_and_names_nobody(client, token, audit_rows):
    quality = token("quality", patient=None)
    body = {"target": "hba1c_measured", "text": "Auditmøde med klinikkerne", "due": SOON}
    one = client.send("POST", "/v1/actions", json=body, token=quality).json()["action"]
    assert (one["target"], one["patient"], one["care_team"]) == ("hba1c_measured", None, None)
    assert (one["level"], one["unit"], one["goal"], one["baseline"]) == ("region", "", 0.9, 0.4025)
    assert audit_rows()[-1]["criterion"] == "target hba1c_measured"
    wrong = client.send("POST", "/v1/actions", json=body | {"target": "hba1c"}, token=quality)
    assert wrong.status_code == 409
    assert client.send("POST", "/v1/actions", json=body, token=token("clinician")).status_code == 403
    told = client.send("POST", "/v1/actions:search", json={"about": "targets"}, token=quality).json()
    assert [action["text"] for action in told["actions"]] == ["Auditmøde med klinikkerne"]


def test_no_identifier_lies_open_in_the_database(act, people, workspace):
    act()
    held = b"".join(path.read_bytes() for path in workspace.root.glob("service.db*"))
    assert people.stored.encode() not in held


def test_a_list_sealed_with_another_key_is_no_answer(act, listed, workspace):
    act()
    with sqlite3.connect(workspace.service_db) as connection:
        connection.execute("UPDATE action SET sealed = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'")
    connection.close()
    assert listed().status_code == 500


# --- what the person has closed, and emergencies ---------------------------------------------------------------------


@pytest.fixture
def opted_out(workspace, people, tmp_path):
    """Say no to look-ups for these people."""

    def say(*who):
        file = tmp_path / "no.txt"
        file.write_text("\n".join(who), encoding="utf-8")
        names = read_opt_outs(file, people.system, read_key(workspace.keys / "pseudonym.key"))
        return take_over(f"sqlite:///{workspace.service_db}", names, user="ops", fewer=True)

    return say


def test_whoever_said_no_is_answered_like_somebody_unknown(client, people, opted_out, audit_rows):
    unknown = client.look_up(people.outside)
    opted_out(people.stored)
    closed = client.look_up(people.stored)
    assert (closed.status_code, closed.content) == (200, unknown.content)
    assert audit_rows()[-1]["outcome"] == "blocked"


def test_the_file_is_taken_over_whole(client, people, opted_out):
    assert opted_out(people.stored, people.low) == (2, 0)
    assert opted_out(people.low) == (1, 2)
    assert client.look_up(people.stored).json()["status"] == "found"
    assert client.look_up(people.low).json()["status"] == "no_advice"


@pytest.mark.parametrize("text", ["1, 2", "1;2", "a b", "x" * 65, "a|b"])
def test_a_file_that_is_none_is_refused_whole(text, tmp_path):
    (tmp_path / "f").write_text(f"000000000001\n{text}\n", encoding="utf-8")
    with pytest.raises(UsageError, match="line 2") as refused:
        read_opt_outs(tmp_path / "f", "urn:x", b"k")
    assert text not in str(refused.value)


def test_in_an_emergency_a_clinician_opens_what_is_closed_and_the_reason_is_written_down(
    client, people, opted_out, token, audit_rows, caplog
):
    opted_out(people.stored)
    body = {"patient": {"system": people.system, "value": people.stored}, "purpose": "TREAT"}
    body["override"] = {"reason": WHY}
    nobodys = token("clinician", patient=None)
    assert client.send("POST", "/v1/scores:lookup", json=body, token=nobodys).json()["status"] == "found"
    row = audit_rows()[-1]
    assert (row["outcome"], row["basis"], row["reason"]) == ("found", "override", WHY)
    assert WHY not in caplog.text
    coordinator = token("coordinator", patient=people.stored)
    assert client.send("POST", "/v1/scores:lookup", json=body, token=coordinator).status_code == 403


TELLING = ("cpr 0101011234 her", "linje\nskift her")


@pytest.mark.parametrize("reason", ["", "haster", "x" * 301, None, 7, *TELLING])
def test_an_emergency_without_a_reason_that_can_be_kept_opens_nothing(reason, client, people, token, audit_rows):
    body = {"patient": {"system": people.system, "value": people.stored}, "purpose": "TREAT"}
    response = client.send(
        "POST", "/v1/scores:lookup", json=body | {"override": {"reason": reason}}, token=token("clinician")
    )
    assert response.status_code == (409 if reason in TELLING else 422)
    assert audit_rows() == []


def test_another_purpose_opens_nobody(client, people, token):
    body = {"patient": {"system": people.system, "value": people.stored}, "purpose": "QUALITY"}
    assert client.send("POST", "/v1/scores:lookup", json=body, token=token("clinician")).status_code == 422


# --- too often -------------------------------------------------------------------------------------------------------


def test_a_caller_who_asks_too_often_waits_and_others_do_not(workspace, client_of, token, people):
    from service.app import create_app
    from service.settings import Settings

    app = create_app(Settings(work=workspace.root, demo=True, per_minute=6))
    mine, others = client_of(app, token("clinician")), client_of(app, token("clinician", user="another"))
    assert mine.look_up(people.stored).status_code == 200
    tooften = mine.look_up(people.stored)
    assert tooften.status_code == 429
    assert 1 <= int(tooften.headers["retry-after"]) <= 10
    assert others.look_up(people.stored).status_code == 200
    app.state.context.audit.close()


def test_of_whoever_said_no_nothing_is_written_down_and_they_are_on_no_list(
    act, listed, client, people, workspace, audit_rows
):
    assert act(people.stored).status_code == act(people.low).status_code == 200
    name = name_of(workspace, people, people.stored)
    take_over(f"sqlite:///{workspace.service_db}", frozenset({name}), user="ops")
    names = [one["patient"]["value"] for one in listed().json()["actions"]]
    assert names == [people.low]
    choice = {"purpose": "TREAT", "offer": "medgennemgang", "decision": "accept"}
    for write in (
        act,
        lambda who: client.send(
            "POST",
            "/v1/choices",
            json=choice | {"patient": {"system": people.system, "value": who}},
            token=client.treats(who),
        ),
    ):
        closed, nobody = write(people.stored), write("999999999999")
        assert closed.status_code == nobody.status_code == 409
        assert {**closed.json(), "request_id": ""} == {**nobody.json(), "request_id": ""}
        assert [row["outcome"] for row in audit_rows()[-2:]] == ["blocked", "not_found"]
    assert [row["pseudonym"] for row in audit_rows() if row["action"] == "action_list"].count(name) == 0
    take_over(f"sqlite:///{workspace.service_db}", frozenset(), user="ops", fewer=True)
    assert len(listed().json()["actions"]) == 2, "a no that is taken back opens the team's work again"


def test_a_change_of_an_action_that_is_not_there_is_written_down(act, audit_rows):
    assert act(id="00000000-0000-4000-8000-000000000000").status_code == 409
    assert audit_rows()[-1]["outcome"] == "not_found"


def test_a_register_that_lost_most_of_its_people_opens_nobody_unless_told(opted_out, people, workspace, audit_rows):
    opted_out(people.stored, people.low)
    url = f"sqlite:///{workspace.service_db}"
    with pytest.raises(UsageError, match="2 of 2 people who had said no are not in this file"):
        take_over(url, frozenset(), user="ops")
    name = name_of(workspace, people, people.stored)
    assert take_over(url, frozenset({name}), user="ops") == (1, 2), "half of them may have changed their minds"
    assert take_over(url, frozenset(), user="ops", fewer=True) == (0, 1)
    rows = [(row["user"], row["action"], row["criterion"]) for row in audit_rows()]
    assert rows[-2:] == [("ops", "opt_out", "1 people"), ("ops", "opt_out", "0 people")]
