"""Returns the quality targets as MeasureReports of type summary; what may not be shown is marked, never guessed at.

A hidden count has no number and the reason `masked` in its place; what the source cannot tell has `unsupported`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from service.cds_hooks.words import Language
from service.fhir.about import Ids, said
from service.fhir.narrative import narrative
from service.fhir.resources import MeasuredGroup, MeasuredPopulation, MeasureReport
from service.fhir.systems import ABSENT, IMPROVEMENT, MEASURE_POPULATION, MEASURES, POPULATIONS
from service.fhir.types import Absent, CodeableConcept, Coding, Extension, Meta, Period, Quantity
from service.fhir.words import WORDS
from service.schemas import Target

NOTATION = {
    "lower": ("decrease", "Decreased score indicates improvement"),
    "higher": ("increase", "Increased score indicates improvement"),
}
DIGITS = 4


def measure_reports(
    targets: Iterable[Target], reported_on: str, ids: Ids, meta: Meta | None, language: Language
) -> list[MeasureReport]:
    """Return a report of each target. reported_on: the day the data were delivered."""
    return [_report(one, reported_on, ids, meta, language) for one in targets]


def chosen(targets: Sequence[Target], measure: str | None, period: str | None) -> list[Target]:
    """Return the targets of a measure (id, or canonical) and of a period, where these are given."""
    name = None if measure is None else measure.removeprefix(f"{MEASURES}:")
    return [one for one in targets if name in (None, one.id) and period in (None, str(one.period))]


def _report(target: Target, reported_on: str, ids: Ids, meta: Meta | None, language: Language) -> MeasureReport:
    words = WORDS[language]
    name = said(target.name, language)
    notation = NOTATION.get(target.direction or "")
    return MeasureReport(
        id=ids.of("MeasureReport", target.id, str(target.period), reported_on),
        meta=meta,
        language=language,
        text=narrative([(f"{name}, {target.period}", _lines(target, language))], "additional"),
        status="complete" if target.mature or target.status == "not_measurable" else "pending",
        measure=f"{MEASURES}:{target.id}",
        date=reported_on,
        period=Period(start=str(target.period), end=str(target.period)),  # a year, all of it
        improvement_notation=notation
        and CodeableConcept(coding=[Coding(system=IMPROVEMENT, code=notation[0], display=notation[1])]),
        group=[
            MeasuredGroup(
                code=CodeableConcept(text=name),
                population=[
                    _population(MEASURE_POPULATION, "numerator", target.numerator, target, words["numerator"]),
                    _population(MEASURE_POPULATION, "denominator", target.denominator, target, words["denominator"]),
                    _population(POPULATIONS, "unknown", target.unknown, target, words["unknown"]),
                ],
                measure_score=_score(target),
            )
        ],
    )


def _population(system: str, code: str, count: int | None, target: Target, words: str) -> MeasuredPopulation:
    return MeasuredPopulation(
        code=CodeableConcept(coding=[Coding(system=system, code=code)], text=words),
        count=count,
        count_absent=Absent(extension=[_reason(target)]) if count is None else None,
    )


def _score(target: Target) -> Quantity | None:
    if target.value is not None:
        return Quantity(value=round(target.value, DIGITS))
    return Quantity(extension=[_reason(target)]) if target.numerator is None else None  # a share of nobody is none


def _reason(target: Target) -> Extension:
    """Return why a count is not there: few people, or a source or a period that cannot tell."""
    return Extension(url=ABSENT, value_code="masked" if target.suppressed else _cannot(target))


def _cannot(target: Target) -> str:
    return "unsupported" if target.status == "not_measurable" else "unknown"


def _lines(target: Target, language: Language) -> list[str]:
    words = WORDS[language]
    lines = [words[target.status]]
    if target.numerator is None:
        why = "masked" if target.suppressed else "unmeasured" if target.status == "not_measurable" else "immature"
        lines.append(words[why])
    else:
        unknown = words["masked"] if target.unknown is None else target.unknown
        lines.append(
            words["counts"].format(numerator=target.numerator, denominator=target.denominator, unknown=unknown)
        )
    if target.interval is not None:
        low, high = (_told(one, target, language) for one in target.interval)
        lines.append(words["interval"].format(low=low, high=high))
    if target.standard is not None:
        lines.append(words["standard"].format(standard=_told(target.standard, target, language)))
    return lines


def _told(value: float, target: Target, language: Language) -> str:
    told = f"{value * 100:.1f} %" if target.unit == "share" else f"{value:.2f}"
    return told.replace(".", ",") if language == "da" else told
