"""What is known of one person, and the words for it: a fact that is not there is unknown, never false.

`Facts.known` holds what somebody or some register has said; `Facts.proxies` names those of them that are only an
unconfirmed register's hint. Hints may add a bridge, a question or an earlier contact and never close an offer: rules
that decide read `Facts.confirmed()`, in which a hint is as unknown as a gap.

`WORDS` is the vocabulary of rules. A name it lacks is refused when the catalogue is read, so that a misspelt fact
cannot pass for one that nobody knows. An offer may declare further facts of its own (`[[ask]]`).
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from numbers import Real
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

Value = bool | float | str | frozenset[str]
FactKind = Literal["number", "days", "share", "flag", "word", "set"]
KnownBy = Literal["registers", "model", "person", "clinician", "medicine_card"]

NEVER = math.inf  # days since something that has not happened


class Word(NamedTuple):
    """A fact's kind, its label in Danish and English, and who can tell when it is not known."""

    kind: FactKind
    da: str
    en: str
    known_by: KnownBy = "registers"
    service: bool = False  # a service already in place: it may open an offer and can never close one


WORDS: Mapping[str, Word] = MappingProxyType(
    {
        "age": Word("number", "alder", "age"),
        "sex": Word("word", "køn", "sex"),
        "conditions": Word("set", "kendte sygdomme", "known conditions", "clinician"),
        "n_conditions": Word("number", "antal kroniske sygdomme", "number of chronic conditions", "clinician"),
        "n_somatic": Word("number", "antal somatiske sygdomme", "number of somatic conditions", "clinician"),
        "n_psychiatric": Word("number", "antal psykiske sygdomme", "number of psychiatric conditions", "clinician"),
        "psychiatric_somatic": Word(
            "flag", "både psykisk og somatisk sygdom", "both a psychiatric and a somatic condition", "clinician"
        ),
        "smi": Word("flag", "svær psykisk sygdom", "severe mental illness", "clinician"),
        "n_drugs": Word(
            "number",
            "forskellige lægemidler de seneste 120 dage",
            "different medicines in the last 120 days",
            "medicine_card",
        ),
        "on_antipsychotic": Word("flag", "får antipsykotisk medicin", "takes antipsychotic medicine", "medicine_card"),
        "acute_admissions_365d": Word(
            "number", "akutte indlæggelser det seneste år", "acute admissions in the last year"
        ),
        "psychiatric_admissions_365d": Word(
            "number", "psykiatriske indlæggelser det seneste år", "psychiatric admissions in the last year"
        ),
        "days_since_somatic_discharge": Word(
            "days", "tid siden somatisk udskrivning", "time since discharge from a somatic ward"
        ),
        "days_since_psychiatric_discharge": Word(
            "days", "tid siden psykiatrisk udskrivning", "time since discharge from a psychiatric ward"
        ),
        "outpatient_contacts_365d": Word(
            "number", "ambulante kontakter det seneste år", "outpatient contacts in the last year", service=True
        ),
        "emergency_contacts_365d": Word(
            "number", "skadestuekontakter det seneste år", "emergency contacts in the last year", service=True
        ),
        "days_since_any_contact": Word("days", "tid siden seneste sygehuskontakt", "time since any hospital contact"),
        "hba1c_last": Word("number", "seneste HbA1c (mmol/mol)", "latest HbA1c (mmol/mol)", "clinician"),
        "days_since_hba1c": Word("days", "tid siden HbA1c blev målt", "time since HbA1c was measured", "clinician"),
        "risk_acute_admission_365d": Word(
            "share", "beregnet risiko for akut indlæggelse inden for et år", "estimated risk of an acute admission"
            " within a year", "model",
        ),
        "risk_death_365d": Word(
            "share", "beregnet risiko for død inden for et år", "estimated risk of death within a year", "model"
        ),
        "lives_alone": Word("flag", "bor alene", "lives alone", "person"),
        # No register holds these: they are asked, and until then unknown.
        "has_home": Word("flag", "har et sted at bo", "has somewhere to live", "person"),
        "care_home": Word("flag", "bor på plejehjem eller botilbud", "lives in a care home", "person"),
        "home_care": Word("flag", "får hjemmepleje", "has home care", "person", service=True),
        "phone_talk": Word(
            "flag", "kan klare en samtale på dansk i telefonen", "can manage a talk in Danish by phone", "person"
        ),
        "danish": Word("flag", "taler dansk", "speaks Danish", "person"),
        "terminal": Word("flag", "er i livets sidste fase", "is at the end of life", "clinician"),
    }
)  # fmt: skip

NEED_ONLY = frozenset({"risk_death_365d"})  # part of need; no offer is opened or closed by it


@dataclass(frozen=True)
class Facts:
    """What is known of one person. Values must be of their word's kind; leave out what is not known."""

    known: Mapping[str, Value]
    proxies: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        strangers = self.proxies - self.known.keys()
        if strangers:
            raise ValueError(f"proxies must be among the known facts, got {', '.join(sorted(strangers))}")
        for name, value in self.known.items():
            word = WORDS.get(name)
            if word is not None and not _fits(word.kind, value):
                raise ValueError(f"fact {name} needs a {word.kind}, got a {type(value).__name__} that is none")

    def confirmed(self) -> Facts:
        """Return the facts without the hints that nobody has confirmed."""
        if not self.proxies:
            return self
        return Facts({name: value for name, value in self.known.items() if name not in self.proxies})

    def get(self, name: str) -> Value | None:
        """Return the value of a fact, or None where it is unknown."""
        return self.known.get(name)


def from_words(words: Mapping[str, Any], own: Iterable[str] = ()) -> Facts:
    """Return facts written by hand: a list is a set, "never" is no such event, `name?` is an unconfirmed hint.

    `own` names facts beyond `WORDS` that may stand here. Raises ValueError for any other name, with the nearest.

    >>> from_words({"age": 46, "lives_alone?": True}).proxies
    frozenset({'lives_alone'})
    """
    known: dict[str, Value] = {}
    proxies = []
    for written, value in words.items():
        name = written.removesuffix("?")
        if problem := unknown_name(name, own):
            raise ValueError(problem)
        if name in known:
            raise ValueError(f"fact {name} stands twice, with and without a question mark")
        if name != written:
            proxies.append(name)
        known[name] = _read(name, value)
    return Facts(known, frozenset(proxies))


def unknown_name(name: str, own: Iterable[str] = ()) -> str | None:
    """Return what is wrong with a fact's name, or None."""
    names = {*WORDS, "conditions_not_measurable", *own}
    if name in names:
        return None
    near = difflib.get_close_matches(name, sorted(names), n=1)
    return f"no such fact {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")


def misused(name: str, wanted: str | bool | None, *, in_set: bool, own: Mapping[str, FactKind]) -> str | None:
    """Return what is wrong with a test of this fact (`is` a word or a flag, `any_of` a set, else limits), or None."""
    if problem := unknown_name(name, own):
        return problem
    kind = own.get(name) or (WORDS[name].kind if name in WORDS else None)
    if kind is None:
        return f"fact {name} qualifies others and is not tested itself"
    needs = {"flag": "is true or false", "word": "is a text", "set": "any_of"}.get(kind, "at_least or at_most")
    got = "any_of" if in_set else "at_least or at_most"
    if wanted is not None:
        got = "is true or false" if isinstance(wanted, bool) else "is a text"
    return None if got == needs else f"fact {name} is a {kind}: test it with {needs}, got {got}"


def _read(name: str, value: object) -> Value:
    if isinstance(value, list | tuple | set | frozenset):
        return frozenset(str(one) for one in value)
    if value == "never" and name in WORDS and WORDS[name].kind == "days":
        return NEVER
    if isinstance(value, bool | int | float | str):
        return value
    raise ValueError(f"fact {name} needs a number, text, yes or no, or list, got a {type(value).__name__}")


def _fits(kind: FactKind, value: object) -> bool:
    if kind == "flag":
        return isinstance(value, bool)
    if kind == "word":
        return isinstance(value, str)
    if kind == "set":
        return isinstance(value, frozenset)
    if not isinstance(value, Real) or isinstance(value, bool):
        return False
    number = float(value)
    return 0 <= number <= 1 if kind == "share" else not math.isnan(number)
