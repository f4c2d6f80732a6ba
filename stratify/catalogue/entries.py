"""The shapes of catalogue entries: what may stand in a file, and what every entry must say about itself.

Unknown keys are refused, values are frozen. Every clinical statement names its source and whether that source was
read (`READ`), computed from read figures (`COMPUTED`), recalled and not yet checked (`RECALL-unverified`), or is our
own choice (`OURS`). Every entry shows itself at work in at least two examples, one of them a "no".
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stratify.care.facts import NEED_ONLY, WORDS, FactKind, KnownBy, misused, unknown_name
from stratify.quality.parameters import TAKES, Parameters

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
IcdPrefix = Annotated[str, Field(pattern=r"^[A-Z](\d[0-9A-Z]{0,4})?$")]
AtcPrefix = Annotated[str, Field(pattern=r"^[A-Z]\d\d([A-Z]([A-Z](\d\d)?)?)?$")]
Provenance = Literal["READ", "COMPUTED", "RECALL-unverified", "OURS"]
Care = Literal["somatic", "psychiatric"]


class Shape(BaseModel):
    """A part of an entry: no unknown keys, no change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(Shape):
    """A text in Danish and in English; both are required."""

    da: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Entry(Shape):
    """What every entry says about itself."""

    id: Id
    name: Text
    source: str = Field(min_length=3)
    provenance: Provenance
    rationale: str = Field(min_length=10)
    example: tuple[Any, ...] = ()

    @model_validator(mode="after")
    def _shows_itself_at_work(self) -> Entry:
        answers = [example.answer() for example in self.example]
        if len(answers) < 2:
            raise ValueError(f"needs at least 2 [[example]], got {len(answers)}")
        if all(answers):
            raise ValueError("needs at least one [[example]] whose answer is no")
        return self


# --- conditions and indices ------------------------------------------------------------------------------------------


class ConditionExample(Shape):
    """Records as (code, day it happened, day it was known), in days from the landmark; the last may be left out."""

    why: str
    records: tuple[tuple[str, int] | tuple[str, int, int], ...]
    expect: bool

    def answer(self) -> bool:
        return self.expect


class OmopConcept(Shape):
    """A standard concept used where the source's vocabulary cannot derive one; its name is compared on landing."""

    concept: int
    name: str


class Condition(Entry):
    """A disease a person is taken to have from the day a matching diagnosis was known, for as long as the look-back."""

    set: Literal["DK39"]
    domain: Care
    system: str
    part_of: Id | None = None  # a sub-condition: shown, used in rules, never counted beside its parent
    icd10: tuple[IcdPrefix, ...] = ()  # WHO prefixes, without the Danish D and without dots
    icd10_except: tuple[IcdPrefix, ...] = ()
    lookback_days: int | None = None  # None: a diagnosis counts for ever
    by_drugs_only: bool = False  # has no diagnosis rule: not measurable until drug rules exist
    omop_fallback: tuple[OmopConcept, ...] = ()
    example: tuple[ConditionExample, ...] = ()

    @model_validator(mode="after")
    def _has_a_rule(self) -> Condition:
        if bool(self.icd10) == self.by_drugs_only:
            raise ValueError("needs icd10 prefixes, or by_drugs_only = true, and not both")
        return self


class IndexGroup(Shape):
    """A disease group of an index, with its weight under each named weighting."""

    id: Id
    name: str
    icd10: tuple[IcdPrefix, ...]
    weights: dict[str, int]
    superseded_by: Id | None = None  # counts nothing when that group is present and supersession is on


class IndexExample(Shape):
    """Codes and the score expected under each weighting; a "no" is a score of 0 everywhere."""

    why: str
    codes: tuple[str, ...]
    supersede: bool = True
    expect: dict[str, int]

    def answer(self) -> bool:
        return any(self.expect.values())


class Index(Entry):
    """A weighted sum over disease groups."""

    lookback_days: int | None = None
    group: tuple[IndexGroup, ...]
    example: tuple[IndexExample, ...] = ()

    @model_validator(mode="after")
    def _weighs_every_group_alike(self) -> Index:
        names = [group.id for group in self.group]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"group: the same id twice: {', '.join(sorted(twice))}")
        weightings = {weighting for group in self.group for weighting in group.weights}
        short = [group.id for group in self.group if set(group.weights) != weightings]
        if short:
            raise ValueError(f"weights: every group needs {', '.join(sorted(weightings))}; not so: {', '.join(short)}")
        unknown = {weighting for example in self.example for weighting in example.expect} - weightings
        if unknown:
            raise ValueError(f"example.expect: no such weights: {', '.join(sorted(unknown))}")
        return self


# --- outcomes and features -------------------------------------------------------------------------------------------


class OutcomeExample(Shape):
    """Stays as (first day, hours, acute, care), days counted from the landmark, and perhaps a death or a departure."""

    why: str
    stays: tuple[tuple[int, int, bool, Care], ...] = ()
    death: int | None = None
    leaves: int | None = None
    expect: bool | Literal["unknown"]

    def answer(self) -> bool:
        return self.expect is True


class Outcome(Entry):
    """What a model foretells: whether the first such event falls in [landmark, landmark + horizon)."""

    event: Literal["stay", "death"]
    acute: bool | None = None
    care: tuple[Care, ...] = ()
    horizon_days: int = Field(gt=0)
    register_delay_days: int = Field(ge=0)  # a label counts once this has passed after its window
    min_events_train: int = Field(gt=0)
    min_events_test: int = Field(gt=0)
    example: tuple[OutcomeExample, ...] = ()


Aggregate = Literal["count", "any", "sum", "last", "days_since"]


class FeatureExample(Shape):
    """Events as (group, day it happened, day it was known, value), and the cell one column then holds.

    Days are counted from the landmark. What the person's own columns are made from may be told beside.
    """

    why: str
    events: tuple[tuple[str, int, int, float], ...] = ()
    born: int = -14_610
    woman: bool | None = None
    resident_since: int = -1825
    column: str
    expect: float | Literal["missing"]

    def answer(self) -> bool:
        return self.expect != "missing" and self.expect != 0


class FeatureGroup(Shape):
    """A named part of a family: the events whose code starts with, or whose columns equal, what stands here."""

    id: Id
    name: Text
    codes: tuple[str, ...] = ()  # prefixes of `code`
    where: dict[str, str | bool] = {}  # column = value


# What a group may be chosen by: only what is known as soon as the event is. The length of a stay is not, but whether it
# is an admission is, since twelve hours are over before any register has told that it began.
_CHOSEN_BY: dict[str, dict[str, type]] = {
    "diagnosis": {"kind": str, "care": str, "setting": str},
    "contact": {"setting": str, "acute": bool, "care": str},
    "stay": {"acute": bool, "care": str, "admission": bool},
    "drug": {},
    "lab": {},
}
_CODED = ("diagnosis", "drug", "lab")
_VALUED = ("stay", "drug", "lab")  # a stay's value is its length, known at its end
_OF_A_PERSON = ("age", "female", "resident_days")


class FeatureFamily(Entry):
    """Columns made alike, `{id}_{group}_{aggregate}_{w}`: each group × aggregate × window of one domain."""

    domain: Literal["condition", "diagnosis", "contact", "stay", "drug", "lab", "person"]
    clinical_group: Text  # the heading under which reasons are shown
    role: Literal["predictor", "audit", "both"]
    per: Literal["group", "condition", "charlson"] = "group"
    at: Literal["start", "end"] = "start"  # for stays: the day they began, or the day they ended
    group: tuple[FeatureGroup, ...] = ()
    aggregates: tuple[Aggregate, ...] = ()
    windows: tuple[int, ...] = ()  # days, nested, half-open [t - w, t)
    fallback: dict[Aggregate, float | Literal["missing"]] = {}  # what a cell without events holds
    unit: str = ""
    example: tuple[FeatureExample, ...] = ()

    @model_validator(mode="after")
    def _says_what_nothing_means(self) -> FeatureFamily:
        silent = [aggregate for aggregate in self.aggregates if aggregate not in self.fallback]
        if silent:
            raise ValueError(f"fallback is missing for {', '.join(silent)}")
        return self

    @model_validator(mode="after")
    def _fits_its_domain(self) -> FeatureFamily:
        windowed = self.domain not in ("person", "condition")
        names = [group.id for group in self.group]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"group: the same id twice: {', '.join(twice)}")
        if (self.domain == "condition") != (self.per != "group"):
            raise ValueError("per: condition and charlson go with the domain condition, and it with one of them")
        if windowed != bool(self.aggregates) or windowed != bool(self.windows):
            raise ValueError(f"domain {self.domain} {'needs' if windowed else 'takes no'} aggregates and windows")
        if bool(self.group) == (self.domain == "condition"):
            raise ValueError(f"domain {self.domain} {'takes no' if self.group else 'needs a'} [[group]]")
        if list(self.windows) != sorted({window for window in self.windows if window > 0}):
            raise ValueError("windows must be days above 0, ascending, each once")
        if self.domain == "person" and (strangers := sorted(set(names) - set(_OF_A_PERSON))):
            raise ValueError(f"group: of a person there are {', '.join(_OF_A_PERSON)}; got {', '.join(strangers)}")
        return self

    @model_validator(mode="after")
    def _reads_what_is_known_by_then(self) -> FeatureFamily:
        if self.at == "end" and self.domain != "stay":
            raise ValueError("at = end is for stays")
        reads = [aggregate for aggregate in ("sum", "last") if aggregate in self.aggregates]
        if reads and self.domain not in _VALUED:
            raise ValueError(f"domain {self.domain} has no value for {', '.join(reads)}")
        if reads and self.domain == "stay" and self.at != "end":
            raise ValueError(f"{', '.join(reads)}: how long a stay lasted is known at its end: needs at = end")
        columns = _CHOSEN_BY.get(self.domain, {})
        for group in self.group:
            if group.codes and self.domain not in _CODED:
                raise ValueError(f"group {group.id}: domain {self.domain} has no code")
            for column, value in group.where.items():
                if columns.get(column) is not type(value):
                    known = ", ".join(f"{name} ({kind.__name__})" for name, kind in columns.items()) or "nothing"
                    raise ValueError(f"group {group.id}: {self.domain} is chosen by {known}; got {column} = {value!r}")
        return self


# --- strata, offers, targets -----------------------------------------------------------------------------------------


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
        _check_facts([test for rule in rules for test in (*rule.all, *rule.any)], self.example)
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
        _check_facts(tests, self.example, tuple(self.ask))
        if used := sorted({test.fact for test in tests} & NEED_ONLY):
            raise ValueError(f"{used[0]} is part of need and may not open, close or shape an offer")
        service = {name for name, word in WORDS.items() if word.service}
        lowering = [t.fact for t in indication if t.fact in service and (t.at_most is not None or t.is_ is False)]
        if lowering := lowering + [test.fact for test in excluding if test.fact in service]:
            raise ValueError(f"{lowering[0]} is a service already in place and may not lower an offer")
        return self


def _check_facts(tests: list[Test], examples: tuple[FactsExample, ...], own: tuple[AskedFact, ...] = ()) -> None:
    """Raise ValueError for a fact nobody has declared, or a test that does not fit its fact's kind."""
    kinds = {asked.id: asked.kind for asked in own}
    problems = [misused(test.fact, test.is_, in_set=bool(test.any_of), own=kinds) for test in tests]
    problems += [unknown_name(name.removesuffix("?"), kinds) for example in examples for name in example.facts]
    if told := [problem for problem in problems if problem]:
        raise ValueError("; ".join(told))


class TargetExample(Shape):
    """Records by table, in words the target's measure understands, and the three counts expected."""

    why: str
    records: dict[str, Any]
    numerator: int
    denominator: int
    unknown: int

    def answer(self) -> bool:
        return self.numerator > 0


class Target(Entry):
    """A chosen quality target: who counts, who meets it, and for whom nobody can tell."""

    measure: Literal["readmission", "contact_after_discharge", "last_lab_value"]
    parameters: Parameters
    population: Rule = Rule()  # holds at the start of the period; unknown is not in
    numerator: Text
    denominator: Text
    unknown: Text
    direction: Literal["higher", "lower"]
    standard: float | None = None  # a share between 0 and 1
    standard_status: Literal["official", "foreign anchor", "local", "none"]
    maturity_days: int = Field(ge=0)  # follow-up and register delay, from discharge or from the period's end
    min_denominator: int = Field(ge=5)
    example: tuple[TargetExample, ...] = ()

    @model_validator(mode="after")
    def _fits_its_measure(self) -> Target:
        shape = TAKES[self.measure]
        if not isinstance(self.parameters, shape):
            raise ValueError(f"measure {self.measure} takes the parameters {', '.join(shape.model_fields)}")
        if self.maturity_days < self.parameters.follow_up():
            raise ValueError(f"maturity_days must cover the follow-up, {self.parameters.follow_up()} days")
        if (self.standard is None) != (self.standard_status == "none"):
            raise ValueError("a standard has a status, and without one the status is none")
        if self.standard is not None and not 0 <= self.standard <= 1:
            raise ValueError("standard is a share between 0 and 1")
        _check_facts([*self.population.all, *self.population.any], ())
        return self


KINDS: dict[str, type[Entry]] = {
    "conditions": Condition,
    "indices": Index,
    "outcomes": Outcome,
    "features": FeatureFamily,
    "strata": Stratum,
    "offers": Offer,
    "targets": Target,
}
