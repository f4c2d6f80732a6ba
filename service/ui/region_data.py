"""Returns what the pages of the region read from `need/need.json`: rows of its tables, and what a map may show.

Everything there was disclosed where it was made; a hidden cell has no figure and stays hidden.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from service.logs import log
from service.ui.wording import UiWords
from service.written import Written, read_written
from stratify.disclosure import SMALLEST_SHOWN
from stratify.workspace import Workspace

TILES = Path(__file__).parent / "tiles.toml"
REGION, CATCHMENT, MUNICIPALITY = "region", "catchment", "municipality"
NEED = "need.json"
FIGURES = ("count", "denominator", "expected", "value", "low", "high")
Told = Mapping[str, Any]
Row = Mapping[str, Any]
OUTCOMES = ("acute_somatic_admission_365d", "acsc_admission_365d", "psychiatric_admission_365d")


class Measure(NamedTuple):
    """What a map shows: the part of the file it is from, and whether it is a ratio; else it is a share."""

    part: str
    ratio: bool
    rows: Callable[[Told], Iterator[Row]]


def need_of(work: Workspace) -> Written:
    """Return what `stratify need` wrote; nothing of it where a count would be of 1 to 4 people."""
    found = read_written(work.need, NEED)
    if found.state != "there":
        return found
    digest = found.manifest["files"][NEED]
    if digest not in _checked:
        _checked.clear()
        _checked[digest] = _shows_few(found.told)
        if _checked[digest]:
            log.error("%s would show 1 to 4 people, or what it hides: run the step again", NEED)
    return Written("damaged", {}, {}) if _checked[digest] else found


_checked: dict[str, bool] = {}  # whether a file shows too few, by its digest: of the latest one


def _shows_few(told: Any) -> bool:
    """Return whether a count, or what is left of its whole, is 1 to 4, or a hidden cell has a figure."""
    if isinstance(told, list):
        return any(map(_shows_few, told))
    if not isinstance(told, Mapping):
        return False
    columns = told.get("columns")
    if isinstance(columns, Mapping):
        return any(_row_shows_few(row) for row in rows(told))
    return any(map(_shows_few, told.values()))


def _row_shows_few(row: Row) -> bool:
    count, whole = row.get("count"), row.get("denominator")
    if row.get("hidden"):
        return any(row.get(name) is not None for name in FIGURES)
    rest = whole - count if count is not None and whole is not None else None
    return any(one is not None and 0 < one < SMALLEST_SHOWN for one in (count, whole, rest))


def rows(table: Told) -> Iterator[Row]:
    """Yield a table of columns row by row."""
    columns = table["columns"]
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


def latest(of: Told) -> str:
    """Return the year that need is told of: the latest that no model was fitted or calibrated on, else the latest.

    >>> latest({"2022": {"in_training": True}, "2023": {"in_training": False}, "2024": {"in_training": False}})
    '2024'
    >>> latest({"2022": {"in_training": True}, "2023": {"in_training": True}})
    '2023'
    """
    clean = [year for year, one in of.items() if not one.get("in_training", False)]
    return max(clean or of)


def expected_rows(need: Told, outcome: str, by: str) -> Iterator[Row]:
    """Yield places with observed and expected in the latest year; by: adults (age and sex) or case_mix."""
    years = need["parts"]["need"]["told"][outcome]["years"]
    yield from rows(years[latest(years)][by])


def _ratio(outcome: str) -> Measure:
    return Measure("need", True, lambda need: expected_rows(need, outcome, "adults"))


def _share(part: str, table: str, column: str, level: str) -> Measure:
    def found(need: Told) -> Iterator[Row]:
        told = need["parts"][part]["told"][table]
        yield from (row for row in rows(told) if row[column] == level)

    return Measure(part, False, found)


MEASURES: Mapping[str, Measure] = {  # in the order they are offered
    "acute": _ratio("acute_somatic_admission_365d"),
    "preventable": _ratio("acsc_admission_365d"),
    "psychiatric": _ratio("psychiatric_admission_365d"),
    "multimorbid": _share("looks", "group", "group", "multimorbid_or_both"),
    "both": _share("looks", "group", "group", "psychiatric_somatic"),
    "few_resources": _share("looks", "few_resources", "few_resources", "yes"),
    "far": _share("looks", "distance", "distance", "30 km or more"),
    "nothing": _share("chain", "place", "before", "none"),
}


def known(need: Told) -> list[str]:
    """Return the measures that this file can tell."""
    found = []
    for name, one in MEASURES.items():
        try:
            if any(row["level"] == CATCHMENT for row in one.rows(need)):
                found.append(name)
        except (KeyError, TypeError):
            continue
    return found


def value_told(row: Row, words: UiWords, *, ratio: bool, digits: int | None = None) -> str:
    """Return a place's figure in words; of a hidden cell, that it is; a dash where there is nobody."""
    if row["value"] is None:
        return words.tongue.words["hidden"] if row["hidden"] else "–"
    if ratio:
        return words.tongue.number(row["value"], 2 if digits is None else digits)
    return words.tongue.percent(row["value"], 0 if digits is None else digits)


def period_told(part: Told, words: UiWords) -> str:
    """Return the years or the day a part is of.

    >>> period_told({"period": ["2020", "2021"]}, UiWords("en")), period_told({"period": ["2022-2024"]}, UiWords("da"))
    ('2020–2021', '2022–2024')
    """
    told = [str(one) for one in part["period"]]
    if len(told) == 1 and len(told[0]) == len("2025-01-01"):
        return words.day(told[0])
    return f"{told[0]}–{told[-1]}" if len(told) > 1 else told[0].replace("-", "–")


@cache
def layout() -> Mapping[str, Mapping[str, Any]]:
    """Return where each municipality stands on the tile map."""
    with TILES.open("rb") as file:
        return dict(tomllib.load(file)["tiles"])
