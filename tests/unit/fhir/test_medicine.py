"""A chart's medicine: what counts as redeemed, and how often."""

import pytest

from tests.unit.fhir.writer import ATC, SUBJECT, bundle, concept, condition, prefetch, statement

SOUND = [condition("DI109", "2010-01-01")]


def sent(*medications, requests=()):
    return prefetch(conditions=SOUND, medications=medications) | {"medicationRequests": bundle(*requests)}


def request(code, on, *, came="completed", intent="order", **more):
    told = {"resourceType": "MedicationRequest", "status": came, "intent": intent, "subject": SUBJECT}
    return {**told, "medicationCodeableConcept": concept(ATC, code), "authoredOn": on, **more}


@pytest.fixture
def drugs(events):
    return lambda *medications, **more: events(sent(*medications, **more), "drug", "code")


def period(start, end=None):
    return {"effectivePeriod": {"start": start} | ({"end": end} if end else {})}


def test_a_statement_is_one_redemption_on_its_day_with_an_unknown_amount(drugs, read):
    assert drugs(statement("A10BA02", "2025-03-01"), statement("A10BA02", "2025-02-28")) == [
        (-10, "A10BA02"), (-9, "A10BA02"),
    ]  # fmt: skip
    rows = read(sent(statement("A10BA02", "2025-03-01"))).records
    assert rows.events["drug"]["ddd"].tolist() != rows.events["drug"]["ddd"].tolist(), "not told"
    assert rows.measurable["drug_amounts"] is False


@pytest.mark.parametrize("came, counts", [
    ("active", True), ("completed", True), ("stopped", True), ("on-hold", True), ("intended", False),
    ("not-taken", False), ("entered-in-error", False),
])  # fmt: skip
def test_the_status_of_a_statement_says_whether_it_was_taken(drugs, came, counts):
    assert bool(drugs(statement("A10BA02", "2025-03-01", taken=came))) is counts


@pytest.mark.parametrize("more, counts", [
    ({}, True), ({"came": "active"}, True), ({"came": "cancelled"}, False), ({"came": "draft"}, False),
    ({"came": "entered-in-error"}, False), ({"intent": "plan"}, False), ({"intent": "proposal"}, False),
    ({"intent": None}, False), ({"doNotPerform": True}, False), ({"doNotPerform": False}, True),
])  # fmt: skip
def test_a_prescription_counts_where_it_is_an_order(drugs, more, counts):
    assert bool(drugs(requests=[request("A10BA02", "2025-03-01", **more)])) is counts


@pytest.mark.parametrize("came", ["unknown", None, "ACTIVE", 5, ["active"]])
def test_a_status_that_is_not_known_is_told(gaps, came):
    assert gaps(sent(statement("A10BA02", "2025-03-01", taken=came))) == {"unknown_status": 1}


@pytest.mark.parametrize(
    "more, days",
    [
        (period("2024-12-10", "2024-12-20"), [-90]),
        (period("2024-06-01", "2025-01-01"), [-282, -182, -82]),
        ({**period("2024-06-01"), "status": "active"}, [-282, -182, -82]),
        ({**period("2024-06-01"), "status": "stopped"}, [-282]),  # when it was stopped is not told
        ({**period("2024-06-01", "2030-01-01"), "status": "active"}, [-282, -182, -82]),
        ({**period("2024-06-01", "2024-01-01")}, [-282]),
        ({"effectiveDateTime": "2024-06-01", "status": "active"}, [-282, -182, -82]),
        ({"dateAsserted": "2025-03-01", "status": "active"}, [-9]),
        ({"dateAsserted": "2025-03-01", "status": "stopped"}, []),  # that is the day it was asked about
    ],
)
def test_what_is_taken_over_a_time_is_redeemed_every_hundred_days(drugs, more, days):
    assert [day for day, _ in drugs(statement("C10AA01", **more))] == days


def test_who_takes_it_now_has_redeemed_it_within_the_time_that_is_called_in_use(drugs):
    for start in ("2015-01-01", "2024-11-30", "2024-12-01", "2025-03-09"):
        days = [day for day, _ in drugs(statement("C10AA01", **period(start), taken="active"))]
        assert max(days) >= -101


def test_spans_that_overlap_are_one_and_repeated_medicine_is_told(drugs, gaps):
    parts = [statement("C10AA01", **period("2024-06-01", "2024-12-01")),
             statement("C10AA01", **period("2024-08-01"), taken="active")]  # fmt: skip
    assert [day for day, _ in drugs(*parts)] == [-282, -182, -82]
    assert gaps(sent(*parts)) == {"spread": 1}


def test_a_statement_and_a_prescription_of_one_code_on_one_day_are_one_and_two_packets_are_two(drugs):
    one, other = statement("A10BA02", "2025-03-01"), request("A10BA02", "2025-03-01")
    assert len(drugs(one, requests=[other])) == 1
    assert len(drugs(one, one, requests=[other])) == 2


@pytest.mark.parametrize("code", ["A10BA02", "a10ba02", "N05A", "C", "C09"])
def test_atc_codes_of_any_level_are_read(drugs, code):
    assert drugs(statement(code, "2025-03-01")) == [(-9, code.upper())]


@pytest.mark.parametrize("code", ["A10BA0", "1234", "", "metformin", "A" * 1000])
def test_what_is_no_atc_code_is_counted_and_told(drugs, gaps, code):
    known = [statement("A10BA02", "2025-03-01")] * 2
    assert len(drugs(*known, statement(code, "2025-03-01"))) == 2
    assert gaps(sent(*known, statement(code, "2025-03-01"))) == {"unknown_medicine": 1}


def test_where_most_medicine_has_no_code_groups_by_code_are_unknown_and_not_none(read):
    known, unknown = statement("A10BA02", "2025-03-01"), statement("x", "2025-03-01")
    assert read(sent(known, unknown)).records.measurable["drug_codes"]
    told = read(sent(known, unknown, unknown)).records.measurable
    assert not told["drug_codes"]
    assert "pain" in told["not_measurable"], "painful conditions are told by medicine alone"


# --- medicine that is referred to ------------------------------------------------------------------------------------


def referring(reference, **more):
    one = statement("x", "2025-03-01", medicationReference={"reference": reference}, **more)
    del one["medicationCodeableConcept"]
    return one


MEDICATION = {"resourceType": "Medication", "id": "m1", "code": concept(ATC, "A10BA02")}


@pytest.mark.parametrize(
    "one, beside",
    [
        (referring("Medication/m1"), [MEDICATION]),
        (referring("#m1", contained=[MEDICATION]), []),
    ],
)
def test_a_medication_may_stand_beside_or_within(drugs, one, beside):
    assert drugs(one, *beside) == [(-9, "A10BA02")]


def test_a_medication_may_be_known_by_the_url_of_its_entry(events):
    url = "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"
    chart = sent(referring(url))
    chart["medicationStatements"]["entry"].append(
        {"fullUrl": url, "resource": MEDICATION, "search": {"mode": "include"}}
    )
    assert events(chart, "drug", "code") == [(-9, "A10BA02")]


@pytest.mark.parametrize("reference", [
    "Medication/m2", "#m2", "m1", "Patient/p1", "MedicationStatement/s1", "", None, 5, "#", "Medication/" + "x" * 500,
])  # fmt: skip
def test_a_reference_to_nothing_or_to_something_else_or_to_itself_is_counted_and_followed_no_further(gaps, reference):
    circle = {"resourceType": "Medication", "id": "m2", "medicationReference": {"reference": "Medication/m2"}}
    one = referring(reference, id="s1", contained=[{"id": "m3"}, None, "x"])
    assert gaps(sent(one, circle, MEDICATION)) == {"unknown_medicine": 1}
