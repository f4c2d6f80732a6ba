"""Returns whether a caller may ask now: so many requests a minute each, a few at once, counted in this process."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from time import monotonic

MOST = 10_000  # callers that are remembered
SHARE = 6  # of a minute: this part of its requests may come at once


class Limits:
    """A bucket for each caller, refilled all the time: it holds ten seconds' share, or one request at least."""

    def __init__(self, per_minute: int) -> None:
        self._rate = per_minute / 60
        self._room = max(1.0, per_minute / SHARE)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # what is left, and when that was
        self._lock = threading.Lock()

    def wait(self, caller: str, share: int = 1) -> int:
        """Return 0 when this caller may ask now, and count it; else the whole seconds until they may.

        share: how many people's requests this caller makes.
        """
        now, room, rate = monotonic(), self._room * share, self._rate * share
        with self._lock:
            left, then = self._buckets.pop(caller, (room, now))
            left = min(room, left + (now - then) * rate)
            allowed = left >= 1
            self._buckets[caller] = (left - 1 if allowed else left, now)
            if len(self._buckets) > MOST:
                self._buckets.popitem(last=False)
        return 0 if allowed else max(1, math.ceil((1 - left) / rate))
