"""Pseudonyms cannot be turned back without the key, and the key is its owner's alone."""

import hashlib
import hmac
import stat

import pytest

from stratify.errors import NotPermittedError
from stratify.pseudonym import KEY_BYTES, ensure_key, key_id, pseudonym, read_key


def test_it_is_the_hmac_of_system_and_value():
    key = b"k" * KEY_BYTES
    expected = hmac.new(key, b"urn:x|0123", hashlib.sha256).hexdigest()
    assert pseudonym(key, "urn:x", "0123") == expected


@pytest.mark.parametrize(
    "other", [(b"l" * 32, "urn:x", "0123"), (b"k" * 32, "urn:y", "0123"), (b"k" * 32, "urn:x", "123")]
)
def test_another_key_system_or_value_gives_another_name(other):
    assert pseudonym(*other) != pseudonym(b"k" * 32, "urn:x", "0123")


def test_a_key_is_made_once_and_readable_by_its_owner_alone(tmp_path):
    path = tmp_path / "keys" / "pseudonym.key"
    key = ensure_key(path)
    assert len(key) == KEY_BYTES
    assert ensure_key(path) == key == read_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_keys_name_does_not_reveal_it(tmp_path):
    key = ensure_key(tmp_path / "k")
    assert key_id(key) not in key.hex()
    assert key_id(key) == key_id(read_key(tmp_path / "k"))


def test_a_key_that_others_can_read_is_refused(tmp_path):
    ensure_key(tmp_path / "k")
    (tmp_path / "k").chmod(0o644)
    with pytest.raises(NotPermittedError, match="chmod 600"):
        read_key(tmp_path / "k")


def test_a_file_that_is_no_key_and_a_key_that_is_not_there_are_refused(tmp_path):
    (tmp_path / "k").write_bytes(b"short")
    (tmp_path / "k").chmod(0o600)
    with pytest.raises(NotPermittedError, match="needs 32 bytes, got 5"):
        ensure_key(tmp_path / "k")
    with pytest.raises(NotPermittedError, match="not there"):
        read_key(tmp_path / "none")
