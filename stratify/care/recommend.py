"""One person's offers in words: which suit, which suit with help, what to ask first, what does not suit and why.

Risk says who may need something, not who will benefit: no text here promises an effect, and what is known of an
offer's effects, good and bad and none, stands beside it with its source.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from stratify.care.facts import WORDS
from stratify.care.logic import Judge
from stratify.care.people import NO, UNKNOWN, YES, People
from stratify.care.statements import Speaker, Statement, names_of
from stratify.care.weigh import ANSWERS, Given, Weighed, Weigher, due
from stratify.care.where import where
from stratify.catalogue.load import Catalogue
from stratify.catalogue.offers import Evidence, Offer
from stratify.catalogue.shapes import Text

BEYOND = ("registers", "model")  # nobody in the room can tell it
EVIDENCE = ("outcome", "direction", "certainty", "source", "provenance")
SHOWN = ("suitable", "bridge", "duty", "ask")  # the answers that are not a no
ORDER = {"duty": 0, "suitable": 0, "bridge": 0, "ask": 1}  # equal need, equal place: a bridge is no step down
WEIGHT = {"trial": 3, "observational": 2, "guideline": 1, "uncontrolled": 1, "none": 0}

RIGHTS = (
    Text(
        da="Retten til udredning og behandling og til selv at vælge sygehus er den samme, hvad der end siges nej til.",
        en="The right to assessment and treatment and to choose the hospital is the same, whatever is declined.",
    ),
    Text(
        da="Et nej kan altid gøres om: sig til hos egen læge eller behandler.",
        en="A no can always be changed: tell the GP or clinician.",
    ),
)  # Sundhedsloven ch. 18-19 (READ as chapters); shown beside every no

_LIMIT = {
    "danger": ("af hensyn til sikkerheden", "for safety's sake"),
    "scheme": ("ordningens egen grænse", "the scheme's own limit"),
    "trial": ("forsøgets egen grænse", "the trial's own limit"),
}


def recommend(people: People, catalogue: Catalogue, given: Given, row: int = 0) -> dict[str, Any]:
    """Return one person's answers as plain JSON-ready values: `offers` in order, and beside them `safety` and `rights`.

    Each offer has id, name, kind, answer, reason (for a no), why {da, en}, bridges, ask, due_days, by, places, where
    (the nearest first, with km), evidence and alternatives. Offers with no indication are counted, not listed
    (`not_indicated`), and so are those that nothing gives reason to ask about (`not_asked`). The same facts give the
    same list.
    """
    one = people if people.n == 1 else people.of(np.array([row]))
    weigher = Weigher(one, catalogue, given)
    weighed = weigher.all()
    listed = [w for w in weighed if ANSWERS[w.answer[0]] not in ("no_indication", "not_asked")]
    telling = Telling(weigher, weighed)
    offers = sorted((telling.of(w) for w in listed), key=_rank)
    return {
        "offers": offers,
        "not_indicated": sum(ANSWERS[w.answer[0]] == "no_indication" for w in weighed),
        "not_asked": sum(ANSWERS[w.answer[0]] == "not_asked" for w in weighed),
        "safety": safety(weigher.judge, catalogue),
        "rights": [both(right) for right in RIGHTS],
    }


def safety(judge: Judge, catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return the warnings about one person's medicine, the most urgent first; no choice takes them away."""
    speaker = Speaker(judge, 0, names_of(catalogue))
    found = sorted(catalogue.safety.values(), key=lambda one: (one.priority, one.id))
    return [
        {
            "id": one.id,
            "name": both(one.name),
            "advice": both(one.advice),
            "why": [statement.text() for statement in speaker.decided(one.rule)],
            "source": one.source,
            "provenance": one.provenance,
        }
        for one in found
        if judge.rule(one.rule)[0] == YES
    ]


def _rank(told: Mapping[str, Any]) -> tuple[Any, ...]:
    """What comes first: what is open, then what cannot wait, then the declared order, then what is better known.

    Of what has to be asked, what somebody in the room can answer comes before what registers or a model lack.
    """
    left = told["due_days"]
    beyond = told["answer"] == "ask" and all(one in WORDS and WORDS[one].known_by in BEYOND for one in told["ask"])
    return (
        ORDER.get(told["answer"], 2),
        beyond,
        np.inf if left is None else left,
        told["priority"],
        -told["evidence_weight"],
        told["id"],
    )


class Telling:
    """Puts the offers weighed for one person into words."""

    def __init__(self, weigher: Weigher, weighed: list[Weighed]) -> None:
        self.weigher, self.catalogue = weigher, weigher.catalogue
        self.open = {w.offer.id for w in weighed if ANSWERS[w.answer[0]] in SHOWN}
        self.shared = names_of(self.catalogue)

    def of(self, one: Weighed) -> dict[str, Any]:
        """Return one offer's answer."""
        offer, answer = one.offer, ANSWERS[one.answer[0]]
        names = names_of(self.catalogue, offer) if offer.ask else self.shared
        speaker = Speaker(self.weigher.judge, 0, names)
        asked = self.asked(one, answer, speaker)
        bridges = [key for key, usable in one.bridges().items() if usable[0]] if answer in ("bridge", "ask") else []
        left = float(due(one, self.weigher.judge.people)[0])
        return {
            "id": offer.id,
            "name": both(offer.name),
            "kind": offer.kind,
            "answer": answer if answer in SHOWN else "not_suitable",
            "reason": None if answer in SHOWN else answer,
            "why": {language: self.why(one, answer, asked, bridges, speaker, language) for language in ("da", "en")},
            "does": both(offer.does),
            "bridges": [self.bridge(key, one) for key in bridges],
            "ask": list(dict.fromkeys(statement.fact for statement in asked)),
            "decided": self.decided(one, answer, speaker),
            "first": [r.helped_by for r, truth in one.requires if truth[0] == NO],
            "due_days": None if np.isinf(left) or answer not in SHOWN else int(left),
            "by": list(offer.by(self.weigher.given.day)),
            "places": list(offer.places),
            "where": where(self.weigher.judge.people, offer),
            "evidence": [evidence_told(evidence) for evidence in offer.evidence],
            "evidence_weight": weight(offer),
            "alternatives": self.alternatives(one),
            "priority": offer.priority,
            "source": offer.source,
            "provenance": offer.provenance,
        }

    def decided(self, one: Weighed, answer: str, speaker: Speaker) -> list[str]:
        """Return the facts that a no rests on."""
        rules = []
        if answer in ("danger", "scheme"):
            kind = answer == "danger"
            rules = [e.rule for e, truth in one.excludes if truth[0] == YES and (e.kind == "danger") == kind]
        if answer == "need":
            rules = [self.catalogue.needs[m.needed.need].met for m in one.needs if m.closes[0]]
        return list(dict.fromkeys(s.fact for rule in rules for s in speaker.decided(rule)))

    def bridge(self, key: str, one: Weighed) -> dict[str, Any]:
        """Return a bridge as it is shown with an offer; `needs` are those it helps with, none where it meets a wish."""
        found = self.catalogue.bridges[key]
        by = [one.body for one in found.responsible if one.on(self.weigher.given.day)]
        return {
            "bridge": key,
            "needs": [
                met.needed.need
                for met in one.needs
                if key in met.bridges and met.bridges[key][0] and (met.met[0] == NO or met.hard[0])
            ],
            "name": both(found.name),
            "by": by,
            "burden": both(found.burden),
            "source": found.source,
            "provenance": found.provenance,
        }

    def asked(self, one: Weighed, answer: str, speaker: Speaker) -> list[Statement]:
        """Return what to ask: where the answer hangs on it, what decides; else what is worth knowing."""
        if answer not in SHOWN:
            return []
        window = [speaker.say(one.offer.window.test())] if one.offer.window is not None else []
        indication = [s for s in (*window, *speaker.decided(one.offer.indication)) if s.holds is None]
        if answer == "ask":
            return [*indication, *self._open(one, speaker, first=True), *self._untold(one, speaker)]
        limits = self._open(one, speaker, first=False)
        needs = [
            statement
            for met in one.needs
            if met.met[0] == UNKNOWN
            for statement in speaker.decided(self.catalogue.needs[met.needed.need].met)
            if statement.holds is None
        ]
        required = [s for r, truth in one.requires if truth[0] == UNKNOWN for s in speaker.decided(r.rule)]
        return [*limits, *required, *needs]

    def _untold(self, one: Weighed, speaker: Speaker) -> list[Statement]:
        """Return what would tell whether a need that is not met could be helped."""
        rules = [
            self.catalogue.bridges[key].only
            for met in one.needs
            if met.asked[0]
            for key, untold in met.untold.items()
            if untold[0]
        ]
        return [statement for rule in rules if rule is not None for statement in speaker.decided(rule)]

    @staticmethod
    def _open(one: Weighed, speaker: Speaker, *, first: bool) -> list[Statement]:
        return [
            statement
            for exclude, truth in one.excludes
            if exclude.asked_first == first and truth[0] == UNKNOWN
            for statement in speaker.decided(exclude.rule)
        ]

    def alternatives(self, one: Weighed) -> list[str]:
        """Return the offers that another wish could lead to: what is like this one, or stands in its place."""
        named = [overlap.offer for overlap in one.offer.overlaps]
        named += [other for exclude, truth in one.excludes if truth[0] == YES for other in exclude.instead]
        named += [other for other, both in one.instead_of.items() if both[0]]
        return [other for other in dict.fromkeys(named) if other in self.open]

    def why(
        self, one: Weighed, answer: str, asked: list[Statement], bridges: list[str], speaker: Speaker, language: str
    ) -> str:
        """Return the reason in one language."""
        da = language == "da"
        for_whom = _in(one.offer.indication_text, language)
        if answer == "ask":
            told = _joined(asked, language)
            return f"Spørg først: {told}. For: {for_whom}." if da else f"Ask first: {told}. For: {for_whom}."
        if answer not in SHOWN:
            return ("Ikke nu: " if da else "Not now: ") + self._against(one, answer, speaker, language)
        grounds = _joined(speaker.decided(one.offer.indication), language)
        start = {"duty": ("Skal tilbydes", "To be done"), "bridge": ("Egnet med en bro", "Suitable with a bridge")}.get(
            answer, ("Egnet", "Suitable")
        )[0 if da else 1]
        text = f"{start}: {for_whom}" + (f" ({grounds})." if grounds else ".")
        if bridges:
            names = " / ".join(_in(self.catalogue.bridges[key].name, language) for key in bridges)
            text += f" Bro: {names}." if da else f" Bridge: {names}."
        for requirement, truth in one.requires:
            if truth[0] == NO:
                helper = _in(self.catalogue.offers[requirement.helped_by].name, language)
                text += f" {_in(requirement.why, language)}; " + (f"først: {helper}." if da else f"first: {helper}.")
        for overlap in one.offer.overlaps:
            if overlap.offer in self.open and overlap.kind != "never_both":
                text += f" {_in(overlap.why, language)}."
        if asked:
            told = _joined(asked, language)
            text += f" Værd at spørge om: {told}." if da else f" Worth asking: {told}."
        return text

    def _against(self, one: Weighed, answer: str, speaker: Speaker, language: str) -> str:
        """Return why an offer is closed, with what is offered instead."""
        da = language == "da"
        if answer in ("danger", "scheme"):
            parts = [
                self._limit(
                    exclude.kind, _in(exclude.why, language), exclude.instead, speaker.decided(exclude.rule), da
                )
                for exclude, truth in one.excludes
                if truth[0] == YES and (exclude.kind == "danger") == (answer == "danger")
            ]
            return " ".join(parts)
        if answer == "need":
            needs = [self.catalogue.needs[m.needed.need] for m in one.needs if m.closes[0]]
            return " ".join(
                f"{_in(need.unmet, language)} ({_joined(speaker.decided(need.met), language)})." for need in needs
            )
        if answer == "preference":
            wishes = [_in(wish.name, language) for wish, whose in one.wished if whose[0]]
            return ("personens ønske: " if da else "the person's wish: ") + ", ".join(wishes) + "."
        if answer == "window":
            window = one.offer.window
            assert window is not None
            return (
                ("fristen er gået: " if da else "the time has passed: ")
                + _said(speaker.say(window.test()), language)
                + "."
            )
        if answer == "declined":
            left = int(self.weigher.given.declined[one.offer.id].left[0])
            until = np.datetime64(self.weigher.given.day) + left
            return f"sagt nej eller senere, indtil {until}." if da else f"declined or put off until {until}."
        if answer == "in_use":
            return "er i gang." if da else "is under way."
        others = ", ".join(
            _in(self.catalogue.offers[other].name, language) for other, both in one.instead_of.items() if both[0]
        )
        return f"ét er nok; nu: {others}." if da else f"one is enough; now: {others}."

    def _limit(self, kind: str, why: str, instead: tuple[str, ...], decided: tuple[Statement, ...], da: bool) -> str:
        language = "da" if da else "en"
        text = f"{why} ({_LIMIT[kind][0 if da else 1]}; {_joined(decided, language)})."
        named = [other for other in instead if other in self.open]
        names = ", ".join(_in(self.catalogue.offers[other].name, language) for other in named or instead)
        if named:
            return text + (f" I stedet: {names}." if da else f" Instead: {names}.")
        return text + ((f" Overvej: {names}." if da else f" Consider: {names}.") if instead else "")


def weight(offer: Offer) -> int:
    """Return how well a benefit of the offer is known: that of the best-known outcome that it was found to better."""
    return max((WEIGHT[e.certainty] for e in offer.evidence if e.direction == "better"), default=0)


def both(text: Text) -> dict[str, str]:
    """Return a text in both languages."""
    return {"da": text.da, "en": text.en}


def evidence_told(evidence: Evidence) -> dict[str, Any]:
    """Return what is known of an effect, as it is shown."""
    told: dict[str, Any] = {name: getattr(evidence, name) for name in EVIDENCE}
    return told | {"among": both(evidence.among) if evidence.among else None}


def _in(text: Text, language: str) -> str:
    return text.da if language == "da" else text.en


def _joined(statements: Any, language: str) -> str:
    return "; ".join(dict.fromkeys(_said(statement, language) for statement in statements))


def _said(statement: Statement, language: str) -> str:
    return statement.da if language == "da" else statement.en
