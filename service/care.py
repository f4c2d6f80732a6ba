"""Returns what is offered to one person, weighed when asked: the facts and the entries they were scored with."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import ValidationError

from stratify.care.choices import Choice
from stratify.care.one_person import standing_of, told_of
from stratify.catalogue import Catalogue
from stratify.catalogue.entries import KINDS
from stratify.errors import BundleError


@dataclass(frozen=True)
class Care:
    """The entries of care as they were when people were scored, and the day that scores are of."""

    catalogue: Catalogue
    day: date

    def weigh(
        self, facts: Mapping[str, Any], choices: Sequence[Choice] = (), day: date | None = None
    ) -> dict[str, Any]:
        """Return what `told_of` returns, weighed with the choices that hold today.

        The day of weighing is the day the scores are of, or `day`, on which somebody was scored on the spot: the facts
        count from it. Raises BundleError where facts cannot be read.
        """
        try:
            return told_of(facts, self.catalogue, day or self.day, choices)
        except (ValueError, TypeError):
            raise _unreadable() from None

    def standing(self, facts: Mapping[str, Any], choices: Sequence[Choice]) -> tuple[Choice, ...]:
        """Return the choices that still stand: those of an event that has come anew since do not. Raises BundleError.

        Nothing has to be read where nothing was chosen.
        """
        try:
            return standing_of(facts, self.catalogue, self.day, choices) if choices else ()
        except (ValueError, TypeError):
            raise _unreadable() from None


def _unreadable() -> BundleError:
    return BundleError("serving.db holds facts that cannot be read: score again")


def read_care(connection: sqlite3.Connection, day: date) -> Care:
    """Return the entries that stand in the scored population's file. Raises BundleError where one is none."""
    entries: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    try:
        for kind, key, body in connection.execute("SELECT kind, id, body FROM entry ORDER BY kind, id"):
            entries[kind][key] = KINDS[kind].model_validate(json.loads(body))
    except (sqlite3.Error, KeyError, ValueError, ValidationError):
        raise BundleError("serving.db holds entries of care that cannot be read: score again") from None
    return Care(Catalogue(entries), day)
