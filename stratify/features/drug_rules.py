"""Conditions told by redeemed drugs: which of the catalogue's drug rules each row meets, as known before the day.

A rule asks for so many redemptions of any of its classes, or for so many of its classes, in [t - days, t). What was
redeemed on one day is one redemption of a class, known as soon as the first packet of it was. The window kernel counts,
so a rule is as exact and as blind to the future as any column of the matrix.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from stratify.catalogue import Catalogue
from stratify.catalogue.entries import Condition, DrugClass, DrugRule
from stratify.features.events import Choice, chosen_events
from stratify.features.kernel import Events, Rows, aggregate
from stratify.morbidity import of_any_class
from stratify.store.records import Records

Bools = npt.NDArray[np.bool_]
Group = tuple[DrugClass, ...]


@dataclass(frozen=True)
class Placed:
    """A rule of a condition, with the groups of drug events that it counts."""

    condition: str
    rule: DrugRule
    groups: tuple[Group, ...]


def placed(conditions: Mapping[str, Condition]) -> list[Placed]:
    """Return every rule with its groups: each class apart where classes are counted, else all of them as one."""
    return [
        Placed(c.id, rule, tuple((one,) for one in rule.classes) if rule.count == "classes" else (rule.classes,))
        for c in conditions.values()
        for rule in c.drugs
    ]


@lru_cache(maxsize=4)
def _rules(catalogue: Catalogue) -> tuple[list[Placed], list[Group]]:
    rules = placed(catalogue.conditions)
    return rules, [group for one in rules for group in one.groups]


def drug_events(store: Records, catalogue: Catalogue, bucket: int) -> Events | None:
    """Return what drug rules are told from; None where the source has no drugs."""
    if not (store.has("drug") and store.measurable.get("drug_codes", True)):
        return None
    return read_drugs(store, _rules(catalogue)[1], bucket)


def by_drugs(events: Events | None, rows: Rows, catalogue: Catalogue) -> Bools:
    """Return which conditions each row has by its drugs, `unless` left aside; shape (rows, conditions).

    All rows lie in one bucket. Where the source has no drugs, nobody has any of them.
    """
    if events is None:
        return np.zeros((len(rows), len(catalogue.conditions)), dtype=bool)
    rules, _ = _rules(catalogue)
    return whole(met_of(events, rows, rules), rules, catalogue.conditions, len(rows))


def met_of(events: Events, rows: Rows, rules: Sequence[Placed]) -> list[Bools]:
    """Return which rows meet each of these rules; events are of the rules' groups, in their order."""
    windows = sorted({one.rule.within_days for one in rules})
    counted = aggregate(events, rows, sum(len(one.groups) for one in rules), windows, ("count",)) if rules else None
    answers, first = [], 0
    for one in rules:
        assert counted is not None
        total = np.zeros(len(rows))
        for group in range(first, first + len(one.groups)):
            told = "any" if one.rule.count == "classes" else "count"
            total += counted.column(told, group, one.rule.within_days)
        answers.append(total >= one.rule.at_least)
        first += len(one.groups)
    return answers


def whole(met: Sequence[Bools], rules: Sequence[Placed], conditions: Mapping[str, Condition], rows: int) -> Bools:
    """Return the conditions that the rules met make true, shape (rows, conditions)."""
    answer = np.zeros((rows, len(conditions)), dtype=bool)
    place = {key: position for position, key in enumerate(conditions)}
    for one, found in zip(rules, met, strict=True):
        answer[:, place[one.condition]] |= found
    return answer


def silenced(drugs: Bools, diagnosed: Bools, conditions: Mapping[str, Condition]) -> Bools:
    """Return `drugs` without what stands beside a condition that silences it (`unless`).

    A rule with `unless` silences nothing itself: those without are settled first, so that order does not matter.
    """
    ids = list(conditions)
    quiet = {key: unless(c) for key, c in conditions.items() if unless(c)}
    settled = diagnosed | drugs
    settled[:, [ids.index(key) for key in quiet]] = diagnosed[:, [ids.index(key) for key in quiet]]
    answer = drugs.copy()
    for key, others in quiet.items():
        answer[:, ids.index(key)] &= ~settled[:, [ids.index(other) for other in sorted(others)]].any(axis=1)
    return answer


def unless(condition: Condition) -> set[str]:
    """Return the conditions beside which this one is not told by drugs."""
    return {other for rule in condition.drugs for other in rule.unless}


@lru_cache(maxsize=64)
def _choice(groups: tuple[Group, ...]) -> Choice:
    return Choice(("code",), lambda told: [n for n, of in enumerate(groups) if of_any_class(told["code"] or "", of)])


def read_drugs(store: Records, groups: Sequence[Group], bucket: int) -> Events:
    """Return one event for each person, day and group with a redemption, known when the first of the day was."""
    from stratify.features.loops import once_a_day

    redeemed = chosen_events(store.slice("drug", bucket), _choice(tuple(groups)))
    place, group, earliest = once_a_day(redeemed.for_loops(len(groups)))
    return replace(redeemed.at(place), known=earliest, group=group)
