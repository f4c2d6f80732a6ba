"""One page of plain words for the person and those who help: what matters, what was agreed, what waits, whom to call.

It tells what happens, by whom, where and by when, and nothing of why: no stratum, no risk and no fact that an answer
rests on stands in it; an offer's own name may say what it is for. What a person gives as the reason for a no is theirs
and is not passed on. What no answer of today lists is not told either, so a parent's illness never shows on a child's
plan. The words are in `plan_words.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from stratify.care.choices import NOT_NOW, Choice, accepted
from stratify.catalogue.load import Catalogue
from stratify.catalogue.shapes import Text

Language = Literal["da", "en"]
STILL = ("suitable", "bridge", "duty", "ask")  # the answers under which what was agreed still stands
YEAR = timedelta(days=365)  # a plan is looked at again within a year where nothing names an earlier day: OURS
LONG = 6  # letters; a longer word is long
END = re.compile(r"(?<!\d)[.!?:]+(?=\s|$)|(?<=\d)[.!?:]+(?=\s+[^\sa-zæøå]|\s*$)")  # "1. juni" ends no sentence

with Path(__file__).with_name("plan_words.toml").open("rb") as _file:
    WORDS: Mapping[str, Any] = tomllib.load(_file)


@dataclass(frozen=True)
class Told:
    """What the person and the clinician agreed to write beside the offers, each in the person's own words."""

    goals: Sequence[str] | None = ()  # None: what matters is written down elsewhere, and nothing is said of it here
    strengths: Sequence[str] = ()
    calls: Sequence[str] = ()  # whom to call, with the number; the usual ones where nobody is named
    review: date | None = None  # when the plan is looked at again


def plan_text(
    answers: Mapping[str, Any],
    choices: Sequence[Choice],
    told: Told,
    catalogue: Catalogue,
    *,
    weighed_on: date,
    today: date,
    language: Language = "da",
) -> str:
    """Return the plan as text: headings that end in a colon, a line for each thing beneath.

    `answers` are recommend()'s for this person on the day of weighing, `choices` those that still stand (see
    `choices.standing`). Due days are counted from the day of weighing. The same input gives the same text. Raises
    ValueError for a day of review that has been.
    """
    if told.review is not None and told.review <= today:
        raise ValueError("the plan is looked at again on a day after today")
    words = WORDS[language]
    stands = settled(answers, choices)
    dates = [choice.until for choice in stands.told_of if choice.until is not None and choice.until > today]
    review = min([told.review or today + YEAR, *dates])
    sections = [
        ("goals", [] if told.goals is None else _own(told.goals) or [words["no_goals"]]),
        ("strengths", _own(told.strengths)),
        ("agreed", _agreed(stands, weighed_on, today, language) or [words["nothing_agreed"]]),
        ("wishes", _wishes(stands.told_of, catalogue, language)),
        ("rather_not", _rather_not(stands.told_of, catalogue, language)),
        ("bridges", [_bridge(one, language) for one in first_bridges(stands.agreed)]),
        ("calls", [*_own(told.calls), *words["usual_calls"]]),
        ("rights", [right[language] for right in answers["rights"]]),
        ("review", [words["review_on"].format(day=day_in_words(review, language))]),
    ]
    blocks = ["\n".join([words[key], *(f"- {line}" for line in lines)]) for key, lines in sections if lines]
    return "\n\n".join([words["title"].format(day=day_in_words(today, language)), *blocks]) + "\n"


@dataclass(frozen=True)
class Settled:
    """What a person's choices come to: offers as `recommend` answers them, and the choices that are told at all."""

    agreed: Sequence[Mapping[str, Any]]
    again: Sequence[Mapping[str, Any]]  # said yes to and closed since: to be talked about again
    told_of: Sequence[Choice]


def settled(answers: Mapping[str, Any], choices: Sequence[Choice]) -> Settled:
    """Return what was agreed and still stands, what is to be talked about again, and the choices that are told."""
    offers = {offer["id"]: offer for offer in answers["offers"]}
    yes = [offers[key] for key in accepted(choices) if key in offers]
    agreed = [offer for offer in yes if offer["answer"] in STILL or offer["reason"] == "in_use"]
    told_of = [choice for choice in choices if choice.offer is None or choice.offer in offers]
    return Settled(agreed, [offer for offer in yes if offer not in agreed], told_of)


def first_bridges(agreed: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the help that was agreed on: for each need of each offer, the bridge that is tried first."""
    found: dict[str, Mapping[str, Any]] = {}
    for offer in agreed:
        met: set[str] = set()
        for bridge in offer["bridges"]:
            if not bridge["needs"] or set(bridge["needs"]) - met:
                found.setdefault(bridge["bridge"], bridge)
                met |= set(bridge["needs"])
    return list(found.values())


def who_of(by: Iterable[str], language: Language) -> str:
    """Return who answers for something, in words."""
    words = WORDS[language]
    return _listed([words["bodies"][body] for body in dict.fromkeys(by)], words["and"])


def where_of(offer: Mapping[str, Any], language: Language) -> str:
    """Return where an offer is given, in words, and how far that is where it is known."""
    words = WORDS[language]
    km = {one["place"]: one["km"] for one in offer["where"] if one["km"] is not None}
    return _listed([_place(place, km.get(place), words) for place in offer["places"]], words["or"])


def due_of(offer: Mapping[str, Any], weighed_on: date) -> date | None:
    """Return the day by which an offer must be, or None."""
    return None if offer["due_days"] is None else weighed_on + timedelta(days=offer["due_days"])


def lix(text: str) -> float:
    """Return how hard a text is to read: words per sentence, and of 100 words how many have more than six letters.

    A sentence ends with . ! ? or :, other than in a date. About 25 is easy, 35 middling, 45 hard. Source: Björnsson,
    Läsbarhet, 1968 (RECALL-unverified).

    >>> lix("Du kan ringe. Så kommer en sygeplejerske.")
    17.785714285714285
    """
    words = [word for word in text.split() if any(letter.isalnum() for letter in word)]
    if not words:
        return 0.0
    sentences = sum(any(letter.isalnum() for letter in part) for part in END.split(text))
    long = sum(sum(letter.isalpha() for letter in word) > LONG for word in words)
    return len(words) / sentences + 100 * long / len(words)


def _agreed(stands: Settled, weighed_on: date, today: date, language: Language) -> list[str]:
    """Return what was agreed, a line for each offer; what has been closed since is to be talked about again."""
    words = WORDS[language]
    lines = []
    for offer in stands.agreed:
        due = due_of(offer, weighed_on)
        when = words["open"] if due is None else words["by"] if due >= today else words["now"]
        if offer["reason"] == "in_use":
            when = words["under_way"]
        parts = [f"{offer['name'][language]}.", offer["does"][language]]
        parts += [words["who"].format(bodies=who_of(offer["by"], language))]
        parts += [words["where"].format(places=where_of(offer, language))]
        parts += [when.format(day=day_in_words(due or today, language))]
        parts += [words["asked_first"]] if offer["answer"] == "ask" else []
        lines.append(" ".join(parts))
    return lines + [words["again"].format(name=offer["name"][language]) for offer in stands.again]


def _named(name: Text, language: Language) -> str:
    return name.da if language == "da" else name.en


def _rather_not(choices: Sequence[Choice], catalogue: Catalogue, language: Language) -> list[str]:
    words = WORDS[language]
    lines = []
    for choice in choices:
        offer = catalogue.offers.get(choice.offer or "")
        if offer is not None and choice.until is not None and choice.decision in NOT_NOW:
            day = day_in_words(choice.until, language)
            lines.append(words[choice.decision].format(name=_named(offer.name, language), day=day))
    return lines


def _wishes(choices: Sequence[Choice], catalogue: Catalogue, language: Language) -> list[str]:
    """Return how the person wants it to be done."""
    wished = [choice.preference for choice in choices if choice.decision == "wish" and choice.preference is not None]
    names = [_named(catalogue.preferences[key].name, language) for key in wished if key in catalogue.preferences]
    return [f"{name[:1].upper()}{name[1:]}." for name in names]


def _bridge(bridge: Mapping[str, Any], language: Language) -> str:
    name = bridge["name"][language]
    return f"{name[0].upper()}{name[1:]}."


def _place(place: str, km: float | None, words: Mapping[str, Any]) -> str:
    name: str = words["places"][place]
    return name if km is None else f"{name} ({km:.0f} km)"


def _own(said: Iterable[str]) -> list[str]:
    """Return the person's own words, each on one line and closed with a full stop where it ends with none."""
    lines = [" ".join(one.split()) for one in said]
    return [line if line.endswith((".", "!", "?")) else f"{line}." for line in lines if line]


def _listed(names: Sequence[str], joined: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {joined} {names[-1]}"


def day_in_words(day: date, language: Language) -> str:
    """Return a day as it is written in a plan."""
    words = WORDS[language]
    told: str = words["date"].format(day=day.day, month=words["months"][day.month - 1], year=day.year)
    return told
