"""Which offers suit a person, with a reason for every yes and every no, in Danish and in English.

Four answers, in this order: `suitable`; `bridge`, suitable when somebody helps with what is hard; `ask`, it hangs on a
fact that nobody has told; `not_suitable`, and why. An offer is closed only by what is known and confirmed: a known no
in its indication, or a known yes in an exclusion. A hint from a register nobody confirmed may add a bridge or a
question. What is unknown in a danger is asked first; what is unknown in a scheme's or a trial's own limit is noted.
Services already in place can open an offer and never close one (the catalogue refuses it). Risk says who may need
something, not who will benefit: no text here promises an effect.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from stratify.care.facts import Facts
from stratify.care.rules import Judged, Names, Statement, judge, judge_test, names_of
from stratify.catalogue.entries import Bridge, Exclude, Offer, Text
from stratify.catalogue.load import Catalogue

ANSWERS = ("suitable", "bridge", "ask", "not_suitable")
_LIMIT = {
    "danger": ("af hensyn til sikkerheden", "for safety's sake"),
    "scheme": ("ordningens egen grænse", "the scheme's own limit"),
    "trial": ("forsøgets egen grænse", "the trial's own limit"),
}


@dataclass(frozen=True)
class Weighed:
    """One offer weighed for one person: the answer and what it rests on."""

    offer: Offer
    answer: str
    indication: Judged
    closed: tuple[tuple[Exclude, Judged], ...]
    bridges: tuple[tuple[Bridge, Statement], ...]
    ask: tuple[Statement, ...]


def recommend(facts: Facts, catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return an answer for every offer of the catalogue, the suitable ones first, as plain JSON-ready values.

    Each holds id, name, answer, why {da, en}, bridges [{bridge, name}] and ask [facts]. The order is by answer, then
    by the offer's declared priority, then by id; the same facts give the same list.
    """
    shared = names_of(catalogue)
    weighed = [
        weigh(offer, facts, names_of(catalogue, offer) if offer.ask else shared) for offer in catalogue.offers.values()
    ]
    open_offers = {one.offer.id for one in weighed if one.answer != "not_suitable"}
    weighed.sort(key=lambda one: (ANSWERS.index(one.answer), one.offer.priority, one.offer.id))
    return [
        {
            "id": one.offer.id,
            "name": one.offer.name.model_dump(),
            "answer": one.answer,
            "why": {language: _why(one, language, open_offers, catalogue) for language in ("da", "en")},
            "bridges": [{"bridge": b.bridge, "name": b.name.model_dump()} for b, _ in one.bridges],
            "ask": list(dict.fromkeys(statement.fact for statement in one.ask)),
        }
        for one in weighed
    ]


def weigh(offer: Offer, facts: Facts, names: Names) -> Weighed:
    """Return the answer of one offer for one person, and the statements it rests on."""
    confirmed = facts.confirmed()
    indication = judge(offer.indication, confirmed, names)
    limits = [(exclude, judge(exclude.rule, confirmed, names)) for exclude in offer.excludes]
    closed = tuple((exclude, judged) for exclude, judged in limits if judged.holds)
    if indication.holds is False or closed:
        return Weighed(offer, "not_suitable", indication, closed, (), ())
    # A hint may add a bridge, so bridges read all facts; the hint itself is then worth asking about.
    helped = [(bridge, judge_test(bridge.when, facts, names)) for bridge in offer.bridges]
    bridges = tuple((bridge, statement) for bridge, statement in helped if statement.holds)
    deciding = _open([indication, *(judged for exclude, judged in limits if exclude.kind == "danger")])
    if deciding:
        return Weighed(offer, "ask", indication, (), bridges, deciding)
    hints = tuple(s for _, s in helped if s.holds is None or (s.holds and s.fact in facts.proxies))
    noted = (*_open(judged for _, judged in limits), *hints)
    return Weighed(offer, "bridge" if bridges else "suitable", indication, (), bridges, noted)


def _open(judged: Iterable[Judged]) -> tuple[Statement, ...]:
    return tuple(s for one in judged if one.holds is None for s in one.decided)


def _why(one: Weighed, language: str, open_offers: set[str], catalogue: Catalogue) -> str:
    danish = language == "da"
    for_whom = _in(one.offer.indication_text, language)
    grounds = _joined(one.indication.decided, language)
    if one.answer == "not_suitable":
        parts = [_limit(exclude, judged, language, open_offers, catalogue) for exclude, judged in one.closed]
        if one.indication.holds is False:
            parts.append(grounds + ".")
            parts.append((f"Tilbuddet er for: {for_whom}" if danish else f"The offer is for: {for_whom}") + ".")
        return ("Ikke egnet nu: " if danish else "Not suitable now: ") + " ".join(parts)
    if one.answer == "ask":
        asked = _joined(one.ask, language)
        return f"Spørg først: {asked}. Tilbuddet er for: {for_whom}." if danish else (
            f"Ask first: {asked}. The offer is for: {for_whom}."
        )  # fmt: skip
    text = ("Egnet: " if danish else "Suitable: ") + for_whom + (f" ({grounds})" if grounds else "") + "."
    if one.bridges:
        with_help = "; ".join(f"{_in(b.name, language)} ({_said(s, language)})" for b, s in one.bridges)
        text += f" Med en bro: {with_help}." if danish else f" With a bridge: {with_help}."
    gaps = tuple(s for s in one.ask if s.holds is None)  # a hint has been told with its bridge
    if gaps:
        asked = _joined(gaps, language)
        text += f" Værd at spørge om: {asked}." if danish else f" Worth asking: {asked}."
    return text


def _limit(exclude: Exclude, judged: Judged, language: str, open_offers: set[str], catalogue: Catalogue) -> str:
    """Return why an exclusion closes the offer, and what is offered instead: first what is open to this person."""
    danish = language == "da"
    kind = _LIMIT[exclude.kind][0 if danish else 1]
    text = f"{_in(exclude.why, language)} ({kind}; {_joined(judged.decided, language)})."
    named = [one for one in exclude.instead if one in open_offers]
    instead = ", ".join(_in(catalogue.offers[one].name, language) for one in named or exclude.instead)
    if named:
        return text + (f" I stedet: {instead}." if danish else f" Instead: {instead}.")
    if exclude.instead:
        return text + (f" Overvej i stedet: {instead}." if danish else f" Consider instead: {instead}.")
    return text


def _in(text: Text, language: str) -> str:
    return text.da if language == "da" else text.en


def _joined(statements: tuple[Statement, ...], language: str) -> str:
    return "; ".join(dict.fromkeys(_said(statement, language) for statement in statements))


def _said(statement: Statement, language: str) -> str:
    return statement.da if language == "da" else statement.en
