"""A chart or a funnel put together again from what is told of it: nothing is drawn that was not told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from stratify.quality.spc import Chart, Funnel, funnel
from stratify.quality.values import PER

YEAR = 12
ENOUGH = 12  # points below which a chart says nothing
Told = Mapping[str, Any]


def chart_of(line: Told, target: Told, standard: float | None) -> Chart:
    """Return the chart of a line of `told["series"]` or `told["over_time"]`; what is not mature counts in nothing."""
    told = line["chart"]
    value, over = floats(line["value"]), line.get("denominator")
    young = np.array([not ready for ready in mature(line, target)])
    there = ~np.isnan(value) & ~np.array(line["hidden"], dtype=bool)
    used, at = there & ~young, np.arange(len(value))
    used[told["left_out"]] = False
    nothing = np.full(len(value), np.nan)
    flagged = {rule: np.isin(np.arange(len(value)), at) for rule, at in told["flagged"].items()}
    direction: Literal["higher", "lower"] = line.get("direction", target["direction"])
    return Chart(
        kind=told["kind"],
        rules="anhoej",
        value=value,
        centre=floats(told["centre"]),
        lower=floats(told["lower"]),
        upper=floats(told["upper"]),
        lower95=nothing,
        upper95=nothing,
        part=np.searchsorted(np.array(told["parts"]), at, side="right") - 1,
        used=used,
        baseline=used if told["limits_until"] is None else used & (at < told["limits_until"]),
        sigma_z=told["sigma_z"],
        outside=flagged.get("outside", np.zeros(len(value), dtype=bool)),
        runs=(),
        flagged=flagged,
        numerator=nothing,
        denominator=None if over is None else floats(over),
        immature=young,
        target=standard,
        direction=direction,
        multiply=PER[target["unit"]],
    )


def floats(values: Sequence[float | None]) -> NDArray[np.float64]:
    """Return figures, NaN where none is told."""
    return np.array([np.nan if one is None else one for one in values], dtype=np.float64)


def mature(line: Told, target: Told) -> list[bool]:
    """Return which periods of a line are mature: all their months are."""
    step, ready = line["step"], target["mature"]
    return [all(ready[at * step : (at + 1) * step]) for at in range(len(line["value"]))]


def periods(line: Told, target: Told) -> list[str]:
    """Return the names of a line's periods."""
    names: list[str] = target["periods"][str(line["step"])]
    return names[: len(line["value"])]


def points(line: Told) -> int:
    """Return how many points of a line count."""
    return int(line["facts"]["points"])


def is_chart(line: Told) -> bool:
    """Return whether a line has points enough for its chart to say something."""
    return line["step"] < YEAR and points(line) >= ENOUGH


def funnel_of(rows: Told, name: str, unit: str) -> tuple[Funnel, list[str]] | None:
    """Return a funnel ("funnel" or "funnel_oe") of the units that may be shown, with their labels; None of under 3."""
    told = rows.get(name)
    if told is None:
        return None
    at = [place for place, one in enumerate(told["outside"]) if one is not None]
    if len(at) < 3:
        return None
    over = rows["denominator" if name == "funnel" else "expected"]
    counts, sizes = floats([rows["numerator"][one] for one in at]), floats([over[one] for one in at])
    centre = told["centre"] / (PER[unit] if name == "funnel" else 1.0)
    return funnel(counts, sizes, centre, kind=told["kind"]), [rows["units"][one] for one in at]
