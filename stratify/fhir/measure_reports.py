"""Quality targets as FHIR R4 MeasureReports of type summary, plain dicts; what may not be shown is marked, not guessed.

A hidden count has no number and the reason `masked` in its place; what the source cannot tell has `unsupported`. A
population's count is of people or stays. Years lived and expected events are neither: the denominator of a rate or a
ratio has no count (`not-applicable`) and stands beside as a quantity (`MEASURED_OVER`), the value in `measureScore`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from stratify.fhir.measure_words import WORDS, Language
from stratify.fhir.narrative import div

MEASURES = "urn:stratify:measure"
POPULATIONS = "urn:stratify:measure-population"
MEASURED_OVER = "urn:stratify:measured-over"
MEASURE_POPULATION = "http://terminology.hl7.org/CodeSystem/measure-population"
IMPROVEMENT = "http://terminology.hl7.org/CodeSystem/measure-improvement-notation"
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
UCUM = "http://unitsofmeasure.org"
PER_1000_YEARS = "10*-3/a"
NOTATION = {
    "lower": ("decrease", "Decreased score indicates improvement"),
    "higher": ("increase", "Increased score indicates improvement"),
}
DIGITS = 4
Target = Mapping[str, Any]


def measure_reports(
    summaries: Iterable[Target], *, reported_on: str, id_of: Callable[..., str], language: Language
) -> list[dict[str, Any]]:
    """Return a report of each target in one line (`stratify.quality.summary`).

    reported_on: the day the data were delivered. id_of: makes an id of words, always the same one of the same words.
    """
    return [_report(one, reported_on, id_of, language) for one in summaries]


def _report(target: Target, reported_on: str, id_of: Callable[..., str], language: Language) -> dict[str, Any]:
    words, name, period = WORDS[language], target["name"][language], str(target["period"])
    populations = ((MEASURE_POPULATION, "numerator"), (MEASURE_POPULATION, "denominator"), (POPULATIONS, "unknown"))
    group: dict[str, Any] = {
        "code": {"text": name},
        "population": [_population(system, code, target, words) for system, code in populations],
    }
    score = _score(target, words)
    if score is not None:
        group["measureScore"] = score
    found: dict[str, Any] = {
        "resourceType": "MeasureReport",
        "id": id_of("MeasureReport", target["id"], period, reported_on),
        "language": language,
        "text": {"status": "additional", "div": div([(f"{name}, {period}", _lines(target, language))])},
        "status": "complete" if target["mature"] or target["status"] == "not_measurable" else "pending",
        "type": "summary",
        "measure": f"{MEASURES}:{target['id']}",
        "date": reported_on,
        "period": {"start": period, "end": period},  # a year, all of it
        "group": [group],
    }
    code, display = NOTATION[target["direction"]]
    found["improvementNotation"] = {"coding": [{"system": IMPROVEMENT, "code": code, "display": display}]}
    return found


def _population(system: str, code: str, target: Target, words: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"code": {"coding": [{"system": system, "code": code}], "text": words[code]}}
    count = target[code]
    if count is None:
        return found | {"_count": _absent(target)}
    if code == "denominator" and target["unit"] != "share":
        over = ("years", "a") if target["unit"] == "rate" else ("expected", "1")
        quantity = {"value": count, "unit": words[over[0]], "system": UCUM, "code": over[1]}
        absent = {"extension": [{"url": ABSENT, "valueCode": "not-applicable"}]}
        return found | {"extension": [{"url": MEASURED_OVER, "valueQuantity": quantity}], "_count": absent}
    return found | {"count": int(count)}


def _score(target: Target, words: Mapping[str, str]) -> dict[str, Any] | None:
    if target["value"] is None:  # of nobody there is none
        return _absent(target) if target["numerator"] is None else None
    told: dict[str, Any] = {"value": round(target["value"], DIGITS)}
    if target["unit"] == "rate":
        told |= {"unit": words["per"].strip(), "system": UCUM, "code": PER_1000_YEARS}
    return told


def _absent(target: Target) -> dict[str, Any]:
    """Return why a count is not there: few people, or a source or a period that cannot tell."""
    cannot = "unsupported" if target["status"] == "not_measurable" else "unknown"
    return {"extension": [{"url": ABSENT, "valueCode": "masked" if target["suppressed"] else cannot}]}


def _lines(target: Target, language: Language) -> list[str]:
    words = WORDS[language]
    per = words["per"] if target["unit"] == "rate" else ""
    lines = [words[target["status"]]]
    if target["numerator"] is None:
        unmeasured = "unmeasured" if target["status"] == "not_measurable" else "immature"
        lines.append(words["masked" if target["suppressed"] else unmeasured])
    else:
        whole = int(target["denominator"]) if target["unit"] == "share" else round(target["denominator"], 1)
        denominator = _danish(str(whole)) if language == "da" else str(whole)
        unknown = words["masked"] if target["unknown"] is None else target["unknown"]
        told = {"numerator": target["numerator"], "denominator": denominator, "unknown": unknown}
        lines.append(words[target["unit"]].format(**told))
    if target["interval"] is not None:
        low, high = (_told(one, target, language) for one in target["interval"])
        lines.append(words["interval"].format(low=low, high=high, per=per))
    if target["standard"] is not None:
        lines.append(words["standard"].format(standard=_told(target["standard"], target, language), per=per))
    return lines


def _told(value: float, target: Target, language: Language) -> str:
    told = f"{value * 100:.1f} %" if target["unit"] == "share" else f"{value:.2f}"
    return _danish(told) if language == "da" else told


def _danish(told: str) -> str:
    return told.replace(".", ",")
