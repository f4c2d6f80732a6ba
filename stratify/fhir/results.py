"""A chart's laboratory results as those of registers: by NPU code, in our units, a bound by its sign.

A result in a unit that its analyte is not known in, or in none, counts as measured and has no value.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from stratify.fhir.declared import declared
from stratify.fhir.elements import LONGEST_CODE, Resource, codings, part, text
from stratify.fhir.prefetch import Sent
from stratify.fhir.rows import columns_of
from stratify.fhir.when import Clock, first_of
from stratify.registers.omop.labs import Accepted, analytes, plain_unit
from stratify.store.records import Columns

NPU = re.compile(r"(NPU|DNK)\d{5}")
DATES = ("effectiveDateTime", "effectiveInstant", "effectivePeriod.start", "issued")
SIGNS = {"<": "<", "<=": "<", ">": ">", ">=": ">"}
MOST = 1e9  # no result of any analyte is as great, in whatever unit: it would be a slip
WRITTEN = re.compile(r"\s*(?P<sign>[<>])?=?\s*(?P<number>[+-]?([0-9]+[.,]?[0-9]*|[.,][0-9]+)([eE][+-]?[0-9]+)?)\s*")


def results(sent: Sent, clock: Clock) -> tuple[Columns, float]:
    """Return the domain `lab`, and which share of the results has a code that is read."""
    told, known, rows = declared().observation, 0, []
    for one in sent.of("Observation"):
        status = one.get("status")
        if status not in told.events:
            if status not in told.not_events:
                clock.tally.add("unknown_status")
            continue
        if one.get("dataAbsentReason") is not None:
            continue  # it was not measured
        code = npu_code(one)
        known += code is not None
        if code is None:
            clock.tally.add("unknown_results")
            continue
        day = clock.day(first_of(one, *DATES))
        if day is not None:
            value, sign = _value(one, code, clock)
            rows.append({"day": day, "code": code, "value": value, "comparator": sign})
    every = known + clock.tally.counts["unknown_results"]
    return columns_of("lab", rows), known / every if every else 1.0


def npu_code(one: Resource) -> str | None:
    """Return the NPU code of a result, None where its codings are none that we read."""
    forms = {system.uri: system.form for system in declared().result_system}
    for system, code in codings(one.get("code")):
        if forms.get(system) == "npu" and NPU.fullmatch(code):
            return code
        if forms.get(system) == "loinc" and code in _loinc():
            return _loinc()[code]
    return None


def _value(one: Resource, code: str, clock: Clock) -> tuple[float | None, str | None]:
    """A result's value in our unit, and the sign of a bound."""
    quantity = one.get("valueQuantity")
    if quantity is None:
        return _written(one.get("valueString"))
    number, sign = part(quantity, "value"), SIGNS.get(str(part(quantity, "comparator")))
    if isinstance(number, bool) or not isinstance(number, int | float) or not abs(number) <= MOST:
        return None, sign
    if code not in _units():
        return float(number), sign  # in the unit that its code stands for
    accepted = next((unit for told in _told_units(quantity) if (unit := _units()[code].get(told))), None)
    if accepted is None:
        clock.tally.add("unknown_units")
        return None, sign
    return number * accepted.factor + accepted.offset, sign


def _written(value: Any) -> tuple[float | None, str | None]:
    """A result that is written as text, as registers have it: `<4`, `5,2`; a text that is no number has no value."""
    found = WRITTEN.fullmatch(value) if isinstance(value, str) and len(value) <= LONGEST_CODE else None
    if found is None:
        return None, None
    number = float(found["number"].replace(",", "."))
    return (number if abs(number) <= MOST else None), found["sign"]


def _told_units(quantity: Any) -> list[str]:
    coded = part(quantity, "system") == declared().observation.unit_system
    told = ([text(part(quantity, "code"))] if coded else []) + [text(part(quantity, "unit"))]
    return [plain_unit(unit) for unit in told if unit is not None]


@cache
def _loinc() -> dict[str, str]:
    return {code: one.npu for one in analytes().analyte for code in one.read}


@cache
def _units() -> dict[str, dict[str, Accepted]]:
    return {
        one.npu: {plain_unit(spelled): unit for unit in one.units for spelled in unit.ucum}
        for one in analytes().analyte
    }
