"""What is known of people, one column for each fact: a person is a table of one row.

A fact that is not there is unknown, never false. A hint is what some register says and nobody has confirmed: it may add
a bridge, a question or an earlier contact, and is as unknown as a gap to whatever may close an offer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stratify.care.facts import NEVER, UNMEASURABLE, WORDS, FactKind, no_such_word, unknown_name

Floats = NDArray[np.float64]
Truths = NDArray[np.int8]  # NO, UNKNOWN, YES
Flags = NDArray[np.bool_]
Value = bool | float | str | frozenset[str]

NO, UNKNOWN, YES = np.int8(0), np.int8(1), np.int8(2)


@dataclass(frozen=True)
class Column:
    """A fact of many people: NaN where it is unknown, 0 and 1 for a flag, the place in `words` for a word."""

    values: Floats
    kind: FactKind
    words: tuple[str, ...] = ()
    hint: Flags | None = None  # where only an unconfirmed register tells it


@dataclass(frozen=True)
class Members:
    """A set of many people: for each member that somebody has or may have, who; of others `rest` says what is known."""

    has: Mapping[str, Truths]
    rest: Truths
    hint: Flags | None = None  # whose whole set only an unconfirmed register tells


@dataclass(frozen=True)
class People:
    """The facts of `n` people. Facts that have no column are unknown of all of them."""

    n: int
    columns: Mapping[str, Column] = field(default_factory=dict)
    sets: Mapping[str, Members] = field(default_factory=dict)

    def known(self, row: int) -> dict[str, Value]:
        """Return what is known of one person, hints among it."""
        found: dict[str, Value] = {}
        for name, column in self.columns.items():
            value = column.values[row]
            if not math.isnan(value):
                found[name] = value_of(float(value), column)
        for name, members in self.sets.items():
            if members.rest[row] != UNKNOWN:
                found[name] = frozenset(one for one, has in members.has.items() if has[row] == YES)
                if unseen := frozenset(one for one, has in members.has.items() if has[row] == UNKNOWN):
                    found[UNMEASURABLE] = unseen
        return found

    def words(self, row: int) -> dict[str, Any]:
        """Return one person as `person` reads it: JSON-ready, hints with a question mark, sets as sorted lists."""
        hints = self.hints(row)
        return {
            f"{name}?" if name in hints else name: sorted(value)
            if isinstance(value, frozenset)
            else "never"
            if value == NEVER
            else value
            for name, value in self.known(row).items()
        }

    def hints(self, row: int) -> frozenset[str]:
        """Return which facts of one person are hints that nobody has confirmed."""
        facts: list[tuple[str, Column | Members]] = [*self.columns.items(), *self.sets.items()]
        return frozenset(name for name, one in facts if one.hint is not None and one.hint[row])

    def of(self, rows: NDArray[np.intp]) -> People:
        """Return some of the people, in this order."""
        columns = {
            name: Column(one.values[rows], one.kind, one.words, None if one.hint is None else one.hint[rows])
            for name, one in self.columns.items()
        }
        sets = {
            name: Members(
                {key: has[rows] for key, has in one.has.items()},
                one.rest[rows],
                None if one.hint is None else one.hint[rows],
            )
            for name, one in self.sets.items()
        }
        return People(len(rows), columns, sets)

    def with_facts(
        self, columns: Mapping[str, Column] | None = None, sets: Mapping[str, Members] | None = None
    ) -> People:
        """Return the same people with these facts in place of what was known of them before."""
        return People(self.n, {**self.columns, **(columns or {})}, {**self.sets, **(sets or {})})


def person(words: Mapping[str, Any], own: Mapping[str, FactKind] | None = None) -> People:
    """Return one person from facts written by hand: a list is a set, "never" is no such event, `name?` is a hint.

    `own` gives the kinds of facts beyond `WORDS` that may stand here. Raises ValueError for any other name, with the
    nearest, and for a value that is not of its fact's kind.

    >>> person({"age": 46, "lives_alone?": True}).hints(0)
    frozenset({'lives_alone'})
    """
    kinds = {**{name: word.kind for name, word in WORDS.items()}, UNMEASURABLE: "set", **(own or {})}
    columns: dict[str, Column] = {}
    sets: dict[str, Members] = {}
    unseen = [str(one) for one in words.get(UNMEASURABLE, ())]
    for written, value in words.items():
        name = written.removesuffix("?")
        if problem := unknown_name(name, own or ()):
            raise ValueError(problem)
        if name in columns or name in sets:
            raise ValueError(f"fact {name} stands twice, with and without a question mark")
        if name == UNMEASURABLE:
            continue
        if not fits(kinds[name], value):
            raise ValueError(f"fact {name} needs a {kinds[name]}, got a {type(value).__name__} that is none")
        if kinds[name] == "set":
            if any(no_such_word(name, one) for one in value):
                raise ValueError(f"fact {name} is of {', '.join(WORDS[name].words)}; some value given is none of them")
            left = unseen if name == "conditions" else []
            sets[name] = _members([str(one) for one in value], left, hint=name != written)
        else:
            columns[name] = _column(name, kinds[name], value, hint=name != written)
    if unseen and "conditions" not in sets:
        sets["conditions"] = Members({one: np.array([UNKNOWN]) for one in unseen}, np.array([UNKNOWN]))
    return People(1, columns, sets)


def fits(kind: FactKind, value: object) -> bool:
    """Return whether a value written by hand is of this kind."""
    if kind == "set":
        return isinstance(value, list | tuple | set | frozenset)
    if kind == "flag":
        return isinstance(value, bool)
    if kind == "word":
        return isinstance(value, str)
    if kind == "days" and value == "never":
        return True
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= 1 if kind == "share" else value >= 0


def value_of(value: float, column: Column) -> Value:
    """Return a column's value as people write it."""
    if column.kind == "word":
        return column.words[int(value)]
    return bool(value) if column.kind == "flag" else value


def _column(name: str, kind: FactKind, value: Any, *, hint: bool) -> Column:
    mark = np.array([True]) if hint else None
    if kind == "word":
        words = (WORDS[name].words if name in WORDS else ()) or (value,)
        if value not in words:
            raise ValueError(f"fact {name} is one of {', '.join(words)}; the value given is none of them")
        return Column(np.array([float(words.index(value))]), kind, words, mark)
    return Column(np.array([NEVER if value == "never" else float(value)]), kind, (), mark)


def _members(present: Iterable[str], unseen: Iterable[str], *, hint: bool = False) -> Members:
    has = {one: np.array([UNKNOWN]) for one in unseen} | {one: np.array([YES]) for one in present}
    return Members(has, np.array([NO]), np.array([True]) if hint else None)
