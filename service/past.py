"""Returns what was before of one person: earlier risks, and when conditions, stays and medicines were.

It was worked out when people were scored (`pipelines.past`) and is read for the page of one person alone, who has been
opened. No risk of death stands in it.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Sequence
from typing import Literal

from pydantic import Field, ValidationError

from service.schemas import Shape
from stratify.errors import BundleError

Kind = Literal["sa", "sp", "pa", "pp"]  # somatic or psychiatric, acute or planned


class Past(Shape):
    """Earlier risks by outcome, one for each of `days`; conditions, stays and medicines by day, since 1970."""

    risks: dict[str, list[float | None]] = Field(default={})
    conditions: list[tuple[str, int]] = Field(default=[])
    stays: list[tuple[int, int | None, Kind]] = Field(default=[])
    medicines: list[tuple[str, int, int, int]] = Field(default=[])
    days: Sequence[int] = Field(default=(), exclude=True)


def read_past(connection: sqlite3.Connection, name: str, days: Sequence[int]) -> Past:
    """Return the past of a pseudonym; an empty one where nothing is kept. Raises BundleError."""
    try:
        row = connection.execute("SELECT body FROM past WHERE pseudonym = ?", (name,)).fetchone()
        if row is None:
            return Past(days=days)
        past = Past.model_validate_json(zlib.decompress(row[0])).model_copy(update={"days": tuple(days)})
    except (sqlite3.Error, zlib.error, TypeError, ValidationError):
        raise BundleError("serving.db: what was before of a person cannot be read: score again") from None
    if any(len(one) != len(days) for one in past.risks.values()):
        raise BundleError("serving.db: earlier risks are of other days than told: score again")
    return past
