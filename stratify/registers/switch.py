"""A change of a register's generation: the day, what it touches, and whether a landed source holds both sides of it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

import duckdb
from pydantic import Field

from stratify.catalogue.entries import Shape
from stratify.registers.clock import day_number, read_date

HERE = Path(__file__).parent
FILE = "switch.toml"


class Declared(Shape):
    """A switch as its source declares it."""

    day: date
    domains: tuple[str, ...]
    least_share: float = Field(gt=0, le=1)
    source: str
    provenance: Literal["READ", "RECALL-unverified", "OURS"]
    rationale: str


@dataclass(frozen=True)
class Switch:
    """The first day of the new generation, the domains it touches, and how much of a window must lie after it."""

    day: int
    domains: frozenset[str]
    least_share: float


@cache
def declared(source: str) -> Declared | None:
    """Return the switch of a source's registers, "danish" or "omop"; None where it has none."""
    path = HERE / source / FILE
    return Declared.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def landed(con: duckdb.DuckDBPyConnection, source: str) -> dict[str, Any]:
    """Return what a store tells of the switch: nothing where its contacts lie on one side of it alone."""
    found = declared(source)
    if found is None:
        return {}
    row = con.execute("SELECT min(start_at) < $day AND max(start_at) >= $day FROM contacts", {"day": found.day})
    if not (row.fetchone() or (False,))[0]:
        return {}
    told = {"day": found.day.isoformat(), "domains": list(found.domains), "least_share": found.least_share}
    return {"switch": told}


def of_store(measurable: Mapping[str, Any]) -> Switch | None:
    """Return the switch that a store holds both sides of; None where it does not."""
    told = measurable.get("switch")
    if told is None:
        return None
    return Switch(day_number(read_date(told["day"], "switch")), frozenset(told["domains"]), told["least_share"])
