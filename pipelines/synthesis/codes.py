"""Which diagnosis code a contact carries: one of the person's own conditions, or a common cause.

A person keeps to one form of a condition (one three-character category, as alcohol or viral liver disease), drawn once;
the code within the category changes from contact to contact. Bounds (admissions.toml) keep codes to those who can have
them: each list is cut for each group of sex and age that they tell apart, and drawn from as before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipelines.synthesis.parameters import CODE_LISTS, OLDEST, Parameters
from pipelines.synthesis.streams import Floats, Words, hashed, unit

Ints = NDArray[np.int64]
LATERALITY = ("TUL1", "TUL2")  # right, left: additional codes
SEXES = ("men", "women")  # as 1, 2


@dataclass(frozen=True)
class Pool:
    """A list of codes cut for groups of people: each group's codes, how many, and the group by sex and age."""

    codes: NDArray[np.int16]  # (groups, most codes)
    counts: Ints
    group: Ints  # by (sex - 1) * (OLDEST + 1) + age


@dataclass(frozen=True)
class Form:
    """A condition's codes: for each place in the list, those of the same category, and how many those are."""

    table: NDArray[np.int16]
    counts: Ints


class Codes:
    """Every diagnosis code that can be written, as indices into `vocabulary`."""

    def __init__(self, given: Parameters) -> None:
        self.given = given
        lists = [
            *given.admissions.codes.values(),
            *(getattr(each, name) for each in given.conditions for name in CODE_LISTS),
            (given.admissions.general,),
        ]
        written = [code for codes in lists for code in codes]
        self.vocabulary = (*dict.fromkeys([*written, *map(without_suffix, written)]), *LATERALITY)
        self._place = {code: place for place, code in enumerate(self.vocabulary)}
        bounds = given.admissions.bounds
        self._bounds = {code: [bounds[start] for start in bounds if code.startswith(start)] for code in self.vocabulary}
        self._pools = {name: self._pool(codes) for name, codes in given.admissions.codes.items()}
        self._forms = {name: [self._forms_of(getattr(each, name)) for each in given.conditions] for name in CODE_LISTS}

    def has(self, name: str) -> NDArray[np.bool_]:
        """Return which conditions have a code in a list."""
        return np.array([len(getattr(each, name)) > 0 for each in self.given.conditions])

    @cached_property
    def plain(self) -> NDArray[np.int16]:
        """The code without its national suffix letter, for each code."""
        return np.array([self._place[without_suffix(code)] for code in self.vocabulary], np.int16)

    @cached_property
    def anyones(self) -> NDArray[np.int16]:
        """The codes that no bound keeps from anybody."""
        bound = (*self.given.admissions.bounds, *LATERALITY)
        return np.array([place for code, place in self._place.items() if not code.startswith(bound)], np.int16)

    def of_conditions(
        self, name: str, condition: Ints, sex: NDArray[np.integer], keys: Words, bits: Words
    ) -> NDArray[np.int16]:
        """Return a code of each condition from the list `name`; -1 where it has none. `keys` are the persons'."""
        found = np.full(len(condition), -1, np.int16)
        form, draw = unit(hashed(keys, "form", condition)) ** 1.8, unit(bits, 7)
        for column in np.flatnonzero(np.bincount(condition + 1, minlength=2)[1:]):
            rows = np.flatnonzero(condition == column)
            forms = self._forms[name][column]
            if len(forms) > 1:  # men, women, men and women who may have what is rarely theirs
                trait = unit(hashed(keys[rows], "rarely theirs", condition[rows]))
                who = sex[rows] - 1 + 2 * (trait < self.given.admissions.rare)
            for number, each in enumerate(forms):
                some = rows[who == number] if len(forms) > 1 else rows
                if len(each.counts):
                    at = np.floor(form[some] * len(each.counts)).astype(np.int64)
                    found[some] = each.table[at, np.floor(draw[some] * each.counts[at]).astype(np.int64)]
        return found

    def any_of(self, cause: str, sex: NDArray[np.integer], age: NDArray[np.integer], bits: Words) -> NDArray[np.int16]:
        """Return a code of a list of common causes that the person can have, earlier ones more often."""
        pool = self._pools[cause]
        draw = unit(bits, 8) ** 1.3
        if len(pool.counts) == 1:
            group = np.zeros(len(bits), np.int64)
        else:
            group = pool.group[(sex - np.int64(1)) * (OLDEST + 1) + np.clip(age, 0, OLDEST)]
        found: NDArray[np.int16] = pool.codes[group, np.floor(draw * pool.counts[group]).astype(np.int64)]
        return found

    def _allowed(self, code: str, sex: str, age: int | None, *, rarely: bool = False) -> bool:
        return all(
            (bound.sex in (None, sex) or (rarely and bound.rarely))
            and (age is None or bound.ages[0] <= age <= bound.ages[1])
            for bound in self._bounds[code]
        )

    def _pool(self, codes: Sequence[str]) -> Pool:
        """Return the list as each group of people that the bounds tell apart may have it."""
        lists: dict[tuple[str, ...], int] = {}
        group = []
        for sex in SEXES:
            for age in range(OLDEST + 1):
                own = tuple(code for code in codes if self._allowed(code, sex, age))
                group.append(lists.setdefault(own or (self.given.admissions.general,), len(lists)))
        widest = max(map(len, lists))
        padded = [[self._place[code] for code in own] + [-1] * (widest - len(own)) for own in lists]
        return Pool(np.array(padded, np.int16), np.array([len(own) for own in lists]), np.array(group))

    def _forms_of(self, codes: Sequence[str]) -> tuple[Form, ...]:
        """Return one form for all, or where a bound divides the sexes: men's, women's, and both of the rare people."""
        kinds = [[code for code in codes if self._allowed(code, sex, None, rarely=rarely)]
                 for rarely in (False, True) for sex in SEXES]  # fmt: skip
        if all(own == kinds[0] for own in kinds):
            kinds = kinds[:1]
        return tuple(self._form(own) for own in kinds)

    def _form(self, codes: Sequence[str]) -> Form:
        alike = [[other for other in codes if other[:4] == code[:4]] for code in codes]
        widest = max((len(same) for same in alike), default=0)
        table = [[self._place[code] for code in same] + [-1] * (widest - len(same)) for same in alike]
        return Form(np.array(table, np.int16), np.array([len(same) for same in alike], np.int64))


def without_suffix(code: str) -> str:
    """Return a diagnosis code without its national suffix letter.

    >>> without_suffix("DJ448A"), without_suffix("DI10"), without_suffix("TUL1")
    ('DJ448', 'DI10', 'TUL1')
    """
    return code[:-1] if code[-1].isalpha() else code


def chosen(weights: Floats, has: NDArray[np.bool_], other: float, draw: Floats) -> Ints:
    """Return one of each person's conditions by weight, or -1 for none of them, which weighs `other`."""
    own = np.where(has, np.maximum(weights, 0.0)[None, :], 0.0)
    cumulated = np.cumsum(own, axis=1)
    target = draw * (cumulated[:, -1] + other)
    found: Ints = (cumulated <= target[:, None]).sum(axis=1)
    return np.where(found < own.shape[1], found, -1)
