"""What a domain may be used for: the strictest use among the tables it is made from, in any source."""

from __future__ import annotations

from functools import cache
from typing import get_args

from stratify.registers import danish, omop
from stratify.registers.declare import Use, tables

ORDER: tuple[str, ...] = get_args(Use)  # from the widest to the strictest


@cache
def use_of(domain: str) -> str:
    """Return what a domain may be used for; people themselves (`person`, residence) are of the civil register: care."""
    found = [
        tables(reader.tables)[name].use
        for reader in (danish.source(), omop.source())
        for name in reader.needs.get(domain, ())
    ]
    return max(found, key=ORDER.index, default=ORDER[0])
