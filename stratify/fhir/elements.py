"""Taking elements out of a FHIR resource that may hold anything: what is not of the kind it should be is not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Resource = Mapping[str, Any]
LONGEST_CODE = 100  # characters of a code, an id or a system; longer is none of ours


def text(value: Any) -> str | None:
    """Return a short text, None for anything else."""
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST_CODE else None


def part(value: Any, *names: str) -> Any:
    """Return an element by its path, None where some part of it is not there."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def items(value: Any) -> list[Resource]:
    """Return the objects of a list, nothing where it is none."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def codings(concept: Any) -> Iterator[tuple[str, str]]:
    """Yield (system, code) of a CodeableConcept's codings that name both."""
    for one in items(part(concept, "coding")):
        system, code = text(one.get("system")), text(one.get("code"))
        if system is not None and code is not None:
            yield system, code


def code_of(concept: Any) -> str | None:
    """Return the code of a CodeableConcept whose system goes without saying, as that of a status."""
    return next((code for one in items(part(concept, "coding")) if (code := text(one.get("code")))), None)
