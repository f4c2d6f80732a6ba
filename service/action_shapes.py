"""Returns the shapes of follow-up: who does what by when, for a person or about a quality target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from service.choice_shapes import Day, Name, unfit_words
from service.problem import FieldProblem, RefusedError
from service.schemas import Asked, Patient, Shape, Whole
from stratify.catalogue import Catalogue
from stratify.errors import did_you_mean

Status = Literal["planned", "started", "done", "dropped"]
OPEN: tuple[Status, ...] = ("planned", "started")
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
    status: Status = "planned"


class Action(Shape):
    """An action as it stands now. `patient` is told to the own care team alone."""

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


class ActionAnswer(Shape):
    """The action as it was written down."""

    action: Action


class ActionSearch(Asked):
    """Which actions to list: those of the own care team, or those about quality targets."""

    about: Literal["people", "targets"]
    status: list[Status] = Field(default=list(OPEN), max_length=4)
    due_before: Day | None = None
    most: Whole = Field(default=50, ge=1, le=200)


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
    if asked.target is not None and asked.target not in targets:
        yield "target", f"no such target{did_you_mean(asked.target, targets)}"


def _rest(asked: ActionRequest, today: date) -> Iterator[tuple[str, str]]:
    if asked.id is None and not today <= asked.due <= today + FARTHEST:
        yield "due", "the day lies between today and two years from now"
    named = () if asked.patient is None else (asked.patient.value, asked.patient.identifier)
    unfit = unfit_words(asked.text, named)
    if unfit is not None:
        yield "text", unfit
