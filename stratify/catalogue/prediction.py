"""Outcomes: what a model foretells."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stratify.catalogue.shapes import Care, Entry, Shape


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
