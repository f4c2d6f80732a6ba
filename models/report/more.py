"""What a report may hold beyond one evaluation; a part is on the page where its key is in the report.

Every key is a list of rows. A figure is {"value", "low", "high"}, a name is text or {"da", "en"}; a row with
`suppressed` true is told in words alone. Measures are those of `evaluate`'s overall, any of them, and the counts rows,
events, people, n, columns.

three_state     [{"tenth", "n", "mean_event", "mean_death", "event", "death", "suppressed"}]: the model's mean shares of
                the event first and of death first, and Aalen and Johansen's cumulative incidences, in tenths of risk
border          [{"name", "measure", "difference"}]: how far two populations' models lie apart for who is in both;
                measure is the name of one, difference a figure
refits          [{"split", measures …}]: trained again without what `split` names, and measured on it
learning_curve  [{"rows", "events", "auroc", measures …}]: trained on so many rows
feature_sets    [{"set", measures …}]: served against research
missingness     [{"column", "label", "share"}]: share of the training rows without a value, 0 to 1
censoring       [{"treatment", measures …}]: the same with who leaves handled in three ways
injuries        [{"version", measures …}]: the same with and without injuries
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from models.report.figures import Figures, pointer
from models.report.html import figure, heading, paragraph, table
from models.report.tables import rows_of_figures
from stratify import charts
from stratify.charts import Bar, Point
from stratify.charts.basis import rounded_up, ticks

TABLES = {  # key in the report: what names its rows
    "refits": "split",
    "feature_sets": "set",
    "censoring": "treatment",
    "injuries": "version",
}
MOST_BARS = 20


def more(figures: Figures) -> list[str]:
    """Return a part for each further key that this report holds."""
    drawn = {"three_state": _three_state, "border": _border, "learning_curve": _learning, "missingness": _missing}
    parts = []
    for key in (
        "three_state",
        "border",
        "refits",
        "learning_curve",
        "feature_sets",
        "censoring",
        "injuries",
        "missingness",
    ):
        if not figures.report.get(key):
            continue
        parts.append(heading(key.replace("_", "-"), figures.words(f"more/{key}")))
        parts.append(drawn[key](figures) if key in drawn else _table(figures, key))
    return parts


def _table(figures: Figures, key: str) -> str:
    words = figures.words
    return paragraph(words(f"more/{key}_told")) + rows_of_figures(
        figures, key, "more/who", lambda row: words.of(row[TABLES[key]])
    )


def _three_state(figures: Figures) -> str:
    words, rows = figures.words, figures.report["three_state"]
    shown = [row for row in rows if not row.get("suppressed")]

    def line(key: str) -> list[Point]:
        return [Point(row["tenth"], 100 * found) for row in shown if (found := _value(row[key])) is not None]

    event, death = words("more/event_first"), words("more/death_first")
    predicted, seen = words("more/predicted"), words("more/seen")
    title, told = words("more/three_state"), words("more/three_state_told")
    picture = charts.lines(
        {f"{event}, {seen}": line("event"), f"{death}, {seen}": line("death")},
        title,
        width=560,
        height=320,
        x_range=(0.5, 10.5),
        x_ticks=range(1, 11),
        unit=words("tenths/tenth"),
        guides={f"{event}, {predicted}": line("mean_event"), f"{death}, {predicted}": line("mean_death")},
        told=told,
        tongue=words.tongue,
    )
    hidden = escape(words.tongue.words["hidden"])
    keys = ("mean_event", "event", "mean_death", "death")
    told_rows = [
        [str(row["tenth"]), *[hidden] * 4]
        if row.get("suppressed")
        else [str(row["tenth"]), *(figures.share(pointer("three_state", nth, key)) for key in keys)]
        for nth, row in enumerate(rows)
    ]
    head = [f"{name}, {how}" for name in (event, death) for how in (predicted, seen)]
    return figure(title, told, picture) + table([words("tenths/tenth"), *head], told_rows)


def _border(figures: Figures) -> str:
    words = figures.words
    rows = [
        [
            escape(words.of(row["name"])),
            escape(words.named("measures", row["measure"])),
            figures.figure(pointer("border", nth, "difference"), 4, signed=True),
        ]
        for nth, row in enumerate(figures.report["border"])
    ]
    head = [words("more/who"), words("more/measure"), words("beside/difference")]
    return paragraph(words("more/border_told")) + table(head, rows, names=2)


def _learning(figures: Figures) -> str:
    words, rows = figures.words, figures.report["learning_curve"]
    points = [
        Point(row["rows"], one["value"], one["low"], one["high"])
        for row in rows
        if not row.get("suppressed") and (one := row["auroc"])["value"] is not None
    ]
    table_of = rows_of_figures(figures, "learning_curve", "more/who", lambda row: words.of(row.get("name", "")))
    if not points:
        return table_of
    highest = rounded_up(max(point.x for point in points))
    lows = [point.y if point.low is None else point.low for point in points]
    highs = [point.y if point.high is None else point.high for point in points]
    title, told = words("more/learning_curve"), words("more/learning_curve_told")
    picture = charts.lines(
        {words("measures/auroc"): points},
        title,
        width=560,
        height=300,
        x_range=(0, highest),
        y_range=(max(min(lows) - 0.02, 0), min(max(highs) + 0.02, 1)),
        x_ticks=ticks(0, highest, 4),
        unit=words("more/rows"),
        told=told,
        tongue=words.tongue,
    )
    return figure(title, told, picture) + table_of


def _missing(figures: Figures) -> str:
    words = figures.words
    found = figures.report["missingness"]
    order = sorted(range(len(found)), key=lambda nth: (-(found[nth]["share"] or 0), found[nth]["column"]))
    bars = [
        Bar(words.of(row["label"]), row["share"], _share(figures, row))
        for row in (found[nth] for nth in order)
        if row["share"] != 0
    ]
    title, told = words("more/missingness"), words("more/missingness_told")
    head = (words("predictors/column"), words("more/share"))
    picture = charts.bars(
        bars[:MOST_BARS], title, head=head, width=620, left=340, right=110, told=told, tongue=words.tongue
    )
    rows = [
        [escape(words.of(found[nth]["label"])), figures.share(pointer("missingness", nth, "share"))] for nth in order
    ]
    return (
        figure(title, told, picture)
        + f"<details><summary>{escape(words('page/all'))}</summary>{table(head, rows)}</details>"
    )


def _share(figures: Figures, row: Mapping[str, Any]) -> str:
    return figures.tongue.words["hidden"] if row["share"] is None else figures.tongue.percent(row["share"])


def _value(found: Any) -> float | None:
    told = found["value"] if isinstance(found, Mapping) else found
    return None if told is None else float(told)
