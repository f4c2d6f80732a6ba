"""One person's chart as the records that features and facts are made from, and what it lacks.

A chart tells what stands in it now: an event counts when it happened before the day, whoever knew of it when. What it
cannot tell (where somebody lives and for how long, what a pharmacy handed out, municipal care) is missing, not nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from stratify.catalogue import Catalogue
from stratify.fhir.contacts import contacts
from stratify.fhir.declared import declared
from stratify.fhir.diagnoses import diagnoses
from stratify.fhir.medicine import medicine
from stratify.fhir.patient import Patient
from stratify.fhir.prefetch import Sent, read_prefetch
from stratify.fhir.results import results
from stratify.fhir.tally import Tally
from stratify.fhir.when import Clock
from stratify.indices import measurable_indices
from stratify.registers.clock import day_number
from stratify.store.land import told_by_drugs
from stratify.store.records import Columns, OnePerson

# what no chart tells: for how long somebody lived here, how much a pharmacy handed out and what was never collected,
# which appointments nobody came to
UNTOLD = {"residence": False, "drug_amounts": False, "redemptions": False, "missed": False}


@dataclass(frozen=True)
class Chart:
    """A person's records on a day, the identifiers the chart has of them, and what it lacks, in words."""

    records: OnePerson = field(repr=False)
    identifiers: tuple[tuple[str, str], ...] = field(repr=False)
    landmark: int
    gaps: list[dict[str, Any]]


def read_chart(prefetch: Any, catalogue: Catalogue, today: date, discharged: str | None = None) -> Chart:
    """Return the chart that a clinical system sent along, as it stands on a day. Raises ChartRefusedError.

    discharged: the id of the encounter that ends on that day, whatever the chart says of its end.
    """
    tally = Tally()
    sent = read_prefetch(prefetch, tally)
    clock = Clock(today, tally)
    domains, told = _domains(sent, clock, catalogue, discharged)
    measurable = _measurable(domains, told, catalogue)
    days = {"covers_to": clock.landmark - 1, "delivered": clock.landmark}
    people, lived = _person(sent.patient, clock)
    records = OnePerson(measurable, days, people, lived, domains)
    return Chart(records, sent.patient.identifiers, clock.landmark, tally.told())


def _domains(
    sent: Sent, clock: Clock, catalogue: Catalogue, discharged: str | None
) -> tuple[dict[str, Columns], dict[str, bool]]:
    """The domains the chart tells, and what of them it tells apart."""
    least, found, told = declared().least_known, diagnoses(sent, clock, catalogue), dict[str, bool]()
    if "encounters" in sent.keys:
        of_encounters = contacts(sent, clock, discharged)
        found, told = found | of_encounters.domains, told | of_encounters.told
    if {"medicationStatements", "medicationRequests"} & sent.keys:
        found["drug"], share = medicine(sent, clock)
        told["drug_codes"] = share >= least
    if "observations" in sent.keys:
        lab, share = results(sent, clock)
        if share >= least:
            found["lab"] = lab
        else:
            clock.tally.lacks("unread", "observations")
    return found, told


def _measurable(domains: dict[str, Columns], told: dict[str, bool], catalogue: Catalogue) -> dict[str, Any]:
    by_diagnosis = {c.id for c in catalogue.conditions.values() if not c.by_drugs_only}
    seen = {"conditions": sorted(by_diagnosis)}
    if told.get("drug_codes"):
        seen = told_by_drugs(seen, domains, catalogue)
    return {
        "domains": sorted(domains),
        "acute": True,
        "care": True,
        "indices": measurable_indices(catalogue.indices, by_diagnosis, catalogue.conditions, coded=True),
        "not_measurable": sorted(set(catalogue.conditions) - set(seen["conditions"])),
        **seen,
        **told,
        **UNTOLD,
    }


def _person(patient: Patient, clock: Clock) -> tuple[Columns, Columns]:
    """The person, and where they live: here, since ever, as far as a chart can tell."""
    if not patient.birth.whole:
        clock.tally.add("birth")
    born = day_number(clock.middle(patient.birth))
    people = {"person": np.zeros(1, dtype=np.int32), "sex": np.array([patient.sex]), "birth": np.array([born]),
              "death": np.array([np.nan])}  # fmt: skip
    lived = {"person": np.zeros(1, dtype=np.int32), "start": np.array([min(born, clock.landmark)]),
             "end": np.array([np.nan]), "municipality": np.array([None, None], dtype=object)[:1]}  # fmt: skip
    return people, lived
