"""The key pair that signs bundles: made once, the private half readable by its owner alone (Ed25519, PEM)."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from stratify.errors import BundleError
from stratify.files import refuse_readable_by_others, write_bytes

PRIVATE, PUBLIC = "bundle_private.pem", "bundle_public.pem"


def ensure_signing_keys(keys: Path) -> tuple[Path, Path]:
    """Return the paths of the private and the public key, made now where there are none.

    Raises BundleError (exit 13) where only the public key is there: a new pair would disown what was signed before.
    """
    private, public = keys / PRIVATE, keys / PUBLIC
    if not private.exists():
        if public.exists():
            raise BundleError(
                f"{private} is missing while {public} is there: put the private key back, "
                f"or remove {PUBLIC} to start anew and promote again"
            )
        keys.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = Ed25519PrivateKey.generate()
        write_bytes(private, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), mode=0o600)
    if not public.exists():
        write_bytes(public, _public_pem(read_private_key(private).public_key()))
    return private, public


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """Return the private key.

    Raises BundleError (exit 13) where the file is not one, NotPermittedError (exit 14) where others can read it.
    """
    try:
        refuse_readable_by_others(path)
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise BundleError(f"{path} must hold an Ed25519 private key in PEM ({type(error).__name__})") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BundleError(f"{path} must hold an Ed25519 private key, got another kind of key")
    return key


def read_public_key(path: Path) -> Ed25519PublicKey:
    """Return the public key. Raises BundleError (exit 13) where the file is not one."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BundleError(f"{path} must hold an Ed25519 public key in PEM ({type(error).__name__})") from error
    if not isinstance(key, Ed25519PublicKey):
        raise BundleError(f"{path} must hold an Ed25519 public key, got another kind of key")
    return key


def is_signed(key: Ed25519PublicKey, data: bytes, signature: str) -> bool:
    """Return whether the signature, in hex, was made over these bytes by the key's other half."""
    try:
        key.verify(bytes.fromhex(signature.strip()), data)
    except (InvalidSignature, ValueError):
        return False
    return True


def _public_pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
