"""What a delivery says of itself: whose numbers name its people, until which day it is complete, when it came.

Read from `delivery.json` beside the tables. Where there is none, the source's own tables say it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from stratify.errors import DataError
from stratify.registers.clock import read_date

FILE = "delivery.json"
DAYS = ("covers_to", "delivered")
LAST_DAY = date(2199, 12, 31)
SYNTHETIC = "synthetic"
NOT_SYNTHETIC = (
    f'--source {SYNTHETIC} needs a {FILE} with "source": "{SYNTHETIC}", as `stratify synthesise` writes it; '
    "for real registers use --source danish"
)


@dataclass(frozen=True)
class Delivery:
    """Which source it is, whose numbers name its people, until which day it is complete, and when it was delivered."""

    source: str
    system: str
    covers_to: date
    delivered: date

    def as_dict(self) -> dict[str, str]:
        """Return the delivery for a manifest."""
        return {
            "source": self.source,
            "system": self.system,
            "covers_to": self.covers_to.isoformat(),
            "delivered": self.delivered.isoformat(),
        }


def read_delivery(source: str, data: Path) -> tuple[Delivery | None, list[str]]:
    """Return what `delivery.json` says, None where there is no such file, and every problem of it."""
    path = data / FILE
    if not data.is_dir() or not path.exists():
        return None, [NOT_SYNTHETIC] if source == SYNTHETIC else []
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None, [f"{FILE}: not JSON"]
    if not isinstance(told, dict):
        return None, [f"{FILE}: needs an object with the keys system, {', '.join(DAYS)}"]
    problems = [f"{FILE}: needs the key {key!r} as text" for key in ("system", *DAYS) if not _is_text(told.get(key))]
    problems += [NOT_SYNTHETIC] if source == SYNTHETIC and told.get("source") != SYNTHETIC else []
    days: dict[str, date] = {}
    for key in DAYS:
        if _is_text(told.get(key)):
            try:
                days[key] = read_date(told[key], f"{FILE}: {key}")
            except DataError as error:
                problems.append(error.message)
    if len(days) == len(DAYS) and not days["covers_to"] <= days["delivered"] <= LAST_DAY:
        problems.append(f"{FILE}: `delivered` must not be before `covers_to`, nor after {LAST_DAY}")
    return (None, problems) if problems else (Delivery(source, told["system"], **days), [])


def today() -> date:
    """Return the day of this run: nothing delivered can have happened after it."""
    return datetime.now(tz=UTC).date()


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
