"""Who gets in: nobody without a token that holds in every part, and no role beyond what is its own."""

import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from service.demo import demo_client_token
from service.tokens import Verifier
from service.trust import Issuer
from stratify.errors import UsageError

BODY = {"patient": {"system": "urn:stratify:synthetic", "value": "000000000001"}, "purpose": "TREAT"}
CHOICE = {**BODY, "preference": "no_groups", "decision": "wish"}
ACTION = {**BODY, "text": "Ring om mødet", "due": (datetime.now(UTC).date() + timedelta(days=30)).isoformat()}
TARGET = "/v1/targets/hba1c_measured"
GUARDED = [
    ("POST", "/v1/scores:lookup", BODY),
    ("POST", "/v1/choices", CHOICE),
    ("POST", "/v1/actions", ACTION),
    ("POST", "/v1/actions:search", {"about": "people"}),
    ("POST", "/v1/actions:search", {"about": "targets"}),
    ("GET", "/v1/targets", None),
    ("GET", "/v1/models/current", None),
    ("POST", "/v1/audit:search", {"user": "dr"}),
    ("POST", "/v1/answers", {**BODY, "question": "burden", "value": 2, "at": "later"}),
    ("POST", "/v1/words", {**BODY, "kind": "goal", "text": "walk"}),
    ("POST", "/v1/facts", {**BODY, "fact": "transport", "value": True}),
    ("GET", "/v1/targets:proposals", None),
    ("GET", TARGET, None),
    ("GET", f"{TARGET}/examples", None),
    ("GET", "/v1/questions", None),
    ("GET", f"{TARGET}/cases", None),
    ("POST", f"{TARGET}/cases:cause", {}),
]


def _claims(**changes):
    now = int(time.time())
    claims = {
        "iss": "urn:stratify:demo", "aud": "urn:stratify:demo:service", "iat": now, "exp": now + 600,
        "sub": "dr", "role": "clinician",
    }  # fmt: skip
    claims["context"] = {"patient_id": "urn:stratify:synthetic|000000000001", "care_team_id": "urn:stratify:demo:team"}
    return {name: value for name, value in (claims | changes).items() if value is not None}


def _encoded(part):
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def _unsigned(workspace, forge):
    return f"{_encoded(json.dumps({'alg': 'none', 'typ': 'JWT'}).encode())}.{_encoded(json.dumps(_claims()).encode())}."


def _hmac_with_public_key(workspace, forge):
    secret = (workspace.keys / "jwt_public.pem").read_bytes()
    head = _encoded(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    signed = f"{head}.{_encoded(json.dumps(_claims()).encode())}"
    return f"{signed}.{_encoded(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def _other_key(workspace, forge):
    return jwt.encode(_claims(), ec.generate_private_key(ec.SECP384R1()), algorithm="ES384")


def _other_algorithm(workspace, forge):
    return jwt.encode(_claims(), rsa.generate_private_key(public_exponent=65537, key_size=2048), algorithm="RS256")


def _key_in_the_header(workspace, forge):
    own = ec.generate_private_key(ec.SECP384R1())
    jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(own.public_key()))
    return jwt.encode(_claims(), own, algorithm="ES384", headers={"jwk": jwk})


def _changed_after_signing(workspace, forge):
    head, _, signature = forge(role="quality").split(".")
    return f"{head}.{_encoded(json.dumps(_claims()).encode())}.{signature}"


def _with(**changes):
    return lambda workspace, forge: forge(**changes)


def _in(seconds):
    """So many seconds from when the test runs, not from when it was collected."""
    return int(time.time()) + seconds


HOSTILE = {
    "no algorithm": _unsigned,
    "HS256 keyed with the public key": _hmac_with_public_key,
    "another key": _other_key,
    "another algorithm": _other_algorithm,
    "its own key in the header": _key_in_the_header,
    "claims changed after signing": _changed_after_signing,
    "unknown critical header": lambda workspace, forge: forge(headers={"crit": ["x"], "x": 1}),
    "another issuer": _with(iss="urn:elsewhere"),
    "another audience": _with(aud="urn:elsewhere"),
    "no issuer": _with(iss=None),
    "no audience": _with(aud=None),
    "no expiry": _with(exp=None),
    "no issue time": _with(iat=None),
    "no subject": _with(sub=None),
    "no role": _with(role=None),
    "expired": lambda workspace, forge: forge(exp=_in(-60)),
    "issued in the future": lambda workspace, forge: forge(iat=_in(600), exp=_in(900)),
    "not valid yet": lambda workspace, forge: forge(nbf=_in(600)),
    "lives for a year": lambda workspace, forge: forge(exp=_in(365 * 86400)),
    "expiry is a word": _with(exp="never"),
    "expiry beyond all time": _with(exp=1e300),
    "subject empty": _with(sub=""),
    "subject too long": _with(sub="x" * 201),
    "role is a number": _with(role=7),
    "roles empty": _with(role=[]),
    "roles hold a number": _with(role=["clinician", 7]),
    "no token at all": lambda workspace, forge: "",
    "subject with a lone surrogate": _with(sub="dr\ud800"),
    "subject with a control character": _with(sub="dr\x00"),
    "subject over two lines": _with(sub="dr\nquality"),
    "subject that turns its reader round": _with(sub="dr\u202e"),
    "role with a lone surrogate": _with(role="clinician\udfff"),
    "one role of two with a control character": _with(role=["clinician", "\x1b"]),
    "expiry is a list": _with(exp=[]),
    "issue time beyond all numbers": _with(iat=float("inf")),
    "longer than any token": _with(sub="x" * 100, filler="x" * 9000),
    "a key nobody knows": lambda workspace, forge: forge(headers={"kid": "nobody"})[:-8] + "AAAAAAAA",
    "a clinical system's token": lambda workspace, forge: demo_client_token(
        workspace.keys, "urn:stratify:demo:service"
    ),
    "a context that is none": _with(context="MARK"),
    "a header without end": lambda workspace, forge: f"{_encoded(b'[' * 5000)}.e30.e30",
    "not a token": lambda workspace, forge: "a.b.c",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_token_is_refused_and_not_told_why(name, client, workspace, forge, audit_rows):
    response = client.send("POST", "/v1/scores:lookup", json=BODY, token=HOSTILE[name](workspace, forge))
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["detail"] == "A valid bearer token is required."
    assert audit_rows() == []


def test_the_same_token_unspoilt_is_let_in(client, forge):
    assert client.send("POST", "/v1/scores:lookup", json=BODY, token=forge()).status_code == 200
    assert client.send(
        "POST", "/v1/scores:lookup", json=BODY, token=forge(aud=["x", "urn:stratify:demo:service"])
    ).is_success


def test_a_refused_token_leaves_a_line_in_the_log_and_nothing_of_itself(client, forge, caplog):
    spoilt = forge(sub="MARK", aud="urn:elsewhere")
    response = client.send("GET", "/v1/models/current", token=spoilt)
    assert f"request {response.headers['x-request-id']}: no valid token" in caplog.text
    assert "MARK" not in caplog.text
    assert spoilt not in caplog.text


@pytest.mark.parametrize("method, path, body", GUARDED)
def test_every_route_wants_a_token_before_it_reads_anything(method, path, body, client):
    assert client.send(method, path, json=body, token=None).status_code == 401
    broken = client.send(method, path, content=b"{", token=None, headers={"Content-Type": "application/json"})
    assert broken.status_code == 401


def test_every_route_of_the_interface_is_in_that_table(app):
    documented = {(method.upper(), path) for path, item in app.openapi()["paths"].items() for method in item}
    open_to_all = {("GET", path) for path in ("/livez", "/readyz", "/metrics", "/cds-services")}
    elsewhere = {one for one in documented if one[1].startswith(("/cds-services/", "/fhir/"))}  # have their own tables
    assert documented - open_to_all - elsewhere == {
        (method, path.replace("hba1c_measured", "{target}")) for method, path, _ in GUARDED
    }


@pytest.mark.parametrize("scheme", ["Basic", "bearer  ", ""])
def test_only_one_bearer_header_counts(scheme, client, forge):
    given = {"Authorization": f"{scheme} {forge()}".strip()}
    status = client.send("GET", "/v1/models/current", token=None, headers=given).status_code
    assert status == (200 if scheme.strip() == "bearer" else 401)


def test_two_authorization_headers_are_none(app, client, forge):
    verifier = app.state.context.verifier
    one = f"Bearer {forge()}"
    assert verifier.caller([one]).user == "dr"
    assert verifier.caller([one, one]) is None


MATRIX = {
    "clinician": (200, 200, 200, 200, 403, 403, 200, 403, 200, 200, 200, 403, 403, 200, 200, 403, 403),
    "coordinator": (200, 200, 200, 200, 403, 403, 200, 403, 200, 200, 200, 403, 403, 200, 200, 403, 403),
    "quality": (403, 403, 403, 403, 200, 200, 200, 403, 403, 403, 403, 200, 200, 200, 200, 422, 422),
    "data_scientist": (403, 403, 403, 403, 403, 403, 200, 403, 403, 403, 403, 403, 403, 200, 200, 403, 403),
    "auditor": (403, 403, 403, 403, 403, 403, 200, 200, 403, 403, 403, 403, 403, 200, 200, 403, 403),
    "ops": (403, 403, 403, 403, 403, 403, 200, 403, 403, 403, 403, 403, 403, 200, 200, 403, 403),
    "stranger": (403,) * 17,
}


@pytest.mark.parametrize("role", MATRIX)
def test_each_role_may_do_its_own_and_a_denial_is_written_down(role, client, token, audit_rows):
    for (method, path, body), wanted in zip(GUARDED, MATRIX[role], strict=True):
        before = len(audit_rows())
        response = client.send(method, path, json=body, token=token(role))
        assert response.status_code == wanted
        written = audit_rows()[before:]
        if wanted == 403:
            assert [row["outcome"] for row in written] == ["denied"]
            assert (written[0]["user"], written[0]["pseudonym"]) == ("demo", None)
            assert "risks" not in response.text


SENT_BY_THE_WRONG_ROLE = [b'{"patient', b"{}", b"[" * 60000, b"\xff", json.dumps(BODY).encode()]


@pytest.mark.parametrize("content", SENT_BY_THE_WRONG_ROLE)
def test_a_wrong_role_is_denied_whatever_it_sends_and_learns_no_shape(content, client, token, audit_rows):
    headers = {"Content-Type": "application/json"}
    response = client.send("POST", "/v1/scores:lookup", content=content, headers=headers, token=token("quality"))
    assert response.status_code == 403
    assert "errors" not in response.json()
    (row,) = audit_rows()
    assert (row["action"], row["outcome"], row["role"]) == ("lookup", "denied", "quality")
    assert (row["pseudonym"], row["purpose"]) == (None, None)  # the body was not parsed


def test_a_public_key_of_another_kind_cannot_be_configured(tmp_path):
    for key in (
        ec.generate_private_key(ec.SECP256R1()),
        rsa.generate_private_key(public_exponent=65537, key_size=1024),
    ):
        path = tmp_path / "key.pem"
        path.write_bytes(
            key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )
        with pytest.raises(UsageError, match="P-384"):
            Verifier([Issuer(iss="x", kind="user", keys=str(path), audience="y")])
