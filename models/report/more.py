"""What a report may hold beyond one evaluation; a part is on the page where its key is in the report.

three_state     {"tenths": [{"n", "neither", "event", "died_first", "observed_event", "observed_death"} or None]}
missingness     [{"column", "label": {"da", "en"}, "share"}], most first
censoring       [{"treatment", "share"}]
injuries        [{"injuries", "share", "auroc"}]
drop_the_dead   [{"group", "observed", "without_the_dead", "expected"}]
border          [{"other", "all": {"n", "mean", "mean_absolute", "low", "high"}, "entered": the same}]
refits          [{"split", core figures, "n", "events_tested", "lacks"}]
learning_curve  [{"share", "rows", "events", core figures, "n", "events_tested", "lacks"}]
feature_sets    [{"set", "columns", core figures, "n", "events_tested", "lacks"}]

models/more.py and models/refits.py make them. A figure is a number or {"value", "low", "high"}, and None where it may
not be shown; `lacks` says why a row has no figures, None where it has them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from models.report.figures import Figures, pointer
from models.report.html import figure, heading, paragraph, table
from models.report.names import populations
from models.report.words import Words
from stratify import charts
from stratify.charts import Bar, Point, ticks
from stratify.charts.basis import rounded_up

COUNTS = ("columns", "rows", "events", "n", "events_tested")
SHARES = ("share", "observed", "without_the_dead", "expected")
MEASURES = (*COUNTS, *SHARES, "auroc", "calibration_slope", "calibration_intercept", "oe", "ici", "brier")
TRAINED = {"rows": "more/rows", "events": "more/events"}  # of what a model was trained on, beside what it was tested on
MOST_BARS = 20


def more(figures: Figures, *, forestalled: bool) -> list[str]:
    """Return a part for each further key that this report holds.

    forestalled: death can come before the event, so that where the three states are not told it is said why.
    """
    parts = []
    for key, drawn in DRAWN.items():
        if key == "three_state" and not figures.report.get(key) and forestalled:
            parts += [
                heading("three-state", figures.words(f"more/{key}")),
                paragraph(figures.words("more/three_state_absent")),
            ]
        if figures.report.get(key):
            parts += [heading(key.replace("_", "-"), figures.words(f"more/{key}")), drawn(figures, key)]
    return parts


def split_of(words: Words, english: str) -> str:
    """Return what a refit was made without, in the language of the page.

    >>> split_of(Words("da"), "hospital = Horsens left out")
    'uden Horsens (hospitalets optageområde)'
    """
    found = re.fullmatch(r"(\w+) = (.+) left out", english)
    if found is None:
        return english
    return words(
        "more/left_out", level=words.named("levels", found[2]), factor=words.named("factors", found[1]).lower()
    )


def _rows(figures: Figures, key: str, named: Callable[[Mapping[str, Any]], str], leave_out: str = "") -> str:
    """A table: who a row is of, and each measure that any row has; who lacks events is told in a sentence below."""
    words, rows = figures.words, figures.report[key]
    measures = [name for name in MEASURES if name != leave_out and any(name in row for row in rows)]
    told = [
        [
            escape(named(row)),
            *(_cell(figures, pointer(key, nth, name), name) if name in row else "–" for name in measures),
        ]
        for nth, row in enumerate(rows)
        if not row.get("lacks")
    ]
    lacking = "; ".join(named(row) for row in rows if row.get("lacks"))
    below = paragraph(words("more/lacks", who=lacking)) if lacking else ""
    head = [
        words(f"who/{key}"),
        *(words(TRAINED[name]) if name in TRAINED else words.named("measures", name) for name in measures),
    ]
    return (table(head, told) if told else "") + below


def _cell(figures: Figures, place: str, name: str) -> str:
    return figures.count(place) if name in COUNTS else figures.share(place) if name in SHARES else figures.figure(place)


def _plain(who: str) -> Callable[[Figures, str], str]:
    """How a list of rows is drawn whose names stand in `who`."""

    def drawn(figures: Figures, key: str) -> str:
        words = figures.words

        def named(row: Mapping[str, Any]) -> str:
            return split_of(words, row[who]) if who == "split" else words.named("versions", row[who])

        return paragraph(words(f"more/{key}_told")) + _rows(figures, key, named)

    return drawn


def _three_state(figures: Figures, key: str) -> str:
    words, rows = figures.words, figures.report[key]["tenths"]

    def line(name: str) -> list[Point]:
        found = [(nth, _figure(row[name])) for nth, row in enumerate(rows, 1) if row is not None]
        return [
            Point(nth, 100 * value, low if low is None else 100 * low, high if high is None else 100 * high)
            for nth, (value, low, high) in found
            if value is not None
        ]

    event, death = words("more/event_first"), words("more/death_first")
    predicted, seen = words("more/predicted"), words("more/seen")
    title, told = words(f"more/{key}"), words(f"more/{key}_told")
    picture = charts.lines(
        {f"{event}, {seen}": line("observed_event"), f"{death}, {seen}": line("observed_death")},
        title,
        width=640,
        height=340,
        x_range=(0.5, 10.5),
        x_ticks=range(1, 11),
        unit=words("tenths/tenth"),
        guides={f"{event}, {predicted}": line("event"), f"{death}, {predicted}": line("died_first")},
        step=1,
        told=told,
        tongue=words.tongue,
    )
    hidden = escape(words.tongue.words["hidden"])
    keys = ("event", "observed_event", "died_first", "observed_death")
    told_rows = [
        [str(nth + 1), *[hidden] * 5]
        if row is None
        else [
            str(nth + 1),
            figures.count(pointer(key, "tenths", nth, "n")),
            *(figures.share(pointer(key, "tenths", nth, name)) for name in keys),
        ]
        for nth, row in enumerate(rows)
    ]
    head = [f"{name}, {how}" for name in (event, death) for how in (predicted, seen)]
    return figure("", told, picture) + table([words("tenths/tenth"), words("tenths/n"), *head], told_rows)


def _border(figures: Figures, key: str) -> str:
    words, tongue = figures.words, figures.tongue
    named = populations()
    rows = []
    for nth, row in enumerate(figures.report[key]):
        other = named[row["other"]].model_dump() if row["other"] in named else row["other"]
        for whom in ("all", "entered"):
            at, n = pointer(key, nth, whom), row[whom]["n"]
            name = f"{words.of(other)}: {words('more/' + whom)}"
            cells = [figures.count(f"{at}/n")]
            for part in ("mean", "mean_absolute", "low", "high"):
                cells.append("–" if n is not None and row[whom][part] is None else figures.points(f"{at}/{part}"))
            rows.append([escape(name), *cells])
    spread = tongue.percent(0.05, 0), tongue.percent(0.95, 0)
    head = [words("who/border"), words("measures/n"), words("more/mean"), words("more/mean_absolute"), *spread]
    return paragraph(words(f"more/{key}_told")) + table(head, rows)


def _learning(figures: Figures, key: str) -> str:
    words, rows = figures.words, figures.report[key]

    def named(row: Mapping[str, Any]) -> str:
        return words("more/of_people", share=words.tongue.percent(row["share"], 0))

    told = paragraph(words(f"more/{key}_told"))
    whole = _rows(figures, key, named, "share")
    shown = [(row["rows"], _figure(row["auroc"])) for row in rows if not row["lacks"]]
    points = [Point(at, value, low, high) for at, (value, low, high) in shown if value is not None]
    if not points:
        return told + whole
    highest = rounded_up(max(point.x for point in points))
    lows = [point.y if point.low is None else point.low for point in points]
    highs = [point.y if point.high is None else point.high for point in points]
    title = words("more/learning_chart")
    picture = charts.lines(
        {words("measures/auroc"): points},
        title,
        width=560,
        height=300,
        x_range=(0, highest),
        y_range=(max(min(lows) - 0.02, 0), min(max(highs) + 0.02, 1)),
        x_ticks=ticks(0, highest, 4),
        unit=words("more/rows"),
        with_legend=False,
        told=words(f"more/{key}_told"),
        tongue=words.tongue,
    )
    return figure(title, words(f"more/{key}_told"), picture) + whole


def _missing(figures: Figures, key: str) -> str:
    words, tongue, found = figures.words, figures.tongue, figures.report[key]

    def written(share: float | None) -> str:
        return tongue.words["hidden"] if share is None else tongue.percent(share)

    bars = [Bar(words.of(row["label"]), row["share"], written(row["share"])) for row in found[:MOST_BARS]]
    title, told = words(f"more/{key}"), words(f"more/{key}_told")
    head = (words("predictors/column"), words("measures/share"))
    wide = {"width": 760, "left": 400, "right": 120}
    picture = charts.bars(bars, title, head=head, highest=1.0, told=told, tongue=tongue, **wide)
    rows = [
        [escape(words.of(row["label"])), figures.share(pointer(key, nth, "share"))] for nth, row in enumerate(found)
    ]
    whole = f"<details><summary>{escape(words('page/all'))}</summary>{table(head, rows)}</details>"
    return f'<div class="wide">{figure("", told, picture)}</div>{whole}'


def _figure(found: Any) -> tuple[float | None, float | None, float | None]:
    if isinstance(found, Mapping):
        return found["value"], found["low"], found["high"]
    return found, None, None


DRAWN: Mapping[str, Callable[[Figures, str], str]] = {
    "three_state": _three_state,
    "drop_the_dead": _plain("group"),
    "border": _border,
    "refits": _plain("split"),
    "learning_curve": _learning,
    "feature_sets": _plain("set"),
    "censoring": _plain("treatment"),
    "injuries": _plain("injuries"),
    "missingness": _missing,
}
