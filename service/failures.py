"""Returns an error in the shape of its place: an OperationOutcome below /fhir, a page below /ui, else a problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response

from service.fhir.outcome import outcome
from service.problem import FieldProblem, problem
from service.ui.errors import error_page
from service.ui.session import is_page

FHIR = "/fhir/"


def failure(
    request: Request,
    status: int,
    request_id: str,
    detail: str | None = None,
    *,
    errors: Sequence[FieldProblem] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the response for a status met in answering a request, in words of ours."""
    path = request.url.path
    if is_page(path):
        named = [(one.pointer.removeprefix("/"), one.problem) for one in errors or ()]
        return error_page(request, status, request_id, named, headers)
    if path.startswith(FHIR):
        told = [f"{one.pointer.removeprefix('/')}: {one.problem}" for one in errors or ()]
        return outcome(status, told or ([detail] if detail else ()), headers)
    return problem(status, request_id, detail, errors=errors, headers=headers)
