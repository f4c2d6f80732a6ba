"""Quality targets: who counts, who meets the target, for whom nobody can tell, and how it is followed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from stratify.catalogue.offers import Rule, check_facts
from stratify.catalogue.shapes import Entry, Id, Shape, Text
from stratify.errors import did_you_mean
from stratify.quality.parameters import (
    FROM_SERVICE,
    TAKES,
    UNIT,
    WITHOUT_EXAMPLES,
    ElementsParameters,
    GapParameters,
    Measure,
    MortalityParameters,
    Parameters,
    Unit,
)

MOST_CHOSEN = 12
Level = Literal["region", "hospital", "psychiatric", "municipality", "practice"]
Cut = Literal[
    "education", "income", "origin", "cohabitation", "distance", "psychiatric_somatic", "smi", "sex", "few_resources"
]


class TargetExample(Shape):
    """Records by table, in words the target's measure understands, and the three counts expected.

    The denominator of a rate is in years, told to three decimals.
    """

    why: str
    records: dict[str, Any]
    numerator: int
    denominator: float
    unknown: int

    def answer(self) -> bool:
        return self.numerator > 0


class Break(Shape):
    """A month in which something other than care changed, and what that does to the charts: of all units, or of one.

    new part: own mean, limits and rules from that month on. left out: drawn, but in no limit and no rule. limits until:
    limits come from the months before it, and later ones are held against them.
    """

    month: str = Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")
    does: Literal["new part", "left out", "limits until"]
    level: Level | None = None
    unit: str = ""
    why: Text

    @model_validator(mode="after")
    def _names_a_unit_at_a_level(self) -> Break:
        if self.unit and self.level is None:
            raise ValueError("a break of one unit says at which level it is")
        return self


class Target(Entry):
    """A quality target: who counts, who meets it, for whom nobody can tell, and how it is followed.

    `chosen` targets are followed up; of the others `waits` says why not now. A measure that no register tells says in
    `lacks` what is missing.
    """

    tier: Literal["core", "support"]
    kind: Literal["outcome", "process", "balancing", "equity", "experience"]
    chosen: bool
    waits: Text | None = None
    measure: Measure
    parameters: Parameters
    population: Rule = Rule()  # holds on 1 January of the year; unknown is not in
    numerator: Text
    denominator: Text
    unknown: Text
    lacks: Text | None = None
    direction: Literal["higher", "lower"]
    standard: float | None = None  # a share between 0 and 1; of a rate or ratio the value itself
    standard_status: Literal["official", "foreign anchor", "local", "none"]
    standard_source: str = ""
    maturity_days: int = Field(ge=0)  # follow-up and register delay, from the case's day
    min_denominator: int = Field(ge=5)  # below it nobody is said to meet the standard or not
    levels: tuple[Level, ...] = Field(min_length=1)
    equity: tuple[Cut, ...] = ()
    breaks: tuple[Break, ...] = ()  # what its charts must know: a new register, a month without data
    balancing: tuple[Id, ...] = ()  # targets to watch beside it, lest one gets better at the cost of the other
    example: tuple[TargetExample, ...] = ()

    @property
    def unit(self) -> Unit:
        """Return whether it is a share, a rate for 1,000 years, or a ratio."""
        return UNIT.get(self.measure, "share")

    @property
    def from_registers(self) -> bool:
        """Return whether the store can tell it."""
        return self.measure not in ("not_in_registers", *FROM_SERVICE)

    def known_until(self, covers_to: int, delivered: int) -> int:
        """Return the day until which cases can be known: one on day d is mature where d + maturity_days is no later.

        Its records must have been delivered, and its follow-up must lie in what the delivery covers: what happens after
        that is in no record, however late the delivery.
        """
        return min(delivered, covers_to + self.maturity_days - self.parameters.follow_up())

    @model_validator(mode="before")
    @classmethod
    def _read_by_its_measure(cls, raw: Any) -> Any:
        """Read the parameters as the measure's own: some measures take words of the same names."""
        if isinstance(raw, Mapping) and raw.get("measure") in TAKES and isinstance(raw.get("parameters"), Mapping):
            shape = TAKES[str(raw["measure"])]
            if set(raw["parameters"]) <= set(shape.model_fields):
                return {**raw, "parameters": shape.model_validate(raw["parameters"])}
        return raw

    @model_validator(mode="after")
    def _shows_itself_at_work(self) -> Target:
        if self.measure not in WITHOUT_EXAMPLES:
            self.check_examples()
        return self

    @model_validator(mode="after")
    def _fits_its_measure(self) -> Target:
        shape = TAKES[self.measure]
        if not isinstance(self.parameters, shape):
            raise ValueError(f"measure {self.measure} takes the parameters {', '.join(shape.model_fields)}")
        if self.maturity_days < self.parameters.follow_up():
            raise ValueError(f"maturity_days must cover the follow-up, {self.parameters.follow_up()} days")
        if (self.measure == "not_in_registers") != (self.lacks is not None):
            raise ValueError("what no register tells says in `lacks` what is missing, and nothing else does")
        if self.chosen == (self.waits is not None):
            raise ValueError("a target is chosen, or says in `waits` why not now")
        if self.chosen and not self.from_registers and self.measure == "not_in_registers":
            raise ValueError("what no register tells cannot be chosen")
        check_facts([*self.population.all, *self.population.any], ())
        return self

    @model_validator(mode="after")
    def _standard_has_a_source(self) -> Target:
        if (self.standard is None) != (self.standard_status == "none"):
            raise ValueError("a standard has a status, and without one the status is none")
        if (self.standard is None) != (len(self.standard_source) < 3):
            raise ValueError("a standard has a standard_source, and without one there is none")
        if self.standard is not None and self.unit == "share" and not 0 <= self.standard <= 1:
            raise ValueError("standard is a share between 0 and 1")
        return self


def check_targets(targets: Mapping[str, Target], conditions: Mapping[str, Any]) -> list[str]:
    """Return a problem for each thing that does not hold among targets: too many chosen, an id that is none."""
    problems = []
    chosen = sorted(key for key, one in targets.items() if one.chosen)
    if len(chosen) > MOST_CHOSEN:
        problems.append(f"targets: at most {MOST_CHOSEN} are chosen at a time, got {len(chosen)}: {', '.join(chosen)}")
    for key, one in targets.items():
        for other in one.balancing:
            if other not in targets:
                problems.append(f"targets/{key}.toml: balancing: no such id {other!r}{did_you_mean(other, targets)}")
        if isinstance(one.parameters, MortalityParameters):
            problems += [
                f"targets/{key}.toml: conditions: no such id {name!r}{did_you_mean(name, conditions)}"
                for name in one.parameters.conditions
                if name not in conditions
            ]
        if isinstance(one.parameters, GapParameters) and one.parameters.cut not in Cut.__args__:  # type: ignore[attr-defined]
            problems.append(f"targets/{key}.toml: cut: needs one of {', '.join(Cut.__args__)}")  # type: ignore[attr-defined]
        if isinstance(one.parameters, ElementsParameters):
            names = [part.id for part in one.parameters.elements]
            if len(set(names)) != len(names):
                problems.append(f"targets/{key}.toml: elements: an id stands twice")
    return problems
