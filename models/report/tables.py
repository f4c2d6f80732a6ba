"""The tables of a report: tenths of risk, places, groups, and the simpler models beside."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from models.report.figures import Figures, pointer
from models.report.first import most_places, told_threshold
from models.report.html import heading, paragraph, table
from models.report.words import Words


def tenths(figures: Figures) -> str:
    """Return predicted, observed and cumulative incidence in each tenth."""
    words, report = figures.words, figures.report
    of = {"mean_risk": "mean_risk", "observed": "observed", "cumulative_incidence": "incidence", "died_first": "died"}
    measured = {key: word for key, word in of.items() if any(one[key] is not None for one in report["deciles"])}
    rows = []
    for nth, one in enumerate(report["deciles"]):
        at = pointer("deciles", nth)
        if one["suppressed"]:
            rows.append([str(one["tenth"]), *[_hidden(words)] * (1 + len(measured))])
            continue
        rows.append([str(one["tenth"]), figures.count(f"{at}/n"), *(figures.share(f"{at}/{key}") for key in measured)])
    head = [words(f"tenths/{key}") for key in ("tenth", "n", *measured.values())]
    told = words("tenths/told") + (f" {words('tenths/competing')}" if "cumulative_incidence" in measured else "")
    return heading("tenths", words("tenths/title")) + paragraph(told) + table(head, rows)


def agreed(figures: Figures) -> str:
    """Return what acting at each agreed threshold would do: how many lie above it, who is found, what it is worth."""
    words, found = figures.words, figures.report["decision_curve"]["agreed"]
    rows = []
    for nth, one in enumerate(found):
        at = pointer("decision_curve", "agreed", nth)
        rows.append(
            [
                escape(figures.tongue.percent(one["threshold"], 0)),
                *(figures.share(f"{at}/{key}") for key in ("flagged", "sensitivity", "positive_predictive_value")),
                *(figures.figure(f"{at}/{key}", 4) for key in ("net_benefit", "treat_all")),
            ]
        )
    head = [words("agreed/threshold"), *(words(f"capacity/{key}") for key in ("flagged", "found", "right", "benefit"))]
    told = paragraph(words("agreed/told"))
    return heading("agreed", words("agreed/title")) + told + table([*head, words("agreed/to_all")], rows)


def places(figures: Figures) -> str:
    """Return for each share of places who is found and who is missed."""
    words, report, tongue = figures.words, figures.report, figures.tongue
    keys = ("places", "cut", "flagged", "found", "missed", "right", "benefit")
    rows = []
    for nth, one in enumerate(report["capacity"]):
        at = pointer("capacity", nth)
        rows.append(
            [
                escape(tongue.percent(one["share"], 0)),
                figures.share(f"{at}/cut"),
                figures.share(f"{at}/flagged"),
                figures.share(f"{at}/sensitivity"),
                figures.share(f"{at}/sensitivity", rest=True),
                figures.share(f"{at}/positive_predictive_value"),
                figures.figure(f"{at}/net_benefit"),
            ]
        )
    head = [words(f"capacity/{key}") for key in keys]
    return heading("capacity", words("capacity/title")) + paragraph(words("capacity/told")) + table(head, rows)


def groups(figures: Figures) -> str:
    """Return every figure shown of every group; a hidden one is a row of words."""
    words, report, tongue = figures.words, figures.report, figures.tongue
    threshold = report["decision_curve"]["agreed"][told_threshold(report)]["threshold"]
    share = most_places(report)
    head = [
        words("subgroups/group"),
        words("subgroups/people"),
        words("subgroups/events"),
        words("subgroups/oe"),
        tongue.words["adjusted"],
        words("measures/auroc"),
        words("measures/ici"),
        words("subgroups/benefit", threshold=tongue.percent(threshold, 0)),
        words("subgroups/missed", share=tongue.percent(share, 0)),
    ]
    rows = []
    for factor, levels in report["subgroups"].items():
        rows.append([escape(words.named("factors", factor))])
        for level in words.ordered(levels):
            one = levels[level]
            name, at = escape(words.named("levels", level)), pointer("subgroups", factor, level)
            if one["suppressed"]:
                rows.append([name, *[_hidden(words)] * 8])
                continue
            rows.append(
                [
                    name,
                    figures.count(f"{at}/people"),
                    figures.count(f"{at}/events"),
                    figures.figure(f"{at}/oe"),
                    figures.interval(f"{at}/oe_adjusted"),
                    figures.figure(f"{at}/auroc"),
                    figures.figure(f"{at}/ici"),
                    figures.figure(at + pointer("net_benefit", str(threshold)), 4),
                    figures.share(at + pointer("false_negatives", str(share))),
                ]
            )
    summary = escape(words("subgroups/table"))
    return f"<details><summary>{summary}</summary>{table(head, rows)}</details>"


def beside(figures: Figures, chosen: str, named: Callable[[str], str]) -> str:
    """Return the chosen model over the other candidate and the baselines, with the paired differences."""
    words, report, tongue = figures.words, figures.report, figures.tongue
    if not report["others"]:
        return ""
    thresholds = [str(one["threshold"]) for one in report["decision_curve"]["agreed"]]
    keys = ("auroc", "ici", "oe", "calibration_slope")
    own = [
        [escape(name), *(figures.figure(f"{at}/{key}") for key in keys)]
        for name, at in (
            (words("beside/chosen", name=named(chosen)), "/overall"),
            *((named(name), pointer("others", name)) for name in report["others"]),
        )
    ]
    less = []
    for name in report["others"]:
        at = pointer("others", name, "difference")
        of_net = (figures.figure(at + pointer("net_benefit", t), 4, signed=True) for t in thresholds)
        of_core = (figures.figure(f"{at}/{key}", signed=True) for key in ("auroc", "ici"))
        less.append([escape(words("beside/less", name=named(name))), *of_core, *of_net])
    head = [words("beside/model"), *(words(f"measures/{key}") for key in keys)]
    benefits = (words("beside/benefit", threshold=tongue.percent(float(t), 0)) for t in thresholds)
    head_less = [words("beside/difference"), words("measures/auroc"), words("measures/ici"), *benefits]
    return (
        heading("beside", words("beside/title"))
        + table(head, own)
        + paragraph(words("beside/told"))
        + table(head_less, less)
    )


def _hidden(words: Words) -> str:
    return escape(words.tongue.words["hidden"])
