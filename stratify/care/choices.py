"""What a person chose about offers and about how care is given: which choices hold today, and how they are weighed.

There are two days. *Today* is the calendar's: a no or a later holds until its date has come, whatever day the facts are
of. The *day of weighing* is the day the facts are of (the landmark): `Given` counts in days from it. A choice made
after that day has a `said` below nought, and nothing the facts know of came after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal, get_args

import numpy as np

from stratify.care.people import People
from stratify.care.weigh import Declined, Given
from stratify.catalogue.load import Catalogue
from stratify.catalogue.offers import Offer

OfOffer = Literal["accept", "decline", "later", "started", "ended"]
OfPreference = Literal["wish", "no_wish"]
Decision = Literal["accept", "decline", "later", "started", "ended", "wish", "no_wish"]
OF_OFFER: tuple[str, ...] = get_args(OfOffer)
OF_PREFERENCE: tuple[str, ...] = get_args(OfPreference)
FARTHEST = timedelta(days=731)  # that a no may hold: two years, a leap day among them
NOT_NOW = ("decline", "later")  # these hold until a date
AGREED = ("accept", "started")  # what is under way was said yes to
OVER = ("ended", "no_wish")  # these take the word before them back and say no more


@dataclass(frozen=True)
class Choice:
    """What a person said of one offer, or of one preference, and when; the reason is in the person's own words."""

    offer: str | None
    preference: str | None
    decision: Decision
    said_on: datetime  # UTC
    until: date | None = None  # from this day on it no longer holds
    reason: str = field(default="", repr=False)

    def holds(self, today: date) -> bool:
        """Return whether it is in force today."""
        return self.decision not in OVER and (self.until is None or today < self.until)


def choice_of(row: Mapping[str, Any]) -> Choice:
    """Return the choice that a row of the service's table holds. Raises ValueError where its days are none."""
    return Choice(
        offer=row["offer"],
        preference=row["preference"],
        decision=row["decision"],
        said_on=datetime.fromisoformat(row["said_on"]),
        until=None if row["until"] is None else date.fromisoformat(row["until"]),
        reason=row["reason"],
    )


def in_force(said: Iterable[Choice], today: date) -> tuple[Choice, ...]:
    """Return what holds today of everything a person said in turn: of each offer and preference the last word."""
    last = {(choice.offer, choice.preference): choice for choice in said}
    return tuple(choice for choice in last.values() if choice.holds(today))


def standing(choices: Iterable[Choice], people: People, catalogue: Catalogue, day: date) -> tuple[Choice, ...]:
    """Return the choices that still stand for one person, weighed on a day.

    A yes or a no to an offer that an event brings was of that event: said before a newer one, it no longer stands and
    the offer is brought again. Offers and preferences that the catalogue does not have are left out.
    """
    found = []
    for choice in choices:
        offer = catalogue.offers.get(choice.offer or "")
        if choice.preference in catalogue.preferences or (offer and not _since(offer, people) < said(choice, day)):
            found.append(choice)
    return tuple(found)


def given_of(choices: Iterable[Choice], day: date) -> Given:
    """Return the choices in force as they are weighed on a day.

    What holds today holds on the day of weighing too, also where that day lies past its date.
    """
    declined, in_use, wishes = {}, {}, {}
    for choice in choices:
        if choice.offer is not None and choice.decision == "started":
            in_use[choice.offer] = np.array([True])
        if choice.offer is not None and choice.until is not None and choice.decision in NOT_NOW:
            left = max((choice.until - day).days, 1)
            declined[choice.offer] = Declined(np.array([float(said(choice, day))]), np.array([float(left)]))
        if choice.preference is not None and choice.decision == "wish":
            wishes[choice.preference] = np.array([True])
    return Given(day, declined, in_use, wishes)


def accepted(choices: Iterable[Choice]) -> dict[str, date]:
    """Return the offers said yes to, or under way, each with the day it was said."""
    yes = [choice for choice in choices if choice.decision in AGREED]
    return {choice.offer: choice.said_on.date() for choice in yes if choice.offer is not None}


def said(choice: Choice, day: date) -> int:
    """Return how many days before the day of weighing a choice was made; below nought when it was made after it."""
    return (day - choice.said_on.date()).days


def _since(offer: Offer, people: People) -> float:
    """Return the days since the event that brings an offer to this person, as confirmed; NaN where nobody knows."""
    column = people.columns.get(offer.window.since) if offer.window else None
    if column is None or (column.hint is not None and column.hint[0]):
        return float("nan")
    return float(column.values[0])
