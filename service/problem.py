"""Returns the one shape of every error: application/problem+json (RFC 9457), never a person's value.

Neither the input nor words made from it are repeated: a field is named only when it is one of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

MEDIA_TYPE = "application/problem+json"

DETAILS = {
    400: "The body could not be read.",
    401: "A valid bearer token is required.",
    403: "The token's role or care context does not permit this.",
    404: "There is nothing here.",
    405: "This method is not offered here.",
    406: "FHIR R4 as application/fhir+json is what is answered here.",
    408: "The body did not arrive in time.",
    409: "This cannot be done as things are.",
    412: "What is required was not sent along.",
    413: "The body is larger than is read here.",
    415: "The body is of another kind than is read here.",
    422: "What was sent does not have the required shape.",
    429: "Too many requests: wait as long as Retry-After says.",
    500: "Something failed here; quote the request id to those who run the service.",
    503: "The service cannot answer now.",
}
PLAIN = (401, 403, 408, 413, 429, 500, 503)  # what a guarded route may answer beside what it is for
ABOUT_PEOPLE = (400, *PLAIN, 409, 422)  # one with a body too
AUDIT_DOWN = "The audit log cannot be written, so nothing is answered."
CHOICES_DOWN = "What people chose cannot be read or written down, so nothing is answered."
REFUSED = "This cannot be written down."


RIGHT = {  # by kind of problem: what would be right
    "missing": "required",
    "extra_forbidden": "a key that is not read here",
    "literal_error": "one of {expected}",
    "string_pattern_mismatch": "printable ASCII, without blank or bar",
    "string_too_long": "at most {max_length} characters",
    "string_too_short": "at least {min_length} characters",
    "date_expected": "a day as YYYY-MM-DD",
    "model_attributes_type": "an object",
    "json_invalid": "no JSON, or a key stands twice in it",
    "less_than_equal": "at most {le}",
    "greater_than_equal": "at least {ge}",
}


class FieldProblem(BaseModel):
    """One field that does not fit, by its place; its value is not repeated."""

    pointer: str = Field(description="JSON pointer to the field, or to the nearest one that is known")
    problem: str = Field(description="the kind of problem and what is right, for example `missing: required`")


class RefusedError(Exception):
    """What was asked has the required shape and still cannot be done; holds every reason, the status and its words."""

    def __init__(self, problems: list[FieldProblem], status: int = 409, detail: str = REFUSED) -> None:
        super().__init__("what was asked cannot be done")
        self.problems, self.status, self.detail = problems, status, detail


class Problem(BaseModel):
    """An error, as RFC 9457 shapes it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[FieldProblem] | None = None
    reasons: list[str] | None = None


class ProblemResponse(JSONResponse):
    """A response that carries a problem."""

    media_type = MEDIA_TYPE


def problem(
    status: int,
    request_id: str,
    detail: str | None = None,
    *,
    errors: Sequence[FieldProblem] | None = None,
    reasons: Sequence[str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> ProblemResponse:
    """Return the response for a status, in words of ours."""
    body = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail or DETAILS.get(status) or HTTPStatus(status).description or HTTPStatus(status).phrase,
        request_id=request_id,
        errors=None if errors is None else list(errors),
        reasons=None if reasons is None else list(reasons),
    )
    extra = dict(headers or {})
    if status == HTTPStatus.UNAUTHORIZED:
        extra["WWW-Authenticate"] = "Bearer"
    return ProblemResponse(body.model_dump(exclude_none=True), status_code=status, headers=extra)


def field_problems(errors: Iterable[Mapping[str, Any]], known: frozenset[str]) -> list[FieldProblem]:
    """Return what does not fit and where, leaving out every part of a place that the caller may have written.

    >>> field_problems([{"loc": ("body", "patient", "0101011234"), "type": "extra_forbidden"}], frozenset({"patient"}))
    [FieldProblem(pointer='/patient', problem='extra_forbidden: a key that is not read here')]
    """
    found = []
    for error in errors:
        parts = [part for part in error["loc"] if isinstance(part, str) and part in known]
        found.append(FieldProblem(pointer="".join(f"/{part}" for part in parts), problem=_what(error)))
    return found


def _what(error: Mapping[str, Any]) -> str:
    """Return the kind of problem and what is right, from what we declared, never from what was sent."""
    kind, limits = str(error["type"]), error.get("ctx", {})
    right = RIGHT.get(kind)
    told = {name: limits.get(name, "?") for name in ("expected", "max_length", "min_length", "le", "ge")}
    return kind if right is None else f"{kind}: {right.format_map(told)}"


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI words for the errors an operation may answer with."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": DETAILS[status], "content": content} for status in statuses}
