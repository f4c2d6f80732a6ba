"""Every error has one shape, application/problem+json, and repeats nothing of what was sent."""

import json

import pytest

JSON = {"Content-Type": "application/json"}
MARK = "MARK0101010000"
PATIENT = {"system": "urn:stratify:synthetic", "value": MARK}

MISSHAPEN = {
    "nothing": None,
    "a list": [MARK],
    "a word": MARK,
    "no patient": {"purpose": "TREAT"},
    "no purpose": {"patient": PATIENT},
    "another purpose": {"patient": PATIENT, "purpose": MARK},
    "purpose quality": {"patient": PATIENT, "purpose": "QUALITY"},
    "a key too many": {"patient": PATIENT, "purpose": "TREAT", MARK: 1},
    "a key too many inside": {"patient": {**PATIENT, MARK: 1}, "purpose": "TREAT"},
    "a number for a name": {"patient": {"system": "urn:x", "value": 101010000}, "purpose": "TREAT"},
    "an empty name": {"patient": {"system": "urn:x", "value": ""}, "purpose": "TREAT"},
    "a name too long": {"patient": {"system": "urn:x", "value": MARK * 9}, "purpose": "TREAT"},
    "a name with a bar": {"patient": {"system": "urn:x", "value": f"{MARK}|1"}, "purpose": "TREAT"},
    "a name over two lines": {"patient": {"system": "urn:x", "value": f"{MARK}\n"}, "purpose": "TREAT"},
    "a name with NUL": {"patient": {"system": "urn:x", "value": f"{MARK}\x00"}, "purpose": "TREAT"},
    "a name with a control character": {"patient": {"system": "urn:x", "value": f"\x1b{MARK}"}, "purpose": "TREAT"},
    "a name with an invisible character": {
        "patient": {"system": "urn:x", "value": f"{MARK}\u200b"},
        "purpose": "TREAT",
    },
    "a name that is no text": {"patient": {"system": "urn:x", "value": f"{MARK}\ud800"}, "purpose": "TREAT"},
    "a system with a control character": {"patient": {"system": "urn:x\x7f", "value": MARK}, "purpose": "TREAT"},
}


@pytest.mark.parametrize("name", MISSHAPEN)
def test_a_misshapen_look_up_is_refused_without_repeating_it(name, client, audit_rows):
    response = client.send("POST", "/v1/scores:lookup", content=json.dumps(MISSHAPEN[name]), headers=JSON)
    _is_problem(response, 422)
    assert response.json()["errors"]
    assert MARK not in response.text
    assert audit_rows() == []


def test_what_does_not_fit_is_named_by_its_place(client):
    response = client.send("POST", "/v1/scores:lookup", json={"patient": {"system": "urn:x"}, "purpose": "TREAT"})
    assert response.json()["errors"] == [{"pointer": "/patient/value", "problem": "missing: required"}]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"patient": NaN}', b"[" * 60000, f'"{MARK}'.encode()])
def test_what_is_no_json_is_refused(content, client):
    response = client.send("POST", "/v1/scores:lookup", content=content, headers=JSON)
    assert response.status_code in {400, 422}
    _is_problem(response, response.status_code)
    assert MARK not in response.text


TWICE = {
    "the person": '{"patient": PATIENT, "purpose": "TREAT", "patient": PATIENT}',
    "the identifier": '{"patient": {"system": "urn:x", "value": "a", "value": "a"}, "purpose": "TREAT"}',
    "the identifier, once escaped": '{"patient": {"system": "urn:x", "value": "a", "val\\u0075e": "b"}, "purpose": ""}',
    "the purpose": '{"patient": PATIENT, "purpose": "TREAT", "purpose": "TREAT"}',
}


@pytest.mark.parametrize("name", TWICE)
def test_a_key_that_stands_twice_is_refused(name, client, audit_rows):
    content = TWICE[name].replace("PATIENT", json.dumps(PATIENT))
    response = client.send("POST", "/v1/scores:lookup", content=content, headers=JSON)
    _is_problem(response, 422)
    assert MARK not in response.text
    assert audit_rows() == []


def test_another_content_type_is_refused(client, people):
    body = json.dumps({"patient": {"system": people.system, "value": people.stored}, "purpose": "TREAT"})
    response = client.send("POST", "/v1/scores:lookup", content=body, headers={"Content-Type": "text/plain"})
    _is_problem(response, 422)


@pytest.mark.parametrize("path", ["/v1/", f"/v1/{MARK}", "/v1/scores:lookup/", "/docs/x", "/redoc"])
def test_what_is_not_there_is_404(path, client):
    response = client.send("GET", path)
    _is_problem(response, 404)
    assert MARK not in response.text


@pytest.mark.parametrize("method, path", [("GET", "/v1/scores:lookup"), ("DELETE", "/v1/targets"), ("POST", "/livez")])
def test_another_method_is_405_and_says_which_are_offered(method, path, client):
    response = client.send(method, path)
    _is_problem(response, 405)
    assert response.headers["allow"] in {"GET", "POST"}


def _chunks(total):
    async def generate():
        for _ in range(total // 1024):
            yield b" " * 1024

    return generate()


def test_a_body_that_says_it_is_too_large_is_not_read(client):
    _is_problem(client.send("POST", "/v1/scores:lookup", content=b" " * (64 * 1024 + 1), headers=JSON), 413)


def test_a_body_that_does_not_say_is_read_no_further_than_allowed(client):
    _is_problem(client.send("POST", "/v1/scores:lookup", content=_chunks(128 * 1024), headers=JSON), 413)


def test_a_body_just_small_enough_is_read(client, people):
    body = json.dumps({"patient": {"system": people.system, "value": people.stored}, "purpose": "TREAT"}).encode()
    padded = body + b" " * (64 * 1024 - len(body))
    assert client.send("POST", "/v1/scores:lookup", content=padded, headers=JSON).status_code == 200


def test_a_content_length_that_is_no_number_is_refused(client):
    _is_problem(client.send("GET", "/livez", headers={"Content-Length": "-1"}), 413)


@pytest.mark.parametrize("given", [MARK, "", "x" * 500, "../../etc"])
def test_a_request_id_that_could_name_somebody_is_replaced(given, client):
    response = client.send("GET", "/livez", headers={"X-Request-Id": given})
    assert response.headers["x-request-id"] != given
    assert len(response.headers["x-request-id"]) == 36


def _is_problem(response, status):
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert body["status"] == status
    assert body["title"]
    assert body["request_id"] == response.headers["x-request-id"]


def test_what_is_wrong_comes_with_what_is_right_in_words_of_ours(client, people):
    body = {"patient": {"system": "urn:x y", "value": "MARK" * 20}, "purpose": "MARK", "MARK": 1, "basis": "bundle"}
    response = client.send("POST", "/v1/scores:lookup", json=body)
    told = {one["pointer"]: one["problem"] for one in response.json()["errors"]}
    assert told == {
        "/patient/system": "string_pattern_mismatch: printable ASCII, without blank or bar",
        "/patient/value": "string_too_long: at most 64 characters",
        "/purpose": "literal_error: one of 'TREAT'",
        "/basis": "literal_error: one of 'nightly' or 'store'",
        "": "extra_forbidden: a key that is not read here",
    }
    assert "MARK" not in response.text
