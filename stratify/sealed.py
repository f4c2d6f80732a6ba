"""An identifier sealed and opened again, where a list must name people: with a key of this work folder alone.

AES-256-GCM with a key derived from the pseudonym key; bound to the person's pseudonym, so that no seal can be moved to
another's row.
"""

from __future__ import annotations

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE = 12  # bytes
PURPOSE = b"stratify: identifiers in lists of a care team"


def _cipher(key: bytes) -> AESGCM:
    return AESGCM(HKDF(hashes.SHA256(), 32, None, PURPOSE).derive(key))


class Sealer:
    """Seals many identifiers with one key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = _cipher(key)

    def __call__(self, pseudonym: str, system: str, identifier: str) -> str:
        """Return an identifier that nobody can read without the key."""
        nonce = os.urandom(NONCE)
        sealed = self._cipher.encrypt(nonce, f"{system}|{identifier}".encode(), pseudonym.encode())
        return base64.b64encode(nonce + sealed).decode()


def seal(key: bytes, pseudonym: str, system: str, identifier: str) -> str:
    """Return an identifier that nobody can read without the key."""
    return Sealer(key)(pseudonym, system, identifier)


def unseal(key: bytes, pseudonym: str, sealed: str) -> tuple[str, str]:
    """Return the system and the identifier. Raises ValueError for a seal of another key or person."""
    raw = base64.b64decode(sealed)
    try:
        opened = _cipher(key).decrypt(raw[:NONCE], raw[NONCE:], pseudonym.encode()).decode()
    except InvalidTag:
        raise ValueError("sealed with another key, or for another person") from None
    system, _, identifier = opened.rpartition("|")
    return system, identifier
