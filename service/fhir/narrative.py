"""Returns words as the XHTML that FHIR lets a narrative hold; whatever stands in them is shown as it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Literal

from service.fhir.types import Narrative

SPACE = "http://www.w3.org/1999/xhtml"
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
Block = tuple[str, Sequence[str]]  # a heading or a sentence, and the lines beneath


def narrative(blocks: Sequence[Block], status: Literal["generated", "additional"] = "generated") -> Narrative:
    """Return blocks as a narrative. `additional`: it tells more than the elements do."""
    return Narrative(status=status, div=f'<div xmlns="{SPACE}">{"".join(map(_block, blocks))}</div>')


def blocks_of(plan: str) -> list[Block]:
    """Return the blocks of a plain text with headings, and a line that begins with a dash for each thing beneath."""
    found: list[Block] = []
    for part in plan.strip().split("\n\n"):
        heading, *lines = part.split("\n")
        found.append((heading, [line.removeprefix("- ") for line in lines]))
    return found


def _block(block: Block) -> str:
    heading, lines = block
    if not lines:
        return f"<p>{_safe(heading)}</p>"
    return f"<p><b>{_safe(heading)}</b></p><ul>{''.join(f'<li>{_safe(line)}</li>' for line in lines)}</ul>"


def _safe(text: str) -> str:
    return escape(NOT_XML.sub("", text), quote=False)
