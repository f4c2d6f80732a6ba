"""What a model must show before it is promoted, each gate with its figure; and what it shows against the champion.

A gate closes on evidence, not on doubt: a subgroup whose interval straddles the bounds is listed as undecided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from models.spec import Gates, Spec

Verdict = Literal["met", "not_met", "undecided"]


@dataclass(frozen=True)
class Gate:
    """One gate: what was asked, what was found."""

    id: str
    verdict: Verdict
    asked: str
    found: str

    def told(self) -> dict[str, str]:
        """Return it as it stands in a decision."""
        return {"id": self.id, "verdict": self.verdict, "asked": self.asked, "found": self.found}

    def line(self) -> str:
        """Return it in one line."""
        return f"{self.id}: {self.found}; asked: {self.asked}"


def gates(spec: Spec, report: Mapping[str, Any], against: Mapping[str, Any] | None) -> list[Gate]:
    """Return every gate of a model by its spec and its report on the test rows.

    against: the report's entry of the champion on the same rows (`others`), with the paired differences of the model
    less the champion; None where there is no champion of this outcome and population.
    """
    use = Gate("intended use", "not_met" if spec.for_study else "met", "a spec of its own", "for study alone"
               if spec.for_study else "declared")  # fmt: skip
    found = [use, *_calibrated(spec.gates, report["overall"]), *_subgroups(spec.gates, report["subgroups"])]
    return [*found, *_against(spec.gates, against)] if against is not None else found


def _calibrated(spec: Gates, overall: Mapping[str, Any]) -> list[Gate]:
    slope, intercept = overall["calibration_slope"], overall["calibration_intercept"]
    low, high = spec.slope
    return [
        _within("slope", slope, low, high),
        _within("intercept", intercept, -spec.intercept, spec.intercept),
    ]


def _within(name: str, figure: Mapping[str, Any], low: float, high: float) -> Gate:
    """Met where the value lies inside; not met where it does not and the interval too lies outside; else undecided."""
    asked, value = f"{low:g} to {high:g}", figure["value"]
    found = _text(figure, ".3f")
    if value is not None and low <= value <= high:
        return Gate(name, "met", asked, found)
    apart = _is_told(figure) and (figure["high"] < low or figure["low"] > high)
    return Gate(name, "not_met" if apart else "undecided", asked, found)


def _is_told(figure: Mapping[str, Any]) -> bool:
    """Whether a figure has a value and both ends of its interval; no gate closes on one that has not."""
    return all(figure[key] is not None for key in ("value", "low", "high"))


def _text(figure: Mapping[str, Any], form: str) -> str:
    if figure["value"] is None:
        return "too few to tell"
    ends = f"{figure['low']:{form}} to {figure['high']:{form}}" if _is_told(figure) else "too few for an interval"
    return f"{figure['value']:{form}} ({ends})"


def _subgroups(spec: Gates, subgroups: Mapping[str, Any]) -> list[Gate]:
    """One gate for each subgroup that may be shown and is not plainly within: its adjusted O/E interval."""
    low, high = spec.subgroup_oe
    asked = f"O/E within {low:g} to {high:g}"
    found: list[Gate] = []
    told = 0
    for factor, levels in subgroups.items():
        for level, figures in levels.items():
            oe = figures.get("oe_adjusted")
            if not oe or oe["value"] is None:
                continue
            told += 1
            name, text = f"subgroup {factor} = {level}", _text(oe, ".2f")
            if _is_told(oe) and (oe["high"] < low or oe["low"] > high):
                found.append(Gate(name, "not_met", asked, text))
            elif not _is_told(oe) or oe["low"] < low or oe["high"] > high:
                found.append(Gate(name, "undecided", asked, text))
    within = told - len(found)
    whole: Verdict = "met" if within == told else "undecided"  # what is not met says so itself
    return [Gate("subgroups", whole, asked, f"{within} of {told} plainly within"), *found] if told else []


def _against(spec: Gates, against: Mapping[str, Any]) -> list[Gate]:
    """Not worse than the champion: net benefit at each agreed threshold, and ICI by more than the margin."""
    difference = against["difference"]
    found = []
    for threshold, one in difference["net_benefit"].items():
        name, asked = f"net benefit at {float(threshold):g}", "not below the champion's"
        verdict: Verdict = "not_met" if _is_told(one) and one["high"] < 0 else "met"
        found.append(Gate(name, verdict if _is_told(one) else "undecided", asked, _text(one, "+.5f")))
    ici = difference["ici"]
    asked = f"not above the champion's by {spec.ici_margin:g}"
    verdict = "not_met" if _is_told(ici) and ici["low"] > spec.ici_margin else "met"
    return [*found, Gate("ici", verdict if _is_told(ici) else "undecided", asked, _text(ici, "+.4f"))]


def closed(found: Sequence[Gate]) -> list[Gate]:
    """Return the gates that are not met."""
    return [gate for gate in found if gate.verdict == "not_met"]
