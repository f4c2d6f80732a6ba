"""What the simulated region is held against: the published figures of `targets.toml`, and whether one is met.

A target is met when what came out lies within its tolerance: the one named, else 10 % of the value or 3 standard errors
of what came out, whichever is larger. What cannot be told (nobody it could be told of) is not met.
"""

from __future__ import annotations

import math
import tomllib
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stratify.errors import CatalogueError

FILE = Path(__file__).with_name("targets.toml")
RELATIVE = 0.10
ERRORS = 3.0
PER = {"%": 100.0, "per 1000 a year": 1000.0, "per 100,000 a year": 100_000.0}
Unit = Literal["%", "per 1000 a year", "per 100,000 a year", "ratio", "rate ratio", "odds ratio", "years"]


class Measured(NamedTuple):
    """What came out, and its standard error; not a number where there is nobody it could be told of."""

    value: float
    se: float

    def times(self, factor: float) -> Measured:
        """Return the same in another unit."""
        return Measured(self.value * factor, self.se * factor)


class Row(NamedTuple):
    """A figure of the literature, named as in the list of them."""

    metric: str
    population: str


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Target(_Shape):
    """A published figure in our terms; `given` is what its measure is told."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    group: str
    what: str
    measure: str
    given: Mapping[str, Any] = Field(default={}, alias="with")
    value: float = Field(gt=0)
    unit: Unit
    made: Literal["as read", "quotient", "stated"]
    tolerance: float | None = Field(default=None, gt=0)
    rows: tuple[Row, ...] = Field(min_length=1)
    source: str
    note: str

    @property
    def scale(self) -> float:
        """What a share or a rate of one person a year is multiplied by to be told in the target's unit."""
        return PER.get(self.unit, 1.0)

    def allowed(self, se: float) -> float:
        """Return how far from the wanted value the region may lie, given the standard error of what came out.

        >>> next(target for target in load().targets if target.id == "asthma").allowed(0.1)
        0.79
        """
        if self.tolerance is not None:
            return self.tolerance
        by_chance = 0.0 if math.isnan(se) else ERRORS * se
        return max(RELATIVE * self.value, by_chance)

    def met(self, measured: Measured) -> bool:
        """Return whether what came out lies within the tolerance; what cannot be told does not."""
        return abs(measured.value - self.value) <= self.allowed(measured.se)


class NotUsed(_Shape):
    """Figures the region is not held against, and why."""

    why: str
    rows: tuple[Row, ...] = Field(min_length=1)


class Targets(_Shape):
    """All figures: those held against, and those that cannot be."""

    targets: tuple[Target, ...] = Field(alias="target")
    not_used: tuple[NotUsed, ...]

    @property
    def used_rows(self) -> set[Row]:
        """The figures at least one target rests on."""
        return {row for target in self.targets for row in target.rows}


@cache
def load(path: Path = FILE) -> Targets:
    """Return the targets of a file.

    Raises CatalogueError (exit 10) with every problem: unreadable, a key unknown or lacking, an id or an unused row
    given twice, a row both used and not, a quotient of other than two rows.
    """
    try:
        found = Targets.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"{path.name}: not readable as TOML: {error}") from None
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        raise CatalogueError(f"{len(problems)} problem(s) in {path.name}:", problems) from None
    problems = list(_problems(found))
    if problems:
        raise CatalogueError(f"{len(problems)} problem(s) in {path.name}:", problems)
    return found


def _problems(found: Targets) -> list[str]:
    ids = Counter(target.id for target in found.targets)
    unused = Counter(row for group in found.not_used for row in group.rows)
    return [
        *(f"{name}: the id is given {n} times, must be once" for name, n in ids.items() if n > 1),
        *(f"{row.metric} ({row.population}): not used {n} times, must be once" for row, n in unused.items() if n > 1),
        *(
            f"{row.metric} ({row.population}): both used and not used, must be one of them"
            for row in sorted(found.used_rows & set(unused))
        ),
        *(
            f"{target.id}: a quotient needs two rows, got {len(target.rows)}"
            for target in found.targets
            if target.made == "quotient" and len(target.rows) != 2
        ),
        *(
            f"{target.id}: a value as read needs one row, got {len(target.rows)}"
            for target in found.targets
            if target.made == "as read" and len(target.rows) != 1
        ),
    ]
