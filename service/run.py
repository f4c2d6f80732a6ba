"""Returns when the service was told to stop; serves one application on one address, in one process or several.

The demo prints all one needs to try it: the address, a command with a token and a made-up person, and how to stop. Each
worker is a process with a bundle, a chain of the audit log and limits of its own; they share nothing but files and the
database. Told to stop, it takes no more requests and finishes those it has.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from service.app import create_app
from service.demo import HOURS, demo_token, source_ids
from service.listening import BACKLOG, listen
from service.logs import log_to_stderr
from service.metrics import FOLDER
from service.on_the_spot import Beside
from service.scoring import Keeper
from service.served import Loader, Served, load_verified, open_served
from service.settings import Settings
from stratify.pseudonym import pseudonym

MOST_CONNECTIONS = 512
STOP_SECONDS = 20  # that requests under way have when the service is told to stop
SETTINGS = "STRATIFY_SERVICE_SETTINGS"  # what the first process leaves to its workers
ON_THE_SPOT = "STRATIFY_ON_THE_SPOT"  # and where one person is scored on the spot
LOOK_THROUGH = 500  # people among whom the demo looks for one with much to show


def serve(settings: Settings, *, say: Callable[[str], None] | None = None, load: Loader = load_verified) -> None:
    """Serve until interrupted. Raises what `create_app` raises, and UsageError when the address is taken."""
    say = say or _say
    with listen(settings.host, settings.port) as listening:
        settings = settings.model_copy(update={"port": listening.getsockname()[1]})
        with TemporaryDirectory(prefix="stratify-") as folder:
            address = Path(folder) / "on_the_spot"
            app = create_app(settings, load, Beside(address))
            if settings.demo:
                say(demo_words(settings, settings.address, open_served(settings.workspace, load)))
            else:
                say(f"Listening on {settings.listens}. Stop: Ctrl-C")
            _forget_how_we_were_started()
            log_to_stderr()
            with contextlib.suppress(KeyboardInterrupt), Keeper(settings.work, address):
                if settings.workers == 1:
                    uvicorn.Server(server_config(app)).run(sockets=[listening])
                else:
                    app.state.context.audit.close()  # it was made to see that everything is there
                    os.environ |= {SETTINGS: settings.model_dump_json(), ON_THE_SPOT: str(address), FOLDER: folder}
                    os.environ["MALLOC_ARENA_MAX"] = "2"  # threads share memory that was let go
                    os.environ["MALLOC_MMAP_THRESHOLD_"] = "262144"  # bytes; what is larger goes back at once
                    config = server_config("service.run:worker", workers=settings.workers)
                    logging.getLogger("uvicorn.error").setLevel(logging.INFO)  # it says there when a worker died
                    Multiprocess(config, [listening]).run()
    say("Stopped.")


def _forget_how_we_were_started() -> None:
    """Keep new processes from importing the command line first, which costs each time and memory it never uses."""
    main = sys.modules["__main__"]
    main.__spec__ = None
    if hasattr(main, "__file__"):
        del main.__file__


def worker() -> FastAPI:
    """Return the application of one worker, by the settings that the first process left in the environment."""
    log_to_stderr()
    settings = Settings.model_validate_json(os.environ[SETTINGS])
    return create_app(settings, on_the_spot=Beside(Path(os.environ[ON_THE_SPOT])))


def server_config(app: FastAPI | str, workers: int = 1) -> uvicorn.Config:
    """Return how the server runs: more than so many connections at once are answered 503 by the server itself."""
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        workers=workers,
        backlog=BACKLOG,
        timeout_graceful_shutdown=STOP_SECONDS,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
    )


def demo_words(settings: Settings, url: str, served: Served) -> str:
    """Return what the demo prints: where it is, a command that works as it stands, and how to stop."""
    person = demo_person(settings, served) or "PERSON"
    patient = (served.meta["system"], person)
    token = demo_token(settings.workspace.keys, patient=patient)
    body = json.dumps({"patient": {"system": patient[0], "value": person}, "purpose": "TREAT"})
    return "\n".join(
        [
            f"Listening on {url} (made-up people, this machine alone). Description: {url}/openapi.json",
            f"A token for {HOURS} hours, as clinician who treats one person, and quality. Look that person up:",
            "",
            f"curl -sS {url}/v1/scores:lookup -H 'Authorization: Bearer {token}'"
            f" -H 'Content-Type: application/json' -d '{body}'",
            "",
            f"For another person: stratify token --work {settings.work} PERSON",
            "Stop: Ctrl-C",
        ]
    )


def demo_person(settings: Settings, served: Served) -> str | None:
    """Return the made-up person with the highest risk, then most conditions; None when nobody is to be found."""
    best: tuple[float, float, str] | None = None
    for source_id in source_ids(settings.workspace, LOOK_THROUGH):
        row = served.find(pseudonym(served.key, served.meta["system"], source_id))
        if row is not None:
            highest = max((risk.risk for risk in row.stored.risks), default=0.0)
            best = max(best or (-1.0, 0.0, ""), (highest, row.stored.n_conditions, source_id))
    return None if best is None else best[-1]


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
