"""Returns the words of cards in Danish and English, and text made safe for GitHub Flavored Markdown."""

from __future__ import annotations

import re
from typing import Literal

Language = Literal["da", "en"]
LONGEST_SUMMARY = 139  # characters: the specification says fewer than 140
_LANGUAGES: dict[str, Language] = {"da": "da", "en": "en"}
_MEANT = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~&@:])")

WORDS: dict[Language, dict[str, str]] = {
    "da": {
        "chance": "{n} ud af 100 mennesker som denne indlægges akut inden for et år{among}.",
        "must": "Noget skal gøres.",
        "among": " (blandt alle med flere sygdomme: {n})",
        "few": "færre end 1",
        "most": "flere end 99",
        "fits": "Der er {n} tilbud, der kan passe.",
        "fits_one": "Der er ét tilbud, der kan passe.",
        "look": "Der er noget ved medicinen at se på.",
        "more": "Se, hvad der er kendt, og hvad der mangler.",
        "both": "{n} indlægges akut, {rest} gør ikke",
        "musts": "Skal gøres",
        "of_hundred": "Af 100 mennesker som denne",
        "reads": "Det, modellen lægger mest vægt på",
        "offers": "Tilbud, der kan passe",
        "bridge": "med hjælp: {names}",
        "accepted": "sagt ja {day}",
        "today": "sidste dag er i dag",
        "day": "1 dag tilbage",
        "days": "{n} dage tilbage",
        "ask": "Spørg først",
        "medicine": "Medicin",
        "lacks": "Det mangler",
        "data": "Data til og med {day}. Model {model}.",
        "on_the_spot": "Regnet ud nu, af det journalen sendte.",
        "both_sources": "Tilbud og medicin: regnet ud nu, af det journalen sendte. Sandsynlighed: registrene, {day}.",
        "old_short": "Gamle data ({day}).",
        "old": "Data er {n} dage gamle: sandsynligheden gælder tiden lige efter dem",
        "and_more": "og {n} mere",
        "no_days": "Hvad der skal ske inden for dage efter udskrivelsen, er derfor ikke regnet ud.",
        "suggest": "Foreslå: {name}",
        "proposes": "Opretter et udkast til henvisning: {name}. Intet sendes, før du underskriver.",
        "source": "Stratify",
        "topic": "Flere sygdomme på én gang",
        "model_link": "Om modellen",
    },
    "en": {
        "chance": "Admitted acutely within a year: {n} of 100 people like this one{among}.",
        "must": "Something has to be done.",
        "among": " (among all with several diseases: {n})",
        "few": "fewer than 1",
        "most": "more than 99",
        "fits": "{n} offers may fit.",
        "fits_one": "One offer may fit.",
        "look": "There is something about the medicine to look at.",
        "more": "See what is known, and what is missing.",
        "both": "{n} admitted acutely, {rest} not",
        "musts": "Has to be done",
        "of_hundred": "Of 100 people like this one",
        "reads": "What the model weighs most",
        "offers": "Offers that may fit",
        "bridge": "with help: {names}",
        "accepted": "said yes {day}",
        "today": "the last day is today",
        "day": "1 day left",
        "days": "{n} days left",
        "ask": "Ask first",
        "medicine": "Medicine",
        "lacks": "What is missing",
        "data": "Data until {day}. Model {model}.",
        "on_the_spot": "Worked out now, from what the record sent.",
        "both_sources": "Offers and medicine: worked out now, from what the record sent. Chance: by registers, {day}.",
        "old_short": "Old data ({day}).",
        "old": "Data are {n} days old: the chance is of the time just after them",
        "and_more": "and {n} more",
        "no_days": "What has to be done within days after the discharge was therefore not worked out.",
        "suggest": "Suggest: {name}",
        "proposes": "Makes a draft of a referral: {name}. Nothing is sent before you sign.",
        "source": "Stratify",
        "topic": "Several diseases at once",
        "model_link": "About the model",
    },
}

REASONS = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
OVERRIDES: tuple[tuple[str, str, str], ...] = (  # code, Danish, English
    ("patient-refuses", "Patienten ønsker det ikke", "The patient does not want it"),
    ("prefers-alternative", "Patienten foretrækker noget andet", "The patient prefers something else"),
    ("action-completed", "Det er allerede gjort", "It is already done"),
    ("patient-ineligible", "Tilbuddet passer ikke til patienten", "The offer does not fit the patient"),
    ("inadequate-support", "Patienten mangler støtte til det", "The patient lacks support for it"),
    ("service-not-available", "Tilbuddet findes ikke her nu", "The offer is not to be had here now"),
    ("recipient-does-not-trust", "Vi har ikke tillid til forslaget", "We do not trust the suggestion"),
    ("limited-time", "Der er ikke tid nu", "There is no time now"),
)


def safe(text: str) -> str:
    """Return a text whose every sign is shown as it is in Markdown, on one line."""
    return _MEANT.sub(r"\\\1", " ".join(text.split()))


def shortened(text: str, most: int) -> str:
    """Return a text of at most so many characters, cut between words where it must be."""
    text = " ".join(text.split())
    if len(text) <= most:
        return text
    return text[: most - 1].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"


def language_of(accepted: str | None) -> Language:
    """Return the language a caller asks for first: Danish where it is neither, or refused.

    >>> language_of(None), language_of("en-GB,da;q=0.5"), language_of("sv, en;q=0.9"), language_of("en;q=0")
    ('da', 'en', 'en', 'da')
    """
    ranked: list[tuple[float, int, Language]] = []
    for nth, part in enumerate((accepted or "")[:200].split(",")):
        name, _, rest = part.strip().partition(";")
        told = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)\s*", rest)
        quality = float(told[1]) if told else 1.0
        language = _LANGUAGES.get(name.split("-")[0].lower())
        if language is not None and quality > 0:
            ranked.append((-quality, nth, language))
    return min(ranked)[2] if ranked else "da"
