"""A chart's medicine as redemptions of ATC codes.

A statement or prescription with a date is one redemption on its day. One that goes on over a time is counted as
redeemed as often as a packet of a hundred days lasts: models count redemptions, and a chart tells none. What both a
statement and a prescription say of one code on one day is one.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date

from stratify.fhir.declared import OfMedicine, declared
from stratify.fhir.elements import Resource, codings, items, part, text
from stratify.fhir.prefetch import Sent
from stratify.fhir.rows import columns_of
from stratify.fhir.when import Clock, When, first_of
from stratify.store.records import Columns

ATC = re.compile(r"[ABCDGHJLMNPRSV](\d\d([A-Z]([A-Z](\d\d)?)?)?)?")
STARTS = {
    "MedicationStatement": ("effectiveDateTime", "effectivePeriod.start"),
    "MedicationRequest": ("authoredOn",),
}
ENDS = {
    "MedicationStatement": ("effectivePeriod.end",),
    "MedicationRequest": ("dispenseRequest.validityPeriod.end",),
}


def medicine(sent: Sent, clock: Clock) -> tuple[Columns, float]:
    """Return the domain `drug`, and which share of the medicine has an ATC code."""
    redeemed: Counter[tuple[str, int]] = Counter()
    known = unknown = 0
    for kind, told in declared().medicine.items():
        spans: dict[str, list[tuple[int, int]]] = {}
        for one in sent.of(kind):
            if not _counts(one, told, clock):
                continue
            codes = atc_codes(one, sent)
            known, unknown = known + bool(codes), unknown + (not codes)
            span = _span(one, kind, told, clock) if codes else None
            if span is not None:
                for code in codes:
                    spans.setdefault(code, []).append(span)
        redeemed |= Counter((code, day) for code, of in spans.items() for day in _days(of, clock))
    clock.tally.add("unknown_medicine", unknown)
    rows = [{"day": day, "code": code} for code, day in redeemed.elements()]
    return columns_of("drug", rows), known / (known + unknown) if known + unknown else 1.0


def atc_codes(one: Resource, sent: Sent) -> list[str]:
    """Return the ATC codes of a statement or prescription, told there or by the medication it refers to."""
    systems = {system.uri for system in declared().medicine_system}
    concepts = [one.get("medicationCodeableConcept"), part(_referred(one, sent), "code")]
    for concept in concepts:
        found = [code.upper() for system, code in codings(concept) if system in systems]
        if told := [code for code in dict.fromkeys(found) if ATC.fullmatch(code)]:
            return told
    return []


def _referred(one: Resource, sent: Sent) -> Resource | None:
    """The medication that is referred to: one step, so that no circle of references is followed."""
    reference = text(part(one, "medicationReference", "reference"))
    if reference is None:
        return None
    if reference.startswith("#"):
        return next((inside for inside in items(one.get("contained")) if inside.get("id") == reference[1:]), None)
    found = sent.named.get(reference)
    return found if found is not None and found.get("resourceType") == "Medication" else None


def _counts(one: Resource, told: OfMedicine, clock: Clock) -> bool:
    if one.get("doNotPerform") is True or (told.intents and one.get("intent") not in told.intents):
        return False
    status = one.get("status")
    if status not in told.events and status not in told.not_events:
        clock.tally.add("unknown_status")
    return status in told.events


def _span(one: Resource, kind: str, told: OfMedicine, clock: Clock) -> tuple[int, int] | None:
    """The first and the last day it was taken, both before the landmark; None where it does not count."""
    asserted = ("dateAsserted",) if one.get("status") in told.open else ()  # of what is taken now; else of no date
    start = clock.day(first_of(one, *STARTS[kind], *asserted))
    if start is None:
        return None
    end = first_of(one, *ENDS[kind])
    if end is None:
        return start, clock.landmark - 1 if one.get("status") in told.open else start
    return start, max(start, clock.before(_up_to_today(end, clock)))


def _up_to_today(end: When, clock: Clock) -> date:
    return clock.today if end.first > clock.today else clock.middle(end)


def _days(spans: list[tuple[int, int]], clock: Clock) -> list[int]:
    """The days on which one code counts as redeemed: those told, and of what goes on one for each packet it takes.

    Spans of days that overlap are one.
    """
    step = declared().days_per_packet
    found = [start for start, end in spans if start == end]
    merged: list[tuple[int, int]] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    for start, end in merged:
        found += range(start, end + 1, step)
        clock.tally.add("spread", int(end >= start + step))
    return found
