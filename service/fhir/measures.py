"""Returns the quality targets as MeasureReports; they are built in `stratify.fhir.measure_reports` and checked here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from service.cds_hooks.words import Language
from service.fhir.about import Ids
from service.fhir.resources import MeasureReport
from service.fhir.systems import MEASURES
from service.fhir.types import Meta
from service.schemas import Target
from stratify.fhir import measure_reports as built


def measure_reports(
    targets: Iterable[Target], reported_on: str, ids: Ids, meta: Meta | None, language: Language
) -> list[MeasureReport]:
    """Return a report of each target. reported_on: the day the data were delivered."""
    summaries = (one.model_dump() for one in targets)
    found = built.measure_reports(summaries, reported_on=reported_on, id_of=ids.of, language=language)
    return [MeasureReport.model_validate({**one, "meta": meta}) for one in found]


def chosen(targets: Sequence[Target], measure: str | None, period: str | None) -> list[Target]:
    """Return the targets of a measure (id, or canonical) and of a period, where these are given."""
    name = None if measure is None else measure.removeprefix(f"{MEASURES}:")
    return [one for one in targets if name in (None, one.id) and period in (None, str(one.period))]
