"""Returns an identifier as registers write it."""

from __future__ import annotations

import re
from pathlib import Path

from stratify.errors import UsageError

IDENTIFIER = re.compile(r"[^\s,;|]{1,64}")
CPR_SYSTEM = "urn:oid:1.2.208.176.1.2"
CPR_WRITTEN = re.compile(r"(\d{6})-(\d{4})")  # the dash is for reading, registers leave it out


def as_registered(system: str, value: str) -> str:
    """Return the identifier without what is for reading alone.

    >>> as_registered("urn:oid:1.2.208.176.1.2", "010101-0000"), as_registered("urn:x", "010101-0000")
    ('0101010000', '010101-0000')
    """
    written = CPR_WRITTEN.fullmatch(value) if system == CPR_SYSTEM else None
    return "".join(written.groups()) if written else value


def one_identifier(path: Path) -> str:
    """Return the one identifier in a file: on a command line everybody on the machine could read it."""
    found = identifiers(path)
    if len(found) != 1:
        raise UsageError(f"{path.name}: must hold one person's identifier, got {len(found)}")
    return found[0]


def identifiers(path: Path) -> list[str]:
    """Return the identifiers in a file, one a line. Raises UsageError for what is no such file, naming nobody."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read as text ({type(error).__name__})") from None
    told = {nth: line.strip() for nth, line in enumerate(lines, 1) if line.strip()}
    wrong = [nth for nth, one in told.items() if not IDENTIFIER.fullmatch(one)]
    if wrong:
        raise UsageError(
            f"{path.name}: an identifier a line is needed, without blanks or commas; another stands in {len(wrong)}"
            f" line(s), first in line {wrong[0]}: nothing was taken over"
        )
    return list(told.values())
