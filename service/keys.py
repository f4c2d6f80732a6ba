"""Returns an issuer's public keys, from a file or from the one address that the trust file names.

A set of keys is read again when its file changes, or every ten minutes from its address; a key that nobody knows makes
it be fetched at most once a minute, beside the request, which is refused meanwhile. What fails leaves the old keys in
place. The keys' own kind decides the algorithm, never the token.
"""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException
from pathlib import Path
from time import monotonic
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from service.logs import kind_and_place, log
from service.trust import ALGORITHMS, Issuer
from stratify.errors import UsageError

Key = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
KeySet = Mapping[str | None, Key]  # by kid; a single key without a name under None
FRESH = 600.0  # seconds a fetched set is taken for new
SOONEST = 60.0  # seconds between two fetches
TIMEOUT = 5.0
LARGEST = 256 * 1024
SHORTEST_RSA = 2048


class Keys:
    """One issuer's public keys. `read` says what they are now: from a file when it changed, or from an address."""

    def __init__(self, read: Callable[[], KeySet | None], first: KeySet, every: float) -> None:
        self._read, self._keys, self._every = read, first, every
        self._next = monotonic() + every
        self._soonest = monotonic() + (SOONEST if every else 0)
        self._reading = threading.Lock()

    def find(self, kid: str | None) -> Key | None:
        """Return the key of this name, or None; a set of one nameless key has it for every name."""
        keys = self._keys if self._every else self._refreshed()
        if self._every and (monotonic() >= self._next or (kid not in keys and None not in keys)):
            self._fetch_beside()
        return keys.get(kid) or keys.get(None)

    def _refreshed(self) -> KeySet:
        with self._reading:
            try:
                self._keys = self._read() or self._keys
            except (OSError, ValueError) as error:
                log.error("an issuer's keys cannot be read, the old ones count: %s", kind_and_place(error))
            return self._keys

    def _fetch_beside(self) -> None:
        if monotonic() < self._soonest or not self._reading.acquire(blocking=False):
            return
        self._soonest = monotonic() + SOONEST
        threading.Thread(target=self._fetch, name="keys", daemon=True).start()

    def _fetch(self) -> None:
        try:
            self._keys = self._read() or self._keys
            self._next = monotonic() + self._every
        except (OSError, ValueError, HTTPException) as error:
            log.error("an issuer's keys cannot be fetched, the old ones count: %s", kind_and_place(error))
        finally:
            self._reading.release()


def keys_of(issuer: Issuer) -> Keys:
    """Return an issuer's keys. Raises UsageError for a file that holds none; an address may be down at the start."""
    if issuer.is_url:

        def fetch() -> KeySet:
            return key_set(_fetched(issuer.keys), issuer)

        try:
            first = fetch()
        except (OSError, ValueError, HTTPException) as error:
            log.error("an issuer's keys cannot be fetched at the start: %s", kind_and_place(error))
            first = {}
        return Keys(fetch, first, FRESH)
    path, seen = Path(issuer.keys), [(0, 0)]

    def read() -> KeySet | None:
        stat = path.stat()
        if (stat.st_mtime_ns, stat.st_size) == seen[0]:
            return None
        found = key_set(path.read_bytes(), issuer)
        seen[0] = (stat.st_mtime_ns, stat.st_size)
        return found

    try:
        return Keys(read, read() or {}, 0)
    except FileNotFoundError:
        raise UsageError(f"the keys of an issuer: there is no file {path}") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"the keys of an issuer: {path} {_told(error)}") from None


def _told(error: Exception) -> str:
    return str(error) if type(error) is ValueError else "cannot be read"


def key_set(content: bytes, issuer: Issuer) -> KeySet:
    """Return the keys in a PEM file or a JWK set that this issuer may sign with. Raises ValueError where none is."""
    found: dict[str | None, Key] = {}
    if content.lstrip().startswith(b"{"):
        for jwk in _jwks(content):
            key = _of_jwk(jwk)
            if (
                key is not None
                and algorithm_of(key) in issuer.algorithms
                and jwk.get("alg") in (None, algorithm_of(key))
            ):
                found[str(jwk["kid"])] = key
    else:
        try:
            single = serialization.load_pem_public_key(content)
        except (ValueError, UnsupportedAlgorithm):
            raise ValueError("is not a readable public key in PEM form, nor a JWK set") from None
        if algorithm_of(single) in issuer.algorithms:
            found[None] = single  # type: ignore[assignment]
    if not found:
        raise ValueError(
            f"must hold an EC key on P-384 (ES384) or an RSA key of {SHORTEST_RSA} bits or more (RS384), as the"
            " issuer's algorithms say; it holds another kind"
        )
    return found


def _jwks(content: bytes) -> list[Mapping[str, Any]]:
    try:
        keys = json.loads(content)["keys"]
    except (ValueError, KeyError, TypeError):
        raise ValueError("is not a JWK set: it needs `keys`") from None
    if not isinstance(keys, list):
        raise ValueError("is not a JWK set: `keys` must be a list")
    return [
        one for one in keys if isinstance(one, dict) and isinstance(one.get("kid"), str) and one.get("use") != "enc"
    ]


def _of_jwk(jwk: Mapping[str, Any]) -> Key | None:
    """Return the public key, or None for one of another kind: an issuer may have keys for other uses too."""
    try:
        key = jwt.PyJWK.from_dict(dict(jwk)).key
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    return key if algorithm_of(key) is not None else None


def algorithm_of(key: object) -> str | None:
    """Return the one algorithm a public key is used with here; None for keys of another kind, and private ones."""
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP384R1):
        return ALGORITHMS[0]
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= SHORTEST_RSA:
        return ALGORITHMS[1]
    return None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _fetched(url: str) -> bytes:
    """Return what lies at an address of the trust file; no redirect is followed."""
    opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler())
    with opener.open(url, timeout=TIMEOUT) as answer:
        content: bytes = answer.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError("a key set larger than 256 KiB")
    return content
