"""Whether rules hold for people: yes, no or unknown, for all of them at once.

Three-valued logic after Kleene: a test on an unknown fact is unknown; `all` is no when one part is no, and yes only
when every part is yes; `any` is yes when one part is yes, and no only when every part is no. So knowing more can turn
unknown into an answer and never turns one answer into the other. With NO < UNKNOWN < YES, `all` is the least of its
parts and `any` the greatest.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from stratify.care.people import NO, UNKNOWN, YES, Flags, People, Truths
from stratify.catalogue.offers import Rule, Test


class Judge:
    """Rules put to some people. Answers are kept, so that what many entries ask is worked out once.

    With `confirmed`, hints that nobody has confirmed are unknown: so everything is judged that may close an offer.
    """

    def __init__(self, people: People) -> None:
        self.people = people
        self._kept: dict[tuple[Any, ...], Truths] = {}
        self._unknown = np.full(people.n, UNKNOWN)
        self._yes = np.full(people.n, YES)

    def rule(self, rule: Rule, *, confirmed: bool = True) -> Truths:
        """Return whether the rule holds for each; one without tests holds for everybody."""
        found = self._yes
        for test in rule.all:
            found = np.minimum(found, self.test(test, confirmed=confirmed))
        if rule.any:
            some = self.test(rule.any[0], confirmed=confirmed)
            for test in rule.any[1:]:
                some = np.maximum(some, self.test(test, confirmed=confirmed))
            found = np.minimum(found, some)
        return found

    def test(self, test: Test, *, confirmed: bool = True) -> Truths:
        """Return whether one test holds for each."""
        key = (test.fact, test.is_, test.any_of, test.at_least, test.at_most, confirmed)
        if key not in self._kept:
            self._kept[key] = self._test(test, confirmed)
        return self._kept[key]

    def _test(self, test: Test, confirmed: bool) -> Truths:
        if test.any_of:
            members = self.people.sets.get(test.fact)
            if members is None:
                return self._unknown
            found = members.has.get(test.any_of[0], members.rest)
            for one in test.any_of[1:]:
                found = np.maximum(found, members.has.get(one, members.rest))
            return np.where(members.hint, UNKNOWN, found) if confirmed and members.hint is not None else found
        column = self.people.columns.get(test.fact)
        if column is None:
            return self._unknown
        values = column.values
        if isinstance(test.is_, str):
            wanted = column.words.index(test.is_) if test.is_ in column.words else -1
            holds: Flags = values == wanted
        elif test.is_ is not None:
            holds = values == float(test.is_)
        else:
            holds = np.ones(len(values), bool)
            if test.at_least is not None:
                holds = values >= test.at_least
            if test.at_most is not None:
                holds = holds & (values <= test.at_most)
        found = np.where(holds, YES, NO)
        gaps = np.isnan(values)
        if confirmed and column.hint is not None:
            gaps = gaps | column.hint
        found[gaps] = UNKNOWN
        return found
