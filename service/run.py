"""Returns when the service was told to stop; serves one application on one address.

The demo prints all one needs to try it: the address, a command with a token and a made-up person, and how to stop.
"""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import sys
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from service.app import create_app
from service.auth import demo_token
from service.served import Loader, Served, load_verified, open_served
from service.settings import Settings
from stratify.errors import UsageError
from stratify.pseudonym import pseudonym

HOURS = 8
MOST_CONNECTIONS = 512
LOOK_THROUGH = 500  # people among whom the demo looks for one with much to show


def serve(settings: Settings, *, say: Callable[[str], None] | None = None, load: Loader = load_verified) -> None:
    """Serve until interrupted. Raises what `create_app` raises, and UsageError when the address is taken."""
    say = say or _say
    app = create_app(settings, load)
    with _listen(settings.host, settings.port) as listening:
        url = _url(settings.host, listening.getsockname()[1])
        if settings.demo:
            say(demo_words(settings, url, open_served(settings.workspace, load)))
        else:
            say(f"Listening on {url}. Stop: Ctrl-C")
        logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(server_config(app)).run(sockets=[listening])
    say("Stopped.")


def server_config(app: FastAPI) -> uvicorn.Config:
    """Return how the server runs: more than so many connections at once are answered 503 by the server itself."""
    return uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
    )


def demo_words(settings: Settings, url: str, served: Served) -> str:
    """Return what the demo prints: where it is, a command that works as it stands, and how to stop."""
    token = demo_token(settings.workspace.keys, hours=HOURS)
    person = demo_person(settings, served) or "PERSON"
    body = json.dumps({"patient": {"system": served.meta["system"], "value": person}, "purpose": "TREAT"})
    return "\n".join(
        [
            f"Listening on {url} (made-up people, this machine alone). Description: {url}/openapi.json",
            f"A token for {HOURS} hours, as clinician and quality. Look one person up:",
            "",
            f"curl -sS {url}/v1/scores:lookup -H 'Authorization: Bearer {token}'"
            f" -H 'Content-Type: application/json' -d '{body}'",
            "",
            "Stop: Ctrl-C",
        ]
    )


def demo_person(settings: Settings, served: Served) -> str | None:
    """Return the made-up person with the highest risk, then most conditions; None when nobody is to be found."""
    persons = settings.workspace.store / "persons.parquet"
    if not persons.is_file():
        return None
    import duckdb

    with duckdb.connect() as connection:
        ids = connection.execute(
            "SELECT source_id FROM read_parquet(?) ORDER BY person LIMIT ?", [str(persons), LOOK_THROUGH]
        ).fetchall()
    best: tuple[float, float, str] | None = None
    for (source_id,) in ids:
        row = served.find(pseudonym(served.key, served.meta["system"], source_id))
        if row is not None:
            highest = max((risk.risk for risk in row.stored.risks), default=0.0)
            best = max(best or (-1.0, 0.0, ""), (highest, row.stored.n_conditions, source_id))
    return None if best is None else best[-1]


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=2048)
        # asyncio does this only for sockets it made itself; without it a short answer waits 40 ms for the caller's ACK.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except OSError as error:
        raise UsageError(f"cannot listen on {host}:{port} ({error.strerror}); choose another --port") from None


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
