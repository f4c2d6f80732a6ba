"""How many places and units there are in a period, and under what terms a list of people may be made: a file in TOML.

[offers]                # places in the period; an offer that is not named is not planned
telekol = 40
[bridges]               # units; a bridge that is not named is not limited
interpreter = 25
[per_person]
offers = 2              # at most so many to one person
[list]                  # without it, counts alone
legal_basis = "..."
responsible_unit = "..."
purpose = "..."
until = 2026-12-31      # the list may not be made after this day
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from stratify.catalogue import Catalogue
from stratify.errors import UsageError, did_you_mean
from stratify.terms import TERMS, named_terms, problems_of_terms

SECTIONS = ("offers", "bridges", "per_person", "list")
NO_PLACES = {
    "duty": "is a duty: it can be neither declined nor counted out; leave it out",
    "enabler": "is no offer of its own but helps others; count its bridge under [bridges]",
}


@dataclass(frozen=True)
class Capacity:
    """What a file says: places by offer, units by bridge, the most offers to one person, and the terms of a list."""

    offers: Mapping[str, int]
    bridges: Mapping[str, int] = field(default_factory=dict)
    per_person: int | None = None
    terms: Mapping[str, str] = field(default_factory=dict)

    def lacking(self) -> list[str]:
        """Return which terms of a list are not named."""
        return [one for one in TERMS if one not in self.terms]


def read_capacity(path: Path, catalogue: Catalogue, today: date) -> Capacity:
    """Return what a file says. UsageError with every problem where it is not there, or says what cannot be."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"--capacity needs a TOML file, got {path}, which is not there") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, IsADirectoryError) as error:
        raise UsageError(f"--capacity: {path.name} cannot be read as TOML: {error}") from None
    problems = [f"[{one}]: no such section{did_you_mean(one, SECTIONS)}" for one in told if one not in SECTIONS]
    tables = {one: told.get(one, {}) for one in SECTIONS}
    problems += [f"[{one}]: needs a table of names and values" for one in SECTIONS if not isinstance(tables[one], dict)]
    tables = {one: table if isinstance(table, dict) else {} for one, table in tables.items()}
    offers = {key: one.kind for key, one in catalogue.offers.items()}
    problems += _counts("offers", tables["offers"], [key for key, kind in offers.items() if kind == "offer"], offers)
    problems += _counts("bridges", tables["bridges"], catalogue.bridges, {})
    problems += _per_person(tables["per_person"])
    problems += problems_of_terms("list", tables["list"], today)
    if not tables["offers"] and not problems:
        problems.append("[offers]: no offer has a capacity; name at least one, as: medgennemgang = 40")
    if problems:
        raise UsageError(f"{path.name}: {len(problems)} problem(s):", problems)
    return Capacity(
        dict(sorted(tables["offers"].items())),
        dict(sorted(tables["bridges"].items())),
        tables["per_person"].get("offers"),
        named_terms(tables["list"]),
    )


def _counts(section: str, table: Mapping[str, Any], known: Iterable[str], kinds: Mapping[str, str]) -> list[str]:
    """Return a problem for each name that has no places, and for each number that is none."""
    names, problems = list(known), []
    for name, value in table.items():
        where = f"[{section}] {name}"
        if name not in names:
            why = NO_PLACES.get(kinds.get(name, ""))
            problems.append(f"{where}: {why}" if why else f"{where}: no such {section[:-1]}{did_you_mean(name, names)}")
        if not _whole(value) or value < 0:
            problems.append(f"{where}: needs a whole number, 0 or more, got {value!r}")
    return problems


def _per_person(table: Mapping[str, Any]) -> list[str]:
    problems = [f"[per_person] {one}: unknown key{did_you_mean(one, ['offers'])}" for one in table if one != "offers"]
    value = table.get("offers", 1)
    if not _whole(value) or value < 1:
        problems.append(f"[per_person] offers: needs a whole number, 1 or more, got {value!r}")
    return problems


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
