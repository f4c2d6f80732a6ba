"""Pseudonyms: a person's name inside the serving files, which nobody can turn back without the key."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path

from stratify.errors import NotPermittedError
from stratify.files import refuse_readable_by_others, write_bytes

KEY_BYTES = 32


def pseudonym(key: bytes, system: str, value: str) -> str:
    """Return the HMAC-SHA256 of an identifier and its system, in hex; the same key gives the same name."""
    return hmac.new(key, f"{system}|{value}".encode(), hashlib.sha256).hexdigest()


def key_id(key: bytes) -> str:
    """Return a name for a key that does not reveal it, so that files made under another key are noticed."""
    return hashlib.sha256(b"key id" + key).hexdigest()[:12]


def ensure_key(path: Path) -> bytes:
    """Return the key in a file, made on first use and readable by its owner alone.

    Raises NotPermittedError when the file is not a key of ours or others may read it.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_bytes(path, secrets.token_bytes(KEY_BYTES), mode=0o600)
    return read_key(path)


def read_key(path: Path) -> bytes:
    """Return the key in a file; see `ensure_key`."""
    if not path.exists():
        raise NotPermittedError(f"{path.name}: the pseudonym key is not there; run `stratify score` first")
    refuse_readable_by_others(path)
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise NotPermittedError(f"{path.name}: needs {KEY_BYTES} bytes, got {len(key)}; restore it from your copy")
    return key
