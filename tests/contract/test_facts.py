"""Facts that are told: who may tell them, what is refused, and that every interface answers by them alike."""

from datetime import UTC, datetime, timedelta

import pytest

from service.told_facts import HOLDS, holding, laid_over, tellable
from stratify.catalogue import load

HERE = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def tell(client, people, fact, value, who=None):
    """Tell a fact of a person."""
    patient = {"system": people.system, "value": who or people.stored}
    body = {"patient": patient, "purpose": "TREAT", "fact": fact, "value": value}
    return client.send("POST", "/v1/facts", json=body, token=client.treats(who or people.stored))


def offers(answer):
    """Return offers by id."""
    return {one["id"]: one for one in answer.json()["offers"]}


def test_a_fact_is_written_with_its_row_in_the_log_and_told_back(client, people, audit_rows):
    answer = tell(client, people, "transport", False)
    assert answer.status_code == 200
    (fact,) = answer.json()["facts"]
    assert (fact["fact"], fact["value"], fact["user"], fact["role"]) == (
        "transport",
        False,
        "demo",
        "clinician,quality",
    )
    row = audit_rows()[-1]
    assert (row["action"], row["outcome"], row["basis"]) == ("fact", "stored", "context")


def test_what_was_told_changes_the_answer_and_null_takes_it_back(client, people):
    before = offers(client.look_up(people.stored))
    asked = next(one for one in before.values() if "transport" in one["ask"])
    tell(client, people, "transport", True)
    after = offers(client.look_up(people.stored))
    assert all("transport" not in one["ask"] for one in after.values())
    tell(client, people, "transport", None)
    assert offers(client.look_up(people.stored))[asked["id"]] == asked


def test_a_fact_that_is_told_outweighs_a_registers_hint(client, people):
    def why(answer):
        return str(answer.json()["stratum"]["resources"]["why"])

    assert "bor alene: ja, ifølge et register" in why(client.look_up(people.stored))
    tell(client, people, "lives_alone", False)
    assert "ifølge et register" not in why(client.look_up(people.stored))


@pytest.mark.parametrize("who", ["stored", "computed"])
def test_every_interface_answers_by_it_alike(client, people, who):
    one = getattr(people, who)
    mine, other = client.treats(one), f"patient.identifier={people.system}|{one}"
    tell(client, people, "transport", False, one)
    by_api = offers(client.look_up(one))
    drafts = client.send("POST", "/fhir/ServiceRequest/_search", token=mine, content=other, headers=FORM).json()
    codes = {entry["resource"]["code"]["coding"][0]["code"] for entry in drafts["entry"]}
    assert codes <= set(by_api)
    page = client.send("GET", client.send("GET", "/ui/patient", token=mine).headers["location"], token=mine).text
    assert "Kan selv komme frem</b>: Nej." in page
    assert all(f'id="offer-{key}"' in page for key in by_api)


def test_the_risks_and_their_reasons_stay_as_they_are(client, people):
    before = client.look_up(people.stored).json()
    tell(client, people, "transport", False)
    after = client.look_up(people.stored).json()
    assert (after["risks"], after["reasons"]) == (before["risks"], before["reasons"])


@pytest.mark.parametrize(
    "fact, value, place",
    [
        ("no_such_fact", True, "/fact"),
        ("age", 50, "/fact"),  # registers know it
        ("risk_death_365d", 0.1, "/fact"),
        ("conditions", True, "/fact"),  # written in the record
        ("transport", "yes", "/value"),
        ("smoker", "now and then", "/value"),
        ("mrc", -1, "/value"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place_and_never_repeated(client, people, audit_rows, fact, value, place):
    answer = tell(client, people, fact, value)
    assert answer.status_code == 409
    assert [one["pointer"] for one in answer.json()["errors"]] == [place]
    assert "now and then" not in answer.text
    assert "fact" not in [row["action"] for row in audit_rows()]


def test_nobody_is_told_of_who_is_not_known(client, people, audit_rows):
    answer = tell(client, people, "transport", True, people.outside)
    assert answer.status_code == 409
    assert audit_rows()[-1]["outcome"] == "not_found"


def test_two_clicks_on_the_page_are_the_same(client, people, audit_rows):
    mine = client.treats(people.stored)
    address = client.send("GET", "/ui/patient", token=mine).headers["location"]
    sent = {"content": b"fact=transport&value=no&at=ask", "headers": HERE, "token": mine}
    answer = client.send("POST", f"{address}/facts", **sent)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{address}#ask")
    assert audit_rows()[-1]["action"] == "fact"
    for content in (b"fact=transport&value=perhaps", b"fact=mrc&value=much", b"fact=age&value=5"):
        assert client.send("POST", f"{address}/facts", **{**sent, "content": content}).status_code == 422
    number = client.send("POST", f"{address}/facts", **{**sent, "content": b"fact=mrc&value=3,5"})
    assert number.status_code == 303


def test_the_last_word_counts_and_no_longer_than_a_year():
    now = datetime.now(UTC)
    rows = [
        {"fact": "transport", "value": "true", "said_on": (now - HOLDS).isoformat(), "user": "a", "role": "clinician"},
        {"fact": "phone", "value": "false", "said_on": now.isoformat(), "user": "a", "role": "clinician"},
        {"fact": "danish", "value": "true", "said_on": now.isoformat(), "user": "a", "role": "clinician"},
        {"fact": "danish", "value": None, "said_on": now.isoformat(), "user": "b", "role": "clinician"},
    ]
    assert [(one.fact, one.value) for one in holding(rows, now.date())] == [("phone", False)]
    assert len(holding(rows[:1], now.date() - timedelta(days=1))) == 1


def test_a_fact_the_catalogue_no_longer_asks_is_left_out():
    rows = [{"fact": "gone", "value": "true", "said_on": "2026-01-01T00:00:00+00:00", "user": "a", "role": "c"}]
    told = holding(rows, datetime(2026, 2, 1, tzinfo=UTC).date())
    assert laid_over({"age": 50.0}, told, load()) == {"age": 50.0}


def test_what_a_person_or_a_clinician_knows_can_be_told_and_nothing_else():
    kinds = tellable(load())
    assert {"transport", "psychosis", "smoker", "would_be_admitted"} <= set(kinds)
    assert not {"age", "risk_acute_admission_365d", "conditions", "days_since_hba1c"} & set(kinds)
