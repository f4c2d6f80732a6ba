"""Returns the service's settings, checked as a whole before anything starts.

Nothing is read when this module is imported: the caller says where everything is. The demo makes its own keys, listens
on this machine alone and cannot be pointed elsewhere; anything else names its key, issuer and audience explicitly.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import URL

from stratify.errors import UsageError
from stratify.workspace import Workspace

DEMO_ISSUER = "urn:stratify:demo"
DEMO_AUDIENCE = "urn:stratify:demo:service"
DEMO_PUBLIC_KEY = "jwt_public.pem"  # in the work folder's keys/


class Settings(BaseModel):
    """What one service needs to know. Raises UsageError (exit 2) with every problem found."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    work: Path
    demo: bool = False
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)  # 0: any free port, printed when listening
    jwt_public_key: Path | None = None
    issuer: str | None = None
    audience: str | None = None
    service_db: str | None = None  # SQLAlchemy URL of the audit log

    @model_validator(mode="after")
    def _safe(self) -> Settings:
        problems = self._demo_problems() if self.demo else self._problems()
        if problems:
            raise UsageError("the service does not start with these settings:", problems)
        return self

    def _demo_problems(self) -> list[str]:
        problems = []
        if not is_loopback(self.host):
            problems.append(
                f"--demo listens on this machine alone: --host must be 127.0.0.1, ::1 or localhost, got {self.host!r}"
            )
        given = (("--jwt-key", self.jwt_public_key), ("--issuer", self.issuer), ("--audience", self.audience))
        problems += [f"--demo makes its own keys: leave out {name}" for name, value in given if value is not None]
        return problems

    def _problems(self) -> list[str]:
        given = (("--jwt-key", self.jwt_public_key), ("--issuer", self.issuer), ("--audience", self.audience))
        problems = [
            f"{name} is required without --demo: say whose tokens are trusted" for name, value in given if not value
        ]
        if self.issuer == DEMO_ISSUER or self.audience == DEMO_AUDIENCE:
            problems.append("the demo's issuer and audience are for --demo alone; name those of your identity provider")
        if self.jwt_public_key and self.jwt_public_key.resolve() == self._demo_key.resolve():
            problems.append("the demo's key is for --demo alone; name the public key of your identity provider")
        return problems

    @property
    def _demo_key(self) -> Path:
        return self.workspace.keys / DEMO_PUBLIC_KEY

    @property
    def workspace(self) -> Workspace:
        """The work folder by its parts."""
        return Workspace(self.work)

    @property
    def trusted(self) -> tuple[Path, str, str]:
        """The public key's file, the issuer and the audience that tokens must name."""
        return (
            self.jwt_public_key or self._demo_key,
            self.issuer or DEMO_ISSUER,
            self.audience or DEMO_AUDIENCE,
        )

    @property
    def audit_url(self) -> str | URL:
        """The audit log's SQLAlchemy URL; by default a SQLite file in the work folder."""
        return self.service_db or URL.create("sqlite", database=str(self.workspace.service_db.absolute()))


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
