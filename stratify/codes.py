"""Diagnosis codes made alike: Danish SKS codes as WHO ICD-10, in Python and as one SQL expression.

A Danish diagnosis is the WHO code behind a D: `DE112` is E11.2, `DI109` is I10 with a Danish last digit. The D goes
only where a letter and two digits follow it: `D500` is the WHO code of an anaemia and keeps its D, `DD500` is the same
anaemia written in Denmark. What Denmark adds at the end stays: a code is compared by how it starts, never as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

SKS_DIAGNOSIS = "D[A-Z][0-9]{2}[0-9A-Z]*"  # for a full match, in Python and in SQL
WHO_DIAGNOSIS = "[A-Z][0-9]{2}[0-9A-Z]*"
_LEADING_D = re.compile("^D(?=[A-Z][0-9]{2})")


def to_who(code: str) -> str:
    """Return the WHO form of a diagnosis code: upper case, without dots, spaces and the Danish D.

    >>> to_who("DI50.9"), to_who("dd500"), to_who("D500"), to_who("DK717A")
    ('I509', 'D500', 'D500', 'K717A')
    """
    return _LEADING_D.sub("", _plain(code))


def TO_WHO_SQL(column: str) -> str:  # noqa: N802
    """Return the SQL expression (DuckDB) that does to a column what `to_who` does to a code; NULL stays NULL."""
    plain = f"replace(replace(upper({column}), '.', ''), ' ', '')"
    return f"CASE WHEN regexp_matches({plain}, '^D[A-Z][0-9]{{2}}') THEN substr({plain}, 2) ELSE {plain} END"


def is_sks_diagnosis(code: str) -> bool:
    """Return whether this is a diagnosis as Danish registers write it (`DE112`), not a procedure, drug or WHO code."""
    return re.fullmatch(SKS_DIAGNOSIS, _plain(code)) is not None


def is_who_diagnosis(code: str) -> bool:
    """Return whether this has the form of a WHO ICD-10 code, Danish last characters allowed (`E112`, `K717A`)."""
    return re.fullmatch(WHO_DIAGNOSIS, _plain(code)) is not None


def starts_with_any(code: str, prefixes: Sequence[str], unless: Sequence[str] = ()) -> bool:
    """Return whether a WHO code starts with one of the prefixes and with none of those in `unless`."""
    return code.startswith(tuple(prefixes)) and not code.startswith(tuple(unless))


def _plain(code: str) -> str:
    return code.upper().replace(".", "").replace(" ", "")
