"""One person scored when asked for, over the interfaces: by the event store, and by the chart a hook sends along."""

import shutil
import sqlite3
from datetime import date
from uuid import uuid4

import numpy as np
import pytest

from service.app import create_app
from service.cds_hooks.words import WORDS
from service.choices import now
from service.demo import demo_client_token, demo_token, make_demo_keys
from service.on_the_spot import Beside, Here
from service.optouts import take_over
from service.scoring import Keeper, Pairs
from service.settings import Settings
from service.spot import Spot, StoreMovedError
from stratify.errors import BundleError
from stratify.fhir.refusal import ChartRefusedError
from stratify.fhir.when import local_day
from stratify.pseudonym import pseudonym
from stratify.store.read import Store
from stratify.workspace import Workspace
from tests.contract.conftest import Client
from tests.unit.fhir.writer import condition, encounter, patient, prefetch

MULTIMORBID = [condition("DI509", "2020-01-01"), condition("DE119", "2019-01-01"), condition("DF200", "2015-01-01")]
NOW, BEFORE = WORDS["en"]["on_the_spot"], WORDS["en"]["data"].split("{")[0]
URL = "/cds-services/multimorbidity"


@pytest.fixture(scope="module")
def workspace(region, tmp_path_factory):
    """What the service reads of the region, beside which it writes its own database."""
    copied = Workspace(tmp_path_factory.mktemp("served") / "w")
    copied.root.mkdir()
    for name in ("bundles", "keys", "store"):
        shutil.copytree(region / name, copied.root / name)
    shutil.copy2(region / "serving.db", copied.serving_db)
    make_demo_keys(copied.keys)
    return copied


@pytest.fixture(scope="module")
def app(workspace):
    app = create_app(Settings(work=workspace.root, demo=True))
    yield app
    app.state.context.audit.close()


@pytest.fixture(scope="module")
def served(app):
    return app.state.context.store.current()


@pytest.fixture(scope="module")
def client(app, workspace):
    def treats(value, system):
        return demo_token(workspace.keys, roles=("clinician",), patient=(system, value))

    return Client(app, None, treats)


@pytest.fixture(scope="module")
def known(workspace, served):
    """The identifiers of some people of the scored population."""
    ids = [one for one in Store(workspace.store).source_ids() if one]
    inside = [one for one in ids if served.find(pseudonym(served.key, served.meta["system"], one)) is not None]
    assert len(inside) > 20
    return inside


@pytest.fixture
def look_up(client, served):
    def ask(value, **more):
        system = served.meta["system"]
        body = {"patient": {"system": system, "value": value}, "purpose": "TREAT", **more}
        return client.send("POST", "/v1/scores:lookup", json=body, token=client.treats(value, system))

    return ask


@pytest.fixture
def call(client, app, workspace):
    """Call a hook with a chart, and return the response."""
    address = f"{app.state.context.settings.address}{URL}"

    def ask(sent, encounter=None, token=None):
        context = {"userId": "Practitioner/dr7", "patientId": "p1"} | ({"encounterId": encounter} if encounter else {})
        hook = "encounter-discharge" if encounter else "patient-view"
        body = {"hook": hook, "hookInstance": str(uuid4()), "context": context, "prefetch": sent}
        token = token or demo_client_token(workspace.keys, address)
        return client.send("POST", URL, json=body, token=token, headers={"Accept-Language": "en"})

    return ask


@pytest.fixture
def last_row(workspace):
    def read():
        connection = sqlite3.connect(workspace.service_db)
        row = connection.execute("SELECT action, outcome FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
        connection.close()
        return row

    return read


def card_of(answer):
    (card,) = answer.json()["cards"]
    return card


# --- by the event store ----------------------------------------------------------------------------------------------


def test_a_look_up_by_the_store_says_so_and_tells_the_same_as_scoring_them_there(look_up, known, app, served, last_row):
    answer = look_up(known[0], basis="store").json()
    row = app.state.context.on_the_spot.from_store(served, served.meta["system"], known[0])
    assert (answer["status"], answer["basis"], answer["scored_on"]) == ("found", "store", row.day.isoformat())
    assert date.fromisoformat(answer["data_as_of"]) < row.day
    beside = served.beside.of(row.stored.risks, row.stored.facts)
    assert answer["risks"] == [one.model_dump() for one in beside]
    assert last_row() == ("lookup", "found")


def test_without_being_asked_it_is_the_scored_population(look_up, known, served):
    answer, other = look_up(known[0]).json(), look_up(known[0], basis="nightly").json()
    assert answer == other
    assert (answer["basis"], answer["scored_on"]) == ("nightly", served.meta["landmark"])


def test_whom_the_store_does_not_know_and_who_said_no_get_the_same_answer(look_up, known, workspace, served, last_row):
    nobody = look_up("000000000000", basis="store")
    assert (nobody.json()["status"], last_row()) == ("no_advice", ("lookup", "not_found"))
    name = pseudonym(served.key, served.meta["system"], known[1])
    take_over(f"sqlite:///{workspace.service_db}", frozenset({name}), user="ops")
    closed = look_up(known[1], basis="store")
    take_over(f"sqlite:///{workspace.service_db}", frozenset(), user="ops", fewer=True)
    assert closed.json() == nobody.json()


def test_no_chart_is_looked_up_over_this_interface(look_up, known):
    assert look_up(known[0], basis="bundle").status_code == 422


def test_without_a_store_there_is_no_answer_and_that_is_written_down(look_up, known, workspace, last_row, caplog):
    away = workspace.store.rename(workspace.root / "away")
    try:
        answer = look_up(known[0], basis="store")
    finally:
        away.rename(workspace.store)
    assert (answer.status_code, last_row()) == (503, ("lookup", "failed"))
    assert "stratify land" in caplog.text
    assert known[0] not in caplog.text
    assert look_up(known[0], basis="store").status_code == 200, "it is there again"


# --- by a chart ------------------------------------------------------------------------------------------------------


@pytest.fixture
def chart(served):
    """A chart of somebody with heart failure, diabetes and schizophrenia, who lies in a psychiatric ward."""
    today = local_day(now())
    ward = encounter("IMP", f"{today.year - 1}-12-01", care="psychiatric", came="in-progress", id="e1")

    def make(value, encounters=(ward,), conditions=MULTIMORBID, **more):
        return prefetch(conditions, encounters=encounters, who=patient(served.meta["system"], value)) | more

    return make


def test_a_discharge_opens_what_has_days_left_from_now_on(call, chart, known, last_row):
    card = card_of(call(chart("000000000000"), "e1"))
    assert NOW.rstrip(".") in card["detail"].replace("\\", "")
    assert "days left" in card["detail"]
    assert last_row() == ("hook", "found")
    asleep = card_of(call(chart("000000000000"), "another"))
    assert "days left" not in asleep["detail"], "the encounter that ends is another one: this one goes on"


def test_at_a_discharge_offers_are_by_the_chart_and_risks_by_the_scored_population(call, chart, known, served):
    many = [one for one in known if call({"patient": chart(one)["patient"]}).json()["cards"]]
    ends = card_of(call(chart(many[0]), "e1"))
    detail = ends["detail"].replace("\\", "")
    assert WORDS["en"]["both_sources"].format(day=served.meta["covers_to"]).rstrip(".") in detail
    assert "days left" in detail
    chance = card_of(call({"patient": chart(many[0])["patient"]}))["detail"].split("**")[1:4]
    assert chance == ends["detail"].split("**")[1:4], "who is known has one chance, wherever it is told"
    view = card_of(call(chart(many[0])))["detail"].replace("\\", "")
    assert NOW.rstrip(".") not in view
    assert f"Data until {served.meta['covers_to']}" in view


def test_at_an_opening_whom_nobody_knows_is_scored_from_their_chart(call, chart):
    sent = chart("000000000000")
    assert NOW.rstrip(".") in card_of(call(sent))["detail"].replace("\\", "")
    assert call({"patient": sent["patient"]}).json() == {"cards": []}


@pytest.mark.parametrize("state, told", [("left out", "did not send"), ("null", "no data"), ("failed", "not fetch")])
def test_a_discharge_whose_chart_did_not_come_says_what_it_lacks(call, chart, known, state, told):
    (one,) = [one for one in known if call({"patient": chart(one)["patient"]}).json()["cards"]][:1]
    sent = chart(one) | {"conditions": {"null": None, "failed": {"resourceType": "OperationOutcome"}}.get(state)}
    if state == "left out":
        del sent["conditions"]
    detail = card_of(call(sent, "e1"))["detail"].replace("\\", "")
    assert WORDS["en"]["no_days"].rstrip(".") in detail
    assert told in detail.split("What is missing")[1].splitlines()[2]


def test_who_is_known_nowhere_and_whose_diagnoses_could_not_be_fetched_is_no_empty_answer(call, chart):
    for ends in (None, "e1"):
        answer = call(chart("000000000000", conditions=()) | {"conditions": {"resourceType": "OperationOutcome"}}, ends)
        assert answer.status_code == 412
        assert "conditions" in answer.json()["issue"][0]["diagnostics"]
    assert call(chart("000000000000") | {"conditions": None}).json() == {"cards": []}, "there are none: no advice"


def test_a_discharge_of_an_encounter_that_does_not_say_what_it_is_is_told(call, chart):
    untold = encounter("IMP", f"{local_day(now()).year - 1}-12-01", care=None, came="in-progress", id="e1")
    for sent, ends, told in (
        (chart("000000000000", [untold]), "e1", "psychiatric or somatic: ask"),
        (chart("000000000000"), "e9", "is not among those that were sent"),
    ):
        assert told in card_of(call(sent, ends))["detail"].replace("\\", "")


def test_at_a_discharge_without_a_chart_or_with_too_little_in_it_the_scored_population_counts(call, chart, known):
    (one,) = [one for one in known if call({"patient": chart(one)["patient"]}).json()["cards"]][:1]
    for sent in ({"patient": chart(one)["patient"]}, chart(one, conditions=MULTIMORBID[:1]), chart(one, conditions=())):
        assert NOW.rstrip(".") not in card_of(call(sent, "e1"))["detail"].replace("\\", "")


@pytest.mark.parametrize(
    "changes, status, words",
    [
        ({"conditions": [condition("DI509", "2020-01-01", subject={"reference": "Patient/other"})]}, 422, "another"),
        ({"observations": {"resourceType": "Bundle", "entry": "x"}}, 422, "observations"),
        ({"observations": {"resourceType": "Bundle", "entry": [{"resource": condition("DI509")}]}}, 422, "laboratory"),
        (
            {"conditions": [condition("x", "2020", system="urn:x"), condition("y", "2020", system="urn:x")]},
            412,
            "coded",
        ),
    ],
)
def test_a_chart_that_cannot_be_scored_is_refused_with_why_and_the_token_is_spent(
    call, chart, workspace, app, last_row, changes, status, words
):
    token = demo_client_token(workspace.keys, f"{app.state.context.settings.address}{URL}")
    answer = call(chart("000000000000", **changes), "e1", token)
    (issue,) = answer.json()["issue"]
    assert (answer.status_code, words in issue["diagnostics"]) == (status, True), issue
    assert last_row() == ("hook", "failed")
    assert call(chart("000000000000"), "e1", token).status_code == 401


def test_nothing_of_a_chart_stands_in_the_log(call, chart, caplog):
    caplog.set_level("DEBUG")
    assert call(chart("987654321098"), "e1").status_code == 200
    assert "987654321098" not in caplog.text
    assert "I509" not in caplog.text


# --- by the process that does nothing else ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def beside(workspace, tmp_path_factory):
    address = tmp_path_factory.mktemp("s") / "a"
    with Keeper(workspace.root, address) as keeper:
        yield Beside(address), keeper


def test_what_scoring_needs_is_loaded_once_for_each_pair(workspace, monkeypatch):
    warmed = []
    monkeypatch.setattr(Spot, "warm", lambda spot: warmed.append(spot.served.pair))
    pairs = Pairs(workspace)
    for _ in range(3):
        pairs.look()
    assert len(warmed) == 1


@pytest.mark.slow
def test_the_process_beside_tells_the_same_row_to_the_bit(beside, app, served, known, chart):
    there, here = beside[0], Here(app.state.context.store)
    for one in (*known[:10], "000000000000"):
        row, other = (by.from_store(served, served.meta["system"], one) for by in (there, here))
        assert (row is None) == (other is None) == (one == "000000000000")
        if row is not None:
            assert (row.stored, row.day, row.basis) == (other.stored, other.day, other.basis)
            assert row.features.tobytes() == other.features.tobytes()
    row, other = (by.from_chart(served, chart("1"), "e1") for by in (there, here))
    assert row.stored == other.stored
    assert np.array_equal(row.features, other.features, equal_nan=True)


@pytest.mark.slow
def test_why_there_is_no_row_comes_from_the_process_beside(beside, served, chart):
    with pytest.raises(ChartRefusedError) as error:
        beside[0].from_chart(served, chart("1", observations={"resourceType": "Bundle", "entry": "x"}))
    assert (error.value.status, error.value.key) == (422, "observations")


@pytest.mark.slow
def test_a_pair_that_is_not_served_any_more_is_told_apart(beside, served):
    class Another:
        pair = "another"

    with pytest.raises(StoreMovedError):
        beside[0].from_store(Another(), served.meta["system"], "x")


@pytest.mark.slow
def test_a_process_that_is_killed_is_started_again_and_who_asks_waits_for_it(beside, served, known):
    there, keeper = beside
    assert there.from_store(served, served.meta["system"], known[0]) is not None
    keeper._process.kill()
    keeper._process.join()
    assert there.from_store(served, served.meta["system"], known[0]) is not None


@pytest.mark.slow
def test_where_no_process_is_there_is_no_answer(served, tmp_path, monkeypatch):
    monkeypatch.setattr("service.on_the_spot.STARTING", 0.3)
    with pytest.raises(BundleError, match="does not answer"):
        Beside(tmp_path / "a").from_store(served, "urn:x", "x")
