"""Returns examples of quality targets, their follow-up, cases and questions, of people and units that are made up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from service.cds_hooks.words import Language
from service.fhir.examples import FOUND, TARGETS
from service.questions import QUESTIONS
from stratify.quality.proposing import LOOK

Made = Callable[[Language], Any]
UNIT = {"level": "hospital", "unit": "Horsens"}
PATIENT = {"system": "urn:stratify:synthetic", "value": "000000000042"}
TARGET = TARGETS[0]
TRIED: dict[Language, str] = {
    "da": "Prøven bestilles, når kontrollen aftales",
    "en": "The test is ordered when the check-up is booked",
}
FOUND_OUT: dict[Language, str] = {
    "da": "Svaret lå i laboratoriets eget system",
    "en": "The result lay in the laboratory's own system",
}
WHY: dict[Language, str] = {"da": "intet HbA1c i året", "en": "no HbA1c in the year"}
MOMENT = "2026-11-27T09:12:03.120+00:00"
SERIES = {
    "step": 3, "numerator": [12, None, 9], "denominator": [150.0, None, 148.0], "unknown": [60, None, 64],
    "value": [0.08, None, 0.060811], "low": [0.046, None, 0.0323], "high": [0.135, None, 0.1118],
    "hidden": [False, True, False],
    "chart": {"kind": "p", "sigma_z": None, "centre": [0.0705] * 3, "lower": [0.0078, 0.0, 0.0074],
              "upper": [0.1332, 1.0, 0.1336], "flagged": {}, "runs": []},
    "facts": {"standard": "met", "year": 2025, "variation": "too_few", "assurance": "none", "signal": None, "points": 2,
              "false_alarms": {"latest": 0.0022, "any": 0.0374}},
}  # fmt: skip
TOLD = {
    "id": TARGET["id"], "name": TARGET["name"], "unit": "share", "direction": "lower", "standard": 0.2, "chosen": True,
    "status": "measured", "periods": {"3": ["2025-Q1", "2025-Q2", "2025-Q3"], "12": ["2025"]},
    "series": {"hospital": {"Horsens": SERIES}},
}  # fmt: skip
PROPOSAL = {
    "target": TARGET["id"], "name": TARGET["name"], **UNIT,
    "reasons": [{"because": "standard", "since": "2024"}, {"because": "concern", "since": "2025-Q2"}],
    "owner_role": "hospital_management", "standard": 0.2, "value": 0.31, "period": "2025",
    "look_first": [{"id": one, "text": LOOK[one], "points_to_it": one == "real_change"}
                   for one in ("real_change", "registration_fault", "case_mix")],
}  # fmt: skip
ACTION_OF_A_UNIT = {
    "target": TARGET["id"], **UNIT, "opened_because": "standard", "due": "2026-12-11", "goal": 0.2,
    "owner_role": "hospital_management",
}  # fmt: skip


def _example(language: Language) -> Any:
    figures = {"baseline": 0.31, "baseline_period": "2024", "now": 0.18, "now_period": "2025", "held_on": MOMENT[:10]}
    whose = {"da": "et hospital", "en": "a hospital"}
    return {"level": "hospital", "unit": None, "whose": whose, "tried": TRIED[language], **figures}


def _cause(language: Language) -> Any:
    return {"cause": "registration_fault", "text": FOUND_OUT[language], "at": MOMENT, "user": "q3"}


def _cases(language: Language) -> Any:
    case = {"number": 1, "patient": PATIENT, "period": "2025", "day": "2025-03-01", "state": "unknown"}
    return {
        "target": TARGET["id"], **UNIT, "period": "2025", "purpose": "why HbA1c rose", "covers_to": FOUND["data_as_of"],
        "legal_basis": "sundhedsloven § 42 d", "responsible_unit": "Horsens", "ends": "2026-12-31",
        "cases": [{**case, "why": WHY[language], "cause": _cause(language)}],
        "causes": {"cases_with_a_cause": 20, "registration_faults": 6, "registration_fault_share": 0.3, "counts": None},
        "last": 1, "more": False,
    }  # fmt: skip


ANSWER = {"question": "shared_decision", "value": 5, "at": "choice"}
ASKED: dict[str, dict[str, Made]] = {
    "/v1/answers": {"": lambda _: {"patient": PATIENT, "purpose": "TREAT", **ANSWER}},
    "/v1/targets/{target}/cases:cause": {"": lambda one: {
        "patient": PATIENT, "purpose": "HQUALIMP", **UNIT, "period": "2025", "day": "2025-03-01",
        "cause": "registration_fault", "text": FOUND_OUT[one]}},
}  # fmt: skip
ANSWERED: dict[str, dict[str, Made]] = {
    "/v1/targets": {"": lambda _: {"targets": TARGETS, "data_as_of": FOUND["data_as_of"]}},
    "/v1/targets:proposals": {"": lambda _: {"proposals": [PROPOSAL], "data_as_of": FOUND["data_as_of"]}},
    "/v1/targets/{target}": {"": lambda _: {"target": TARGET, "told": TOLD, "proposals": [PROPOSAL],
                                            "data_as_of": FOUND["data_as_of"]}},
    "/v1/targets/{target}/examples": {"": lambda one: {"examples": [_example(one)]}},
    "/v1/targets/{target}/cases": {"": _cases},
    "/v1/targets/{target}/cases:cause": {"": lambda one: {"cause": _cause(one)}},
    "/v1/questions": {"": lambda _: {"questions": [one.model_dump(mode="json") for one in QUESTIONS]}},
    "/v1/answers": {"": lambda _: {**ANSWER, "said_on": MOMENT}},
}  # fmt: skip
