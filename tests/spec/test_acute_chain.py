"""What counts as a contact in the 7 days before an acute admission: to be read by clinicians.

Each case is one person whose acute admission begins on Wednesday 2024-03-20 at 10:00, and what else the registers have
of them; then what the admission is told to have had before. A line: when, and what. `gp week` is a service of general
practice by the Monday of the week it was claimed in, `nursing` a day of home nursing, `admission` another admission.
"""

from __future__ import annotations

import numpy as np
import pytest

from stratify.quality.need.chain import Before
from stratify.quality.need.records import Admissions
from stratify.registers.clock import day_number, read_date
from stratify.store.records import HeldSlice

CASES = {
    "nothing at all": ("", "nothing"),
    "a consultation the week before": ("2024-03-11 gp week", "gp, any, any_week"),
    "the week of the admission shares two days with the seven, the week before five: that one is read": (
        "2024-03-18 gp week",
        "any_week",
    ),
    "two weeks before is too early, whatever the day in it": ("2024-03-04 gp week", "nothing"),
    "a specialist is no general practice": ("2024-03-11 specialist week", "nothing"),
    "the clinic seven days before to the minute": ("2024-03-13 10:00 outpatient", "outpatient, any, any_week"),
    "a minute earlier is too early": ("2024-03-13 09:59 outpatient", "nothing"),
    "a home visit by the hospital and a video contact count, one that was missed does not": (
        "2024-03-15 12:00 home\n2024-03-16 12:00 missed",
        "outpatient, any, any_week",
    ),
    "a contact whose hour is not told counts from the day seven days before": (
        "2024-03-13 outpatient",
        "outpatient, any, any_week",
    ),
    "a contact without an hour on the day may be the admission itself": ("2024-03-20 outpatient", "nothing"),
    "the emergency room three days before": ("2024-03-17 22:00 emergency", "emergency, any, any_week"),
    "the emergency contact that the admission began with is the way in": ("2024-03-20 10:00 emergency", "by_emergency"),
    "home nursing the day before": ("2024-03-19 nursing", "home_nursing, any, any_week"),
    "home nursing on the day may have come after": ("2024-03-20 nursing", "nothing"),
    "home care is no nursing": ("2024-03-19 home care", "nothing"),
    "discharged three days before": ("2024-03-10 08:00 to 2024-03-17 12:00 admission", "admitted, any, any_week"),
    "discharged nine days before": ("2024-03-10 08:00 to 2024-03-11 12:00 admission", "nothing"),
    "the doctor out of hours an hour before": ("2024-03-20 09:00 out of hours", "out_of_hours, any, any_week"),
    "the ambulance that brought the person is the way in": ("2024-03-20 09:10 ambulance", "by_ambulance"),
    "an ambulance two days before was a contact": ("2024-03-18 09:10 ambulance", "ambulance, any, any_week"),
    "what comes after the admission began is nothing before it": (
        "2024-03-20 10:01 outpatient\n2024-03-25 gp week\n2024-03-21 nursing",
        "nothing",
    ),
}  # fmt: skip
ADMISSION = "2024-03-20 10:00"
COLUMNS = {
    "contact": ("person", "day", "start_min", "acute", "setting", "unit"),
    "stay": ("person", "day", "start_min", "end_min", "acute", "care", "admission", "unit_first", "first_code"),
    "service": ("person", "day", "code"),
    "municipal": ("person", "day", "code"),
    "out_of_hours": ("person", "day", "start_min"),
    "ambulance": ("person", "day", "start_min"),
}
INTS = ("person", "day", "start_min", "end_min")


class Held:
    """A store that holds what the lines say, domains named in `lacks` left out."""

    def __init__(self, lines: str, lacks: tuple[str, ...] = ()) -> None:
        rows: dict[str, list[dict]] = {name: [] for name in COLUMNS}
        for line in lines.splitlines():
            self._add(rows, *_read(line.strip()))
        start = minute(ADMISSION)
        rows["stay"].append(_stay(start, start + 3 * 24 * 60))
        self._slices = {
            name: HeldSlice(name, {column: _array(column, rows[name]) for column in COLUMNS[name]})
            for name in COLUMNS
            if name not in lacks
        }

    def has(self, domain: str) -> bool:
        return domain in self._slices

    def slice(self, domain: str, _bucket: int) -> HeldSlice:
        return self._slices[domain]

    def _add(self, rows, day, start, end, what) -> None:
        about = {"person": 1, "day": day, "start_min": start}
        services = {"gp week": "800101", "specialist week": "540101"}
        municipal = {"nursing": "home_nursing", "home care": "home_care"}
        if what in services:
            rows["service"].append(about | {"code": services[what]})
        elif what in municipal:
            rows["municipal"].append(about | {"code": municipal[what]})
        elif what == "admission":
            rows["stay"].insert(0, _stay(start, end))
        elif what in ("out of hours", "ambulance"):
            rows[what.replace(" ", "_")].append(about)
        else:
            rows["contact"].append(about | {"acute": False, "setting": what, "unit": "6620"})


def minute(text: str) -> int:
    day, hour = text.split(" ")
    hours, minutes = hour.split(":")
    return day_number(read_date(day, "day")) * 24 * 60 + int(hours) * 60 + int(minutes)


def _read(line: str) -> tuple[int, float, float, str]:
    """A line's day, minutes of start and end, NaN where no hour is told, and what it is."""
    end = float("nan")
    if " to " in line:
        first, rest = line.split(" to ")
        day, hour, what = rest.split(" ", 2)
        end, line = minute(f"{day} {hour}"), f"{first} {what}"
    day, rest = line.split(" ", 1)
    start = float("nan")
    if rest[:2].isdigit():
        hour, rest = rest.split(" ", 1)
        start = minute(f"{day} {hour}")
    return day_number(read_date(day, "day")), start, end, rest


def _stay(start: float, end: float) -> dict:
    told = {"acute": True, "care": "somatic", "admission": True, "unit_first": "6620", "first_code": "J189"}
    return {"person": 1, "day": int(start) // (24 * 60), "start_min": start, "end_min": end, **told}


def _array(name: str, rows: list[dict]) -> np.ndarray:
    values = [row[name] for row in rows]
    if name in ("person", "day"):
        return np.array(values, dtype=np.int64)
    return np.array(values, dtype=np.float64 if name in INTS else object)


def before(lines: str, lacks: tuple[str, ...] = ()) -> dict[str, bool]:
    store = Held(lines, lacks)
    every = Admissions.of(store, 0)
    index = every.keep(every.minute == minute(ADMISSION))
    return {kind: bool(found[0]) for kind, found in Before(store, 0, index).found().items()}


@pytest.mark.parametrize("case", CASES)
def test_what_came_before(case):
    lines, expected = CASES[case]
    found = ", ".join(kind for kind, yes in before(lines).items() if yes)
    assert set((found or "nothing").split(", ")) == set(expected.split(", "))


def test_what_a_source_lacks_is_left_out_and_not_read_as_never():
    found = before("2024-03-19 nursing", lacks=("service", "ambulance", "out_of_hours"))
    assert found == {
        "home_nursing": True, "emergency": False, "outpatient": False, "admitted": False, "any": True,
        "any_week": True, "by_emergency": False,
    }  # fmt: skip


@pytest.mark.parametrize("weekday", range(7))
def test_exactly_one_week_is_read_whatever_the_day_of_the_admission(weekday):
    wednesday = day_number(read_date("2024-03-20", "day"))
    day = wednesday - 2 + weekday
    mondays = [wednesday - 2 + 7 * week for week in range(-4, 2)]
    shared = {monday: len(set(range(monday, monday + 7)) & set(range(day - 7, day))) for monday in mondays}
    read = [monday for monday in mondays if day - 10 <= monday < day - 3]
    touching = [monday for monday in mondays if day - 13 <= monday < day]
    assert read == [max(mondays, key=lambda monday: shared[monday])]
    assert touching == [monday for monday in mondays if shared[monday]]
