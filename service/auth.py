"""Returns who is calling, from a signed bearer token, or nobody; and makes the demo's keys and token.

Only ES384 with the one configured public key counts: the token's own words never choose algorithm, key or address.
Every failure looks the same from outside. Source: RFC 8725 (JWT best current practices), sections 3.1, 3.2, 3.8, 3.9.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from service.settings import DEMO_AUDIENCE, DEMO_ISSUER, DEMO_PUBLIC_KEY
from stratify.errors import NotPermittedError, UsageError
from stratify.files import write_bytes

ALGORITHM = "ES384"
LEEWAY = 30  # seconds two clocks may differ
LONGEST = 24 * 3600  # seconds a token may live; longer ones are refused
WORD = 200  # characters a subject or a role may have
PRIVATE_KEY = "jwt_private.pem"
CLINICIAN, QUALITY, DATA_SCIENTIST, AUDITOR, OPERATIONS = "clinician", "quality", "data_scientist", "auditor", "ops"
ROLES = frozenset({CLINICIAN, QUALITY, DATA_SCIENTIST, AUDITOR, OPERATIONS})


@dataclass(frozen=True)
class Caller:
    """Who is calling, and in which roles."""

    user: str
    roles: frozenset[str]

    @property
    def role(self) -> str:
        """The roles as one word for the audit log."""
        return ",".join(sorted(self.roles))


class Verifier:
    """Turns a token into its caller."""

    def __init__(self, key_file: Path, issuer: str, audience: str) -> None:
        self._key = read_public_key(key_file)
        self._issuer = issuer
        self._audience = audience

    def caller(self, authorization: Sequence[str]) -> Caller | None:
        """Return the caller named by the Authorization headers, or None: no token, two, or one not to be trusted."""
        if len(authorization) != 1:
            return None
        scheme, _, token = authorization[0].partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            claims = jwt.decode(
                token.strip(),
                self._key,
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY,
                options={"require": ["iss", "aud", "exp", "iat", "sub", "role"], "strict_aud": False},
            )
        except (jwt.InvalidTokenError, ValueError):
            return None
        return _caller(claims)


def _caller(claims: dict[str, object]) -> Caller | None:
    issued, expires, user, role = claims["iat"], claims["exp"], claims["sub"], claims["role"]
    if not isinstance(issued, int | float) or not isinstance(expires, int | float | str):
        return None
    if int(expires) - issued > LONGEST:
        return None
    roles = [role] if isinstance(role, str) else role
    if not isinstance(roles, list) or not isinstance(user, str):
        return None
    words = [user, *roles]
    if not roles or not all(map(_is_word, words)):
        return None
    return Caller(user, frozenset(roles) & ROLES)


def _is_word(given: object) -> bool:
    """Return whether this can be stored and read: lone surrogates and control characters are not printable."""
    return isinstance(given, str) and 0 < len(given) <= WORD and given.isprintable()


def read_public_key(path: Path) -> ec.EllipticCurvePublicKey:
    """Return the P-384 public key in a PEM file; raises UsageError when it is none."""
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except FileNotFoundError:
        raise UsageError(f"--jwt-key: there is no file {path}") from None
    except (OSError, ValueError, UnsupportedAlgorithm):
        raise UsageError(f"--jwt-key: {path} is not a readable public key in PEM form") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP384R1):
        raise UsageError(f"--jwt-key: {path} must hold an EC key on P-384 ({ALGORITHM}), it holds another kind")
    return key


def make_demo_keys(keys_dir: Path) -> tuple[Path, Path]:
    """Return the demo's private and public key files, made on first use; the private one is its owner's alone."""
    private, public = keys_dir / PRIVATE_KEY, keys_dir / DEMO_PUBLIC_KEY
    keys_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not private.exists():
        fresh = ec.generate_private_key(ec.SECP384R1())
        pem, kind, plain = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        write_bytes(private, fresh.private_bytes(pem, kind, plain), mode=0o600)
    key = _read_private(private)
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    write_bytes(public, key.public_key().public_bytes(serialization.Encoding.PEM, spki))
    return private, public


def demo_token(
    keys_dir: Path, *, hours: float = 8, roles: Sequence[str] = (CLINICIAN, QUALITY), user: str = "demo"
) -> str:
    """Return a token of the demo's issuer, good for some hours; the keys must have been made."""
    now = int(time.time())
    claims = {
        "iss": DEMO_ISSUER,
        "aud": DEMO_AUDIENCE,
        "iat": now,
        "exp": now + int(hours * 3600),
        "sub": user,
        "role": list(roles),
    }
    return jwt.encode(claims, _read_private(keys_dir / PRIVATE_KEY), algorithm=ALGORITHM)


def _read_private(path: Path) -> ec.EllipticCurvePrivateKey:
    if path.stat().st_mode & 0o077:
        raise NotPermittedError(f"{path.name}: others can read this key; remove {path}, the demo makes a new one")
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise NotPermittedError(f"{path.name}: not a key of the demo; remove {path}, the demo makes a new one")
    return key
