"""Returns the shapes of cases behind a target in the own unit, and of what was found when they were looked into."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints

from service.choice_shapes import Day
from service.schemas import Asked, InAddress, Patient, Shape

CaseLevel = Literal["hospital", "psychiatric", "municipality", "practice"]
Purpose = Literal["HQUALIMP"]  # v3-ActReason: to improve the quality of care
Cause = Literal["registration_fault", "expected", "could_be_avoided", "other"]
CAUSES: tuple[Cause, ...] = get_args(Cause)
UnitName = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Period = Annotated[str, StringConstraints(min_length=4, max_length=10)]


class WhichCases(InAddress):
    """Which cases to list: of the own unit, for one purpose."""

    level: CaseLevel
    unit: UnitName = Field(description="the own one, as the token says")
    purpose: Purpose = Field(description="the only purpose for which cases are looked at")
    period: Period | None = None
    after: int = Field(default=0, ge=0, le=2**53, description="the number of the last case seen")
    most: int = Field(default=100, ge=1, le=200)


class CauseRequest(Asked):
    """What one case came of, found by those who looked into it."""

    patient: Patient
    purpose: Purpose = Field(description="the only purpose for which cases are looked at")
    level: CaseLevel
    unit: UnitName = Field(description="the own one, as the token says")
    period: Period
    day: Day = Field(description="of the case")
    cause: Cause
    text: Annotated[str, StringConstraints(max_length=300)] = Field(
        default="", description="in a few words; names nobody, no person number"
    )


class CauseWritten(Shape):
    """A cause as it was written down."""

    cause: Cause
    text: str
    at: str
    user: str


class Case(Shape):
    """One case: whose, on which day, whether it counts, why, and what was found."""

    number: int
    patient: Patient
    period: str
    day: str
    state: Literal["yes", "no", "unknown"]
    why: str = Field(description="why it counts so")
    cause: CauseWritten | None


class CauseShares(Shape):
    """Of all cases with a cause how many each has. Where few people would show nothing stands (null)."""

    cases_with_a_cause: int | None
    registration_faults: int | None = Field(description="what was done and not written down, or written down wrongly")
    registration_fault_share: float | None
    counts: dict[Cause, int] | None


class CasesAnswer(Shape):
    """Cases of the own unit, with the ground they are shown on."""

    target: str
    level: CaseLevel
    unit: str
    period: str | None
    legal_basis: str
    responsible_unit: str
    purpose: str
    ends: str = Field(description="the last day on which they may be looked at")
    covers_to: str
    cases: list[Case]
    causes: CauseShares
    last: int = Field(description="the last case's number: `after` it are the next")
    more: bool


class CauseAnswer(Shape):
    """The cause that was written down."""

    cause: CauseWritten
