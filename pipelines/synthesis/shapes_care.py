"""The shape of care.toml: contacts with hospitals, how registers report them, what they get wrong."""

from __future__ import annotations

from pipelines.synthesis.shapes import Rate, Share
from stratify.catalogue.entries import Shape


class Contacts(Shape):
    """Rates per person and year of contacts that are no outcome, and shares; care.toml says what each is."""

    emergency: Rate
    planned: Rate
    outpatient_other: Rate
    obstetric: Rate
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


class CareFile(Shape):
    """care.toml."""

    contacts: Contacts
    quirks: Quirks
    delay: dict[str, Rate]
