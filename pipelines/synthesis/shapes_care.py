"""The shape of care.toml: contacts with hospitals, how registers report them, what they get wrong."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipelines.synthesis.shapes import Rate, Share
from stratify.catalogue.entries import Shape


class Contacts(Shape):
    """Rates per person and year of contacts that are no outcome, and shares; care.toml says what each is."""

    emergency: Rate
    planned: Rate
    outpatient_other: Rate
    birth_in_hospital: Share
    observation: Rate
    companion: Rate
    virtual: Share
    no_show: Share
    followup7: Share
    followup30: Share
    transfer: Share
    through_emergency: Share
    coercion: Share
    declared_dead: Share


class Quirks(Shape):
    """Shares of rows with each quirk."""

    overlap: Share
    refuted: Share
    blank_refuted: Share
    open_contacts: Share
    duplicates: Share
    missing_indication: Share
    corrected: Share
    withdrawn: Share


class Procedures(Shape):
    """Operations by the beginning of the action code; which beginnings always have one, shares of the others."""

    acute: Share
    outpatient: Share
    always: tuple[str, ...]
    of: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]]


class Specialty(Shape):
    """A specialty as LPR_A (name) and LPR2 (code) write it, and the beginnings of the codes (without D) it sees to."""

    name: str
    code: Annotated[str, Field(pattern="^[0-9]{2}$")]
    role: Literal["general", "emergency", "psychiatry"] | None = None
    chapters: tuple[str, ...] = ()


class CareFile(Shape):
    """care.toml."""

    contacts: Contacts
    procedures: Procedures
    specialty: tuple[Specialty, ...]
    quirks: Quirks
    delay: dict[str, Rate]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        roles = [each.role for each in self.specialty if each.role]
        if sorted(roles) != ["emergency", "general", "psychiatry"]:
            raise ValueError("specialty: each role, general, emergency and psychiatry, needs one")
        if twice := {each.code for each in self.specialty if [s.code for s in self.specialty].count(each.code) > 1}:
            raise ValueError(f"specialty: code {', '.join(sorted(twice))} stands there twice")
        return self
