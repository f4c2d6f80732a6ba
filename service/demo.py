"""Returns the demo's keys and tokens: for made-up people, on this machine alone."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from service.callers import CLINICIAN, QUALITY
from service.trust import Issuer
from stratify.errors import NotPermittedError
from stratify.files import write_bytes
from stratify.workspace import Workspace

ISSUER = "urn:stratify:demo"
AUDIENCE = "urn:stratify:demo:service"
CLIENT = "urn:stratify:demo:ehr"  # a made-up clinical system that calls hooks
ORGANISATION, CARE_TEAM = "urn:stratify:demo:hospital", "urn:stratify:demo:team"
PUBLIC_KEY, PRIVATE_KEY = "jwt_public.pem", "jwt_private.pem"  # in the work folder's keys/
ALGORITHM = "ES384"
SYNTHETIC = "synthetic"  # the source of people who are made up
HOURS = 8


def make_demo_keys(keys_dir: Path) -> tuple[Path, Path]:
    """Return the demo's private and public key files, made on first use; the private one is its owner's alone."""
    private, public = keys_dir / PRIVATE_KEY, keys_dir / PUBLIC_KEY
    keys_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not private.exists():
        fresh = ec.generate_private_key(ec.SECP384R1())
        pem, kind, plain = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        write_bytes(private, fresh.private_bytes(pem, kind, plain), mode=0o600)
    key = _read_private(private)
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    write_bytes(public, key.public_key().public_bytes(serialization.Encoding.PEM, spki))
    return private, public


def demo_issuers(keys_dir: Path) -> tuple[Issuer, ...]:
    """Return whom the demo trusts: itself, as people's issuer and as a clinical system."""
    keys = str(keys_dir / PUBLIC_KEY)
    return (
        Issuer(iss=ISSUER, kind="user", keys=keys, audience=AUDIENCE, algorithms=(ALGORITHM,)),
        Issuer(iss=CLIENT, kind="client", keys=keys, algorithms=(ALGORITHM,)),
    )


def demo_token(
    keys_dir: Path,
    *,
    hours: float = HOURS,
    roles: Sequence[str] = (CLINICIAN, QUALITY),
    user: str = "demo",
    patient: tuple[str, str] | None = None,
    care_team: str | None = CARE_TEAM,
    unit: str | None = None,
) -> str:
    """Return a person's token of the demo's issuer, good for some hours; the keys must have been made.

    patient: system and identifier of whom the token says is being treated. unit: `level|name`, whose quality is theirs.
    """
    context = {"organization_id": ORGANISATION, "care_team_id": care_team, "unit_id": unit}
    if patient is not None:
        context["patient_id"] = "|".join(patient)
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + int(hours * 3600),
        "sub": user,
        "role": list(roles),
        "context": {name: value for name, value in context.items() if value is not None},
    }
    return jwt.encode(claims, _read_private(keys_dir / PRIVATE_KEY), algorithm=ALGORITHM)


def demo_client_token(keys_dir: Path, address: str, *, seconds: int = 300) -> str:
    """Return a token of the demo's clinical system for one call of the hook at an address."""
    now = int(time.time())
    claims = {"iss": CLIENT, "aud": address, "iat": now, "exp": now + seconds, "jti": uuid4().hex}
    headers = {"kid": "demo"}
    return jwt.encode(claims, _read_private(keys_dir / PRIVATE_KEY), algorithm=ALGORITHM, headers=headers)


def made_up_system(workspace: Workspace) -> str:
    """Return the identifiers' system of a made-up population. Raises NotPermittedError where people are not made up."""
    try:
        with closing(sqlite3.connect(workspace.serving_db.absolute().as_uri() + "?mode=ro", uri=True)) as connection:
            meta = dict(connection.execute("SELECT key, value FROM meta"))
    except sqlite3.Error:
        raise NotPermittedError("there is no scored population here: run `stratify score` first") from None
    if meta.get("source") != SYNTHETIC:
        raise NotPermittedError("the demo's tokens are for made-up people alone, and these are not")
    return str(meta["system"])


def source_ids(workspace: Workspace, most: int | None = None) -> list[str]:
    """Return the identifiers of made-up people by their number, of so many at most; none without a store."""
    persons = workspace.store / "persons.parquet"
    if not persons.is_file():
        return []
    import duckdb

    with duckdb.connect() as connection:
        query = "SELECT source_id FROM read_parquet(?) ORDER BY person LIMIT ?"
        return [str(one) for (one,) in connection.execute(query, [str(persons), most]).fetchall()]


def _read_private(path: Path) -> ec.EllipticCurvePrivateKey:
    if path.stat().st_mode & 0o077:
        raise NotPermittedError(f"{path.name}: others can read this key; remove {path}, the demo makes a new one")
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise NotPermittedError(f"{path.name}: not a key of the demo; remove {path}, the demo makes a new one")
    return key
