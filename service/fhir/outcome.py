"""Returns FHIR answers with their content type, and what is wrong as an OperationOutcome in words of ours.

Nothing of what was sent is repeated; every 401 has the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, get_args

from starlette.responses import JSONResponse

from service.fhir.resources import Issue, OperationOutcome
from service.fhir.types import Resource
from service.problem import DETAILS

MEDIA_TYPE = "application/fhir+json"
CONTENT_TYPE = f"{MEDIA_TYPE}; fhirVersion=4.0"
CODES: Mapping[int, str] = {
    400: "invalid", 401: "login", 403: "forbidden", 404: "not-found", 405: "not-supported", 406: "not-supported",
    408: "timeout", 409: "conflict", 413: "too-long", 415: "not-supported", 422: "invalid", 429: "throttled",
    503: "transient",
}  # fmt: skip
assert set(CODES.values()) <= set(get_args(Issue.model_fields["code"].annotation))


class FhirResponse(JSONResponse):
    """A response that carries a resource."""

    media_type = MEDIA_TYPE

    def __init__(self, told: Resource, status_code: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(told.json_ready(), status_code, {**(headers or {}), "Content-Type": CONTENT_TYPE})


def outcome(status: int, reasons: Sequence[str] = (), headers: Mapping[str, str] | None = None) -> FhirResponse:
    """Return the response for a status: each thing that is wrong, or what the status says."""
    code: Any = CODES.get(status, "exception")
    words = reasons or (DETAILS.get(status) or HTTPStatus(status).phrase,)
    issues = [Issue(severity="error", code=code, diagnostics=one) for one in words]
    extra = dict(headers or {})
    if status == HTTPStatus.UNAUTHORIZED:
        extra["WWW-Authenticate"] = "Bearer"
    return FhirResponse(OperationOutcome(issue=issues), status, extra)


def note(text: str, *, incomplete: bool = False) -> OperationOutcome:
    """Return something that whoever searched should know."""
    return OperationOutcome(
        issue=[Issue(severity="information", code="incomplete" if incomplete else "informational", diagnostics=text)]
    )


def fails(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI words for the errors an operation may answer with."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/OperationOutcome"}}}
    return {status: {"description": DETAILS[status], "content": content} for status in statuses}
