"""Returns the service's database, open: a SQLite file of its owner's alone, or PostgreSQL by URL.

Its tables are made and changed by numbered steps (`service/migrations`), never by the code that uses them. A SQLite
file is brought up to date when it is opened; any other database by `stratify database upgrade`, so that the service's
own account needs no right to change tables.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from sqlalchemy import URL, MetaData, create_engine, event, inspect
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import SQLAlchemyError

from stratify.errors import NotPermittedError, UsageError


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


def prepare(engine: Engine, metadata: MetaData) -> None:
    """Make the tables that are not there, and add the columns that older ones lack."""
    metadata.create_all(engine)
    there = inspect(engine)
    with engine.begin() as connection:
        for table in metadata.tables.values():
            known = {column["name"] for column in there.get_columns(table.name)}
            for column in table.columns:
                if column.name not in known:
                    kind = column.type.compile(engine.dialect)
                    connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {column.name} {kind}")


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
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _private_file(path: Path) -> None:
    """Make the file, if it is not there, readable by its owner alone: SQLite would follow the umask."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError as error:
        raise NotPermittedError(f"{path}: the audit log cannot be made ({error.strerror})") from None
