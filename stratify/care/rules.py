"""Whether a rule holds for a person - yes, no or unknown - and the statements that decided it, in words.

Three-valued logic after Kleene: a test on an unknown fact is unknown; `all` is no when one part is no, and yes only
when every part is yes; `any` is yes when one part is yes, and no only when every part is no. So knowing more can turn
unknown into an answer and never turns one answer into the other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from stratify.care.facts import WORDS, Facts, Value, Word
from stratify.catalogue.entries import Offer, Rule, Test, Text
from stratify.catalogue.load import Catalogue

_WHO = {
    "registers": ("registrene mangler det", "the registers lack it"),
    "model": ("modellen har intet svar", "the model has no answer"),
    "person": ("spørg personen selv", "ask the person"),
    "clinician": ("egen læge eller behandler ved det", "the GP or clinician can tell"),
    "medicine_card": ("se det fælles medicinkort", "see the shared medicine card"),
}
_HINT = (", ifølge et register, ikke bekræftet – spørg", ", from a register, not confirmed – ask")


class Names(NamedTuple):
    """The words for facts and the names of conditions."""

    words: Mapping[str, Word]
    conditions: Mapping[str, Text]


class Statement(NamedTuple):
    """What one test says of the person: yes, no or unknown (None), in Danish and in English."""

    fact: str
    holds: bool | None
    da: str
    en: str

    def text(self) -> dict[str, str]:
        """Return the statement as {"da", "en"}."""
        return {"da": self.da, "en": self.en}


class Judged(NamedTuple):
    """Whether a rule holds, and the statements that decided; where it is unknown, those that would decide."""

    holds: bool | None
    decided: tuple[Statement, ...]

    def unknown(self) -> tuple[str, ...]:
        """Return the facts to ask for, each once."""
        return tuple(dict.fromkeys(s.fact for s in self.decided if s.holds is None))


def names_of(catalogue: Catalogue, offer: Offer | None = None) -> Names:
    """Return the words of a catalogue, with the further facts one offer asks for."""
    own = {a.id: Word(a.kind, a.name.da, a.name.en, a.known_by) for a in offer.ask} if offer else {}
    return Names({**WORDS, **own}, {c.id: c.name for c in catalogue.conditions.values()})


PLAIN = Names(WORDS, {})


def judge(rule: Rule, facts: Facts, names: Names = PLAIN) -> Judged:
    """Return whether the rule holds; one without tests holds for everybody."""
    every = tuple(judge_test(test, facts, names) for test in rule.all)
    some = tuple(judge_test(test, facts, names) for test in rule.any)
    missed = tuple(s for s in every if s.holds is False)
    if missed:
        return Judged(False, missed)
    if some and all(s.holds is False for s in some):
        return Judged(False, some)
    met = tuple(s for s in some if s.holds)
    open_ = tuple(s for s in every if s.holds is None)
    if some and not met:
        open_ += tuple(s for s in some if s.holds is None)
    return Judged(None, open_) if open_ else Judged(True, every + met)


def judge_test(test: Test, facts: Facts, names: Names = PLAIN) -> Statement:
    """Return what one test says of the person."""
    value = facts.get(test.fact)
    word = names.words[test.fact]
    if value is None:
        return _unknown(test, word, names)
    holds: bool | None
    if test.any_of:
        if not isinstance(value, frozenset):
            raise ValueError(f"any_of needs a set, and fact {test.fact} is a {type(value).__name__}")
        present = [one for one in test.any_of if one in value]
        unseen = facts.get("conditions_not_measurable") if test.fact == "conditions" else None
        if not present and isinstance(unseen, frozenset) and unseen.intersection(test.any_of):
            return _unknown(test, word, names, [one for one in test.any_of if one in unseen])
        holds = bool(present)
        da, en = _listed(present, names) if holds else ("", "")
        if not holds:
            listed = _listed(test.any_of, names)
            da, en = f"ikke blandt {word.da}: {listed[0]}", f"not among {word.en}: {listed[1]}"
    else:
        holds, da, en = _compared(test, value, word)
    if test.fact in facts.proxies:
        da, en = da + _HINT[0], en + _HINT[1]
    return Statement(test.fact, holds, da, en)


def _compared(test: Test, value: Value, word: Word) -> tuple[bool, str, str]:
    if isinstance(value, frozenset):
        raise ValueError(f"fact {test.fact} is a set: test it with any_of")
    da, en = _told(value, word)
    if test.is_ is not None:
        wanted = _told(test.is_, word)
        holds = value == test.is_
        more = ("", "") if holds or isinstance(value, bool) else (f" (ikke {wanted[0]})", f" (not {wanted[1]})")
        return holds, f"{word.da}: {da}{more[0]}", f"{word.en}: {en}{more[1]}"
    if isinstance(value, str):
        raise ValueError(f"fact {test.fact} is a text: test it with is")
    holds, limits_da, limits_en = True, [], []
    if test.at_least is not None:
        holds = value >= test.at_least
        bound = _told(test.at_least, word)
        limits_da.append(f"mindst {bound[0]}")
        limits_en.append(f"at least {bound[1]}")
    if test.at_most is not None:
        holds = holds and value <= test.at_most
        bound = _told(test.at_most, word)
        limits_da.append(f"højst {bound[0]}")
        limits_en.append(f"at most {bound[1]}")
    return (
        holds,
        f"{word.da}: {da} (grænse: {' og '.join(limits_da)})",
        f"{word.en}: {en} (limit: {' and '.join(limits_en)})",
    )


def _unknown(test: Test, word: Word, names: Names, unseen: list[str] | None = None) -> Statement:
    who = _WHO[word.known_by]
    da, en = word.da, word.en
    asked = unseen or test.any_of
    if asked:
        listed = _listed(asked, names)
        da, en = f"{da} ({listed[0]})", f"{en} ({listed[1]})"
    return Statement(test.fact, None, f"ikke kendt: {da} – {who[0]}", f"not known: {en} – {who[1]}")


def _listed(ids: list[str] | tuple[str, ...], names: Names) -> tuple[str, str]:
    found = [names.conditions.get(one) for one in ids]
    return (
        ", ".join(name.da if name else one for one, name in zip(ids, found, strict=True)),
        ", ".join(name.en if name else one for one, name in zip(ids, found, strict=True)),
    )


def _told(value: bool | float | str, word: Word) -> tuple[str, str]:
    if isinstance(value, bool):
        return ("ja", "yes") if value else ("nej", "no")
    if isinstance(value, str):
        return value, value
    if math.isinf(value):
        return "aldrig", "never"
    if word.kind == "share":
        return f"{100 * value:.0f} %", f"{100 * value:.0f}%"
    number = f"{value:g}"
    if word.kind == "days":
        one = value == 1
        return f"{number} {'dag' if one else 'dage'}", f"{number} {'day' if one else 'days'}"
    return number.replace(".", ","), number
