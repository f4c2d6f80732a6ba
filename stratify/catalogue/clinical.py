"""Conditions and indices: which diagnoses make a disease, and what diseases weigh together."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from stratify.catalogue.shapes import AtcPrefix, Care, Entry, IcdPrefix, Id, Provenance, Shape

Record = tuple[str, int] | tuple[str, int, int]  # code, day it happened, day it was known if later


def _in_thousandths(weight: float) -> float:
    if round(weight * 1000) / 1000 != weight:
        raise ValueError("a weight has at most three decimals")
    return weight


Weight = Annotated[float, AfterValidator(_in_thousandths)]  # added up as whole thousandths: no order changes the sum


class ConditionExample(Shape):
    """Records and redemptions as (code, day it happened, day it was known), in days from the landmark.

    The last of the three may be left out; `beside` names conditions the person has for other reasons.
    """

    why: str
    records: tuple[Record, ...] = ()
    drugs: tuple[Record, ...] = ()
    beside: tuple[Id, ...] = ()
    expect: bool

    def answer(self) -> bool:
        return self.expect


class OmopConcept(Shape):
    """A standard concept used where the source's vocabulary cannot derive one; its name is compared on landing."""

    concept: int
    name: str


class DrugClass(Shape):
    """Drugs of one class, by how their ATC code starts; a product of two drugs may stand in several classes."""

    id: Id
    atc: tuple[AtcPrefix, ...] = Field(min_length=1)
    atc_except: tuple[AtcPrefix, ...] = ()


class DrugRule(Shape):
    """So many redemptions, or so many classes redeemed, in the days before the landmark: then the condition holds.

    What is redeemed on one day is one redemption. With `unless` the rule is silent beside any of those conditions.
    """

    count: Literal["redemptions", "classes"]
    at_least: int = Field(ge=1)
    within_days: int = Field(ge=1)
    unless: tuple[Id, ...] = ()
    classes: tuple[DrugClass, ...] = Field(min_length=1)
    source: str = Field(min_length=3)
    provenance: Provenance
    rationale: str = Field(min_length=10)

    @model_validator(mode="after")
    def _can_be_met(self) -> DrugRule:
        names = [one.id for one in self.classes]
        if len(set(names)) != len(names):
            raise ValueError("classes: the same id twice")
        if self.count == "classes" and self.at_least > len(names):
            raise ValueError(f"at_least: {self.at_least} classes of {len(names)} can never be met")
        return self


class Condition(Entry):
    """A disease a person is taken to have by a diagnosis or by drugs, as far as either was known before the day.

    A matching diagnosis counts for as long as the look-back; a drug rule for as long as it is met.
    """

    set: Literal["DK39"]
    domain: Care
    system: str
    part_of: Id | None = None  # a sub-condition: shown, used in rules, never counted beside its parent
    icd10: tuple[IcdPrefix, ...] = ()  # WHO prefixes, without the Danish D and without dots
    icd10_except: tuple[IcdPrefix, ...] = ()
    lookback_days: int | None = None  # None: a diagnosis counts for ever
    drugs: tuple[DrugRule, ...] = ()  # any of them is enough
    by_drugs_only: bool = False  # has no diagnosis rule: not measurable where no drugs were delivered
    omop_fallback: tuple[OmopConcept, ...] = ()
    example: tuple[ConditionExample, ...] = ()

    @model_validator(mode="after")
    def _has_a_rule(self) -> Condition:
        if bool(self.icd10) == self.by_drugs_only:
            raise ValueError("needs icd10 prefixes, or by_drugs_only = true, and not both")
        if self.by_drugs_only and not self.drugs:
            raise ValueError("by_drugs_only = true needs [[drugs]]")
        return self


class IndexGroup(Shape):
    """A disease or drug group of an index, with its weight under each named weighting.

    A person has it by a diagnosis, by a redeemed drug, or by a condition of the catalogue: any one of them will do.
    """

    id: Id
    name: str
    icd10: tuple[IcdPrefix, ...] = ()
    icd10_except: tuple[IcdPrefix, ...] = ()
    atc: tuple[AtcPrefix, ...] = ()
    atc_except: tuple[AtcPrefix, ...] = ()
    conditions: tuple[Id, ...] = ()
    weights: dict[str, Weight]
    superseded_by: Id | None = None  # counts nothing when that group is present and supersession is on

    @model_validator(mode="after")
    def _has_a_rule(self) -> IndexGroup:
        if not (self.icd10 or self.atc or self.conditions):
            raise ValueError("needs icd10, atc or conditions")
        return self


class IndexExample(Shape):
    """Codes, of diagnoses and of drugs, and the score expected under each weighting; a "no" is 0 everywhere."""

    why: str
    codes: tuple[str, ...] = ()
    drugs: tuple[str, ...] = ()
    supersede: bool | None = None  # None: as the index says
    expect: dict[str, float]

    def answer(self) -> bool:
        return any(self.expect.values())


class Index(Entry):
    """A weighted sum over groups; a weight may be below nought, and so may the sum."""

    lookback_days: int | None = None
    min_age: int | None = None  # years; below it the index says nothing of a person: missing, not 0
    supersede: bool = True  # whether a group is silent beside the graver one of its kind
    group: tuple[IndexGroup, ...]
    example: tuple[IndexExample, ...] = ()

    @property
    def weightings(self) -> tuple[str, ...]:
        """The names of the weightings, in alphabetical order."""
        return tuple(sorted(self.group[0].weights))

    @property
    def by_drugs(self) -> bool:
        """Whether any group is told by redeemed drugs."""
        return any(group.atc for group in self.group)

    @model_validator(mode="after")
    def _weighs_every_group_alike(self) -> Index:
        names = [group.id for group in self.group]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"group: the same id twice: {', '.join(sorted(twice))}")
        weightings = {weighting for group in self.group for weighting in group.weights}
        short = [group.id for group in self.group if set(group.weights) != weightings]
        if short or not weightings:
            raise ValueError(f"weights: every group needs {', '.join(sorted(weightings))}; not so: {', '.join(short)}")
        unknown = {weighting for example in self.example for weighting in example.expect} - weightings
        if unknown:
            raise ValueError(f"example.expect: no such weights: {', '.join(sorted(unknown))}")
        return self
