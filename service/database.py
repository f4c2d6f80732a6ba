"""Returns the service's database, open: a SQLite file of its owner's alone, or PostgreSQL by URL.

Its tables are made and changed by numbered steps (`service/migrations`), never by the code that uses them. A SQLite
file is brought up to date when it is opened; any other database by `stratify database upgrade`, so that the service's
own account needs no right to change tables.
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from time import sleep

from sqlalchemy import URL, create_engine, event, inspect
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import SQLAlchemyError

from stratify.errors import NotPermittedError, UsageError

PAGE = 512  # bytes: the least that a page of SQLite has
CACHE = 256  # KiB of a file that each connection holds in memory
TRIES, PAUSE = 50, 0.1  # of several that open a new file at once; seconds between them
HEAD = "0006"  # the last step in service/migrations/versions


def open_database(url: str | URL) -> Engine:
    """Return the database for writing. Raises what SQLAlchemy raises for a URL it cannot use."""
    parsed = make_url(url)
    # No statement's values in an exception or a log, whatever happens.
    engine = create_engine(parsed, hide_parameters=True, pool_pre_ping=parsed.get_backend_name() != "sqlite")
    if parsed.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _durable)
        if parsed.database and not parsed.database.startswith((":", "file:")):
            _private_file(Path(parsed.database))
    return engine


def prepare(engine: Engine) -> None:
    """Return when the tables are as they must be: a SQLite file is brought up to date now.

    Raises NotPermittedError for another database that is not, naming the command.
    """
    now = revision(engine)
    if now == HEAD:
        return
    if engine.dialect.name != "sqlite":
        raise NotPermittedError(
            f"the service's database is at step {now or 'none'} and must be at {HEAD}; with an account that may change"
            " tables, run: stratify database upgrade --service-db URL"
        )
    upgrade(engine)


def upgrade_by_url(url: str) -> tuple[str | None, str]:
    """Bring a database up to date; return the step it was at and the step it is at. Raises UsageError."""
    try:
        engine = open_database(url)
        before = revision(engine)
        upgrade(engine)
        engine.dispose()
    except (SQLAlchemyError, ImportError) as error:
        raise UsageError(f"--service-db: this database cannot be brought up to date ({type(error).__name__})") from None
    return before, HEAD


def upgrade(engine: Engine) -> None:
    """Bring the tables up to date, all at once or not at all."""
    from alembic.command import upgrade as run
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "service:migrations")
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":  # two that start together: the second waits, and finds it done
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        config.attributes["connection"] = connection
        run(config, "head")


def revision(engine: Engine) -> str | None:
    """Return the step a database is at, or None where it is at none."""
    if not inspect(engine).has_table("alembic_version"):
        return None
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one_or_none()
    return None if found is None else str(found)


@dataclass(frozen=True)
class OneFile:
    """A SQLite file as it was opened: whoever holds it open goes on writing to it when it is gone from its place."""

    path: Path
    inode: tuple[int, int]

    def is_there(self) -> bool:
        """Whether it lies where it did, in whole pages. It is not opened for that: closing it would undo its locks."""
        try:
            told = self.path.stat()
        except OSError:
            return False
        return (told.st_dev, told.st_ino) == self.inode and told.st_size >= PAGE and told.st_size % PAGE == 0


def file_of(engine: Engine) -> OneFile | None:
    """Return the file of a SQLite database; None for one in memory, and for any other database."""
    name = engine.url.database
    if engine.dialect.name != "sqlite" or not name or name.startswith((":", "file:")):
        return None
    told = Path(name).stat()
    return OneFile(Path(name), (told.st_dev, told.st_ino))


def open_for_reading(url: str | None, path: Path, table: str, columns: set[str]) -> Engine:
    """Return the database to be read: by URL, or the SQLite file. Raises UsageError where it lacks what is read."""
    if url is None and not path.exists():
        raise UsageError(f"{path}: no audit log here; name the work folder of the service, or --service-db")
    try:
        parsed = make_url(url) if url else URL.create("sqlite", database=str(path.absolute()))
        if parsed.get_backend_name() == "sqlite" and parsed.database and not Path(parsed.database).exists():
            raise UsageError("--service-db: there is no such file")
        engine = create_engine(parsed, hide_parameters=True)
        there = inspect(engine)
        if not there.has_table(table):
            raise UsageError("--service-db: this database holds no audit log")
        if not columns <= {column["name"] for column in there.get_columns(table)}:
            raise UsageError("this audit log is of an earlier version: start the service on it once")
    except (SQLAlchemyError, ImportError) as error:
        raise UsageError(f"--service-db: this database cannot be read ({type(error).__name__})") from None
    return engine


def _durable(connection: sqlite3.Connection, _: object) -> None:
    cursor = connection.cursor()
    for tries_left in reversed(range(TRIES)):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError:  # another one that starts does the same: SQLite does not wait for that
            if not tries_left:
                raise
            sleep(PAUSE)
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute(f"PRAGMA cache_size=-{CACHE}")
    cursor.close()


def _private_file(path: Path) -> None:
    """Make the file, if it is not there, readable by its owner alone: SQLite would follow the umask."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError as error:
        raise NotPermittedError(f"{path}: the audit log cannot be made ({error.strerror})") from None
