"""A real server of two workers that is asked all the time: models are swapped, a worker is killed, the disk is full.

Whatever happens, each answer is whole and of one model, and none was given that is not written down.
"""

import http.client
import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from service.audit import AUDIT, open_log
from service.chain import verify
from service.demo import demo_token
from service.scoring import NAME

pytestmark = pytest.mark.slow
PROGRAM = """
import sys
from pathlib import Path
from service.run import serve
from service.settings import make_settings

serve(make_settings(work=Path(sys.argv[1]), demo=True, port=0, workers=2, per_minute=1_000_000))
"""


@pytest.fixture
def server(workspace, tmp_path):
    """Start it; yields its address, its process and the file its log goes to."""
    program, log = tmp_path / "serve.py", tmp_path / "log.txt"
    body = "\n".join(f"    {line}" for line in PROGRAM.strip().splitlines())
    program.write_text(f"if __name__ == '__main__':\n{body}\n", encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUNBUFFERED": "1"}
    with log.open("w") as stream:
        process = subprocess.Popen([sys.executable, str(program), str(workspace.root)], stdout=stream,
                                   stderr=subprocess.STDOUT, env=env, start_new_session=True)  # fmt: skip
    deadline = time.time() + 60
    while (found := re.search(r"http://127\.0\.0\.1:\d+", log.read_text())) is None and time.time() < deadline:
        time.sleep(0.05)
    assert found, log.read_text()
    address = found[0]
    _until(lambda: len(workers(process)) == 2 and _ready(address) == 200)
    yield address, process, log
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)


def _until(holds, seconds=60):
    deadline = time.time() + seconds
    while not holds():
        assert time.time() < deadline
        time.sleep(0.05)


def _ready(address):
    try:
        return _ask(address, "GET", "/readyz")[0]
    except OSError:
        return None


def workers(process):
    """The workers' process numbers, without who keeps track and who scores on the spot."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    others = ("resource_tracker", NAME)
    told = {one: Path(f"/proc/{one}/cmdline").read_text() + Path(f"/proc/{one}/comm").read_text() for one in children}
    return [int(one) for one, words in told.items() if not any(other in words for other in others)]


def _ask(address, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


class Asking:
    """Callers who look people up all the time, each on a connection of their own, and keep what they were told."""

    def __init__(self, address, workspace, people, callers=4):
        self.address, self.answers, self.broken = address, [], 0
        self.stop = threading.Event()
        self.asked = []
        for person in (people.stored, people.computed, people.low):
            body = json.dumps({"patient": {"system": people.system, "value": person}, "purpose": "TREAT"})
            token = demo_token(workspace.keys, patient=(people.system, person))
            self.asked.append((body, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}))
        self.threads = [threading.Thread(target=self._ask_on, args=(nth,)) for nth in range(callers)]

    def _ask_on(self, nth):
        while not self.stop.is_set():
            body, headers = self.asked[nth % 3]
            nth += 1
            try:
                status, got, content = _ask(self.address, "POST", "/v1/scores:lookup", body, headers)
                self.answers.append((status, got, content))
            except (OSError, http.client.HTTPException):
                self.broken += 1  # a connection that was cut: nothing was told

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def statuses(self):
        return Counter(status for status, _, _ in self.answers)


def _written(workspace):
    """Every chain verifies; the rows of answers that were given, by request."""
    engine = open_log(None, workspace.service_db)
    found = verify(engine, AUDIT)
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT request_id, outcome FROM audit").fetchall()
    engine.dispose()
    return found, dict(rows)


def _all_written_down(workspace, asking):
    found, rows = _written(workspace)
    told = [headers["x-request-id"] for status, headers, _ in asking.answers if status == 200]
    assert told
    assert {rows.get(one) for one in told} == {"found"}
    return found


def test_while_models_are_swapped_every_answer_is_given_and_is_of_one_model(
    server, workspace, people, promote, rescore
):
    address, _, _ = server
    versions = {workspace.champion.read_text().strip()}
    with Asking(address, workspace, people) as asking:
        for slope in (0.5, 1.5, 0.8):
            version = promote(slope)
            rescore(version)
            versions.add(version)
            time.sleep(3)
    assert asking.statuses() == {200: len(asking.answers)}
    assert asking.broken == 0
    served = set()
    for _, headers, content in asking.answers:
        answer = json.loads(content)
        assert headers["x-model-version"] == answer["model"]["bundle_version"]
        served.add(answer["model"]["bundle_version"])
    assert served == versions
    _all_written_down(workspace, asking)


def test_a_worker_that_is_killed_leaves_whole_chains_and_no_answer_unwritten_and_another_takes_its_place(
    server, workspace, people
):
    address, process, log = server
    killed = []
    with Asking(address, workspace, people) as asking:
        for _ in range(3):
            time.sleep(1)
            killed.append(workers(process)[0])
            os.kill(killed[-1], signal.SIGKILL)
            _until(lambda: len([one for one in workers(process) if one not in killed]) == 2)
        time.sleep(1)
    assert set(asking.statuses()) == {200}
    found = _all_written_down(workspace, asking)
    assert len(found.heads) >= 3
    assert _ready(address) == 200
    assert log.read_text().count(" died") == 3, "whoever runs it can see that"


def test_all_killed_at_once_the_log_is_whole_and_holds_every_answer(server, workspace, people):
    address, process, _ = server
    with Asking(address, workspace, people) as asking:
        time.sleep(2)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)
    _all_written_down(workspace, asking)


def test_told_to_stop_it_finishes_what_it_has_and_takes_no_more(server, workspace, people):
    address, process, log = server
    with Asking(address, workspace, people) as asking:
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
        process.wait(40)
        asking.stop.set()
    assert set(asking.statuses()) == {200}
    assert process.returncode == 0, log.read_text()
    assert log.read_text().rstrip().endswith("Stopped.")
    _all_written_down(workspace, asking)


def test_while_the_disk_is_full_nothing_is_answered_and_when_there_is_room_again_everything_is(
    server, workspace, people
):
    address, process, log = server
    full = 1024 * max(1, workspace.service_db.with_name("service.db-wal").stat().st_size // 1024)
    with Asking(address, workspace, people) as asking:
        time.sleep(1)
        limits = {worker: resource.prlimit(worker, resource.RLIMIT_FSIZE) for worker in workers(process)}
        for worker in limits:
            resource.prlimit(worker, resource.RLIMIT_FSIZE, (full, limits[worker][1]))
        _until(lambda: asking.statuses()[503] > 20)
        _until(lambda: _ready(address) == 503)
        before = len(asking.answers)
        for worker, limit in limits.items():
            resource.prlimit(worker, resource.RLIMIT_FSIZE, limit)
        _until(lambda: 200 in {status for status, _, _ in asking.answers[before + 20 :]})
        _until(lambda: _ready(address) == 200)
    assert set(asking.statuses()) == {200, 503}
    assert all(b"risks" not in content for status, _, content in asking.answers if status == 503)
    assert people.stored not in log.read_text()
    _all_written_down(workspace, asking)


def test_a_bundle_that_was_tampered_with_is_not_taken_over_and_the_last_good_one_goes_on(
    server, workspace, people, promote, rescore
):
    address, _, log = server
    good = workspace.champion.read_text().strip()
    with Asking(address, workspace, people) as asking:
        bad = promote(0.5)
        model = next((workspace.bundles / bad).rglob("model.json"))
        model.write_bytes(model.read_bytes().replace(b"-2.0", b"-1.0"))
        rescore(bad)
        time.sleep(4)
        _until(lambda: "the last good ones still are" in log.read_text())
    assert set(asking.statuses()) == {200}
    assert {json.loads(content)["model"]["bundle_version"] for _, _, content in asking.answers} == {good}
    _until(lambda: json.loads(_ask(address, "GET", "/readyz")[2])["status"] == "degraded")
    _all_written_down(workspace, asking)


def test_while_the_clock_jumps_rows_stay_in_their_chain(app, client, people, workspace, monkeypatch):
    from datetime import UTC, datetime, timedelta

    import service.audit

    class Jumping(datetime):
        at = 0

        @classmethod
        def now(cls, tz=None):
            cls.at += 1
            return datetime.now(UTC) + timedelta(days=(-1) ** cls.at * 400)

    monkeypatch.setattr(service.audit, "datetime", Jumping)
    for _ in range(6):
        assert client.look_up(people.stored).status_code == 200
    found, _ = _written(workspace)
    assert [head.rows for head in found.heads.values()] == [6]
