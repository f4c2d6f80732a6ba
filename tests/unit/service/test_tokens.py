"""The demo's keys and token, and what a verifier makes of claims."""

import os
import time

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from service.callers import Caller, CareContext, caller_of_claims
from service.demo import (
    AUDIENCE,
    CARE_TEAM,
    CLIENT,
    ISSUER,
    ORGANISATION,
    demo_client_token,
    demo_issuers,
    demo_token,
    make_demo_keys,
)
from service.tokens import Verifier
from service.trust import Issuer
from stratify.errors import NotPermittedError, UsageError

HERE = CareContext(None, ORGANISATION, CARE_TEAM)


@pytest.fixture
def keys(tmp_path):
    make_demo_keys(tmp_path / "keys")
    return tmp_path / "keys"


@pytest.fixture
def claims():
    return {"iss": ISSUER, "sub": "dr", "role": "clinician"}


@pytest.fixture
def verifier(keys):
    return Verifier(demo_issuers(keys))


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
    assert verifier.caller([f"Bearer {token}"]) == Caller("demo", frozenset({"clinician", "quality"}), ISSUER, HERE)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 8 * 3600
    assert jwt.get_unverified_header(token)["alg"] == "ES384"


def test_roles_may_be_one_word_or_a_list_and_strange_ones_count_for_nothing(keys, verifier):
    assert verifier.caller([f"Bearer {demo_token(keys, roles=['clinician', 'king'])}"]).roles == {"clinician"}
    stranger = verifier.caller([f"Bearer {demo_token(keys, roles=['king'])}"])
    assert stranger == Caller("demo", frozenset(), ISSUER, HERE)


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
    for path, words in (
        (tmp_path / "nowhere.pem", "there is no file"),
        (keys / "jwt_private.pem", "not a readable public key"),
        (tmp_path, "cannot be read"),
    ):
        with pytest.raises(UsageError, match=words):
            Verifier([Issuer(iss="x", kind="user", keys=str(path), audience="y")])


def test_roles_come_to_the_log_as_one_word_in_one_order():
    assert Caller("x", frozenset({"quality", "clinician"})).role == "clinician,quality"


@pytest.mark.parametrize(
    "context, care",
    [
        (None, CareContext()),
        ({}, CareContext()),
        ({"patient_id": "urn:x|1"}, CareContext(("urn:x", "1"))),
        ({"patient_id": "urn:oid:1.2.208.176.1.2|010101-0000"}, CareContext(("urn:oid:1.2.208.176.1.2", "0101010000"))),
        ({"care_team_id": "t", "episode_of_care_id": "e"}, CareContext(None, None, "t")),
    ],
)
def test_where_somebody_is_at_work_comes_from_the_tokens_context(context, care, claims):
    assert caller_of_claims(claims | {"context": context}).care == care


NO_CONTEXT = [
    "x", [], {"patient_id": "no bar"}, {"patient_id": "|1"}, {"patient_id": "a|"}, {"patient_id": ["a|b"]},
    {"care_team_id": 7}, {"organization_id": "a\nb"},
]  # fmt: skip


@pytest.mark.parametrize("context", NO_CONTEXT)
def test_a_context_that_is_none_is_nobody(context, claims):
    assert caller_of_claims(claims | {"context": context}) is None


def test_roles_may_stand_where_an_identity_server_puts_them(claims):
    del claims["role"]
    assert caller_of_claims(claims | {"realm_access": {"roles": ["auditor"]}}).roles == {"auditor"}


def test_an_issuer_gives_no_more_roles_than_it_may(claims):
    assert caller_of_claims(claims | {"role": ["auditor", "ops"]}, frozenset({"ops"})).roles == {"ops"}


def test_a_verified_token_is_remembered_no_longer_than_it_holds(keys, verifier, monkeypatch):
    token = [f"Bearer {demo_token(keys, hours=20 / 3600)}"]
    assert verifier.caller(token) is not None
    monkeypatch.setattr("service.tokens.Verifier._person", lambda *_: None)
    assert verifier.caller(token) is not None  # from memory
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + 55)
    assert verifier.caller(token) is None


def test_a_clients_token_is_for_the_address_it_calls_and_no_persons(keys, verifier):
    token = [f"Bearer {demo_client_token(keys, 'https://here/cds-services/a')}"]
    client = verifier.client(token, "https://here/cds-services/a")
    assert (client.issuer, client.tenant) == (CLIENT, None)
    assert verifier.client(token, "https://here/cds-services/b") is None
    assert verifier.caller(token) is None
    assert verifier.client([f"Bearer {demo_token(keys)}"], AUDIENCE) is None


@pytest.mark.parametrize(
    "headers, changes",
    [
        ({"kid": None}, {}), ({"typ": "at+jwt"}, {}), ({}, {"jti": None}), ({}, {"jti": ""}), ({}, {"jti": 7}),
        ({}, {"exp": 9e9}), ({}, {"tenant": 7}), ({}, {"tenant": "other"}), ({}, {"iat": None}),
    ],
)  # fmt: skip
def test_a_clients_token_that_lacks_a_part_is_nobodys(headers, changes, keys):
    issuers = [one.model_copy(update={"tenants": ("ward",)}) for one in demo_issuers(keys) if one.kind == "client"]
    verifier, private = Verifier(issuers), load_pem_private_key((keys / "jwt_private.pem").read_bytes(), None)
    now = int(time.time())

    def token(headers, changes):
        claims = {"iss": CLIENT, "aud": "a", "iat": now, "exp": now + 60, "jti": "1", "tenant": "ward"} | changes
        claims = {name: value for name, value in claims.items() if value is not None}
        head = {name: value for name, value in ({"kid": "k"} | headers).items() if value is not None}
        return [f"Bearer {jwt.encode(claims, private, algorithm='ES384', headers=head)}"]

    assert verifier.client(token({}, {}), "a").jti == "1"
    assert verifier.client(token(headers, changes), "a") is None
