"""Follow-up of a unit in a target: what it is opened with, three at a time, closed by the rule, watched afterwards."""

import json
import sqlite3
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from service.actions import ACTION, Actions, TooManyOpenError
from service.audit import AuditLog, Entry
from service.callers import caller_of_claims
from service.holding import MOST_HIDDEN
from stratify.quality import series

SOON = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()
AARHUS = {"level": "hospital", "unit": "Aarhus"}
HORSENS = {"level": "hospital", "unit": "Horsens"}


@pytest.fixture
def act(client, token):
    """Write down follow-up of a target, by somebody who answers for quality in a unit."""

    def tell(token_unit=None, **body):
        given = token("quality", patient=None, unit=token_unit)
        wanted = {"target": "hba1c_measured", "text": "Ring dagen efter udskrivning", "due": SOON}
        return client.send("POST", "/v1/actions", json=wanted | body, token=given)

    return tell


@pytest.fixture
def listed(client, token):
    """List follow-up of targets."""
    return lambda **body: client.send(
        "POST", "/v1/actions:search", json={"about": "targets", **body}, token=token("quality")
    ).json()["actions"]


@pytest.fixture
def retell(workspace):
    """Change the series of a unit in what is served."""

    def change(line_of, unit="Aarhus", **facts):
        with sqlite3.connect(workspace.serving_db) as connection:
            (packed,) = connection.execute("SELECT told FROM target WHERE id = 'hba1c_measured'").fetchone()
            told = json.loads(zlib.decompress(packed))
            line = told["series"]["hospital"][unit]
            line_of(line)
            line["facts"] |= facts
            packed = zlib.compress(json.dumps(told).encode())
            connection.execute("UPDATE target SET told = ? WHERE id = 'hba1c_measured'", (packed,))
        connection.close()

    return change


def problems(answer, status=409):
    assert answer.status_code == status
    return {one["pointer"]: one["problem"] for one in answer.json()["errors"]}


def opened(act, **body):
    answer = act(**body)
    assert answer.status_code == 200, answer.text
    return answer.json()["action"]


# --- opening ---------------------------------------------------------------------------------------------------------


def test_it_is_opened_with_whose_series_why_the_goal_and_the_value_now(act, audit_rows):
    one = opened(act, **HORSENS, opened_because="concern", goal=0.85, owner_role="region_quality_lead")
    assert {name: one[name] for name in ("level", "unit", "opened_because", "goal", "owner_role", "status")} == {
        **HORSENS, "opened_because": "concern", "goal": 0.85, "owner_role": "region_quality_lead", "status": "planned",
    }  # fmt: skip
    assert (one["baseline"], one["baseline_period"]) == (one["now"], one["now_period"]) == (one["now"], "2024")
    assert (one["alarm"], one["overdue"], one["patient"]) == (None, False, None)
    assert audit_rows()[-1]["criterion"] == "target hba1c_measured, hospital Horsens"


def test_what_is_not_said_is_the_region_its_lead_an_own_wish_and_the_standard(act):
    one = opened(act)
    told = (one["level"], one["unit"], one["owner_role"], one["opened_because"], one["goal"])
    assert told == ("region", "", "region_quality_lead", "own_wish", 0.9)


WRONG = {
    "no such unit": ({"level": "hospital", "unit": "Horsen"}, "/unit", "did you mean 'Horsens'"),
    "a level it is not told for": ({"level": "psychiatric", "unit": "x"}, "/level", "this target is told for"),
    "a reason that is not there": (
        {**AARHUS, "opened_because": "concern"},
        "/opened_because",
        "own_wish would be right",
    ),
    "a share above 1": ({"goal": 90.0}, "/goal", "between 0 and 1"),
    "below nothing": ({"goal": -0.1}, "/goal", "between 0 and 1"),
    "held at once": ({"status": "held"}, "/status", "planned or started"),
    "no such target": ({"target": "hba1c"}, "/target", "no such target"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_opened_is_refused_with_the_reason(name, act, listed):
    body, place, words = WRONG[name]
    told = problems(act(**body))
    assert words in told[place]
    assert listed() == []


def test_a_target_without_a_standard_needs_a_goal(act, workspace):
    with sqlite3.connect(workspace.serving_db) as connection:
        (packed,) = connection.execute("SELECT told FROM target WHERE id = 'hba1c_measured'").fetchone()
        told = json.loads(zlib.decompress(packed)) | {"standard": None}
        packed = zlib.compress(json.dumps(told).encode())
        connection.execute("UPDATE target SET told = ? WHERE id = 'hba1c_measured'", (packed,))
    connection.close()
    assert "name the value" in problems(act())["/goal"]
    assert opened(act, goal=0.5)["goal"] == 0.5


def test_what_it_is_held_against_stays_as_it_was_opened(act):
    one = opened(act, **HORSENS, goal=0.85)
    told = problems(act(id=one["id"], **AARHUS, goal=0.1, opened_because="standard"))
    assert set(told) == {"/unit", "/goal", "/opened_because"}
    again = opened(act, id=one["id"], text="Ring to dage efter", status="started")
    assert [again[name] for name in ("unit", "goal", "baseline")] == [
        one[name] for name in ("unit", "goal", "baseline")
    ]
    assert "of this care team, or about this target" in problems(act(id=one["id"], target="rare"))["/id"]


# --- three at a time -------------------------------------------------------------------------------------------------


def test_a_fourth_of_one_unit_is_refused_and_told_which_are_open(act):
    first = [opened(act, **HORSENS, text=f"Forsøg {nth}") for nth in range(3)]
    refused = act(**HORSENS)
    assert refused.status_code == 409
    told = [one["problem"] for one in refused.json()["errors"]]
    assert "3 actions of this unit are open" in told[0]
    assert all(any(one["id"] in line and SOON in line for line in told) for one in first)
    assert act(**AARHUS).status_code == 200
    opened(act, id=first[0]["id"], status="dropped")
    assert act(**HORSENS).status_code == 200
    assert act(id=first[0]["id"], status="planned").status_code == 409  # taken up again it is a fourth, too
    assert act(id=first[1]["id"], status="started").status_code == 200  # which is open already


def test_of_many_workers_that_open_at_once_three_do(app, workspace):
    """What is counted and what is written are one transaction, whichever worker it is of."""
    logs = [AuditLog(f"sqlite:///{workspace.service_db}") for _ in range(2)]
    workers = [Actions(log) for log in logs]
    entry = Entry("dr", "quality", "action", None, None, "stored", "r" * 36, "abc")
    row = dict.fromkeys(ACTION.columns.keys()) | {
        "at": SOON, "issuer": "x", "target": "t", "text": "x", "due": SOON, "status": "planned", "user": "dr",
        "role": "quality", "request_id": "r", **HORSENS,
    }  # fmt: skip
    del row["seq"]

    def one(nth):
        try:
            workers[nth % 2].add(entry, row | {"action_id": str(nth)}, 3)
        except TooManyOpenError as error:
            return len(error.rows)
        return None

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(one, range(16)))
    for log in logs:
        log.close()
    assert sorted(told, key=str) == [3] * 13 + [None] * 3


# --- the closing rule ------------------------------------------------------------------------------------------------


def test_it_is_held_when_the_last_points_vary_at_random_around_the_goal(act, listed):
    one = opened(act, **AARHUS)
    held = opened(act, id=one["id"], status="held")
    assert (held["status"], held["alarm"], held["consent_to_name"]) == ("held", False, False)
    assert [told["status"] for told in listed()] == ["held"]  # with those that are open, to be watched


def test_a_goal_that_is_not_met_yet_is_told_with_the_points_there_are(act):
    one = opened(act, **AARHUS, goal=0.99)
    why = problems(act(id=one["id"], status="held"))["/status"]
    assert "not held yet" in why
    assert "of the last 12 points (there are 24)" in why
    assert "median" in why


def test_a_last_point_outside_is_no_held_result(act):
    one = opened(act, **HORSENS)
    assert "outside the limits" in problems(act(id=one["id"], status="held"))["/status"]


def test_points_that_are_not_random_are_no_held_result(act, retell):
    one = opened(act, **AARHUS)
    retell(lambda line: line["numerator"].__setitem__(slice(12, 24), [184] * 6 + [192] * 6))
    assert "a run is too long" in problems(act(id=one["id"], status="held"))["/status"]


def test_too_few_points_are_told_with_how_many_there_are(act, retell):
    one = opened(act, **AARHUS)

    def hide(line):
        for name in ("numerator", "denominator", "unknown", "value", "low", "high"):
            line[name][:15] = [None] * 15
        line["hidden"][:15] = [True] * 15

    retell(hide)
    why = problems(act(id=one["id"], status="held"))["/status"]
    assert why == "not held yet: there are 9 points that may be shown, 12 are needed"


def test_a_series_of_which_many_points_are_hidden_says_nothing(act, retell):
    one = opened(act, **AARHUS)

    def hide(line):
        for name in ("numerator", "denominator", "unknown", "value", "low", "high"):
            line[name][0:12:2] = [None] * 6
        line["hidden"][0:12:2] = [True] * 6

    retell(hide)
    why = problems(act(id=one["id"], status="held"))["/status"]
    assert "6 points may not be shown" in why
    assert MOST_HIDDEN == series.MOST_HIDDEN


def test_a_unit_that_may_not_be_shown_can_be_followed_up_and_never_be_held(act):
    one = opened(act, level="hospital", unit="Randers")
    assert (one["baseline"], one["baseline_period"]) == (None, None)
    assert "there are 0 points" in problems(act(id=one["id"], status="held"))["/status"]


def test_what_was_held_stays_held_or_is_lost_and_nothing_else_is_lost(act, listed):
    one = opened(act, **AARHUS)
    assert "only what was held" in problems(act(id=one["id"], status="lost"))["/status"]
    opened(act, id=one["id"], status="held")
    assert "stays held, or is lost" in problems(act(id=one["id"], status="started"))["/status"]
    assert opened(act, id=one["id"], status="lost")["status"] == "lost"
    assert listed() == []
    assert [told["status"] for told in listed(status=["lost"])] == ["lost"]


# --- watched ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def held(act):
    """An action of Aarhus that is held."""
    one = opened(act, **AARHUS)
    return opened(act, id=one["id"], status="held")


def test_a_held_result_has_an_alarm_when_its_unit_signals_and_it_is_not_stored(held, listed, retell, workspace):
    assert [one["alarm"] for one in listed()] == [False]
    retell(lambda line: None, variation="concern")
    assert [one["alarm"] for one in listed()] == [True]
    retell(lambda line: None, variation="common_cause")
    assert [one["alarm"] for one in listed()] == [False]
    retell(lambda line: line["numerator"].__setitem__(slice(12, 24), [160, 162, 158] * 4))
    assert [(one["status"], one["alarm"]) for one in listed()] == [("held", True)]


def test_where_nothing_is_told_any_more_there_is_no_alarm_and_no_all_clear(held, listed, retell, act, workspace):
    with sqlite3.connect(workspace.serving_db) as connection:
        connection.execute("DELETE FROM target WHERE id = 'hba1c_measured'")
    connection.close()
    (one,) = listed()
    assert (one["status"], one["alarm"], one["now"]) == ("held", None, None)


def test_what_is_open_and_past_its_day_is_overdue(act, listed, workspace):
    late, early = opened(act, text="Sent"), opened(act, text="I tide")
    with sqlite3.connect(workspace.service_db) as connection:
        connection.execute("UPDATE action SET due = '2025-01-01' WHERE action_id = ?", (late["id"],))
    connection.close()
    assert {one["id"]: one["overdue"] for one in listed()} == {late["id"]: True, early["id"]: False}
    done = opened(act, id=late["id"], status="done")
    assert done["overdue"] is False


def test_a_list_can_be_of_one_target_level_or_unit(act, listed):
    opened(act, **AARHUS)
    opened(act, **HORSENS)
    opened(act)
    assert len(listed(target="hba1c_measured")) == 3
    assert listed(target="rare") == []
    assert {one["unit"] for one in listed(level="hospital")} == {"Aarhus", "Horsens"}
    assert [one["unit"] for one in listed(level="hospital", unit="Horsens")] == ["Horsens"]


# --- examples --------------------------------------------------------------------------------------------------------


def shown(client, token, role="clinician"):
    answer = client.send("GET", "/v1/targets/hba1c_measured/examples", token=token(role))
    return answer.json()["examples"]


def test_what_held_is_an_example_by_its_level_alone_in_rounded_figures(held, client, token):
    (one,) = shown(client, token)
    assert (one["tried"], one["level"], one["unit"]) == ("Ring dagen efter udskrivning", "hospital", None)
    assert one["whose"] == {"da": "et hospital", "en": "a hospital"}
    assert (one["baseline"], one["now"], one["baseline_period"]) == (0.95, 0.95, "2024")
    assert "Aarhus" not in json.dumps(one)
    assert set(one) == {
        "level", "unit", "whose", "tried", "baseline", "baseline_period", "now", "now_period", "held_on",
    }  # fmt: skip


def test_a_unit_is_named_by_its_own_consent_alone(act, client, token, audit_rows):
    one = opened(act, **AARHUS)
    for unit in (None, "hospital|Horsens", "region|", "psychiatric|Aarhus"):
        told = problems(act(id=one["id"], status="held", consent_to_name=True, token_unit=unit))
        assert "its owner alone" in told["/consent_to_name"], unit
    assert "its owner alone" in problems(act(**AARHUS, consent_to_name=True))["/consent_to_name"]
    given = opened(act, id=one["id"], status="held", consent_to_name=True, token_unit="hospital|Aarhus")
    assert given["consent_to_name"]
    (example,) = shown(client, token)
    assert (example["unit"], example["whose"]["da"]) == ("Aarhus", "Aarhus")
    opened(act, id=one["id"], status="held")  # taken back, by whoever
    assert shown(client, token)[0]["unit"] is None


def test_a_text_that_names_the_unit_needs_its_consent(act):
    one = opened(act, **AARHUS)
    told = problems(act(id=one["id"], status="held", text="AARHUS ringer dagen efter"))
    assert "names the unit" in told["/text"]
    assert act(id=one["id"], status="held", text="AARHUS ringer", consent_to_name=True,
               token_unit="hospital|Aarhus").status_code == 200  # fmt: skip


def test_what_no_longer_holds_or_is_still_tried_is_no_example(act, held, client, token, retell):
    opened(act, **HORSENS)
    assert len(shown(client, token)) == 1
    retell(lambda line: None, variation="concern")
    assert shown(client, token) == []


def test_examples_are_for_every_known_role_and_of_targets_there_are(held, client, token):
    for role in ("coordinator", "quality", "data_scientist", "auditor", "ops"):
        assert len(shown(client, token, role)) == 1
    assert client.send("GET", "/v1/targets/hba1c/examples", token=token("ops")).status_code == 404
    assert client.send("GET", "/v1/targets/hba1c_measured/examples", token=token("stranger")).status_code == 403


def test_an_issuer_vouches_for_its_own_units_alone():
    claims = {"iss": "x", "sub": "dr", "role": "quality", "context": {"unit_id": "hospital|Aarhus"}}
    assert caller_of_claims(claims).care.unit == ("hospital", "Aarhus")
    assert caller_of_claims(claims, units=("hospital|Horsens",)).care.unit is None
    assert caller_of_claims(claims, units=("hospital|Aarhus",)).care.unit == ("hospital", "Aarhus")
    region = claims | {"context": {"unit_id": "region|"}}
    assert caller_of_claims(region).care.unit == ("region", "")
    for wrong in ("Aarhus", "|Aarhus", 7, ""):
        assert caller_of_claims(claims | {"context": {"unit_id": wrong}}) is None
