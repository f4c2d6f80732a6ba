"""Returns of what is told of a person the part that a card is made of: the rest is not even read."""

from __future__ import annotations

from service.answers import own
from service.schemas import Own, Shape, Words
from service.served import Row, Served


class Named(Shape):
    """Something with a name."""

    name: Words


class BriefOffer(Shape):
    """An offer, as far as a card tells it (`schemas.Offer`)."""

    id: str
    name: Words
    kind: str
    answer: str
    why: Words
    ask: tuple[str, ...] = ()
    bridges: tuple[Named, ...] = ()
    due_days: int | None = None
    accepted_on: str | None = None


class BriefWarned(Shape):
    """A warning about medicine (`schemas.Warned`)."""

    id: str
    name: Words
    advice: Words


class BriefReason(Shape):
    """A reason by its heading alone (`schemas.Reason`)."""

    group: Words


class Level(Shape):
    """How high on an axis (`schemas.Axis`)."""

    level: int


class BriefStratum(Shape):
    """The level of need (`schemas.Stratum`)."""

    need: Level


class BriefTold(Shape):
    """What is told of a person (`schemas.Told`)."""

    reasons: dict[str, list[BriefReason]]
    stratum: BriefStratum
    offers: list[BriefOffer]
    safety: list[BriefWarned]


class Brief(BriefTold, Own):
    """What a card is made of: the risks, and what is told beside them.

    risks_until: the last day of the data that the risks are by, where what is told beside them is of another day.
    """

    risks_until: str | None = None


def brief(served: Served, row: Row) -> Brief:
    """Return what a card is made of. Raises BundleError."""
    until = None if row.risks_of is None else served.meta["covers_to"]
    told = dict(served.tell(row, BriefTold))
    return Brief.model_construct(**dict(own(served, row)), **told, risks_until=until)
