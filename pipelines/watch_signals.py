"""What the watched months say: which agreed bound is breached, and what a person may do about it. Nothing is done here.

Four kinds of breach, each on evidence and not on doubt:
- level: the O/E of the latest mature months, with an interval for all members and subgroups together (Bonferroni), lies
  wholly outside the gate of promotion; or that of all mature months lies outside it, and a run of months on one side of
  1 is longer than by chance (Anhøj's rule around 1);
- change: the latest mature month falls out of its chart, or ends a run that is too long;
- slope: its interval over these months lies wholly outside .8 to 1.25;
- order: the AUROC's interval lies wholly below that of calibration by .05 or more;
and of the data: drift of a column in the latest month, a landing with less than the one before, a month that is empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from models import Bundle, Declared
from models.table import Floats
from models.watch import Figures, month_figures
from pipelines.watch_chart import OnChart, expected_alarms, on_chart
from pipelines.watch_data import changes
from pipelines.watch_figures import ALL, Pooled

SLOPE = (0.8, 1.25)
LOST = 0.05  # of AUROC


def proposals(
    pooled: Sequence[Pooled],
    drifts: Sequence[Mapping[str, Any]],
    falls: Sequence[str],
    landed: list[dict[str, Any]],
    declared: Declared,
    bundle: Bundle,
    *,
    roll_back: bool,
) -> dict[str, Any]:
    """Return each breach as a proposal with its reason and command, the figures they rest on, and what to expect.

    expected_false_alarms: how many proposals would come if nothing were wrong, by what each rule is known to do.
    """
    found: list[dict[str, Any]] = []
    told = [one for one in pooled if not one.series]
    wide = 1 - 0.05 / max(len(told), 1)
    beneath = []
    for one in told:
        plain = month_figures(one.risk, one.y, one.weight, one.threshold)
        beneath.append(_beneath(one, plain))
        bounds = declared.specs[one.member.split("/")[0]].gates.subgroup_oe
        of_all = any(line["member"] == one.member and line["breach"] == "level" for line in found)
        if not of_all and (what := _level(one, wide, bounds)):
            where = "" if one.factor == ALL else f", {one.factor} = {one.level}"
            found.append(_of(one.member, "level", f"{one.member}{where}: {what}"))
        if one.factor == ALL:
            found += [_of(one.member, breach, f"{one.member}: {what}", roll_back=roll_back)
                      for breach, what in _shape(plain, bundle.cards[one.member])]  # fmt: skip
    charts: dict[str, OnChart | None] = {}
    for one in (one for one in pooled if one.series):
        observed, expected = (_by_month(one, values) for values in (np.nan_to_num(one.y), one.risk))
        seen = on_chart(observed, expected)
        charts[one.member] = seen
        low, high = declared.specs[one.member.split("/")[0]].gates.subgroup_oe
        told_of = any(p["member"] == one.member and p["breach"] == "level" for p in found)
        if seen and seen.beside_one and not low <= seen.oe <= high and not told_of:
            what = f"O/E {seen.oe:.2f} over {seen.months} months, on one side of 1 for longer than by chance"
            found.append(_of(one.member, "level", f"{one.member}: {what}"))
        if seen and seen.change:
            what = f"the latest mature month of O/E signals on its {seen.kind} chart: {seen.change}"
            found.append(_of(one.member, "change", f"{one.member}: {what}"))
    found += _drifting(drifts)
    found += [_of(None, "landing", told) for told in changes(landed)]
    found += [_of(None, "month", told) for told in falls]
    return {
        "proposals": found,
        "nothing_is_done": "each of these is for a person to decide; no command is run by itself",
        "pooled": beneath,
        "charts": {member: one._asdict() if one else None for member, one in charts.items()},
        "expected_false_alarms": expected_alarms(list(charts.values()), len({one["member"] for one in drifts})),
    }


def _drifting(drifts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One proposal for each member and reason: the columns that drift in its latest month."""
    latest: dict[str, str] = {}
    for one in drifts:
        latest[one["member"]] = max(latest.get(one["member"], ""), one["month"])
    named: dict[tuple[str, str], list[str]] = {}
    for one in drifts:
        if one["state"] == "drift" and one["month"] == latest[one["member"]]:
            named.setdefault((one["member"], one["why"]), []).append(one["feature"])
    return [
        _of(member, "drift", f"{member}: {why} of {', '.join(names)} in {latest[member]}", features=names)
        for (member, why), names in named.items()
    ]


def _of(member: str | None, breach: str, why: str, *, roll_back: bool = False, **more: Any) -> dict[str, Any]:
    """A proposal. Lost order is not mended by calibration: it is rolled back, if there is something to roll back to."""
    propose, run = "look at the data", ["stratify check --source SOURCE --data EXTRACT --report quality.json"]
    if member and breach in ("level", "slope", "change"):
        outcome = member.split("/")[0]
        propose, run = "recalibrate", [f"stratify train {outcome}", f"stratify promote {outcome}"]
    elif breach == "order" and roll_back:
        propose, run = "roll back", ["stratify promote --rollback"]
    told = {"propose": propose, "breach": breach, "member": member, "why": why, "run": run}
    return {**told, "told": f"{propose}: {why}", **more}


def _level(one: Pooled, level: float, bounds: tuple[float, float]) -> str:
    """What is off where the O/E of these months lies wholly outside the bounds; nothing where it does not."""
    told = month_figures(one.risk, one.y, one.weight, one.threshold, level=level)
    if told.oe is None or told.oe_interval is None:
        return ""
    low, high = told.oe_interval
    if high >= bounds[0] and low <= bounds[1]:
        return ""
    figure = "hidden, since it would give a month away" if one.untold else f"{told.oe:.2f} ({low:.2f} to {high:.2f})"
    return f"O/E {figure} over {len(one.months)} months, asked: {bounds[0]:g} to {bounds[1]:g}"


def _shape(told: Figures, card: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is off with slope and order."""
    if told.slope is not None and told.slope_interval is not None:
        low, high = told.slope_interval
        if high < SLOPE[0] or low > SLOPE[1]:
            yield (
                "slope",
                f"calibration slope {told.slope:.2f} ({low:.2f} to {high:.2f}), asked: {SLOPE[0]:g} to {SLOPE[1]:g}",
            )
    was = card["candidates"][card["kind"]]["calibrate"]["auroc"]
    if told.auroc is not None and told.auroc_interval is not None and told.auroc_interval[1] < was - LOST:
        yield (
            "order",
            f"AUROC {told.auroc:.3f} (at most {told.auroc_interval[1]:.3f}), {was:.3f} when it was calibrated",
        )


def _beneath(one: Pooled, told: Figures) -> dict[str, Any]:
    """The figures of these months together, as they may be shown."""
    line: dict[str, Any] = {"member": one.member, "factor": one.factor, "level": one.level, "months": len(one.months)}
    for name in ("oe", "slope", "auroc"):
        value, ends = getattr(told, name), getattr(told, f"{name}_interval")
        hide = one.untold or value is None
        line |= {
            name: None if hide else round(value, 3),
            f"{name}_interval": None if hide else [round(end, 3) for end in ends],
        }
    hidden = one.untold
    return {**line, "events": None if hidden else told.events, "n": None if hidden else told.n,
            "too_few": [] if hidden else list(told.too_few), "suppressed": hidden}  # fmt: skip


def _by_month(one: Pooled, values: Floats) -> Floats:
    taking = ~np.isnan(one.y) & (one.weight > 0)
    sums = np.bincount(
        one.month[taking], values[taking] * one.weight[taking], minlength=int(one.months.max(initial=0)) + 1
    )
    return np.asarray(sums[one.months], dtype=np.float64)
