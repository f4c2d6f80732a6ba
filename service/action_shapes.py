"""Returns the shapes of follow-up: who does what by when, for a person or about a quality target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from service.choice_shapes import Day, Name, unfit_words
from service.problem import FieldProblem, RefusedError
from service.schemas import Asked, Patient, Shape, Whole, Words
from service.target_shapes import Level, OwnerRole
from stratify.catalogue import Catalogue
from stratify.errors import did_you_mean

Status = Literal["planned", "started", "done", "dropped", "held", "lost"]
Because = Literal["standard", "concern", "fails", "own_wish"]
OPEN: tuple[Status, ...] = ("planned", "started")
ONLY_OF_A_TARGET = "of an action about a target alone: leave it out"
LONGEST = 300  # characters
FARTHEST = timedelta(days=731)
Text = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST)]


class ActionRequest(Asked):
    """Something to be followed up: about one person, or about one quality target."""

    id: UUID | None = Field(default=None, strict=False, description="of an action that is changed; none: a new one")
    patient: Patient | None = Field(default=None, description="whom it is about; this or `target`")
    purpose: Literal["TREAT"] | None = Field(default=None, description="required with `patient`")
    offer: Name | None = Field(default=None, description="the offer it follows, if any")
    target: Name | None = Field(default=None, description="the quality target it is about; this or `patient`")
    text: Text = Field(description="what is done, by whom; names nobody, no person number")
    due: Day = Field(description="by when, within two years")
    status: Status = Field(
        default="planned",
        description="held and lost of a target alone. held: the last 12 points or more vary at random around the goal"
        " or better, which is looked up; lost: what was held is no longer",
    )
    level: Level | None = Field(default=None, description="of a target: whose series; the region where none is named")
    unit: Annotated[str, StringConstraints(max_length=80)] | None = Field(default=None, description="of that level")
    owner_role: OwnerRole | None = Field(default=None, description="who owns it; by level where none is named")
    opened_because: Because | None = Field(
        default=None, description="as what is served says, or own_wish, which it is where nothing is named"
    )
    goal: float | None = Field(
        default=None,
        allow_inf_nan=False,
        description="what it is held against, a share from 0 to 1 or a rate for 1,000 years; the standard where none is"
        " named, required where there is none; stays as it was opened",
    )
    consent_to_name: bool = Field(
        default=False, description="with held, by the unit itself: it may be named where this is shown as an example"
    )


class Action(Shape):
    """An action as it stands now. `patient` is told to the own care team alone, what is of a unit to quality."""

    id: str
    patient: Patient | None = None
    offer: str | None
    target: str | None
    text: str
    due: str
    status: Status
    care_team: str | None
    changed_on: str
    user: str
    role: str
    overdue: bool = Field(description="whether it is planned or started and its day has passed")
    level: Level | None = None
    unit: str | None = None
    owner_role: OwnerRole | None = None
    opened_because: Because | None = None
    goal: float | None = None
    baseline: float | None = Field(default=None, description="the value of the latest whole year when it was opened")
    baseline_period: str | None = None
    now: float | None = Field(default=None, description="the value of the latest whole year now")
    now_period: str | None = None
    consent_to_name: bool | None = None
    alarm: bool | None = Field(
        default=None,
        description="of what is held: whether it no longer holds, or its latest point is a signal for the worse",
    )


class ActionAnswer(Shape):
    """The action as it was written down."""

    action: Action


class ActionSearch(Asked):
    """Which actions to list: those of the own care team, or those about quality targets."""

    about: Literal["people", "targets"]
    status: list[Status] | None = Field(
        default=None, max_length=6, description="planned and started where none are named, of targets held too"
    )
    target: Name | None = Field(default=None, description="of targets: this one alone")
    level: Level | None = Field(default=None, description="of targets: of this level alone")
    unit: Annotated[str, StringConstraints(max_length=80)] | None = Field(default=None, description="and of this unit")
    due_before: Day | None = None
    most: Whole = Field(default=50, ge=1, le=200)


class Example(Shape):
    """What a unit did that held: named where it consented to that, else by its level alone, in rounded figures."""

    level: Level
    unit: str | None = Field(description="the unit's name, where it consented")
    whose: Words
    tried: str
    baseline: float | None
    baseline_period: str | None
    now: float | None
    now_period: str | None
    held_on: str


class ExamplesAnswer(Shape):
    """What held in a target and still does, the latest first."""

    examples: list[Example]


class ActionsAnswer(Shape):
    """Actions by the day they are due, the first first; `more` says that there are others."""

    actions: list[Action]
    more: bool


def refuse_action(asked: ActionRequest, catalogue: Catalogue, targets: Sequence[str], today: date) -> None:
    """Return when an action can be written down; raises RefusedError with everything that does not fit."""
    told = [*_about(asked, catalogue, targets), *_rest(asked, today)]
    if told:
        raise RefusedError([FieldProblem(pointer=f"/{place}", problem=why) for place, why in told])


def _about(asked: ActionRequest, catalogue: Catalogue, targets: Sequence[str]) -> Iterator[tuple[str, str]]:
    if (asked.patient is None) == (asked.target is None):
        yield "patient", "an action is about one person or about one target: name one of the two"
    if asked.patient is not None and asked.purpose is None:
        yield "purpose", "required with a patient: TREAT"
    if asked.offer is not None and asked.patient is None:
        yield "offer", "an offer is a person's: name the patient, or leave it out"
    if asked.offer is not None and asked.offer not in catalogue.offers:
        yield "offer", f"no such offer{did_you_mean(asked.offer, catalogue.offers)}"
    if asked.target is None:
        of_a_target = ("level", "unit", "owner_role", "opened_because", "goal")
        yield from ((one, ONLY_OF_A_TARGET) for one in of_a_target if getattr(asked, one) is not None)
        if asked.status in ("held", "lost"):
            yield "status", ONLY_OF_A_TARGET
        if asked.consent_to_name:
            yield "consent_to_name", ONLY_OF_A_TARGET
    elif asked.target not in targets:
        yield "target", f"no such target{did_you_mean(asked.target, targets)}"


def _rest(asked: ActionRequest, today: date) -> Iterator[tuple[str, str]]:
    if asked.id is None and not today <= asked.due <= today + FARTHEST:
        yield "due", "the day lies between today and two years from now"
    named = () if asked.patient is None else (asked.patient.value, asked.patient.identifier)
    unfit = unfit_words(asked.text, named)
    if unfit is not None:
        yield "text", unfit
