"""Returns what may suit a person as drafts of ServiceRequests: proposals that somebody may sign, and nothing more.

Offers that suit as they are or with a bridge. What has to be asked first is no proposal yet; a duty needs none.
"""

from __future__ import annotations

from datetime import date

from service.cds_hooks.words import Language
from service.fhir.about import About, listed
from service.fhir.narrative import narrative
from service.fhir.resources import ServiceRequest
from service.fhir.risk import bridges_of, fitting
from service.fhir.systems import OFFERS
from service.fhir.types import Annotation, CodeableConcept, Coding, Period
from service.fhir.words import WORDS
from service.schemas import Found, Offer
from stratify.care.plan_text import WORDS as PLAN_WORDS
from stratify.care.plan_text import day_in_words, due_of, who_of


def service_requests(found: Found, about: About) -> list[ServiceRequest]:
    """Return a draft for each offer that suits, in the order of the look-up."""
    return [_request(one, found, about) for one in fitting(found)]


def _request(offer: Offer, found: Found, about: About) -> ServiceRequest:
    words, language = WORDS[about.language], about.language
    name, does = about.say(offer.name), about.say(offer.does)
    due = due_of(offer.model_dump(include={"due_days"}), date.fromisoformat(found.model.landmark))
    help_needed = words["bridge"].format(bridges=bridges_of(offer, about)) if offer.answer == "bridge" else None
    accepted = None
    if offer.accepted_on is not None:
        accepted = words["accepted"].format(day=day_in_words(date.fromisoformat(offer.accepted_on), language))
    return ServiceRequest(
        id=about.id_of("ServiceRequest", offer.id, found.model.catalogue_digest, found.model.landmark),
        meta=about.meta,
        language=language,
        text=narrative([(line, ()) for line in (f"{name}. {does}", help_needed, accepted) if line]),
        code=CodeableConcept(coding=[Coding(system=OFFERS, code=offer.id, display=name)], text=name),
        subject=about.subject,
        occurrence_period=None if due is None else Period(end=due.isoformat()),
        performer_type=CodeableConcept(text=_who(offer, language)),
        location_code=[CodeableConcept(text=_place(place, language)) for place in offer.places],
        note=[Annotation(text=line) for line in (help_needed, accepted) if line],
        patient_instruction=does,
    )


def _who(offer: Offer, language: Language) -> str:
    """Return who answers for it. The plan's English words are the person's own ("my GP"); here a clinician reads."""
    return who_of(offer.by, language) if language == "da" else listed(dict.fromkeys(offer.by), WORDS["en"]["and"])


def _place(place: str, language: Language) -> str:
    told: str = PLAN_WORDS[language]["places"][place]
    return "at the GP's" if (place, language) == ("gp", "en") else told
