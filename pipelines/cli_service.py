"""The commands that need the service: the one place where pipelines import it, and only when called."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

WORK = Path("work")


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(serve)
    app.command()(openapi)
    audit = typer.Typer(no_args_is_help=True, help="The service's audit log, as: stratify audit verify")
    audit.command()(verify)
    app.add_typer(audit, name="audit")


def serve(
    work: Annotated[Path, typer.Option("--work", envvar="STRATIFY_WORK", help="the work folder")] = WORK,
    demo: Annotated[bool, typer.Option("--demo", help="made-up people, own keys, this machine alone")] = False,
    host: Annotated[str, typer.Option("--host")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any free one")] = 8080,
    jwt_key: Annotated[
        Path | None, typer.Option("--jwt-key", help="the public key that tokens are signed with")
    ] = None,
    issuer: Annotated[str | None, typer.Option("--issuer", help="whose tokens are trusted")] = None,
    audience: Annotated[str | None, typer.Option("--audience", help="whom the tokens are for")] = None,
    service_db: Annotated[str | None, typer.Option("--service-db", help="URL of the audit log's database")] = None,
) -> None:
    """Serve look-ups, targets and models over HTTP.

    Example: stratify serve --demo --work work
    """
    from service.run import serve as serve_settings
    from service.settings import make_settings

    values = {"work": work, "demo": demo, "host": host, "port": port, "jwt_public_key": jwt_key}
    serve_settings(make_settings(**values, issuer=issuer, audience=audience, service_db=service_db))


def openapi() -> None:
    """Print the service's OpenAPI document.

    Example: stratify openapi > openapi.json
    """
    from service.app import openapi_document

    sys.stdout.write(json.dumps(openapi_document(), indent=1, ensure_ascii=False) + "\n")


def verify(
    work: Annotated[Path, typer.Option("--work", envvar="STRATIFY_WORK", help="the work folder")] = WORK,
    service_db: Annotated[
        str | None, typer.Option("--service-db", envvar="STRATIFY_SERVICE_DB", help="URL of the audit log's database")
    ] = None,
    anchor: Annotated[
        Path | None, typer.Option("--anchor", help="a file elsewhere: no chain may end before what stands there")
    ] = None,
) -> None:
    """Verify that the audit log is as it was written: no row changed, taken out or put in between.

    With --anchor the last digests of all chains are held against those written there before, and added to it: so rows
    taken off the end are found too. Ends with exit code 13 where the log is not whole.

    Example: stratify audit verify --work work --anchor /elsewhere/heads.jsonl
    """
    from service.audit import AUDIT, open_log
    from service.chain import verify as verify_chains
    from stratify.workspace import Workspace

    found = verify_chains(open_log(service_db, Workspace(work).service_db), AUDIT, anchor)
    sys.stdout.write(f"the audit log is whole: {found.rows} rows in {len(found.heads)} chains")
    sys.stdout.write(f"; {found.unchained} rows from before there were chains\n" if found.unchained else "\n")
