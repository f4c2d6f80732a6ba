"""The words for what may be known of a person: a fact's kind, its name, who can tell it, and what may be asked of it.

`WORDS` is the vocabulary of rules (`facts.toml`). A name it lacks is refused when the catalogue is read, so that a
misspelt fact cannot pass for one that nobody knows. An offer may declare further facts of its own (`[[ask]]`).
"""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

FactKind = Literal["number", "days", "share", "flag", "word", "set"]
KnownBy = Literal["registers", "model", "person", "clinician", "medicine_card"]

NEVER = math.inf  # days since something that has not happened
UNMEASURABLE = "conditions_not_measurable"  # the conditions a source cannot tell: it qualifies others, no rule asks it


class Word(NamedTuple):
    """A fact's kind, its label in Danish and English, and who can tell when it is not known."""

    kind: FactKind
    da: str
    en: str
    known_by: KnownBy = "registers"
    words: tuple[str, ...] = ()  # what a word may be; empty where it may be anything
    da_words: tuple[str, ...] = ()  # how each is told
    en_words: tuple[str, ...] = ()
    service: bool = False  # a service already in place: it may open an offer and can never close one
    need_only: bool = False  # part of need; no offer is opened, closed or shaped by it


def _read(path: Path) -> Mapping[str, Word]:
    with path.open("rb") as file:
        found = tomllib.load(file)
    return MappingProxyType({name: _word(one) for name, one in found.items()})


def _word(told: Mapping[str, Any]) -> Word:
    parts: dict[str, Any] = {key: tuple(one) if isinstance(one, list) else one for key, one in told.items()}
    return Word(**parts)


WORDS = _read(Path(__file__).with_name("facts.toml"))
NEED_ONLY = frozenset(name for name, word in WORDS.items() if word.need_only)
SERVICES = frozenset(name for name, word in WORDS.items() if word.service)


def unknown_name(name: str, own: Iterable[str] = ()) -> str | None:
    """Return what is wrong with a fact's name, or None."""
    names = {*WORDS, UNMEASURABLE, *own}
    if name in names:
        return None
    near = difflib.get_close_matches(name, sorted(names), n=1)
    return f"no such fact {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")


def misused(name: str, wanted: str | bool | None, members: tuple[str, ...], own: Mapping[str, FactKind]) -> str | None:
    """Return what is wrong with a test of this fact (`is` a word or a flag, `any_of` a set, else limits), or None."""
    if problem := unknown_name(name, own):
        return problem
    kind = own.get(name) or (WORDS[name].kind if name in WORDS else None)
    if kind is None:
        return f"fact {name} qualifies others and is not tested itself"
    needs = {"flag": "is true or false", "word": "is a text", "set": "any_of"}.get(kind, "at_least or at_most")
    got = "any_of" if members else "at_least or at_most"
    if wanted is not None:
        got = "is true or false" if isinstance(wanted, bool) else "is a text"
    if got != needs:
        return f"fact {name} is a {kind}: test it with {needs}, got {got}"
    asked = members or (wanted,)
    return next((problem for one in asked if (problem := no_such_word(name, one))), None)


def no_such_word(name: str, word: object) -> str | None:
    """Return what is wrong with a word told of a fact that has a vocabulary of its own, or None."""
    words = WORDS[name].words if name in WORDS else ()
    return f"fact {name} is one of {', '.join(words)}, got {word!r}" if words and word not in words else None
