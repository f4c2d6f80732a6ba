"""The pages of one person: on a ground and written down, no identifier in an address, the risk of death on no page."""

import re
import sqlite3
from datetime import UTC, date, datetime, timedelta

import pytest

from service.guard import PAGES
from service.schemas import Axis
from service.ui.mine import mine_pages
from service.ui.person import person
from service.ui.person_view import axis_told
from service.ui.person_write import person_write
from service.ui.wording import UiWords
from stratify.care.one_person import told_of
from stratify.catalogue import load

HERE = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
SOON = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()
DEATH = "5 af 100"  # of the person with reasons stored: 0.2 / 4
DEATH_WORDS = ("dør inden", "Død inden", "die within", "Death within")


def post(client, path, token, headers=HERE, **fields):
    """Send a form."""
    content = "&".join(f"{name}={value}" for name, value in fields.items())
    return client.send("POST", path, token=token, headers=headers, content=content.encode())


@pytest.fixture
def clinician(token, people):
    """A clinician's token, whose care context names the person with reasons stored."""
    return token("clinician", patient=people.stored)


@pytest.fixture
def address(client, clinician):
    """The address of that person's page."""
    answer = client.send("GET", "/ui/patient", token=clinician)
    assert answer.status_code == 303
    return answer.headers["location"]


def test_every_page_here_says_who_may():
    names = {route.name for router in (person, person_write, mine_pages) for route in router.routes}
    assert {name for name in names if PAGES[name][1] != {"clinician", "coordinator"}} == set()


@pytest.mark.parametrize("role", ["quality", "data_scientist", "auditor", "ops"])
@pytest.mark.parametrize("path", ["/ui/patient", "/ui/mine", "/ui/patient/0123"])
def test_only_clinicians_and_coordinators_come_here_and_who_does_not_is_written_down(
    client, token, people, audit_rows, role, path
):
    answer = client.send("GET", path, token=token(role, patient=people.stored))
    assert answer.status_code == 403
    assert audit_rows()[-1]["outcome"] == "denied"


def test_the_page_is_opened_on_a_ground_each_time_and_each_time_written_down(client, clinician, address, audit_rows):
    before = len(audit_rows())
    for _ in range(2):
        assert client.send("GET", address, token=clinician).status_code == 200
    rows = audit_rows()[before:]
    assert [(row["action"], row["outcome"], row["basis"]) for row in rows] == [("lookup", "found", "context")] * 2


def test_no_address_holds_an_identifier_and_only_the_persons_own_page_shows_it(client, clinician, address, people):
    text = client.send("GET", address, token=clinician).text
    assert people.stored not in address
    assert not [one for one in re.findall(r'(?:href|action|src)="([^"]*)"', text) if people.stored in one]
    assert text.count(people.stored) == 1  # beside the age, to see that it is the right one
    plan = client.send("GET", f"{address}/plan", token=clinician).text
    assert people.stored not in plan
    assert people.stored not in post(client, f"{address}/death", clinician).text


def test_a_handle_is_nobodys_but_the_callers(client, token, clinician, address, people):
    other = token("clinician", patient=people.stored, user="another")
    assert client.send("GET", address, token=other).status_code == 404
    assert client.send("GET", "/ui/patient/" + "0" * 32, token=clinician).status_code == 404


def test_without_a_ground_any_more_the_page_is_closed_and_that_is_written_down(
    client, token, clinician, address, people, audit_rows
):
    left = token("clinician", patient=people.low)  # the same caller, treating somebody else now
    answer = client.send("GET", address, token=left)
    assert answer.status_code == 403
    assert "<h1>Det må du ikke åbne</h1>" in answer.text
    assert audit_rows()[-1]["outcome"] == "denied"


def test_a_person_is_opened_by_identifier_on_the_teams_ground_alone(client, token, people, audit_rows):
    mine = token("coordinator", patient=None)
    assert post(client, "/ui/patient", mine, identifier=people.stored).status_code == 403
    act = {"patient": {"system": people.system, "value": people.stored}, "purpose": "TREAT"}
    treats = token("clinician", patient=people.stored)
    client.send("POST", "/v1/actions", token=treats, json={**act, "text": "Ring", "due": SOON})
    answer = post(client, "/ui/patient", mine, identifier=people.stored)
    assert answer.status_code == 303
    assert client.send("GET", answer.headers["location"], token=mine).status_code == 200
    assert audit_rows()[-1]["basis"] == "care_team"


def test_an_identifier_that_is_none_is_told_so_beside_the_field(client, token):
    answer = post(client, "/ui/patient", token("clinician", patient=None), identifier="a%20b")
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert "a b" not in answer.text


def test_unknown_outside_and_closed_look_the_same(client, app, token, people):
    shown = []
    for who in ("000000000099", people.outside, people.low):
        if who == people.low:
            _close(app, people)
        mine = token("clinician", patient=who)
        answer = client.send("GET", client.send("GET", "/ui/patient", token=mine).headers["location"], token=mine)
        assert answer.status_code == 200
        shown.append(re.sub(r"/ui/patient/[0-9a-f]{32}", "", answer.text))
    assert shown[0] == shown[1] == shown[2]
    assert "Ingen råd om denne person" in shown[0]


def _close(app, people):
    from service.optouts import OPT_OUT
    from stratify.pseudonym import pseudonym

    served = app.state.context.store.current()
    name = pseudonym(served.key, people.system, people.low)
    columns = {"pseudonym": name, "since": "2026-01-01T00:00:00.000+00:00"}
    columns |= {one.name: "" for one in OPT_OUT.columns if one.name not in columns and not one.nullable}
    with app.state.context.audit.engine.begin() as connection:
        connection.execute(OPT_OUT.insert().values(**columns))


def test_the_risk_of_death_is_on_no_page_until_it_is_asked_for_on_purpose(client, clinician, address, audit_rows):
    for path in (address, f"{address}/plan", f"{address}?lang=en"):
        text = client.send("GET", path, token=clinician).text
        assert DEATH not in text
        assert not [words for words in DEATH_WORDS if words in text], path
    answer = post(client, f"{address}/death", clinician)
    assert f"{DEATH} dør inden for et år." in answer.text
    assert "95 lever." in answer.text
    assert audit_rows()[-1]["action"] == "death_risk"
    assert client.send("GET", f"{address}/death", token=clinician).status_code == 405


@pytest.mark.parametrize("language", ["da", "en"])
def test_a_place_that_rests_on_the_risk_of_death_does_not_tell_it(language):
    facts = {"age": 80, "n_conditions": 4, "risk_death_365d": 0.31, "psychiatric_somatic": False}
    need = Axis.model_validate(told_of(facts, load(), date(2025, 1, 1))["stratum"]["need"])
    assert "død" in str(need.why)
    told = axis_told(need, load(), UiWords(language))
    assert not [why for why in told["why"] if "død" in why or "death" in why or "31" in why]
    assert told["why"][-1] in ("Ikke alle grunde vises her.", "Not every reason is shown here.")


def test_risks_are_told_of_a_hundred_both_ways_with_a_picture_and_a_table(client, clinician, address):
    text = client.send("GET", address, token=clinician).text
    assert "20 af 100 indlægges akut." in text
    assert "80 gør ikke." in text
    assert '<svg class="chart"' in text
    assert "<desc>20 af 100 indlægges akut. 80 gør ikke.</desc>" in text


def test_beside_a_risk_stand_people_of_the_same_age_and_sex_and_an_interval(client, clinician, address, people):
    text = client.send("GET", address, token=clinician).text
    assert "Kvinder på 60 år og derover: 13 af 100." in text
    assert "Blandt dem, der fik omtrent samme tal, skete det for 16–26 af 100." in text
    assert "2 af 100" not in text.replace("20 af 100", "")  # that of death
    risk = client.look_up(people.stored).json()["risks"][0]
    assert risk["peers"] == {"risk": 0.13, "people": 31, "sex": "f", "age_from": 60, "age_to": None}
    assert risk["interval"] == pytest.approx([0.16, 0.26])
    assert "Kvinder på 60 år og derover: 2 af 100." in post(client, f"{address}/death", clinician).text
    assert "60 år og derover" not in client.send("GET", f"{address}/plan", token=clinician).text


def test_earlier_risks_conditions_stays_and_medicines_are_drawn_with_their_tables(client, clinician, address):
    text = client.send("GET", address, token=clinician).text
    assert "<desc>Fra 8 til 20 af 100.</desc>" in text
    assert "<desc>2 sygdomme, 2 indlæggelser og 2 lægemiddelgrupper. Alle står i tabellen.</desc>" in text
    for cell in ("Akut, somatisk", "31. august 2023", "ikke afsluttet", "Diabetesmedicin (A10)", "Q99"):
        assert cell in text, cell
    plan = client.send("GET", f"{address}/plan", token=clinician).text
    assert "Diabetesmedicin" not in plan


def test_who_has_no_past_has_a_page_without_it(client, token, people):
    mine = token("clinician", patient=people.computed)
    text = client.send("GET", client.send("GET", "/ui/patient", token=mine).headers["location"], token=mine).text
    assert "Sådan er tallene gået" not in text
    assert "Personen" in text


def test_a_choice_by_the_form_is_the_choice_of_the_interface(client, clinician, address, people, audit_rows):
    fields = {"offer": "overbliksstatus", "decision": "decline", "until": SOON, "reason": "Ikke+nu"}
    answer = post(client, f"{address}/choices", clinician, **fields)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{address}#said")
    assert (audit_rows()[-1]["action"], audit_rows()[-1]["outcome"]) == ("choice", "stored")
    (said,) = client.look_up(people.stored).json()["choices"]
    assert (said["offer"], said["decision"], said["until"], said["reason"]) == (
        "overbliksstatus", "decline", SOON, "Ikke nu",
    )  # fmt: skip
    text = client.send("GET", address, token=clinician).text
    declined = text[text.index('id="group-declined"') :]
    assert 'id="offer-overbliksstatus"' in declined
    assert "Retten til udredning og behandling" in declined  # what a no does not change
    assert "Skrevet" in text
    assert "demo (kliniker)" in text


@pytest.mark.parametrize(
    "fields, wrong",
    [
        ({"decision": "decline", "until": ""}, "Vælg en dag efter i dag"),
        ({"decision": "decline", "until": "2020-01-01"}, "Vælg en dag efter i dag"),
        ({"decision": "accept", "reason": "Ring+010190-1234"}, "Grunden må højst"),
        ({"decision": "perhaps"}, "Vælg et af svarene"),
    ],
)
def test_what_does_not_fit_is_told_in_words_beside_the_form_which_keeps_what_was_written(
    client, clinician, address, audit_rows, fields, wrong
):
    sent = {"reason": "mine+ord", **fields}
    answer = post(client, f"{address}/choices", clinician, offer="overbliksstatus", **sent)
    assert answer.status_code == 422
    form = answer.text[answer.text.index('id="offer-overbliksstatus"') :]
    assert '<details class="choose" open>' in form
    assert wrong in form
    assert f'value="{sent["reason"].replace("+", " ")}"' in form
    assert "choice" not in [row["action"] for row in audit_rows()]


def test_a_wish_is_written_and_taken_back(client, clinician, address, people):
    post(client, f"{address}/choices", clinician, preference="no_groups", decision="wish")
    assert [one["preference"] for one in client.look_up(people.stored).json()["choices"]] == ["no_groups"]
    post(client, f"{address}/choices", clinician, preference="no_groups", decision="no_wish")
    assert client.look_up(people.stored).json()["choices"] == []


@pytest.mark.parametrize("path", ["/choices", "/facts", "/actions", "/death"])
@pytest.mark.parametrize("site", ["cross-site", "same-site", None])
def test_a_post_from_another_site_does_nothing(client, clinician, address, audit_rows, path, site):
    headers = {"Content-Type": HERE["Content-Type"]} | ({} if site is None else {"Sec-Fetch-Site": site})
    before = len(audit_rows())
    fields = {"offer": "overbliksstatus", "decision": "accept", "fact": "transport", "value": "yes"}
    assert post(client, address + path, clinician, headers, **fields).status_code == 403
    assert len(audit_rows()) == before


def test_the_plan_names_no_stratum_no_risk_and_no_reason_of_theirs(client, clinician, address):
    post(client, f"{address}/choices", clinician, offer="overbliksstatus", decision="accept")
    fields = {"offer": "medgennemgang", "decision": "later", "until": SOON, "reason": "min+egen+grund"}
    post(client, f"{address}/choices", clinician, **fields)
    plan = client.send("GET", f"{address}/plan", token=clinician)
    assert plan.status_code == 200
    assert "Overbliksstatus hos egen læge" in plan.text
    body = plan.text[plan.text.index("<article") : plan.text.index("</article>")]
    for never in (
        "af 100",
        "andsynlig",
        "behov</b>",
        "Sammensat behov",
        "Stort behov",
        "Ræk ud",
        "min egen grund",
        "%",
    ):
        assert never not in body, never


def test_a_referral_draft_has_criteria_and_a_goal_to_fill_in_and_no_score(client, clinician, address):
    text = client.send("GET", address, token=clinician).text
    drafts = re.findall(r"<textarea[^>]*readonly[^>]*>(.*?)</textarea>", text, re.S)
    assert drafts
    for one in drafts:
        assert "Henvisning til:" in one
        assert "Indikation:" in one
        assert "Personens eget mål:\n- ________" in one
        assert "risiko" not in one.partition("Opfyldt:")[2]
        assert "%" not in one


def test_follow_up_by_the_form_stands_on_the_teams_list_and_is_done_there(
    client, token, clinician, address, audit_rows
):
    assert post(client, f"{address}/actions", clinician, text="Ring+om+hjemmebesøg", due=SOON).status_code == 303
    coordinator = token("coordinator", patient=None)
    text = client.send("GET", "/ui/mine", token=coordinator).text
    assert "Ring om hjemmebesøg" in text
    assert [row["action"] for row in audit_rows()[-2:]] == ["action_list"] * 2
    where = re.search(r'action="(/ui/patient/[0-9a-f]{32}/actions)"', text)[1]
    assert client.send("GET", where.removesuffix("/actions"), token=coordinator).status_code == 200
    fields = dict(re.findall(r'name="(id|text|due|at)" value="([^"]*)"', text))
    done = post(client, where, coordinator, **{**fields, "text": "Ring", "status": "done"})
    assert (done.status_code, done.headers["location"]) == (303, "/ui/mine")
    assert "Ring om hjemmebesøg" not in client.send("GET", "/ui/mine", token=coordinator).text


def test_what_is_overdue_stands_first_and_is_said_so(client, app, clinician, address, token):
    post(client, f"{address}/actions", clinician, text="Ring", due=SOON)
    with app.state.context.audit.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE action SET due = '2026-01-01'")
    text = client.send("GET", "/ui/mine", token=token("coordinator", patient=None)).text
    assert "Over fristen: 1." in text
    assert '<h2 id="group-overdue">' in text
    assert '<h2 id="group-later">' not in text


@pytest.mark.parametrize("days, told", [(12, True), (31, False), ("never", False)])
def test_who_was_discharged_lately_is_told_on_the_teams_list(request, workspace, token, people, days, told):
    with sqlite3.connect(workspace.serving_db) as connection:
        connection.execute(
            "UPDATE person SET body = json_set(body, '$.facts.days_since_somatic_discharge', ?)", (days,)
        )
    client = request.getfixturevalue("client")
    treats = token("clinician", patient=people.stored)
    act = {"patient": {"system": people.system, "value": people.stored}, "purpose": "TREAT", "text": "Ring"}
    client.send("POST", "/v1/actions", token=treats, json={**act, "due": SOON})
    text = client.send("GET", "/ui/mine", token=token("coordinator", patient=None)).text
    assert ("fra et somatisk sygehus 20. december 2024" in text) is told
    assert ("Nylig udskrevet" in text) is told


URGENT = "Personen er fundet bevidstløs"


def test_in_an_emergency_a_clinician_reads_for_an_hour_by_a_reason_that_is_logged_each_time(
    client, token, people, audit_rows, monkeypatch
):
    alone = token("clinician", patient=None, care_team=None)
    assert "Akut opslag" in client.send("GET", "/ui/patient", token=alone).text
    opened = post(client, "/ui/patient", alone, identifier=people.stored, urgent="yes", reason=URGENT)
    assert opened.status_code == 303
    address = opened.headers["location"]
    page = client.send("GET", address, token=alone)
    assert page.status_code == 200
    assert URGENT in page.text
    assert "60 minutter endnu" in page.text
    assert '<div class="reading">' in page.text  # its style shows no form that would be refused
    rows = [row for row in audit_rows() if row["basis"] == "override"]
    assert [row["reason"] for row in rows] == [URGENT, URGENT]
    written = post(client, f"{address}/words", alone, kind="goal", text="At gå ture", held="yes")
    assert written.status_code == 403  # reading alone
    later = datetime.now(UTC) + timedelta(minutes=61)
    monkeypatch.setattr("service.ui.handles.now", lambda: later)
    assert client.send("GET", address, token=alone).status_code == 403
    assert client.send("GET", f"{address}/plan", token=alone).status_code == 403


def test_an_emergency_opens_what_the_person_has_closed(client, app, token, people):
    _close(app, people)
    alone = token("clinician", patient=None, care_team=None)
    opened = post(client, "/ui/patient", alone, identifier=people.low, urgent="yes", reason=URGENT)
    assert opened.status_code == 303
    assert URGENT in client.send("GET", opened.headers["location"], token=alone).text


def test_an_emergency_needs_a_clinician_and_a_reason_that_names_nobody(client, token, people, audit_rows):
    mine = token("coordinator", patient=None, care_team=None)
    assert "Akut opslag" not in client.send("GET", "/ui/patient", token=mine).text
    refused = post(client, "/ui/patient", mine, identifier=people.stored, urgent="yes", reason=URGENT)
    assert refused.status_code == 403
    alone = token("clinician", patient=None, care_team=None)
    for reason in ("kort", f"Om {people.stored} i dag", "x" * 301):
        answer = post(client, "/ui/patient", alone, identifier=people.stored, urgent="yes", reason=reason)
        assert answer.status_code == 422, reason
        assert 'id="wrong-reason"' in answer.text
        assert people.stored not in answer.text
    nobody = post(client, "/ui/patient", alone, identifier="000000000099", urgent="yes", reason=URGENT)
    assert "Ingen råd om denne person" in nobody.text
    assert not [row for row in audit_rows() if row["outcome"] == "found"]


def test_the_teams_list_tells_what_nobody_has_answered_yet(client, token, people):
    treats = token("clinician", patient=people.stored)
    act = {
        "patient": {"system": people.system, "value": people.stored},
        "purpose": "TREAT",
        "text": "Ring",
        "due": SOON,
    }
    client.send("POST", "/v1/actions", token=treats, json=act)
    address = client.send("GET", "/ui/patient", token=treats).headers["location"]
    shown = client.send("GET", address, token=treats).text
    asked = re.findall(r'<section aria-labelledby="ask".*?</section>', shown, re.DOTALL)[0]
    first = re.findall(r"<p><b>([^<]*)\?</b>", asked)[0]
    mine = client.send("GET", "/ui/mine", token=treats).text
    listed = re.findall(r'<section aria-labelledby="questions">.*?</section>', mine, re.DOTALL)[0]
    assert first in listed
    assert people.stored in listed
