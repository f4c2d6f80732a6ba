"""Cases of the own unit: off unless switched on, for one purpose, each person written down, few people not counted."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from service.app import create_app
from service.causes import shares_of
from service.optouts import take_over
from service.settings import Settings
from stratify.pseudonym import key_id, pseudonym, read_key
from stratify.sealed import seal

TODAY = datetime.now(UTC).date()
OWN = "hospital|Horsens"
WHICH = {"level": "hospital", "unit": "Horsens", "purpose": "HQUALIMP"}
META = {
    "legal_basis": "sundhedsloven § 42 d, leave of the management of 1 March", "responsible_unit": "Horsens, quality",
    "purpose": "why follow-up fell", "ends": (TODAY + timedelta(days=30)).isoformat(), "covers_to": "2024-12-31",
}  # fmt: skip
CASES = [("stored", "2024-03-01", "no"), ("computed", "2024-03-09", "no"), ("low", "2024-11-20", "unknown")]


@pytest.fixture
def key(workspace):
    """The pseudonym key."""
    return read_key(workspace.keys / "pseudonym.key")


@pytest.fixture
def cases_db(workspace, people, key):
    """Write cases.db as `stratify monitor --cases` does."""

    def write(rows=CASES, unit="Horsens", **meta):
        path = workspace.root / "cases.db"
        path.unlink(missing_ok=True)
        path.touch(0o600)
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE meta(key TEXT, value TEXT)")
            connection.execute(
                'CREATE TABLE "case"(target TEXT, level TEXT, unit TEXT, period TEXT, day TEXT, state TEXT, why TEXT,'
                " pseudonym TEXT, sealed TEXT)"
            )
            said = {**META, "pseudonym_key_id": key_id(key), **meta}
            told = [(name, value) for name, value in said.items() if value is not None]
            connection.executemany("INSERT INTO meta VALUES (?, ?)", told)
            for who, day, state in rows:
                value = getattr(people, who)
                name = pseudonym(key, people.system, value)
                case = ("hba1c_measured", "hospital", unit, day[:4], day, state, "no HbA1c in the year")
                sealed = seal(key, name, people.system, value)
                connection.execute('INSERT INTO "case" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)', (*case, name, sealed))
        connection.close()
        return path

    write()
    return write


@pytest.fixture
def app(workspace):
    """The application, cases switched on."""
    app = create_app(Settings(work=workspace.root, demo=True, cases=True))
    yield app
    app.state.context.audit.close()


@pytest.fixture
def see(client, token, cases_db):
    """Ask for cases, by somebody of this unit."""

    def ask(token_unit=OWN, role="quality", target="hba1c_measured", **query):
        given = token(role, patient=None, unit=token_unit)
        wanted = {name: value for name, value in {**WHICH, **query}.items() if value is not None}
        return client.send("GET", f"/v1/targets/{target}/cases", params=wanted, token=given)

    return ask


@pytest.fixture
def find(client, token, people, cases_db):
    """Write down what a case came of."""

    def tell(who=None, token_unit=OWN, **body):
        patient = {"system": people.system, "value": who or people.stored}
        wanted = {**WHICH, "patient": patient, "period": "2024", "day": "2024-03-01", "cause": "expected"} | body
        given = token("quality", patient=None, unit=token_unit)
        return client.send("POST", "/v1/targets/hba1c_measured/cases:cause", json=wanted, token=given)

    return tell


# --- who may ---------------------------------------------------------------------------------------------------------


def test_it_is_off_unless_switched_on_and_says_so(settings, client_of, token, cases_db, audit_rows):
    assert settings.cases is False
    app = create_app(settings)
    answer = client_of(app).send(
        "GET", "/v1/targets/hba1c_measured/cases", params=WHICH, token=token("quality", unit=OWN)
    )
    app.state.context.audit.close()
    assert answer.status_code == 403
    assert "has to switch them on (--cases)" in answer.json()["detail"]
    (row,) = audit_rows()
    assert (row["action"], row["outcome"], row["purpose"]) == ("cases", "denied", "HQUALIMP")


@pytest.mark.parametrize("unit", [None, "hospital|Aarhus", "municipality|Horsens", "region|", "hospital|horsens"])
def test_another_units_cases_are_nobodys_to_see(unit, see, find, audit_rows, people):
    for answer in (see(token_unit=unit), find(token_unit=unit)):
        assert answer.status_code == 403
        assert people.stored not in answer.text
    rows = audit_rows()
    assert [(row["action"], row["outcome"]) for row in rows] == [("cases", "denied"), ("case_cause", "denied")]
    assert all("hospital Horsens" in row["criterion"] for row in rows)


@pytest.mark.parametrize("role", ["clinician", "coordinator", "data_scientist", "auditor", "ops"])
def test_no_other_role_sees_cases_of_its_unit(role, see):
    assert see(role=role).status_code == 403


@pytest.mark.parametrize(
    "query, place",
    [
        ({"purpose": None}, ""), ({"purpose": "TREAT"}, ""), ({"level": "region", "unit": "x"}, "/level"),
        ({"unit": ""}, "/unit"), ({"most": 201}, "/most"), ({"after": -1}, "/after"),
    ],
)  # fmt: skip
def test_the_purpose_and_a_unit_are_named_and_a_whole_region_is_none(query, place, see, audit_rows):
    answer = see(**query)
    assert answer.status_code == 422
    assert [one["pointer"].replace("/purpose", "") for one in answer.json()["errors"]] == [place]
    assert audit_rows() == []


# --- what is there ---------------------------------------------------------------------------------------------------


def test_cases_come_with_the_person_why_they_count_and_the_ground(see, people):
    told = see().json()
    assert [(one["patient"]["value"], one["day"], one["state"], one["cause"]) for one in told["cases"]] == [
        (people.stored, "2024-03-01", "no", None),
        (people.computed, "2024-03-09", "no", None),
        (people.low, "2024-11-20", "unknown", None),
    ]
    assert told["cases"][0]["why"] == "no HbA1c in the year"
    assert {name: told[name] for name in META} == META
    assert (told["more"], told["last"]) == (False, 3)


def test_each_person_that_is_shown_leaves_a_row_with_purpose_and_ground(see, audit_rows, key, people):
    see(period="2024")
    first, *rest = audit_rows()
    assert first["criterion"] == "target hba1c_measured, hospital Horsens, 2024"
    assert (first["outcome"], first["pseudonym"], first["purpose"]) == ("found", None, "HQUALIMP")
    names = [pseudonym(key, people.system, one) for one in (people.stored, people.computed, people.low)]
    assert [row["pseudonym"] for row in rest] == names
    assert {(row["basis"], row["purpose"], row["outcome"]) for row in rest} == {("own_unit", "HQUALIMP", "found")}
    before = len(audit_rows())
    see(period="2023")
    (row,) = audit_rows()[before:]
    assert row["outcome"] == "not_found"


def test_a_page_is_followed_by_the_next(see):
    first = see(most=2).json()
    assert ([one["number"] for one in first["cases"]], first["more"]) == ([1, 2], True)
    rest = see(most=2, after=first["last"]).json()
    assert ([one["number"] for one in rest["cases"]], rest["more"], rest["last"]) == ([3], False, 3)
    assert see(after=3).json()["last"] == 3


def test_whoever_said_no_to_look_ups_is_not_among_them(see, find, people, key, app, audit_rows):
    take_over(app.state.context.settings.audit_url, frozenset({pseudonym(key, people.system, people.stored)}), user="x")
    told = see().json()
    assert [one["patient"]["value"] for one in told["cases"]] == [people.computed, people.low]
    assert find().status_code == 409
    assert audit_rows()[-1]["outcome"] == "not_found"


def test_nothing_is_shown_after_its_last_day(see, find, cases_db):
    cases_db(ends=TODAY.isoformat())
    assert see().status_code == 200
    cases_db(ends=(TODAY - timedelta(days=1)).isoformat())
    for answer in (see(), find()):
        assert answer.status_code == 403
        assert "has ended" in answer.json()["detail"]


SPOILT = {
    "no legal basis": {"legal_basis": None}, "no responsible unit": {"responsible_unit": ""},
    "no purpose": {"purpose": None}, "no end": {"ends": None}, "an end that is none": {"ends": "never"},
    "another key": {"pseudonym_key_id": "0" * 16},
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILT)
def test_a_file_that_does_not_say_on_what_ground_it_stands_is_no_answer(name, see, cases_db):
    cases_db(**SPOILT[name])
    assert see().status_code == 503


def test_a_file_that_others_can_read_or_that_is_not_there_is_no_answer(see, cases_db):
    path = cases_db()
    path.chmod(0o640)
    assert see().status_code == 503
    path.unlink()
    answer = see()
    assert (answer.status_code, answer.json()["detail"]) == (404, "There are no cases here: none were written.")
    path.write_text("no database")
    path.chmod(0o600)
    assert see().status_code == 503


def test_a_target_that_is_none_is_told_with_the_nearest(see):
    answer = see(target="hba1c_mesured")
    assert answer.status_code == 404
    assert "did you mean 'hba1c_measured'" in answer.json()["errors"][0]["problem"]


# --- causes ----------------------------------------------------------------------------------------------------------


def test_a_cause_stands_beside_its_case_and_the_last_one_counts(see, find, audit_rows, key, people):
    find(cause="other", text="Målt hos egen læge")
    written = find(cause="registration_fault", text="Svaret lå i laboratoriets system").json()["cause"]
    assert (written["cause"], written["user"]) == ("registration_fault", "demo")
    row = audit_rows()[-1]
    assert (row["action"], row["outcome"], row["basis"]) == ("case_cause", "stored", "own_unit")
    assert row["pseudonym"] == pseudonym(key, people.system, people.stored)
    first, second, _ = see().json()["cases"]
    assert first["cause"] == written
    assert second["cause"] is None


@pytest.mark.parametrize("body", [{"day": "2024-03-02"}, {"period": "2023"}])
def test_a_cause_is_of_a_case_that_is_there(body, find, audit_rows):
    answer = find(**body)
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["pointer"] == "/patient"
    assert audit_rows()[-1]["outcome"] == "not_found"


def test_a_cause_names_nobody(find, people, audit_rows):
    for text in ("ring 010101-1234", f"se {people.stored}"):
        answer = find(text=text)
        assert answer.status_code == 409
        assert answer.json()["errors"][0]["pointer"] == "/text"
    assert find(cause="laziness").status_code == 422
    assert audit_rows() == []


def test_shares_of_few_people_are_not_counted_out(see, find):
    find()
    told = see().json()["causes"]
    assert told == dict.fromkeys(("cases_with_a_cause", "registration_faults", "registration_fault_share", "counts"))


def test_faults_of_registration_have_a_share_of_their_own():
    every = shares_of(["registration_fault"] * 6 + ["expected"] * 5 + ["could_be_avoided"] * 9)
    assert (every.cases_with_a_cause, every.registration_faults, every.registration_fault_share) == (20, 6, 0.3)
    assert every.counts == {"registration_fault": 6, "expected": 5, "could_be_avoided": 9, "other": 0}
    two = shares_of(["registration_fault"] * 6 + ["expected"] * 12 + ["other"] * 2)
    assert (two.registration_fault_share, two.counts) == (0.3, None)  # 2 could be worked out from the others
    few = shares_of(["registration_fault"] * 3 + ["expected"] * 12)
    assert (few.cases_with_a_cause, few.registration_faults, few.registration_fault_share) == (15, None, None)
    rest = shares_of(["registration_fault"] * 12 + ["expected"] * 3)
    assert (rest.registration_faults, rest.counts) == (None, None)
    assert shares_of([]).cases_with_a_cause == 0


def test_no_identifier_lies_open_in_either_file(see, find, people, workspace):
    find()
    for path in (*workspace.root.glob("service.db*"), workspace.root / "cases.db"):
        assert people.stored.encode() not in path.read_bytes()
