"""An issuer's keys: from a file that changes, or an address that may be down, redirect, lie or be asked in vain."""

import http.server
import json
import threading
import time

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from service import keys
from service.keys import keys_of
from service.trust import Issuer
from stratify.errors import UsageError


def jwk(key, kid, **more):
    kind = jwt.algorithms.ECAlgorithm if isinstance(key, ec.EllipticCurvePrivateKey) else jwt.algorithms.RSAAlgorithm
    return json.loads(kind.to_jwk(key.public_key())) | {"kid": kid} | more


EC = ec.generate_private_key(ec.SECP384R1())
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def issuer(at, **more):
    return Issuer(iss="x", kind="user", keys=str(at), audience="y", **more)


def written(tmp_path, *jwks):
    path = tmp_path / "set.json"
    path.write_text(json.dumps({"keys": list(jwks)}), encoding="utf-8")
    return path


def test_a_set_has_its_keys_by_name_and_each_kind_one_algorithm(tmp_path):
    found = keys_of(issuer(written(tmp_path, jwk(EC, "a"), jwk(RSA, "b"))))
    assert keys.algorithm_of(found.find("a")) == "ES384"
    assert keys.algorithm_of(found.find("b")) == "RS384"
    assert found.find("c") is None
    assert found.find(None) is None


def test_keys_of_other_kinds_in_a_set_are_left_alone(tmp_path):
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    strange = [{"kid": "hmac", "kty": "oct", "k": "c2VjcmV0"}, {"kty": "EC"}, "no key"]
    strange.append({"kid": "odd", "kty": "EC", "crv": "P-384", "x": "AA", "y": "AA"})
    others = [jwk(EC, "enc", use="enc"), jwk(EC, "other", alg="ES256"), jwk(weak, "weak"), *strange]
    found = keys_of(issuer(written(tmp_path, jwk(EC, "a"), *others)))
    assert [found.find(kid) is not None for kid in ("a", "enc", "other", "weak", "hmac", "odd")] == [True] + [False] * 5


def test_an_issuer_that_signs_in_one_way_has_no_key_of_the_other(tmp_path):
    found = keys_of(issuer(written(tmp_path, jwk(EC, "a"), jwk(RSA, "b")), algorithms=("RS384",)))
    assert (found.find("a"), found.find("b") is not None) == (None, True)


def test_a_file_that_changes_counts_at_once_and_one_that_breaks_leaves_the_old_keys(tmp_path, caplog):
    path = written(tmp_path, jwk(EC, "a"))
    found = keys_of(issuer(path))
    path = written(tmp_path, jwk(EC, "a"), jwk(RSA, "b"))
    assert found.find("b") is not None
    path.write_text("{", encoding="utf-8")
    assert found.find("b") is not None
    assert "the old ones count" in caplog.text
    path.unlink()
    assert found.find("b") is not None


@pytest.mark.parametrize("content", ["{}", '{"keys": 3}', '{"keys": []}', "nonsense", "{"])
def test_a_file_without_a_key_is_refused_at_the_start(content, tmp_path):
    (tmp_path / "k").write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match="the keys of an issuer"):
        keys_of(issuer(tmp_path / "k"))


class Server:
    """An identity provider's address, in as far as it is one; counts how often it is asked."""

    def __init__(self):
        self.asked, self.answer = 0, (200, json.dumps({"keys": [jwk(EC, "a")]}).encode(), {})
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked += 1
                status, body, headers = outer.answer
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def issuer(self):
        # https alone is taken from a trust file: here the rest is looked at
        at = f"http://127.0.0.1:{self.server.server_port}/jwks"
        return Issuer.model_construct(iss="x", kind="user", keys=at, algorithms=("ES384", "RS384"))


@pytest.fixture
def server():
    server = Server()
    yield server
    server.server.shutdown()
    server.server.server_close()


def settled(found):
    with found._reading:
        pass


def after(monkeypatch, seconds):
    now = time.monotonic()
    monkeypatch.setattr("service.keys.monotonic", lambda: now + seconds)


def test_keys_nobody_knows_make_it_be_asked_once_a_minute_at_most_however_many_come(server, monkeypatch):
    found = keys_of(server.issuer)
    assert server.asked == 1
    for nth in range(1000):
        assert found.find(f"nobody {nth}") is None
    assert server.asked == 1
    after(monkeypatch, 61)
    server.answer = (200, json.dumps({"keys": [jwk(EC, "a"), jwk(RSA, "b")]}).encode(), {})
    for _ in range(1000):
        found.find("b")
    deadline = time.time() + 5
    while found._keys.get("b") is None and time.time() < deadline:
        time.sleep(0.01)
    assert found.find("b") is not None
    assert server.asked == 2


@pytest.mark.parametrize(
    "answer",
    [(500, b"", {}), (200, b"no set", {}), (200, b'{"keys": []}', {}), (302, b"", {"Location": "/elsewhere"}),
     (200, b" " * 300_000, {})],
)  # fmt: skip
def test_an_address_that_fails_leaves_the_old_keys(answer, server, monkeypatch, caplog):
    found = keys_of(server.issuer)
    server.answer = answer
    after(monkeypatch, 700)
    found.find("a")
    deadline = time.time() + 5
    while "the old ones count" not in caplog.text and time.time() < deadline:
        time.sleep(0.01)
    settled(found)
    assert found.find("a") is not None
    assert server.asked == 2  # no redirect was followed


def test_an_address_that_is_down_at_the_start_has_no_keys_yet_and_is_asked_again(server, monkeypatch):
    good, server.answer = server.answer, (503, b"", {})
    found = keys_of(server.issuer)
    assert found.find("a") is None
    server.answer = good
    after(monkeypatch, 61)
    found.find("a")
    deadline = time.time() + 5
    while found._keys.get("a") is None and time.time() < deadline:
        time.sleep(0.01)
    assert found.find("a") is not None
