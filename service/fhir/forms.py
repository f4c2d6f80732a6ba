"""Returns what the description of the interface says of a search's form: its fields, their shapes, and examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from service.audit import Action
from service.fhir.audit_events import OUTCOME
from service.fhir.searching import FORM, FORMATS, LOGGED_PATIENT, NUMBER, PATIENT, USER

SOMEBODY = "urn:stratify:synthetic|000000000042"
TOKEN = {"type": "string", "pattern": r"^[!-{}~]{1,200}\|[!-+\--{}~]{1,64}$", "example": SOMEBODY}
FORMAT = {"type": "string", "enum": list(FORMATS)}
ROWS = {
    "date": {"type": "string", "pattern": r"^(eq|ge|le)?20\d\d-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])$",
             "description": "a day, UTC; ge and le may both be given"},
    "altid": {"type": "string", "pattern": f"^{USER}$", "description": "the user"},
    "subtype": {"type": "string", "enum": list(get_args(Action)), "description": "what was done; more with commas"},
    "outcome": {"type": "string", "enum": sorted(set(OUTCOME.values())), "description": "more with commas"},
    "_count": {"type": "string", "pattern": r"^([1-9]|[1-9]\d|[1-4]\d\d|500)$"},
    "after": {"type": "string", "pattern": f"^({NUMBER})$", "description": "rows after this one"},
}  # fmt: skip


def _form(schema: Mapping[str, Any], *examples: tuple[str, str]) -> dict[str, Any]:
    told = {f"by {name}": {"value": {name: value}} for name, value in examples}
    return {"requestBody": {"required": True, "content": {FORM: {"schema": schema, "examples": told}}}}


def _object(fields: Mapping[str, Any], *required: str) -> dict[str, Any]:
    shape = {"type": "object", "properties": {**fields, "_format": FORMAT}, "additionalProperties": False,
             "minProperties": 1}  # fmt: skip
    return {**shape, "required": list(required)} if required else shape


def _person(more: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form of a search for one person, named in one of four ways."""
    schema = {"oneOf": [_object({name: TOKEN, **more}, name) for name in PATIENT]}
    return _form(schema, (PATIENT[0], SOMEBODY), (PATIENT[3], SOMEBODY))


PERSON = _person({})
PERSON_AND_PROVENANCE = _person({"_revinclude": {"type": "string", "enum": ["Provenance:target"]}})
LOG = _form(
    {"anyOf": [_object({name: TOKEN, **ROWS}) for name in LOGGED_PATIENT]},
    (LOGGED_PATIENT[1], SOMEBODY), ("date", "ge2026-11-01"), ("outcome", "4"),
)  # fmt: skip
TARGETS = {
    "parameters": [
        {"name": name, "in": "query", "schema": {"type": "string", "minLength": 1}, "example": example}
        for name, example in (("measure", "dm_hba1c_high"), ("period", "2024"))
    ]
}
