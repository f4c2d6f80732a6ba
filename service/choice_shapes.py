"""Returns the shape of a choice as it is told, and what keeps it from being written down.

What does not fit is told with its place and a reason in our words: nothing that was sent is repeated.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from service.problem import FieldProblem, RefusedError
from service.schemas import Asked, Chosen, LookupRequest, Patient, Shape
from stratify.care.choices import FARTHEST, NOT_NOW, OF_OFFER, OF_PREFERENCE, Decision
from stratify.catalogue import Catalogue
from stratify.errors import did_you_mean

LONGEST = 300  # characters of a reason
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
NAMES_SOMEBODY = "it holds what looks like a person's identifier: leave it out"
SHORTEST = 6  # an identifier shorter than this may stand in words by chance
PERSON_NUMBER = re.compile(r"(?<!\d)\d{6}[- ]?\d{4}(?!\d)")


def _day(value: Any) -> date:
    try:
        if isinstance(value, str) and DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise PydanticCustomError("date_expected", "a day is written as YYYY-MM-DD")


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Name = Annotated[str, StringConstraints(min_length=1, max_length=80)]


class ChoiceRequest(Asked):
    """What a person said of one offer, or of one preference, told by the clinician they said it to."""

    patient: Patient
    purpose: Literal["TREAT"] = Field(description="the only purpose for which a choice is written down")
    offer: Name | None = Field(default=None, description="the offer's id; this or `preference`")
    preference: Name | None = Field(default=None, description="the preference's id; this or `offer`")
    decision: Decision = Field(
        description="of an offer accept, decline, later, started or ended; of a preference wish, or no_wish to undo it"
    )
    reason: Annotated[str, StringConstraints(max_length=LONGEST)] = Field(
        default="", description="in the person's own words, if any; names nobody, no person number"
    )
    until: Day | None = Field(
        default=None,
        description="from this day on the choice no longer holds; required with decline and later; at most two years",
    )


class ChoicesAnswer(Shape):
    """What is in force for the person now."""

    choices: list[Chosen]


NOBODY = FieldProblem(
    pointer="/patient", problem="nobody is known here by this identifier, so nothing was written down"
)


def refuse(asked: ChoiceRequest, catalogue: Catalogue, today: date) -> None:
    """Return when a choice can be written down; raises RefusedError with everything that does not fit."""
    told = [*_about(asked, catalogue), *_until(asked, today), *_reason(asked)]
    if told:
        raise RefusedError([FieldProblem(pointer=f"/{place}", problem=why) for place, why in told])


def refuse_override(asked: LookupRequest) -> None:
    """Return when the reason of an override, if there is one, may stand in the audit log; raises RefusedError."""
    named = (asked.patient.value, asked.patient.identifier)
    unfit = None if asked.override is None else unfit_words(asked.override.reason, named)
    if unfit is not None:
        raise RefusedError([FieldProblem(pointer="/override/reason", problem=unfit)])


def _about(asked: ChoiceRequest, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    if (asked.offer is None) == (asked.preference is None):
        yield "offer", "a choice is of one offer or of one preference: name one of the two"
        return
    if asked.preference is not None:
        if asked.preference not in catalogue.preferences:
            yield "preference", f"no such preference{did_you_mean(asked.preference, catalogue.preferences)}"
        if asked.decision not in OF_PREFERENCE:
            yield "decision", f"of a preference it is one of {', '.join(OF_PREFERENCE)}"
        return
    if asked.decision not in OF_OFFER:
        yield "decision", f"of an offer it is one of {', '.join(OF_OFFER)}"
    offer = catalogue.offers.get(asked.offer or "")
    if offer is None:
        yield "offer", f"no such offer{did_you_mean(asked.offer or '', catalogue.offers)}"
    elif offer.kind == "enabler":
        yield "offer", "this one is no offer by itself: it is the help that makes another offer usable"
    elif offer.kind == "duty" and asked.decision in NOT_NOW:
        yield "decision", "a duty is what the service must do: it cannot be declined or put off, only done another way"


def _until(asked: ChoiceRequest, today: date) -> Iterator[tuple[str, str]]:
    if asked.until is None:
        if asked.decision in NOT_NOW:
            yield "until", "a decline or a later holds until a day: name it"
    elif not today < asked.until <= today + FARTHEST:
        yield "until", "the day lies after today and within two years"


def _reason(asked: ChoiceRequest) -> Iterator[tuple[str, str]]:
    unfit = unfit_words(asked.reason, (asked.patient.value, asked.patient.identifier))
    if unfit is not None:
        yield "reason", unfit


def unfit_words(text: str, named: Iterable[str] = ()) -> str | None:
    """Return why a text cannot be kept, or None."""
    if not text.isprintable():
        return "it holds control or invisible characters: leave them out"
    return NAMES_SOMEBODY if looks_like_a_person(text, named) else None


def looks_like_a_person(text: str, named: Iterable[str] = ()) -> bool:
    """Return whether a text holds what looks like a person number, or one of these identifiers."""
    return bool(PERSON_NUMBER.search(text)) or any(name in text for name in named if len(name) >= SHORTEST)
