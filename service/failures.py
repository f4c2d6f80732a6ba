"""Returns an error in the shape of the interface it was met on: an OperationOutcome below /fhir, else a problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.responses import Response

from service.fhir.outcome import outcome
from service.problem import FieldProblem, problem

FHIR = "/fhir/"


def failure(
    path: str,
    status: int,
    request_id: str,
    detail: str | None = None,
    *,
    errors: Sequence[FieldProblem] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the response for a status met on a path, in words of ours."""
    if path.startswith(FHIR):
        told = [f"{one.pointer.removeprefix('/')}: {one.problem}" for one in errors or ()]
        return outcome(status, told or ([detail] if detail else ()), headers)
    return problem(status, request_id, detail, errors=errors, headers=headers)
