"""Returns an identifier as registers write it."""

from __future__ import annotations

import re

CPR_SYSTEM = "urn:oid:1.2.208.176.1.2"
CPR_WRITTEN = re.compile(r"(\d{6})-(\d{4})")  # the dash is for reading, registers leave it out


def as_registered(system: str, value: str) -> str:
    """Return the identifier without what is for reading alone.

    >>> as_registered("urn:oid:1.2.208.176.1.2", "010101-0000"), as_registered("urn:x", "010101-0000")
    ('0101010000', '010101-0000')
    """
    written = CPR_WRITTEN.fullmatch(value) if system == CPR_SYSTEM else None
    return "".join(written.groups()) if written else value
