"""Returns coverage of offers, the last plan by stratum, and what-if results beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.ui.wording import UiWords, sections
from service.written import read_written
from stratify.catalogue import Catalogue
from stratify.charts import Estimate, ends, forest
from stratify.workspace import Workspace

ASKED = {"bridges": ("all", "none"), "hints": "all hold", "need": "registered need", "counted": "needs met"}
GROUPS = ("ill in mind and body", "few resources, truly")


def coverage_told(work: Workspace, catalogue: Catalogue, words: UiWords) -> dict[str, Any]:
    """Return whether equal need is met equally: by stratum with bridges and without, and group beside others."""
    found = read_written(work.coverage, "coverage.json")
    if found.state != "there":
        return {"state": found.state}
    lines = [
        one
        for one in found.told["lines"]
        if one["bridges"] in ASKED["bridges"] and all(one[key] == ASKED[key] for key in ("hints", "need", "counted"))
    ]
    groups: dict[str, list[Estimate]] = {}
    for one in lines:
        name = words(f"region_bridges/{one['bridges']}")
        group = words.named("region_group", one["group"])
        value, low, high = (None if one[key] is None else 100 * one[key] for key in ("difference", "low", "high"))
        groups.setdefault(name, []).append(Estimate(group, value, low, high))
    title = words("region/gap_title")
    reach = [abs(end) for of in groups.values() for one in of for end in (one.low, one.high) if end is not None]
    most = max([1.0, *reach])
    chart = forest(groups, title, width=760, left=230, log=False, wanted=0.0, reach=(-most, most), limits=(-100, 100),
                   digits=1, told=words("region/gap_told"), tongue=words.tongue)  # fmt: skip
    return {
        "state": "there",
        "chart": chart,
        "strata": _strata(found.told["strata"], catalogue, words),
        "least": str(found.told["strata"][0]["least"]) if found.told["strata"] else "",
        "leaning": [
            {
                "group": words.named("region_group", group),
                "bridges": [
                    (words.of(catalogue.bridges[key].name.model_dump()), words.tongue.percent(share, 0))
                    for key, share in sorted(of.items(), key=lambda one: -one[1])
                    if key in catalogue.bridges
                ],
            }
            for group, of in found.told["leaning"].items()
        ],
    }


def _strata(lines: list[Mapping[str, Any]], catalogue: Catalogue, words: UiWords) -> list[dict[str, str]]:
    hidden = words.tongue.words["hidden"]

    def share(value: float | None) -> str:
        return hidden if value is None else words.tongue.percent(value, 0)

    found = []
    for one in reversed(lines):
        if not one["told"]:
            continue
        need, resources = (words.of(catalogue.strata[key].name.model_dump()) for key in one["stratum"].split("/"))
        found.append({
            "need": need, "resources": resources,
            "with_bridges": share(one["with_bridges"]), "without": share(one["without"]),
        })  # fmt: skip
    return found


def plan_told(work: Workspace, catalogue: Catalogue, words: UiWords) -> dict[str, Any]:
    """Return whom the last plan reaches, by stratum and by offer."""
    found = read_written(work.root / "plan", "plan.json")
    if found.state != "there":
        return {"state": found.state}

    def count(value: int | None) -> str:
        return words.tongue.words["hidden"] if value is None else words.tongue.number(value, 0)

    offers = [
        {
            "name": words.of(catalogue.offers[key].name.model_dump()) if key in catalogue.offers else key,
            **{name: count(one[name]) for name in ("places", "open", "planned", "waiting")},
        }
        for key, one in found.told["offers"].items()
    ]
    strata = []

    def standing(label: str) -> list[int]:
        return [-catalogue.strata[key].level if key in catalogue.strata else 0 for key in label.split(" / ")]

    told = found.told.get("stratum", {})
    for label, one in sorted(told.items(), key=lambda one: standing(one[0])):
        name = " / ".join(
            words.of(catalogue.strata[key].name.model_dump()) if key in catalogue.strata else key
            for key in label.split(" / ")
        )
        strata.append({"name": name, **{key: count(one[key]) for key in ("all", "planned", "waiting")}})
    return {"state": "there", "offers": offers, "strata": strata}


def whatif_told(work: Workspace, words: UiWords) -> dict[str, Any]:
    """Return policies of offers beside each other: whom they reach, and what is avoided in the simulated region."""
    found = read_written(work.whatif, "whatif.json")
    if found.state != "there":
        return {"state": found.state}
    told = found.told
    policies, effects_of = list(sections()["region_policy"]), list(sections()["region_effects"])
    reach = [
        {
            "policy": words.named("region_policy", policy),
            "places": words.tongue.number(of["places"], 0),
            "all": _share(of["all"], words),
            "groups": [(words.named("region_group", one), _share(of[one], words)) for one in GROUPS if one in of],
        }
        for policy, of in _in_order(told["reach"], policies)
    ]
    charts = []
    for effects, followed in _in_order(told["effects"], effects_of):
        groups: dict[str, list[Estimate]] = {}
        for policy, outcomes in _in_order(followed, policies):
            for outcome, one in outcomes.items():
                of = one["avoided_per_1000"]
                name = words.named("region_policy", policy)
                line = Estimate(name, of["value"], of["low"], of["high"])
                groups.setdefault(words.named("region_avoided", outcome), []).append(line)
        ends_of = [
            abs(end) for of in groups.values() for one in of for end in (one.low, one.high) if end is not None
        ] or [0.0]
        most = max(ends_of) or 1.0
        title = words("region/whatif_title", effects=words.named("region_effects", effects))
        drawn = forest(groups, title, width=520, left=190, right=150, log=False, wanted=0.0, reach=(-most / 4, most),
                       limits=(-1000, 1000), digits=2 if most >= 0.1 else 4,
                       told=words("region/whatif_told"), tongue=words.tongue)  # fmt: skip
        charts.append({"title": title, "drawn": drawn})
    orders = list(told["order"].values())
    hangs = "none" if not orders else "one" if len(orders) == 1 else "same" if len(set(orders)) == 1 else "other"
    return {
        "state": "there",
        "hangs": words(f"region/order_{hangs}"),
        "people": words.tongue.number(told["people"], 0),
        "day": words.day(told["landmark"]),
        "reach": reach,
        "charts": charts,
    }


def _in_order(found: Mapping[str, Any], order: list[str]) -> list[tuple[str, Any]]:
    """Return what was found in the order that words stand in; what has no words comes last."""
    return sorted(found.items(), key=lambda one: (order.index(one[0]) if one[0] in order else len(order), one[0]))


def _share(one: Mapping[str, float], words: UiWords) -> str:
    value = words.tongue.percent(one["value"], 1)
    return f"{value} ({ends(one['low'], one['high'], lambda end: words.tongue.number(100 * end, 1))})"
