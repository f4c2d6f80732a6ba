"""Returns one person's row scored on the spot, from this process or from the one that does nothing else.

What scoring needs (Numba, DuckDB) is loaded once beside the workers, which stay small; whatever a chart does to it,
none of them falls. They speak over a socket in a folder that only the service's own account can enter, in JSON: nothing
is ever unpickled.
"""

from __future__ import annotations

import base64
import json
import threading
from datetime import date
from multiprocessing.connection import Client, Connection
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Protocol

import numpy as np

from service.schemas import Stored
from service.served import Row, Served
from service.spot import StoreMovedError
from service.store import Store
from stratify.errors import BundleError
from stratify.fhir.refusal import ChartRefusedError

PATIENCE = 10.0  # seconds in which there must be an answer
STARTING = 8.0  # seconds in which the process must be there
TRY_EVERY = 0.1
AWAY = "the process that scores on the spot does not answer: ask again"


class OnTheSpot(Protocol):
    """What scores one person on the spot, by the pair that answers.

    Both return None for who is in no population, and raise BundleError where nobody can be scored now.
    """

    def from_store(self, served: Served, system: str, identifier: str) -> Row | None:
        """Return the row of a person by the event store as it is now; None for somebody unknown too."""

    def from_chart(self, served: Served, prefetch: Any, discharged: str | None = None) -> Row | None:
        """Return the row of a chart's patient; `discharged` is the encounter that ends now. Raises ChartRefusedError.

        Whose chart it is has been asked before.
        """


class Here:
    """Scores in this process."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def from_store(self, served: Served, system: str, identifier: str) -> Row | None:
        """Return the row of a person by the event store."""
        return self._store.spot(served).from_store(system, identifier)

    def from_chart(self, served: Served, prefetch: Any, discharged: str | None = None) -> Row | None:
        """Return the row of a chart's patient."""
        return self._store.spot(served).from_bundle(prefetch, discharged=discharged)


class Beside:
    """Has another process score (`service.scoring`), which listens at an address; for several threads at once."""

    def __init__(self, address: Path) -> None:
        self._address = str(address)
        self._own = threading.local()  # a connection for each thread

    def from_store(self, served: Served, system: str, identifier: str) -> Row | None:
        """Return the row of a person by the event store."""
        return self._asked(served, {"system": system, "identifier": identifier})

    def from_chart(self, served: Served, prefetch: Any, discharged: str | None = None) -> Row | None:
        """Return the row of a chart's patient."""
        return self._asked(served, {"prefetch": prefetch, "discharged": discharged})

    def _asked(self, served: Served, what: dict[str, Any]) -> Row | None:
        question = json.dumps({"pair": served.pair, **what}).encode()
        connection = self._sent(question)
        try:
            if not connection.poll(PATIENCE):
                raise TimeoutError
            answer = json.loads(connection.recv_bytes())
        except (OSError, EOFError):
            self._forget()
            raise BundleError(AWAY) from None
        return row_of(answer)

    def _sent(self, question: bytes) -> Connection:
        """Return the connection that a question went out on; a new one where the process was started anew."""
        try:
            self._connection().send_bytes(question)
        except OSError:
            self._forget()
            try:
                self._connection().send_bytes(question)
            except OSError:
                self._forget()
                raise BundleError(AWAY) from None
        return self._connection()

    def _connection(self) -> Connection:
        found: Connection | None = getattr(self._own, "connection", None)
        until = monotonic() + STARTING
        while found is None:
            try:
                found = self._own.connection = Client(self._address, "AF_UNIX")
            except OSError:
                if monotonic() >= until:
                    raise BundleError(AWAY) from None
                sleep(TRY_EVERY)
        return found

    def _forget(self) -> None:
        found: Connection | None = getattr(self._own, "connection", None)
        self._own.connection = None
        if found is not None:
            found.close()


def written(row: Row | None) -> dict[str, Any]:
    """Return a row as it goes over the socket."""
    if row is None:
        return {"row": None}
    told = {
        "stored": row.stored.model_dump(mode="json"),
        "features": base64.b64encode(row.features.astype("<f8").tobytes()).decode(),
        "basis": row.basis,
        "day": None if row.day is None else row.day.isoformat(),
        "gaps": row.gaps,
    }
    return {"row": told}


def refused(error: Exception) -> dict[str, Any]:
    """Return why there is no row, as it goes over the socket; of an error of nobody's making its kind alone."""
    if isinstance(error, ChartRefusedError):
        return {"refused": [error.reason, error.key]}
    if isinstance(error, StoreMovedError):
        return {"moved": str(error)}
    return {"failed": str(error) if isinstance(error, BundleError) else f"scoring failed ({type(error).__name__})"}


def row_of(answer: dict[str, Any]) -> Row | None:
    """Return the row that came over the socket, or raise why there is none."""
    if "refused" in answer:
        raise ChartRefusedError(*answer["refused"])
    if "moved" in answer:
        raise StoreMovedError(answer["moved"])
    if "failed" in answer:
        raise BundleError(answer["failed"])
    told = answer["row"]
    if told is None:
        return None
    features = np.frombuffer(base64.b64decode(told["features"]), dtype="<f8").reshape(1, -1).astype(np.float64)
    stored = Stored.model_validate(told["stored"])
    day = date.fromisoformat(told["day"])
    return Row("", stored, features, basis=told["basis"], day=day, gaps=told["gaps"])
