"""Returns what `stratify watch` last found of the served models, as far as it may be shown."""

from __future__ import annotations

from typing import Any

from service.ui.wording import UiWords
from service.written import read_written
from stratify.charts import ends
from stratify.workspace import Workspace

ALL = "all"


def drift_told(work: Workspace, words: UiWords, version: str, key: str | None = None) -> dict[str, Any]:
    """Return observed over expected in the latest mature months, what is proposed, and what chance alone would do.

    key: of one model alone. state: there, absent, damaged, or other, where another bundle was watched.
    """
    found = read_written(work.watch, "proposals.json")
    if found.state != "there":
        return {"state": found.state}
    if found.manifest["inputs"]["bundle"] != version:
        return {"state": "other"}
    told, months = found.told, found.manifest["results"]["months"]
    lines = [one for one in told["pooled"] if one["factor"] == ALL and key in (None, one["member"])]
    chance = sum(count for rule, count in told["expected_false_alarms"].items() if rule != "charts")
    proposed = [one for one in told["proposals"] if key in (None, one.get("member"))]
    return {
        "state": "there",
        "to": _month(months[-1], words) if months else "–",
        "pooled": lines[0]["months"] if lines else 0,
        "lines": [_line(one, words) for one in lines],
        "proposed": [_proposal(one, words) for one in proposed],
        "chance": words.tongue.number(chance, 1),
    }


def _month(told: str, words: UiWords) -> str:
    """Return a month in words.

    >>> _month("2024-12", UiWords("da"))
    'december 2024'
    """
    year, month = told.split("-")
    return f"{words('days/months').split()[int(month) - 1]} {year}"


def _line(one: dict[str, Any], words: UiWords) -> dict[str, str]:
    def told(name: str, digits: int) -> str:
        if one[name] is None:
            few = "too_few" if name in (one["too_few"] or ()) and not one["suppressed"] else "hidden"
            return words.tongue.words[few]
        value = words.tongue.number(one[name], digits)
        low, high = one[f"{name}_interval"]
        return f"{value} ({ends(low, high, lambda end: words.tongue.number(end, digits))})"

    outcome, population = one["member"].split("/")
    name = f"{words.named('models_outcome', outcome)}, {words.named('models_population', population)}"
    return {
        "member": one["member"],
        "name": name,
        "oe": told("oe", 2),
        "auroc": told("auroc", 2),
        "slope": told("slope", 2),
    }


def _proposal(one: dict[str, Any], words: UiWords) -> dict[str, str]:
    """Return what is proposed, why in the words it was written with, and the command a person may run."""
    return {"what": words.named("models_propose", one["propose"]), "why": one["why"], "run": " && ".join(one["run"])}
