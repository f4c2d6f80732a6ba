"""Returns again what was worked out before: a bounded number of answers, the longest unasked let go first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

V = TypeVar("V")


class Kept(Generic[V]):
    """Answers by key, at most `most` of them, in memory alone; any number of threads may ask at once.

    Two that ask for the same key at once may both work it out; the answers are equal, and the first one stays. What
    fails is not kept.
    """

    def __init__(self, most: int) -> None:
        if most < 1:
            raise ValueError(f"needs room for at least 1, got {most}")
        self._most = most
        self._kept: OrderedDict[str, V] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        with self._lock:
            return len(self._kept)

    def get(self, key: str, make: Callable[[], V]) -> V:
        """Return the answer of a key, from what is kept, or made now; the lock is not held while it is made."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            answer = self._kept.setdefault(key, made)
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return answer

    def peek(self, key: str) -> V | None:
        """Return what is kept of a key, or None; None cannot be told from a kept None."""
        with self._lock:
            return self._kept.get(key)

    def put(self, key: str, value: V) -> None:
        """Keep this as the answer of a key."""
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
