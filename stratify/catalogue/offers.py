"""Rules over a person's facts, the strata they place a person in, and the offers, needs and bridges they weigh."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Literal

from pydantic import Field, model_validator

from stratify.care.facts import NEED_ONLY, SERVICES, WORDS, FactKind, KnownBy, misused, unknown_name
from stratify.catalogue.shapes import Entry, Id, Provenance, Shape, Text

Body = Literal["region", "municipality", "general practice", "psychiatry", "hospital", "organisation"]
Place = Literal["home", "gp", "health_house", "psychiatry_house", "hospital", "phone", "video", "tablet", "outdoors"]
Form = Literal["alone", "group"]
Outcome = Literal["quality_of_life", "safety", "admissions", "bed_days", "burden", "reach"]
Hardship = Literal[
    "digital", "language", "network", "cognition", "mobility", "distance", "contact", "home", "motivation"
]


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

    def tests(self) -> tuple[Test, ...]:
        return (*self.all, *self.any)


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
        return self.expect in ("yes", "met", "hard", "suitable", "bridge", "ask", "duty")


class Stratum(Entry):
    """One level on one of the two axes; the highest `level` whose rule holds is the person's."""

    axis: Literal["need", "resources"]
    level: int = Field(ge=0)
    guideline: str  # what the level follows, by name
    rule: Rule
    lift: tuple[Rule, ...] = ()  # each brings somebody up to this level from the one below when it holds
    example: tuple[FactsExample, ...] = ()

    @model_validator(mode="after")
    def _speaks_of_known_facts(self) -> Stratum:
        check_facts(self.tests(), self.example)
        return self

    def tests(self) -> tuple[Test, ...]:
        """Return the tests of its rule and of what lifts to it."""
        return (*self.rule.tests(), *(test for lift in self.lift for test in lift.tests()))


class Need(Entry):
    """What an offer asks of the person's own resources, when it is met, and what hints that it may be hard.

    `met` reads what is confirmed: no is hard, unknown is asked. `hard` reads hints too, and what registers know of
    the person's ways; all it does is to add a bridge.
    """

    axis: Hardship
    met: Rule
    hard: Rule | None = None
    unmet: Text  # what is told where nothing helps
    example: tuple[FactsExample, ...] = ()

    @model_validator(mode="after")
    def _speaks_of_known_facts(self) -> Need:
        if not self.met.tests():
            raise ValueError("a need is met by something: `met` needs a test")
        check_facts(self.tests(), self.example)
        refuse_service_lowering(self.met.tests(), ())
        return self

    def tests(self) -> tuple[Test, ...]:
        """Return the tests of both rules."""
        return (*self.met.tests(), *(self.hard.tests() if self.hard else ()))


class Needed(Shape):
    """One need of an offer or a bridge, and the bridges that can meet it, the one to try first before the others."""

    need: Id
    bridges: tuple[Id, ...] = ()


class Responsible(Shape):
    """Who answers for something, and in which time: some tasks move from one body to another on a day."""

    body: Body
    valid_from: date | None = None
    valid_to: date | None = None
    source: str | None = None

    def on(self, day: date) -> bool:
        """Return whether it holds on a day."""
        return (self.valid_from or day) <= day <= (self.valid_to or day)


class Bridge(Entry):
    """Help that makes an offer usable where something is hard: who gives it, how much there is, what it asks."""

    responsible: tuple[Responsible, ...]
    capacity: Text  # what it is counted in
    cost: Literal["none", "low", "middle", "high", "unknown"]
    burden: Text  # what it asks of the person
    given_by: Id | None = None  # the entry among the offers that gives it
    unless: Rule | None = None  # where it cannot be
    only: Rule | None = None  # where alone it can be: that much must be known
    helps: tuple[Id, ...] = ()  # needs it helps with wherever an offer has them, before any other bridge
    needs: tuple[Needed, ...] = ()
    adds_places: tuple[Place, ...] = ()
    adds_forms: tuple[Form, ...] = ()
    example: tuple[FactsExample, ...] = ()

    @model_validator(mode="after")
    def _speaks_of_known_facts(self) -> Bridge:
        if self.helps and self.only is None:
            raise ValueError("a bridge that helps wherever an offer has a need stands first: say by `only` whose it is")
        check_facts(self.tests(), self.example)
        refuse_service_lowering(self.only.tests() if self.only else (), self.unless.tests() if self.unless else ())
        return self

    def tests(self) -> tuple[Test, ...]:
        """Return the tests of both rules."""
        return tuple(test for rule in (self.unless, self.only) if rule is not None for test in rule.tests())


class Exclude(Shape):
    """Why an offer may not suit: a danger to the person, or the scheme's or a trial's own limit."""

    kind: Literal["danger", "scheme", "trial"]
    rule: Rule
    why: Text
    instead: tuple[Id, ...] = ()  # other offers; required for scheme and trial
    decides: bool = False  # of scheme and trial: unknown is asked first, as with a danger, instead of noted

    @property
    def asked_first(self) -> bool:
        """Whether the answer hangs on it while it is unknown."""
        return self.decides or self.kind == "danger"

    @model_validator(mode="after")
    def _names_what_is_offered_instead(self) -> Exclude:
        if not self.rule.tests():
            raise ValueError("an exclusion needs a test: without one it would close the offer to everybody")
        if self.kind != "danger" and not self.instead:
            raise ValueError(f"a {self.kind} exclusion names at least one offer in `instead`")
        return self


class Requirement(Shape):
    """A clinical precondition: not met, the offer that helps to meet it comes first and this one is looked at again."""

    rule: Rule
    why: Text
    source: str = Field(min_length=3)
    helped_by: Id
    review_days: int = Field(ge=1, le=730)


class Window(Shape):
    """The days after an event within which an offer is for somebody."""

    since: str  # a fact counted in days
    within_days: int = Field(ge=0)

    def test(self) -> Test:
        """Return the test that holds while the window is open."""
        return Test(fact=self.since, at_most=self.within_days)


class Evidence(Shape):
    """What is known of an offer's effect on one outcome; risk is not benefit."""

    outcome: Outcome
    direction: Literal["better", "none", "worse", "mixed", "unknown"]
    certainty: Literal["trial", "observational", "uncontrolled", "guideline", "none"]
    source: str = Field(min_length=3)
    provenance: Provenance = "READ"
    among: Text | None = None  # where it holds for some only

    @model_validator(mode="after")
    def _an_effect_has_been_seen(self) -> Evidence:
        if self.direction in ("better", "worse", "mixed") and self.certainty == "none":
            raise ValueError(f"an effect ({self.direction}) needs a certainty other than none")
        return self


class Overlap(Shape):
    """An offer that is like this one: one of the two is enough, both at once are too much, or one lies within."""

    offer: Id
    kind: Literal["one_is_enough", "never_both", "held_within"]
    why: Text


class Offer(Entry):
    """Something the health service can offer a person, whom it is for, and what makes it usable."""

    kind: Literal["offer", "duty", "enabler"] = "offer"
    responsible: tuple[Responsible, ...] = Field(min_length=1)
    places: tuple[Place, ...] = Field(min_length=1)
    forms: tuple[Form, ...] = ("alone",)
    priority: int = Field(ge=0, le=100)  # among equal answers the lower comes first: what cannot wait, then the rest
    indication: Rule
    indication_text: Text
    asked_of: Rule | None = None  # where the indication is unknown, whom to ask; others bring it up themselves
    window: Window | None = None
    excludes: tuple[Exclude, ...] = ()
    requires: tuple[Requirement, ...] = ()
    needs: tuple[Needed, ...] = ()
    evidence: tuple[Evidence, ...]
    does: Text  # what happens, in words for the person
    overlaps: tuple[Overlap, ...] = ()
    site: str | None = None  # the one town it is in, where there is no nearest
    claim: str | None = Field(default=None, min_length=20)  # why nobody may wait for it by lot, with its source
    coordinates: bool = False  # it gives the person a coordinator, of whom one is enough
    burden: int = Field(default=1, ge=0, le=3)  # of treatment: 0 none, 1 a visit or a call, 2 several, 3 a course
    capacity: Text | None = None  # what it is counted in
    ask: tuple[AskedFact, ...] = ()
    example: tuple[FactsExample, ...] = ()

    @model_validator(mode="after")
    def _speaks_of_known_facts(self) -> Offer:
        indication = self.indication.tests()
        excluding = [test for exclude in self.excludes for test in exclude.rule.tests()]
        required = [test for one in self.requires for test in one.rule.tests()]
        asked = self.asked_of.tests() if self.asked_of else ()
        tests = [*indication, *excluding, *required, *asked]
        own = {asked.id: asked.kind for asked in self.ask}
        check_facts(tests, self.example, own)
        if used := sorted({test.fact for test in tests} & NEED_ONLY):
            raise ValueError(f"{used[0]} is part of need and may not open, close or shape an offer")
        refuse_service_lowering(indication, excluding)
        if self.window is not None:
            kind = own.get(self.window.since) or (WORDS[self.window.since].kind if self.window.since in WORDS else None)
            if kind != "days":
                raise ValueError(f"window: since {self.window.since!r} is no fact that is counted in days")
        return self

    @model_validator(mode="after")
    def _a_duty_is_no_choice(self) -> Offer:
        if self.kind == "enabler" and (self.excludes or self.needs):
            raise ValueError("an enabler is met as a bridge: its limits and needs stand with the bridge")
        return self

    def by(self, day: date) -> tuple[Body, ...]:
        """Return who answers for the offer on a day."""
        return tuple(one.body for one in self.responsible if one.on(day))


class WishExample(FactsExample):
    """A person with this wish, and the answer of one offer."""

    offer: Id


class Preference(Entry):
    """A wish about how care is given: which places, forms or bodies the person would rather be without."""

    without_places: tuple[Place, ...] = ()
    without_forms: tuple[Form, ...] = ()
    only_by: tuple[Body, ...] = ()  # when not empty, others' offers are not for this person
    first_places: tuple[Place, ...] = ()  # shown first where there is a choice
    less_burden: bool = False  # what asks most of the person (burden 3) waits
    example: tuple[WishExample, ...] = ()

    @model_validator(mode="after")
    def _wishes_something(self) -> Preference:
        if not (self.without_places or self.without_forms or self.only_by or self.first_places or self.less_burden):
            raise ValueError("a preference wishes something: without_places, without_forms, only_by, first_places …")
        return self


class Safety(Entry):
    """Something about the medicine that staff should see, whatever the person has declined and however it will go."""

    rule: Rule
    advice: Text
    priority: int = Field(ge=0, le=100)
    example: tuple[FactsExample, ...] = ()

    @model_validator(mode="after")
    def _speaks_of_known_facts(self) -> Safety:
        if not self.rule.tests():
            raise ValueError("a warning needs a test: without one it would stand on everybody's page")
        check_facts(self.rule.tests(), self.example)
        return self


def check_facts(
    tests: Iterable[Test], examples: tuple[FactsExample, ...], own: dict[str, FactKind] | None = None
) -> None:
    """Raise ValueError for a fact nobody has declared, or a test that does not fit its fact's kind."""
    kinds = own or {}
    problems = [misused(test.fact, test.is_, test.any_of, kinds) for test in tests]
    problems += [unknown_name(name.removesuffix("?"), kinds) for example in examples for name in example.facts]
    if told := [problem for problem in problems if problem]:
        raise ValueError("; ".join(told))


def refuse_service_lowering(opening: Iterable[Test], closing: Iterable[Test]) -> None:
    """Raise ValueError where having a service in place would make a rule open less or close more."""
    lowering = [t.fact for t in opening if t.fact in SERVICES and (t.at_most is not None or t.is_ is False)]
    lowering += [t.fact for t in closing if t.fact in SERVICES]
    if lowering:
        raise ValueError(f"{lowering[0]} is a service already in place and may not lower an offer")
