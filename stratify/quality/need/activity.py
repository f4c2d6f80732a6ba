"""Acute contacts and admissions by hour, and admissions by the hospital that treated and by diagnosis.

An acute contact is one registered as acute, whatever its setting; an admission is R1 and R2 of docs/quality.md, at the
unit that received it. The hour is that in which it began; Saturday and Sunday are the weekend, holidays are not known.
"""

from __future__ import annotations

import numpy as np

from stratify.quality.cases import Bools
from stratify.quality.need.axes import Axis, Ints, count
from stratify.quality.need.diagnoses import diagnosis_axis, diagnosis_leaf
from stratify.quality.need.ground import PSYCHIATRIC, Ground
from stratify.quality.need.records import NO_MINUTE, Admissions, Contacts, leaf_of_unit

MINUTES = 24 * 60
HOUR_NOT_TOLD = 24
_BLOCKS = [f"{first:02d}-{first + 4:02d}" for first in range(0, 24, 4)]
_SHIFTS = ["00-08", "08-16", "16-24"]
HOURS = Axis.of(
    "hour",
    [*(("hour", f"{hour:02d}") for hour in range(24)), ("not_told", "not told")],
    {("hour", f"{hour:02d}"): ("block", _BLOCKS[hour // 4]) for hour in range(24)}
    | {("block", name): ("shift", _SHIFTS[number // 2]) for number, name in enumerate(_BLOCKS)},
)
SHIFTS = HOURS.without("hour").without("block")
WEEK = Axis.of("week", [("week", "weekday"), ("week", "weekend")])
PRIORITY = Axis.of("priority", [("priority", "planned"), ("priority", "acute"), ("not_told", "not told")])
TREATED = Axis.of("treated", [("treated", "other"), ("treated", "own")])  # at which somatic hospital
FINEST_FIRST = ("hour", "block", "shift")


def by_hour(ground: Ground, kind: str, person: Ints, day: Ints, minute: Ints, unit: Ints) -> dict[str, Ints]:
    """Return the tables of hours of one kind of event: by group, by unit, and by group and unit."""
    axes, place = ground.frame.axes, ground.bucket.place(person)
    hour = np.where(minute == NO_MINUTE, HOUR_NOT_TOLD, (minute - day * MINUTES) // 60)
    hour = np.where((hour >= 0) & (hour < 24), hour, HOUR_NOT_TOLD)
    week = ((day + 3) % 7 >= 5).astype(np.int64)
    group = ground.of("group", day, place)
    return {
        f"{kind}.hour_group": count((HOURS, WEEK, axes["group"]), (hour, week, group), person),
        f"{kind}.hour_unit": count((HOURS, WEEK, axes["unit"]), (hour, week, unit), person),
        f"{kind}.shift_group_unit": count((SHIFTS, axes["group"], axes["unit"]), (hour, group, unit), person),
        f"{kind}.midnight": np.array([(minute == day * MINUTES).sum(), len(day)], dtype=np.int64),
    }


def acute_contacts(ground: Ground) -> dict[str, Ints]:
    """Return the acute contacts of the period by hour."""
    rows = Contacts.of(ground.store, ground.number)
    keep = rows.acute & inside(ground, rows.day)
    unit = leaf_of_unit(ground.frame.axes["unit"], rows.unit[keep])
    return by_hour(ground, "contacts", rows.person[keep], rows.day[keep], rows.minute[keep], unit)


def admissions(ground: Ground, rows: Admissions) -> dict[str, Ints]:
    """Return the admissions of the period: the acute ones by hour, all by home and by diagnosis."""
    axes = ground.frame.axes
    rows = rows.keep(inside(ground, rows.day))
    unit, acute = leaf_of_unit(axes["unit"], rows.unit), rows.acute == 1
    place = ground.bucket.place(rows.person)
    home = ground.of("place", rows.day, place)
    priority = np.where(rows.acute < 0, 2, rows.acute).astype(np.int64)
    own = (axes["unit"], axes["place"].without("municipality"), PRIORITY)
    return {
        **by_hour(ground, "admissions", rows.person[acute], rows.day[acute], rows.minute[acute], unit[acute]),
        "treated": treated(ground, rows, unit, home, priority),
        "own": count(own, (unit, home, priority), rows.person),
        "volume": count((axes["unit"], diagnosis_axis()), (unit, diagnosis_leaf(rows.code)), rows.person),
    }


def treated(ground: Ground, rows: Admissions, unit: Ints, home: Ints, priority: Ints) -> Ints:
    """Return the admissions to somatic hospitals by home, and whether it was the home's own that received them."""
    axes = ground.frame.axes
    above = dict(axes["place"].parents())
    own_of = {node: number for number, node in enumerate(axes["unit"].leaves)}
    own = np.array([own_of.get(("hospital", above[leaf][1]), -1) for leaf in axes["place"].leaves], dtype=np.int64)
    somatic = np.array([level != PSYCHIATRIC for level, _ in axes["unit"].leaves])
    at_own = (own[home] == unit).astype(np.int64)
    on = (axes["place"].without("municipality"), TREATED, PRIORITY)
    return count(on, (home, at_own, priority), rows.person, somatic[unit])


def inside(ground: Ground, day: Ints) -> Bools:
    """Return which days lie in the period."""
    return np.asarray((day >= ground.frame.start) & (day < ground.frame.end))
