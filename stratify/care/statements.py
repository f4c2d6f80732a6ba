"""What a rule's tests say of one person, in words: yes, no or unknown, in Danish and in English."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from stratify.care.facts import WORDS, Word
from stratify.care.logic import Judge
from stratify.care.people import NO, UNKNOWN, YES, Column, Members, value_of
from stratify.catalogue.load import Catalogue
from stratify.catalogue.offers import Offer, Rule, Test
from stratify.catalogue.shapes import Text

_WHO = {
    "registers": ("registrene mangler det", "the registers lack it"),
    "model": ("modellen har intet svar", "the model has no answer"),
    "person": ("spørg personen selv", "ask the person"),
    "clinician": ("egen læge eller behandler ved det", "the GP or clinician can tell"),
    "medicine_card": ("se det fælles medicinkort", "see the shared medicine card"),
}
_HINT = (", ifølge et register, ikke bekræftet – spørg", ", from a register, not confirmed – ask")


class Statement(NamedTuple):
    """What one test says of a person: yes, no or unknown (None), in Danish and in English."""

    fact: str
    holds: bool | None
    da: str
    en: str
    hint: bool = False

    def text(self) -> dict[str, str]:
        """Return the statement as {"da", "en"}."""
        return {"da": self.da, "en": self.en}


class Names(NamedTuple):
    """The words for facts, and the names of what may stand in a set."""

    words: Mapping[str, Word]
    members: Mapping[str, Text]


@lru_cache(maxsize=256)
def names_of(catalogue: Catalogue, offer: Offer | None = None) -> Names:
    """Return the words of a catalogue, with the further facts one offer asks for."""
    own = {a.id: Word(a.kind, a.name.da, a.name.en, a.known_by) for a in offer.ask} if offer else {}
    members = {c.id: c.name for c in catalogue.conditions.values()}
    members |= {
        one: Text(da=da, en=en)
        for word in WORDS.values()
        if word.kind == "set"
        for one, da, en in zip(word.words, word.da_words, word.en_words, strict=True)
    }
    members |= {flag.id: flag.name for family in catalogue.features.values() for flag in family.flag}
    return Names({**WORDS, **own}, members)


class Speaker:
    """Puts the rules that were judged for some people into words, for one of them."""

    def __init__(self, judge: Judge, row: int, names: Names) -> None:
        self.judge, self.row, self.names = judge, row, names

    def decided(self, rule: Rule, *, confirmed: bool = True) -> tuple[Statement, ...]:
        """Return the statements that decided a rule; where it is unknown, those that would decide."""
        every = [self.say(test, confirmed=confirmed) for test in rule.all]
        some = [self.say(test, confirmed=confirmed) for test in rule.any]
        missed = tuple(s for s in every if s.holds is False)
        if missed:
            return missed
        if some and all(s.holds is False for s in some):
            return tuple(some)
        met = tuple(s for s in some if s.holds)
        open_ = tuple(s for s in every if s.holds is None)
        if some and not met:
            open_ += tuple(s for s in some if s.holds is None)
        return open_ or (*every, *met)

    def say(self, test: Test, *, confirmed: bool = True) -> Statement:
        """Return what one test says."""
        holds = {NO: False, UNKNOWN: None, YES: True}[self.judge.test(test, confirmed=confirmed)[self.row]]
        word = self.names.words[test.fact]
        if holds is None:
            return self._unknown(test, word)
        people = self.judge.people
        told: Column | Members = people.sets[test.fact] if test.any_of else people.columns[test.fact]
        if isinstance(told, Members):
            da, en = self._of_set(test, told, word, holds)
        else:
            da, en = _compared(test, told, float(told.values[self.row]), word)
        hint = told.hint is not None and bool(told.hint[self.row])
        if hint:
            da, en = da + _HINT[0], en + _HINT[1]
        return Statement(test.fact, holds, da, en, hint)

    def _of_set(self, test: Test, members: Members, word: Word, holds: bool) -> tuple[str, str]:
        if holds:
            return self._listed(o for o in test.any_of if o in members.has and members.has[o][self.row] == YES)
        da, en = self._listed(test.any_of)
        return f"ikke blandt {word.da}: {da}", f"not among {word.en}: {en}"

    def _unknown(self, test: Test, word: Word) -> Statement:
        da, en = word.da, word.en
        members = self.judge.people.sets.get(test.fact)
        unseen = [one for one in test.any_of if members and members.has.get(one, members.rest)[self.row] == UNKNOWN]
        if listed := unseen or test.any_of:
            names = self._listed(listed)
            da, en = f"{da} ({names[0]})", f"{en} ({names[1]})"
        who = _WHO[word.known_by]
        return Statement(test.fact, None, f"ikke kendt: {da} – {who[0]}", f"not known: {en} – {who[1]}")

    def _listed(self, ids: Iterable[str]) -> tuple[str, str]:
        found = [(self.names.members.get(one), one) for one in ids]
        return (
            ", ".join(name.da if name else one for name, one in found),
            ", ".join(name.en if name else one for name, one in found),
        )


def _compared(test: Test, column: Column, value: float, word: Word) -> tuple[str, str]:
    da, en = _told(value_of(value, column), word)
    if test.is_ is not None:
        return f"{word.da}: {da}", f"{word.en}: {en}"
    bounds = [("mindst", "at least", test.at_least), ("højst", "at most", test.at_most)]
    limits = [(da_, en_, _told(limit, word)) for da_, en_, limit in bounds if limit is not None]
    return (
        f"{word.da}: {da} (grænse: {' og '.join(f'{one} {limit[0]}' for one, _, limit in limits)})",
        f"{word.en}: {en} (limit: {' and '.join(f'{one} {limit[1]}' for _, one, limit in limits)})",
    )


def _worded(value: str, word: Word) -> tuple[str, str]:
    """Return how one of a fact's words is told."""
    if value not in word.words or not word.da_words:
        return value, value
    place = word.words.index(value)
    return word.da_words[place], word.en_words[place]


def _told(value: object, word: Word) -> tuple[str, str]:
    if isinstance(value, bool):
        return ("ja", "yes") if value else ("nej", "no")
    if not isinstance(value, int | float):
        return _worded(str(value), word)
    if math.isinf(value):
        return "aldrig", "never"
    if word.kind == "share":
        return f"{100 * value:.0f} %", f"{100 * value:.0f}%"
    number = f"{value:g}"
    if word.kind == "days":
        one = value == 1
        return f"{number} {'dag' if one else 'dage'}", f"{number} {'day' if one else 'days'}"
    return number.replace(".", ","), number
