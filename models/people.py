"""People scored by a bundle: what is shown of each outcome, their facts, and what the answer lacks.

The one way from rows of the matrix to what is kept of a person, for everybody at night and for one on the spot: the
same rows and records give the same bits. Loads no pandas, scikit-learn or pyarrow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.bundle import Bundle
from models.declared import load_declared
from models.shown import Shown, shown_risks
from stratify.care.fill import people_of
from stratify.care.people import People
from stratify.catalogue import Catalogue
from stratify.catalogue.load import MODEL_KINDS
from stratify.cohort import years_old
from stratify.errors import BundleError
from stratify.features.kernel import Floats, Ints
from stratify.indexed import INDEX
from stratify.store.records import Records

Bools = NDArray[np.bool_]
Column = Mapping[str, Any]
A_YEAR = 365  # days resident below which a record is thin
GAPS = (
    ("drug", "medicin", "medicine"),
    ("lab", "blodprøver", "laboratory results"),
)  # domains whose lack is told: da, en


@dataclass(frozen=True)
class ScoredPeople:
    """Rows of one landmark scored: their cells in the order of the bundle's columns, risks, facts, days resident."""

    cells: Floats
    shown: Mapping[str, Shown]
    people: People
    resident: Floats
    _records: Records
    _catalogue: Catalogue

    def body(self, row: int) -> dict[str, Any]:
        """Return what is kept of a person, JSON-ready: risks, what is missing, and facts."""
        return {"risks": self._risks(row), "missing": self.missing(row), "facts": self.people.words(row)}

    def _risks(self, row: int) -> list[dict[str, Any]]:
        return [
            {
                "outcome": key,
                "population": told.populations[told.population[row]],
                "risk": float(told.risk[row]),
                "horizon_days": self._catalogue.outcomes[key].horizon_days,
            }
            for key, told in self.shown.items()
            if told.population[row] >= 0
        ]

    def missing(self, row: int) -> list[dict[str, Any]]:
        """Return what the answer lacks: what the source cannot tell, outcomes without a model, a thin record."""
        records, catalogue = self._records, self._catalogue
        told = [
            (domain, f"Kilden har ikke {da}.", f"The source has no {en}.")
            for domain, da, en in GAPS
            if not records.has(domain)
        ]
        if records.has("drug") and not records.measurable.get("drug_codes", True):
            words = "Kilden fortæller ikke medicin efter ATC.", "The source tells no medicine by ATC."
            told.append(("drug_codes", *words))
        unmeasurable = [catalogue.conditions[key].name for key in records.measurable["not_measurable"]]
        if unmeasurable:
            da, en = (", ".join(getattr(name, language) for name in unmeasurable) for language in ("da", "en"))
            told.append(("conditions", f"Kan ikke ses i denne kilde: {da}.", f"Cannot be seen in this source: {en}."))
        for key in catalogue.outcomes_at("landmark"):
            if key not in self.shown or np.isnan(self.shown[key].risk[row]):
                name = catalogue.outcomes[key].name
                told.append((f"model_{key}", f"Ingen model for: {name.da}.", f"No model for: {name.en}."))
        if self.resident[row] < A_YEAR:
            words = "Har boet her under et år: tynd journal.", "Resident under a year: a thin record."
            told.append(("newcomer", *words))
        return [{"id": key, "text": {"da": da, "en": en}} for key, da, en in told]


@dataclass(frozen=True)
class Scorer:
    """A bundle and the catalogue that its people's facts are told by."""

    bundle: Bundle
    catalogue: Catalogue

    def score(
        self,
        records: Records,
        landmark: int,
        who: Ints,
        cells: Floats,
        names: Sequence[str],
        populations: Mapping[str, Bools],
    ) -> ScoredPeople:
        """Return the people of rows of the matrix scored.

        who: their numbers in `records`; cells [n, len(names)]; populations: who is in which, each bool[n].
        """
        served = cells_of(cells, names, self.bundle.content.columns)
        shown = self.shown(served, populations)
        risks = {key: one.risk for key, one in shown.items()}
        people = facts_of(records, self.catalogue, landmark, who, cells, names, risks)
        place = list(names).index("person_resident_days") if "person_resident_days" in names else None
        resident = np.full(len(who), np.nan) if place is None else cells[:, place]
        return ScoredPeople(served, shown, people, resident, records, self.catalogue)

    def shown(self, served: Floats, populations: Mapping[str, Bools]) -> dict[str, Shown]:
        """Return what is shown of each outcome for rows with the bundle's columns; no part above its whole."""
        wholes = {key: one.part_of for key, one in self.catalogue.outcomes.items() if one.part_of is not None}
        return shown_risks(self.bundle, served, populations, _order(), wholes)

    def refuse_unfit(self, columns: Sequence[Column]) -> None:
        """Raise BundleError where the bundle was trained on other entries, or reads other columns than these."""
        declared = {column["id"]: column for column in [*columns, *load_declared().index_columns()]}
        content = self.bundle.content
        problems = [column["id"] for column in content.columns if declared.get(column["id"]) != column]
        if content.catalogue_digest != self.catalogue.digest_of(*MODEL_KINDS) or problems:
            raise BundleError(
                "the champion was trained on other definitions than these scores would be made with; "
                "run `stratify train` and `stratify promote` first",
                [f"column {name}: not the same" for name in problems],
            )


def facts_of(
    records: Records,
    catalogue: Catalogue,
    landmark: int,
    who: Ints,
    cells: Floats,
    names: Sequence[str],
    risks: Mapping[str, Floats],
) -> People:
    """Return what is known of the people of rows of the matrix on one landmark, with these risks."""
    ages = years_old(records.persons()["birth"][who], landmark)
    return people_of(cells, names, who, catalogue, records, landmark, risks, ages)


def cells_of(cells: Floats, names: Sequence[str], wanted: Sequence[Column]) -> Floats:
    """Return the cells with these columns alone, in this order, as a bundle expects them.

    A landmark has no facts of an index event: their columns are missing.
    """
    place = {name: position for position, name in enumerate(names)}
    found = np.full((len(cells), len(wanted)), np.nan)
    for j, column in enumerate(wanted):
        if not str(column["id"]).startswith(INDEX):
            found[:, j] = cells[:, place[column["id"]]]
    return found


@cache
def _order() -> tuple[str, ...]:
    """The populations, the one whose model is shown first before the others."""
    return tuple(load_declared().populations)
