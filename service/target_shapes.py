"""Returns the shapes of what is told of one quality target, and of what calls for follow-up."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from service.schemas import InAddress, Shape, Target, Words

Level = Literal["region", "hospital", "psychiatric", "municipality"]
OwnerRole = Literal[
    "region_quality_lead", "hospital_management", "psychiatric_department_management", "municipal_health_lead"
]


class WhichTargets(InAddress):
    """Which targets to list."""

    chosen: bool | None = Field(default=None, description="those that are followed up now, or those that are not")


class WhichSeries(InAddress):
    """Which series of a target to tell; all where nothing is named."""

    level: str | None = Field(default=None, max_length=80)
    unit: str | None = Field(default=None, max_length=80, description="of that level; empty for the region")


class ProposedBecause(Shape):
    """One reason: the standard is not met, the process fails it, or the latest point is a concern; since when."""

    because: Literal["standard", "fails", "concern"]
    since: str = Field(description="the first period of it")


class Look(Shape):
    """Something to look at before anything is changed."""

    id: Literal["registration_fault", "case_mix", "real_change"]
    text: Words
    points_to_it: bool = Field(description="whether the figures themselves point to it")


class Proposal(Shape):
    """A unit that calls for follow-up of a target. Nothing is opened by itself: somebody opens an action, or nobody."""

    target: str
    name: Words
    level: Level
    unit: str = Field(description="the unit's name; empty for the region")
    reasons: list[ProposedBecause]
    owner_role: OwnerRole = Field(description="whose it may be")
    standard: float | None
    value: float | None = Field(description="in the latest whole year that may be shown")
    period: str | None = Field(description="that year")
    look_first: list[Look] = Field(description="what to look at, the first first")


class ProposalsAnswer(Shape):
    """What calls for follow-up, of all targets that are followed up now."""

    proposals: list[Proposal]
    data_as_of: str


class TargetAnswer(Shape):
    """One target: in one line, everything that is told of it, and what calls for follow-up."""

    target: Target
    told: dict[str, JsonValue] = Field(
        description="series by level and unit with their charts and facts, units by year, groups and gaps; as the files"
        " of `stratify monitor` hold it; counts of few people hidden"
    )
    proposals: list[Proposal]
    data_as_of: str
