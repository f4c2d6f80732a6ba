"""What is drawn of predicted risks: calibration with the risks of either class below it, net benefit, and the ROC.

The shapes are those of models/evaluation: a curve is a mapping of lists, and a value of None is not drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stratify.charts.basis import (
    Point,
    Scale,
    Table,
    area,
    axes,
    bridges,
    ends,
    legend,
    line,
    mark,
    path,
    picture,
    rect,
    rounded_up,
    text,
    ticks,
)
from stratify.charts.tongue import EN, Tongue

WIDTH, LEFT = 460, 52
ASIDE = 6  # of another model's mark, so that it does not lie upon the model's own
Curve = Mapping[str, Sequence[float]]


def calibration(
    curve: Curve,
    bins: Sequence[Mapping[str, float]],
    title: str,
    *,
    tenths: Sequence[Point] = (),
    names: tuple[str, str, str, str, str],
    told: str = "",
    tongue: Tongue = EN,
) -> str:
    """Return observed risk over predicted with its band and tenths, and below it who got which risk.

    bins: from, to, events and others, the shares of each class; they are drawn per stretch of 2 points of risk.
    names: of the curve, of the tenths, of the two classes, and of the x axis.
    """
    highest = min(rounded_up(max([*curve["risk"], *(p.x for p in tenths)])), 1.0)
    parts, top = legend([names[0]], LEFT, 1, WIDTH)
    if tenths:
        at_tenth = LEFT + 54 + 7.2 * len(names[0])
        parts += [mark(at_tenth, 12, "four"), text(at_tenth + 10, 16, names[1], "start", "label")]
    x, y = Scale(0, highest, LEFT, WIDTH - 10), Scale(0, highest, 330, top)
    at = ticks(0, highest, 4)
    parts += axes(x, y, at, at, tongue.plain)
    parts.append(line(x(0), y(0), x(highest), y(highest), "wanted"))
    parts.append(area(list(zip(curve["risk"], curve["low"], curve["high"], strict=True)), x, y))
    parts.append(path(list(zip(curve["risk"], curve["observed"], strict=True)), x, y, "curve one"))
    for point in tenths:
        if point.low is not None and point.high is not None:
            parts.append(line(x(point.x), y(point.low), x(point.x), y(point.high), "range thin"))
        parts.append(mark(x(point.x), y(point.y), "four"))
    parts += _mirrored(bins, x, 364, 120, names[2], names[3])
    parts.append(text(WIDTH - 10, 504, names[4], "end", "unit"))
    rows = [
        [tongue.number(risk, 3), tongue.number(seen, 3), ends(low, high, lambda value: tongue.number(value, 3))]
        for risk, seen, low, high in zip(curve["risk"], curve["observed"], curve["low"], curve["high"], strict=True)
    ]
    table = Table([names[4], names[0], tongue.words["interval"]], rows)
    return picture(WIDTH, 508, title, parts, told=told, table=table, tongue=tongue)


def _mirrored(
    bins: Sequence[Mapping[str, float]], x: Scale, top: float, height: float, events: str, others: str
) -> list[str]:
    """The two classes back to back: who had the event upwards, who had not downwards, on one scale."""
    middle = top + height / 2
    thick = [{side: one[side] * 0.02 / (one["to"] - one["from"]) for side in ("events", "others")} for one in bins]
    high = max([value for one in thick for value in one.values()] + [1e-9])
    reach = height / 2 - 2
    parts = []
    for one, of in zip(bins, thick, strict=True):
        start, end = x(one["from"]), x(one["to"])
        width = max(end - start - 0.8, 0.3)
        up, down = of["events"] / high * reach, of["others"] / high * reach
        parts.append(rect(start, middle - up, width, up, "bar one"))
        parts.append(rect(start, middle, width, down, "bar two"))
    parts.append(line(x.start, middle, x.end, middle, "axis"))
    return [
        *parts,
        text(x.end, top + 10, f"↑ {events}", "end", "label"),
        text(x.end, top + height - 4, f"↓ {others}", "end", "label"),
    ]


def decision(
    curve: Mapping[str, Any],
    title: str,
    *,
    beside: Mapping[float, float | None],
    names: tuple[str, str, str, str, str, str],
    told: str = "",
    tongue: Tongue = EN,
) -> str:
    """Return net benefit over the threshold: of the model with its band, of all, of none, of another at some.

    At each agreed threshold the model has a mark with its interval; where its value is hidden, a thin dashed line goes
    from the value before to the one after. beside: the other model's net benefit at each agreed threshold; names: of
    the four, of the x axis and of the y axis.
    """
    at = [float(value) for value in curve["threshold"]]
    model, everyone = curve["model"], curve["treat_all"]
    high = max([value for value in [*model["value"], *everyone["value"]] if value is not None] + [0.01]) * 1.05
    agreed = [
        Point(one["threshold"], one["net_benefit"]["value"], one["net_benefit"]["low"], one["net_benefit"]["high"])
        for one in curve["agreed"]
        if one["net_benefit"]["value"] is not None
    ]
    low = max(min([-high / 4, *(point.low for point in agreed if point.low is not None)]), -high)
    parts, top = legend(names[: 4 if beside else 3], LEFT, 4, WIDTH)
    parts.append(text(0, top, names[5], "start", "unit"))
    top += 12
    x, y = Scale(0, max(at), LEFT, WIDTH - 10), Scale(low, high, 330, top)
    parts += axes(x, y, ticks(0, max(at), 5), ticks(low, high, 5), tongue.plain)
    for threshold in [one["threshold"] for one in curve["agreed"]]:
        parts.append(line(x(threshold), top, x(threshold), 330, "wanted"))
    parts.append(area(list(zip(at, model["low"], model["high"], strict=True)), x, y))
    shown = [(a, None if b is None or b < low else b) for a, b in zip(at, everyone["value"], strict=True)]
    parts.append(path(shown, x, y, "curve two"))
    parts.append(path([(a, 0.0) for a in at], x, y, "curve three"))
    own = list(zip(at, model["value"], strict=True))
    parts += [bridges(own, x, y, "curve one"), path(own, x, y, "curve one")]
    parts += [mark(x(a) + ASIDE, y(b), "four") for a, b in beside.items() if b is not None]
    for point in agreed:
        if point.low is not None and point.high is not None:
            parts.append(line(x(point.x), y(point.low), x(point.x), y(point.high), "range one"))
        parts.append(mark(x(point.x), y(point.y), "one"))
    parts.append(text(WIDTH - 10, 368, names[4], "end", "unit"))

    def cell(value: float | None) -> str:
        return tongue.words["hidden"] if value is None else tongue.number(value, 4)

    rows = [
        [tongue.plain(a), cell(b), ends(c, d, lambda value: tongue.number(value, 4)), cell(e)]
        for a, b, c, d, e in zip(at, model["value"], model["low"], model["high"], everyone["value"], strict=True)
    ]
    table = Table([names[4], names[0], tongue.words["interval"], names[1]], rows)
    return picture(WIDTH, 372, title, parts, told=told, table=table, tongue=tongue)


def roc(curve: Curve, title: str, *, names: tuple[str, str], told: str = "", tongue: Tongue = EN) -> str:
    """Return the share found over the share falsely flagged; names of the x and of the y axis."""
    x, y = Scale(0, 1, LEFT, 310), Scale(0, 1, 286, 22)
    pairs = list(zip(curve["false_positive"], curve["true_positive"], strict=True))
    at = [0, 0.25, 0.5, 0.75, 1]
    parts = axes(x, y, at, at, tongue.plain)
    parts += [line(x(0), y(0), x(1), y(1), "wanted"), path(pairs, x, y, "curve one")]
    parts += [text(310, 322, names[0], "end", "unit"), text(0, 12, names[1], "start", "unit")]
    table = Table(names, [[tongue.number(value, 3) for value in pair] for pair in pairs])
    return picture(320, 328, title, parts, told=told, table=table, tongue=tongue)
