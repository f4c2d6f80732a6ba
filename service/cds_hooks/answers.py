"""Returns the shapes of what a clinical system is answered, for the description of the interface."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Answered(BaseModel):
    """Told to the caller; nothing in it is null or empty."""

    model_config = ConfigDict(extra="forbid")


class Service(Answered):
    """One hook that is answered."""

    hook: str
    id: str
    title: str
    description: str
    usageRequirements: str  # noqa: N815 - the specification's own name
    prefetch: dict[str, str]
    version: str
    hookVersion: str  # noqa: N815


class Discovery(Answered):
    """Which hooks are answered."""

    services: list[Service]


class TopicCoding(Answered):
    """A coded word."""

    code: str
    system: str
    display: str


class Source(Answered):
    """Where a card comes from."""

    label: str
    url: str = ""
    topic: TopicCoding


class Draft(Answered):
    """A draft to be made: a ServiceRequest, status draft, intent proposal."""

    type: Literal["create"]
    description: str
    resource: dict[str, Any]


class Suggestion(Answered):
    """One suggestion."""

    label: str
    uuid: str
    isRecommended: bool  # noqa: N815
    actions: list[Draft]


class Card(Answered):
    """One card; `detail` is GitHub Flavored Markdown."""

    uuid: str
    summary: str = Field(max_length=139)
    detail: str
    indicator: Literal["info", "warning"]
    source: Source
    suggestions: list[Suggestion] = []
    selectionBehavior: Literal["any"] = "any"  # noqa: N815
    overrideReasons: list[TopicCoding]  # noqa: N815


class Cards(Answered):
    """The cards: one at most."""

    cards: list[Card] = Field(max_length=1)


class Nothing(Answered):
    """An empty object."""


class Issue(Answered):
    """What is wrong, in words of ours."""

    severity: Literal["error"]
    code: str
    diagnostics: str


class OperationOutcome(Answered):
    """What is wrong, as FHIR says it."""

    resourceType: Literal["OperationOutcome"]  # noqa: N815
    issue: list[Issue]
