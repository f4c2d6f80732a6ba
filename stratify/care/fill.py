"""From the rows of the matrix to the facts that strata and offers are weighed on, one column for each fact.

A cell that is missing because the source cannot tell is unknown. A cell that is missing because nothing ever happened
(no admission, no contact) is a known "never". What registers only hint of a person's own resources is marked as a hint.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from stratify.care.facts import NEVER
from stratify.care.fill_store import facts_of_store, told_by_store
from stratify.care.people import NO, UNKNOWN, YES, Column, Flags, Floats, Members, People, Truths
from stratify.catalogue import Catalogue
from stratify.definitions import QUALIFYING, sharing
from stratify.features.kernel import Ints
from stratify.morbidity import SMI
from stratify.store.records import Records

NUMBERS = {
    "hba1c_last": "lab_hba1c_last",
    "acute_admissions_365d": "stay_acute_count_365",
    "psychiatric_admissions_365d": "stay_psychiatric_count_365",
    "emergency_contacts_365d": "contact_emergency_count_365",
    "km_to_acute_hospital": "distance_acute_hospital_last",
    "km_to_practice": "distance_practice_last",
    "km_to_health_house": "distance_health_house_last",
    "km_to_psychiatry": "distance_psychiatry_last",
    "hfrs": "hfrs_danish",
}
SUMS = {
    "outpatient_contacts_365d": ("contact_outpatient_somatic_count_365", "contact_outpatient_psychiatric_count_365"),
    "secondary_care_contacts_365d": ("contact_all_count_365", "specialist_all_count_365"),
    "missed_appointments_365d": (
        "contact_missed_missed_somatic_count_365",
        "contact_missed_missed_psychiatric_count_365",
    ),
}  # a sum with an unknown part is unknown
SINCE = {
    "days_since_somatic_discharge": ("discharge_somatic_days_since", "bed_days_somatic_days_within_1825"),
    "days_since_psychiatric_discharge": ("discharge_psychiatric_days_since", "bed_days_psychiatric_days_within_1825"),
    "days_since_hba1c": ("lab_hba1c_days_since", "lab_hba1c_count_1825"),
    "days_since_hospital_contact": ("contact_all_days_since", "contact_all_count_1825"),
}  # fact: (its column, a column that is missing only where the source cannot tell)
SEEN = (
    SINCE["days_since_hospital_contact"],
    ("gp_all_days_since", "gp_all_count_365"),
    ("specialist_all_days_since", "specialist_all_count_1825"),
    ("home_nursing_any_days_since", "home_nursing_any_count_365"),
)
SETTINGS = {
    "general practice": ("gp_all_count_365",),
    "hospital": (
        "contact_outpatient_somatic_count_365",
        "stay_acute_somatic_count_365",
        "stay_planned_somatic_count_365",
    ),
    "psychiatry": ("contact_outpatient_psychiatric_count_365", "stay_psychiatric_count_365"),
    "municipality": ("home_nursing_any_count_365", "care_home_stay_days_within_365"),
}
FRAIL = 5  # HFRS from here on is an intermediate or high risk (Gilbert 2018): a hint of frailty
ABOVE_NOTHING = {"on_antipsychotic": "drug_antipsychotic_count_365", "home_care": "home_care_hours_mean_365"}
HINTS = {
    "digital_post_exempt": ("communication_no_digital_post_any_36525", True),
    "danish": ("communication_interpreter_any_36525", False),  # an interpreter was used: perhaps not Danish
    "lives_alone": ("household_people_last", True),
    "frail": ("hfrs_danish", True),
}  # fact: (its column, what a yes there hints)
FLAGS = "medication_flag_"
_READ = frozenset(
    {
        "person_female",
        *NUMBERS.values(),
        *ABOVE_NOTHING.values(),
        *(column for parts in (*SUMS.values(), *SINCE.values(), *SEEN, *SETTINGS.values()) for column in parts),
        *(column for column, _ in HINTS.values()),
    }
)


def reads(column: str) -> bool:
    """Return whether facts are made from a column of the matrix."""
    return column in _READ or column.startswith(FLAGS) or column.startswith("condition_")


def people_of(
    cells: Floats,
    columns: Sequence[str],
    numbers: Ints,
    catalogue: Catalogue,
    store: Records,
    landmark: int,
    risks: Mapping[str, Floats],
    ages: Ints,
) -> People:
    """Return the people of the matrix' rows: what it holds, drugs in use, hints from registers, and the risks.

    `ages` are whole years, as people count them; the matrix holds them with fractions. `numbers` are those of persons.
    """
    cell = {name: cells[:, place] for place, name in enumerate(columns)}
    n, nothing = len(numbers), np.full(len(numbers), np.nan)
    has = {key: _truths(cell.get(f"condition_{key}", nothing)) for key in catalogue.conditions}
    measurable = set(store.measurable["conditions"])
    both = told_by_store(numbers, has, catalogue, store, landmark)
    found = of_conditions(has, catalogue, measurable, both)
    told = {"age": ages.astype(float), **{fact: cell.get(column, nothing) for fact, column in NUMBERS.items()}}
    told |= {fact: np.sum([cell.get(one, nothing) for one in parts], axis=0) for fact, parts in SUMS.items()}
    told["settings_in_use"] = np.sum([_any(cell, parts, nothing) for parts in SETTINGS.values()], axis=0)
    made = {fact: Column(values, "number") for fact, values in told.items()}
    made |= facts_of_store(store, landmark, numbers, has)
    for fact, pair in SINCE.items():
        made[fact] = Column(_since(*(cell.get(one, nothing) for one in pair)), "days")
    made["days_since_any_contact"] = _seen(cell, nothing)
    made |= {f"risk_{key}": Column(risk, "share") for key, risk in risks.items()}
    made["sex"] = Column(1 - cell.get("person_female", nothing), "word", ("f", "m"))
    for fact, column in ABOVE_NOTHING.items():
        made[fact] = Column(_yes(cell.get(column, nothing), 0), "flag")
    for fact, hint in _hints(cell, nothing).items():
        made[fact] = Column(hint, "flag", (), ~np.isnan(hint))
    flags = {name.removeprefix(FLAGS): _truths(values) for name, values in cell.items() if name.startswith(FLAGS)}
    gaps = np.any([truth == UNKNOWN for truth in flags.values()], axis=0) if flags else np.ones(n, bool)
    return found.with_facts(made, {"medication_flags": Members(flags, np.where(gaps, UNKNOWN, NO).astype(np.int8))})


def of_conditions(
    has: Mapping[str, Truths], catalogue: Catalogue, measurable: Collection[str], both: Truths | None = None
) -> People:
    """Return the facts that follow from people's conditions, and what this source cannot tell of them.

    `both` says whether PSYKSOM-1 holds, where it has been looked up. Conditions alone tell it too, but where one code
    may have made both sides true: then it is unknown.
    """
    counted = [c for c in catalogue.conditions.values() if c.part_of is None]
    n = len(next(iter(has.values())))
    yes = {key: truth == YES for key, truth in has.items()}
    n_conditions = sum(yes[c.id] for c in counted).astype(float)
    n_somatic = sum(yes[c.id] for c in counted if c.domain == "somatic").astype(float)
    mind = np.any([yes[key] for key in QUALIFYING], axis=0)
    shared = set(sharing(catalogue))
    body = [c.id for c in counted if c.domain == "somatic"]
    elsewhere = np.any([yes[key] for key in {*body, *QUALIFYING} - shared], axis=0)
    told = np.where(mind & (n_somatic > 0), np.where(elsewhere, YES, UNKNOWN), NO).astype(np.int8)
    if both is not None:
        told = np.where(both == UNKNOWN, told, both)
    unseen = any(
        c.part_of is None and not c.by_drugs_only and c.id not in measurable
        for c in catalogue.conditions.values()
        if c.domain == "somatic" or c.id in QUALIFYING
    )
    if unseen:
        told = np.where(told == NO, UNKNOWN, told)
    ill = np.any([yes[key] for key in SMI], axis=0)
    smi = ill.astype(float) if set(SMI) <= set(measurable) else np.where(ill, 1.0, np.nan)
    members = {key: truth if key in measurable else np.maximum(truth, UNKNOWN) for key, truth in has.items()}
    columns = {
        "n_conditions": Column(n_conditions, "number"),
        "n_somatic": Column(n_somatic, "number"),
        "n_psychiatric": Column(n_conditions - n_somatic, "number"),
        "body_systems": Column(_systems(yes, catalogue), "number"),
        "psychiatric_somatic": Column(np.where(told == UNKNOWN, np.nan, told == YES), "flag"),
        "smi": Column(smi, "flag"),
    }
    return People(n, columns, {"conditions": Members(members, np.full(n, NO))})


def _systems(yes: Mapping[str, Flags], catalogue: Catalogue) -> Floats:
    """Return in how many body systems people have a somatic condition."""
    systems: dict[str, list[Flags]] = {}
    for condition in catalogue.conditions.values():
        if condition.domain == "somatic" and condition.part_of is None:
            systems.setdefault(condition.system, []).append(yes[condition.id])
    return np.asarray(np.sum([np.any(having, axis=0) for having in systems.values()], axis=0), np.float64)


def _seen(cell: Mapping[str, Floats], nothing: Floats) -> Column:
    """Return the days since anybody saw each person; where a source cannot tell all of it, that is a hint."""
    parts = np.array([_since(*(cell.get(one, nothing) for one in pair)) for pair in SEEN])
    told = ~np.isnan(parts)
    days = np.where(told.any(axis=0), np.min(np.where(told, parts, NEVER), axis=0), np.nan)
    return Column(days, "days", (), ~told[:2].all(axis=0))  # who has both hospital and practice has nearly all


def _any(cell: Mapping[str, Floats], parts: Sequence[str], nothing: Floats) -> Floats:
    """Return 1 where some of these columns is above 0, NaN where none is and one is missing."""
    values = np.array([cell.get(one, nothing) for one in parts])
    none = np.where(np.isnan(values).any(axis=0), np.nan, 0.0)
    return np.where((values > 0).any(axis=0), 1.0, none)


def of_names(has: Collection[str], catalogue: Catalogue, unseen: Collection[str] = ()) -> People:
    """Return the facts that follow from one person's conditions by name; all others are known not to be there.

    `unseen` are those that nobody can tell of.
    """
    truths = {key: np.array([YES if key in has else NO]) for key in catalogue.conditions}
    return of_conditions(truths, catalogue, [key for key in catalogue.conditions if key not in unseen])


def with_parents(names: Iterable[str], catalogue: Catalogue) -> list[str]:
    """Return conditions, each once, with those that they are part of: COPD is a disease of the airways too."""
    parents = [(name, catalogue.conditions[name].part_of) for name in names]
    return list(dict.fromkeys(one for pair in parents for one in pair if one is not None))


def _hints(cell: Mapping[str, Floats], nothing: Floats) -> dict[str, Floats]:
    """Return what registers hint of people's own resources: 0 and 1, NaN where they say nothing."""
    found = {}
    for fact, (column, means) in HINTS.items():
        values = cell.get(column, nothing)
        if fact == "lives_alone":
            found[fact] = np.where(np.isnan(values), np.nan, values == 1)
        elif fact == "frail":
            found[fact] = np.where(values >= FRAIL, 1.0, np.nan)
        else:  # who has not been seen so may still be: only a yes hints
            found[fact] = np.where(values > 0, float(means), np.nan)
    return found


def _since(values: Floats, told: Floats) -> Floats:
    return np.where(np.isnan(told), np.nan, np.where(np.isnan(values), NEVER, values))


def _yes(values: Floats, above: float) -> Floats:
    return np.where(np.isnan(values), np.nan, values > above)


def _truths(values: Floats) -> Truths:
    return np.where(np.isnan(values), UNKNOWN, np.where(values == 1, YES, NO)).astype(np.int8)
