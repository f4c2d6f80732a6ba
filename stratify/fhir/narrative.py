"""Words as the XHTML that FHIR lets a narrative hold; whatever stands in them is shown as it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

SPACE = "http://www.w3.org/1999/xhtml"
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
Block = tuple[str, Sequence[str]]  # a heading or a sentence, and the lines beneath


def div(blocks: Sequence[Block]) -> str:
    """Return blocks as the `div` of a narrative.

    >>> div([("a < b", ["c"])])
    '<div xmlns="http://www.w3.org/1999/xhtml"><p><b>a &lt; b</b></p><ul><li>c</li></ul></div>'
    """
    return f'<div xmlns="{SPACE}">{"".join(map(_block, blocks))}</div>'


def _block(block: Block) -> str:
    heading, lines = block
    if not lines:
        return f"<p>{_safe(heading)}</p>"
    return f"<p><b>{_safe(heading)}</b></p><ul>{''.join(f'<li>{_safe(line)}</li>' for line in lines)}</ul>"


def _safe(text: str) -> str:
    return escape(NOT_XML.sub("", text), quote=False)
