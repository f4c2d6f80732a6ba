"""A chart's conditions: which codings are read, which are events, and on which day."""

import pytest

from stratify.fhir.refusal import ChartRefusedError
from tests.unit.fhir.writer import SKS, concept, condition, prefetch, status

ICD, WHOLE_SKS = "http://hl7.org/fhir/sid/icd-10", "urn:oid:1.2.208.176.2.4"
SCT, ICPC = "http://snomed.info/sct", "urn:oid:1.2.208.176.2.31"
SOUND = [condition("DI109", "2010-01-01") for _ in range(6)]


@pytest.fixture
def codes(events):
    """The (day, code) of the diagnoses that some conditions make, beside sound ones."""
    return lambda *conditions: [
        row for row in events(prefetch(conditions=[*SOUND, *conditions]), "diagnosis", "code") if row[1] != "I109"
    ]


@pytest.mark.parametrize(
    "system, code, who",
    [
        (SKS, "DE119", "E119"),
        (SKS, "de11.9", "E119"),
        (SKS, "DS721+TUL1", "S721"),
        (SKS, "DD500", "D500"),
        (WHOLE_SKS, "DJ44", "J44"),
        (ICD, "E11.9", "E119"),
        (ICD, "D500", "D500"),
        (ICD, "I48", "I48"),
    ],
)
def test_a_diagnosis_is_read_by_its_system(codes, system, code, who):
    assert codes(condition(code, "2025-03-01", system=system)) == [(-9, who)]


@pytest.mark.parametrize(
    "system, code",
    [
        (SCT, "44054006"),
        (ICPC, "T90"),
        (SKS, "E119"),  # no D before it: not of the D hierarchy
        (WHOLE_SKS, "ALCA00"),  # a code of SKS that is no diagnosis
        (WHOLE_SKS, "AAF22"),
        (ICD, "250.00"),
        (ICD, ""),
        ("http://hl7.org/fhir/sid/icd-10-cm", "E11.9"),
        (SKS + " ", "DE119"),
        (SKS, "DE1" + "1" * 200),
    ],
)
def test_a_coding_that_is_not_ours_is_counted_and_told(codes, gaps, system, code):
    one = condition(code, "2025-03-01", system=system)
    assert codes(one) == []
    assert gaps(prefetch(conditions=[*SOUND, one])) == {"unknown_conditions": 1}


def test_of_several_codings_one_that_we_know_is_enough(codes, gaps):
    one = condition("x", "2025-03-01")
    one["code"] = {"coding": [{"system": SCT, "code": "1"}, {"code": "DE119"}, {"system": ICD, "code": "E11.9"}, None]}
    assert codes(one) == [(-9, "E119")]
    assert gaps(prefetch(conditions=[*SOUND, one])) == {}
    one["code"]["coding"].append({"system": SKS, "code": "DE110"})
    assert codes(one) == [(-9, "E110")], "the Danish one goes first, and says it once"


@pytest.mark.parametrize("verified, kind", [
    ("confirmed", None), ("refuted", "gone"), ("entered-in-error", "gone"),
    ("unconfirmed", "unconfirmed"), ("provisional", "unconfirmed"), ("differential", "unconfirmed"),
])  # fmt: skip
def test_what_is_refuted_or_a_mistake_is_no_event_and_what_is_not_confirmed_is_told(codes, gaps, verified, kind):
    one = condition("DE119", "2025-03-01", verificationStatus=status(verified))
    assert codes(one) == ([] if kind else [(-9, "E119")])
    assert gaps(prefetch(conditions=[*SOUND, one])) == ({kind: 1} if kind == "unconfirmed" else {})


def test_a_condition_began_when_it_says_else_when_it_was_recorded(codes, gaps):
    both = condition("DE119", "2024-03-10", recordedDate="2025-01-01")
    assert codes(both, condition("DJ449", recordedDate="2025-03-01")) == [(-365, "E119"), (-9, "J449")]
    period = condition("DE119", onsetPeriod={"start": "2025-03-01T08:00:00+01:00"})
    assert codes(period) == [(-9, "E119")]
    assert codes(condition("DE119", onsetString="long ago")) == []
    assert gaps(prefetch(conditions=[*SOUND, condition("DE119")])) == {"undated": 1}


LISTED = {"category": [status("problem-list-item")]}


@pytest.mark.parametrize(
    "more, holds",
    [
        ({**LISTED, "clinicalStatus": status("active")}, True),
        ({**LISTED, "clinicalStatus": status("recurrence")}, True),
        ({**LISTED, "clinicalStatus": status("resolved")}, False),
        ({**LISTED, "clinicalStatus": status("inactive")}, False),
        (LISTED, False),
        ({"category": [status("encounter-diagnosis")], "clinicalStatus": status("active")}, False),
    ],
)
def test_an_active_item_of_the_problem_list_holds_today_however_old_it_is(read, events, more, holds):
    """Asthma is looked back for ten years."""
    sent = prefetch(conditions=[condition("DJ459", "2001-05-01", **more)])
    days = [day for day, code in events(sent, "condition", "code") if code == "asthma"]
    assert (max(days) == -1) is holds
    assert [day for day, _ in events(sent, "diagnosis", "code")] != [-1], "the diagnosis is of the day it began"


def test_an_active_item_without_a_date_holds_today(events):
    sent = prefetch(conditions=[condition("DJ459", **LISTED, clinicalStatus=status("active"))])
    assert (-1, "asthma") in events(sent, "condition", "code")


def test_one_code_makes_conditions_index_groups_and_what_definitions_ask_for(events):
    """K70.3 is alcohol and liver disease: neither stands alone; K74.6 is liver disease alone."""
    sent = prefetch(conditions=[condition("DK703", "2025-03-01"), condition("DK746", "2025-03-02")])
    found = events(sent, "condition", "code")
    assert {"alcohol", "liver"} <= {code for day, code in found if day == -9}
    assert "alone.liver" not in {code for day, code in found if day == -9}
    assert "alone.liver" in {code for day, code in found if day == -8}
    assert "charlson.mld" in {code for day, code in found}
    assert len(found) == len(set(found))


def test_where_most_diagnoses_are_of_unknown_systems_nothing_can_be_said(read):
    known, unknown = condition("DE119", "2020-01-01"), condition("44054006", "2020-01-01", system=SCT)
    read(prefetch(conditions=[known, unknown]))
    with pytest.raises(ChartRefusedError) as error:
        read(prefetch(conditions=[known, unknown, unknown]))
    assert (error.value.reason, error.value.status) == ("unread", 412)


def test_a_chart_without_any_condition_has_none(read):
    records = read(prefetch()).records
    assert len(records.events["condition"]["day"]) == 0
    assert "diabetes" in records.measurable["conditions"]


def test_codings_are_read_from_concepts_alone(codes):
    for code in (None, "DE119", [], {"coding": "DE119"}, {"coding": [["DE119"]]}, {"text": "diabetes"}):
        assert codes({**condition("DE119", "2025-03-01"), "code": code}) == []
    assert codes({**condition("DE119", "2025-03-01"), "code": concept(SKS, "DE119")}) == [(-9, "E119")]
