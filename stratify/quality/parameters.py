"""What each measure of a quality target takes; unknown words are refused when the catalogue is read."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ReadmissionParameters(_Parameters):
    """An index stay of one kind of care, and an acute one after it."""

    care: Literal["somatic", "psychiatric"]
    days: int = Field(gt=0)  # start date minus discharge date, at most
    exclude_dead: bool  # leave out the index when death came within `days`

    def follow_up(self) -> int:
        """Return how many days after discharge the answer is open."""
        return self.days


class ContactParameters(_Parameters):
    """A contact on one of these days after discharge; day 0 is the day of discharge."""

    care: Literal["somatic", "psychiatric"]
    from_day: int = Field(ge=0)
    to_day: int = Field(gt=0)
    settings: tuple[Literal["outpatient", "home", "virtual", "emergency"], ...] = Field(min_length=1)

    def follow_up(self) -> int:
        """Return how many days after discharge the answer is open."""
        return self.to_day


class LabParameters(_Parameters):
    """The latest answer to these analyses inside the period, and the value from which it counts."""

    codes: tuple[str, ...] = Field(min_length=1)
    at_least: float

    def follow_up(self) -> int:
        """Return 0: the period's end closes the question."""
        return 0


Parameters = ReadmissionParameters | ContactParameters | LabParameters

TAKES: dict[str, type[Parameters]] = {
    "readmission": ReadmissionParameters,
    "contact_after_discharge": ContactParameters,
    "last_lab_value": LabParameters,
}
