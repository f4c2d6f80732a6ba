"""Facts that the matrix does not hold and the store does: medicine in use and given up, checks, stays, severity.

Everything is as it was known before the landmark. What a source cannot tell is left out, so that it stays unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from stratify.care.facts import NEVER, FactKind
from stratify.care.people import NO, UNKNOWN, YES, Column, Flags, Floats, Truths
from stratify.catalogue import Catalogue
from stratify.definitions import DEFINITIONS, PSYCHIATRIC_SOMATIC_DEFINITION, sharing
from stratify.features.conditions import holding
from stratify.features.kernel import Ints, Rows
from stratify.registers.stays import OPEN_DAYS
from stratify.store.records import Records
from stratify.store.slices import Coded, Slice
from stratify.units import ELSEWHERE, home_of, units

DRUG_DAYS = 120  # in use: redeemed within this time
# given up: of a kind of medicine meant for life, redeemed on so many days in the year before, nothing since (ours: a
# packet lasts a hundred days, so that two were left at the pharmacy). Another medicine of the same kind takes its place
TIMES, GIVEN_UP_DAYS, BEFORE_DAYS = 3, 180, 545
ANTIPSYCHOTIC = ("N05A",)
FOR_LIFE = (("A10",), ("C02", "C03", "C07", "C08", "C09"), ("C10",), ("H03A",), ("N04B",), ANTIPSYCHOTIC)  # ATC
REVIEWED = ("diabetes", "copd_asthma", "ihd")  # diseases with a yearly review in general practice
TREATED = ("A10", "R03")  # ATC: medicine that first tells of such a disease
REVIEW = "800120"  # the yearly review of a chronic disease, a service of general practice
HBA1C = "NPU27300"
DEPRESSION, SEVERE_DEPRESSION = ("F32", "F33"), ("F322", "F323", "F332", "F333")
DEPRESSION_DEGREES = (*SEVERE_DEPRESSION, "F320", "F321", "F330", "F331", "F334")
COPD_STAY = ("J41", "J42", "J43", "J44")
DOMAINS_OF_FACTS = frozenset({"condition", "contact", "diagnosis", "drug", "lab", "service", "stay"})  # read below
YEAR, TEN_YEARS = 365, 3650
WARDS = ("no", "somatic", "psychiatric")
WHOLE_ATC = 7  # letters and digits of the fifth level


def facts_of_store(store: Records, landmark: int, numbers: Ints, has: Mapping[str, Truths]) -> dict[str, Column]:
    """Return facts by name, each with one value a person; `has` says who has which condition."""
    facts = {name: fact for name, fact in FACTS.items() if fact.told(store)}
    values = {name: np.full(len(numbers), np.nan) for name in facts}
    for bucket in np.unique(numbers % store.buckets).tolist():
        mine = np.flatnonzero(numbers % store.buckets == bucket)
        at = _At(store, bucket, landmark, numbers[mine], {key: truths[mine] for key, truths in has.items()})
        for name, fact in facts.items():
            values[name][mine] = fact.of(at)
    found = {"municipality": _municipality(store, landmark, numbers)}
    for name, fact in facts.items():
        hint = ~np.isnan(values[name]) if fact.hint else None
        found[name] = Column(values[name], fact.kind, fact.words, hint)
    return found


def told_by_store(
    numbers: Ints, has: Mapping[str, Truths], catalogue: Catalogue, store: Records, landmark: int
) -> Truths:
    """Return whether PSYKSOM-1 holds, for the people of whom conditions cannot tell: one code may be all they have."""
    found, asked = np.full(len(numbers), UNKNOWN), np.ones(len(numbers), bool)
    for care in ("psychiatric", "somatic"):
        side = [has[key] == YES for key in sharing(catalogue) if catalogue.conditions[key].domain == care]
        asked &= np.any(side, axis=0) if side else False
    if asked.any() and store.has("condition"):
        definition = DEFINITIONS[PSYCHIATRIC_SOMATIC_DEFINITION]
        holds = holding(store, np.sort(numbers[asked]), landmark, catalogue, definition)
        answers = [holds.get(number) for number in numbers[asked].tolist()]
        found[asked] = [UNKNOWN if one is None else YES if one else NO for one in answers]
    return found


@dataclass(frozen=True)
class _At:
    """The events of a bucket as known before a landmark, asked for some of its people, and who has which condition."""

    store: Records
    bucket: int
    landmark: int
    who: Ints
    has: Mapping[str, Truths]
    _seen: dict[str, _Seen] = field(default_factory=dict)

    def seen(self, domain: str) -> _Seen:
        """Return the domain's events that happened and were known before the landmark."""
        if domain not in self._seen:
            rows = self.store.slice(domain, self.bucket)
            self._seen[domain] = _Seen(rows, self._places, len(self.who), self.landmark)
        return self._seen[domain]

    @cached_property
    def _places(self) -> Ints:
        """The place of each person among those asked for, by number; -1 where it is none of them."""
        places = np.full(int(self.who.max()) + 1, -1)
        places[self.who] = np.arange(len(self.who))
        return places


class _Seen:
    """Events of one domain, each at the place of its person; in the order of days."""

    def __init__(self, rows: Slice, places: Ints, people: int, landmark: int) -> None:
        person, self.day = rows.ints("person"), rows.ints("day")
        self.people, self.rows = people, rows
        self.place = np.where(person < len(places), places[np.minimum(person, len(places) - 1)], -1)
        self.visible = (self.place >= 0) & (self.day < landmark) & (rows.ints("known") < landmark)

    def coded(self, name: str = "code") -> Coded:
        """Return a column of texts."""
        return self.rows.coded(name)

    def at(self, which: Flags) -> Ints:
        """Return the places in the file of those of the events that are seen."""
        return np.flatnonzero(self.visible & which)

    def latest(self, which: Flags) -> Floats:
        """Return the day of each person's latest of these events, -NEVER where there is none."""
        found, at = np.full(self.people, -NEVER), self.at(which)
        found[self.place[at]] = self.day[at]  # the last one written is the latest
        return found

    def earliest(self, which: Flags) -> Floats:
        """Return the day of each person's earliest of these events, -NEVER where there is none."""
        found, at = np.full(self.people, -NEVER), self.at(which)[::-1]
        found[self.place[at]] = self.day[at]
        return found

    def count(self, which: Flags) -> Floats:
        """Return how many of these events each person has."""
        return np.bincount(self.place[self.at(which)], minlength=self.people).astype(np.float64)

    def different(self, which: Flags, of: Ints) -> Floats:
        """Return how many different ones of these numbers each person's events have."""
        at = self.at(which)
        pairs = np.unique(np.stack([self.place[at].astype(np.int64), of[at].astype(np.int64)]), axis=1)
        return np.bincount(pairs[0], minlength=self.people).astype(np.float64)


def _municipality(store: Records, landmark: int, numbers: Ints) -> Column:
    """Return where people live on the landmark, by the names of our units; unknown where it is none of them."""
    rows = Rows(numbers.astype(np.int64), np.full(len(numbers), landmark))
    names, place = np.unique(units(home_of(rows, store.residence()))["municipality"], return_inverse=True)
    return Column(np.where(names[place] == ELSEWHERE, np.nan, place.astype(np.float64)), "word", tuple(names.tolist()))


def _drugs_in_use(at: _At) -> Floats:
    """Return how many different medicines (ATC, fifth level) each person redeemed within DRUG_DAYS, as known then."""
    drugs = at.seen("drug")
    code = drugs.coded()
    whole = np.array([*(len(one) == WHOLE_ATC for one in code.values), False])[code.place]
    return drugs.different(whole & (drugs.day >= at.landmark - DRUG_DAYS), code.place)


def _given_up(at: _At) -> Floats:
    """Return 1 where a kind of medicine meant for life was redeemed regularly and then no more.

    Psychiatry gives antipsychotics by injection, which no pharmacy tells: of who was seen there lately it is not said.
    """
    since, drugs = at.landmark - GIVEN_UP_DAYS, at.seen("drug")
    lately, found = drugs.day >= at.landmark - BEFORE_DAYS, np.zeros(len(at.who), dtype=bool)
    for kind in FOR_LIFE:
        mine = lately & drugs.coded().begins(kind)
        regular = drugs.different(mine & (drugs.day < since), drugs.day) >= TIMES
        given_up = regular & (drugs.latest(mine) < since)
        if kind == ANTIPSYCHOTIC and at.store.has("contact"):
            seen = at.seen("contact")
            given_up &= seen.latest(seen.coded("care").among("psychiatric") & (seen.day >= since)) == -NEVER
        found |= given_up
    return found.astype(np.float64)


def _since_check(at: _At) -> Floats:
    """Return the days since the yearly review, a visit to a hospital's clinic or, with diabetes, HbA1c.

    They count from when the disease was first seen at the earliest; NaN without a disease that has a yearly review.
    """
    reviews = at.seen("service")
    checked = [reviews.latest(reviews.coded().among(REVIEW))]
    if at.store.has("contact"):
        seen = at.seen("contact")
        checked.append(seen.latest(seen.coded("setting").among("outpatient") & seen.coded("care").among("somatic")))
    if at.store.has("lab"):
        lab = at.seen("lab")
        checked.append(np.where(at.has["diabetes"] == YES, lab.latest(lab.coded().among(HBA1C)), -NEVER))
    if at.store.has("condition"):
        ill = at.seen("condition")
        checked.append(ill.earliest(ill.coded().among(*REVIEWED)))
    if at.store.has("drug"):
        drugs = at.seen("drug")
        checked.append(drugs.earliest(drugs.coded().begins(TREATED)))
    followed = np.any([at.has[key] == YES for key in REVIEWED], axis=0)
    return np.where(followed, at.landmark - np.max(checked, axis=0), np.nan)


def _copd_admissions(at: _At) -> Floats:
    stays = at.seen("stay")
    lately = stays.coded("admission").among(True) & (stays.day >= at.landmark - YEAR)
    return stays.count(lately & stays.coded("first_code").begins(COPD_STAY))


def _ward(at: _At) -> Floats:
    """Return the ward of a stay that had not ended as far as was known, else NaN: registers learn of stays late."""
    stays, care = at.seen("stay"), at.seen("stay").coded("care")
    over = ~np.isnan(stays.rows.floats("end_day")) & (stays.rows.floats("end_known") < at.landmark)
    going_on = stays.at((stays.day >= at.landmark - OPEN_DAYS) & ~over & (care.place >= 0))
    ward = np.array([*(WARDS.index(one) if one in WARDS else np.nan for one in care.values), np.nan])[care.place]
    found = np.full(len(at.who), np.nan)
    found[stays.place[going_on]] = ward[going_on]  # of several, the one that began last
    return found


def _severe_depression(at: _At) -> Floats:
    """Return 1 for a diagnosis of severe depression within ten years, and NaN where its degree was never told."""
    seen = at.seen("diagnosis")
    code, degree = seen.coded(), np.full(len(at.who), -1.0)
    lately = seen.coded("refuted").among(False) & (seen.day >= at.landmark - TEN_YEARS) & code.begins(DEPRESSION)
    told = np.where(code.begins(SEVERE_DEPRESSION), 2.0, np.where(code.begins(DEPRESSION_DEGREES), 1.0, 0.0))
    which = seen.at(lately)
    np.maximum.at(degree, seen.place[which], told[which])
    return np.where(degree == 0, np.nan, degree == 2)


class _Fact(NamedTuple):
    """Whether a source tells a fact, and its value for each person, NaN where it is not known of them."""

    kind: FactKind
    told: Callable[[Records], bool]
    of: Callable[[_At], Floats]
    words: tuple[str, ...] = ()
    hint: bool = False


def _coded_drugs(store: Records) -> bool:
    return store.has("drug") and bool(store.measurable.get("drug_codes", True))


FACTS = {
    "n_drugs": _Fact("number", _coded_drugs, _drugs_in_use),
    "medicine_unredeemed": _Fact(
        "flag", lambda store: _coded_drugs(store) and store.measurable.get("redemptions", True), _given_up
    ),
    "days_since_check": _Fact("days", lambda store: store.has("service"), _since_check),
    "copd_admissions_365d": _Fact("number", lambda store: store.has("stay"), _copd_admissions),
    "inpatient": _Fact("word", lambda store: store.has("stay"), _ward, WARDS, hint=True),
    "severe_depression": _Fact(  # without an index, diagnoses may not be told by ICD-10 codes
        "flag", lambda store: store.has("diagnosis") and bool(store.measurable["indices"]), _severe_depression
    ),
}
