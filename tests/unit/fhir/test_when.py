"""When something in a chart happened: whole dates, parts of them, moments, and what lies ahead."""

from datetime import date

import pytest

from stratify.fhir.tally import Tally
from stratify.fhir.when import Clock, first_of, read_when
from stratify.registers.clock import day_number

TODAY = date(2025, 3, 10)


@pytest.fixture
def clock():
    return Clock(TODAY, Tally())


def day(clock, text):
    found = clock.day(read_when(text))
    return None if found is None else found - clock.landmark


@pytest.mark.parametrize(
    "text, ago",
    [
        ("2025-03-09", -1),
        ("2025-03-08", -2),
        ("2025-03-10", -1),  # what is dated today has happened: as of yesterday
        ("2025-03-10T23:59:59+01:00", -1),
        ("2025-03-08T23:30:00Z", -1),  # half past midnight in Denmark
        ("2025-03-08T23:30:00+01:00", -2),
        ("2025-03-09T00:10:00+05:00", -2),  # the evening before in Denmark
        ("2024-07-08T22:30:00Z", -244),  # in summer Denmark is two hours ahead
        ("2025-03-08T10:00:00.123456789Z", -2),
        ("2025-02", -24),  # the middle of February
        ("2024", -252),
        ("2025", -34),  # the middle of what has been of the year
    ],
)
def test_a_date_is_a_day_before_the_landmark(clock, text, ago):
    assert day(clock, text) == ago


def test_parts_of_dates_are_counted_and_whole_ones_are_not(clock):
    for text in ("2024", "2025-02", "2025-03-09", "2025-03-08T10:00:00Z"):
        assert day(clock, text) is not None
    assert clock.tally.counts["partly_dated"] == 2


@pytest.mark.parametrize("text", ["2025-03-11", "2025-04", "2026", "2025-03-11T08:00:00+01:00"])
def test_what_lies_ahead_is_not_seen_and_is_counted(clock, text):
    assert day(clock, text) is None
    assert clock.tally.counts["future"] == 1


@pytest.mark.parametrize(
    "text",
    ["", "x", "2025-13", "2025-02-30", "0000", "1066-10-14", "9999-01-01", "2025-3-1", "20250301", "2025-03-01 10:00",
     "T10:00", "2025-W10", "²025", "2025-03-01T" + "1" * 100, None, 5, 2025, ["2025"], {"a": 1}, True],
)  # fmt: skip
def test_what_is_no_date_is_none_and_is_counted(clock, text):
    assert read_when(text) is None
    assert clock.day(read_when(text)) is None
    assert clock.tally.counts["undated"] == 1


def test_the_first_element_that_tells_a_date_is_taken():
    resource = {"onsetPeriod": {"start": "2020-01-01"}, "recordedDate": "2021-01-01", "onsetDateTime": None}
    assert first_of(resource, "onsetDateTime", "onsetPeriod.start", "recordedDate").first == date(2020, 1, 1)
    assert first_of({"onsetPeriod": ["2020"]}, "onsetPeriod.start", "period.start.x") is None


def test_days_are_those_of_the_registers_clock(clock):
    assert clock.landmark == day_number(TODAY)
