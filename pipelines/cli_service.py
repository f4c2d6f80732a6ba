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
    app.command()(token)
    app.command("opt-out")(opt_out)
    audit = typer.Typer(no_args_is_help=True, help="The service's audit log, as: stratify audit verify")
    audit.command()(verify)
    audit.command()(minlog)
    app.add_typer(audit, name="audit")
    database = typer.Typer(no_args_is_help=True, help="The service's database, as: stratify database upgrade")
    database.command()(upgrade)
    app.add_typer(database, name="database")


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
    trust: Annotated[Path | None, typer.Option("--trust", help="a file: whose tokens are trusted")] = None,
    base_url: Annotated[str | None, typer.Option("--base-url", help="how callers reach it, https")] = None,
    behind_proxy: Annotated[bool, typer.Option("--behind-proxy", help="a proxy in front ends TLS")] = False,
    origin: Annotated[
        list[str] | None, typer.Option("--origin", help="of pages that may call hooks from a browser")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="processes")] = 1,
    per_minute: Annotated[int, typer.Option("--per-minute", min=1, help="requests of one caller, each worker")] = 600,
    card_need: Annotated[
        int, typer.Option("--card-need", min=1, max=3, help="level of need from which a hook shows a card")
    ] = 2,
    cases: Annotated[
        bool, typer.Option("--cases", help="show quality the cases of their own unit, from cases.db")
    ] = False,
    service_db: Annotated[
        str | None, typer.Option("--service-db", envvar="STRATIFY_SERVICE_DB", help="URL of the audit log's database")
    ] = None,
) -> None:
    """Serve look-ups, hooks, FHIR, targets and models over HTTP.

    Example: stratify serve --demo --work work
    """
    from service.run import serve as serve_settings
    from service.settings import make_settings

    values = {"work": work, "demo": demo, "host": host, "port": port, "jwt_public_key": jwt_key}
    values |= {"issuer": issuer, "audience": audience, "trust": trust, "base_url": base_url, "workers": workers}
    values |= {"behind_proxy": behind_proxy, "origins": tuple(origin or ()), "per_minute": per_minute}
    values |= {"card_need": card_need, "cases": cases}
    serve_settings(make_settings(**values, service_db=service_db))


def token(
    person: Annotated[str | None, typer.Argument(help="a made-up person whom the token says is being treated")] = None,
    work: Annotated[Path, typer.Option("--work", envvar="STRATIFY_WORK", help="the work folder")] = WORK,
    role: Annotated[list[str] | None, typer.Option("--role", help="one or more; clinician where none is named")] = None,
    hook: Annotated[
        str | None, typer.Option("--hook", help="a hook's address: a clinical system's token, once")
    ] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="level|name: the unit whose quality is theirs")] = None,
) -> None:
    """Print a token of the demo, for made-up people on this machine alone.

    Example: stratify token 000000000042 --role clinician --work work
    """
    from service.callers import CLINICIAN, ROLES
    from service.demo import demo_client_token, demo_token, made_up_system, make_demo_keys
    from stratify.errors import UsageError, did_you_mean
    from stratify.workspace import Workspace

    roles = role or [CLINICIAN]
    for one in sorted(set(roles) - ROLES):
        raise UsageError(f"--role: one of {', '.join(sorted(ROLES))}, got {one!r}{did_you_mean(one, ROLES)}")
    workspace = Workspace(work)
    system = made_up_system(workspace)
    make_demo_keys(workspace.keys)
    if hook is not None:
        made = demo_client_token(workspace.keys, hook)
    else:
        patient = None if person is None else (system, person)
        made = demo_token(workspace.keys, roles=roles, patient=patient, unit=unit)
    sys.stdout.write(made + "\n")


def opt_out(
    file: Annotated[Path, typer.Argument(help="who has said no to look-ups: an identifier a line")],
    system: Annotated[str, typer.Option("--system", help="the identifiers' system, a URI: that of the scores")],
    work: Annotated[Path, typer.Option("--work", envvar="STRATIFY_WORK", help="the work folder")] = WORK,
    service_db: Annotated[
        str | None, typer.Option("--service-db", envvar="STRATIFY_SERVICE_DB", help="URL of the service's database")
    ] = None,
    fewer: Annotated[bool, typer.Option("--fewer", help="though most of those before are not in it")] = False,
) -> None:
    """Take over who has said no to look-ups, whole: nothing is told of them, but in an emergency with its reason.

    Leaves a row in the audit log. Most of those who had said no before must be in the file, or say --fewer.

    Example: stratify opt-out opted_out.txt --system urn:oid:1.2.208.176.1.2 --work work
    """
    from getpass import getuser

    from service.optouts import read_opt_outs, take_over
    from service.served import served_system
    from service.settings import database_url
    from stratify.errors import UsageError
    from stratify.pseudonym import read_key
    from stratify.workspace import Workspace

    workspace = Workspace(work)
    known = served_system(workspace)
    if system != known:
        raise UsageError(f"--system: people are scored under {known}, got {system}: nobody would be found by it")
    names = read_opt_outs(file, system, read_key(workspace.keys / "pseudonym.key"))
    now, before = take_over(database_url(workspace, service_db), names, user=getuser(), fewer=fewer)
    sys.stdout.write(f"{now} people have said no to look-ups; before it were {before}\n")


def openapi() -> None:
    """Print the service's OpenAPI document.

    Example: stratify openapi > openapi.json
    """
    from service.app import openapi_document

    sys.stdout.write(json.dumps(openapi_document(), indent=1, ensure_ascii=False) + "\n")


def upgrade(
    service_db: Annotated[
        str, typer.Option("--service-db", envvar="STRATIFY_SERVICE_DB", help="URL of the service's database")
    ],
) -> None:
    """Bring the service's tables up to date, with an account that may change tables. A SQLite file needs no such thing.

    Example: stratify database upgrade --service-db postgresql+pg8000://owner@host/stratify
    """
    from service.database import upgrade_by_url

    before, now = upgrade_by_url(service_db)
    sys.stdout.write(f"the service's database is at step {now}; it was at {before or 'none'}\n")


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
    if not found.rows:
        sys.stdout.write("the audit log holds no rows: there is nothing to verify\n")
        return
    sys.stdout.write(f"the audit log is whole: {found.rows} rows in {len(found.heads)} chains")
    sys.stdout.write(f"; {found.unchained} rows from before there were chains\n" if found.unchained else "\n")


def minlog(
    person: Annotated[Path, typer.Argument(help="a file with one person's identifier")],
    system: Annotated[str, typer.Option("--system", help="the identifier's system, a URI")],
    work: Annotated[Path, typer.Option("--work", envvar="STRATIFY_WORK", help="the work folder")] = WORK,
    service_db: Annotated[
        str | None, typer.Option("--service-db", envvar="STRATIFY_SERVICE_DB", help="URL of the audit log's database")
    ] = None,
) -> None:
    """Print one person's own log in the fields of MinLog2, a line of JSON a row.

    Example: stratify audit minlog person.txt --system urn:oid:1.2.208.176.1.2 --work work > log.jsonl
    """
    from service.audit import open_log
    from service.identifiers import as_registered, one_identifier
    from service.minlog import person_log
    from stratify.pseudonym import pseudonym, read_key
    from stratify.workspace import Workspace

    workspace = Workspace(work)
    identifier = as_registered(system, one_identifier(person))
    name = pseudonym(read_key(workspace.keys / "pseudonym.key"), system, identifier)
    for row in person_log(open_log(service_db, workspace.service_db), name, identifier):
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
