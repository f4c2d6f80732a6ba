"""A person's strengths and goals: written and taken back, on the plan and in drafts, and in no log and no address."""

from datetime import UTC, datetime

import pytest

from service.own_words import MOST, spoken_of

HERE = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
GOAL = "Jeg vil ud at sejle igen"


def say(client, people, text=GOAL, kind="goal", **also):
    """Write a person's own words."""
    patient = {"system": people.system, "value": people.stored}
    body = {"patient": patient, "purpose": "TREAT", "kind": kind, "text": text, **also}
    return client.send("POST", "/v1/words", json=body, token=client.treats(people.stored))


@pytest.fixture
def page(client, token, people):
    """Return a page of the person; post to it with fields."""
    mine = token("clinician", patient=people.stored)
    address = client.send("GET", "/ui/patient", token=mine).headers["location"]

    def at(place="", **fields):
        if not fields:
            return client.send("GET", address + place, token=mine)
        content = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
        return client.send("POST", address + place, token=mine, headers=HERE, content=content)

    return at


def test_words_are_written_with_their_row_in_the_log_which_holds_none_of_them(client, people, audit_rows):
    (told,) = say(client, people).json()["words"]
    assert (told["kind"], told["text"], told["user"]) == ("goal", GOAL, "demo")
    row = audit_rows()[-1]
    assert (row["action"], row["outcome"], row["basis"]) == ("own_words", "stored", "context")
    assert GOAL not in str(audit_rows())


def test_words_are_taken_back(client, people):
    say(client, people)
    say(client, people, "Jeg laver mad selv", "strength")
    (left,) = say(client, people, held=False).json()["words"]
    assert left["kind"] == "strength"


@pytest.mark.parametrize(
    "text", ["Ring 010190-1234", "se 0101901234", "", "   ", "x" * 201, "to\nlinjer", "skjult\u200b"]
)
def test_numbers_of_people_hidden_characters_and_what_is_too_long_are_refused(client, people, audit_rows, text):
    answer = say(client, people, text)
    assert answer.status_code in (409, 422)
    assert not text.strip() or text not in answer.text
    assert "own_words" not in [row["action"] for row in audit_rows()]


def test_they_stand_on_the_page_the_plan_and_in_drafts_and_change_no_offer(client, people, page):
    before = client.look_up(people.stored).json()
    assert page("/words", kind="goal", text=GOAL.replace(" ", "+")).headers["location"].endswith("#own")
    page("/words", kind="strength", text="Jeg+laver+mad+selv")
    assert f"Personens eget mål:\n- {GOAL}" in page().text
    plan = page("/plan").text
    assert plan.index("Det betyder noget for mig") < plan.index(f"{GOAL}.")
    assert plan.index("Det kan jeg selv") < plan.index("Jeg laver mad selv.")
    assert plan.count("Det betyder noget for mig") == 1
    after = client.look_up(people.stored).json()
    assert after == before
    page("/words", kind="goal", text=GOAL.replace(" ", "+"), held="no")
    assert GOAL not in page().text
    assert "Personens eget mål:\n- ________" in page().text


def test_what_does_not_fit_is_told_beside_the_form_which_keeps_it(page):
    answer = page("/words", kind="goal", text="Ring+010190-1234")
    assert answer.status_code == 422
    assert "uden navne og numre på personer" in answer.text
    assert 'value="Ring 010190-1234"' in answer.text


def test_nothing_of_them_is_logged(client, people, page, caplog):
    with caplog.at_level(0):
        page("/words", kind="goal", text=GOAL.replace(" ", "+"))
    assert "sejle" not in caplog.text


def test_the_last_row_of_a_text_counts_and_of_many_the_latest():
    now = datetime.now(UTC).isoformat()
    row = {"kind": "goal", "said_on": now, "user": "a", "role": "clinician"}
    rows = [{**row, "text": str(nth), "held": True} for nth in range(MOST + 2)]
    assert [one.text for one in spoken_of(rows)] == [str(nth) for nth in range(2, MOST + 2)]
    taken = [*rows, {**row, "text": "5", "held": False}, {**row, "text": "0", "held": True}]
    assert [one.text for one in spoken_of(taken)][-1] == "0"
    assert "5" not in [one.text for one in spoken_of(taken)]
