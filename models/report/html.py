"""A page and its parts as text: no script, nothing from elsewhere; its policy allows its own style alone."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from html import escape
from pathlib import Path

from models.report.words import Words
from stratify.charts import STYLE

OWN = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")


def page(
    words: Words, title: str, parts: Sequence[str], *, links: Sequence[tuple[str, str]], other: str, own: str = ""
) -> str:
    """Return a whole page; links are (file, words) to its neighbours, `other` the same page in the other language.

    own: style of this page alone, after that of all.
    """
    style = STYLE + OWN + own
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"
    turned = "en" if words.code == "da" else "da"
    ways = "".join(f'<a href="{file}">{escape(told)}</a>' for file, told in links)
    return (
        f'<!doctype html><html lang="{words.code}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head>"
        f'<body><main><nav class="top">{ways}<a href="{other}" lang="{turned}" hreflang="{turned}">'
        f"{escape(words('page/lang_other'))}</a></nav>{''.join(parts)}</main></body></html>\n"
    )


def heading(anchor: str, told: str, *, small: bool = False) -> str:
    """Return the heading of a part, which can be linked to; a small one has no line above it."""
    kind = 'class="small" ' if small else ""
    return f'<h2 {kind}id="{anchor}">{escape(told)}</h2>'


def paragraph(told: str, style: str = "") -> str:
    """Return a paragraph of plain text."""
    return f'<p class="{style}">{escape(told)}</p>' if style else f"<p>{escape(told)}</p>"


def figure(title: str, told: str, drawn: str) -> str:
    """Return a picture with its title, if any, and what it shows; it moves sideways where the page is narrow."""
    named = f"<b>{escape(title)}</b>" if title else ""
    caption = f"<figcaption>{named}{escape(told)}</figcaption>"
    return f'<figure>{caption}<div class="scroll" tabindex="0">{drawn}</div></figure>'


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, style: str = "", names: int = 1) -> str:
    """Return a table of cells that are markup already; the first `names` columns are text, the others numbers."""
    top = "".join(
        f'<th scope="col"{"" if i < names else " class=" + chr(34) + "n" + chr(34)}>{escape(told)}</th>'
        for i, told in enumerate(head)
    )
    body = "".join(_row(row, names, len(head)) for row in rows)
    kind = f' class="{style}"' if style else ""
    whole = f"<table{kind}><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="scroll" tabindex="0">{whole}</div>'


def _row(row: Sequence[str], names: int, columns: int) -> str:
    """A row with as many cells as the table has columns, or one cell that names the group of those below."""
    if len(row) == 1:
        return f'<tr class="group"><th scope="rowgroup" colspan="{columns}">{row[0]}</th></tr>'
    cells = "".join(
        f"<td>{cell}</td>" if i < names else f'<td class="n">{cell}</td>' for i, cell in enumerate(row[1:], 1)
    )
    return f'<tr><th scope="row">{row[0]}</th>{cells}</tr>'


def bullets(items: Sequence[str]) -> str:
    """Return a list of plain texts."""
    return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"


def pairs(told: Sequence[tuple[str, str]]) -> str:
    """Return names and their plain texts beside each other."""
    return f'<dl class="made">{"".join(f"<dt>{escape(a)}</dt><dd>{escape(b)}</dd>" for a, b in told)}</dl>'
