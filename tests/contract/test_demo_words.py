"""What the demo prints, and an address that cannot be had."""

import socket
import sqlite3

import pytest

from service.listening import listen
from service.run import demo_person, demo_words, serve
from service.served import open_served
from service.settings import Settings
from stratify.errors import UsageError


def test_the_demo_shows_the_person_with_the_highest_risk(settings, workspace, people):
    assert demo_person(settings, open_served(workspace)) == people.computed


def test_without_the_event_store_the_command_says_where_the_person_goes(settings, workspace):
    (workspace.store / "persons.parquet").unlink()
    words = demo_words(settings, "http://127.0.0.1:8080", open_served(workspace))
    assert '"value": "PERSON"' in words
    assert "Stop: Ctrl-C" in words


def test_a_population_without_anybody_known_shows_nobody(settings, workspace):
    connection = sqlite3.connect(workspace.serving_db)
    with connection:
        connection.execute("DELETE FROM person")
    connection.close()
    assert demo_person(settings, open_served(workspace)) is None


def test_an_address_that_is_taken_is_said_in_words(workspace):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=rf"cannot listen on 127\.0\.0\.1:{port} .*--port"):
            serve(Settings(work=workspace.root, demo=True, port=port), say=lambda text: None)


def test_answers_are_sent_at_once_and_not_held_back_for_an_acknowledgement():
    with listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
