"""A chart's encounters: contacts and the stays they chain into, open ones, and what they do not say."""

import pytest

from tests.unit.fhir.writer import ACT, concept, condition, encounter, prefetch

SOUND = [condition("DI109", "2010-01-01")]
FROM = "http://terminology.hl7.org/CodeSystem/admit-source"
STAY = ("end_day", "acute", "care", "admission")


def sent(*encounters, conditions=SOUND):
    return prefetch(conditions=conditions, encounters=encounters)


@pytest.fixture
def stays(events):
    return lambda *encounters: events(sent(*encounters), "stay", *STAY)


@pytest.fixture
def settings(events):
    return lambda *encounters: [setting for _, setting in events(sent(*encounters), "contact", "setting")]


# --- stays -----------------------------------------------------------------------------------------------------------


def test_an_admission_is_a_stay_with_its_end_known_at_once(stays, events):
    one = encounter("IMP", "2025-03-01T10:00:00+01:00", "2025-03-04T09:00:00+01:00", acute=True, care="psychiatric")
    assert stays(one) == [(-9, -6, True, "psychiatric", True)]
    (row,) = events(sent(one), "stay", "end_known", "hours")
    assert row == (-9, -6, 71.0)


@pytest.mark.parametrize(
    "more, expected",
    [
        ({"came": "in-progress"}, (-2, None, True, "somatic", True)),
        ({"came": "onleave"}, (-2, None, True, "somatic", True)),
        ({"came": "in-progress", "end": "2025-03-20T10:00:00Z"}, (-2, None, True, "somatic", True)),  # planned
        ({"end": "2025-03-20T10:00:00Z"}, (-2, None, True, "somatic", True)),
        ({"end": "2025-03-10T09:00:00Z"}, (-2, -1, True, "somatic", True)),  # today: as of yesterday
        ({"end": "2025-03-07"}, (-2, -2, True, "somatic", True)),  # ends before it starts
    ],
)
def test_what_goes_on_has_no_end_and_what_ended_today_has(stays, more, expected):
    assert stays(encounter("IMP", "2025-03-08T08:00:00Z", **{"acute": True, **more}))[0][:4] == expected[:4]


def test_who_came_in_today_is_there(stays):
    assert stays(encounter("EMER", "2025-03-10T07:00:00Z", came="in-progress")) == [(-1, None, True, "somatic", True)]


def test_an_encounter_that_nobody_closed_for_a_year_is_no_admission_of_today(events):
    one = encounter("EMER", "2023-01-01T08:00:00Z", came="in-progress")
    ((day, end, hours, admission),) = events(sent(one), "stay", "end_day", "hours", "admission")
    assert (end, hours != hours, bool(admission)) == (None, True, False)
    assert day == -799


def test_a_transfer_within_four_hours_is_one_stay_and_mind_and_body_are_two(stays):
    first = encounter("EMER", "2025-03-01T10:00:00Z", "2025-03-01T20:00:00Z", acute=True)
    second = encounter("IMP", "2025-03-01T23:00:00Z", "2025-03-03T10:00:00Z", acute=False)
    later = encounter("IMP", "2025-03-03T15:00:00Z", "2025-03-04T15:00:00Z", acute=False)
    mind = encounter("IMP", "2025-03-03T11:00:00Z", "2025-03-05T10:00:00Z", acute=False, care="psychiatric")
    assert stays(first, second) == [(-9, -7, True, "somatic", True)]
    assert stays(second, later) == [(-8, -7, False, "somatic", True), (-7, -6, False, "somatic", True)]
    assert len(stays(second, mind)) == 2


@pytest.mark.parametrize("hours, admission", [(11, False), (12, True)])
def test_twelve_hours_make_an_admission_whatever_the_class(stays, hours, admission):
    for kind in ("IMP", "EMER", "OBSENC", "SS", "ACUTE"):
        one = encounter(kind, "2025-03-01T06:00:00Z", f"2025-03-01T{6 + hours}:00:00Z", acute=True)
        assert [bool(row[-1]) for row in stays(one)] == [admission]


def test_without_hours_an_inpatient_is_admitted_and_joins_what_starts_the_day_it_ends(stays):
    one, other = encounter("IMP", "2025-03-01", "2025-03-02"), encounter("IMP", "2025-03-02", "2025-03-05")
    assert stays(one, other) == [(-9, -5, None, "somatic", True)]
    assert stays(encounter("IMP", "2025-03-01", "2025-03-01")) == [(-9, -9, None, "somatic", True)]


def test_what_the_stay_began_with_is_the_first_diagnosis_of_the_encounter(events):
    known = [condition("DJ441", "2025-03-01", id="c1"), condition("DI500", "2025-03-01", id="c2")]
    named = [
        {"condition": {"reference": "Condition/c2"}, "rank": 2},
        {"condition": {"reference": "Condition/c1"}, "rank": 1},
    ]
    one = encounter("IMP", "2025-03-01T08:00:00Z", "2025-03-03T08:00:00Z", diagnosis=named)
    assert events(sent(one, conditions=known), "stay", "first_code") == [(-9, "J441")]
    odd = [None, "x", {}, {"condition": {"reference": "Condition/c9"}, "rank": "first"}]
    assert events(sent({**one, "diagnosis": odd}, conditions=known), "stay", "first_code") == [(-9, None)]


def test_childbirth_is_no_admission(stays, events):
    known = [condition("DO800", "2025-03-01", id="c1")]
    one = encounter("IMP", "2025-03-01", "2025-03-04", diagnosis=[{"condition": {"reference": "Condition/c1"}}])
    assert events(sent(one, conditions=known), "stay") == []
    assert len(events(sent(one, conditions=known), "contact")) == 1


# --- contacts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind, setting, stay",
    [("IMP", "inpatient", 1), ("EMER", "inpatient", 1), ("AMB", "outpatient", 0), ("VR", "virtual", 0),
     ("HH", "home", 0), ("FLD", "other", 0), ("OBSENC", "inpatient", 1)],
)  # fmt: skip
def test_a_class_of_encounter_is_a_setting_and_an_outpatient_course_of_months_no_stay(
    settings, stays, kind, setting, stay
):
    one = encounter(kind, "2025-01-01T10:00:00Z", "2025-03-01T10:00:00Z")
    assert settings(one) == [setting]
    assert len(stays(one)) == stay


def test_a_short_acute_contact_is_an_emergency(settings):
    assert settings(encounter("EMER", "2025-03-01T10:00:00Z", "2025-03-01T14:00:00Z")) == ["emergency"]


@pytest.mark.parametrize("came", ["planned", "cancelled", "entered-in-error"])
def test_what_did_not_take_place_is_no_contact(settings, gaps, came):
    one = encounter("AMB", "2025-03-01", came=came)
    assert settings(one) == []
    assert gaps(sent(one)) == {}


@pytest.mark.parametrize(
    "more, kind",
    [
        ({"came": "unknown"}, "unknown_status"),
        ({"came": None}, "unknown_status"),
        ({"class": {"system": ACT, "code": "PRENC"}}, "unknown_encounters"),
        ({"class": {"system": "urn:x", "code": "IMP"}}, "unknown_encounters"),
        ({"class": {"code": "IMP"}}, "unknown_encounters"),
        ({"class": None}, "unknown_encounters"),
        ({"period": None}, "undated"),
        ({"period": {"end": "2025-03-01"}}, "undated"),
        ({"period": {"start": "2025-05-01"}}, "future"),
    ],
)
def test_what_cannot_be_read_is_no_contact_and_is_told(settings, gaps, more, kind):
    one = encounter("IMP", "2025-03-01", "2025-03-02", acute=True, **({"came": more["came"]} if "came" in more else {}))
    one |= {name: value for name, value in more.items() if name != "came"}
    assert settings(one) == []
    assert gaps(sent(one)) == {kind: 1}


def test_a_finished_encounter_without_an_end_has_no_length(events, gaps):
    one = encounter("EMER", "2025-03-01T10:00:00Z", acute=True)
    assert events(sent(one), "contact", "end_day", "setting") == [(-9, -9, "emergency")]
    assert gaps(sent(one)) == {"no_end": 1}


# --- acute, care -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind, more, acute",
    [
        ("IMP", {"acute": True}, True),
        ("IMP", {"acute": False}, False),
        ("ACUTE", {"acute": False}, False),  # the priority goes before the class
        ("ACUTE", {}, True),
        ("NONAC", {}, False),
        ("IMP", {"hospitalization": {"admitSource": concept(FROM, "emd")}}, True),
        ("IMP", {"hospitalization": {"admitSource": concept(FROM, "outp")}}, None),
        ("IMP", {"priority": concept("urn:x", "EM")}, None),
        ("IMP", {}, None),
    ],
)  # fmt: skip
def test_acute_is_what_the_priority_says_then_where_one_came_from_then_the_class(stays, read, kind, more, acute):
    one = encounter(kind, "2025-03-01", "2025-03-03", **more)
    assert stays(one)[0][2] is acute
    assert read(sent(one)).records.measurable["stay_acute"] is (acute is not None)


@pytest.mark.parametrize(
    "service, care",
    [
        (concept("http://snomed.info/sct", "394587001"), "psychiatric"),
        (concept("urn:oid:2.16.840.1.113883.6.96", "394588006"), "psychiatric"),
        (concept("http://terminology.hl7.org/CodeSystem/service-type", "138"), "psychiatric"),
        (concept("http://snomed.info/sct", "394579002"), "somatic"),
        (concept("urn:x", "394587001"), None),
        ({"text": "psykiatri"}, None),
        (None, None),
    ],
)
def test_care_is_what_the_speciality_says_and_else_unknown(stays, read, gaps, service, care):
    one = {**encounter("IMP", "2025-03-01", "2025-03-03", acute=True), "serviceType": service}
    assert stays(one)[0][3] == (care or "somatic"), "as of a source that does not tell the two apart"
    told = read(sent(one)).records.measurable
    assert (told["stay_care"], told["contact_care"]) == (care is not None,) * 2
    assert gaps(sent(one)) == ({} if care else {"care_untold": 1})


def test_an_outpatient_visit_that_does_not_say_leaves_what_stays_say(read):
    visit, stay = encounter("AMB", "2025-02-01", care=None), encounter("IMP", "2025-03-01", "2025-03-03", acute=True)
    told = read(sent(visit, stay)).records.measurable
    assert (told["stay_care"], told["contact_care"], told["stay_acute"], told["contact_acute"]) == (
        True,
        False,
        True,
        True,
    )


# --- parts of encounters ---------------------------------------------------------------------------------------------


def part(name, of, start="2025-03-01T10:00:00Z"):
    more = {} if of is None else {"partOf": {"reference": of}}
    return encounter("IMP", start, "2025-03-03T10:00:00Z", acute=True, id=name, **more)


@pytest.mark.parametrize(
    "parts, contacts",
    [
        ([part("a", None), part("b", "Encounter/a"), part("c", "Encounter/b")], 1),
        ([part("a", None), part("b", "https://ehr.example/fhir/Encounter/a")], 1),
        ([part("b", "Encounter/elsewhere")], 1),
        ([part("a", "Encounter/b"), part("b", "Encounter/a")], 2),  # a circle: none is within the other
        ([part("a", "Encounter/a")], 1),
        ([part("a", "Encounter/b"), part("b", "Encounter/a"), part("c", "Encounter/a")], 3),
        ([part("a", None), part("b", 5), part("c", ["Encounter/a"])], 3),
    ],
)
def test_an_encounter_within_another_is_not_counted_beside_it(settings, parts, contacts):
    assert len(settings(*parts)) == contacts


def test_no_encounters_are_no_contacts_and_no_stays(events):
    assert events(sent(), "contact") == events(sent(), "stay") == []
