"""Facts that the matrix does not hold and the store does: medicine in use and given up, checks, stays, severity.

Everything is as it was known before the landmark. What a source cannot tell is left out, so that it stays unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from stratify.care.facts import NEVER
from stratify.care.people import NO, UNKNOWN, YES, Column, Floats, Truths
from stratify.catalogue import Catalogue
from stratify.definitions import DEFINITIONS, PSYCHIATRIC_SOMATIC_DEFINITION, sharing
from stratify.features.conditions import holding
from stratify.features.kernel import Ints, Rows
from stratify.registers.stays import OPEN_DAYS
from stratify.store.read import Store
from stratify.units import ELSEWHERE, home_of, units

DRUG_DAYS = 120  # in use: redeemed within this time
# given up: of a kind of medicine meant for life, redeemed on so many days in the year before, nothing since (ours: a
# packet lasts a hundred days, so that two were left at the pharmacy). Another medicine of the same kind takes its place
TIMES, GIVEN_UP_DAYS, BEFORE_DAYS = 3, 180, 545
ANTIPSYCHOTIC = ("N05A",)
FOR_LIFE = (("A10",), ("C02", "C03", "C07", "C08", "C09"), ("C10",), ("H03A",), ("N04B",), ANTIPSYCHOTIC)  # ATC
REVIEWED = ("diabetes", "copd_asthma", "ihd")  # diseases with a yearly review in general practice
FIRST_SEEN = {
    "condition": f"code IN ({', '.join(repr(one) for one in REVIEWED)})",
    "drug": "(starts_with(code, 'A10') OR starts_with(code, 'R03'))",
}  # by domain: what first tells of such a disease
REVIEW = "800120"  # the yearly review of a chronic disease, a service of general practice
HBA1C = "NPU27300"
DEPRESSION, SEVERE_DEPRESSION = ("F32", "F33"), ("F322", "F323", "F332", "F333")
DEPRESSION_DEGREES = (*SEVERE_DEPRESSION, "F320", "F321", "F330", "F331", "F334")
COPD_STAY = ("J41", "J42", "J43", "J44")
YEAR, TEN_YEARS = 365, 3650
WARDS = ("no", "somatic", "psychiatric")


def facts_of_store(store: Store, landmark: int, numbers: Ints, has: Mapping[str, Truths]) -> dict[str, Column]:
    """Return facts by name, each with one value a person; `has` says who has which condition."""
    at = _At(store, landmark, numbers)
    found = {"municipality": _municipality(at)}
    if store.has("drug") and store.measurable.get("drug_codes", True):
        found["n_drugs"] = Column(drugs_in_use(store, landmark, numbers), "number")
        found["medicine_unredeemed"] = Column(_given_up(at), "flag")
    if store.has("service"):
        found["days_since_check"] = Column(_since_check(at, has), "days")
    if store.has("stay"):
        found["copd_admissions_365d"] = Column(_copd_admissions(at), "number")
        ward = _ward(at)
        found["inpatient"] = Column(ward, "word", WARDS, ~np.isnan(ward))
    if store.has("diagnosis") and store.measurable["indices"]:  # else diagnoses may not be told by ICD-10 codes
        found["severe_depression"] = Column(_severe_depression(at), "flag")
    return found


def told_by_store(
    numbers: Ints, has: Mapping[str, Truths], catalogue: Catalogue, store: Store, landmark: int
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


def drugs_in_use(store: Store, landmark: int, numbers: Ints) -> Floats:
    """Return how many different medicines (ATC, fifth level) each person redeemed within DRUG_DAYS, as known then."""
    return _At(store, landmark, numbers).per_person(
        "drug", "count(DISTINCT code)", f"length(code) = 7 AND day >= {landmark - DRUG_DAYS}", nobody=0.0
    )


class _At:
    """The events of a store as known before a landmark, asked for some people."""

    def __init__(self, store: Store, landmark: int, numbers: Ints) -> None:
        self.store, self.landmark, self.numbers = store, landmark, numbers

    def per_person(self, domain: str, what: str, where: str, *, nobody: float) -> Floats:
        """Return an aggregate of each person's events before the landmark; of who has none, `nobody`."""
        rows = duckdb.execute(
            f"SELECT person, {what} AS found FROM {self.store.events(domain, None)} "
            f"WHERE day < {self.landmark} AND known < {self.landmark} AND {where} GROUP BY person"
        ).fetchnumpy()
        return self.spread(rows, nobody)

    def spread(self, rows: Mapping[str, NDArray[Any]], nobody: float) -> Floats:
        """Return the values of rows (person, found) by person asked for."""
        size = int(max(self.numbers.max(initial=0), rows["person"].max(initial=0))) + 1
        found = np.full(size, nobody)
        found[rows["person"]] = np.ma.filled(rows["found"].astype(np.float64), np.nan)
        return found[self.numbers]


def _municipality(at: _At) -> Column:
    """Return where people live on the landmark, by the names of our units; unknown where it is none of them."""
    rows = Rows(at.numbers.astype(np.int64), np.full(len(at.numbers), at.landmark))
    names, place = np.unique(units(home_of(rows, at.store.residence()))["municipality"], return_inverse=True)
    return Column(np.where(names[place] == ELSEWHERE, np.nan, place.astype(np.float64)), "word", tuple(names.tolist()))


def _given_up(at: _At) -> Floats:
    """Return 1 where a kind of medicine meant for life was redeemed regularly and then no more.

    Psychiatry gives antipsychotics by injection, which no pharmacy tells: of who was seen there lately it is not said.
    """
    since = at.landmark - GIVEN_UP_DAYS
    kinds = " ".join(f"WHEN {_begins(kind)} THEN {nth}" for nth, kind in enumerate(FOR_LIFE))
    rows = duckdb.execute(
        f"""SELECT person, kind = {FOR_LIFE.index(ANTIPSYCHOTIC)} AS antipsychotic, 1.0 AS found
        FROM (SELECT person, day, CASE {kinds} END AS kind FROM {at.store.events("drug", None)}
              WHERE day >= {at.landmark - BEFORE_DAYS} AND day < {at.landmark} AND known < {at.landmark})
        WHERE kind IS NOT NULL GROUP BY person, kind
        HAVING count(DISTINCT day) FILTER (WHERE day < {since}) >= {TIMES} AND max(day) < {since}"""
    ).fetchnumpy()
    apart = rows.pop("antipsychotic").astype(bool)
    found, antipsychotic = (at.spread({name: one[of] for name, one in rows.items()}, 0.0) for of in (~apart, apart))
    seen = np.zeros(len(at.numbers), bool)
    if at.store.has("contact"):
        seen = at.per_person("contact", "1.0", f"care = 'psychiatric' AND day >= {since}", nobody=0.0) == 1
    return np.maximum(found, np.where(seen, 0.0, antipsychotic))


def _since_check(at: _At, has: Mapping[str, Truths]) -> Floats:
    """Return the days since the yearly review, a visit to a hospital's clinic or, with diabetes, HbA1c.

    They count from when the disease was first seen at the earliest; NaN without a disease that has a yearly review.
    """
    parts = [("service", f"code = '{REVIEW}'"), ("contact", "setting = 'outpatient' AND care = 'somatic'")]
    checked = [at.per_person(one, "max(day)", where, nobody=-NEVER) for one, where in parts if at.store.has(one)]
    if at.store.has("lab"):
        measured = at.per_person("lab", "max(day)", f"code = '{HBA1C}'", nobody=-NEVER)
        checked.append(np.where(has["diabetes"] == YES, measured, -NEVER))
    for domain, where in FIRST_SEEN.items():
        if at.store.has(domain):
            checked.append(at.per_person(domain, "min(day)", where, nobody=-NEVER))
    followed = np.any([has[key] == YES for key in REVIEWED], axis=0)
    return np.where(followed, at.landmark - np.max(checked, axis=0), np.nan)


def _copd_admissions(at: _At) -> Floats:
    where = f"admission AND day >= {at.landmark - YEAR} AND {_begins(COPD_STAY, 'first_code')}"
    return at.per_person("stay", "count(*)", where, nobody=0.0)


def _ward(at: _At) -> Floats:
    """Return the ward of a stay that had not ended as far as was known, else NaN: registers learn of stays late."""
    going_on = f"day >= {at.landmark - OPEN_DAYS} AND (end_day IS NULL OR end_known >= {at.landmark})"
    places = " ".join(f"WHEN '{ward}' THEN {place}.0" for place, ward in enumerate(WARDS))
    return at.per_person("stay", f"CASE arg_max(care, day) {places} END", going_on, nobody=np.nan)


def _severe_depression(at: _At) -> Floats:
    """Return 1 for a diagnosis of severe depression within ten years, and NaN where its degree was never told."""
    lately = f"NOT refuted AND day >= {at.landmark - TEN_YEARS}"
    degree = f"CASE WHEN {_begins(SEVERE_DEPRESSION)} THEN 2.0 WHEN {_begins(DEPRESSION_DEGREES)} THEN 1.0 ELSE 0.0 END"
    told = at.per_person("diagnosis", f"max({degree})", f"{lately} AND {_begins(DEPRESSION)}", nobody=1.0)
    return np.where(told == 0, np.nan, told == 2)


def _begins(prefixes: tuple[str, ...], column: str = "code") -> str:
    """Return the SQL that a code begins with one of these."""
    return "(" + " OR ".join(f"starts_with(coalesce({column}, ''), '{one}')" for one in prefixes) + ")"
