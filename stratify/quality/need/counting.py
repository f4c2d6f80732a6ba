"""Everything of need and activity counted on one bucket of the store: plain sums, so that buckets can be added up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from stratify.catalogue import Catalogue
from stratify.quality.case_mix import OUTCOMES, Risks
from stratify.quality.need.activity import acute_contacts, admissions
from stratify.quality.need.chain import chain
from stratify.quality.need.expected import need
from stratify.quality.need.ground import Frame, Ground
from stratify.quality.need.looks import looks
from stratify.quality.need.records import Admissions
from stratify.quality.need.uses import uses
from stratify.store.read import Store

Counts = dict[str, NDArray[Any]]


def count_bucket(
    store: Store,
    catalogue: Catalogue,
    number: int,
    frame: Frame,
    scores: Mapping[int, Risks],
    strata: Mapping[int, str],
) -> Counts:
    """Return every table of one bucket that its source can tell, by name.

    scores: risks by year of the landmark. strata: of those scored on the 1 January of `frame.looks`.
    """
    ground = Ground(frame, store, catalogue, number)
    found: Counts = {}
    told = {key: catalogue.outcomes[key] for key in OUTCOMES if key in catalogue.outcomes}
    if store.has("stay"):
        rows = Admissions.of(store, number)
        found |= need(ground, told, scores) | admissions(ground, rows)
        if store.measurable["acute"]:
            found |= chain(ground, rows)
    if store.has("contact") and store.measurable["acute"]:
        found |= acute_contacts(ground)
    return found | uses(ground) | looks(ground, strata)


def add(found: Counts, other: Mapping[str, NDArray[Any]]) -> None:
    """Add what another bucket came to."""
    for name, values in other.items():
        found[name] = found[name] + values if name in found else values
