"""The acute chain: what came in the 7 days before an acute admission, and how many came with nothing before.

The 7 days end when the admission begins (the start of its first contact; an emergency contact that led to it is a part
of it). What is known to the minute is read to the minute; what has a day alone counts on day -7 to -1. General practice
is dated by the week of the claim: read is the one week that shares most days with these 7, the Monday on day -10 to
-4. The other reading, any week that touches them (Monday on day -13 to -1), finds the most that can have been: with it
the admissions with nothing before are the fewest. Ours.

The ways in are told apart and are no contact before: an ambulance in the last 4 hours, and the emergency contact that
the admission itself began with (what chains by R1 is a part of it).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stratify.quality.cases import Bools
from stratify.quality.need.activity import MINUTES, inside
from stratify.quality.need.axes import Axis, Ints, count, yes_no
from stratify.quality.need.came import came
from stratify.quality.need.ground import Ground
from stratify.quality.need.records import NO_MINUTE, Admissions, Contacts
from stratify.registers.stays import CHAIN_HOURS
from stratify.store.read import Store

DAYS = 7
NEAREST_WEEK, ANY_WEEK = (-10, -3), (-13, 0)  # days of the admission between which the Monday lies, the last left out
GENERAL_PRACTICE = "80"
OUTPATIENT = ("outpatient", "home", "virtual")
KINDS = ("gp", "out_of_hours", "ambulance", "home_nursing", "emergency", "outpatient", "admitted")
TOLD = (*KINDS, "any", "any_week", "by_ambulance", "by_emergency")  # any_week: every week that touches the 7 days
NEEDS = {
    "gp": "service", "out_of_hours": "out_of_hours", "ambulance": "ambulance", "by_ambulance": "ambulance",
    "home_nursing": "municipal", "emergency": "contact", "outpatient": "contact", "admitted": "stay",
}  # fmt: skip
BY = ("place", "group", "smi", "few_resources", "care")
CARE = Axis.of("care", [("care", "psychiatric"), ("care", "somatic")])
BEFORE = {name: yes_no(name) for name in TOLD}


@dataclass(frozen=True)
class Before:
    """Acute admissions, and what came before each of them."""

    store: Store
    number: int
    rows: Admissions

    def found(self) -> dict[str, Bools]:
        """Return by kind which admissions had it before; kinds that the source cannot tell are not there."""
        told = {name: getattr(self, name) for name in KINDS if self.store.has(NEEDS[name])}
        none = np.zeros(len(self.rows.person), dtype=bool)
        any_one = np.logical_or.reduce(list(told.values()), axis=0, initial=False) | none
        found = {**told, "any": any_one, "any_week": any_one}
        if "gp" in told:
            found["any_week"] = any_one | self._weeks(ANY_WEEK)
        if self.store.has("ambulance"):
            found["by_ambulance"] = self._timed("ambulance", self.begins - CHAIN_HOURS * 60, self.begins + 1)
        if self.store.has("contact"):
            rows = self._every_contact
            which = (rows.setting == "emergency") & (rows.minute != NO_MINUTE)
            person, minute = rows.person[which], rows.minute[which]
            found["by_emergency"] = came(self.rows.person, self.begins, self.begins + 1, person, minute)
        return found

    @cached_property
    def begins(self) -> Ints:
        """The minute each admission began, the first of its day where it is not told."""
        return np.where(self.rows.minute == NO_MINUTE, self.rows.day * MINUTES, self.rows.minute)

    @cached_property
    def opens(self) -> Ints:
        """The minute the 7 days open."""
        return self.begins - DAYS * MINUTES

    @property
    def gp(self) -> Bools:
        """A service of general practice in the week that shares most days with the 7."""
        return self._weeks(NEAREST_WEEK)

    @property
    def out_of_hours(self) -> Bools:
        """The doctor out of hours."""
        return self._timed("out_of_hours", self.opens, self.begins)

    @property
    def ambulance(self) -> Bools:
        """An ambulance, other than the one of the last 4 hours."""
        return self._timed("ambulance", self.opens, self.begins - CHAIN_HOURS * 60)

    @property
    def home_nursing(self) -> Bools:
        """Municipal home nursing."""
        rows = self.store.slice("municipal", self.number)
        which = rows.coded("code").among("home_nursing")
        day = self.rows.day
        return came(self.rows.person, day - DAYS, day, _of(rows.ints("person"), which), _of(rows.ints("day"), which))

    @property
    def emergency(self) -> Bools:
        """An emergency contact before the admission's own."""
        return self._contacts(("emergency",))

    @property
    def outpatient(self) -> Bools:
        """A hospital contact as outpatient, at home or by video."""
        return self._contacts(OUTPATIENT)

    @property
    def admitted(self) -> Bools:
        """Another admission that ended in the 7 days."""
        every = self._every
        ended = every.end != NO_MINUTE
        return came(self.rows.person, self.opens, self.begins, every.person[ended], every.end[ended])

    @cached_property
    def _every(self) -> Admissions:
        return Admissions.of(self.store, self.number)

    @cached_property
    def _every_contact(self) -> Contacts:
        return Contacts.of(self.store, self.number)

    def _contacts(self, settings: tuple[str, ...]) -> Bools:
        """Return who had a contact that began in the 7 days; one without an hour counts on day -7 to -1."""
        rows = self._every_contact
        which = np.isin(rows.setting, settings)
        timed, dated = which & (rows.minute != NO_MINUTE), which & (rows.minute == NO_MINUTE)
        day = self.rows.day
        to_the_minute = came(self.rows.person, self.opens, self.begins, rows.person[timed], rows.minute[timed])
        return to_the_minute | came(self.rows.person, day - DAYS, day, rows.person[dated], rows.day[dated])

    def _weeks(self, of_monday: tuple[int, int]) -> Bools:
        rows, day = self.store.slice("service", self.number), self.rows.day
        which = rows.coded("code").begins((GENERAL_PRACTICE,))
        which &= rows.ints("day") >= day.min(initial=0) + ANY_WEEK[0]
        person, monday = _of(rows.ints("person"), which), _of(rows.ints("day"), which)
        return came(self.rows.person, day + of_monday[0], day + of_monday[1], person, monday)

    def _timed(self, domain: str, after: Ints, before: Ints) -> Bools:
        """Return who had something of a domain, which is dated to the minute, between two minutes."""
        rows = self.store.slice(domain, self.number)
        return came(self.rows.person, after, before, rows.ints("person"), rows.ints("start_min").astype(np.int64))


def chain(ground: Ground, rows: Admissions) -> dict[str, Ints]:
    """Return the acute admissions of the period by what came before, by place, group and kind of care."""
    axes, keep = {**ground.frame.axes, "care": CARE}, (rows.acute == 1) & inside(ground, rows.day)
    place = ground.bucket.place(rows.person)
    rows, place = rows.keep(keep), place[keep]
    codes = {name: ground.of(name, rows.day, place) for name in BY if name != "care"}
    codes["care"] = rows.somatic.astype(np.int64)
    return {
        f"chain.{by}.{kind}": count((axes[by], BEFORE[kind]), (codes[by], yes.astype(np.int64)), rows.person)
        for kind, yes in Before(ground.store, ground.number, rows).found().items()
        for by in BY
    }


def _of(values: np.ndarray, which: Bools) -> Ints:
    return np.asarray(values[which], dtype=np.int64)
