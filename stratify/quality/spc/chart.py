"""One control chart, or many of one length at once: values, centre line, limits, and the points that signal.

Which points count: those with a value (a denominator above 0), not excluded, and mature. Only they make a limit, only
they are judged. Rules start anew at each part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from stratify.quality.spc.laney import sigma_z_limits
from stratify.quality.spc.limits import KINDS, RATES, Kind, limits, outside
from stratify.quality.spc.nhs import nhs_rules
from stratify.quality.spc.packed import Bools, Floats, Ints
from stratify.quality.spc.runs import ManyRuns, Runs, many_runs

Rules = Literal["anhoej", "nhs"]
Direction = Literal["higher", "lower"]


@dataclass(frozen=True, eq=False)
class Chart:
    """A control chart. Arrays have an entry for each point given; limits are 3 sigma, `lower95`/`upper95` 2 sigma.

    value: NaN where there is no point. used: counts in the rules. baseline: makes its part's limits. sigma_z: of the
    last part of a p' or u' chart. runs: Anhøj's figures of each part. flagged: the points that break each rule.
    """

    kind: Kind
    rules: Rules
    value: Floats
    centre: Floats
    lower: Floats
    upper: Floats
    lower95: Floats
    upper95: Floats
    part: Ints
    used: Bools
    baseline: Bools
    sigma_z: float | None
    outside: Bools
    runs: tuple[Runs, ...]
    flagged: Mapping[str, Bools]
    numerator: Floats
    denominator: Floats | None
    immature: Bools
    target: float | None = None
    direction: Direction | None = None
    multiply: float = 1.0

    @property
    def signal(self) -> bool:
        """Whether anything in the whole chart says that it does not vary at random: a history, not an alert."""
        crossed = self.rules == "anhoej" and any(part.signal for part in self.runs)
        return crossed or any(bool(points.any()) for points in self.flagged.values())


@dataclass(frozen=True, eq=False)
class Charts:
    """Many charts of one length: arrays (series, points); `sigma_z` (series), NaN of a plain chart."""

    kind: Kind
    rules: Rules
    value: Floats
    centre: Floats
    lower: Floats
    upper: Floats
    lower95: Floats
    upper95: Floats
    part: Ints
    used: Bools
    baseline: Bools
    sigma_z: Floats
    outside: Bools
    runs: tuple[ManyRuns, ...]
    flagged: Mapping[str, Bools]

    @property
    def signal(self) -> Bools:
        """Return of each series whether anything in it says that it does not vary at random."""
        found = np.zeros(len(self.value), dtype=bool)
        for points in self.flagged.values():
            found |= points.any(axis=1)
        if self.rules == "anhoej":
            for part in self.runs:
                found |= part.signal
        return found

    @property
    def alert(self) -> Bools:
        """Return of each series whether its latest used point is flagged by any rule: what alone raises an alert."""
        points = self.value.shape[1]
        latest = points - 1 - np.argmax(self.used[:, ::-1], axis=1)
        series = np.arange(len(self.value))
        found = np.zeros(len(self.value), dtype=bool)
        for flags in self.flagged.values():
            found |= flags[series, latest]
        return found


def chart(
    kind: Kind,
    numerator: Sequence[float] | npt.ArrayLike,
    denominator: Sequence[float] | npt.ArrayLike | None = None,
    *,
    freeze: int | None = None,
    exclude: Sequence[int] = (),
    split: Sequence[int] = (),
    immature: Sequence[bool] | npt.ArrayLike | None = None,
    target: float | None = None,
    direction: Direction | None = None,
    rules: Rules = "anhoej",
    multiply: float = 1.0,
    screen: bool = True,
) -> Chart:
    """Return the chart of a series.

    kind: run (median), xmr, p, u, c, their p_prime and u_prime, or t (times between events, zeros as 0.1).
    freeze: so many first points make the limits of the first part, those of later parts come from all their points.
    exclude: points left out of limits and rules. split: where a new part starts. immature: drawn, but out of both.
    multiply: what values and limits are told per, as 1,000; `target` is in the same unit. screen: leave moving ranges
    that are signals themselves out of the limits of xmr and t. Raises ValueError for what cannot be charted.
    """
    counted = np.asarray(numerator, dtype=np.float64)
    over = None if denominator is None else np.asarray(denominator, dtype=np.float64)
    if counted.ndim != 1:
        raise ValueError(f"a chart is of one series, got an array of {counted.ndim} dimensions; see charts")
    young = np.zeros(len(counted), dtype=bool) if immature is None else np.asarray(immature, dtype=bool)
    many = charts(
        kind, counted[None, :], over if over is None else over[None, :], freeze=freeze, exclude=exclude, split=split,
        immature=young, rules=rules, multiply=multiply, screen=screen,
    )  # fmt: skip
    if direction not in (None, *get_args(Direction)):
        raise ValueError(f"direction must be 'higher' or 'lower', got {direction!r}")
    sigma_z = float(many.sigma_z[0])
    return Chart(
        kind, rules, many.value[0], many.centre[0], many.lower[0], many.upper[0], many.lower95[0], many.upper95[0],
        many.part, many.used[0], many.baseline[0], sigma_z if kind.endswith("_prime") else None, many.outside[0],
        tuple(part.one(0) for part in many.runs), {rule: points[0] for rule, points in many.flagged.items()},
        counted, over, young, target, direction, multiply,
    )  # fmt: skip


def charts(
    kind: Kind,
    numerator: npt.ArrayLike,
    denominator: npt.ArrayLike | None = None,
    *,
    freeze: int | None = None,
    exclude: Sequence[int] = (),
    split: Sequence[int] = (),
    immature: npt.ArrayLike | None = None,
    rules: Rules = "anhoej",
    multiply: float = 1.0,
    screen: bool = True,
    chosen: bool = False,
) -> Charts:
    """Return the charts of many series of one length, numerator and denominator as (series, points); see `chart`.

    chosen: of p_prime or u_prime, make those plain whose sigma_z is not clearly above 1 (see `choose`).
    """
    counted = np.asarray(numerator, dtype=np.float64)
    over = None if denominator is None else np.asarray(denominator, dtype=np.float64)
    _check(kind, counted, over, freeze, exclude, split, rules)
    divided = np.ones_like(counted) if over is None or kind in ("c", "t") else np.where(over > 0, over, np.nan)
    value = counted / divided
    points = counted.shape[1]
    used = ~np.isnan(value)
    used[:, list(exclude)] = False
    if immature is not None:
        used &= ~np.asarray(immature, dtype=bool)
    starts = [0, *sorted(set(split))]
    part = np.searchsorted(np.array(starts), np.arange(points), side="right") - 1
    baseline = used.copy()
    if freeze is not None:
        baseline[:, freeze : starts[1] if len(starts) > 1 else points] = False

    lines = {name: np.full(value.shape, np.nan) for name in ("centre", "lower", "upper", "lower95", "upper95")}
    flagged: dict[str, Bools] = {}
    runs, sigma_z = [], np.full(len(value), np.nan)
    for nth, start in enumerate(starts):
        at = slice(start, starts[nth + 1] if nth + 1 < len(starts) else points)
        base = baseline[:, at]
        above = sigma_z_limits(base) if chosen else None
        found = limits(kind, counted[:, at], divided[:, at], base, screen=screen, prime_above=above)
        sigma_z = found.sigma_z
        for name, line in lines.items():
            line[:, at] = getattr(found, name)
        centre = lines["centre"][:, at]
        ran, too_long = many_runs(value[:, at], centre, used[:, at])
        runs.append(ran)
        broken = {"outside": outside(value[:, at], found.lower, found.upper) & used[:, at]}
        if rules == "anhoej":
            broken["run"] = too_long
        else:
            broken |= nhs_rules(value[:, at], centre, found.lower95, found.upper95, used[:, at])
        for rule, flags in broken.items():
            flagged.setdefault(rule, np.zeros(value.shape, dtype=bool))[:, at] = flags
    if multiply != 1:
        value, lines = value * multiply, {name: line * multiply for name, line in lines.items()}
    return Charts(
        kind, rules, value, lines["centre"], lines["lower"], lines["upper"], lines["lower95"], lines["upper95"], part,
        used, baseline, sigma_z, flagged["outside"], tuple(runs), flagged,
    )  # fmt: skip


def _check(
    kind: Kind,
    counted: Floats,
    over: Floats | None,
    freeze: int | None,
    exclude: Sequence[int],
    split: Sequence[int],
    rules: Rules,
) -> None:
    wrong = []
    points = counted.shape[-1]
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    if rules not in get_args(Rules):
        wrong.append(f"rules must be 'anhoej' or 'nhs', got {rules!r}")
    sizes = counted.shape if over is None else over.shape
    if counted.ndim != 2 or sizes != counted.shape:
        raise ValueError(f"numerator and denominator must have one shape, got {counted.shape} and {sizes}")
    if not points:
        raise ValueError("a chart needs a point or more, got none")
    if kind in RATES and over is None:
        wrong.append(f"a {kind} chart needs denominators")
    if freeze is not None and freeze < 1:
        wrong.append(f"freeze must be 1 point or more, got {freeze}")
    if any(not 0 <= at < points for at in exclude):
        wrong.append(f"exclude must name points 0 to {points - 1}, got {tuple(exclude)}")
    if any(not 0 < at < points for at in split):
        wrong.append(f"split must name points 1 to {points - 1}, got {tuple(split)}")
    if np.isinf(counted).any() or (over is not None and (np.isinf(over).any() or (over < 0).any())):
        wrong.append("numerators must be finite, denominators finite and not below 0")
    if kind not in ("run", "xmr") and (counted < 0).any():
        wrong.append(f"a {kind} chart needs numerators of 0 or more")
    if kind in ("p", "p_prime") and over is not None and ((counted > over) & (over > 0)).any():
        wrong.append("a share needs numerators that do not exceed their denominators")
    if wrong:
        raise ValueError("; ".join(wrong))
