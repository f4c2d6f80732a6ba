"""The calendar of a year: season bends time, and bends it back."""

from datetime import date

import numpy as np
import pytest

from pipelines.synthesis.calendar import DAY, Year, day_number

FLAT = Year(2019, (1.0,) * 12)
SEASON = Year(2020, (1.3, 1.2, 0.9, 0.6, 0.9, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.1))


@pytest.mark.parametrize("year, length", [(2019, 365), (2020, 366)])
def test_a_year_has_its_days(year, length):
    found = Year(year, (1.0,) * 12)
    assert (found.first, found.length) == (day_number(date(year, 1, 1)), length)


@pytest.mark.parametrize("year", [FLAT, SEASON])
def test_time_runs_from_the_first_to_the_last_minute(year):
    minutes = year.minute(np.array([0.0, 1 - 1e-12]))
    assert minutes[0] == year.first * DAY
    assert minutes[1] == (year.first + year.length) * DAY - 1


@pytest.mark.parametrize("year", [FLAT, SEASON])
def test_there_and_back(year):
    time = np.linspace(0.001, 0.999, 500)
    np.testing.assert_allclose(year.time(year.minute(time)), time, atol=1e-5)


def test_months_get_their_share():
    time = np.linspace(0, 1, 200_001)[:-1]
    month = (np.datetime64(0, "m") + SEASON.minute(time)).astype("datetime64[M]").astype(int) % 12
    share = np.bincount(month) / len(time)
    days = np.array([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    wanted = days * np.array(SEASON.months)
    np.testing.assert_allclose(share, wanted / wanted.sum(), atol=1e-4)


def test_before_and_after_the_year_no_time_passes():
    assert FLAT.time(np.array([FLAT.first * DAY - 10, (FLAT.first + FLAT.length) * DAY + 10])).tolist() == [0.0, 1.0]
