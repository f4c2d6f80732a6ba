"""Returns what is shown of a person in words: offers with who, where and by when, what is asked, a draft to copy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from service.schemas import Offer
from service.ui.wording import UiWords
from stratify.care.criteria import criteria_of
from stratify.care.facts import Word
from stratify.care.plan_text import WORDS, Language, due_of, where_of, who_of
from stratify.care.recommend import SHOWN
from stratify.care.statements import names_of
from stratify.catalogue import Catalogue

WORTH_ASKING = {"da": " Værd at spørge om:", "en": " Worth asking:"}  # what follows has a section of its own
ASKABLE = ("person", "clinician", "medicine_card")  # who can tell it to whoever sits here


class Both(Protocol):
    """What has a text in each language."""

    @property
    def da(self) -> str:
        """The Danish one."""

    @property
    def en(self) -> str:
        """The English one."""


def said(told: Both, words: UiWords) -> str:
    """Return a text of both languages in this one."""
    return told.da if words.code == "da" else told.en


def language(words: UiWords) -> Language:
    """Return the language of a page's words."""
    return "da" if words.code == "da" else "en"


def offer_told(
    offer: Offer,
    facts: Mapping[str, Any],
    catalogue: Catalogue,
    words: UiWords,
    weighed_on: date,
    today: date,
    goals: Sequence[str] = (),
) -> dict[str, Any]:
    """Return one offer as the page shows it."""
    tongue, whole = language(words), offer.model_dump()
    fixed, declared = WORDS[tongue], catalogue.offers[offer.id]
    due = due_of(whole, weighed_on)
    told: dict[str, Any] = {
        "id": offer.id,
        "name": said(offer.name, words),
        "does": said(offer.does, words),
        "answer": offer.answer,
        "reason": offer.reason,
        "tag": fixed["reasons"][offer.reason] if offer.reason else fixed["answers"][offer.answer],
        "why": said(offer.why, words).partition(WORTH_ASKING[tongue])[0],
        "for_whom": said(declared.indication_text, words),
        "who": _not_mine(who_of(offer.by, tongue)) if offer.by else "",
        "where": _not_mine(where_of(whole, tongue)) if offer.places else "",
        "due": None if due is None else words.day(due),
        "left": None if due is None else (due - today).days,
        "bridges": [{"name": said(one.name, words), "burden": said(one.burden, words)} for one in offer.bridges],
        "first": [_name(catalogue, one, words) for one in offer.first],
        "alternatives": [_name(catalogue, one, words) for one in offer.alternatives],
        "evidence": [
            {
                "outcome": fixed["outcomes"][one.outcome],
                "found": f"{fixed['directions'][one.direction]} ({fixed['certainties'][one.certainty]})",
                "source": one.source,
                "unread": one.provenance != "READ",
            }
            for one in offer.evidence
        ],
        "source": offer.source,
        "unread": offer.provenance != "READ",
        "duty": offer.kind == "duty",
        "open": offer.answer in SHOWN,
        "draft": None,
    }
    if offer.answer in ("suitable", "bridge", "duty"):
        told["draft"] = draft(told, facts, catalogue, words, goals)
    return told


def draft(
    told: Mapping[str, Any], facts: Mapping[str, Any], catalogue: Catalogue, words: UiWords, goals: Sequence[str]
) -> str:
    """Return a referral to copy and finish: no score stands in it; without a goal of the person's, a blank for one."""
    tongue, found = words.code, criteria_of(facts, catalogue, told["id"])
    blank = words("person/draft_blank")
    parts: list[tuple[str, Sequence[str]]] = [
        (words("person/draft_met"), [one[tongue] for one in found.met]),
        (words("person/draft_missing"), [one[tongue] for one in found.missing]),
        (words("person/draft_bridge"), [one["name"] for one in told["bridges"]]),
        (words("person/draft_goal"), goals or [blank]),
    ]
    head = [
        words("person/draft_title", name=told["name"]),
        words("person/draft_to", who=told["who"] or blank),
        words("person/draft_for", text=told["for_whom"]),
    ]
    lines = [f"{title}\n" + "\n".join(f"- {line}" for line in under) for title, under in parts if under]
    return "\n\n".join(["\n".join(head), *lines])


def asks_of(offers: Sequence[Offer], catalogue: Catalogue, words: UiWords) -> list[dict[str, Any]]:
    """Return what is worth asking, what most offers wait for first: the fact, who can tell it, and how it is answered.

    What registers or a model lack nobody here can tell, and a set or a time is written in the record.
    """
    found: dict[str, dict[str, Any]] = {}
    for offer in offers:
        if offer.answer not in SHOWN:
            continue
        for fact in offer.ask:
            word = word_of(catalogue, offer.id, fact)
            options = options_of(word, words)
            number = word.kind == "number"
            if not (options or number) or word.known_by not in ASKABLE:
                continue
            one = found.setdefault(
                fact,
                {
                    "fact": fact,
                    "label": label_of(word, words),
                    "who": words(f"person_known_by/{word.known_by}"),
                    "options": options,
                    "number": number,
                    "waits": [],
                    "worth": [],
                },
            )
            one["waits" if offer.answer == "ask" else "worth"].append(said(offer.name, words))
    return sorted(found.values(), key=lambda one: (-len(one["waits"]), -len(one["worth"]), one["fact"]))


def word_of(catalogue: Catalogue, offer_id: str | None, fact: str) -> Word:
    """Return the words for a fact, one that an offer declared itself too. Raises KeyError."""
    return names_of(catalogue, catalogue.offers[offer_id] if offer_id else None).words[fact]


def fact_word(catalogue: Catalogue, fact: str) -> Word:
    """Return the words for a fact, whichever offer declared it. Raises KeyError."""
    own = next((key for key, offer in catalogue.offers.items() if any(one.id == fact for one in offer.ask)), None)
    return word_of(catalogue, own, fact)


def label_of(word: Word, words: UiWords) -> str:
    """Return a fact's name, as it begins a line."""
    name = said(word, words)
    return name[:1].upper() + name[1:]


def options_of(word: Word, words: UiWords) -> list[tuple[str, str]]:
    """Return the answers a fact can be given by a button: what is sent, and its words; none where it takes more."""
    if word.kind == "flag":
        return [("yes", words("person/yes")), ("no", words("person/no"))]
    if word.kind == "word" and word.words:
        told = (word.da_words if words.code == "da" else word.en_words) or word.words
        return list(zip(word.words, told, strict=True))
    return []


def _not_mine(text: str) -> str:
    """Return words of the plan, which speaks as the person does, for a page that does not."""
    return text.replace("my GP", "the GP")


def _name(catalogue: Catalogue, offer_id: str, words: UiWords) -> str:
    return said(catalogue.offers[offer_id].name, words)
