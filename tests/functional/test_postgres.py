"""The service on a real PostgreSQL, which is started here from Debian's package and thrown away afterwards."""

import gc
import os
import pwd
import re
import shutil
import socket
import subprocess
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

import service.app  # noqa: F401 - with it, every table is declared
from service.actions import ACTION, Actions, TooManyOpenError
from service.audit import AUDIT, METADATA, AuditLog, AuditUnavailableError, Entry, open_log
from service.chain import verify
from service.database import HEAD, upgrade_by_url
from service.replay import UsedTokens
from service.tokens import Client
from stratify.errors import BundleError, NotPermittedError

pytestmark = pytest.mark.slow
FOUND = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
ENTRY = Entry("dr", "clinician", "lookup", "TREAT", "f" * 64, "found", "r" * 36, "abc")


class Server:
    """A cluster in a folder of its own, on a free port of this machine."""

    def __init__(self, folder):
        self.folder, self.bin = folder / "cluster", FOUND[-1].parent
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.port = listening.getsockname()[1]
        self.user = None
        if os.geteuid() == 0:  # PostgreSQL does not run as root
            self.user = "postgres"
            for path in (folder, *folder.parents[:3]):
                path.chmod(0o755)
            self.folder.mkdir(mode=0o700)
            os.chown(self.folder, pwd.getpwnam("postgres").pw_uid, pwd.getpwnam("postgres").pw_gid)
        self._run("initdb", "-D", str(self.folder), "-U", "owner", "--auth=trust", "--no-sync")
        self.start()

    def _run(self, name, *words):
        command = [str(self.bin / name), *words]
        if self.user:
            command = ["runuser", "-u", self.user, "--", *command]
        subprocess.run(command, check=True, capture_output=True, cwd="/")

    def start(self):
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        self._run("pg_ctl", "-D", str(self.folder), "-w", "-o", options, "-l", str(self.folder / "log"), "start")

    def stop(self):
        self._run("pg_ctl", "-D", str(self.folder), "-m", "immediate", "-w", "stop")

    def url(self, name, user="owner"):
        return f"postgresql+pg8000://{user}@127.0.0.1:{self.port}/{name}"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    if not FOUND:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    server = Server(tmp_path_factory.mktemp("postgres"))
    yield server
    server.stop()
    shutil.rmtree(server.folder, ignore_errors=True)


@pytest.fixture
def url(server, request):
    """A new database."""
    name = f"d{abs(hash(request.node.name)) % 10**8}"
    engine = create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.url(name)


def test_the_steps_make_the_tables_that_the_code_declares(url):
    assert upgrade_by_url(url) == (None, HEAD)
    engine = create_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


def test_a_database_that_is_not_up_to_date_is_refused_with_the_command(url):
    with pytest.raises(NotPermittedError, match="stratify database upgrade"):
        AuditLog(url)


def test_an_account_that_may_only_add_is_enough_and_cannot_change_the_log(server, url):
    upgrade_by_url(url)
    owner = create_engine(url, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.execute(text("CREATE ROLE service LOGIN"))
        connection.execute(text("GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO service"))
        connection.execute(text("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO service"))
    owner.dispose()
    log = AuditLog(url.replace("owner@", "service@"))
    log.record(ENTRY)
    for statement in ("UPDATE audit SET outcome = 'denied'", "DELETE FROM audit", "TRUNCATE audit"):
        with pytest.raises(Exception, match="permission denied"), log.engine.begin() as connection:
            connection.execute(text(statement))
    log.close()


def test_the_rights_that_operations_are_told_to_give_are_enough_and_no_more(server, url, root, tmp_path):
    page = (root / "deploy/README.md").read_text(encoding="utf-8")
    roles, grants = re.findall(r"^```sql\n(.*?)^```", page, re.M | re.S)
    owner = create_engine(url, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        for role in re.findall(r'CREATE ROLE "?([\w-]+)"? LOGIN', roles):
            connection.execute(text(f'CREATE ROLE "{role}" LOGIN'))
    upgrade_by_url(url)
    with owner.connect() as connection:
        for statement in filter(str.strip, grants.split(";")):
            connection.execute(text(statement))
    owner.dispose()
    log = AuditLog(url.replace("owner@", "stratify@"))
    log.record(ENTRY)
    UsedTokens(log).first(Client("iss", None, "one", int(time.time()) - 3600))
    assert UsedTokens(log).first(Client("iss", None, "two", int(time.time()) + 60))  # lets the old one go
    engine = open_log(url.replace("owner@", "stratify-anchor@"), tmp_path)
    assert verify(engine, AUDIT, tmp_path / "heads.jsonl").rows == 1
    for account in (log.engine, engine):
        for statement in ("UPDATE audit SET outcome = 'denied'", "DELETE FROM audit", "DELETE FROM choice"):
            with pytest.raises(Exception, match="permission denied"), account.begin() as connection:
                connection.execute(text(statement))
    with pytest.raises(Exception, match="permission denied"), engine.begin() as connection:
        connection.execute(text("SELECT * FROM choice"))
    engine.dispose()
    log.close()


def test_workers_write_chains_of_their_own_and_all_are_whole(url, tmp_path):
    upgrade_by_url(url)
    logs = [AuditLog(url) for _ in range(3)]
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda nth: logs[nth % 3].record(replace(ENTRY, request_id=str(nth))), range(300)))
    for log in logs:
        log.close()
    engine = open_log(url, tmp_path)
    found = verify(engine, AUDIT, tmp_path / "heads.jsonl")
    assert sorted(head.rows for head in found.heads.values()) == [100, 100, 100]
    with engine.begin() as connection:
        connection.execute(text("UPDATE audit SET outcome = 'denied' WHERE nth = 50 AND chain = :c"),
                           {"c": next(iter(found.heads))})  # fmt: skip
    with pytest.raises(BundleError, match="not as it was written"):
        verify(engine, AUDIT, tmp_path / "heads.jsonl")
    engine.dispose()


def test_a_token_counts_once_for_all_workers_together(url):
    upgrade_by_url(url)
    logs = [AuditLog(url) for _ in range(2)]
    used = [UsedTokens(log) for log in logs]
    client = Client("iss", None, "one", int(time.time()) + 60)
    with ThreadPoolExecutor(8) as pool:
        firsts = list(pool.map(lambda nth: used[nth % 2].first(client), range(16)))
    assert sum(firsts) == 1
    for log in logs:
        log.close()


def test_while_the_database_is_gone_nothing_is_written_and_it_works_again_when_it_is_back(server, url, tmp_path):
    upgrade_by_url(url)
    log = AuditLog(url)
    log.record(ENTRY)
    server.stop()
    try:
        with pytest.raises(AuditUnavailableError):
            log.record(ENTRY)
    finally:
        server.start()
    log.record(ENTRY)
    log.close()
    engine = open_log(url, tmp_path)
    assert verify(engine, AUDIT).rows == 2
    engine.dispose()
    with warnings.catch_warnings():  # the driver leaves the sockets of a server that is gone to the collector
        warnings.simplefilter("ignore")
        gc.collect()


def test_of_two_workers_that_open_actions_of_a_unit_at_once_three_are_open(url):
    upgrade_by_url(url)
    logs = [AuditLog(url) for _ in range(2)]
    workers = [Actions(log) for log in logs]
    row = dict.fromkeys(ACTION.columns.keys()) | {
        "at": "x", "issuer": "x", "target": "t", "text": "x", "due": "2030-01-01", "status": "planned", "user": "dr",
        "role": "quality", "request_id": "r", "level": "hospital", "unit": "Horsens", "consent_to_name": False,
    }  # fmt: skip
    del row["seq"]

    def one(nth):
        try:
            workers[nth % 2].add(replace(ENTRY, action="action"), row | {"action_id": str(nth)}, 3)
        except TooManyOpenError as error:
            return len(error.rows)
        return None

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(one, range(16)))
    for log in logs:
        log.close()
    assert sorted(told, key=str) == [3] * 13 + [None] * 3
