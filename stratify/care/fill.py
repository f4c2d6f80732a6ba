"""From a row of the matrix to the facts that strata and offers are weighed on.

A cell that is missing because the source cannot tell is left out: the fact is unknown. A cell that is missing because
nothing ever happened (no admission, no contact) is a known "never".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

import duckdb
import numpy as np

from stratify.care.facts import NEVER, Facts, Value
from stratify.catalogue import Catalogue
from stratify.definitions import DEFINITIONS, PSYCHIATRIC_SOMATIC_DEFINITION, QUALIFYING, sharing
from stratify.features.conditions import holding
from stratify.features.kernel import Floats, Ints
from stratify.morbidity import SMI
from stratify.store.read import Store

DRUG_DAYS = 120  # in use: redeemed within this time
NUMBERS = {
    "hba1c_last": "lab_hba1c_last",
    "acute_admissions_365d": "stay_acute_count_365",
    "psychiatric_admissions_365d": "stay_psychiatric_count_365",
    "emergency_contacts_365d": "contact_emergency_count_365",
}
SINCE = {
    "days_since_somatic_discharge": ("discharge_somatic_days_since", "bed_days_somatic_days_within_1825"),
    "days_since_psychiatric_discharge": ("discharge_psychiatric_days_since", "bed_days_psychiatric_days_within_1825"),
    "days_since_hba1c": ("lab_hba1c_days_since", "lab_hba1c_count_1825"),
    "days_since_any_contact": ("contact_all_days_since", "contact_all_count_1825"),
}  # fact: (its column, a column that is missing only where the source cannot tell)
OUTPATIENT = ("contact_outpatient_somatic_count_365", "contact_outpatient_psychiatric_count_365")


def from_rows(
    cells: Floats,
    columns: Sequence[str],
    people: Ints,
    catalogue: Catalogue,
    store: Store,
    landmark: int,
    risks: Mapping[str, Floats],
    ages: Ints,
) -> Iterator[Facts]:
    """Yield each row's facts: what the matrix holds, the number of drugs in use, the household as a hint, the risks.

    `ages` are whole years, as people count them; the matrix holds them with fractions.
    """
    coded = store.has("drug") and store.measurable.get("drug_codes", True)
    drugs = drugs_in_use(store, landmark) if coded else None
    alone = living_alone(store, landmark) if store.has("household") else {}
    measurable = set(store.measurable["conditions"])
    both = told_by_store(people, cells, columns, catalogue, store, landmark)
    for row, person in enumerate(people.tolist()):
        # a column that a local family left out is as unknown as one the source cannot fill
        cell = defaultdict(lambda: np.nan, zip(columns, cells[row].tolist(), strict=True))
        known = _known(cell, catalogue, measurable, both.get(person)) | {"age": float(ages[row])}
        if drugs is not None:
            known["n_drugs"] = float(drugs.get(person, 0))
        known |= {f"risk_{key}": float(risk[row]) for key, risk in risks.items() if not np.isnan(risk[row])}
        hint = alone.get(person)
        if hint is None:
            yield Facts(known)
        else:
            yield Facts(known | {"lives_alone": hint}, frozenset(["lives_alone"]))


def of_conditions(
    has: frozenset[str], catalogue: Catalogue, measurable: Collection[str], both: bool | None = None
) -> dict[str, Value]:
    """Return the facts that follow from a person's conditions, and what this source cannot tell of them.

    `both` says whether PSYKSOM-1 holds. Conditions alone tell it too, but where one code may have made both sides true:
    then it is unknown.
    """
    counted = [catalogue.conditions[key] for key in has if catalogue.conditions[key].part_of is None]
    somatic = sum(condition.domain == "somatic" for condition in counted)
    known: dict[str, Value] = {
        "conditions": has,
        "n_conditions": float(len(counted)),
        "n_somatic": float(somatic),
        "n_psychiatric": float(len(counted) - somatic),
    }
    mind, shared = has & set(QUALIFYING), set(sharing(catalogue))
    body = {condition.id for condition in counted if condition.domain == "somatic"}
    one_code = bool(mind) and bool(body) and (mind | body) <= shared
    if both is None and not one_code:
        both = bool(mind) and bool(body)
    unseen = any(
        c.part_of is None and not c.by_drugs_only and c.id not in measurable
        for c in catalogue.conditions.values()
        if c.domain == "somatic" or c.id in QUALIFYING
    )
    if both is not None and (both or not unseen):
        known["psychiatric_somatic"] = both
    if set(SMI) <= set(measurable) or has & set(SMI):
        known["smi"] = bool(has & set(SMI))
    unmeasurable = frozenset(catalogue.conditions) - frozenset(measurable)
    return known | ({"conditions_not_measurable": unmeasurable} if unmeasurable else {})


def told_by_store(
    people: Ints, cells: Floats, columns: Sequence[str], catalogue: Catalogue, store: Store, landmark: int
) -> dict[int, bool]:
    """Return whether PSYKSOM-1 holds, for the people of whom the matrix cannot tell: one code may be all they have."""
    told = {
        key: cells[:, columns.index(f"condition_{key}")] == 1
        for key in sharing(catalogue)
        if f"condition_{key}" in columns
    }
    mind, body = (
        np.any(
            [has for key, has in told.items() if catalogue.conditions[key].domain == care] or [np.zeros(len(people))], 0
        )
        for care in ("psychiatric", "somatic")
    )
    asked = np.sort(people[mind & body])
    if not len(asked) or not store.has("condition"):
        return {}
    return holding(store, asked, landmark, catalogue, DEFINITIONS[PSYCHIATRIC_SOMATIC_DEFINITION])


def _known(
    cell: Mapping[str, float], catalogue: Catalogue, measurable: Collection[str], both: bool | None
) -> dict[str, Value]:
    has = frozenset(key for key in catalogue.conditions if cell.get(f"condition_{key}") == 1)
    known = of_conditions(has, catalogue, measurable, both)
    if not np.isnan(cell["person_female"]):
        known["sex"] = "f" if cell["person_female"] else "m"
    known |= {fact: cell[column] for fact, column in NUMBERS.items() if not np.isnan(cell[column])}
    for fact, (column, told) in SINCE.items():
        if not np.isnan(cell[told]):
            known[fact] = NEVER if np.isnan(cell[column]) else cell[column]
    outpatient = sum(cell[column] for column in OUTPATIENT)
    if not np.isnan(outpatient):  # a sum with an unknown part is unknown
        known["outpatient_contacts_365d"] = outpatient
    if not np.isnan(cell["drug_antipsychotic_count_365"]):
        known["on_antipsychotic"] = cell["drug_antipsychotic_count_365"] > 0
    return known


def drugs_in_use(store: Store, landmark: int) -> dict[int, int]:
    """Return how many different medicines (ATC, fifth level) each person redeemed within DRUG_DAYS, as known then."""
    rows = duckdb.execute(
        f"SELECT person, count(DISTINCT code) FROM {store.events('drug', None)} WHERE length(code) = 7 "
        "AND day >= ? AND day < ? AND known < ? GROUP BY person",
        [landmark - DRUG_DAYS, landmark, landmark],
    ).fetchall()
    return dict(rows)


def living_alone(store: Store, landmark: int) -> dict[int, bool]:
    """Return whether each person's household had one member when last registered; of two on a day, the store's last."""
    rows = duckdb.execute(
        f"SELECT person, last(value ORDER BY day, file_row_number) = 1 FROM {store.events('household', None)} "
        "WHERE day < ? AND known < ? AND value IS NOT NULL GROUP BY person",
        [landmark, landmark],
    ).fetchall()
    return dict(rows)
