"""What is served must verify and fit together, at the start and whenever it is replaced."""

import json
import re
import shutil
import sqlite3
import subprocess
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest

from models.keys import ensure_signing_keys
from pipelines.serving import take_back
from service.app import create_app
from service.health import BEHIND, SCORES_DOWN
from service.problem import AUDIT_DOWN
from service.served import load_verified, open_served
from service.settings import Settings
from service.store import Store
from stratify.errors import BundleError, NotPermittedError, UsageError


def _change(workspace, statement, *values):
    connection = sqlite3.connect(workspace.serving_db)
    with connection:
        connection.execute(statement, values)
    connection.close()


def _bundle(workspace):
    return workspace.bundles / workspace.champion.read_text().strip()


def _tamper_model(workspace):
    path = _bundle(workspace) / "death_365d" / "multimorbid" / "model.txt"
    path.write_bytes(path.read_bytes().replace(b"num_leaves=4", b"num_leaves=5", 1))


def _tamper_manifest(workspace):
    path = _bundle(workspace) / "manifest.json"
    path.write_text(path.read_text().replace("synthetic", "danish"))


def _other_signing_key(workspace):
    for path in workspace.keys.glob("bundle_*.pem"):
        path.unlink()
    ensure_signing_keys(workspace.keys)


def _spoil_page(workspace, table):
    """Overwrite the page a table begins on, as a disk that fails does."""
    connection = sqlite3.connect(workspace.serving_db)
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    connection.close()
    with workspace.serving_db.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)


def _drop(table):
    return lambda workspace: _change(workspace, f"DROP TABLE {table}")


def _meta(key, value):
    return lambda workspace: _change(workspace, "UPDATE meta SET value = ? WHERE key = ?", value, key)


BROKEN = {
    "a model changed": (_tamper_model, "SHA-256"),
    "the manifest changed": (_tamper_manifest, "signature"),
    "a file too many": (lambda w: (_bundle(w) / "extra.py").write_text("1"), "stands in no manifest"),
    "its bundle is gone": (lambda w: shutil.rmtree(_bundle(w)), "restore it, or score again"),
    "its bundle is without a signature": (lambda w: (_bundle(w) / "manifest.sig").unlink(), "manifest.sig is missing"),
    "another signing key": (_other_signing_key, "signature"),
    "no scored population": (lambda w: w.serving_db.unlink(), "stratify score"),
    "not a database": (lambda w: w.serving_db.write_bytes(b"x" * 4096), "not a readable database"),
    "another format": (_meta("format", "2"), "format 8, got 2"),
    "a bundle that never was": (_meta("bundle_version", "000000000000"), "score again"),
    "a bundle elsewhere": (_meta("bundle_version", "../bundles/x"), "12 hex digits"),
    "a page of meta overwritten": (lambda w: _spoil_page(w, "meta"), "cannot be read|not a readable"),
    "a page of targets overwritten": (lambda w: _spoil_page(w, "target"), "cannot be read|not a readable"),
    "what is told of a person cut short": (
        lambda w: _change(w, "UPDATE person SET told = substr(told, 1, 200)"),
        "is damaged",
    ),
    "what is told of a person in another shape": (
        lambda w: _change(w, "UPDATE person SET told = ?", zlib.compress(b'{"offers": []}')),
        "another shape",
    ),
    "made with another key": (_meta("pseudonym_key_id", "0"), "another pseudonym key"),
    "meta that does not say all": (lambda w: _change(w, "DELETE FROM meta WHERE key = 'covers_to'"), "covers_to"),
    "no people table": (_drop("person"), "table person"),
    "no targets table": (_drop("target"), "table target"),
    "a person without risks": (lambda w: _change(w, "UPDATE person SET body = '{}'"), "risks: missing"),
    "a risk above one": (
        lambda w: _change(w, "UPDATE person SET body = json_replace(body, '$.risks[0].risk', 1.7)"),
        "less_than_equal",
    ),
    "a risk of a model that is not there": (
        lambda w: _change(w, "UPDATE person SET body = json_replace(body, '$.risks[0].outcome', 'other')"),
        "no model for",
    ),
    "a risk of a population without a model": (
        lambda w: _change(w, "UPDATE person SET body = json_replace(body, '$.risks[0].population', 'multimorbid')"),
        "no model for",
    ),
    "a risk of nobody's population": (
        lambda w: _change(w, "UPDATE person SET body = json_remove(body, '$.risks[0].population')"),
        r"risks\.\[\]\.population: missing",
    ),
    "features cut short": (lambda w: _change(w, "UPDATE person SET features = x'00'"), "24 bytes"),
    "a suppressed count that shows": (
        lambda w: _change(w, "UPDATE target SET body = json_replace(body, '$.suppressed', json('true'))"),
        "target does not have",
    ),
    "an interval upside down": (
        lambda w: _change(w, "UPDATE target SET body = json_replace(body, '$.interval', json('[0.9, 0.1]'))"),
        "interval: value_error",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_service_whose_files_do_not_fit_does_not_start(name, workspace, settings):
    spoil, told = BROKEN[name]
    spoil(workspace)
    with pytest.raises(BundleError, match=told) as refused:
        create_app(settings)
    assert refused.value.exit_code == 13
    assert "0.2" not in str(refused.value)  # a stored risk


def test_a_pseudonym_key_that_others_can_read_is_refused(workspace, settings):
    (workspace.keys / "pseudonym.key").chmod(0o644)
    with pytest.raises(NotPermittedError, match="chmod 600"):
        create_app(settings)


def test_the_scored_population_is_opened_for_reading_alone(workspace):
    served = open_served(workspace)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        served._connection.execute("DELETE FROM person")


def test_the_demo_serves_made_up_people_alone(workspace, settings, rescore):
    rescore(workspace.champion.read_text().strip(), source="danish")
    with pytest.raises(NotPermittedError, match="made-up people"):
        create_app(settings)
    real = Settings(
        work=workspace.root, jwt_public_key=_own_key(workspace), issuer="https://idp.example", audience="stratify"
    )
    app = create_app(real)
    app.state.context.audit.close()


def _own_key(workspace):
    path = workspace.root / "idp.pem"
    path.write_bytes((workspace.keys / "jwt_public.pem").read_bytes())
    return path


def test_outside_the_demo_a_demo_token_opens_nothing_and_no_description_is_shown(workspace, client_of, token, people):
    app = create_app(
        Settings(work=workspace.root, jwt_public_key=_own_key(workspace), issuer="https://idp.example", audience="x")
    )
    client = client_of(app, token("clinician"))
    assert client.look_up(people.stored).status_code == 401
    assert client.send("GET", "/docs").status_code == 404
    assert client.send("GET", "/openapi.json").status_code == 404
    app.state.context.audit.close()


@pytest.fixture
def at_once(monkeypatch):
    """Look for newer files at every request."""
    for name in ("store.LOOK_EVERY", "store.RETRY_EVERY", "health.KEPT"):
        monkeypatch.setattr(f"service.{name}", 0.0)


@pytest.fixture
def clock(monkeypatch):
    """A clock to be set by hand."""
    now = [1000.0]
    for module in ("store", "health"):
        monkeypatch.setattr(f"service.{module}.monotonic", lambda: now[0])

    def pass_(seconds):
        now[0] += seconds

    return pass_


def _version(client):
    return client.send("GET", "/v1/models/current").json()["bundle_version"]


def test_between_promotion_and_scoring_the_pair_scored_together_is_served_and_a_restart_changes_nothing(
    at_once, client, people, promote, rescore, settings, client_of, token
):
    before = client.look_up(people.stored)
    version = before.json()["model"]["bundle_version"]
    new = promote(0.5)
    assert new != version
    again = create_app(settings)  # a restarted service
    restarted = client_of(again, token("clinician"))
    for service in (client, restarted):
        between = service.look_up(people.stored)
        assert between.json() == before.json()
        assert between.headers["x-model-version"] == _version(service) == version
        assert service.send("GET", "/readyz").json() == {"status": "ready", "notes": []}
    rescore(new)
    for service in (client, restarted):
        after = service.look_up(people.stored)
        assert after.json()["model"]["bundle_version"] == after.headers["x-model-version"] == _version(service) == new
    again.state.context.audit.close()


def test_reasons_computed_between_promotion_and_scoring_are_of_the_models_that_scored(
    at_once, client, people, promote, workspace
):
    before = client.look_up(people.computed).json()["reasons"]
    promote(3.0)
    workspace.champion.unlink()
    assert client.look_up(people.computed).json()["reasons"] == before


def test_a_bundle_that_was_tampered_with_never_takes_over(
    at_once, client, people, promote, rescore, workspace, audit_rows, caplog
):
    before = client.look_up(people.stored).json()["model"]["bundle_version"]
    new = promote(0.5)
    _tamper_model(workspace)
    rescore(new)
    assert client.look_up(people.stored).json()["model"]["bundle_version"] == before
    assert {row["model_version"] for row in audit_rows()} == {before}
    assert "SHA-256" in caplog.text
    assert client.send("GET", "/readyz").json() == {"status": "degraded", "notes": [BEHIND]}


def _unlink_key(workspace):
    (workspace.keys / "pseudonym.key").unlink()


WORSE = {
    "a page of meta overwritten": lambda w: _spoil_page(w, "meta"),
    "not a database": lambda w: w.serving_db.write_bytes(b"x" * 4096),
    "gone": lambda w: w.serving_db.unlink(),
    "no bundle public key": lambda w: (w.keys / "bundle_public.pem").unlink(),
    "no pseudonym key": _unlink_key,
    "its bundle is gone": lambda w: shutil.rmtree(_bundle(w)),
}


@pytest.mark.parametrize("name", WORSE)
def test_whatever_becomes_of_the_files_the_last_good_pair_answers_until_they_are_whole_again(
    name, at_once, workspace, tmp_path, caplog
):
    store = Store(workspace)
    good = store.current()
    shutil.copytree(workspace.root, tmp_path / "copy")
    fresh = workspace.root / "fresh"  # as everything that writes here does: beside, then renamed
    shutil.copy(workspace.serving_db, fresh)
    fresh.rename(workspace.serving_db)
    WORSE[name](workspace)
    assert store.current() is good
    assert store.behind
    assert "the files on the disk are not served" in caplog.text
    shutil.rmtree(workspace.root)
    shutil.copytree(tmp_path / "copy", workspace.root)
    assert store.current() is not good
    assert not store.behind


class _OddError(Exception):
    pass


def _counting(workspace, failures):
    """Return a store, how often it loaded, and a switch: loading fails while `failures` holds an error."""
    loads = []

    def load(place, version):
        loads.append(version)
        if failures:
            raise failures[0]
        return load_verified(place, version)

    return Store(workspace, load), loads


@pytest.mark.parametrize("error", [sqlite3.DatabaseError("MARK"), _OddError("MARK"), KeyError("MARK"), OSError("MARK")])
def test_an_error_nobody_thought_of_is_logged_by_kind_and_place_and_the_last_pair_stays(
    error, at_once, workspace, rescore, caplog
):
    failures = []
    store, _ = _counting(workspace, failures)
    good = store.current()
    failures.append(error)
    rescore(good.bundle.version)
    assert store.current() is good
    assert store.behind
    assert f"{type(error).__name__} at test_served_files.py" in caplog.text
    assert "MARK" not in caplog.text


def test_after_a_failure_it_is_tried_again_each_ten_seconds_though_nothing_changed_on_the_disk(
    clock, workspace, rescore
):
    failures = []
    store, loads = _counting(workspace, failures)
    good = store.current()
    failures.append(_OddError())
    rescore(good.bundle.version)
    clock(2)
    assert store.current() is good
    assert len(loads) == 2
    for _ in range(9):
        clock(1)
        assert store.current() is good
    assert len(loads) == 2  # not more often
    clock(1)
    store.current()
    assert (len(loads), store.behind) == (3, True)
    failures.clear()  # what was wrong is no file: the disk looks as it did
    clock(10)
    assert store.current() is not good
    assert (len(loads), store.behind) == (4, False)


def test_files_that_did_not_change_are_not_loaded_again(clock, workspace):
    store, loads = _counting(workspace, [])
    for _ in range(5):
        clock(10)
        store.current()
    assert len(loads) == 1


@pytest.mark.parametrize("name", ["pseudonym.key", "bundle_public.pem"])
def test_a_key_that_changes_is_noticed_and_so_is_its_return(name, at_once, workspace):
    store = Store(workspace)
    good = store.current()
    path = workspace.keys / name
    path.rename(path.with_suffix(".away"))
    assert store.current() is good
    assert store.behind
    path.with_suffix(".away").rename(path)
    assert store.current().bundle.version == good.bundle.version
    assert not store.behind


def test_a_healthy_service_is_alive_and_ready_without_a_token(client):
    assert client.send("GET", "/livez", token=None).json() == {"status": "alive"}
    assert client.send("GET", "/readyz", token=None).json() == {"status": "ready", "notes": []}


def test_a_service_that_cannot_answer_says_so_in_fixed_words_and_stays_alive(client, workspace, people, caplog):
    connection = sqlite3.connect(workspace.service_db)
    connection.execute("DROP TABLE audit")
    connection.close()
    _change(workspace, "DROP TABLE person")
    response = client.send("GET", "/readyz", token=None)
    assert response.status_code == 503
    assert response.json()["reasons"] == [SCORES_DOWN, AUDIT_DOWN]
    assert "serving.db cannot be read (OperationalError)" in caplog.text  # the details are for the log
    assert "the audit log cannot be written (OperationalError)" in caplog.text
    assert client.look_up(people.stored).status_code == 503
    assert client.send("GET", "/livez").status_code == 200


def test_readiness_is_looked_at_each_other_second_however_often_it_is_asked_for(clock, app, client, monkeypatch):
    looks = []
    probe = app.state.context.audit.probe
    monkeypatch.setattr(app.state.context.audit, "probe", lambda: looks.append(1) or probe())
    for _ in range(5):
        assert client.send("GET", "/readyz", token=None).status_code == 200
    assert len(looks) == 1
    clock(2)
    client.send("GET", "/readyz", token=None)
    assert len(looks) == 2


def test_whoever_asks_while_a_look_is_taken_gets_the_last_one_and_does_not_wait(app, client):
    readiness = app.state.context.readiness
    with readiness._looking:
        assert client.send("GET", "/readyz", token=None).status_code == 200


def test_the_shared_connection_is_used_by_one_at_a_time(workspace, people):
    served = open_served(workspace)
    with served._lock, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(served.check)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.1)
        served._lock.release()
        waiting.result(timeout=5)
        served._lock.acquire()


def test_a_row_that_breaks_under_way_is_no_answer_and_no_word_of_it_is_told(client, workspace, people, caplog):
    broken = json.dumps({"risks": "MARK0101010000"})
    _change(workspace, "UPDATE person SET body = ?", broken)
    response = client.look_up(people.stored)
    assert response.status_code == 503
    assert "MARK" not in response.text + caplog.text


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not there")
def test_what_a_refused_demo_says_makes_a_key_and_a_token_that_work(
    workspace, settings, rescore, tmp_path, client_of, people
):
    rescore(workspace.champion.read_text().strip(), source="danish")
    with pytest.raises(NotPermittedError) as refused:
        create_app(settings)
    for command in (line for line in refused.value.problems if line.startswith("openssl")):
        subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    private = tmp_path / "try_private.pem"
    assert private.stat().st_mode & 0o077 == 0
    (serve,) = (line for line in refused.value.problems if line.startswith("stratify serve"))
    words = serve.split()
    given = {name: words[words.index(f"--{name}") + 1] for name in ("jwt-key", "issuer", "audience")}
    told = " ".join(refused.value.problems)
    now = int(time.time())
    values = {"iss": given["issuer"], "aud": given["audience"], "iat": now, "exp": now + 3600, "sub": "me"}
    context = {"patient_id": f"urn:stratify:synthetic|{people.stored}"}
    claims = {**values, "role": "clinician", "context": context}
    assert all(re.search(rf"\b{name}\b", told) for name in claims)
    app = create_app(
        Settings(
            work=workspace.root,
            jwt_public_key=tmp_path / given["jwt-key"],
            issuer=given["issuer"],
            audience=given["audience"],
        )
    )
    own = jwt.encode(claims, private.read_bytes(), algorithm="ES384")
    assert client_of(app, own).look_up(people.stored).status_code == 200
    app.state.context.audit.close()


def test_scores_are_taken_back_with_their_bundle_and_taken_up_again(
    at_once, client, people, promote, rescore, workspace
):
    old = client.look_up(people.stored).json()["model"]["bundle_version"]
    workspace.serving_before.hardlink_to(workspace.serving_db)  # as scoring keeps it
    new = promote(0.5)
    rescore(new)
    assert client.look_up(people.stored).json()["model"]["bundle_version"] == new
    for wanted in (old, new, old):
        told = take_back(workspace.serving_db, workspace.serving_before)
        assert told["bundle_version"] == wanted
        assert client.look_up(people.stored).json()["model"]["bundle_version"] == wanted
        assert client.send("GET", "/readyz").json() == {"status": "ready", "notes": []}
    assert sorted(path.name for path in workspace.root.glob("serving*")) == ["serving.before.db", "serving.db"]


def test_there_is_nothing_to_take_back_where_nothing_was_before(workspace):
    before = workspace.serving_db.read_bytes()
    with pytest.raises(UsageError, match="nothing to go back to"):
        take_back(workspace.serving_db, workspace.serving_before)
    assert workspace.serving_db.read_bytes() == before
