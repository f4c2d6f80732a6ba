"""The terms under which people may be named in a list: on what law, whose, what for, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from stratify.errors import did_you_mean

TERMS = ("legal_basis", "responsible_unit", "purpose", "until")


def problems_of_terms(section: str, table: Mapping[str, Any], today: date) -> list[str]:
    """Return a problem for each term that is none, or that cannot be; terms that are not there are no problem here."""
    problems = [f"[{section}] {one}: unknown key{did_you_mean(one, TERMS)}" for one in table if one not in TERMS]
    for name in TERMS[:-1]:
        if not isinstance(table.get(name, ""), str):
            problems.append(f"[{section}] {name}: needs a text, got {table[name]!r}")
    until = table.get("until", today)
    if not isinstance(until, date) or isinstance(until, datetime):
        problems.append(f"[{section}] until: needs a day without quotes, as 2026-12-31, got {until!r}")
    elif until < today:
        problems.append(
            f"[{section}] until: {until} has passed; a list needs a new day, and somebody who decides on it"
        )
    return problems


def named_terms(table: Mapping[str, Any]) -> dict[str, str]:
    """Return the terms that are named."""
    return {key: str(value).strip() for key, value in table.items() if str(value).strip()}
