"""A chart's conditions as diagnoses, and as the conditions and index groups of the catalogue that they make."""

from __future__ import annotations

from typing import Any

from stratify.catalogue import Catalogue
from stratify.codes import is_sks_diagnosis, is_who_diagnosis, to_who
from stratify.definitions import condition_pairs
from stratify.fhir.declared import declared
from stratify.fhir.elements import Resource, code_of, codings, items
from stratify.fhir.prefetch import Sent
from stratify.fhir.refusal import ChartRefusedError
from stratify.fhir.rows import columns_of
from stratify.fhir.when import Clock, first_of
from stratify.store.records import Columns

DATES = ("onsetDateTime", "onsetPeriod.start", "recordedDate")
ONE_CODE = "+*: "  # what an additional code is put behind the diagnosis with, as in DS721+TUL1


def diagnoses(sent: Sent, clock: Clock, catalogue: Catalogue) -> dict[str, Columns]:
    """Return the domains `diagnosis` and `condition`.

    A diagnosis happened when the condition began, else when it was recorded. An active item of the problem list is said
    of today: its condition holds on the day, however long ago it began. Raises ChartRefusedError where most diagnoses
    are of systems that we do not know: of such a chart nothing could be said not to be there.
    """
    told, known, rows, holding = declared().condition, 0, [], []
    for one in sent.of("Condition"):
        verified = code_of(one.get("verificationStatus"))
        if verified in told.not_events:
            continue
        if verified in told.not_confirmed:
            clock.tally.add("unconfirmed")
            continue
        codes = who_codes(one)
        known += bool(codes)
        if not codes:
            clock.tally.add("unknown_conditions")
            continue
        listed = any(code_of(category) == told.problem_list for category in items(one.get("category")))
        now = listed and code_of(one.get("clinicalStatus")) in told.holds_now
        when = first_of(one, *DATES)
        day = clock.landmark - 1 if now and when is None else clock.day(when)
        if day is None:
            continue
        rows += [{"day": day, "code": code, "kind": told.kind, "refuted": False} for code in codes]
        holding += [(code, clock.landmark - 1) for code in codes if now]
    if known < declared().least_known * (known + clock.tally.counts["unknown_conditions"]):
        raise ChartRefusedError("unread", "conditions")
    groups: dict[str, list[str]] = {}
    for code, group in condition_pairs({str(row["code"]) for row in rows}, catalogue):
        groups.setdefault(code, []).append(group)
    dated = {*((str(row["code"]), row["day"]) for row in rows), *holding}
    made = {(day, group) for code, day in dated for group in groups.get(code, ())}
    events: list[dict[str, Any]] = [{"day": day, "code": group} for day, group in made]
    return {"diagnosis": columns_of("diagnosis", rows), "condition": columns_of("condition", events)}


def who_codes(one: Resource) -> list[str]:
    """Return the WHO codes of a condition, by the first system of its codings that we know, perhaps none."""
    for system in declared().diagnosis_system:
        found = [code for of, code in codings(one.get("code")) if of == system.uri]
        fits = is_sks_diagnosis if system.form == "sks" else is_who_diagnosis
        alone = [_alone(code) for code in found]
        if told := [to_who(code) for code in alone if fits(code)]:
            return told
    return []


def _alone(code: str) -> str:
    for sign in ONE_CODE:
        code = code.split(sign, 1)[0]
    return code
