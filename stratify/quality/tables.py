"""The tables that a catalogue's targets read of one bucket, no more of each than they ask for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stratify.catalogue.entries import Target
from stratify.quality.columns import Tables
from stratify.quality.parameters import (
    ContactParameters,
    DuringStayParameters,
    ElementsParameters,
    LabParameters,
    TreatedParameters,
)
from stratify.store.read import Store

STAY = ("person", "day", "start_min", "end_min", "end_day", "acute", "care", "admission", "unit_first", "unit_last",
        "first_code")  # fmt: skip
NEEDS = {
    "readmission": ("stay",),
    "contact_after_discharge": ("stay", "contact"),
    "death_after_admission": ("stay",),
    "during_stay": ("stay",),
    "last_lab_value": ("lab",),
    "treated_after_value": ("lab", "drug"),
    "admission_rate": ("stay",),
}
BEHIND = 2 * 731  # days before the first month that windows reach back


def read_tables(store: Store, bucket: int, targets: Iterable[Target], since: int) -> Tables:
    """Return the rows that these targets can count in the months from the day `since` on, by domain.

    Rows are cut down to the codes and kinds that any target asks for; texts come as texts of fixed length.
    """
    asked = [one.parameters for one in targets]
    lab = {code for one in asked if isinstance(one, LabParameters | TreatedParameters) for code in one.codes}
    parts = [part for one in asked if isinstance(one, ElementsParameters) for part in one.elements]
    lab |= {code for part in parts for code in part.lab}
    service = {code for part in parts for code in part.services}
    drug = {code for one in asked if isinstance(one, TreatedParameters) for code in one.drugs}
    contacts = [one for one in asked if isinstance(one, ContactParameters)]
    care: set[str] = {one.care for one in contacts}
    setting: set[str] = {word for one in contacts for word in one.settings}
    wanted: dict[str, tuple[tuple[str, ...], str]] = {
        "stay": (STAY, "admission"),
        "contact": (("person", "day", "setting", "care"), f"{_among('care', care)} AND {_among('setting', setting)}"),
        "lab": (("person", "day", "code", "value", "comparator"), _among("code", lab)),
        "drug": (("person", "day", "code"), _begins("code", drug)),
        "service": (("person", "day", "code"), _begins("code", service)),
    }
    if any(isinstance(one, DuringStayParameters) for one in asked):
        wanted["coercion"] = (("person", "day", "code"), "true")
    found: dict[str, Mapping[str, NDArray[Any]]] = {}
    for domain, (columns, where) in wanted.items():
        if store.has(domain):
            rows = store.read(domain, columns, bucket=bucket, where=f"day >= {since - BEHIND} AND {where}")
            found[domain] = {name: _fixed(values) for name, values in rows.items()}
    return found


def lacking(store: Store, target: Target) -> str:
    """Return what the source lacks for a target, or nothing."""
    asked = target.parameters
    for domain in NEEDS.get(target.measure, ()):
        if not store.has(domain):
            return f"no {domain} in this source"
    if isinstance(asked, DuringStayParameters) and not store.has(asked.domain):
        return f"no {asked.domain} in this source"
    codes = getattr(asked, "codes", ())
    if isinstance(asked, LabParameters | TreatedParameters) and not set(codes) & _lab_codes(store, codes):
        return "no such laboratory results in this source"
    if isinstance(asked, ElementsParameters):
        untold = [part.en for part in asked.elements if not part.registered() or not _told(store, part)]
        return f"no register in this source tells: {', '.join(untold)}" if untold else ""
    if (target.measure in ("readmission", "death_after_admission") or getattr(asked, "acute", None) is not None) and (
        not store.measurable["acute"]
    ):
        return "the source does not tell acute from planned"
    if getattr(asked, "care", "somatic") == "psychiatric" and not store.measurable["care"]:
        return "the source does not tell psychiatric care"
    return ""


def _told(store: Store, part: Any) -> bool:
    by_lab = part.lab and store.has("lab") and set(part.lab) & _lab_codes(store, part.lab)
    return bool(by_lab or (part.services and store.has("service")))


def _lab_codes(store: Store, codes: Iterable[str]) -> set[str]:
    return set(store.measurable.get("lab_codes", codes))


def _among(column: str, values: set[str]) -> str:
    return f"{column} IN ({', '.join(repr(one) for one in sorted(values))})" if values else "false"


def _begins(column: str, prefixes: set[str]) -> str:
    return "(" + (" OR ".join(f"starts_with({column}, {one!r})" for one in sorted(prefixes)) or "false") + ")"


def _fixed(values: NDArray[Any]) -> NDArray[Any]:
    """Texts of fixed length are compared many times faster than objects; a gap is an empty text."""
    if values.dtype.kind != "O" or any(isinstance(one, bool) for one in values[:50]):
        return values
    return np.array(["" if one is None else one for one in values.tolist()], dtype=np.str_)
