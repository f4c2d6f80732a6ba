"""Returns what keeps one process running that scores one person on the spot, for all workers.

It reads the same files as they do, and takes over newer ones as they do. The pair that it let go of last still answers,
for a worker that has not seen the newer one yet.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
from collections import OrderedDict
from multiprocessing import connection, get_context, parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from time import sleep
from types import TracebackType
from typing import Any

from service.logs import log, log_to_stderr, told
from service.on_the_spot import refused, written
from service.served import Row, Served
from service.spot import Spot, StoreMovedError
from service.store import LOOK_EVERY, Store
from stratify.errors import StratifyError
from stratify.workspace import Workspace

AT_ONCE = 2  # who are scored at a time: more would only make each wait longer
KEPT = 2  # pairs that answer: the newest, and the one before
BACKLOG = 64
NAME = "on-the-spot"  # as the process is called where processes are listed
KINDNESS = 5  # look-ups that are ready come first
LATER = 2.0  # seconds that the workers, which start together with it, have for themselves
LONGEST_PAUSE = 30.0  # seconds before it is started again


class Keeper:
    """Keeps the process running while something is done; it listens at `address`, in a folder of ours alone."""

    def __init__(self, work: Path, address: Path) -> None:
        self._work, self._address = work, address
        self._stop = threading.Event()
        self._process: Any = None
        self._thread = threading.Thread(target=self._keep, name="keeper", daemon=True)

    def __enter__(self) -> Keeper:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._end()
        self._thread.join()

    def _keep(self) -> None:
        pause = 1.0
        self._stop.wait(LATER)
        while not self._stop.is_set():
            self._process = get_context("spawn").Process(
                target=score_on_the_spot, args=(str(self._work), str(self._address)), daemon=True
            )
            self._process.start()
            if self._stop.is_set():
                self._end()
            self._process.join()
            if not self._stop.wait(pause):
                log.error("the process that scores on the spot ended (%s): started again", self._process.exitcode)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _end(self) -> None:
        if self._process is not None and self._process.pid is not None:
            self._process.terminate()


def score_on_the_spot(work: str, address: str) -> None:
    """Score for whoever asks at an address, until the process that started this one ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us too; whoever started us ends us
    os.nice(KINDNESS)
    _be_called(NAME)
    log_to_stderr()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    Path(address).unlink(missing_ok=True)
    pairs = Pairs(Workspace(Path(work)))
    listening = connection.Listener(address, "AF_UNIX", backlog=BACKLOG)
    threading.Thread(target=_accept, args=(listening, pairs), daemon=True).start()
    while True:
        pairs.look()
        sleep(LOOK_EVERY)


class Pairs:
    """What scores by each pair that answers."""

    def __init__(self, workspace: Workspace) -> None:
        self._store = Store(workspace)
        self._workspace = workspace
        self._spots: OrderedDict[str, Spot] = OrderedDict()
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    def look(self) -> None:
        """Take over a newer pair where there is one, and load what it needs before anybody asks."""
        served = self._store.current()
        with self._lock:
            if served.pair in self._spots:
                return
        spot = self._taken(served)
        try:
            spot.warm()
        except StratifyError as error:  # whoever asks is told too
            log.error("nobody can be scored on the spot: %s", told(error))

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Return the row that is asked for, or why there is none."""
        try:
            with self._turns:
                return written(self._row(question))
        except Exception as error:  # whatever it was, who asked is told, and the next one is answered
            if not isinstance(error, StratifyError):
                log.error("scoring on the spot failed: %s", told(error))
            return refused(error)

    def _row(self, question: dict[str, Any]) -> Row | None:
        spot = self._of(question["pair"])
        if "prefetch" in question:
            return spot.from_bundle(question["prefetch"], discharged=question["discharged"])
        return spot.from_store(question["system"], question["identifier"])

    def _of(self, pair: str) -> Spot:
        with self._lock:
            found = self._spots.get(pair)
        if found is None:  # a worker has seen the newer files before us
            self._store.refresh()
            found = self._taken(self._store.last)
        if found.served.pair != pair:
            raise StoreMovedError("the scored population was replaced: ask again")
        return found

    def _taken(self, served: Served) -> Spot:
        with self._lock:
            if served.pair not in self._spots:
                self._spots[served.pair] = Spot(self._workspace, served)
                while len(self._spots) > KEPT:
                    self._spots.popitem(last=False)
            return self._spots[served.pair]


def _accept(listening: connection.Listener, pairs: Pairs) -> None:
    while True:
        try:
            caller = listening.accept()
        except OSError:  # who called is gone already
            continue
        threading.Thread(target=_answer, args=(caller, pairs), daemon=True).start()


def _answer(caller: Connection, pairs: Pairs) -> None:
    """Answer one connection until it is closed."""
    with caller, contextlib.suppress(EOFError, OSError):
        while True:
            question = json.loads(caller.recv_bytes())
            caller.send_bytes(json.dumps(pairs.answer(question)).encode())


def _be_called(name: str) -> None:
    """Be listed under a name, where the system has a place for it."""
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(name, encoding="ascii")


def _end_with_parent() -> None:
    """End when whoever started this process has: killed, it could not say so."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(0)
