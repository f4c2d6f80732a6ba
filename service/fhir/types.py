"""Returns the data types of FHIR R4 that the answers are made of: of each the elements that are used, and no more.

A code that FHIR binds to a list of its own is one of that list here, so that no other can leave.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from service.cds_hooks.shapes import without_empty


class Element(BaseModel):
    """A part of a resource; its names are FHIR's own when it is written, and an error never repeats a value."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )

    def json_ready(self) -> dict[str, Any]:
        """Return it as FHIR JSON: nothing null or empty."""
        told: dict[str, Any] = without_empty(self.model_dump(mode="json", by_alias=True, exclude_none=True))
        return told


class Extension(Element):
    """Something beside the element's own value: a code, or a quantity."""

    url: str
    value_code: str | None = None
    value_quantity: Quantity | None = None


class Absent(Element):
    """What stands in a value's place when it is not told: why it is not."""

    extension: tuple[Extension, ...]


class Coding(Element):
    """A code of a system."""

    system: str
    version: str | None = None
    code: str
    display: str | None = None


class CodeableConcept(Element):
    """A concept: its codes, and its words."""

    coding: tuple[Coding, ...] = ()
    text: str | None = None


class Identifier(Element):
    """A name that others gave."""

    use: Literal["official"] | None = None
    system: str
    value: str = Field(repr=False)


class Reference(Element):
    """Something else: by where it stands, by a name that others gave, or in words alone."""

    reference: str | None = None
    type: str | None = None
    identifier: Identifier | None = None
    display: str | None = None


class Period(Element):
    """From one day to another, both among it."""

    start: str | None = None
    end: str | None = None


class Quantity(Element):
    """A number; in its place why it is not told."""

    extension: tuple[Extension, ...] = ()
    value: float | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None


class Annotation(Element):
    """A note."""

    text: str


class Narrative(Element):
    """The same in words, as XHTML."""

    status: Literal["generated", "additional"]
    div: str


class Meta(Element):
    """What is known of a resource itself."""

    security: tuple[Coding, ...] = ()


class Resource(Element):
    """What every resource may have."""

    resource_type: str
    id: str | None = None
    meta: Meta | None = None
    language: Literal["da", "en"] | None = None
    text: Narrative | None = None
