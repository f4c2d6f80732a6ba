"""Returns the fields of a form that a page sent: each once, as text; nothing of them is ever repeated in an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from service.problem import DETAILS, FieldProblem, RefusedError

KIND = "application/x-www-form-urlencoded"
MOST_FIELDS = 40


@dataclass(frozen=True)
class Form:
    """The fields of a form by name."""

    fields: Mapping[str, str]

    def one(self, name: str) -> str:
        """Return a field's text, "" where it was not sent or left empty."""
        return self.fields.get(name, "").strip()


async def _form(request: Request) -> Form:
    """Raises RefusedError: 415 for another kind of body, 422 for one that cannot be read or names a field twice."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != KIND:
        raise RefusedError([], 415, DETAILS[415])
    try:
        pairs = parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:  # too many, or no UTF-8
        raise RefusedError([], 422, DETAILS[422]) from None
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RefusedError([FieldProblem(pointer="", problem="a field stands twice")], 422, DETAILS[422])
    return Form(found)


FromForm = Annotated[Form, Depends(_form)]
