"""Returns what came before an acute admission, and who of those eligible used an offer, as pages show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.ui.region_data import REGION, Row, Told, period_told, rows, value_told
from service.ui.region_view import funnel_told, unit_told, with_ends
from service.ui.wording import UiWords
from stratify.charts import Bar, bars

BY = ("place", "group", "care", "few_resources", "smi")
LAST = ("none", "none_at_least")


def chain_told(need: Told, by: str, words: UiWords) -> dict[str, Any]:
    """Return the region's acute admissions by what came in the 7 days before, and the same by place or group."""
    part = need["parts"]["chain"]
    told = list(rows(part["told"][by]))
    whole = [one for one in told if one["level"] == REGION]
    kinds = [one["before"] for one in whole]
    order = [*sorted((k for k in kinds if k not in LAST and not k.startswith("by_")),
                     key=lambda k: -(next(o["value"] for o in whole if o["before"] == k) or 0.0)),
             *(k for k in LAST if k in kinds), *(k for k in kinds if k.startswith("by_"))]  # fmt: skip
    at = {one["before"]: one for one in whole}
    title = words.of(part["title"])
    drawn = [Bar(words.of(need["words"][kind]), at[kind]["value"], with_ends(at[kind], words),
                 at[kind]["low"], at[kind]["high"]) for kind in order]  # fmt: skip
    chart = bars(drawn, title, head=(words("region/before"), words("region/share")), width=860, left=290, right=160,
                 highest=1.0, told=words("region/chain_told"), tongue=words.tongue)  # fmt: skip
    lines: dict[tuple[str, str], dict[str, str]] = {}
    for one in told:
        if one["level"] != REGION:
            key = (one["level"], one["label"])
            lines.setdefault(key, {})[one["before"]] = value_told(one, words, ratio=False, digits=0)
    return {
        "title": title,
        "text": words.of(part["text"]),
        "source": words.of(part["source"]),
        "period": period_told(part, words),
        "lacking": [words.of(one) for one in part["lacking"]],
        "admissions": words.tongue.number(whole[0]["denominator"] or 0, 0),
        "chart": chart,
        "head": [(kind, words.of(need["words"][kind])) for kind in order],
        "levels": _levels(need, lines, words),
    }


def _levels(need: Told, lines: Mapping[tuple[str, str], dict[str, str]], words: UiWords) -> list[dict[str, Any]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for (level, label), told in lines.items():
        if set(told.values()) == {"–"}:
            continue
        name = words.named("region_label", label)
        if name == label and label in need["words"]:
            name = words.of(need["words"][label])
        found.setdefault(level, []).append({"name": name, "told": told})
    return [{"name": words.named("region_level", level), "level": level, "lines": of} for level, of in found.items()]


def uses_told(need: Told, words: UiWords) -> list[dict[str, str]]:
    """Return the offers whose use a register tells: name, for whom, and the region's share."""
    found = []
    for key, one in sorted(need["parts"]["use"]["told"]["uses"].items(), key=_most_told):
        whole = next((row for row in rows(one) if row["level"] == REGION), None)
        share = "–" if whole is None else value_told(whole, words, ratio=False, digits=0)
        found.append({"id": key, "name": words.of(one["name"]), "share": share})
    return found


def _most_told(use: tuple[str, Told]) -> tuple[int, str]:
    """Return what sorts the uses: those first of which most units can be shown."""
    key, one = use
    return sum(of["hidden"] for of in one["funnels"].values()), key


def use_told(need: Told, offer: str, level: str, words: UiWords) -> dict[str, Any]:
    """Return the use of one offer by those eligible for it: in a funnel and a table of a level's units."""
    part = need["parts"]["use"]
    one = part["told"]["uses"][offer]
    mine: list[Row] = [row for row in rows(one) if row["level"] == level]
    name = words.of(one["name"])
    return {
        "name": name,
        "eligible": words.of(one["eligible"]),
        "used": words.of(one["used"]),
        "source": words.of(one["source"]),
        "period": period_told(part, words),
        "funnel": funnel_told(mine, one["funnels"].get(level), name, words, ratio=False),
        "table": [unit_told(row, words, ratio=False) for row in mine],
        "not_told": sorted(words.of(told) for told in part["told"]["not_told"].values()),
    }
