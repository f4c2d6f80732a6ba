"""Returns the card for one person, or none: what is likely, what may fit, what to ask, and drafts to sign.

One card at most. It tells the chance of an acute admission, never of death, and is never `critical`: a risk over a year
is no emergency. Who needs little, and has nothing that cannot wait, gets no card. What cannot wait is a duty, an offer
whose days are running, and medicine that can do harm as it is; that somebody takes many medicines is no such thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from service.cds_hooks.brief import Brief, BriefOffer
from service.cds_hooks.words import LONGEST_SUMMARY, OVERRIDES, REASONS, WORDS, Language, safe, shortened
from service.schemas import Words
from stratify.catalogue import Catalogue

TOLD = "acute_admission_365d"  # the one risk that a card tells
OFFERS = "urn:stratify:offer"  # the code system of our offers' ids
TOPICS = "urn:stratify:topic"
PRESSING = 30  # the priority in the catalogue up to which a warning about medicine cannot wait
MOST_SUGGESTED, MOST_LISTED, MOST_REASONS, MOST_ASKED = 3, 5, 3, 3
OPEN = ("suitable", "bridge")
OLD, OVER = 90, 365  # days: data are told to be old; the year that a risk is of is over (OURS)
NO_MODEL = "model_"  # what is missing where there is no model for an outcome
DAYS_SINCE = "days_since_"


@dataclass(frozen=True)
class Asked:
    """Whose card it is: the card's id, the patient's and the encounter's in the client's own words, the language."""

    card: UUID
    patient: str
    encounter: str | None
    language: Language
    discharge: bool = False  # what has to be done soon after a discharge comes first
    model_page: str | None = None
    among: float | None = None  # the same chance among all the model was measured on
    least_need: int = 2  # the level of need from which there is a card, whatever can wait
    pressing: frozenset[str] = frozenset()  # the warnings about medicine that cannot wait
    today: date | None = None  # to tell how old the data are
    lacks: tuple[Words, ...] = ()  # what the call lacked, beside what the person's row lacks


def cards(found: Brief, asked: Asked) -> list[dict[str, Any]]:
    """Return the card, alone in a list, or an empty list."""
    offers = _ordered(found, asked)
    urgent = (
        bool(_duties(found))
        or any(one.due_days is not None for one in offers)
        or any(one.id in asked.pressing for one in found.safety)
    )
    if found.stratum.need.level < asked.least_need and not urgent:
        return []
    words = WORDS[asked.language]
    new = [one for one in offers if one.accepted_on is None]  # who said yes needs no draft
    suggestions = [_suggestion(one, nth, asked) for nth, one in enumerate(new[:MOST_SUGGESTED])]
    card = {
        "uuid": str(asked.card),
        "summary": summary(found, len(offers), asked),
        "detail": detail(found, offers, asked),
        "indicator": "warning" if urgent else "info",
        "source": {
            "label": words["source"],
            "url": asked.model_page,
            "topic": {"code": "multimorbidity", "system": TOPICS, "display": words["topic"]},
        },
        "suggestions": suggestions,
        "selectionBehavior": "any" if suggestions else None,
        "overrideReasons": [
            {"code": code, "system": REASONS, "display": da if asked.language == "da" else en}
            for code, da, en in OVERRIDES
        ],
    }
    return [card]


def pressing(catalogue: Catalogue) -> frozenset[str]:
    """Return the warnings about medicine that cannot wait."""
    return frozenset(key for key, one in catalogue.safety.items() if one.priority <= PRESSING)


def suggestion_id(card: UUID, offer: str) -> UUID:
    """Return the id of the suggestion of an offer on a card: the same whoever works it out."""
    return uuid5(card, offer)


def _ordered(found: Brief, asked: Asked) -> list[BriefOffer]:
    """Return the offers that may fit, in their order; after a discharge those whose days are running first."""
    fitting = [one for one in found.offers if one.kind == "offer" and one.answer in OPEN]
    if asked.discharge:
        fitting.sort(key=lambda one: one.due_days if one.due_days is not None else 10_000)
    return fitting


def _duties(found: Brief) -> list[BriefOffer]:
    return [one for one in found.offers if one.answer == "duty"]


def summary(found: Brief, offers: int, asked: Asked) -> str:
    """Return the card's first line, of fewer than 140 characters."""
    words = WORDS[asked.language]
    told = []
    risk = _risk(found)
    if _age(found, asked) > OVER:
        told.append(words["old_short"].format(day=_risks_until(found)))
    if risk is not None:
        among = "" if asked.among is None else words["among"].format(n=_of_hundred(asked.among, words)[0])
        chance = words["chance"].format(n=_of_hundred(risk, words)[0], among=among)
        told.append(chance[0].upper() + chance[1:])
    if _duties(found):
        told.append(words["must"])
    if offers:
        told.append(words["fits_one"] if offers == 1 else words["fits"].format(n=offers))
    elif found.safety:
        told.append(words["look"])
    while len(" ".join(told)) > LONGEST_SUMMARY and len(told) > 1:
        told.pop()
    return shortened(" ".join(told) or words["more"], LONGEST_SUMMARY)


def detail(found: Brief, offers: list[BriefOffer], asked: Asked) -> str:
    """Return the card's text, in GitHub Flavored Markdown, with every word of ours and theirs made safe."""
    language = asked.language
    words = WORDS[language]
    parts: list[str] = []
    risk = _risk(found)
    if _age(found, asked) > OLD:
        parts.append(f"**{words['old'].format(n=_age(found, asked))}**")
    if risk is not None:
        n, rest = _of_hundred(risk, words)
        parts.append(f"**{words['of_hundred']}:** {words['both'].format(n=n, rest=rest)}.")
    reasons = [_in(one.group, language) for one in found.reasons.get(TOLD, [])[:MOST_REASONS]]
    parts.append(_list(words["reads"], reasons))
    parts.append(_list(words["musts"], [_told(one, language) for one in _duties(found)]))
    parts.append(_some(words["offers"], [_told(one, language) for one in offers], MOST_LISTED, words))
    asks = sorted((one for one in found.offers if one.answer == "ask"), key=_pressing_first)
    parts.append(_some(words["ask"], [_to_ask(one, language) for one in asks], MOST_ASKED, words))
    warned = [f"{_in(one.name, language)}: {_in(one.advice, language)}" for one in found.safety]
    parts.append(_list(words["medicine"], warned))
    missing = [one.text for one in found.missing if not one.id.startswith(NO_MODEL)]  # a card tells one risk
    parts.append(_list(words["lacks"], [_in(one, language) for one in (*asked.lacks, *missing)]))
    data = safe(words["data"].format(day=found.data_as_of, model=found.model.bundle_version))
    now = ""
    if found.risks_until is not None:
        now = f"{safe(words['both_sources'].format(day=found.risks_until))} "
    elif found.basis == "bundle":
        now = f"{safe(words['on_the_spot'])} "
    parts.append(f"{now}{data} {safe(_in(found.oversight, language))}")
    return "\n\n".join(part for part in parts if part)


def _risks_until(found: Brief) -> str:
    return found.risks_until or found.data_as_of


def _age(found: Brief, asked: Asked) -> int:
    """Return how many days old the data are that the risks are by."""
    return 0 if asked.today is None else (asked.today - date.fromisoformat(_risks_until(found))).days


def _pressing_first(offer: BriefOffer) -> tuple[bool, bool]:
    """Duties come first, then what may have days that are running."""
    return offer.kind != "duty", not any(fact.startswith(DAYS_SINCE) for fact in offer.ask)


def _risk(found: Brief) -> float | None:
    return next((one.risk for one in found.risks if one.outcome == TOLD), None)


def _of_hundred(risk: float, words: Mapping[str, str]) -> tuple[str, str]:
    """Return of how many in a hundred it is so, and of how many not; never none and never all: nobody knows that."""
    n = round(risk * 100)
    if 1 <= n <= 99:
        return str(n), str(100 - n)
    return (words["few"], words["most"]) if n < 1 else (words["most"], words["few"])


def _some(heading: str, items: list[str], most: int, words: Mapping[str, str]) -> str:
    """Return the first of a list, and how many there are more."""
    rest = len(items) - most
    return _list(heading, [*items[:most], words["and_more"].format(n=rest)] if rest > 0 else items)


def _list(heading: str, items: list[str]) -> str:
    return "\n".join([f"**{heading}**", "", *(f"- {safe(item)}" for item in items)]) if items else ""


def _told(offer: BriefOffer, language: Language) -> str:
    words = WORDS[language]
    more = []
    if offer.answer == "bridge":
        more.append(words["bridge"].format(names=", ".join(_in(one.name, language) for one in offer.bridges)))
    if offer.due_days is not None:
        left = {0: words["today"], 1: words["day"]}.get(offer.due_days, words["days"])
        more.append(left.format(n=offer.due_days))
    if offer.accepted_on is not None:
        more.append(words["accepted"].format(day=offer.accepted_on))
    return _in(offer.name, language) + (f" ({'; '.join(more)})" if more else "")


def _to_ask(offer: BriefOffer, language: Language) -> str:
    why = _in(offer.why, language).removeprefix(f"{WORDS[language]['ask']}: ")
    return f"{_in(offer.name, language)}: {why}"


def _suggestion(offer: BriefOffer, nth: int, asked: Asked) -> dict[str, Any]:
    """Return a draft to be signed, for one offer; the first one is the recommended one."""
    words, name = WORDS[asked.language], _in(offer.name, asked.language)
    return {
        "label": shortened(words["suggest"].format(name=name), 80),
        "uuid": str(suggestion_id(asked.card, offer.id)),
        "isRecommended": nth == 0,
        "actions": [
            {
                "type": "create",
                "description": words["proposes"].format(name=name),
                "resource": service_request(offer, asked),
            }
        ],
    }


def service_request(offer: BriefOffer, asked: Asked) -> dict[str, Any]:
    """Return the draft: FHIR R4, status draft, intent proposal."""
    helped = [_in(one.name, asked.language) for one in offer.bridges] if offer.answer == "bridge" else []
    note = WORDS[asked.language]["bridge"].format(names=", ".join(helped)) if helped else None
    return {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "proposal",
        "code": {
            "coding": [{"system": OFFERS, "code": offer.id, "display": _in(offer.name, asked.language)}],
            "text": _in(offer.name, asked.language),
        },
        "subject": {"reference": f"Patient/{asked.patient}"},
        "encounter": {"reference": f"Encounter/{asked.encounter}"} if asked.encounter else None,
        "note": [{"text": note}] if note else None,
    }


def _in(words: Words, language: Language) -> str:
    return words.da if language == "da" else words.en
