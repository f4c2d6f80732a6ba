"""Returns whose tokens are trusted: issuers, the audience they must name, and where their public keys are.

Read from a file (`--trust`), or made of one key, issuer and audience. Keys come from these places alone: no token and
no request ever names one. Source: RFC 8725 (JWT best current practices), sections 3.1, 3.2, 3.8, 3.9.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from service.callers import ROLES
from stratify.errors import UsageError

Algorithm = Literal["ES384", "RS384"]
ALGORITHMS: tuple[Algorithm, ...] = ("ES384", "RS384")
PUBLIC_KEYS_OF_TOOLS = frozenset({"https://sandbox.cds-hooks.org"})  # whose private key anybody can read


class Issuer(BaseModel):
    """One issuer. kind: `user`, whose tokens people carry; `client`, a clinical system that calls hooks."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    iss: str = Field(min_length=1, max_length=200)
    kind: Literal["user", "client"]
    keys: str = Field(min_length=1)  # a file (PEM, or a JWK set) or an https URL of a JWK set
    audience: str | None = None  # of a client the address of the service itself is asked for
    algorithms: tuple[Algorithm, ...] = ALGORITHMS
    roles: frozenset[str] = ROLES  # that this issuer may give
    units: tuple[str, ...] = ()  # `level|name`, that a user's token may say is its own; none named: any
    tenants: tuple[str, ...] = ()  # of a client: others are refused; none named: any

    @model_validator(mode="after")
    def _fits(self) -> Issuer:
        if self.kind == "user" and not self.audience:
            raise ValueError("needs `audience`: whom its tokens are for")
        if self.kind == "client" and self.audience:
            raise ValueError("leave out `audience`: a client's token names the address it calls")
        if strangers := sorted(self.roles - ROLES):
            raise ValueError(f"no such role: {strangers[0]!r}; roles are {', '.join(sorted(ROLES))}")
        if self.is_url and urlsplit(self.keys).scheme != "https":
            raise ValueError("keys are fetched over https alone")
        return self

    @property
    def is_url(self) -> bool:
        """Whether its keys are fetched."""
        return "://" in self.keys


def read_trust(path: Path) -> tuple[Issuer, ...]:
    """Return the issuers of a trust file; files of keys stand beside it. Raises UsageError with every problem."""
    try:
        declared = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"--trust: {path} is not a readable TOML file ({type(error).__name__})") from None
    rows = declared.get("issuer")
    if set(declared) != {"issuer"} or not isinstance(rows, list) or not rows:
        raise UsageError(f"--trust: {path.name} must hold [[issuer]] tables, one or more, and nothing else")
    found, problems = [], []
    for nth, row in enumerate(rows, 1):
        try:
            one = Issuer.model_validate(row)
        except ValidationError as error:
            problems += [
                f"issuer {nth}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False)
            ]
            continue
        found.append(one if one.is_url else one.model_copy(update={"keys": str(path.parent / one.keys)}))
    names = [(one.iss, one.kind) for one in found]
    problems += [f"{iss} stands twice as {kind}" for iss, kind in sorted({n for n in names if names.count(n) > 1})]
    if problems:
        raise UsageError(f"--trust: {path.name} cannot be used:", problems)
    return tuple(found)
