"""Returns what stands beside a risk: that of people of the same age and sex, and what became of others given the same.

Both were worked out when people were scored (`pipelines.beside`), of many people at a time, and lie in the scored
population's file. Nothing is estimated here: a person's place in them is looked up.
"""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from service.schemas import Peers, Risk, Shape
from stratify.disclosure import shown
from stratify.errors import BundleError


class _Band(Shape):
    """Ages from one year to another (none: the oldest), the mean risk of those people, and how many they are."""

    first: int
    last: int | None
    risk: float
    people: int


class _Curve(Shape):
    """Risks in rising order, and at each the ends of the interval of what happened."""

    risk: list[float]
    low: list[float]
    high: list[float]


@dataclass(frozen=True)
class Beside:
    """What there is: bands of age by outcome and sex, curves by model, and the days of earlier risks."""

    peers: Mapping[str, Mapping[str, Sequence[_Band]]]
    seen: Mapping[str, _Curve]
    past_days: Sequence[int] = ()

    def of(self, risks: Sequence[Risk], facts: Mapping[str, Any]) -> list[Risk]:
        """Return a person's risks with what stands beside each, where it is known."""
        age, sex = facts.get("age"), facts.get("sex")
        return [
            one.model_copy(update={"peers": self._peers(one.outcome, age, sex), "interval": self._interval(one)})
            for one in risks
        ]

    def _peers(self, outcome: str, age: Any, sex: Any) -> Peers | None:
        if not isinstance(age, int | float) or sex not in ("f", "m"):
            return None
        for one in self.peers.get(outcome, {}).get(sex, ()):
            if one.first <= age and (one.last is None or age < one.last + 1):
                return Peers(risk=one.risk, people=one.people, sex=sex, age_from=one.first, age_to=one.last)
        return None

    def _interval(self, risk: Risk) -> list[float] | None:
        """Return the interval at a risk, on a straight line between two points; none outside the curve."""
        curve = self.seen.get(risk.model_key)
        if curve is None or not curve.risk[0] <= risk.risk <= curve.risk[-1]:
            return None
        after = min(bisect_right(curve.risk, risk.risk), len(curve.risk) - 1)
        before = max(after - 1, 0)
        apart = curve.risk[after] - curve.risk[before]
        way = (risk.risk - curve.risk[before]) / apart if apart else 0.0
        return [at[before] + way * (at[after] - at[before]) for at in (curve.low, curve.high)]


def read_beside(connection: sqlite3.Connection) -> Beside:
    """Return what stands in the scored population's file. Raises BundleError where it does not fit."""
    try:
        told = {key: json.loads(body) for key, body in connection.execute("SELECT key, body FROM beside")}
        peers = {
            outcome: {sex: [_band(one) for one in bands] for sex, bands in of.items()}
            for outcome, of in told.get("peers", {}).items()
        }
        seen = {key: _curve(one) for key, one in told.get("seen", {}).items()}
        return Beside(peers, seen, tuple(int(day) for day in told.get("past_days", ())))
    except (sqlite3.Error, ValueError, KeyError, TypeError, AttributeError, ValidationError):
        raise BundleError("serving.db: what stands beside risks cannot be read: score again") from None


def _band(told: Mapping[str, Any]) -> _Band:
    band = _Band(first=told["from"], last=told["to"], risk=told["risk"], people=told["people"])
    if shown(band.people) is None:
        raise ValueError("a band must not tell of 1 to 4 people")
    return band


def _curve(told: Mapping[str, Any]) -> _Curve:
    curve = _Curve.model_validate(told)
    if not len(curve.risk) == len(curve.low) == len(curve.high) > 0 or curve.risk != sorted(curve.risk):
        raise ValueError("a curve has as many risks as ends, in rising order")
    return curve
