"""A chart's laboratory results: codes, units, bounds, and what has no value."""

import pytest

from tests.unit.fhir.writer import NPU, condition, observation, prefetch

LOINC = "http://loinc.org"
SOUND = [condition("DI109", "2010-01-01")]


def sent(*observations):
    return prefetch(conditions=SOUND, observations=observations)


@pytest.fixture
def lab(events):
    def answer(*observations):
        rows = events(sent(*observations), "lab", "code", "value", "comparator")
        return [(day, code, None if value != value else round(value, 4), sign) for day, code, value, sign in rows]

    return answer


@pytest.mark.parametrize(
    "code, system, value, unit, expected",
    [
        ("NPU27300", NPU, 48, "mmol/mol", ("NPU27300", 48)),
        ("NPU27300", "urn:oid:1.2.208.176.2.1", 48.0, "mmol/mol", ("NPU27300", 48)),
        ("NPU27300", NPU, 6.5, "%", ("NPU27300", 47.5412)),
        ("4548-4", LOINC, 6.5, "%", ("NPU27300", 47.5412)),
        ("2160-0", LOINC, 1.0, "mg/dL", ("NPU18016", 88.4)),
        ("NPU18016", NPU, 90, "µmol/L", ("NPU18016", 90)),
        ("DNK35302", NPU, 60, "mL/min/{1.73_m2}", ("DNK35302", 60)),
        ("NPU10171", NPU, 2.5, None, ("NPU10171", 2.5)),  # no analyte of ours: in the unit its code stands for
    ],
)
def test_a_result_comes_by_npu_code_in_our_unit(lab, code, system, value, unit, expected):
    assert lab(observation(code, "2025-03-01", value, unit, system=system)) == [(-9, *expected, None)]


@pytest.mark.parametrize("unit", ["mg/dL", "1", "", "x" * 1000, 5])
def test_a_unit_that_the_analyte_is_not_known_in_leaves_no_value_and_is_told(lab, gaps, unit):
    one = observation("NPU27300", "2025-03-01", 6.5, "mmol/mol")
    one["valueQuantity"]["unit"] = unit
    assert lab(one) == [(-9, "NPU27300", None, None)]
    assert gaps(sent(one)) == {"unknown_units": 1}


def test_a_coded_unit_goes_before_a_written_one(lab):
    one = observation("NPU27300", "2025-03-01", 48, "per mille")
    one["valueQuantity"] |= {"system": "http://unitsofmeasure.org", "code": "mmol/mol"}
    assert lab(one) == [(-9, "NPU27300", 48, None)]


@pytest.mark.parametrize(
    "written, told", [("<", "<"), ("<=", "<"), (">", ">"), (">=", ">"), ("ad", None), (None, None)]
)
def test_a_bound_keeps_its_sign(lab, written, told):
    one = observation("DNK35302", "2025-03-01", 90)
    one["valueQuantity"]["comparator"] = written
    assert lab(one) == [(-9, "DNK35302", 90, told)]


@pytest.mark.parametrize(
    "text, expected",
    [("5,2", (5.2, None)), ("<4", (4, "<")), (">= 90", (90, ">")), (" 7.0 ", (7, None)), ("1e2", (100, None)),
     ("ikke påvist", (None, None)), ("<", (None, None)), ("1e999", (None, None)), ("", (None, None)),
     ("9" * 5000, (None, None)), (5, (None, None)), (None, (None, None))],
)  # fmt: skip
def test_a_result_may_be_written_as_text(lab, text, expected):
    one = observation("NPU19748", "2025-03-01")
    assert lab({**one, "valueString": text}) == [(-9, "NPU19748", *expected)]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, -(10**400), 1e300, "48", True, None, [48]])
def test_a_number_that_is_none_is_no_value(lab, value):
    one = observation("NPU27300", "2025-03-01", 48)
    one["valueQuantity"]["value"] = value
    assert lab(one) == [(-9, "NPU27300", None, None)]


@pytest.mark.parametrize(
    "code, system",
    [("8480-6", LOINC), ("17856-6", LOINC), ("NPU1", NPU), ("npu27300", NPU), ("NPU27300", "urn:x"), ("", NPU)],
)
def test_a_code_that_is_not_read_is_counted_and_told(lab, gaps, code, system):
    """17856-6 is HbA1c, as far as anybody remembers: nobody has read it."""
    known = [observation("NPU27300", "2025-03-01", 48.0)] * 2
    one = observation(code, "2025-03-01", 120.0, "mmHg", system=system)
    assert len(lab(*known, one)) == 2
    assert gaps(sent(*known, one)) == {"unknown_results": 1}


def test_where_most_results_are_not_read_results_are_unknown_and_not_none(read, gaps):
    known, other = observation("NPU27300", "2025-03-01", 48.0), observation("8480-6", "2025-03-01", system=LOINC)
    assert read(sent(known, other)).records.has("lab")
    assert not read(sent(known, other, other)).records.has("lab")
    assert gaps(sent(known, other, other)) == {"unread_observations": None, "unknown_results": 2}


@pytest.mark.parametrize("came, counts", [
    ("final", 1), ("amended", 1), ("corrected", 1), ("preliminary", 1), ("registered", 0), ("cancelled", 0),
    ("entered-in-error", 0),
])  # fmt: skip
def test_the_status_says_whether_there_is_a_result(lab, gaps, came, counts):
    one = observation("NPU27300", "2025-03-01", 48.0) | {"status": came}
    assert len(lab(one)) == counts
    assert gaps(sent(one)) == {}


def test_what_was_not_measured_is_no_result(lab):
    assert lab(observation("NPU27300", "2025-03-01", dataAbsentReason={"text": "clotted"})) == []


@pytest.mark.parametrize("name, value", [
    ("effectiveInstant", "2025-03-01T08:00:00Z"), ("effectivePeriod", {"start": "2025-03-01"}),
    ("issued", "2025-03-01"),
])  # fmt: skip
def test_a_result_is_of_the_day_of_its_sample_or_of_its_issue(lab, name, value):
    one = observation("NPU27300", "2025-03-01", 48.0)
    del one["effectiveDateTime"]
    assert lab({**one, name: value})[0][0] == -9
