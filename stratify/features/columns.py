"""The columns of the matrix: each declared family written out into single columns, in a fixed order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from stratify.catalogue import Catalogue
from stratify.catalogue.entries import Aggregate, FeatureFamily, FeatureGroup, Text
from stratify.errors import CatalogueError
from stratify.registers.uses import use_of

EVER = 40_000  # days: longer than any life
WORDS: dict[str, tuple[str, str]] = {
    "count": ("antal", "number"),
    "any": ("ja/nej", "yes/no"),
    "sum": ("sum", "sum"),
    "last": ("seneste", "latest"),
    "days_since": ("dage siden", "days since"),
}


@dataclass(frozen=True)
class Column:
    """One column: where it comes from and what to call it."""

    id: str
    family: FeatureFamily
    group: FeatureGroup
    aggregate: Aggregate | None
    window: int | None

    def as_dict(self) -> dict[str, Any]:
        """Return the column for `columns.json`: what a model, a card and a page need to know of it."""
        fallback = self.family.fallback.get(self.aggregate, "missing") if self.aggregate else "missing"
        return {
            "id": self.id,
            "label": self._label().model_dump(),
            "clinical_group": self.family.clinical_group.model_dump(),
            "unit": "days" if self.aggregate == "days_since" else self.family.unit,
            "role": self.family.role,
            "source_use": use_of(self.family.domain),
            "fallback": fallback,
        }

    def _label(self) -> Text:
        if self.aggregate is None or self.family.per != "group":
            return self.group.name
        da, en = WORDS[self.aggregate]
        if self.aggregate == "days_since" or self.window is None:
            return Text(da=f"{self.group.name.da}: {da}", en=f"{self.group.name.en}: {en}")
        years = {365: ("1 år", "1 year"), 1825: ("5 år", "5 years")}
        span_da, span_en = years.get(self.window, (f"{self.window} dage", f"{self.window} days"))
        return Text(da=f"{self.group.name.da}: {da}, {span_da}", en=f"{self.group.name.en}: {en}, {span_en}")


def columns(catalogue: Catalogue) -> list[Column]:
    """Return every column of the catalogue's feature families, in the order of families, groups and windows.

    Raises CatalogueError (exit 10) when two families give a column the same name.
    """
    found = [column for family in catalogue.features.values() for column in _family(family, catalogue)]
    if twice := sorted(name for name, times in Counter(column.id for column in found).items() if times > 1):
        raise CatalogueError("columns with the same name:", twice)
    return found


def _family(family: FeatureFamily, catalogue: Catalogue) -> Iterator[Column]:
    for group in groups(family, catalogue):
        if family.domain == "person" or family.per != "group":
            yield Column(f"{family.id}_{group.id}", family, group, None, None)
            continue
        for aggregate in family.aggregates:
            if aggregate in ("last", "days_since"):  # the longest window: nested ones would repeat it
                yield Column(f"{family.id}_{group.id}_{aggregate}", family, group, aggregate, family.windows[-1])
                continue
            for window in family.windows:
                yield Column(f"{family.id}_{group.id}_{aggregate}_{window}", family, group, aggregate, window)


def groups(family: FeatureFamily, catalogue: Catalogue) -> tuple[FeatureGroup, ...]:
    """Return a family's groups: its own, one per condition, or one per weighting of its index."""
    if family.per == "condition":
        return tuple(FeatureGroup(id=c.id, name=c.name, codes=(c.id,)) for c in catalogue.conditions.values())
    if family.index is not None:
        index = catalogue.indices[family.index]
        told = {w: Text(da=f"{family.name.da} ({w})", en=f"{family.name.en} ({w})") for w in index.weightings}
        return tuple(FeatureGroup(id=w, name=name) for w, name in told.items())
    return family.group
