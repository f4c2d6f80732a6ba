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
