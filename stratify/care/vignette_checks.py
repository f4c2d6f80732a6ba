"""What a vignette expects, held against what comes out: a line of words for each that fails.

An assertion that no pattern here understands is a failure too, and so is a name that no entry has: nothing passes
because nobody looked.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

from stratify.care.facts import WORDS
from stratify.care.people import People
from stratify.care.recommend import SHOWN, recommend
from stratify.care.vignette_words import KEYS, check_named, name_of
from stratify.care.vignettes import Vignette, given_of, person_of, told_anew
from stratify.care.weigh import ANSWERS, Given
from stratify.catalogue.load import Catalogue
from stratify.catalogue.offers import Outcome
from stratify.registers.stays import NO_ADMISSION
from stratify.strata import stratify_person

REASONS = {"safety": "danger"}  # the words of vignettes for reasons, where they differ from ours
OPEN = ("suitable", "bridge")
KINDS = (*SHOWN, "no", "!suitable")
NOT_LISTED: Mapping[str, Any] = {
    "answer": "not_suitable", "reason": "no_indication", "why": {"da": "", "en": ""}, "bridges": [], "ask": [],
    "evidence": [], "alternatives": [], "due_days": None,
}  # fmt: skip
COMPARED = {"=": operator.eq, "<=": operator.le, ">=": operator.ge}


class Told:
    """One variant of a vignette, and what comes out for it."""

    def __init__(self, vignette: Vignette, variant: str, catalogue: Catalogue) -> None:
        self.vignette, self.variant, self.catalogue = vignette, variant, catalogue
        self.people, self.given = _put(vignette.facts(variant), catalogue)
        self.answers = recommend(self.people, catalogue, self.given)
        self.by_id = {one["id"]: one for one in self.answers["offers"]}

    def again(self, **changed: str) -> Told:
        """Return the same person with other facts."""
        own = told_anew(self.vignette.variants.get(self.variant, {}), changed)
        other = replace(self.vignette, variants={**self.vignette.variants, self.variant: own})
        return Told(other, self.variant, self.catalogue)

    def beside(self, variant: str) -> Told:
        """Return another variant of the same vignette."""
        check_named("variant", variant, self.vignette.variants)
        return Told(self.vignette, variant, self.catalogue)

    def offer(self, offer: str) -> Mapping[str, Any]:
        """Return what came out for an offer; one that is not listed has no indication, and so nothing else."""
        check_named("offer", offer, self.catalogue.offers)
        found: Mapping[str, Any] = self.by_id.get(offer, NOT_LISTED)
        return found

    def open(self) -> list[str]:
        """Return the offers that suit, with a bridge or without."""
        return [key for key, one in self.by_id.items() if one["answer"] in OPEN]

    def rank(self, offer: str) -> float:
        """Return the place of an offer among those that are not a no, from 1; infinite where it is not there."""
        check_named("offer", offer, self.catalogue.offers)
        shown = [one["id"] for one in self.answers["offers"] if one["answer"] in SHOWN]
        return shown.index(offer) + 1 if offer in shown else float("inf")

    def text(self, offer: str) -> str:
        """Return why an offer is answered as it is, in both languages."""
        why = self.offer(offer)["why"]
        return f"{why['da']} {why['en']}"

    def plain(self) -> dict[str, tuple[Any, ...]]:
        """Return the answers without their words: what is answered, why not, which bridges, what to ask."""
        return {
            key: (one["answer"], one["reason"], [b["bridge"] for b in one["bridges"]], one["ask"])
            for key, one in self.by_id.items()
        }


def _put(facts: Mapping[str, str], catalogue: Catalogue) -> tuple[People, Given]:
    people = person_of(facts, catalogue)
    return people, given_of(facts, people, catalogue)


def failures(vignette: Vignette, catalogue: Catalogue) -> list[str]:
    """Return a line for each expectation and assertion of a vignette that does not hold, or cannot be read."""
    told: dict[str, Told] = {}
    found = []
    for name in vignette.variants or {"*": {}}:
        try:
            told[name] = Told(vignette, name, catalogue)
        except ValueError as error:
            found.append(f"{vignette.id} {name}: {error}")
    lines = [(variant, offer, expected) for variant, offer, expected, _ in vignette.expect]
    for variant, *said in [*lines, *vignette.asserts]:
        for name in told if variant == "*" else [variant]:
            try:
                check_named("variant", name, vignette.variants or {"*": {}})
                problem = None if name not in told else (_expect if len(said) == 2 else _assert)(told[name], *said)
            except ValueError as error:
                problem = f"{': '.join(said)}: {error}"
            if problem:
                found.append(f"{vignette.id} {name}: {problem}")
    return found


def _expect(told: Told, offer: str, expected: str) -> str | None:
    one = told.offer(offer)
    answers = [_read(answer.strip(), told) for answer in expected.split(" OR ")]
    if any(_is(one, *answer) for answer in answers):
        return None
    got = one["answer"] if one["reason"] is None else f"no:{one['reason']}"
    bridges = ", ".join(b["bridge"] for b in one["bridges"]) or "-"
    return f"{offer} {expected} expected, got {got} (bridges {bridges}; ask {', '.join(one['ask']) or '-'})"


def _read(answer: str, told: Told) -> tuple[str, list[str]]:
    """Return an expected answer as its kind and what may stand behind it."""
    kind, _, of = answer.partition(":")
    check_named("answer", kind, KINDS)
    names = of.split("/") if of else []
    if kind == "no":
        names = [REASONS.get(name, name) for name in names]
        for name in names or [of]:
            check_named("reason", name, ANSWERS)
    for name in names if kind == "bridge" else []:
        check_named("bridge", name, told.catalogue.bridges)
    return kind, [name_of(name) for name in names] if kind == "ask" else names


def _is(one: Mapping[str, Any], kind: str, names: list[str]) -> bool:
    if kind == "!suitable":
        return bool(one["answer"] != "suitable")
    if kind == "no":
        return one["answer"] == "not_suitable" and one["reason"] in names
    has = {b["bridge"] for b in one["bridges"]} if kind == "bridge" else set(one["ask"])
    return one["answer"] == kind and (not names or bool(has & set(names)))


# --- assertions ------------------------------------------------------------------------------------------------------


def _count(told: Told, compared: str, number: str) -> bool:
    return bool(COMPARED[compared](len(told.open()), int(number)))


def _before(told: Told, first: str, second: str) -> bool:
    return told.rank(first) < told.rank(second)


def _rank_is(told: Told, offer: str, compared: str, place: str) -> bool:
    return bool(COMPARED[compared](told.rank(offer), int(place)))


def _due(told: Told, offer: str, day: str) -> bool:
    left = told.offer(offer)["due_days"]
    return left is not None and f"{told.given.day + timedelta(days=left)}" == day


def _by(told: Told, offer: str, bodies: str) -> bool:
    told.offer(offer)
    return set(told.catalogue.offers[offer].by(told.given.day)) == {body.strip() for body in bodies.split(",")}


def _evidence(told: Told, offer: str, outcome: str, direction: str) -> bool:
    told.offer(offer)
    check_named("outcome", outcome, get_args(Outcome))
    known = {e.direction for e in told.catalogue.offers[offer].evidence if e.outcome == outcome} or {"unknown"}
    return any(known == {one} for one in direction.split(" OR "))


def _claims(told: Told, outcome: str, offer: str) -> bool:
    check_named("outcome", outcome, get_args(Outcome))
    shown = told.offer(offer)["evidence"]
    return outcome not in {e["outcome"] for e in shown if e["direction"] == "better"}


def _never_both(told: Told, one: str, other: str) -> bool:
    for offer in (one, other):
        told.offer(offer)
    return not {one, other} <= set(told.open())


def _one_is_enough(told: Told, one: str, other: str) -> bool:
    if _never_both(told, one, other):
        return True
    pairs = {one: other, other: one}
    return any(overlap.why.da in told.text(key) for key in pairs for overlap in told.catalogue.offers[key].overlaps
               if overlap.offer == pairs[key])  # fmt: skip


def _flags(told: Told, names: str) -> bool:
    return _warnings(told, names) <= {one["id"] for one in told.answers["safety"]}


def _no_flags(told: Told, names: str) -> bool:
    return not _warnings(told, names) & {one["id"] for one in told.answers["safety"]}


def _warnings(told: Told, names: str) -> set[str]:
    wanted = {KEYS.get(name.strip(), name.strip()) for name in names.split(",")}
    for name in wanted:
        check_named("medication flag", name, told.catalogue.safety)
    return wanted


def _superset(told: Told, key: str, value: str) -> bool:
    return set(told.open()) >= set(told.again(**{key: value}).open())


def _superset_of(told: Told, variant: str) -> bool:
    return set(told.open()) >= set(told.beside(variant).open())


def _same_with(told: Told, key: str, value: str) -> bool:
    return told.plain() == told.again(**{key: value}).plain()


def _same_as(told: Told, variant: str) -> bool:
    return told.plain() == told.beside(variant).plain()


def _no_bridge(told: Told, bridge: str) -> bool:
    check_named("bridge", bridge, told.catalogue.bridges)
    return not any(b["bridge"] == bridge for one in told.by_id.values() for b in one["bridges"])


def _alternatives(told: Told, offer: str, others: str) -> bool:
    wanted = set(others.split(" OR "))
    for other in wanted:
        told.offer(other)
    return bool(wanted & set(told.offer(offer)["alternatives"]))


def _all_asked(told: Told) -> bool:
    return told.answers["not_indicated"] == 0 and {one["answer"] for one in told.by_id.values()} == {"ask"}


def _no_need_by(told: Told, fact: str) -> bool:
    check_named("fact", fact, WORDS)
    word = told.people.columns.get(fact)
    return word is None or not any(one["reason"] == "need" and fact in one["decided"] for one in told.by_id.values())


def _facts(told: Told, *pairs: str) -> bool:
    wanted = dict(pair.split(" = ") for pair in pairs[0].split("; "))
    known = told.people.known(0)
    names = {"smi_narrow": "smi"}
    return all(known.get(names.get(key, key)) is (value == "true") for key, value in wanted.items())


def _undeclined(told: Told) -> bool:
    plain = _put({k: v for k, v in told.vignette.facts(told.variant).items() if k != "declined"}, told.catalogue)
    return stratify_person(told.people, told.catalogue) == stratify_person(plain[0], told.catalogue)


def _rights(told: Told) -> bool:
    return (
        bool(told.answers["rights"])
        and told.answers["rights"] == recommend(told.people, told.catalogue, Given(told.given.day))["rights"]
    )


def _only_a_bridge(told: Told, offer: str) -> bool:
    given = {
        told.catalogue.bridges[bridge["bridge"]].given_by for one in told.by_id.values() for bridge in one["bridges"]
    }
    return told.offer(offer) is NOT_LISTED and told.catalogue.offers[offer].kind == "enabler" and offer in given


def _nothing_of_the_parent(told: Told) -> bool:
    alone = replace(told.vignette, base={})
    return Told(alone, told.variant, told.catalogue).answers == told.answers


def _births_are_no_outcome(told: Told) -> bool:
    asked = {test.fact for stratum in told.catalogue.strata.values() for test in stratum.tests()}
    used = {"pregnant_week", "substance_in_pregnancy"} & asked
    return not used and "O" in NO_ADMISSION


def _notifies_nobody(told: Told) -> bool:
    return not any("notify" in key for one in told.answers["offers"] for key in one)


def _own_page_only(told: Told) -> bool:
    return all(one["id"] in told.catalogue.offers for one in told.answers["offers"])


PATTERNS: list[tuple[str, Callable[..., bool]]] = [
    (r"count\(answers in \{suitable,bridge\}\) (>=|<=|=) (\d+)", _count),
    (r"rank\((\w+)\+?\) <=? rank\((\w+)\+?\)", _before),
    (r"rank\((\w+)\+?\) (<=|=) (\d+)", _rank_is),
    (r"due\((\w+)\) = ([\d-]+)", _due),
    (r"by\((\w+)\) = ([a-z, ]+)", _by),
    (r"evidence\((\w+)\+?, ?(\w+)\) = (\w+(?: OR \w+)*)", _evidence),
    (r"(\w+) not in claims\((\w+)\)", _claims),
    (r"never both (\w+) and (\w+) as suitable", _never_both),
    (r"never (?:both )?(\w+) and (\w+) (?:both )?as first choice without saying that one is enough", _one_is_enough),
    (r"alternatives\((\w+)\) contain (\w+(?: OR \w+)*)", _alternatives),
    (r"medication flags contain ([\w, ]+)", _flags),
    (r"medication flags do not contain ([\w, ]+)", _no_flags),
    (r"medication flag (\w+) is still shown", _flags),
    (r"answers are a superset of the answers with (\w+\??)=([\w .-]+)", _superset),
    (r"answers are a superset of the answers of variant (\w+)", _superset_of),
    (r"answers are the same as with (\w+\??)=([\w .-]+)", _same_with),
    (r"answers are the same as in variant (\w+)", _same_as),
    (r"no offer names the bridge (\w+)", _no_bridge),
    (r"every answer is ask", _all_asked),
    (r"no answer is no:need with reason (\w+)", _no_need_by),
    (r"((?:\w+ = (?:true|false)(?:; )?)+)$", _facts),
    (r"risk and need are not changed by declining", _undeclined),
    (r"rights .*are unchanged and said so", _rights),
    (r"(\w+) appears as a bridge to other offers, never alone", _only_a_bridge),
    (r"no reason, feature, stratum or offer on the child's look-up", _nothing_of_the_parent),
    (r"childbirth/pregnancy contacts", _births_are_no_outcome),
    (r"no automatic notification to the municipality", _notifies_nobody),
    (r"no card, letter or plan line of the unborn child", _own_page_only),
]
COMPARES = re.compile(r"[<>=]")  # left over behind what was understood, but for what stands in parentheses


def _assert(told: Told, said: str) -> str | None:
    for pattern, check in PATTERNS:
        match = re.match(pattern, said)
        if match and COMPARES.search(re.sub(r"\(.*?\)", "", said[match.end() :])):
            return f"{said}: only its beginning can be checked"
        if match:
            return None if check(told, *(part.strip() for part in match.groups())) else f"{said}: does not hold"
    return f"{said}: nothing here can check this"
