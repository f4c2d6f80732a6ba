"""Whether a fall in one hospital and a gap in severe mental illness are found, and what is found for nothing.

    python benchmarks/planted.py WORK --people 1300000 --seeds 20

WORK is a work folder with a landed store. Its targets are counted once. For each seed stable counts are drawn anew, of
so many people: every unit keeps its own level and size over 60 months, and only chance varies (with --cv also the
level, from month to month). Into these one hospital's fall of 8 points in the last six months is planted, and for
people with severe mental illness a gap of 8 points in every year. Then all goes the way of the monitor: grid, hidden
cells, charts of what is shown, facts, gaps.

Found is a fall when the chart's latest point signals a concern in one of the six months, each looked at when it was the
latest one; found is a gap when its interval in the latest year leaves out 0, on the right side. Prints for each target
the sigma of its chart, the months until found, the delay that the page prints for such a chart (`sees`), and at last
the charts that signal though nothing was planted in them, beside how many the page itself announces.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy.stats import binom

from pipelines.monitor import count_all, months_of
from stratify.catalogue import load
from stratify.quality.compared import gaps
from stratify.quality.counting import Tally
from stratify.quality.grid import cells_of
from stratify.quality.series import Goal, Places, series_of
from stratify.quality.spc import chart, choose, delay, latest_signal
from stratify.quality.telling import goal_of
from stratify.store.read import Store
from stratify.workspace import Workspace

POINTS, SIX = 0.08, 6
FALLS = (("readm30_som_mm", "hospital"), ("dm_process.albuminuria", "hospital"), ("smi_lab2", "hospital"),
         ("med_review_poly", "hospital"), ("psy_followup7", "psychiatric"))  # fmt: skip
GAPS = ("dm_hba1c_high", "med_review_poly", "readm30_som_mm")


def drawn(tally: Tally, rng: np.random.Generator, scale: float, rate: bool, cv: float) -> Tally:
    """Return the units of a tally with stable levels and counts that vary by chance."""
    months = np.zeros_like(tally.months)
    mean = tally.months.mean(axis=1) * scale
    wobble = rng.normal(1, cv, tally.months.shape[:2])
    if rate:
        per_day = np.divide(mean[:, 0], mean[:, 1], out=np.zeros(len(mean)), where=mean[:, 1] > 0)
        months[..., 1] = np.round(mean[:, 1])[:, None]
        months[..., 2] = np.round(mean[:, 2])[:, None]
        months[..., 0] = rng.poisson(np.maximum(per_day[:, None] * wobble, 0) * months[..., 1])
    else:
        size = rng.poisson(np.repeat((mean[:, 0] + mean[:, 1])[:, None], months.shape[1], axis=1))
        share = np.divide(mean[:, 1], mean[:, 0] + mean[:, 1], out=np.zeros(len(mean)), where=mean[:, :2].sum(1) > 0)
        months[..., 1] = rng.binomial(size, np.clip(share[:, None] * wobble, 0, 1))
        months[..., 0] = size - months[..., 1]
    people = np.round(tally.people * scale).astype(np.int64)
    return Tally(list(tally.labels), months, np.zeros_like(tally.years), people)


def whole(part: Tally) -> Tally:
    """Return the region that the parts add up to."""
    people = part.people.sum(axis=0, keepdims=True)
    return Tally([""], part.months.sum(axis=0, keepdims=True), part.years.sum(axis=0, keepdims=True), people)


def moved(tally: Tally, unit: int, months: slice, points: float, rng: np.random.Generator) -> None:
    """Turn so many answers of a unit over that its share moves by `points`."""
    no, yes = (tally.months[unit, months, state] for state in (0, 1))
    source = yes if points < 0 else no
    chance = np.clip(abs(points) * (no + yes) / np.maximum(source, 1), 0, 1)
    turned = rng.binomial(source, chance)
    sign = -1 if points < 0 else 1
    tally.months[unit, months, 1] += sign * turned
    tally.months[unit, months, 0] -= sign * turned


def sequence(tally: Tally, unit: int, goal: Goal, better: int) -> int | None:
    """Return in which of the last six months the unit's chart first signals on the wrong side, each the latest once."""
    yes, size = tally.months[unit, :, 1], tally.months[unit, :, :2].sum(axis=1)
    for month in range(1, SIX + 1):
        upto = len(yes) - SIX + month
        one = chart_until(yes[:upto], size[:upto], goal)
        latest = latest_signal(one)
        if latest is not None and latest.side != better:
            return month
    return None


def chart_until(yes: np.ndarray, size: np.ndarray, goal: Goal):
    kind, _ = choose(yes, size, "p")
    return chart(kind, yes, size, direction=goal.direction)


def told_delay(shift: float) -> str:
    """Return the delay that is printed for such a chart."""
    found = delay(shift)
    return f"{found.median or 'more than 36'} (90 %: {found.most or 'more than 36'})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--people", type=int, default=1_300_000)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--cv", type=float, default=0.0, help="how much levels vary from month to month beyond chance")
    asked = parser.parse_args()

    work, catalogue = Workspace(asked.work), load()
    store = Store(work.store)
    months = months_of(work, store)
    found = count_all(store, catalogue, months, lambda *_: None)
    scale = asked.people / store.people
    mature = np.ones(months.count, dtype=bool)
    targets = {key: catalogue.targets[key.partition(".")[0]] for key in found.tallies}
    targets = {key: one for key, one in targets.items() if "." not in key or key == "dm_process.albuminuria"}
    falls: dict[tuple[str, str], list[int | None]] = {key: [] for key in FALLS}
    shifts: dict[tuple[str, str], list[float]] = {key: [] for key in FALLS}
    seen: dict[str, list[bool]] = {key: [] for key in GAPS}
    signals, charts, announced = 0, 0, 0.0
    listed: dict[str, int] = {}
    for seed in range(asked.seeds):
        rng = np.random.default_rng(seed)
        for key, target in targets.items():
            for level in ("hospital", "psychiatric", "municipality"):
                if level not in found.tallies[key]:
                    continue
                part = drawn(found.tallies[key][level], rng, scale, target.unit == "rate", asked.cv)
                planted = None
                if (key, level) in falls:
                    planted = _plant(part, key, level, target, rng, falls, shifts)
                cells = cells_of(target, {"region": whole(part), level: part}, months, mature)
                places = Places.of(cells, months)
                for name, unit, one in series_of(cells, places, goal_of(target), months):
                    facts = one["facts"]
                    if facts["points"] < 12 or (name, unit) == (level, planted) or (name == "region" and planted):
                        continue
                    charts += 1
                    announced += facts["false_alarms"]["latest"]
                    if facts["signal"]:
                        signals += 1
                        listed[f"{key} {name} {unit}"] = listed.get(f"{key} {name} {unit}", 0) + 1
            if key in seen:
                part = drawn(found.tallies[key]["smi"], rng, scale, False, asked.cv)
                worse = -POINTS if target.direction == "higher" else POINTS
                moved(part, part.labels.index("yes"), slice(None), worse, rng)
                by = {"region": whole(part), "smi": part}
                cells = cells_of(target, by, months, mature)
                gap = gaps(cells, Places.of(cells, months), by, goal_of(target), months)["smi"]["groups"]["yes"]
                low, high = gap["gap_low"][-1], gap["gap_high"][-1]
                seen[key].append(low is not None and (high < 0 if worse < 0 else low > 0))

    print(f"{asked.seeds} seeds, {asked.people:,} people, {months.count} months, cv {asked.cv:g}")
    print("\na fall of 8 points in one unit, in the last six months")
    for (key, level), delays in falls.items():
        there = [one for one in delays if one is not None]
        shift = float(np.median(shifts[key, level]))
        median = f"month {int(np.median(there))}" if there else "-"
        print(
            f"  {key:<24} {level:<12} {shift:4.1f} sigma  found {len(there):>2} of {len(delays)}, {median}, latest"
            f" {max(there, default=0)}; told: {told_delay(shift)}"
        )
    print("\na gap of 8 points for people with severe mental illness, in the latest year")
    for key, ok in seen.items():
        print(f"  {key:<18} found {sum(ok)} of {len(ok)}")
    low, high = binom.interval(0.95, charts, announced / charts)
    print(
        f"\nother charts: {signals} of {charts} signal; the pages announce {announced:.0f}"
        f" (binomial 95 %: {low:.0f} to {high:.0f})"
    )
    for name, count in sorted(listed.items(), key=lambda one: -one[1])[:20]:
        print(f"  {count} x {name}")


def _plant(part, key, level, target, rng, falls, shifts):
    sizes = part.months[..., :2].sum(axis=2).mean(axis=1)
    units = [at for at, label in enumerate(part.labels) if label not in ("elsewhere", "not told") and sizes[at] > 30]
    unit = int(rng.choice(units))
    worse = -1 if target.direction == "higher" else 1
    share = part.months[unit, :, 1].sum() / max(part.months[unit, :, :2].sum(), 1)
    shifts[key, level].append(POINTS / np.sqrt(share * (1 - share) / sizes[unit]))
    moved(part, unit, slice(-SIX, None), worse * POINTS, rng)
    falls[key, level].append(sequence(part, unit, goal_of(target), -worse))
    return part.labels[unit]


if __name__ == "__main__":
    main()
