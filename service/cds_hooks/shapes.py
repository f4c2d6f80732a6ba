"""Returns the shapes of what a clinical system sends: a hook's call, and what became of a card.

What the specification requires is required; what it lets clients add is let pass and not kept.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema, field_validator, model_validator
from pydantic.alias_generators import to_camel

HookName = Literal["patient-view", "encounter-discharge"]
FhirId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9\-.]{1,64}$")]
UserId = Annotated[
    str, StringConstraints(pattern=r"^(Practitioner|PractitionerRole|Patient|RelatedPerson)/[A-Za-z0-9\-.]{1,64}$")
]
Https = Annotated[str, StringConstraints(pattern=r"^https?://[!-~]{1,2000}$")]


IN_UTC = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|\+00:00)")  # RFC 3339, section 5.6
UTC_TIME = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^20\d\d-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$",
}


class Sent(BaseModel):
    """What a client sends: more than is declared is let pass, and an error never repeats a value."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, strict=True, alias_generator=to_camel
    )


class HookContext(Sent):
    """Whom the hook is about, and who is looking."""

    user_id: UserId
    patient_id: FhirId
    encounter_id: FhirId | None = None


class FhirAuthorization(Sent):
    """Access to the client's own FHIR server: looked at for its shape, never used, kept or logged."""

    model_config = ConfigDict(alias_generator=None)

    access_token: str = Field(repr=False)
    token_type: Literal["Bearer"]
    expires_in: int
    scope: str
    subject: str
    patient: str | None = None


class HookRequest(Sent):
    """A hook's call. `prefetch` is kept as it was sent: a key left out, null and an error each mean their own."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                {
                    "if": {"properties": {"fhirAuthorization": {"type": "object"}}, "required": ["fhirAuthorization"]},
                    "then": {"properties": {"fhirServer": {"type": "string"}}, "required": ["fhirServer"]},
                },
                {
                    "if": {"properties": {"hook": {"const": "encounter-discharge"}}},
                    "then": {
                        "properties": {
                            "context": {"properties": {"encounterId": {"type": "string"}}, "required": ["encounterId"]}
                        }
                    },
                },
            ]
        }
    )

    hook: HookName
    hook_instance: Annotated[UUID, Field(strict=False)]
    context: HookContext
    fhir_server: Https | None = None
    fhir_authorization: FhirAuthorization | None = Field(default=None, repr=False)
    prefetch: dict[str, Any] = Field(default_factory=dict, repr=False)

    @field_validator("prefetch", mode="before")
    @classmethod
    def _none_sent(cls, told: Any) -> Any:
        return {} if told is None else told

    @model_validator(mode="after")
    def _fits(self) -> HookRequest:
        if self.fhir_authorization is not None and self.fhir_server is None:
            raise ValueError("fhirServer is required with fhirAuthorization")
        if self.hook == "encounter-discharge" and self.context.encounter_id is None:
            raise ValueError("context.encounterId is required for encounter-discharge")
        return self


class Accepted(Sent):
    """A suggestion that was taken, by its uuid."""

    id: Annotated[UUID, Field(strict=False)]


class Coding(Sent):
    """A reason from the card's list, or the client's own."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    system: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None


class OverrideReason(Sent):
    """Why a card was put aside: a reason, words, or both."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["reason"], "properties": {"reason": {"type": "object"}}},
                {"required": ["userComment"], "properties": {"userComment": {"type": "string", "minLength": 1}}},
            ]
        }
    )

    reason: Coding | None = None
    user_comment: Annotated[str, StringConstraints(max_length=2000)] | None = None

    @model_validator(mode="after")
    def _one_at_least(self) -> OverrideReason:
        if self.reason is None and not self.user_comment:
            raise ValueError("a reason, a userComment, or both")
        return self


class CardFeedback(Sent):
    """What became of one card."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"outcome": {"const": "accepted"}}},
            "then": {"required": ["acceptedSuggestions"], "properties": {"acceptedSuggestions": {"minItems": 1}}},
        }
    )

    card: Annotated[UUID, Field(strict=False)]
    outcome: Literal["accepted", "overridden"]
    outcome_timestamp: Annotated[datetime, Field(strict=False), WithJsonSchema(UTC_TIME)]
    accepted_suggestions: list[Accepted] = Field(default=[], max_length=20)
    override_reason: OverrideReason | None = None

    @field_validator("outcome_timestamp", mode="before")
    @classmethod
    def _utc(cls, told: Any) -> Any:
        if not isinstance(told, str) or not IN_UTC.fullmatch(told):
            raise ValueError("a time in UTC, as RFC 3339 writes it")
        return told

    @model_validator(mode="after")
    def _taken(self) -> CardFeedback:
        if self.outcome == "accepted" and not self.accepted_suggestions:
            raise ValueError("acceptedSuggestions are required where the outcome is accepted")
        return self


class FeedbackRequest(Sent):
    """What became of some cards."""

    feedback: list[CardFeedback] = Field(min_length=1, max_length=100)


def without_empty(value: Any) -> Any:
    """Return JSON without null, empty text, lists and objects, at any depth.

    >>> without_empty({"a": None, "b": [], "c": [{"d": ""}], "e": 0, "f": False})
    {'e': 0, 'f': False}
    """
    if isinstance(value, dict):
        kept = {name: without_empty(one) for name, one in value.items()}
        return {name: one for name, one in kept.items() if not _empty(one)}
    if isinstance(value, list):
        return [one for one in map(without_empty, value) if not _empty(one)]
    return value


def _empty(value: Any) -> bool:
    return value is None or value == "" or value == [] or value == {}
