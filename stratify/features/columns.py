"""The columns of the matrix: each declared family written out into single columns, in a fixed order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from stratify.catalogue import Catalogue
from stratify.catalogue.entries import Aggregate, FeatureFamily, FeatureGroup, Text
from stratify.errors import CatalogueError
from stratify.features.kernel import Ints, Window
from stratify.registers.uses import use_of

EVER = 40_000  # days: longer than any life
WORDS: dict[str, tuple[str, str]] = {
    "count": ("antal", "number"),
    "any": ("ja/nej", "yes/no"),
    "sum": ("sum", "sum"),
    "mean": ("gennemsnit", "mean"),
    "min": ("laveste", "lowest"),
    "max": ("højeste", "highest"),
    "last": ("seneste", "latest"),
    "first": ("tidligste", "earliest"),
    "first_seen": ("ny", "new"),
    "distinct": ("antal forskellige", "number of different ones"),
    "slope": ("ændring pr. år", "change per year"),
    "rate": ("pr. år", "per year"),
    "trend": ("udvikling", "trend"),
    "days_since": ("dage siden", "days since"),
    "days_within": ("dage", "days"),
}


@dataclass(frozen=True)
class Column:
    """One column: where it comes from and what to call it."""

    id: str
    family: FeatureFamily
    group: FeatureGroup
    aggregate: Aggregate | None
    window: Window | None

    def as_dict(self) -> dict[str, Any]:
        """Return the column for `columns.json`: what a model, a card and a page need to know of it."""
        fallback = self.family.fallback.get(self.aggregate, "missing") if self.aggregate else "missing"
        return {
            "id": self.id,
            "label": self._label().model_dump(),
            "clinical_group": self.family.clinical_group.model_dump(),
            "unit": self._unit(),
            "role": self.family.role,
            "set": self.family.set,
            "source_use": use_of(self.family.domain),
            "fallback": fallback,
        }

    def _unit(self) -> str:
        if self.family.domain == "person":
            return {"age": "years", "female": "yes/no", "newcomer": "yes/no"}.get(self.group.id, "days")
        if self.aggregate == "slope":
            return f"{self.family.unit} per year"
        if self.aggregate == "rate":
            return "events per year"
        if self.aggregate == "count" and self.family.domain == "lab":
            return "measurements"
        return _UNITS.get(self.aggregate or "", self.family.unit)

    def _label(self) -> Text:
        if self.aggregate is None or self.family.per != "group":
            return self.group.name
        da, en = WORDS[self.aggregate]
        if self.aggregate == "days_since" or self.window is None:
            return Text(da=f"{self.group.name.da}: {da}", en=f"{self.group.name.en}: {en}")
        span_da, span_en = _span(self.window)
        return Text(da=f"{self.group.name.da}: {da}, {span_da}", en=f"{self.group.name.en}: {en}, {span_en}")


_UNITS = {"days_since": "days", "first_seen": "yes/no", "any": "yes/no", "distinct": "different ones", "trend": "ratio",
          "days_within": "days"}  # fmt: skip


def _span(window: Window) -> tuple[str, str]:
    years = {365: ("1 år", "1 year"), 1825: ("5 år", "5 years"), 36525: ("nogensinde", "ever")}
    told = f"{window}" if isinstance(window, int) else f"{window[0]}-{window[1]}"
    return (
        years.get(window, (f"{told} dage", f"{told} days"))
        if isinstance(window, int)
        else (f"{told} dage", f"{told} days")
    )


def longest(family: FeatureFamily) -> int:
    """Return a family's longest window in days."""
    return max(window for window in family.windows if isinstance(window, int))


def windows(family: FeatureFamily) -> list[Window]:
    """Return every window a family's columns look through."""
    return [*family.windows, *family.trends]


@lru_cache(maxsize=4)
def columns(catalogue: Catalogue) -> tuple[Column, ...]:
    """Return every column of the catalogue's feature families, in the order of families, groups and windows.

    Raises CatalogueError (exit 10) when two families give a column the same name.
    """
    found = tuple(column for family in catalogue.features.values() for column in _family(family, catalogue))
    if twice := sorted(name for name, times in Counter(column.id for column in found).items() if times > 1):
        raise CatalogueError("columns with the same name:", twice)
    return found


@dataclass(frozen=True)
class Asked:
    """Columns of one family, aggregate and window, one for each of its groups; and their places among all columns."""

    columns: tuple[Column, ...]
    places: Ints


@lru_cache(maxsize=4)
def asked(catalogue: Catalogue) -> dict[str, tuple[Asked, ...]]:
    """Return the columns as they are made: by family, all of its groups at once; families and groups in their order."""
    alike: dict[tuple[str, Any, Any], list[tuple[int, Column]]] = {}
    for place, column in enumerate(columns(catalogue)):
        alike.setdefault((column.family.id, column.aggregate, column.window), []).append((place, column))
    found: dict[str, list[Asked]] = {}
    for (family, *_), of in alike.items():
        places, made = zip(*of, strict=True)
        found.setdefault(family, []).append(Asked(made, np.array(places)))
    return {family: tuple(of) for family, of in found.items()}


def _family(family: FeatureFamily, catalogue: Catalogue) -> Iterator[Column]:
    for group in groups(family, catalogue):
        if family.domain == "person" or family.per != "group":
            yield Column(f"{family.id}_{group.id}", family, group, None, None)
            continue
        for aggregate in family.aggregates:
            if aggregate in ("last", "days_since"):  # the longest window: nested ones would repeat it
                yield Column(f"{family.id}_{group.id}_{aggregate}", family, group, aggregate, longest(family))
                continue
            for window in _told(family, aggregate):
                told = window if isinstance(window, int) else f"{window[0]}_{window[1]}"
                yield Column(f"{family.id}_{group.id}_{aggregate}_{told}", family, group, aggregate, window)


def _told(family: FeatureFamily, aggregate: Aggregate) -> tuple[Window, ...]:
    """The windows an aggregate has columns for; new in the longest one is what `any` says of it."""
    if aggregate == "trend":
        return family.trends
    return tuple(w for w in family.windows if aggregate != "first_seen" or w != longest(family))


def groups(family: FeatureFamily, catalogue: Catalogue) -> tuple[FeatureGroup, ...]:
    """Return a family's groups: its own, one per condition, or one per weighting of its index."""
    if family.per == "condition":
        return tuple(FeatureGroup(id=c.id, name=c.name, codes=(c.id,)) for c in catalogue.conditions.values())
    if family.index is not None:
        index = catalogue.indices[family.index]
        told = {w: Text(da=f"{family.name.da} ({w})", en=f"{family.name.en} ({w})") for w in index.weightings}
        return tuple(FeatureGroup(id=w, name=name) for w, name in told.items())
    return family.group or tuple(FeatureGroup(id=flag.id, name=flag.name) for flag in family.flag)
