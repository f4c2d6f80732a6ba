"""Reasons that are worked out for an opened person are kept while their bundle is served, and no longer."""

from concurrent.futures import ThreadPoolExecutor

import pytest

import models.explain
from service.schemas import Told
from service.served import Served
from stratify.pseudonym import pseudonym, read_key


@pytest.fixture
def worked_out(monkeypatch):
    """Each row that reasons are worked out for."""
    rows = []
    whole = Served._computed
    monkeypatch.setattr(Served, "_computed", lambda self, row: rows.append(row.name) or whole(self, row))
    return rows


@pytest.fixture
def name(workspace, people):
    key = read_key(workspace.keys / "pseudonym.key")
    return lambda who: pseudonym(key, people.system, getattr(people, who))


def test_a_person_opened_again_gets_the_same_answer_without_working_it_out(client, people, name, worked_out):
    first = client.look_up(people.computed)
    before = list(worked_out)
    assert before == [name("computed")]
    assert client.look_up(people.computed).content == first.content
    assert worked_out == before
    assert first.json()["reasons"]["acute_admission_365d"]


def test_kept_reasons_are_of_the_person_asked_for(client, people, worked_out):
    told = {who: client.look_up(getattr(people, who)).json()["reasons"] for who in ("computed", "low")}
    again = {who: client.look_up(getattr(people, who)).json()["reasons"] for who in ("low", "computed")}
    assert again == told
    assert told["low"] != told["computed"]
    assert len(worked_out) == 2


def test_stored_reasons_are_not_worked_out_or_kept(client, people, app, worked_out):
    client.look_up(people.stored)
    assert worked_out == []
    assert len(app.state.context.store.current()._kept) == 0


def test_another_bundle_starts_with_nothing_kept(client, people, app, promote, rescore, worked_out):
    store = app.state.context.store
    client.look_up(people.computed)
    before, opened = len(worked_out), store.current()
    rescore(promote(1.1))
    store.refresh()
    assert store.current() is not opened
    client.look_up(people.computed)
    assert len(worked_out) > before
    assert worked_out[-1] == worked_out[before - 1]


def test_no_more_people_are_kept_than_may_be(client, people, app, monkeypatch, worked_out):
    kept = app.state.context.store.current()._kept
    monkeypatch.setattr(kept, "_most", 1)
    for who in ("computed", "low", "computed"):
        client.look_up(getattr(people, who))
        assert len(kept) == 1
    assert len(worked_out) == 3


def test_many_at_once_get_the_same_answer(app, name):
    served = app.state.context.store.current()
    row = served.find(name("computed"))
    expected = served.tell(row, Told)
    with ThreadPoolExecutor(8) as pool:
        assert all(
            told == expected for told in pool.map(lambda _: served.tell(served.find(name("computed")), Told), range(60))
        )


def test_what_cannot_be_worked_out_is_not_kept(client, people, app, monkeypatch):
    def broken(*_):
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(models.explain, "reasons", broken)
        assert client.look_up(people.low).status_code == 500
    assert len(app.state.context.store.current()._kept) == 0
    assert client.look_up(people.low).status_code == 200
