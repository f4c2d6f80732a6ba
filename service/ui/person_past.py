"""Returns how a person's risks went, and conditions, stays and medicines on a common time, as pictures with tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from service.past import Past
from service.schemas import Risk
from service.ui.person_words import said
from service.ui.wording import UiWords
from stratify.catalogue import Catalogue
from stratify.charts import Lane, Part, Point, Span, lines, timeline
from stratify.charts.basis import Table

EPOCH = date(1970, 1, 1)
YEARS = 5  # of the picture; conditions may be older
A_YEAR = 365.25
MOST_MEDICINES = 8  # of the picture, the latest bought; all stand in the table
LEAST_POINTS = 2
HISTORY = ("acute_admission_365d", "psychiatric_admission_365d", "acsc_admission_365d")


def history_told(past: Past, risks: Sequence[Risk], scored: date, words: UiWords) -> str | None:
    """Return the line of each risk over the days people were scored for; None where there is no earlier one."""
    by_outcome = {one.outcome: one.risk for one in risks}
    shown = [key for key in HISTORY if key in by_outcome and _known(past, key)]
    series = {
        words.named("person_short", key): [
            *(Point(_year(EPOCH + timedelta(day)), round(100 * at)) for day, at in
              zip(past.days, past.risks[key], strict=True) if at is not None),
            Point(_year(scored), round(100 * by_outcome[key])),
        ]
        for key in shown
    }  # fmt: skip
    if not series:
        return None
    every = [point for points in series.values() for point in points]
    first, last = min(one.x for one in every), max(one.x for one in every)
    years = sorted({round(one.x, 2) for one in every if abs(one.x - round(one.x)) < 0.01})
    told = words("person/history_told", n=str(round(every[0].y)), m=str(round(by_outcome[shown[0]] * 100)))
    return lines(
        series,
        words("person/history"),
        width=340,
        height=170 + 18 * len(series),
        x_range=(first, last),
        x_ticks=years or [first, last],
        unit=words("person/history_unit"),
        told=told,
        step=1.5,
        tongue=words.tongue,
    )


def timeline_told(
    past: Past, conditions: Sequence[str], scored: date, catalogue: Catalogue, words: UiWords
) -> dict[str, Any] | None:
    """Return the picture of five years, and how many medicines it leaves to the table; None where nothing is known."""
    end = (scored - EPOCH).days
    start = end - round(YEARS * A_YEAR)
    of_conditions = [(said(catalogue.conditions[key].name, words), day) for key, day in past.conditions
                     if key in conditions]  # fmt: skip
    medicines = sorted(past.medicines, key=lambda one: -one[2])
    few = sorted(medicines[:MOST_MEDICINES], key=lambda one: one[1])
    kinds = [kind for kind in ("sa", "sp", "pa", "pp") if any(one[2] == kind for one in past.stays)]
    parts = [
        Part(words("person/lane_conditions"), [Lane(name, [Span(day, None)]) for name, day in of_conditions], "two"),
        Part(
            words("person/lane_stays"),
            [
                Lane(words(f"person_stay/{kind}"), [Span(a, b, heavy=True) for a, b, of in past.stays if of == kind])
                for kind in kinds
            ],
            "one",
        ),
        Part(
            words("person/lane_medicines"), [Lane(_drug(one[0], words), [Span(one[1], one[2])]) for one in few], "two"
        ),
    ]
    parts = [one for one in parts if one.lanes]
    if not parts:
        return None
    rows = [[name, words("person/lane_conditions"), _day(day, words), "–"] for name, day in of_conditions]
    rows += [[words(f"person_stay/{kind}"), words("person/lane_stays"), _day(a, words),
              words("person/not_over") if b is None else _day(b, words)] for a, b, kind in past.stays]  # fmt: skip
    rows += [[_drug(one[0], words), words("person/lane_medicines"), _day(one[1], words), _day(one[2], words)]
             for one in medicines]  # fmt: skip
    head = [words(f"person/time_{name}") for name in ("what", "kind", "from", "to")]
    counts = {"conditions": len(of_conditions), "stays": len(past.stays), "medicines": len(medicines)}
    picture = timeline(
        parts,
        words("person/timeline"),
        ends=(start, end),
        marks=[(at, str(year)) for year in range(scored.year - YEARS, scored.year + 1)
               if start <= (at := (date(year, 1, 1) - EPOCH).days) <= end],
        table=Table(head, rows),
        told=words("person/timeline_told", **{name: str(n) for name, n in counts.items()}),
        tongue=words.tongue,
    )  # fmt: skip
    return {"picture": picture, "left_out": max(len(medicines) - MOST_MEDICINES, 0)}


def _known(past: Past, outcome: str) -> bool:
    return any(one is not None for one in past.risks.get(outcome, ()))


def _year(day: date) -> float:
    first = date(day.year, 1, 1)
    return day.year + (day - first).days / (date(day.year + 1, 1, 1) - first).days


def _day(day: int, words: UiWords) -> str:
    return words.day(EPOCH + timedelta(day))


def _drug(group: str, words: UiWords) -> str:
    """Return the name of an ATC group at level 2, or its code where it has none here."""
    told = words.named("person_atc", group)
    return told if told == group else f"{told} ({group})"
