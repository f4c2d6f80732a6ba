"""Shapes and problems: nothing of what was put in comes back in an error."""

import json

import pytest
from pydantic import ValidationError

from service.problem import DETAILS, field_problems, problem, responses
from service.schemas import KNOWN_FIELDS, LookupRequest, Patient, Stored, Target

TARGET = {
    "id": "t", "name": {"da": "a", "en": "b"}, "period": "2024", "numerator": 5, "denominator": 10, "unknown": 0,
    "value": 0.5, "interval": [0.2, 0.8], "standard": None, "status": "no_standard", "suppressed": False,
    "tier": "core", "kind": "process", "chosen": True, "unit": "share", "standard_status": "none", "direction": "lower",
    "facts": {"variation": "too_few", "assurance": "none"},
}  # fmt: skip


@pytest.mark.parametrize("status", DETAILS)
def test_a_problem_says_what_and_which_request(status):
    response = problem(status, "id-1")
    body = json.loads(response.body)
    assert response.media_type == "application/problem+json"
    assert (body["status"], body["request_id"], body["detail"]) == (status, "id-1", DETAILS[status])
    assert ("www-authenticate" in response.headers) == (status == 401)


def test_a_status_without_words_of_ours_has_those_of_http():
    assert json.loads(problem(418, "x").body)["title"] == "I'm a Teapot"


def test_reasons_and_fields_stand_in_it_when_given():
    fields = field_problems([{"loc": ("body", "patient", "value"), "type": "missing"}], KNOWN_FIELDS)
    body = json.loads(problem(422, "x", errors=fields, reasons=["one"]).body)
    assert body["errors"] == [{"pointer": "/patient/value", "problem": "missing: required"}]
    assert body["reasons"] == ["one"]


def test_a_place_the_caller_wrote_is_left_out():
    found = field_problems([{"loc": ("body", "0101010000", 3, "patient"), "type": "x"}], KNOWN_FIELDS)
    assert found[0].pointer == "/patient"


def test_documented_errors_point_to_the_one_shape():
    assert responses(401)[401]["content"]["application/problem+json"]["schema"]["$ref"].endswith("/Problem")


@pytest.mark.parametrize(
    "value, identifier",
    [("010101-0000", "0101010000"), ("0101010000", "0101010000"), ("010101-000", "010101-000"), ("a-b", "a-b")],
)
def test_a_danish_number_loses_its_dash(value, identifier):
    assert Patient(system="urn:oid:1.2.208.176.1.2", value=value).identifier == identifier


def test_the_dash_of_another_system_stays():
    assert Patient(system="urn:x", value="010101-0000").identifier == "010101-0000"


@pytest.mark.parametrize("value", ["0101010000", "A-7", "urn:x#1", "~{}!"])
def test_an_identifier_is_made_of_visible_ascii(value):
    assert Patient(system="urn:x", value=value).value == value


@pytest.mark.parametrize("code", [0x00, 0x09, 0x0A, 0x1B, 0x20, 0x7C, 0x7F, 0x85, 0xA0, 0x200B, 0x202E, 0xFEFF, 0xD800])
def test_an_identifier_holds_no_blank_bar_control_or_invisible_character(code):
    for given in ({"system": "urn:x", "value": f"1{chr(code)}"}, {"system": f"urn:{chr(code)}", "value": "1"}):
        with pytest.raises(ValidationError):
            Patient.model_validate(given)


@pytest.mark.parametrize(
    "shape, given",
    [
        (LookupRequest, {"patient": "MARK", "purpose": "MARK"}),
        (Stored, {"risks": "MARK"}),
        (Target, TARGET | {"value": "MARK"}),
    ],
)
def test_the_words_of_a_shape_that_does_not_fit_hold_nothing_of_it(shape, given):
    with pytest.raises(ValidationError) as refused:
        shape.model_validate(given)
    assert "MARK" not in str(refused.value)


HIDDEN = dict.fromkeys(("numerator", "denominator", "unknown", "value", "interval"), None) | {"suppressed": True}


@pytest.mark.parametrize(
    "changes",
    [
        HIDDEN,
        {"unknown": None, "suppressed": True},
        {"numerator": 0, "value": 0.0, "interval": [0.0, 0.3]},
        HIDDEN | {"suppressed": False, "status": "not_measurable", "lacking": {"da": "x", "en": "no lab"}},
    ],
)
def test_a_target_may_show_what_tells_of_nobody(changes):
    assert Target.model_validate(TARGET | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"suppressed": True},
        HIDDEN | {"value": 0.1},
        HIDDEN | {"interval": [0.1, 0.2]},
        HIDDEN | {"unknown": 3},
        {"numerator": 4},
        {"numerator": 8},
        {"numerator": 0, "denominator": 3},
        {"numerator": 11},
        {"unknown": 1},
    ],
)
def test_a_target_that_tells_of_few_people_is_refused(changes):
    with pytest.raises(ValidationError):
        Target.model_validate(TARGET | changes)


@pytest.mark.parametrize("interval", [[0.1], [0.1, 0.2, 0.3], [0.8, 0.2]])
def test_an_interval_is_low_and_high(interval):
    with pytest.raises(ValidationError):
        Target.model_validate({**TARGET, "interval": interval})
