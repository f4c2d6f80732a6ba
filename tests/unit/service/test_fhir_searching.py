"""What a search asks for: one person, rows of the log, targets; whatever is not known is refused and not repeated."""

from datetime import date
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.fhir.searching import MOST_FIELDS, PATIENT, SearchError, fields, log_search_of, measures_of, person_of

WHO = "urn:oid:1.2.208.176.1.2|010101-0000"
MARK = "MARK0101010000"


def read(*pairs):
    return fields(urlencode(pairs).encode())


def refused(ask, *pairs, **kwargs):
    with pytest.raises(SearchError) as error:
        ask(read(*pairs), **kwargs)
    assert MARK not in " ".join(error.value.reasons)
    assert error.value.status == 400
    return error.value.reasons


@pytest.mark.parametrize("name", PATIENT)
def test_one_person_is_named_in_any_of_four_ways(name):
    told = person_of(read((name, WHO)))
    assert (told.system, told.identifier) == ("urn:oid:1.2.208.176.1.2", "0101010000")


def test_what_a_form_escapes_is_read_as_it_was_meant():
    told = person_of(fields(b"subject%3Aidentifier=urn%3Ax%7Ca%2Bb%26&_format=json"))
    assert (told.system, told.value) == ("urn:x", "a+b&")


NO_PERSON = {
    "nobody": [],
    "no system": [("subject:identifier", MARK)],
    "an empty system": [("subject:identifier", f"|{MARK}")],
    "an empty value": [("subject:identifier", "urn:x|")],
    "two in one": [("subject:identifier", f"urn:x|{MARK},urn:x|{MARK}")],
    "a bar too many": [("subject:identifier", f"urn:x|{MARK}|1")],
    "a blank": [("subject:identifier", f"urn:x|{MARK} 1")],
    "a control character": [("subject:identifier", f"urn:x|{MARK}\x00")],
    "too long": [("subject:identifier", f"urn:x|{MARK * 9}")],
    "twice": [("subject:identifier", f"urn:x|{MARK}"), ("subject:identifier", f"urn:x|{MARK}2")],
    "in two ways": [("subject:identifier", f"urn:x|{MARK}"), ("patient.identifier", f"urn:x|{MARK}")],
    "by reference": [("subject", f"Patient/{MARK}")],
    "something unknown": [("subject:identifier", f"urn:x|{MARK}"), (MARK, MARK)],
    "a filter that would be passed over": [("subject:identifier", f"urn:x|{MARK}"), ("date", "ge2026")],
    "XML": [("subject:identifier", f"urn:x|{MARK}"), ("_format", "xml")],
    "another inclusion": [("subject:identifier", f"urn:x|{MARK}"), ("_revinclude", MARK)],
}


@pytest.mark.parametrize("name", NO_PERSON)
def test_what_does_not_name_one_person_is_refused_without_repeating_it(name):
    assert refused(person_of, *NO_PERSON[name], revinclude=True)


def test_provenance_may_be_asked_for_where_it_is_given_and_nowhere_else():
    asked = (("patient.identifier", "urn:x|1"), ("_revinclude", "Provenance:target"))
    assert person_of(read(*asked), revinclude=True).value == "1"
    assert "only these parameters" in refused(person_of, *asked)[0]


@pytest.mark.parametrize("content", [b"\xff=1", b"a", b"a=%ff", b"&".join([b"a=1"] * (MOST_FIELDS + 1)), b"=&="])
def test_what_is_no_form_is_refused(content):
    with pytest.raises(SearchError):
        person_of(fields(content))


@given(st.binary(max_size=200))
def test_no_body_is_read_as_anything_but_a_form_or_refused(content):
    try:
        told = fields(content)
    except SearchError:
        return
    assert all(isinstance(value, str) for values in told.values() for value in values)


# --- the audit log ---------------------------------------------------------------------------------------------------


def test_rows_are_asked_for_by_person_user_day_what_and_outcome():
    told = log_search_of(
        read(("patient:identifier", WHO), ("altid", "dr"), ("date", "ge2026-11-01"), ("date", "le2026-11-30"),
             ("subtype", "lookup,urn:stratify:audit-action|hook"), ("outcome", "4,8"), ("_count", "7"), ("after", "12"))
    )  # fmt: skip
    assert told.patient.identifier == "0101010000"
    criteria = told.about("ab")
    assert (criteria.pseudonym, criteria.user, criteria.most, criteria.after) == ("ab", "dr", 7, 12)
    assert (criteria.since, criteria.until) == (date(2026, 11, 1), date(2026, 11, 30))
    assert (criteria.actions, criteria.outcomes) == (["lookup", "hook"], ["denied", "failed"])


def test_without_criteria_it_is_everything_a_page_at_a_time():
    told = log_search_of(read(("_count", "100")))
    assert (told.patient, told.criteria.most, told.criteria.after) == (None, 100, 0)
    assert "at least one" in refused(log_search_of)[0]


@pytest.mark.parametrize("value", ["2026-11-01", "eq2026-11-01"])
def test_a_day_by_itself_is_that_day(value):
    criteria = log_search_of(read(("date", value))).criteria
    assert criteria.since == criteria.until == date(2026, 11, 1)


@pytest.mark.parametrize(
    "pairs",
    [
        [("date", MARK)], [("date", "2026-02-30")], [("date", "gt2026-11-01")], [("date", "2026")],
        [("date", "ge2026-11-01"), ("date", "ge2026-11-02")], [("date", "2026-11-01"), ("date", "le2026-11-02")],
        [("date", "ge2026-11-01")] * 3, [("_count", "0")], [("_count", "501")], [("_count", MARK)], [("_count", "١")],
        [("after", "-1")], [("after", "9" * 17)], [("outcome", "12")], [("outcome", MARK)], [("subtype", MARK)],
        [("altid", "")], [("altid", "a\nb")], [("altid", "x" * 201)], [("subject:identifier", WHO)], [("user", "dr")],
        [("_count", "007")], [("altid", "дr")],
    ],
)  # fmt: skip
def test_criteria_that_are_none_are_refused(pairs):
    assert refused(log_search_of, *pairs)


# --- targets ---------------------------------------------------------------------------------------------------------


def test_targets_are_asked_for_by_measure_and_period():
    assert measures_of(read(("measure", "a"), ("period", "eq2024"))) == ("a", "2024")
    assert measures_of(read()) == (None, None)
    assert refused(measures_of, ("measure", "a"), ("measure", "b"))
    assert refused(measures_of, ("subject", MARK))
    assert refused(measures_of, ("measure", ""))
