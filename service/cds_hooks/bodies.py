"""Returns a body in its shape, or says where it does not fit, in names of ours alone."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from service.guard import one_of_each

S = TypeVar("S", bound=BaseModel)


class MisshapenError(Exception):
    """A body is not what it must be; the message says where, and repeats nothing."""


def read_body(body: bytes, shape: type[S]) -> S:
    """Return a body in its shape; raises MisshapenError. With a key twice, who it is about would be anybody's guess."""
    try:
        told = json.loads(body.decode(), object_pairs_hook=one_of_each)
    except (ValueError, RecursionError):
        raise MisshapenError("it is no JSON, or a key stands twice in it") from None
    try:
        return shape.model_validate(told)
    except ValidationError as error:
        raise MisshapenError(places(error, shape)) from None


def places(error: ValidationError, shape: type[BaseModel]) -> str:
    """Return where something does not fit, in names of ours alone, and what kind of problem it is."""
    known = set(_fields(shape.model_json_schema()))
    told = []
    for one in error.errors(include_input=False, include_url=False, include_context=False):
        place = ".".join(part for part in one["loc"] if isinstance(part, str) and part in known) or "the body"
        told.append(f"{place}: {one['msg'] if one['type'] == 'value_error' else one['type']}")
    return "; ".join(dict.fromkeys(told))[:500]


def _fields(schema: Any) -> Any:
    if isinstance(schema, dict):
        for name, value in schema.items():
            if name == "properties":
                yield from value
            yield from _fields(value)
    elif isinstance(schema, list):
        for one in schema:
            yield from _fields(one)
