"""Returns the service's settings, checked as a whole before anything starts.

Nothing is read when this module is imported: the caller says where everything is. The demo makes its own keys, listens
on this machine alone and cannot be pointed elsewhere; anything else names whose tokens it trusts, and is refused where
it would be open: beyond this machine without a proxy that ends TLS, or with keys that anybody can read.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import URL

from service import demo as profile
from service.trust import PUBLIC_KEYS_OF_TOOLS, Issuer, read_trust
from stratify.errors import UsageError
from stratify.workspace import Workspace

SHORT_FORM = ("--jwt-key", "--issuer", "--audience")


class Settings(BaseModel):
    """What one service needs to know. Raises UsageError (exit 2) with every problem found."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    work: Path
    demo: bool = False
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)  # 0: any free port, printed when listening
    workers: int = Field(default=1, ge=1, le=64)
    trust: Path | None = None  # a file that says whose tokens are trusted
    jwt_public_key: Path | None = None  # the short form: one key, issuer and audience
    issuer: str | None = None
    audience: str | None = None
    base_url: str | None = None  # as callers reach it: clients' tokens name it, links lead to it
    behind_proxy: bool = False  # that ends TLS
    origins: tuple[str, ...] = ()  # of pages that may call hooks from a browser
    per_minute: int = Field(default=600, ge=1)  # requests of one caller, for each worker
    card_need: int = Field(default=2, ge=1, le=3)  # the level of need from which a card is worth a clinician's time
    cases: bool = False  # whether cases of the own unit are shown to quality (service/cases.py)
    service_db: str | None = None  # SQLAlchemy URL of the audit log

    @model_validator(mode="after")
    def _safe(self) -> Settings:
        problems = list(self._demo_problems() if self.demo else self._problems())
        if problems:
            raise UsageError("the service does not start with these settings:", problems)
        return self

    @property
    def _short(self) -> tuple[object, ...]:
        return (self.jwt_public_key, self.issuer, self.audience)

    def _demo_problems(self) -> Iterator[str]:
        if not is_loopback(self.host):
            yield f"--demo listens on this machine alone: --host must be 127.0.0.1, ::1 or localhost, got {self.host!r}"
        given = zip((*SHORT_FORM, "--trust"), (*self._short, self.trust), strict=True)
        yield from (f"--demo makes its own keys: leave out {name}" for name, value in given if value is not None)

    def _problems(self) -> Iterator[str]:
        if self.trust is not None:
            named = [name for name, value in zip(SHORT_FORM, self._short, strict=True) if value is not None]
            yield from (f"{name} is the short form of --trust: leave one of them out" for name in named)
        else:
            named = [name for name, value in zip(SHORT_FORM, self._short, strict=True) if not value]
            yield from (f"{name} is required without --demo or --trust: say whose tokens are trusted" for name in named)
        if not is_loopback(self.host) and not self.behind_proxy:
            yield (
                f"--host {self.host} can be reached from elsewhere and the service speaks plain HTTP: put a proxy that"
                " ends TLS in front and say so with --behind-proxy, or listen on 127.0.0.1"
            )
        yield from self._address_problems()
        if self.trust is not None or all(self._short):
            yield from self._issuer_problems()

    def _address_problems(self) -> Iterator[str]:
        for name, told in (("--base-url", self.base_url), *(("--origin", one) for one in self.origins)):
            parts = urlsplit(told or "https://x")
            if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment or "*" in (told or ""):
                yield f"{name} must be an https address without query, got {told!r}"

    def _issuer_problems(self) -> Iterator[str]:
        public = self.workspace.keys / profile.PUBLIC_KEY
        for one in self.issuers:
            if one.iss in (profile.ISSUER, profile.CLIENT) or one.audience == profile.AUDIENCE:
                yield ("the demo's issuer and audience are for --demo alone; name those of your identity provider")
            if not one.is_url and Path(one.keys).resolve() == public.resolve():
                yield "the demo's key is for --demo alone; name the public key of your identity provider"
            if one.iss in PUBLIC_KEYS_OF_TOOLS:
                yield f"{one.iss}: anybody can read this issuer's private key; it is for trying things out elsewhere"
            if one.kind == "client" and not self.base_url:
                yield f"{one.iss} calls hooks: --base-url is required, its tokens must name the address it calls"

    @property
    def workspace(self) -> Workspace:
        """The work folder by its parts."""
        return Workspace(self.work)

    @property
    def issuers(self) -> tuple[Issuer, ...]:
        """Whose tokens are trusted. Raises UsageError for a trust file that cannot be used."""
        if self.demo:
            return profile.demo_issuers(self.workspace.keys)
        if self.trust is not None:
            return read_trust(self.trust)
        return (Issuer(iss=self.issuer or "", kind="user", keys=str(self.jwt_public_key), audience=self.audience),)

    @property
    def listens(self) -> str:
        """Where it listens."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def address(self) -> str:
        """How callers reach it, without a slash at the end."""
        return (self.base_url or self.listens).rstrip("/")

    @property
    def audit_url(self) -> str | URL:
        """The audit log's SQLAlchemy URL; by default a SQLite file in the work folder."""
        return database_url(self.workspace, self.service_db)


def database_url(workspace: Workspace, told: str | None) -> str | URL:
    """Return the URL of the service's database: as told, or the SQLite file in the work folder."""
    return told or URL.create("sqlite", database=str(workspace.service_db.absolute()))


def make_settings(**values: object) -> Settings:
    """Return settings from a command line's values; raises UsageError for any that does not fit."""
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False)]
        raise UsageError("the service does not start with these settings:", lines) from None


def is_loopback(host: str) -> bool:
    """Return whether a host can be reached from this machine alone.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0"), is_loopback("example.org")
    (True, True, False, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
