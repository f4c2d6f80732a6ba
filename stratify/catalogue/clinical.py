"""Conditions and indices: which diagnoses make a disease, and what diseases weigh together."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from stratify.catalogue.shapes import Care, Entry, IcdPrefix, Id, Shape


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
