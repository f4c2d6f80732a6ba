"""What a reader should know within a minute: a verdict in words, and below it the figures that it rests on.

Every part is a fact of the report, the card or the gates. Where an interval leaves two answers open, the answer is that
it is not settled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from models.report.figures import Figures, at, pointer
from models.report.html import heading
from models.report.names import baselines, names_of
from models.report.words import Words

BOUNDS = (0.8, 1.25)  # within these a ratio is right enough
LITTLE = 0.02  # of AUROC: less than this is hardly better
ORDERS = ((0.9, "very_well"), (0.8, "well"), (0.7, "fairly"), (0.6, "poorly"), (0.0, "hardly"))


def verdict(figures: Figures, card: Mapping[str, Any], gates: Sequence[Mapping[str, str]] | None) -> str:
    """Return the verdict and its figures as markup."""
    sentences = [ordered(figures), calibrated(figures), of_use(figures), enough(figures.words, card)]
    sentences.append(grouped(figures.words, gates or ()))
    return (
        heading("verdict", figures.words("verdict/title"), small=True)
        + f'<p class="verdict-in-words">{escape(" ".join(told for told in sentences if told))}</p>'
        + f'<p class="soft">{_rests_on(figures)}</p>'
    )


def ordered(figures: Figures) -> str:
    """Return how well people are told apart, and whether better than by the best simpler model."""
    words, auroc = figures.words, at(figures.report, "/overall/auroc")["value"]
    if auroc is None:
        return words("verdict/order_unknown")
    how = words("verdict/" + next(name for least, name in ORDERS if auroc >= least))
    best = best_simple(figures.report)
    less = None if best is None else figures.report["others"][best]["difference"]["auroc"]
    if best is None or less is None or less["low"] is None:
        return words("verdict/order", how=how)
    than = (
        "worse"
        if less["high"] < 0
        else "unsure"
        if less["low"] <= 0
        else "little"
        if less["value"] < LITTLE
        else "more"
    )
    return words("verdict/order_than", how=how, than=words(f"verdict/{than}", name=_small(names_of(words)(best))))


def best_simple(report: Mapping[str, Any]) -> str | None:
    """Return the simpler model with the highest AUROC, or None where none has one."""
    found = {name: report["others"][name]["auroc"]["value"] for name in report["others"] if name in baselines()}
    known = {name: value for name, value in found.items() if value is not None}
    return max(known, key=known.__getitem__) if known else None


def calibrated(figures: Figures) -> str:
    """Return whether risks are right on average, and rightly spread, by observed over expected and the slope."""
    words = figures.words
    of = {key: at(figures.report, f"/overall/{key}") for key in ("oe", "calibration_slope")}
    mean, spread = words(f"verdict/oe_{side(of['oe'])}"), words(f"verdict/slope_{side(of['calibration_slope'])}")
    return f"{mean}; {spread}."


def side(ratio: Mapping[str, float | None]) -> str:
    """Return where a ratio lies whose right value is 1, by its interval: right, above, below or unsettled.

    A small difference is told as such: it is plain, and within the bounds.

    >>> side({"value": 1.0, "low": 0.9, "high": 1.1}), side({"value": 0.8, "low": 0.6, "high": 1.05})
    ('right', 'unsettled')
    >>> side({"value": 1.1, "low": 1.02, "high": 1.2}), side({"value": 0.6, "low": 0.5, "high": 0.7})
    ('above_little', 'below')
    """
    low, high = ratio["low"], ratio["high"]
    if low is None or high is None:
        return "unsettled"
    within = BOUNDS[0] <= low and high <= BOUNDS[1]
    if low <= 1 <= high:
        return "right" if within else "unsettled"
    return ("above" if low > 1 else "below") + ("_little" if within else "")


def of_use(figures: Figures) -> str:
    """Return at which agreed thresholds acting by the model beats acting on all and on none."""
    words, tongue = figures.words, figures.tongue
    found: dict[str, list[str]] = {}
    for one in (figures.report["decision_curve"] or {"agreed": []})["agreed"]:
        found.setdefault(use_at(one), []).append(tongue.percent(one["threshold"], 0))
    told = [
        words(f"verdict/{use}", at=words("page/and").join(found[use]))
        for use in ("use_yes", "use_unsettled", "use_no", "use_hidden")
        if use in found
    ]
    return f"{words('verdict/use')} {'; '.join(told)}." if told else ""


def use_at(agreed: Mapping[str, Any]) -> str:
    """Return whether net benefit at a threshold lies above that of all and of none, by the intervals."""
    own, everyone = agreed["net_benefit"], agreed["treat_all"]
    if own["low"] is None or everyone["low"] is None:
        return "use_hidden"
    if own["low"] > max(0.0, everyone["high"]):
        return "use_yes"
    return "use_no" if own["high"] < max(0.0, everyone["low"]) else "use_unsettled"


def enough(words: Words, card: Mapping[str, Any]) -> str:
    """Return whether there were as many training rows as the sample-size rule asks for."""
    size, number = card["sample_size"], words.tongue.number
    met = "enough" if size["rows"] >= size["rows_needed"] else "not_enough"
    return words(f"verdict/{met}", rows=number(size["rows"], 0), needed=number(size["rows_needed"], 0))


def grouped(words: Words, gates: Sequence[Mapping[str, str]]) -> str:
    """Return how many groups the risks plainly fit, how many they plainly do not, and how many are undecided."""
    whole = next((gate["found"] for gate in gates if gate["id"] == "subgroups"), None)
    if whole is None:
        return ""
    within, _, told = whole.split()[:3]  # "3 of 27 plainly within"
    outside = sum(gate["verdict"] == "not_met" for gate in gates if gate["id"].startswith("subgroup "))
    undecided = int(told) - int(within) - outside
    return words("verdict/groups", all=told, within=within, undecided=str(undecided), outside=str(outside))


def _rests_on(figures: Figures) -> str:
    words, best = figures.words, best_simple(figures.report)
    told = [f"{escape(words('measures/auroc'))} {figures.figure('/overall/auroc')}"]
    if best is not None:
        place = pointer("others", best, "difference", "auroc")
        than = escape(words("verdict/difference", name=_small(names_of(words)(best))))
        told.append(f"{than} {figures.figure(place, signed=True)}")
    for key in ("oe", "calibration_slope"):
        told.append(f"{escape(_small(words(f'measures/{key}')))} {figures.figure(f'/overall/{key}')}")
    return "; ".join(told) + "."


def _small(name: str) -> str:
    """Return a name as it stands within a sentence; LACE and the like stay as they are."""
    return name[:1].lower() + name[1:] if name[1:2].islower() else name
