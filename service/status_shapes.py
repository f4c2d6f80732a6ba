"""Returns the shapes of what is said of the models that are served, and of the service's own health."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from service.schemas import Shape


class ServedMember(Shape):
    """One served model and its card."""

    outcome: str
    population: str
    kind: str
    name: str
    registered_version: JsonValue
    card: dict[str, JsonValue]


class ModelsAnswer(Shape):
    """What is served: members, what could not be trained and why, and the data behind it."""

    bundle_version: str
    catalogue_digest: str
    landmark: str
    data: dict[str, JsonValue]
    patient_system: str = Field(description="the identifiers' system that look-ups are made with")
    members: list[ServedMember]
    not_trained: list[dict[str, JsonValue]]


class Alive(Shape):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Ready(Shape):
    """Everything an answer needs is there; degraded: newer files do not fit, the last good ones still answer."""

    status: Literal["ready", "degraded"]
    notes: list[str]
