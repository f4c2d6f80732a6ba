"""The patient of a chart: who it is, and whether something belongs to them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from stratify.fhir.elements import Resource, items, part, text
from stratify.fhir.refusal import ChartRefusedError
from stratify.fhir.when import When, read_when

SEX = {"male": 1, "female": 2}  # as the store has it; 0 is not told
_REFERENCE = re.compile(r"(?P<base>.*?)/?Patient/(?P<id>[A-Za-z0-9.-]{1,64})(?:/_history/[^/]+)?")


@dataclass(frozen=True)
class Patient:
    """Who the chart is of; `bases` are the servers that references have named so far."""

    id: str | None = field(repr=False)
    identifiers: tuple[tuple[str, str], ...] = field(repr=False)
    birth: When = field(repr=False)
    sex: int
    bases: set[str] = field(default_factory=set, repr=False)

    def refuse_others(self, subject: Any) -> None:
        """Raise ChartRefusedError unless a reference is to this patient, on the one server that others name too."""
        reference = part(subject, "reference")
        if isinstance(reference, str) and len(reference) < _LONGEST and (found := _REFERENCE.fullmatch(reference)):
            self.bases.update({found["base"]} - {""})
            if self.id is None:
                raise ChartRefusedError("nobodys")
            if found["id"] != self.id or len(self.bases) > 1:
                raise ChartRefusedError("other_patient")
            return
        pair = _pair(part(subject, "identifier"))
        if reference is not None or pair is None:
            raise ChartRefusedError("nobodys")
        same = [value for system, value in self.identifiers if system == pair[0]]
        if not same:
            raise ChartRefusedError("nobodys")
        if _plain(pair[1]) not in map(_plain, same):
            raise ChartRefusedError("other_patient")


_LONGEST = 500  # characters of a reference


def read_patient(found: Sequence[Resource]) -> Patient:
    """Return the patient of a chart. Raises ChartRefusedError where there is none, or nobody to be scored."""
    if not found:
        raise ChartRefusedError("missing", "patient")
    one = found[0]
    if any(other.get("id") != one.get("id") for other in found[1:]):
        raise ChartRefusedError("other_patient")
    if one.get("deceasedBoolean") not in (None, False) or one.get("deceasedDateTime") is not None:
        raise ChartRefusedError("deceased")
    replaced = any(link.get("type") == "replaced-by" for link in items(one.get("link")))
    if one.get("active") is False or replaced or one.get("modifierExtension") or one.get("implicitRules"):
        raise ChartRefusedError("not_in_use")
    birth = read_when(one.get("birthDate"))
    if birth is None:
        raise ChartRefusedError("no_birth_date")
    pairs = [_pair(named) for named in items(one.get("identifier")) if named.get("use") != "old"]
    known = tuple(dict.fromkeys(pair for pair in pairs if pair is not None))
    return Patient(text(one.get("id")), known, birth, SEX.get(str(one.get("gender")), 0))


def _pair(identifier: Any) -> tuple[str, str] | None:
    system, value = text(part(identifier, "system")), text(part(identifier, "value"))
    return None if system is None or value is None else (system, value)


def _plain(value: str) -> str:
    return value.replace("-", "").replace(" ", "")
