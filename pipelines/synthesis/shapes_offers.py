"""The shape of offers.toml: what each offer truly does, to whom."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from stratify.catalogue.entries import Shape


class Kind(Shape):
    """The people an effect is on: all that is named must hold, any of `conditions`."""

    conditions: tuple[str, ...] = ()
    from_age: Annotated[int, Field(ge=0, le=110)] = 0
    severe: bool = False
    prior_stay: bool = False
    prior_psychiatric_stay: bool = False


class Effect(Shape):
    """A factor on some hazards of people who have an offer."""

    offer: str
    on: tuple[Literal["other", "acsc", "psych", "death"], ...]
    ratio: Annotated[float, Field(gt=0, le=2)]
    standing: Literal["proven", "none", "assumed"]
    of: Kind = Kind()
    source: str


class OffersFile(Shape):
    """offers.toml."""

    effect: tuple[Effect, ...]
