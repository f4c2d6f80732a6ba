"""Returns what a signed token says, or nothing: for people's bearer tokens, and for the tokens of hook clients.

The issuer's own entry in the trust file decides key, algorithm and audience; the token's words never do. Every failure
looks the same from outside. A person's token is used again until it expires, and remembered for a minute once verified;
a client's token counts once (`jti`).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jwt

from service.callers import Caller, caller_of_claims, is_word
from service.kept import Kept
from service.keys import Keys, algorithm_of, keys_of
from service.trust import Issuer

LEEWAY = 30  # seconds two clocks may differ
LONGEST = 24 * 3600  # seconds a person's token may live; longer ones are refused
LONGEST_CLIENT = 600  # seconds a client's token may live
LARGEST = 8192  # characters of a token
REMEMBERED, MINUTE = 1000, 60  # verified tokens, and for how many seconds


@dataclass(frozen=True)
class Client:
    """A clinical system that calls a hook, and the number of its token, which counts once until it expires."""

    issuer: str
    tenant: str | None
    jti: str
    expires: int


class Verifier:
    """Turns tokens into who they are of."""

    def __init__(self, issuers: Sequence[Issuer]) -> None:
        self._trusted: dict[tuple[str, str], tuple[Issuer, Keys]] = {
            (one.kind, one.iss): (one, keys_of(one)) for one in issuers
        }
        self._known: Kept[tuple[Caller, float, float]] = Kept(REMEMBERED)

    def caller(self, authorization: Sequence[str]) -> Caller | None:
        """Return the caller named by the Authorization headers, or None: no token, two, or one not to be trusted."""
        token, known = _bearer(authorization), self.remembered(authorization)
        if token is None or known is not None:
            return known
        now = time.time()
        found = self._person(token)
        if found is not None:
            self._known.put(_name(token), (found[0], now + MINUTE, found[1]))
        return None if found is None else found[0]

    def remembered(self, authorization: Sequence[str]) -> Caller | None:
        """Return the caller of a token that was verified within the last minute, without waiting; None for others."""
        token = _bearer(authorization)
        known = None if token is None else self._known.peek(_name(token))
        now = time.time()
        return known[0] if known is not None and now < known[1] and now <= known[2] + LEEWAY else None

    def client(self, authorization: Sequence[str], address: str) -> Client | None:
        """Return the client named by the Authorization headers for the address it calls, or None.

        Whether its `jti` was used before is not asked here.
        """
        token = _bearer(authorization)
        found = None if token is None else self._claims(token, "client", address, ("jti",), LONGEST_CLIENT)
        if found is None:
            return None
        claims, issuer = found
        jti, tenant = claims["jti"], claims.get("tenant")
        if not is_word(jti) or not (tenant is None or is_word(tenant)):
            return None
        if issuer.tenants and tenant not in issuer.tenants:
            return None
        return Client(issuer.iss, tenant, jti, int(claims["exp"]))

    def _person(self, token: str) -> tuple[Caller, float] | None:
        found = self._claims(token, "user", None, ("sub",), LONGEST)
        if found is None:
            return None
        claims, issuer = found
        caller = caller_of_claims(claims, issuer.roles, issuer.units)
        return None if caller is None else (caller, float(claims["exp"]))

    def _claims(
        self, token: str, kind: str, address: str | None, needed: tuple[str, ...], longest: int
    ) -> tuple[Mapping[str, Any], Issuer] | None:
        try:
            unverified = jwt.decode_complete(token, options={"verify_signature": False})
            head, issuer = unverified["header"], unverified["payload"].get("iss")
            trusted = self._trusted.get((kind, issuer)) if isinstance(issuer, str) else None
            kid = head.get("kid")
            if trusted is None or not (kid is None or isinstance(kid, str)):
                return None
            if kind == "client" and (kid is None or head.get("typ") != "JWT"):
                return None
            key = trusted[1].find(kid)
            if key is None:
                return None
            claims = jwt.decode(
                token,
                key,
                algorithms=[str(algorithm_of(key))],
                issuer=trusted[0].iss,
                audience=address or trusted[0].audience,
                leeway=LEEWAY,
                options={"require": ["iss", "aud", "exp", "iat", *needed], "strict_aud": False},
            )
            if int(claims["exp"]) - int(claims["iat"]) > longest:
                return None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            return None
        return claims, trusted[0]


def _name(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _bearer(authorization: Sequence[str]) -> str | None:
    """Return the one bearer token, if it is one and not too long."""
    if len(authorization) != 1:
        return None
    scheme, _, token = authorization[0].partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and 0 < len(token) <= LARGEST else None
