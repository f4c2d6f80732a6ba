"""People in short stories, with the answers a clinician expects: how they are written, and what they make known.

One statement a line, fields apart by ` | `; `#` begins a comment::

    vignette | id | kind | title
    person   | key=value; key=value; ...     what is not named is unknown (not false); `key?=value` is a hint
    variant  | name | key=value; ...         the same person with these facts; `*` in later lines means all
    expect   | variant | offer | answer | detail | why (source)
    assert   | variant | expression

Keys are the facts of `facts.toml`, the other words of `vignette_words`, and conditions told one by one (`bipolar=yes`).
`declined=all offers on DAY … until DAY` and `declined=OFFER on DAY … until DAY` are choices, `wishes=` preferences,
`has=` offers under way, `today=` the day. A key that nobody knows is refused, with the nearest that is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from stratify.care.facts import NEVER, UNMEASURABLE, WORDS
from stratify.care.fill import of_names, with_parents
from stratify.care.fill_store import SEVERE_DEPRESSION
from stratify.care.people import People, person
from stratify.care.vignette_words import (
    CENTIMETRES,
    CONDITIONS,
    KEYS,
    MEANS,
    NO_FACT,
    UNSAID,
    check_named,
    listed,
    meant,
    name_of,
    over_limit,
    value_of,
)
from stratify.care.weigh import NO_INDICATION, WINDOW, Declined, Given, Weigher
from stratify.catalogue.load import Catalogue
from stratify.codes import starts_with_any
from stratify.morbidity import SMI

TODAY = date(2026, 11, 22)  # unless a vignette says another day
YEAR, LATELY = 365, 14  # days
DECLINED = re.compile(r"^(?P<what>.+?) on (?P<said>\d{4}-\d\d-\d\d)\b.*?\buntil (?P<until>\d{4}-\d\d-\d\d)")
CHILD = re.compile(r"(?:her|his|their|the|a) child\b")


@dataclass
class Vignette:
    """One story: the person, the variants, and the lines that say what is expected."""

    id: str
    kind: str
    title: str
    base: dict[str, str] = field(default_factory=dict)
    variants: dict[str, dict[str, str]] = field(default_factory=dict)
    expect: list[tuple[str, str, str, str]] = field(default_factory=list)  # variant, offer, answer, why
    asserts: list[tuple[str, str]] = field(default_factory=list)

    def facts(self, variant: str) -> dict[str, str]:
        """Return what is written of the person in a variant; on a child's own look-up what is said of the child."""
        own = self.variants.get(variant, {})
        if CHILD.match(own.get("lookup", "")):
            return {key: value for key, value in own.items() if key != "lookup"}
        return told_anew(self.base, own)


def told_anew(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """Return what is known when this is told after that: a fact stands as it was told last, hint or not."""
    facts = {name_of(key) for key in now}
    return {**{key: value for key, value in before.items() if name_of(key) not in facts}, **now}


def read(text: str) -> list[Vignette]:
    """Return the vignettes of a text; what stands before the first, or in a code fence, is left alone.

    Raises ValueError for a line that is none, with its number.
    """
    found: list[Vignette] = []
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        fenced ^= line.startswith("```")
        if fenced or line.startswith("#"):
            continue
        word, *fields = (part.strip() for part in re.split(r"\s\|(?:\s|$)", line))
        if word == "vignette":
            if len(fields) != 3:
                raise ValueError(f"line {number}: a vignette has id, kind and title")
            found.append(Vignette(fields[0], fields[1], fields[2]))
        elif found and word in ("person", "variant", "expect", "assert"):
            try:
                _add(found[-1], word, fields)
            except (ValueError, TypeError) as error:
                raise ValueError(f"line {number}: {error}") from None
    return found


def _add(vignette: Vignette, word: str, fields: list[str]) -> None:
    if word == "person":
        vignette.base = _pairs(fields[0] if fields else "")
    elif word == "variant":
        if not fields:
            raise ValueError("a variant has a name, and what is different")
        vignette.variants[fields[0]] = _pairs(fields[1] if len(fields) > 1 else "")
    elif word == "expect":
        if len(fields) < 3:
            raise ValueError("an expectation has variant, offer and answer")
        vignette.expect.append((fields[0], fields[1].removesuffix("+"), fields[2], fields[-1]))
    else:
        if len(fields) < 2:
            raise ValueError("an assertion has variant and expression")
        vignette.asserts.append((fields[0], fields[1]))


def _pairs(written: str) -> dict[str, str]:
    commas = written.startswith("lookup=") and ";" not in written
    parts = written.split("," if commas else ";")
    pairs = [part.split("=", 1) for part in parts if part.strip()]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError("facts are written key=value; key=value")
    return {key.strip(): value.strip() for key, value in pairs}


def person_of(facts: Mapping[str, str], catalogue: Catalogue) -> People:
    """Return the person that is written down, with what follows from conditions, medicines and days."""
    day, own = today(facts), _own(catalogue)
    known: dict[str, Any] = {}
    single: dict[str, bool | None] = {}  # conditions told one by one; None where that one is unknown
    for written, told in facts.items():
        key, mark = written.removesuffix("?"), "?" if written.endswith("?") else ""
        name, value = name_of(written), meant(key, told)
        check_named("fact", name, {*WORDS, UNMEASURABLE, *own, *NO_FACT, *catalogue.conditions}, KEYS, MEANS)
        condition = name in catalogue.conditions and name not in WORDS and name not in own
        if name in NO_FACT or (value in UNSAID and not condition):
            continue
        if condition:
            single[name] = None if value in UNSAID else value_of(name, value, day, {name: "flag"})
        elif name == "conditions":
            known[name + mark] = conditions_of(value, catalogue)[0]
        elif name == "abdominal_obesity" and (cm := CENTIMETRES.fullmatch(value)):
            over = over_limit(float(cm[1]), facts)
            known |= {} if over is None else {name + mark: over}
        else:
            known[name + mark] = value_of(name, value, day, own)
    known = _told_by_conditions(facts.get("conditions", ""), known, single, catalogue)
    if "drugs" in facts and facts["drugs"] not in UNSAID:
        codes = [code for code in listed(facts["drugs"]) if code != "none"]
        follows: dict[str, Any] = {"n_drugs": float(len(set(codes)))}
        follows["medication_flags"] = flags_of(codes, known.get("conditions", []), known.get("age"), catalogue)
        if any(code.startswith("N05A") and not code.startswith("N05AN") for code in codes):
            follows["on_antipsychotic"] = True
        known = _with(known, follows)
    return person(_with(known, _told_by_stays(known)), own)


def _with(known: Mapping[str, Any], follows: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known with what follows from it; what was told, as a hint too, stands."""
    return {name: value for name, value in follows.items() if f"{name}?" not in known} | dict(known)


def _told_by_stays(known: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stays tell: who is or was in a ward was admitted and seen, and who was not came home from none."""
    ward, follows = known.get("inpatient", "no"), {}
    if "days_since_acute_discharge" in known:
        follows["days_since_somatic_discharge"] = known["days_since_acute_discharge"]
    home = {key: known[key] for key in known if key.startswith("days_since_") and key.endswith("_discharge")}
    home = {key: days for key, days in home.items() if days != "never"}
    for kind, since, count in (
        ("acute", "days_since_somatic_discharge", "acute_admissions_365d"),
        ("psychiatric", "days_since_psychiatric_discharge", "psychiatric_admissions_365d"),
    ):
        if known.get(count) == 0:
            follows[since] = "never"
        elif ward == kind or home.get(f"days_since_{kind}_discharge", NEVER) <= YEAR:
            follows[count] = 1
    last = 0 if ward != "no" else min(home.values(), default=NEVER)
    if last <= LATELY:
        follows |= {"days_since_any_contact": last, "days_since_hospital_contact": last}
    if "outpatient_courses" in known:
        follows["outpatient_contacts_365d"] = known["outpatient_courses"]
    return follows


def _told_by_conditions(
    written: str, known: Mapping[str, Any], single: Mapping[str, bool | None], catalogue: Catalogue
) -> dict[str, Any]:
    """Return what is known with what follows from the conditions; of those that nobody has told of nothing follows."""
    has = [name for name in known.get("conditions", ()) if single.get(name, True)]
    has = with_parents([*has, *(name for name, holds in single.items() if holds)], catalogue)
    whole = "conditions" in known  # every other condition is known not to be there
    unseen = {name for name in catalogue.conditions if name not in has and single.get(name, whole or None) is None}
    if not whole:
        follows: dict[str, Any] = {"smi": True} if set(SMI) & set(has) else {}
        told = {"conditions": has, UNMEASURABLE: sorted(unseen)} if single else {}
    else:
        follows = of_names(has, catalogue, unseen).known(0)
        codes = conditions_of(written, catalogue)[1]
        follows["severe_depression"] = any(starts_with_any(code, SEVERE_DEPRESSION) for code in codes)
        told = {"conditions": has, UNMEASURABLE: sorted(unseen)} if unseen else {"conditions": has}
    return _with(known, follows) | told


def given_of(facts: Mapping[str, str], people: People, catalogue: Catalogue) -> Given:
    """Return the day, and what the person chose, wishes and has."""
    day = today(facts)
    in_use = dict.fromkeys(_named_in("offer", facts, "has", catalogue.offers), np.array([True]))
    wishes = dict.fromkeys(_named_in("preference", facts, "wishes", catalogue.preferences), np.array([True]))
    written = facts.get("declined", "unknown")
    if written in UNSAID:
        return Given(day, in_use=in_use, wishes=wishes)
    told = DECLINED.match(written)
    if told is None:
        raise ValueError("declined is written: all offers on DAY … until DAY, or OFFER on DAY … until DAY")
    said, until = date.fromisoformat(told["said"]), date.fromisoformat(told["until"])
    choice = Declined(np.array([float((day - said).days)]), np.array([float((until - day).days)]))
    everything = told["what"] in ("all", "all offers", "everything")
    offers = offered(people, catalogue, day) if everything else listed(told["what"])
    for offer in offers:
        check_named("offer", offer, catalogue.offers)
    return Given(day, dict.fromkeys(offers, choice), in_use, wishes)


def offered(people: People, catalogue: Catalogue, day: date) -> list[str]:
    """Return the offers that there are for a person, whatever else speaks for or against them."""
    weighed = Weigher(people, catalogue, Given(day)).all()
    return [one.offer.id for one in weighed if one.answer[0] not in (NO_INDICATION, WINDOW)]


def today(facts: Mapping[str, str]) -> date:
    """Return the day a vignette is told on."""
    return date.fromisoformat(facts["today"]) if facts.get("today", "unknown") not in UNSAID else TODAY


def conditions_of(written: str, catalogue: Catalogue) -> tuple[list[str], list[str]]:
    """Return the conditions that are written by id and by ICD-10 code, `copd(J44)`, and the codes."""
    found: list[str] = []
    codes = []
    for one in listed(written):
        if one == "none" or one in UNSAID:
            continue
        name, _, code = one.rstrip(")").partition("(")
        name = CONDITIONS.get(name, name)
        check_named("condition", name, catalogue.conditions, CONDITIONS)
        found.append(name)
        if code:
            codes.append(code)
            found += [key for key, c in catalogue.conditions.items() if starts_with_any(code, c.icd10, c.icd10_except)]
    return with_parents(found, catalogue), codes


def flags_of(codes: list[str], conditions: list[str], age: float | None, catalogue: Catalogue) -> list[str]:
    """Return the medication flags of a list of ATC codes, as the features declare them."""
    flags = [flag for family in catalogue.features.values() for flag in family.flag]
    return [
        flag.id
        for flag in flags
        if (flag.min_age is None or (age is not None and age >= flag.min_age))
        and all(
            len({code for code in codes if code.startswith(part.atc) and not _starts(code, part.atc_except)})
            >= part.at_least
            if part.atc
            else bool(set(part.conditions) & set(conditions))
            for part in flag.part
        )
    ]


def _starts(code: str, prefixes: tuple[str, ...]) -> bool:
    return bool(prefixes) and code.startswith(prefixes)


def _own(catalogue: Catalogue) -> dict[str, Any]:
    return {asked.id: asked.kind for offer in catalogue.offers.values() for asked in offer.ask}


def _named_in(what: str, facts: Mapping[str, str], fact: str, names: Iterable[str]) -> list[str]:
    """Return the entries listed under a key, by whichever of its words it is written."""
    told = [value for key, value in facts.items() if name_of(key) == fact and value not in UNSAID]
    found = [one for value in told for one in listed(value) if one != "none"]
    for one in found:
        check_named(what, one, names)
    return found
