"""Rules over a person's facts, the strata they place a person in, and the offers they weigh."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from stratify.care.facts import NEED_ONLY, WORDS, FactKind, KnownBy, misused, unknown_name
from stratify.catalogue.shapes import Entry, Id, Shape, Text


class Test(Shape):
    """One statement about a person's facts; unknown facts make it unknown, never true or false."""

    fact: str
    is_: str | bool | None = Field(default=None, alias="is")
    any_of: tuple[str, ...] = ()  # the fact is a set: one of these is in it
    at_least: float | None = None
    at_most: float | None = None

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Test:
        asked = [self.is_ is not None, bool(self.any_of), self.at_least is not None or self.at_most is not None]
        if sum(asked) != 1:
            raise ValueError("a test asks one thing: is, any_of, or at_least / at_most")
        return self


class Rule(Shape):
    """Tests joined: all of `all`, and one of `any` where there are any. Without tests it holds for everybody."""

    all: tuple[Test, ...] = ()
    any: tuple[Test, ...] = ()


class AskedFact(Shape):
    """A fact that one offer asks for and the shared vocabulary lacks; unknown until somebody has told it."""

    id: Id
    name: Text
    kind: FactKind
    known_by: KnownBy = "person"


class FactsExample(Shape):
    """A person's facts and the answer the entry gives."""

    why: str
    facts: dict[str, Any]
    expect: str

    def answer(self) -> bool:
        return self.expect not in ("no", "not_suitable")


class Stratum(Entry):
    """One level on one of the two axes; the highest `level` whose rule holds is the person's."""

    axis: Literal["need", "resources"]
    level: int = Field(ge=0)
    guideline: str  # what the level follows, by name
    rule: Rule
    lift: Rule | None = None  # somebody one level below comes up to this one when it holds
    example: tuple[FactsExample, ...] = ()

    @model_validator(mode="after")
    def _speaks_of_known_facts(self) -> Stratum:
        rules = (self.rule, self.lift) if self.lift else (self.rule,)
        check_facts([test for rule in rules for test in (*rule.all, *rule.any)], self.example)
        return self


class Bridge(Shape):
    """What makes an offer usable when something is hard for the person."""

    when: Test
    bridge: Literal[
        "escort", "phone", "interpreter", "relative", "nurse_data", "home_visit", "social_nurse", "meeting_place",
        "transport", "individual",
    ]  # fmt: skip
    name: Text


class Exclude(Shape):
    """Why an offer may not suit: a danger to the person, or the scheme's or a trial's own limit."""

    kind: Literal["danger", "scheme", "trial"]
    rule: Rule
    why: Text
    instead: tuple[Id, ...] = ()  # other offers; required for scheme and trial

    @model_validator(mode="after")
    def _names_what_is_offered_instead(self) -> Exclude:
        if not (self.rule.all or self.rule.any):
            raise ValueError("an exclusion needs a test: without one it would close the offer to everybody")
        if self.kind != "danger" and not self.instead:
            raise ValueError(f"a {self.kind} exclusion names at least one offer in `instead`")
        return self


class Evidence(Shape):
    """What is known of an offer's effect on one outcome; risk is not benefit."""

    outcome: Literal["quality_of_life", "safety", "admissions", "bed_days", "burden", "reach"]
    direction: Literal["better", "none", "worse", "mixed", "unknown"]
    certainty: Literal["trial", "observational", "uncontrolled", "guideline", "none"]
    source: str


class Offer(Entry):
    """Something the health service can offer a person, whom it is for, and what makes it usable."""

    sector: str
    priority: int = Field(ge=0, le=100)  # among equal answers the lower comes first: what cannot wait, then the rest
    indication: Rule
    indication_text: Text
    excludes: tuple[Exclude, ...] = ()
    bridges: tuple[Bridge, ...] = ()
    evidence: tuple[Evidence, ...]
    ask: tuple[AskedFact, ...] = ()
    example: tuple[FactsExample, ...] = ()

    @model_validator(mode="after")
    def _speaks_of_known_facts(self) -> Offer:
        indication = (*self.indication.all, *self.indication.any)
        excluding = [test for exclude in self.excludes for test in (*exclude.rule.all, *exclude.rule.any)]
        tests = [*indication, *excluding, *(bridge.when for bridge in self.bridges)]
        check_facts(tests, self.example, tuple(self.ask))
        if used := sorted({test.fact for test in tests} & NEED_ONLY):
            raise ValueError(f"{used[0]} is part of need and may not open, close or shape an offer")
        service = {name for name, word in WORDS.items() if word.service}
        lowering = [t.fact for t in indication if t.fact in service and (t.at_most is not None or t.is_ is False)]
        if lowering := lowering + [test.fact for test in excluding if test.fact in service]:
            raise ValueError(f"{lowering[0]} is a service already in place and may not lower an offer")
        return self


def check_facts(tests: list[Test], examples: tuple[FactsExample, ...], own: tuple[AskedFact, ...] = ()) -> None:
    """Raise ValueError for a fact nobody has declared, or a test that does not fit its fact's kind."""
    kinds = {asked.id: asked.kind for asked in own}
    problems = [misused(test.fact, test.is_, in_set=bool(test.any_of), own=kinds) for test in tests]
    problems += [unknown_name(name.removesuffix("?"), kinds) for example in examples for name in example.facts]
    if told := [problem for problem in problems if problem]:
        raise ValueError("; ".join(told))
