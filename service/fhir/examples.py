"""Returns examples of answers in Danish and English, made by what makes the answers, of a person who is made up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from service.cds_hooks.words import Language
from service.fhir.about import MADE_UP, About, Ids
from service.fhir.audit_events import audit_events
from service.fhir.capability import capability_statement
from service.fhir.measures import measure_reports
from service.fhir.plan import care_plan
from service.fhir.proposals import service_requests
from service.fhir.resources import Bundle
from service.fhir.risk import provenance, risk_assessments
from service.fhir.searchset import searchset
from service.fhir.types import Resource
from service.said import OVERSIGHT, READING
from service.schemas import Found, Target
from stratify.care.choices import Choice
from stratify.care.plan_text import Told
from stratify.catalogue import Catalogue
from stratify.catalogue.entries import KINDS

ADDRESS = "https://stratify.example/fhir"
KEY = b"of the examples alone, not a key."
TODAY = date(2026, 11, 27)
MODEL = {"bundle_version": "0f3a52c1d9e7", "catalogue_digest": "9b1c" * 16, "landmark": "2026-11-01"}
OFFER = {
    "id": "overbliksstatus",
    "name": {"da": "Overbliksstatus hos egen læge", "en": "Overview consultation with the GP"},
    "kind": "offer",
    "answer": "bridge",
    "reason": None,
    "why": {"da": "Egnet med en bro.", "en": "Suitable with a bridge."},
    "does": {"da": "En længere samtale om alle dine sygdomme.", "en": "A longer talk about all your conditions."},
    "bridges": [
        {
            "bridge": "home_visit",
            "needs": ["attendance"],
            "name": {"da": "besøg i hjemmet", "en": "a visit at home"},
            "by": ["general practice"],
            "burden": {"da": "nogen kommer ind i hjemmet", "en": "somebody comes into the home"},
            "source": "an example",
            "provenance": "READ",
        }
    ],
    "due_days": 30,
    "by": ["general practice"],
    "places": ["gp", "home"],
    "where": [{"place": "gp", "km": 2.4}],
    "evidence": [],
    "evidence_weight": 0,
    "priority": 40,
    "source": "an example",
    "provenance": "READ",
}
FOUND = {
    "data_as_of": "2026-10-31",
    "model": MODEL,
    "oversight": OVERSIGHT,
    "basis": "nightly",
    "scored_on": "2026-11-01",
    "risks": [
        {
            "outcome": "acute_admission_365d",
            "population": "multimorbid",
            "risk": 0.3127,
            "horizon_days": 365,
            "peers": {"risk": 0.214, "people": 412, "sex": "f", "age_from": 75, "age_to": 79},
            "interval": [0.271, 0.342],
        },
    ],
    "reading": READING,
    "missing": [{"id": "hba1c", "text": {"da": "Ingen HbA1c i to år.", "en": "No HbA1c within two years."}}],
    "stratum": {
        "need": {"id": "need_high", "level": 2, "why": []},
        "resources": {"id": "resources_unknown", "level": 0, "why": []},
    },
    "offers": [OFFER],
    "not_indicated": 26,
    "not_asked": 4,
    "safety": [],
    "rights": [{"da": "Et nej kan altid gøres om.", "en": "A no can always be taken back."}],
    "reasons": {
        "acute_admission_365d": [
            {
                "id": "acute_use",
                "group": {"da": "Tidligere akutte indlæggelser", "en": "Earlier acute admissions"},
                "modifiable": "no",
                "why": {"da": "Det er sket.", "en": "It has happened."},
                "direction": "+",
                "contribution": 0.84,
                "columns": [],
            }
        ]
    },
    "conditions": ["t2d"],
}
CARDS = {
    "acute_admission_365d/multimorbid": {
        "name": {"da": "Akut indlæggelse inden for 12 måneder", "en": "Acute admission within 12 months"},
        "event": "stay",
        "population": {"name": {"da": "Voksne med flere sygdomme", "en": "Adults with several diseases"}},
    }
}
ABOUT_ALL = {
    "tier": "core", "kind": "outcome", "chosen": True, "waits": None, "unit": "share", "standard_status": "official",
    "facts": {"variation": "common_cause", "assurance": "consistently_meets", "signal": None}, "lacking": None,
    "suppressed": False, "mature": True, "period": "2025",
}  # fmt: skip
COUNTS = {"numerator": 12, "denominator": 604, "unknown": 260, "value": 0.0199, "interval": [0.011, 0.034]}
HIDDEN: dict[str, Any] = dict.fromkeys(COUNTS)
TARGETS: list[dict[str, Any]] = [
    {**ABOUT_ALL, "id": "dm_hba1c_high", "name": {"da": "Diabetes: højt HbA1c", "en": "Diabetes: high HbA1c"},
     "standard": 0.2, "direction": "lower", "status": "met", **COUNTS},
    {**ABOUT_ALL, "id": "acute_adm_copd_1000", "kind": "outcome", "unit": "rate", "standard": None,
     "standard_status": "none", "direction": "lower", "status": "no_standard", "numerator": 355, "denominator": 585.131,
     "unknown": 0, "value": 606.702, "interval": [545.225, 673.189], "chosen": False,
     "name": {"da": "Akutte indlæggelser ved KOL", "en": "Acute admissions with COPD"}},
    {**ABOUT_ALL, "id": "rare", "name": {"da": "Noget sjældent", "en": "Something rare"}, "standard": 0.8,
     "direction": "higher", "status": "undecided", **HIDDEN, "suppressed": True},
]  # fmt: skip
ROW = {
    "seq": 7, "at": "2026-11-27T09:12:03.120+00:00", "user": "dr", "role": "clinician", "issuer": "urn:idp:region",
    "organisation": "urn:oid:1.2.208.176.1.1", "care_team": "urn:team:7", "action": "RiskAssessment",
    "purpose": "TREAT", "pseudonym": "5b" * 32, "outcome": "found", "basis": "context", "reason": None,
    "criterion": None, "request_id": "0b9f4a6e-4f4e-4a53-8d0c-2d1f5a9b7c11", "model_version": "0f3a52c1d9e7",
}  # fmt: skip


def examples(path: str, language: Language) -> dict[str, Any]:
    """Return an example of the answer at a path of the interface."""
    kind = path.split("/")[2]
    if kind == "metadata":
        return capability_statement(ADDRESS, "0").json_ready()
    return _bundle(kind, *_resources(kind, language)).json_ready()


def _resources(kind: str, language: Language) -> tuple[Sequence[Resource], Sequence[Resource]]:
    """Return what matches, and what is included with it."""
    ids = Ids(KEY)
    if kind == "MeasureReport":
        targets = [Target.model_validate(one) for one in TARGETS]
        return measure_reports(targets, "2026-11-15", ids, MADE_UP, language), ()
    if kind == "AuditEvent":
        return audit_events([ROW], ids), ()
    found = Found.model_validate(FOUND)
    about = About("urn:stratify:synthetic", "000000000042", "5b" * 32, ids, language, made_up=True)
    if kind == "ServiceRequest":
        return service_requests(found, about), ()
    if kind == "CarePlan":
        said = [Choice("overbliksstatus", None, "accept", datetime(2026, 11, 25, 9, tzinfo=UTC))]
        nothing = Catalogue({one: {} for one in KINDS})
        plan = care_plan(found, said, Told(goals=None), about, nothing, TODAY)
        return [] if plan is None else [plan], ()
    risks = risk_assessments(found, about, CARDS)
    moment = datetime(2026, 11, 27, 9, 12, 3, tzinfo=UTC)
    return risks, [provenance([str(one.id) for one in risks], found, about, "2026-11-15", moment)]


def _bundle(kind: str, matches: Sequence[Resource], included: Sequence[Resource]) -> Bundle:
    return searchset(f"{ADDRESS}/{kind}", matches, included)
