"""From what a clinical system sent along to the resources of one patient, each once, or the reason it is refused.

A key that was not sent, one that is null (the system has no such data) and one that is an OperationOutcome (it could
not fetch them) are three different things, and are told apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from stratify.fhir.declared import Asked, declared
from stratify.fhir.elements import Resource, items, part, text
from stratify.fhir.patient import Patient, read_patient
from stratify.fhir.refusal import ChartRefusedError
from stratify.fhir.tally import Tally


@dataclass(frozen=True)
class Sent:
    """The patient, their resources by type, the keys that came with a list, and what may be referred to."""

    patient: Patient
    resources: Mapping[str, list[Resource]]
    keys: frozenset[str]
    named: Mapping[str, Resource] = field(repr=False)

    def of(self, kind: str) -> list[Resource]:
        """Return the resources of a type."""
        return self.resources.get(kind, [])


def read_prefetch(prefetch: Any, tally: Tally) -> Sent:
    """Return what was sent of one patient. Raises ChartRefusedError."""
    told = declared()
    if not isinstance(prefetch, Mapping):
        raise ChartRefusedError("not_fhir", "patient")
    lists = {key: _list(prefetch, key, one, tally) for key, one in told.prefetch.items()}
    sent = {key: entries for key, entries in lists.items() if entries is not None}
    if sum(map(len, sent.values())) > told.most_resources:
        raise ChartRefusedError("too_many")
    every = [one for key, entries in sent.items() for one in _resources(key, entries)]
    patient = read_patient([one for one in every if one["resourceType"] == "Patient"])
    once: dict[tuple[str, Any], Resource] = {}
    for nth, one in enumerate(every):
        kind, name = str(one["resourceType"]), text(one.get("id"))
        if kind in _OF_A_PATIENT:
            patient.refuse_others(one.get("subject"))
            tally.add("again", int((kind, name) in once))
        once[kind, nth if name is None else name] = one  # of several, the one that was sent last
    resources: dict[str, list[Resource]] = {}
    for (kind, _), one in once.items():
        if kind in _OF_A_PATIENT and (one.get("modifierExtension") or one.get("implicitRules")):
            tally.add("modified")
            continue
        resources.setdefault(kind, []).append(one)
    named = {f"{kind}/{name}": one for (kind, name), one in once.items() if isinstance(name, str)}
    urls = [(text(entry.get("fullUrl")), entry["resource"]) for entries in sent.values() for entry in entries]
    named |= {url: one for url, one in urls if url is not None}
    return Sent(patient, resources, frozenset(sent), named)


_OF_A_PATIENT = ("Condition", "MedicationStatement", "MedicationRequest", "Encounter", "Observation")


def _list(prefetch: Mapping[str, Any], key: str, asked: Asked, tally: Tally) -> list[Resource] | None:
    """Return what stands under a key as entries of a bundle; None where there is nothing."""
    value = prefetch.get(key)
    if value is None:
        if asked.required:
            raise ChartRefusedError("missing", key)
        tally.lacks("none_there" if key in prefetch else "not_sent", key)
        return None
    if not isinstance(value, Mapping) or not isinstance(value.get("resourceType"), str):
        raise ChartRefusedError("not_fhir", key)
    if value["resourceType"] == "OperationOutcome":
        if asked.required:
            raise ChartRefusedError("failed", key)
        tally.lacks("failed", key)
        return None
    if value["resourceType"] != "Bundle":
        return [{"resource": value}]
    entries = value.get("entry", [])
    if not isinstance(entries, list) or not all(isinstance(one, Mapping) for one in entries):
        raise ChartRefusedError("not_fhir", key)
    more = any(link.get("relation") == "next" for link in items(value.get("link")))
    outcomes = [one for one in entries if part(one, "resource", "resourceType") == "OperationOutcome"]
    total = value.get("total")
    matches = sum(part(one, "search", "mode") in (None, "match") for one in entries) - len(outcomes)
    if more or outcomes or (isinstance(total, int) and total > matches):
        tally.lacks("incomplete", key)
    return [one for one in entries if one not in outcomes] if outcomes else entries


def _resources(key: str, entries: list[Resource]) -> Iterator[Resource]:
    """Yield the resources under a key. Raises ChartRefusedError for one of another type than was asked for."""
    asked = declared().prefetch[key]
    for entry in entries:
        one = entry.get("resource")
        if not isinstance(one, Mapping) or not isinstance(one.get("resourceType"), str):
            raise ChartRefusedError("not_fhir", key)
        included = part(entry, "search", "mode") == "include"
        if one["resourceType"] not in (*asked.types, *asked.beside) and not included:
            raise ChartRefusedError("wrong_type", key)
        yield one
