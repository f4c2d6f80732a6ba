"""The quality targets: measured on the store for the last full year, shown as far as counts may be."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.data_steps import Progress
from pipelines.steps import Step, manifest_digest, run_step
from stratify.care.fill import of_conditions
from stratify.care.logic import Judge
from stratify.care.people import NO, YES, Column, People
from stratify.catalogue import Catalogue
from stratify.catalogue.entries import Target
from stratify.catalogue.load import DATA_KINDS
from stratify.cohort import residents, spells, years_old
from stratify.definitions import DEFINITIONS, PSYCHIATRIC_SOMATIC_DEFINITION
from stratify.features.conditions import present
from stratify.features.kernel import Rows
from stratify.files import write_json
from stratify.quality.indicator import Result, measure
from stratify.quality.publish import body
from stratify.registers.clock import day_number, day_of
from stratify.store.read import Store
from stratify.workspace import Workspace

# what the measures read, by domain of the store
TABLES = {
    "stay": ["person", "day", "start_min", "end_min", "end_day", "acute", "care", "admission", "unit_last"],
    "contact": ["person", "day", "setting", "care"],
    "lab": ["person", "day", "code", "value", "comparator"],
}
NEEDS = {"readmission": "stay", "contact_after_discharge": "contact", "last_lab_value": "lab"}


def monitor_step(work: Workspace, catalogue: Catalogue, progress: Progress) -> tuple[dict[str, Any], bool]:
    """Measure every quality target for the last full year; return the manifest, with counts as they may be shown."""
    inputs = {"store": manifest_digest(work.store, "land")}
    step = Step("monitor", work.quality, inputs, {}, catalogue.digest_of(*DATA_KINDS, "targets"))

    def make(out: Path) -> dict[str, Any]:
        store = Store(work.store)
        year = last_full_year(day_of(store.day("covers_to")))
        start, end = day_number(date(year, 1, 1)), day_number(date(year + 1, 1, 1))
        tables = {domain: store.read(domain, names) for domain, names in TABLES.items() if store.has(domain)}
        tables |= {"persons": store.persons(), "residence": store.residence()}
        adults = cache(lambda: adults_facts(store, catalogue, start))  # once for all targets, if any can be measured
        counted: dict[str, Any] = {}
        for target in catalogue.targets.values():
            progress(f"measuring {target.id}")
            lacking = _lacking(store, target)
            if lacking:
                counted[target.id] = not_measurable(target, str(year), lacking)
                continue
            population = target_population(adults(), target)
            result = measure(target, tables, population, start, end, store.day("delivered"))
            counted[target.id] = body(target, result, str(year))
        for key, told in counted.items():
            write_json(out / f"{key}.json", told)
        return {"targets": counted}

    return run_step(step, make)


Adults = list[tuple[npt.NDArray[np.int64], People]]  # by bucket: person numbers, and what is known of them


def adults_facts(store: Store, catalogue: Catalogue, start: int) -> Adults:
    """Return the adults resident at the start of a period with the facts that targets' rules ask for, as known then."""
    people = store.persons()
    everyone = residents(people, spells(store.residence()), [start])
    measurable = set(store.measurable["conditions"])
    told: Adults = []
    for bucket in range(store.buckets):
        mine = everyone.person % store.buckets == bucket
        rows = Rows(everyone.person[mine], everyone.day[mine])
        found = present(store, rows, catalogue, bucket)
        ages = years_old(people["birth"][rows.person], start).astype(np.float64)
        both = np.where(found.holds(DEFINITIONS[PSYCHIATRIC_SOMATIC_DEFINITION]), YES, NO)
        truths = zip(found.condition_ids, np.where(found.conditions, YES, NO).T, strict=True)
        facts = of_conditions(dict(truths), catalogue, measurable, both)
        told.append((rows.person, facts.with_facts({"age": Column(ages, "number")})))
    return told


def target_population(adults: Adults, target: Target) -> npt.NDArray[np.int64]:
    """Return the adults who meet a target's rule, by person number."""
    found = [numbers[Judge(people).rule(target.population) == YES] for numbers, people in adults]
    return np.sort(np.concatenate(found)) if found else np.zeros(0, np.int64)


def not_measurable(target: Target, period: str, lacking: str) -> dict[str, Any]:
    """Return a target's result where the source lacks what it needs: said, never 0."""
    nothing = dict.fromkeys(("numerator", "denominator", "unknown", "share", "interval"))
    told = body(target, Result(0, 0, 0, 0), period)
    return {**told, **nothing, "status": "not_measurable", "mature": False, "lacking": lacking}


def last_full_year(covers_to: date) -> int:
    """Return the last calendar year that the data cover to its end."""
    return covers_to.year if (covers_to.month, covers_to.day) == (12, 31) else covers_to.year - 1


def _lacking(store: Store, target: Target) -> str:
    """What the source lacks for a target, or nothing."""
    domain = NEEDS[target.measure]
    if not store.has(domain):
        return f"no {domain} in this source"
    parameters = target.parameters
    codes = getattr(parameters, "codes", ())
    if domain == "lab" and not set(codes) & set(store.measurable.get("lab_codes", codes)):
        return "no such laboratory results in this source"
    if target.measure == "readmission" and not store.measurable["acute"]:
        return "the source does not tell acute from planned"
    if getattr(parameters, "care", "somatic") == "psychiatric" and not store.measurable["care"]:
        return "the source does not tell psychiatric care"
    return ""
