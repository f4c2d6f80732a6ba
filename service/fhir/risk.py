"""Returns a person's risks as RiskAssessments, and the Provenance of them all.

A resource is made to be kept and passed on, also to where nobody explains it: the chance of dying is not among them.
It stays in the look-up, which somebody who treats the person reads now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from service.fhir.about import About, listed
from service.fhir.narrative import narrative
from service.fhir.resources import (
    Device,
    DeviceName,
    DeviceVersion,
    Prediction,
    Provenance,
    ProvenanceAgent,
    ProvenanceEntity,
    RiskAssessment,
)
from service.fhir.systems import BUNDLES, CATALOGUES, FUT_IMPRESSIONS, MODELS, OUTCOMES, PARTICIPANT
from service.fhir.types import Annotation, CodeableConcept, Coding, Identifier, Period, Reference
from service.fhir.words import WORDS
from service.schemas import Found, Offer, Risk, Words

TOLD_EVENTS = frozenset({"stay"})  # of an outcome's event, as its card says it; a card that says nothing is not told
DIGITS = 4  # of a probability: more would look like more than is known
DEVICE = "model"
OPEN = ("suitable", "bridge")

Cards = Mapping[str, Mapping[str, Any]]


def risk_assessments(found: Found, about: About, cards: Cards) -> list[RiskAssessment]:
    """Return one RiskAssessment for each outcome that may be told, in the order of the look-up."""
    told = (risk for risk in found.risks if cards[risk.model_key].get("event") in TOLD_EVENTS)
    return [_assessment(risk, found, about, cards[risk.model_key]) for risk in told]


def provenance(targets: Sequence[str], found: Found, about: About, delivered: str, now: datetime) -> Provenance:
    """Return which models, definitions and data these resources (by id) come from; recorded as it is answered."""
    words = WORDS[about.language]
    model = found.model
    data = words["data"].format(day=found.data_as_of, delivered=delivered)
    sources = [
        _named(BUNDLES, model.bundle_version, words["bundle"]),
        _named(CATALOGUES, model.catalogue_digest, words["catalogue"]),
        Reference(display=data),
    ]
    assembler = CodeableConcept(coding=[Coding(system=PARTICIPANT, code="assembler", display="Assembler")])
    return Provenance(
        id=about.id_of("Provenance", *targets),
        meta=about.meta,
        language=about.language,
        text=narrative([(f"{words['bundle']}: {model.bundle_version}. {data}.", ())]),
        contained=[_device(found, about)],
        target=[Reference(reference=address(one)) for one in targets],
        recorded=now.astimezone(UTC).isoformat(timespec="milliseconds"),
        agent=[ProvenanceAgent(type=assembler, who=Reference(reference=f"#{DEVICE}"))],
        entity=[ProvenanceEntity(what=one) for one in sources],
    )


def address(name: str) -> str:
    """Return where a resource stands: nowhere but in the answer."""
    return f"urn:uuid:{name}"


def _assessment(risk: Risk, found: Found, about: About, card: Mapping[str, Any]) -> RiskAssessment:
    words, model = WORDS[about.language], found.model
    name = about.say(Words.model_validate(card["name"]))
    start = date.fromisoformat(model.landmark)
    last = start + timedelta(days=risk.horizon_days - 1)  # the window is half-open
    chance, rationale, mitigation = _chance(risk, about), _rationale(risk, found, about), _mitigation(found, about)
    cds = Coding(system=FUT_IMPRESSIONS, code="ClinicalDecisionSupportResult", display=words["cds_result"])
    scored = words["scored"].format(day=model.landmark, version=model.bundle_version)
    oversight = about.say(found.oversight)
    return RiskAssessment(
        id=about.id_of(
            "RiskAssessment", risk.model_key, model.bundle_version, model.catalogue_digest, model.landmark,
            found.data_as_of,
        ),
        meta=about.meta,
        language=about.language,
        text=narrative([(line, ()) for line in (f"{name}: {chance}.", rationale, mitigation, f"{scored}. {oversight}")
                        if line]),
        contained=[_device(found, about)],
        method=CodeableConcept(
            coding=[Coding(system=MODELS, version=model.bundle_version, code=risk.model_key)],
            text=about.say(Words.model_validate(card["population"]["name"])),
        ),
        code=CodeableConcept(coding=[cds], text=words["cds_result"]),
        subject=about.subject,
        occurrence_date_time=model.landmark,
        performer=Reference(reference=f"#{DEVICE}"),
        basis=[Reference(display=words["registers"].format(day=found.data_as_of))],
        prediction=[
            Prediction(
                outcome=CodeableConcept(coding=[Coding(system=OUTCOMES, code=risk.outcome)], text=name),
                probability_decimal=round(risk.risk, DIGITS),
                qualitative_risk=CodeableConcept(text=chance),
                when_period=Period(start=start.isoformat(), end=last.isoformat()),
                rationale=rationale,
            )
        ],
        mitigation=mitigation,
        note=[Annotation(text=words["lacks"].format(text=about.say(one.text))) for one in found.missing]
        + [Annotation(text=oversight)],
    )  # fmt: skip


def _chance(risk: Risk, about: About) -> str:
    words = WORDS[about.language]
    n = round(risk.risk * 100)
    if n in (0, 100):
        return words["sure" if n else "rare"]
    return words["chance"].format(n=n, rest=100 - n)


def _rationale(risk: Risk, found: Found, about: About) -> str:
    words = WORDS[about.language]
    reasons = [
        f"{about.say(one.group)} ({words['raises' if one.direction == '+' else 'lowers']})"
        for one in found.reasons.get(risk.outcome, [])
    ]
    told = [words["weighs"].format(reasons=", ".join(reasons))] if reasons else []
    return " ".join([*told, about.say(found.reading)])


def _mitigation(found: Found, about: About) -> str | None:
    words = WORDS[about.language]
    offers = [with_help(one, about) for one in fitting(found)]
    return words["fits"].format(offers="; ".join(offers)) if offers else None


def fitting(found: Found) -> list[Offer]:
    """Return the offers that suit as they are or with a bridge."""
    return [one for one in found.offers if one.kind == "offer" and one.answer in OPEN]


def with_help(offer: Offer, about: About) -> str:
    """Return an offer's name, and the help that makes it suit where it needs some."""
    name = about.say(offer.name)
    if offer.answer != "bridge":
        return name
    return WORDS[about.language]["helped"].format(name=name, bridges=bridges_of(offer, about))


def bridges_of(offer: Offer, about: About) -> str:
    """Return the bridges of an offer, one of which is enough for each need."""
    return listed((about.say(one.name) for one in offer.bridges), WORDS[about.language]["or"])


def _device(found: Found, about: About) -> Device:
    words = WORDS[about.language]
    return Device(
        id=DEVICE,
        device_name=[DeviceName(name=words["model"], type="user-friendly-name")],
        type=CodeableConcept(text=words["model_type"]),
        version=[DeviceVersion(value=found.model.bundle_version)],
        note=[Annotation(text=words["no_device"])],
    )


def _named(system: str, value: str, display: str) -> Reference:
    return Reference(identifier=Identifier(system=system, value=value), display=display)
