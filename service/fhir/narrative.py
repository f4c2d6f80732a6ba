"""Returns words as the XHTML that FHIR lets a narrative hold; whatever stands in them is shown as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from service.fhir.types import Narrative
from stratify.fhir.narrative import SPACE as SPACE
from stratify.fhir.narrative import Block, div


def narrative(blocks: Sequence[Block], status: Literal["generated", "additional"] = "generated") -> Narrative:
    """Return blocks as a narrative. `additional`: it tells more than the elements do."""
    return Narrative(status=status, div=div(blocks))


def blocks_of(plan: str) -> list[Block]:
    """Return the blocks of a plain text with headings, and a line that begins with a dash for each thing beneath."""
    found: list[Block] = []
    for part in plan.strip().split("\n\n"):
        heading, *lines = part.split("\n")
        found.append((heading, [line.removeprefix("- ") for line in lines]))
    return found
