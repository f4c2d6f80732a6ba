"""The pages of the quality targets: for quality alone, few people on none, actions by the rules of the interface."""

import csv
import io
import re
import sqlite3
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from service.app import create_app
from service.guard import PAGES
from service.settings import Settings
from service.ui.quality import quality_pages
from service.ui.quality_cases import quality_cases_pages
from service.ui.quality_write import quality_write
from stratify.pseudonym import key_id, pseudonym, read_key
from stratify.sealed import seal

KIND = {"Content-Type": "application/x-www-form-urlencoded"}
HERE = {"Sec-Fetch-Site": "same-origin", **KIND}
SOON = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()
TARGET = "/ui/quality/hba1c_measured"
OWN = "hospital|Horsens"
HIDDEN = {"da": "for få til at vise", "en": "too few to show"}


@pytest.fixture
def quality(token):
    """The token of somebody who answers for quality in Horsens."""
    return token("quality", patient=None, unit=OWN)


@pytest.fixture
def see(client, quality):
    """Open a page as them."""
    return lambda path, **kwargs: client.send("GET", path, **{"token": quality, **kwargs})


@pytest.fixture
def post(client, quality):
    """Send a form as them."""

    def send(path, headers=HERE, given=quality, **fields):
        return client.send("POST", path, token=given, headers=headers, content=urlencode(fields).encode())

    return send


@pytest.fixture
def opened(post, see):
    """Open an action by the form, and return its number."""

    def open_one(where="hospital|Aarhus", text="Ring dagen efter", due=SOON, **fields):
        answer = post(f"{TARGET}/actions", where=where, text=text, due=due, **fields)
        assert answer.status_code == 303, answer.text
        return re.findall(r'<li id="a-([0-9a-f-]{36})"', see(TARGET).text)[-1]

    return open_one


def alert(answer):
    """Return what stands beside the form that was refused."""
    (found,) = re.findall(r'<div class="notice warn" role="alert">(.*?)</div>', answer.text, re.S)
    return found


# --- who, and what is written down -----------------------------------------------------------------------------------


def test_every_page_here_is_for_quality_alone():
    routers = (quality_pages, quality_write, quality_cases_pages)
    assert {PAGES[route.name][1] for one in routers for route in one.routes} == {frozenset({"quality"})}


@pytest.mark.parametrize("path", ["/ui/quality", TARGET, f"{TARGET}.csv", f"{TARGET}/cases"])
def test_who_comes_in_another_role_is_refused_and_written_down(client, token, audit_rows, path):
    roles = ("clinician", "coordinator", "data_scientist", "auditor", "ops")
    assert [client.send("GET", path, token=token(role)).status_code for role in roles] == [403] * 5
    assert [row["outcome"] for row in audit_rows()[-5:]] == ["denied"] * 5


@pytest.mark.parametrize("path", [f"{TARGET}/actions", f"{TARGET}/cases"])
def test_a_form_of_another_site_changes_nothing(post, see, path):
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://elsewhere"}, {}):
        answer = post(path, headers={**KIND, **headers}, where="region|", text="x", due=SOON)
        assert answer.status_code == 403
    assert "a-" not in re.findall(r'<li id="(..)', see(TARGET).text)


def test_the_lists_of_actions_are_written_down_as_those_of_the_interface(see, audit_rows):
    before = len(audit_rows())
    see("/ui/quality")
    see(TARGET)
    assert [row["action"] for row in audit_rows()[before:]] == ["action_list", "action_list"]


# --- what is shown ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["da", "en"])
def test_what_calls_for_action_stands_first_and_facts_are_words_beside_a_shape(see, language):
    text = see(f"/ui/quality?lang={language}").text
    order = [text.index(f'href="/ui/quality/{one}"') for one in ("hba1c_measured", "rare", "unmeasured")]
    assert order == sorted(order)
    words = {"da": ("ikke opfyldt", "når den ikke", "regionen"), "en": ("not met", "consistently fails it", "region")}
    for told in words[language]:
        assert told in text
    assert text.count('class="shape"') >= text.count('class="fact')
    assert re.search({"da": r"\d+ af \d+ kurver viser", "en": r"\d+ of \d+ charts signal"}[language], text)


@pytest.mark.parametrize("language", ["da", "en"])
def test_every_target_has_a_page_with_its_definition_and_source(see, language):
    for target in ("hba1c_measured", "rare", "unmeasured"):
        answer = see(f"/ui/quality/{target}?lang={language}")
        assert answer.status_code == 200
        assert answer.text.count("<h1>") == 1
        assert {"da": "efter hukommelsen, ikke efterprøvet", "en": "from memory, not verified"}[language] in answer.text


def test_the_page_of_a_target_holds_chart_units_of_one_level_and_what_balances(see):
    text = see(f"{TARGET}?level=hospital").text
    assert "<title>" in text
    assert "Observeret/forventet" in text
    assert "… efter beregnet risiko" in text
    assert 'href="/ui/quality/rare"' in text
    assert see(f"{TARGET}?level=municipality").status_code == 200
    assert see(f"{TARGET}?level=practice").status_code == 404
    assert see("/ui/quality/nothing").status_code == 404


@pytest.mark.parametrize("language", ["da", "en"])
def test_a_hidden_cell_says_too_few_and_nothing_of_it_stands_anywhere(see, language):
    text = see(f"{TARGET}?level=hospital&lang={language}").text
    (row,) = re.findall(r'<tr><th scope="row">Randers</th>(.*?)</tr>', text)
    assert HIDDEN[language] in row
    assert not re.findall(r">\s*\d", row)
    assert HIDDEN[language] in see(f"/ui/quality?lang={language}").text


def test_the_file_opens_in_a_danish_excel_and_holds_no_small_count(see):
    answer = see(f"{TARGET}.csv")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "hba1c_measured.csv" in answer.headers["content-disposition"]
    assert answer.content.startswith("\ufeff".encode())
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert {row["mål"] for row in rows} == {"hba1c_measured"}
    assert any("," in row["værdi"] for row in rows)
    assert not [row for row in rows if row["tæller"] in ("1", "2", "3", "4")]
    assert {row["værdi"] for row in rows if row["enhed_eller_gruppe"] == "Randers"} == {""}


# --- follow-up -------------------------------------------------------------------------------------------------------


def test_an_action_is_opened_by_the_form_stands_there_and_on_the_list(see, opened, audit_rows):
    opened("hospital|Horsens")
    assert audit_rows()[-2]["criterion"] == "target hba1c_measured, hospital Horsens"
    text = see(TARGET).text
    assert "Ring dagen efter" in text
    assert "tallet er ændret til det dårlige" in text  # why, as what is served says
    assert "1 åben handling" in see("/ui/quality").text


def test_of_a_unit_three_are_open_at_most_and_the_page_says_which(post, opened):
    for n in range(3):
        opened(text=f"Forsøg {n}")
    answer = post(f"{TARGET}/actions", where="hospital|Aarhus", text="Et til", due=SOON)
    assert answer.status_code == 409
    told = alert(answer)
    assert "allerede 3 åbne handlinger" in told
    assert all(f"Forsøg {n}" in told for n in range(3))
    assert ">Et til</textarea>" in answer.text  # what was written is not lost


REFUSED = {
    "no day": ({"due": ""}, "Fristen skal være"),
    "a day gone by": ({"due": "2020-01-01"}, "Fristen skal være"),
    "no text": ({"text": ""}, "Skriv, hvad I vil prøve"),
    "a person number": ({"text": "Ring til 010101-1234"}, "uden navne og personnumre"),
    "no such unit": ({"where": "hospital|Nowhere"}, "vælg en fra listen"),
    "no such level": ({"where": "moon|"}, "vælg et sted fra listen"),
    "a goal that is no number": ({"goal": "mange"}, "Skriv målet som et tal"),
    "a goal above all": ({"goal": "120"}, "Skriv målet som et tal"),
    "held at once": ({"status": "held"}, "kan ikke skifte"),
}


@pytest.mark.parametrize("language", ["da", "en"])
def test_what_cannot_be_is_refused_in_words_beside_the_form(post, language):
    for name, (fields, words) in REFUSED.items():
        wanted = {"where": "hospital|Aarhus", "text": "Ring", "due": SOON} | fields
        answer = post(f"{TARGET}/actions?lang={language}", **wanted)
        assert answer.status_code == 409, name
        assert (words in alert(answer)) == (language == "da"), name
        assert "1234" not in alert(answer)


def test_it_closes_as_held_by_the_rule_alone_and_else_says_why_not(post, see, opened):
    which = opened("region|")
    answer = post(f"{TARGET}/actions", id=which, text="Ring dagen efter", due=SOON, status="held")
    assert answer.status_code == 409
    assert "Endnu ikke holdt mod 90 %" in alert(answer)
    assert "Medianen af de seneste 12 punkter er ikke på målet endnu" in alert(answer)
    assert post(f"{TARGET}/actions", id=which, text="Ring", due=SOON, status="done").status_code == 303
    assert "Lukkede handlinger (1)" in see(TARGET).text


def test_what_holds_closes_and_is_an_example_without_its_name(post, see, opened):
    which = opened("hospital|Aarhus", goal="90")
    assert post(f"{TARGET}/actions", id=which, text="Ring", due=SOON, status="held").status_code == 303
    text = see(TARGET).text
    assert "<h3>Holdt</h3>" in text
    assert "<b>et hospital</b>" in text


def test_consent_to_be_named_is_the_own_units_alone(post, see, token, opened):
    which = opened("hospital|Aarhus")
    change = {"id": which, "text": "Ring", "due": SOON, "status": "held"}
    assert "Kun enheden selv" in alert(post(f"{TARGET}/actions", **change, consent="yes"))
    assert "Enheden må nævnes" not in see(TARGET).text
    theirs = token("quality", patient=None, unit="hospital|Aarhus")
    assert post(f"{TARGET}/actions", given=theirs, **change, consent="yes").status_code == 303
    assert "<b>Aarhus</b></p><p>Ring" in see(TARGET).text


def test_an_action_of_another_target_is_not_to_be_changed_here(post, opened):
    which = opened()
    answer = post("/ui/quality/rare/actions", id=which, text="Ring", due=SOON, status="done")
    assert answer.status_code == 409


# --- cases -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [TARGET, f"{TARGET}/cases"])
def test_where_cases_are_switched_off_the_page_says_so(see, path):
    assert "Enkelte forløb vises ikke her" in see(path).text
    assert see(f"{TARGET}/cases").status_code == 403


class TestCases:
    """Cases, switched on."""

    @pytest.fixture
    def app(self, workspace, people):
        """The application with cases of one person in Horsens."""
        key = read_key(workspace.keys / "pseudonym.key")
        path = workspace.root / "cases.db"
        path.touch(0o600)
        ends = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()
        meta = {"legal_basis": "sundhedsloven § 42 d", "responsible_unit": "Horsens", "purpose": "why it fell",
                "ends": ends, "covers_to": "2024-12-31", "pseudonym_key_id": key_id(key)}  # fmt: skip
        name = pseudonym(key, people.system, people.stored)
        case = ("hba1c_measured", "hospital", "Horsens", "2024", "2024-03-01", "no", "no HbA1c in the year", name)
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE meta(key TEXT, value TEXT)")
            connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
            columns = "target, level, unit, period, day, state, why, pseudonym, sealed"
            connection.execute(f'CREATE TABLE "case"({columns})')
            row = (*case, seal(key, name, people.system, people.stored))
            connection.execute(f'INSERT INTO "case" VALUES ({", ".join("?" * len(row))})', row)
        connection.close()
        app = create_app(Settings(work=workspace.root, demo=True, cases=True))
        yield app
        app.state.context.audit.close()

    def test_each_person_shown_is_written_down_and_no_address_names_one(self, see, people, audit_rows):
        answer = see(f"{TARGET}/cases")
        assert people.stored in answer.text
        assert not [one for one in re.findall(r'(?:href|action)="([^"]*)"', answer.text) if people.stored in one]
        rows = audit_rows()[-2:]
        assert [(row["action"], row["outcome"], row["basis"]) for row in rows] == [
            ("cases", "found", None),
            ("cases", "found", "own_unit"),
        ]

    def test_a_cause_is_kept_by_the_number_of_the_case(self, see, post, audit_rows):
        answer = post(f"{TARGET}/cases", number="1", cause="registration_fault", text="skrevet et andet sted")
        assert answer.status_code == 303
        assert audit_rows()[-1]["action"] == "case_cause"
        text = see(f"{TARGET}/cases").text
        assert "skrevet et andet sted" in text
        assert 'value="registration_fault" selected' in text

    def test_a_cause_that_cannot_be_is_refused_beside_its_case(self, post):
        for fields in ({"cause": "nothing"}, {"cause": "other", "text": "010101-1234"}):
            answer = post(f"{TARGET}/cases", number="1", **fields)
            assert answer.status_code == 409
            assert "Ikke gemt. Vælg en årsag" in answer.text

    def test_a_case_that_is_not_there_is_not_found(self, post):
        for number in ("2", "0", "x", ""):
            assert post(f"{TARGET}/cases", number=number, cause="other").status_code == 404

    @pytest.mark.parametrize("unit", [None, "hospital|Aarhus"])
    def test_another_units_cases_are_not_shown(self, see, token, people, unit, audit_rows):
        answer = see(f"{TARGET}/cases", token=token("quality", patient=None, unit=unit))
        assert people.stored not in answer.text
        assert audit_rows()[-1]["outcome"] == ("denied" if unit is None else "not_found")
