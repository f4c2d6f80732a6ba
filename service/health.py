"""Returns whether look-ups can be answered, in fixed words: anybody may ask, so little is told and little is done.

The look is taken at most every other second; whoever asks meanwhile gets the last one. What is wrong goes to the log.
"""

from __future__ import annotations

import threading
from time import monotonic

from service.audit import AuditLog, AuditUnavailableError
from service.choices import Choices, ChoicesUnavailableError
from service.logs import log, told
from service.problem import AUDIT_DOWN, CHOICES_DOWN
from service.replay import UsedTokens
from service.store import Store

KEPT = 2.0  # seconds
SCORES_DOWN = "The scored population cannot be read."
BEHIND = "The files on the disk do not fit and are not served; the last good ones are."


class Readiness:
    """What stands in the way of answers, as last looked at; made when everything was just verified."""

    def __init__(self, store: Store, audit: AuditLog, choices: Choices, used: UsedTokens) -> None:
        self._store, self._audit, self._choices, self._used = store, audit, choices, used
        self._looking = threading.Lock()
        self._next = monotonic()
        self._reasons: tuple[str, ...] = ()

    def reasons(self) -> tuple[str, ...]:
        """Return why look-ups cannot be answered; nothing when they can. Nobody waits for another's look."""
        if monotonic() >= self._next and self._looking.acquire(blocking=False):
            try:
                self._reasons = self._look()
                self._next = monotonic() + KEPT
            finally:
                self._looking.release()
        return self._reasons

    def notes(self) -> list[str]:
        """Return what is amiss though look-ups are answered."""
        return [BEHIND] if self._store.behind else []

    def _look(self) -> tuple[str, ...]:
        reasons = []
        try:
            self._store.current().check()
        except Exception as error:  # anything that keeps one row from being read and explained
            log.error("not ready: %s", told(error))
            reasons.append(SCORES_DOWN)
        try:
            self._audit.probe()
            self._used.probe()
        except AuditUnavailableError as error:
            log.error("not ready: the audit log cannot be written (%s)", error)
            reasons.append(AUDIT_DOWN)
        try:
            self._choices.probe()
        except ChoicesUnavailableError as error:
            log.error("not ready: choices cannot be read (%s)", error)
            reasons.append(CHOICES_DOWN)
        return tuple(reasons)
