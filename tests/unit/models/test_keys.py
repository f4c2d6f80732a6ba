"""The signing keys are made once, the private one for its owner alone; what is not such a key is refused."""

import stat

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from models.keys import ensure_signing_keys, is_signed, read_private_key, read_public_key
from stratify.errors import BundleError, NotPermittedError


def test_made_once_and_private(tmp_path):
    private, public = ensure_signing_keys(tmp_path / "keys")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert (private.name, public.name) == ("bundle_private.pem", "bundle_public.pem")
    before = private.read_bytes(), public.read_bytes()
    assert ensure_signing_keys(tmp_path / "keys") == (private, public)
    assert (private.read_bytes(), public.read_bytes()) == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_private_key_that_others_can_reach_is_refused(tmp_path, mode):
    private, _ = ensure_signing_keys(tmp_path)
    private.chmod(mode)
    with pytest.raises(NotPermittedError, match=r"bundle_private\.pem: others can read this key; .*600") as caught:
        read_private_key(private)
    assert caught.value.exit_code == 14
    private.chmod(0o400)
    read_private_key(private)


def test_a_lost_public_key_is_drawn_from_the_private_one(tmp_path):
    _, public = ensure_signing_keys(tmp_path)
    before = public.read_bytes()
    public.unlink()
    ensure_signing_keys(tmp_path)
    assert public.read_bytes() == before


def test_a_lost_private_key_is_not_replaced_in_silence(tmp_path):
    private, _ = ensure_signing_keys(tmp_path)
    private.unlink()
    with pytest.raises(BundleError, match="put the private key back"):
        ensure_signing_keys(tmp_path)


def test_a_signature_holds_for_these_bytes_and_this_key_alone(tmp_path):
    private, public = ensure_signing_keys(tmp_path / "a")
    _, other = ensure_signing_keys(tmp_path / "b")
    signature = read_private_key(private).sign(b"text").hex()
    assert is_signed(read_public_key(public), b"text", signature + "\n")
    assert not is_signed(read_public_key(public), b"texT", signature)
    assert not is_signed(read_public_key(other), b"text", signature)
    assert not is_signed(read_public_key(public), b"text", "not hex")


@pytest.mark.parametrize("text", [None, b"", b"-----BEGIN nothing"])
def test_what_is_no_key_is_refused(tmp_path, text):
    path = tmp_path / "key.pem"
    if text is not None:
        path.write_bytes(text)
        path.chmod(0o600)
    for read in (read_private_key, read_public_key):
        with pytest.raises(BundleError, match=r"key\.pem must hold an Ed25519 (private|public) key"):
            read(path)


def test_another_kind_of_key_is_refused(tmp_path):
    made, path = generate_private_key(SECP256R1()), tmp_path / "key.pem"
    path.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    with pytest.raises(BundleError, match="got another kind of key"):
        read_private_key(path)
    path.write_bytes(made.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(BundleError, match="got another kind of key"):
        read_public_key(path)
