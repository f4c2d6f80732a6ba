"""A funnel: units by their size, with limits of what chance explains, and the names of those outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from stratify.charts.basis import Scale, Table, ends, line, path, picture, rounded_up, text, told_ticks
from stratify.charts.spc_words import SPC_WORDS
from stratify.charts.symbols import apart, key, symbol
from stratify.charts.tongue import EN, Tongue

if TYPE_CHECKING:
    from stratify.quality.spc import Funnel

LEFT, RIGHT, BELOW = 62.0, 138.0, 44.0
CURVE = 160  # places at which the limits are worked out
SIDES = {0: "", 1: "beyond95", 2: "beyond998"}


def funnel(
    found: Funnel,
    names: Sequence[str],
    title: str,
    *,
    unit: str,
    size: str = "",
    write: Callable[[float], str] | None = None,
    told: str = "",
    width: float = 860,
    height: float = 380,
    tongue: Tongue = EN,
) -> str:
    """Return units over their denominators with centre, 95 and 99.8 % limits; those outside have their names.

    unit: what the values are. size: what the denominators count. A unit without a value (nobody, or hidden before the
    funnel was made) is in the table alone. Raises ValueError when there are not as many names as units.
    """
    if len(names) != len(found.value):
        raise ValueError(f"a funnel of {len(found.value)} units needs as many names, got {len(names)}")
    words, tell = SPC_WORDS[tongue.code], write or tongue.number
    there: list[int] = np.flatnonzero(found.used).tolist()
    marks = [SIDES[level] for level in (1, 2) if (np.abs(found.outside[there]) == level).any()]
    entries = [("centre", words["mean"]), ("limit", words["limit95"]), ("limit far", words["limit998"])]
    parts, top = key([*entries, *((what, words[what]) for what in marks)], LEFT, width)
    top, bottom = top + 24, height - BELOW
    x = Scale(0.0, rounded_up(float(found.denominator[there].max())) if len(there) else 1.0, LEFT, width - RIGHT)
    curves, sizes = _limits(found, x)
    y = Scale(*_reach(found, curves, sizes), bottom, top)
    for value, name in told_ticks(y.low, y.high, 5, tell):
        parts += [line(LEFT, y(value), x.end, y(value), "grid"), text(LEFT - 6, y(value) + 4, name, "end")]
    counts = told_ticks(0, x.high, 5, lambda at: tongue.number(at, 0 if x.high > 1 else 1))
    parts += [text(x(at), bottom + 18, name, "middle") for at, name in counts]
    parts += [text(0, top - 12, unit, "start", "unit"), line(LEFT, bottom, x.end, bottom, "axis")]
    parts.append(text(x.end, bottom + 38, size or words["size"], "end", "unit"))
    for nth, curve in enumerate(curves):
        way = [(at, float(value) if y.low <= value <= y.high else None) for at, value in zip(sizes, curve, strict=True)]
        parts.append(path(way, x, y, "limit" if nth < 2 else "limit far"))
    if len(there):
        parts.append(line(LEFT, y(found.centre), x.end, y(found.centre), "centre"))
        parts.append(text(x.end + 8, y(found.centre) + 4, f"{words['mean']} {tell(found.centre)}", "start", "value"))
    for nth in there:
        what = SIDES[abs(int(found.outside[nth]))] or "plain"
        parts.append(symbol(x(found.denominator[nth]), y(found.value[nth]), what))
    parts += _named(found, names, x, y)
    rows = [_row(found, names[nth], nth, tell, tongue) for nth in range(len(names))]
    head = [words["unit"], size or words["size"], unit, words["limit95"], words["limit998"], words["said"]]
    described = told or _described(found, names, tell, tongue)
    return picture(width, height, title, parts, told=described, table=Table(head, rows), tongue=tongue)


def _limits(found: Funnel, x: Scale) -> tuple[Sequence[np.ndarray], list[float]]:
    """The four limits at sizes from small to the end of the axis; the small are closer together, where limits bend."""
    if not found.used.any():
        return [], []
    least = min(float(np.nanmin(found.denominator)) / 2, x.high / 50)
    sizes = np.geomspace(max(least, 1e-9), x.high, CURVE)
    if found.kind == "p":
        sizes = np.unique(np.maximum(np.round(sizes), 1.0))
    return found.limits_at(sizes), sizes.tolist()


def _reach(found: Funnel, curves: Sequence[np.ndarray], sizes: Sequence[float]) -> tuple[float, float]:
    """The axis holds every unit and the limits of the smallest of them."""
    if not found.used.any():
        return 0.0, 1.0
    seen = np.array(sizes) >= np.nanmin(found.denominator)
    ends_of = [float(curve[seen].max()) for curve in curves] + [float(np.nanmax(found.value)), found.centre]
    low = min([float(curve[seen].min()) for curve in curves] + [float(np.nanmin(found.value))])
    room = 0.05 * (max(ends_of) - low) or 0.1
    return max(low - room, 0.0), max(ends_of) + room


def _named(found: Funnel, names: Sequence[str], x: Scale, y: Scale) -> list[str]:
    """The names of units outside, to the right of their marks, or to the left near the end; none on another."""
    out: list[int] = np.flatnonzero(found.outside).tolist()
    ends_at = [x(found.denominator[nth]) > x.end - 7.4 * len(names[nth]) for nth in out]
    places = apart([y(found.value[nth]) for nth in out], y.end, y.start, 13.0)
    return [
        text(x(found.denominator[nth]) + (-9 if late else 9), at + 4, names[nth], "end" if late else "start", "label")
        for nth, late, at in zip(out, ends_at, places, strict=True)
    ]


def _row(found: Funnel, name: str, nth: int, tell: Callable[[float], str], tongue: Tongue) -> list[str]:
    words = SPC_WORDS[tongue.code]
    if not found.used[nth]:
        return [name, "–", "–", "–", "–", "–"]
    level = abs(int(found.outside[nth]))
    return [
        name,
        tongue.plain(round(float(found.denominator[nth]), 1)),
        tell(float(found.value[nth])),
        ends(float(found.lower95[nth]), float(found.upper95[nth]), tell),
        ends(float(found.lower998[nth]), float(found.upper998[nth]), tell),
        words[SIDES[level]] if level else "–",
    ]


def _described(found: Funnel, names: Sequence[str], tell: Callable[[float], str], tongue: Tongue) -> str:
    words = SPC_WORDS[tongue.code]
    said = [words["units"].format(n=int(found.used.sum()))]
    if found.used.any():
        said.append(f"{words['mean']} {tell(found.centre)}.")
    said.append(words["widened" if found.widened else "varies" if found.overdispersed else "exact"])
    for level in (1, 2):
        out = [names[nth] for nth in np.flatnonzero(np.abs(found.outside) == level).tolist()]
        said += [f"{words[SIDES[level]]}: {', '.join(out)}."] if out else []
    return " ".join(said)
