"""Returns what the pages of the region show: the map, the hospitals, the strata, need in a funnel, the chain, the use.

Each table was told by `stratify need`; nothing is added up or divided here, so that nothing hidden can be worked out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from service.ui.region_data import (
    CATCHMENT,
    MEASURES,
    MUNICIPALITY,
    OUTCOMES,
    REGION,
    Measure,
    Row,
    Told,
    expected_rows,
    latest,
    layout,
    period_told,
    rows,
    value_told,
)
from service.ui.region_map import SHADES, Tile, shade_bounds, tile_map
from service.ui.wording import UiWords
from stratify.catalogue import Catalogue
from stratify.charts import Bar, Estimate, bars, ends, forest, funnel
from stratify.units import municipalities

ADULTS = "adults"  # expected by age and sex alone, where no model is asked
BAND = (0.8, 1.25)
SIDES = {0: "within", 1: "above95", -1: "below95", 2: "above998", -2: "below998"}
UNTOLD = ("all", "not_scored", "not told")


def map_told(need: Told, show: str, words: UiWords) -> dict[str, Any]:
    """Return the map and the hospitals of a measure, with what it is and of when."""
    measure = MEASURES[show]
    found = list(measure.rows(need))
    part = need["parts"][measure.part]
    name = words(f"region_show/{show}")
    return {
        "name": name,
        "what": words(f"region_what/{show}"),
        "period": _period(need, measure, show, words),
        "map": _map(found, measure, name, words),
        "hospitals": _hospitals(found, measure, name, words),
        "region": next((value_told(one, words, ratio=measure.ratio) for one in found if one["level"] == REGION), "–"),
        "ratio": measure.ratio,
        "source": words.of(part["source"]),
    }


def _period(need: Told, measure: Measure, show: str, words: UiWords) -> str:
    if not measure.ratio:
        return period_told(need["parts"][measure.part], words)
    outcome = dict(zip(("acute", "preventable", "psychiatric"), OUTCOMES, strict=True))[show]
    return latest(need["parts"]["need"]["told"][outcome]["years"])


def _map(found: Sequence[Row], measure: Measure, name: str, words: UiWords) -> str:
    by_name = {one["label"]: one for one in found if one["level"] == MUNICIPALITY}
    homes = {one.name: one.hospital for one in municipalities().values()}
    tiles = []
    for place, at in layout().items():
        row = by_name.get(place, {"value": None, "hidden": False})
        told = value_told(row, words, ratio=measure.ratio)
        tiles.append(Tile(place, at["column"], at["row"], homes[place], row["value"], told, bool(row["hidden"]),
                          bool(at.get("seat"))))  # fmt: skip
    bounds = shade_bounds([one.value for one in tiles if one.value is not None])
    return tile_map(
        tiles,
        words("region/map_title", what=name),
        told=words("region/map_told"),
        head=(words("region/municipality"), words("region/catchment"), name),
        words={key: words(f"region/map_{key}") for key in ("border", "hidden")},
        bounds=bounds,
        bounds_told=_bounds_told(tiles, bounds, measure, words),
        tongue=words.tongue,
    )


def _bounds_told(tiles: Sequence[Tile], bounds: Sequence[float], measure: Measure, words: UiWords) -> list[str]:
    values = [one.value for one in tiles if one.value is not None]
    if not values or len(set(bounds)) < SHADES - 1:
        return []
    edges = [min(values), *bounds, max(values)]

    def number(value: float) -> str:
        return words.tongue.number(value, 2) if measure.ratio else words.tongue.number(100 * value, 0)

    sign = "" if measure.ratio else words.tongue.per_cent
    return [f"{number(edges[nth])}–{number(edges[nth + 1])}{sign}" for nth in range(SHADES)]


def _hospitals(found: Sequence[Row], measure: Measure, name: str, words: UiWords) -> str:
    mine = [one for one in found if one["level"] == CATCHMENT]
    title, told = words("region/hospitals_title", what=name), words("region/hospitals_told")
    if measure.ratio:
        return _forest({words("region/catchments"): mine}, title, told, words, width=430)
    drawn = [
        Bar(one["label"], one["value"], value_told(one, words, ratio=False), one.get("low"), one.get("high"))
        for one in mine
    ]
    head = (words("region/catchment"), name)
    return bars(drawn, title, head=head, width=430, left=90, right=70, told=told, tongue=words.tongue)


def _forest(groups: Mapping[str, Sequence[Row]], title: str, told: str, words: UiWords, *, width: float = 860) -> str:
    hidden = words.tongue.words["hidden"]
    found = {
        name: [
            Estimate(one["label"], one["value"], one["low"], one["high"], told=hidden if one["hidden"] else "–")
            for one in of
        ]
        for name, of in groups.items()
    }
    return forest(found, title, width=width, left=120, right=130, band=BAND, reach=(0.7, 1.4), limits=(0.25, 4.0),
                  told=told, tongue=words.tongue)  # fmt: skip


def places_of(need: Told) -> list[str]:
    """Return the places that strata are told of: "" is the region."""
    return list(dict.fromkeys(one["label"] for one in rows(need["parts"]["looks"]["told"]["stratum"])
                              if one["level"] in (REGION, CATCHMENT)))  # fmt: skip


def matrix_told(need: Told, catalogue: Catalogue, place: str, words: UiWords) -> dict[str, Any]:
    """Return the matrix of need and resources of a place: adults in each cell, in words and as a shade."""
    level = REGION if place == "" else CATCHMENT
    found = {
        one["stratum"]: one
        for one in rows(need["parts"]["looks"]["told"]["stratum"])
        if one["level"] == level and one["label"] == place
    }
    axes: dict[str, list[Any]] = {"need": [], "resources": []}
    for one in sorted(catalogue.strata.values(), key=lambda one: one.level):
        axes.setdefault(one.axis, []).append(one)
    cells = {key: one for key, one in found.items() if key not in UNTOLD}
    most = max((one["value"] or 0.0 for one in cells.values()), default=0.0) or 1.0
    lines = []
    for need_level in reversed(axes["need"]):
        told = [_cell(cells.get(f"{need_level.id}/{one.id}"), most, words) for one in axes["resources"]]
        lines.append({"name": words.of(need_level.name.model_dump()), "cells": told})
    adults, not_scored = found.get("all"), found.get("not_scored")
    return {
        "head": [words.of(one.name.model_dump()) for one in axes["resources"]],
        "lines": lines,
        "adults": _count(adults, words),
        "not_scored": _count(not_scored, words),
        "period": period_told(need["parts"]["looks"], words),
    }


def _count(row: Row | None, words: UiWords) -> str:
    if row is None or row["count"] is None:
        return words.tongue.words["hidden"]
    return words.tongue.number(row["count"], 0)


def _cell(row: Row | None, most: float, words: UiWords) -> dict[str, Any]:
    if row is None:
        return {"count": "–", "share": "", "shade": 0}
    if row["count"] is None:
        return {"count": words.tongue.words["hidden"], "share": "", "shade": -1}
    share = row["value"] or 0.0
    shade = 0 if not row["count"] else 1 + min(SHADES - 1, int(SHADES * share / most * 0.999))
    told = words.tongue.percent(share, 1) if row["count"] else ""
    return {"count": words.tongue.number(row["count"], 0), "share": told, "shade": shade}


def need_told(need: Told, outcome: str, by: str, level: str, words: UiWords) -> dict[str, Any]:
    """Return observed and expected of a level's units in a funnel and a table."""
    part = need["parts"]["need"]
    of = part["told"][outcome]
    year = latest(of["years"])
    table = of["years"][year][by]
    mine = [one for one in expected_rows(need, outcome, by) if one["level"] == level]
    return {
        "name": words.of(of["name"]),
        "year": year,
        "in_training": by != ADULTS and of["years"][year].get("in_training", False),
        "funnel": funnel_told(mine, table["funnels"].get(level), words.of(of["name"]), words, ratio=True),
        "table": [unit_told(one, words, ratio=True) for one in mine],
        "text": words.of(part["text"]),
        "source": words.of(part["source"]),
        "lacking": [_named_in(words.of(one), part["told"], words) for one in part["lacking"]],
    }


def _named_in(text: str, outcomes: Told, words: UiWords) -> str:
    """Return a text with outcomes called by their names."""
    for key, one in outcomes.items():
        text = text.replace(key, f"“{words.of(one['name'])}”")
    return text


def unit_told(one: Row, words: UiWords, *, ratio: bool) -> dict[str, str]:
    """Return one unit of a funnel as a row of a table; ratio: observed over expected, else a share."""
    hidden, number = words.tongue.words["hidden"], words.tongue.number
    digits = 2 if ratio else 1

    def end(value: float) -> str:
        return number(value, 2) if ratio else number(100 * value, 0)

    def count(name: str, decimals: int) -> str:
        value = one.get(name)
        return (hidden if one["hidden"] else "–") if value is None else number(value, decimals)

    side = one["outside"]
    return {
        "name": one["label"],
        "people": count("denominator", 0),
        "observed": count("count", 0),
        "expected": count("expected", 1) if ratio else "",
        "value": value_told(one, words, ratio=ratio, digits=digits),
        "interval": ends(one["low"], one["high"], end) + ("" if ratio or one["low"] is None else words.tongue.per_cent),
        "side": "–" if side is None else words(f"region/side_{SIDES[side]}"),
        "out": "" if not side else "yes",
    }


def with_ends(one: Row, words: UiWords, digits: int = 1) -> str:
    """Return a share in words with its interval, where it has one."""
    told = value_told(one, words, ratio=False, digits=digits)
    if one["value"] is None or one.get("low") is None:
        return told
    return f"{told} ({ends(one['low'], one['high'], lambda end: words.tongue.number(100 * end, digits))})"


def funnel_told(mine: Iterable[Row], facts: Told | None, title: str, words: UiWords, *, ratio: bool) -> dict[str, Any]:
    """Return the funnel of units, or why there is none; of hidden units nothing is drawn."""
    if facts is None or not facts["drawn"]:
        told = {} if facts is None else {"hidden": str(facts["hidden"]), "units": str(facts["units"])}
        return {"drawn": None, "why": words("region/no_funnel", **told) if told else words("region/no_units")}
    from stratify.quality.spc import funnel as funnel_of

    there = [one for one in mine if one["outside"] is not None]
    over = [float(one["expected"] if ratio else one["denominator"]) for one in there]
    made = funnel_of([float(one["count"]) for one in there], over, facts["centre"], kind=facts["kind"])
    unit = words("region/oe") if ratio else words("region/share_used")
    size = words("region/expected") if ratio else words("region/eligible")

    def percent(value: float) -> str:
        return words.tongue.percent(value, 0)

    drawn = funnel(made, [one["label"] for one in there], title, unit=unit, size=size,
                   write=None if ratio else percent, width=860, height=360, tongue=words.tongue)  # fmt: skip
    return {
        "drawn": drawn,
        "why": words("region/some_hidden", n=str(facts["hidden"])) if facts["hidden"] else "",
    }


def activity_told(need: Told, words: UiWords) -> dict[str, Any]:
    """Return services to each expected admission by catchment, and the share treated at the own hospital."""
    parts = need["parts"]
    told = parts["services"]["told"]
    year = max(told)
    lines: dict[str, dict[str, str]] = {}
    kinds: list[str] = []
    for one in rows(told[year]):
        if one["level"] not in (REGION, CATCHMENT):
            continue
        kinds += [one["service"]] if one["service"] not in kinds else []
        name = one["label"] or words("region/region")
        lines.setdefault(name, {})[one["service"]] = value_told(one, words, ratio=True, digits=1)
    own = [one for one in rows(parts["own"]["told"]["shares"]) if one["priority"] == "all"]
    drawn = [Bar(one["label"], one["value"], with_ends(one, words), one["low"], one["high"])
             for one in own]  # fmt: skip
    title = words.of(parts["own"]["title"])
    own_drawn = bars(drawn, title, head=(words("region/catchment"), words("region/share")), highest=1.0,
                     width=700, left=110, right=170, told=words.of(parts["own"]["text"]),
                     tongue=words.tongue)  # fmt: skip
    return {
        "year": year,
        "kinds": [(kind, words.of(need["words"].get(kind, kind))) for kind in kinds],
        "lines": lines,
        "text": words.of(parts["services"]["text"]),
        "title": words.of(parts["services"]["title"]),
        "own": own_drawn,
        "own_title": title,
        "own_text": words.of(parts["own"]["text"]),
        "own_period": period_told(parts["own"], words),
    }  # fmt: skip
