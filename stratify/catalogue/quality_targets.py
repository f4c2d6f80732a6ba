"""Quality targets: who counts, who meets the target, and for whom nobody can tell."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from stratify.catalogue.offers import Rule, check_facts
from stratify.catalogue.shapes import Entry, Shape, Text
from stratify.quality.parameters import TAKES, Parameters


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
        check_facts([*self.population.all, *self.population.any], ())
        return self
