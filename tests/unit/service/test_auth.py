"""The demo's keys and token, and what a verifier makes of claims."""

import os

import jwt
import pytest

from service.auth import Caller, Verifier, demo_token, make_demo_keys, read_public_key
from service.settings import DEMO_AUDIENCE, DEMO_ISSUER
from stratify.errors import NotPermittedError, UsageError


@pytest.fixture
def keys(tmp_path):
    make_demo_keys(tmp_path / "keys")
    return tmp_path / "keys"


@pytest.fixture
def verifier(keys):
    return Verifier(keys / "jwt_public.pem", DEMO_ISSUER, DEMO_AUDIENCE)


def test_the_private_key_is_its_owners_alone_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        private, public = make_demo_keys(tmp_path / "keys")
    finally:
        os.umask(before)
    assert (private.name, public.name) == ("jwt_private.pem", "jwt_public.pem")
    assert private.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert b"PRIVATE" not in public.read_bytes()


def test_made_twice_the_keys_stay_and_a_lost_public_one_comes_back(keys):
    before = {path.name: path.read_bytes() for path in keys.iterdir()}
    (keys / "jwt_public.pem").unlink()
    make_demo_keys(keys)
    assert {path.name: path.read_bytes() for path in keys.iterdir()} == before


def test_a_private_key_that_others_can_read_is_not_used(keys):
    (keys / "jwt_private.pem").chmod(0o640)
    with pytest.raises(NotPermittedError, match="others can read"):
        make_demo_keys(keys)


def test_the_demo_token_is_good_for_eight_hours_as_clinician_and_quality(keys, verifier):
    token = demo_token(keys)
    assert verifier.caller([f"Bearer {token}"]) == Caller("demo", frozenset({"clinician", "quality"}))
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 8 * 3600
    assert jwt.get_unverified_header(token)["alg"] == "ES384"


def test_roles_may_be_one_word_or_a_list_and_strange_ones_count_for_nothing(keys, verifier):
    assert verifier.caller([f"Bearer {demo_token(keys, roles=['clinician', 'king'])}"]).roles == {"clinician"}
    stranger = verifier.caller([f"Bearer {demo_token(keys, roles=['king'])}"])
    assert stranger == Caller("demo", frozenset())


@pytest.mark.parametrize(
    "given", [[], [""], ["Bearer"], ["Bearer "], ["Bearer a.b"], ["Basic eDp5"], ["Bearer x", "Bearer x"]]
)
def test_what_is_no_token_is_nobody(given, verifier):
    assert verifier.caller(given) is None


@pytest.mark.parametrize("user", ["dr", "Søren Ærø", "dr@hospital.example", "x" * 200])
def test_a_printable_name_is_somebody(user, keys, verifier):
    assert verifier.caller([f"Bearer {demo_token(keys, user=user)}"]).user == user


@pytest.mark.parametrize("user", ["\x00", "a\nb", "a\x7f", "a\x9f", "\ud800", "a\u2028", "\u202eb"])
def test_a_name_that_cannot_be_printed_is_nobody(user, keys, verifier):
    assert verifier.caller([f"Bearer {demo_token(keys, user=user)}"]) is None


def test_every_name_let_in_can_be_stored():
    for code in range(0x110000):
        if chr(code).isprintable():
            chr(code).encode()


def test_an_expired_demo_token_is_nobody(keys, verifier):
    assert verifier.caller([f"Bearer {demo_token(keys, hours=-1)}"]) is None


def test_two_clocks_may_differ_a_little(keys, verifier):
    assert verifier.caller([f"Bearer {demo_token(keys, hours=-10 / 3600)}"]) is not None


def test_a_key_file_that_is_none_is_a_usage_error(tmp_path, keys):
    with pytest.raises(UsageError, match="there is no file"):
        read_public_key(tmp_path / "nowhere.pem")
    with pytest.raises(UsageError, match="not a readable public key"):
        read_public_key(keys / "jwt_private.pem")
    with pytest.raises(UsageError, match="not a readable public key"):
        read_public_key(tmp_path)


def test_roles_come_to_the_log_as_one_word_in_one_order():
    assert Caller("x", frozenset({"quality", "clinician"})).role == "clinician,quality"
