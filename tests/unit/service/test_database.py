"""The tables come from numbered steps; whatever a SQLite file was before, it is brought up to date or left alone."""

import sqlite3
from concurrent.futures import ProcessPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import service.app  # noqa: F401  (every table is declared)
from service.audit import METADATA, AuditLog
from service.database import HEAD, open_database, prepare, revision, upgrade_by_url
from stratify.errors import NotPermittedError, UsageError


def test_the_last_step_is_the_one_the_service_wants():
    config = Config()
    config.set_main_option("script_location", "service:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_the_steps_make_the_tables_that_the_code_declares(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path / 's.db'}")
    prepare(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


def _started(path):
    AuditLog(f"sqlite:///{path}").close()


def test_several_that_start_at_once_on_a_new_file_all_start(tmp_path):
    with ProcessPoolExecutor(4) as pool:
        list(pool.map(_started, [tmp_path / "s.db"] * 4))
    assert revision(open_database(f"sqlite:///{tmp_path / 's.db'}")) == HEAD


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "s.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE action (x)")  # somebody else's
    connection.close()
    with pytest.raises(NotPermittedError):
        AuditLog(f"sqlite:///{path}")
    with sqlite3.connect(path) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        assert tables == [("action",)]
    connection.close()


def test_the_command_says_where_a_database_was_and_is(tmp_path):
    url = f"sqlite:///{tmp_path / 's.db'}"
    assert upgrade_by_url(url) == (None, HEAD)
    assert upgrade_by_url(url) == (HEAD, HEAD)
    with pytest.raises(UsageError, match="--service-db"):
        upgrade_by_url("nonsense://x:secret@y")
