"""Whether a fall is found that was planted in people's own rows: tests not taken, people admitted again.

    python benchmarks/planted_rows.py WORK --seeds 20

WORK is a work folder with a landed store, of a whole region (a small one shows few points). For each seed one hospital
is drawn. Of the people of its catchment who are counted in the last six mature months, so many albuminuria tests are
taken away, and of its discharges in these months so many are followed by an acute admission ten days later, that the
share is 8 points worse. Everything else is as it landed, with whatever varies there, and all goes the way of the
monitor: counting, grid, hidden cells, chart, facts. Found is a fall when the chart's latest point signals a concern in
one of the six months, each looked at when it was the latest one. Prints beside it the delay that the page prints for
such a chart, how the same charts do with nothing planted, and how many of the region's other charts signal.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from planted import POINTS, SIX, sequence, told_delay
from scipy.stats import binom

from pipelines.monitor import months_of
from pipelines.processes import shared_out
from stratify.catalogue import load
from stratify.catalogue.entries import Target
from stratify.quality.cases import State
from stratify.quality.columns import Held, Tables
from stratify.quality.counting import OTHER, Tally
from stratify.quality.cuts import NOT_TOLD
from stratify.quality.grid import cells_of
from stratify.quality.measuring import Measuring
from stratify.quality.months import Months
from stratify.quality.series import Goal, Places, series_of
from stratify.store.read import Store
from stratify.workspace import Workspace

LABS, STAYS = "dm_process", "readm30_som_mm"
PART = {LABS: "dm_process.albuminuria", STAYS: STAYS}
CODE = "NPU19661"
DAY = 24 * 60


def without_tests(rows: Tables, person: np.ndarray, first: np.ndarray, last: np.ndarray) -> Tables:
    """Return the rows without these people's albuminuria tests between two days each."""
    lab = rows["lab"]
    begins, ends = (np.full(int(lab["person"].max(initial=0)) + 1, fill, np.int64) for fill in (2**40, -1))
    known = person < len(begins)
    begins[person[known]], ends[person[known]] = first[known], last[known]
    gone = (lab["code"] == CODE) & (lab["day"] >= begins[lab["person"]]) & (lab["day"] < ends[lab["person"]])
    return {**rows, "lab": {name: values[~gone] for name, values in lab.items()}}


def with_readmissions(rows: Tables, person: np.ndarray, discharged: np.ndarray, unit: np.ndarray) -> Tables:
    """Return the rows with an acute admission of two days for each of these people, ten days after a discharge."""
    stay = rows["stay"]
    like = {name: np.zeros(len(person), values.dtype) for name, values in stay.items()}
    day = discharged + 10
    told = {"person": person, "day": day, "start_min": day * DAY + 600, "end_min": (day + 2) * DAY + 600,
            "end_day": day + 2, "acute": True, "care": "somatic", "admission": True, "unit_first": unit,
            "unit_last": unit, "first_code": "J189"}  # fmt: skip
    for name, values in told.items():
        like[name][:] = values
    every = {name: np.concatenate([values, like[name]]) for name, values in stay.items()}
    order = np.lexsort((every["start_min"], every["person"]))
    return {**rows, "stay": {name: values[order] for name, values in every.items()}}


def planted_bucket(
    root: Path, catalogue: Any, months: Months, last: Mapping[str, int], plan: list[tuple[str, str, float, int]],
    bucket: int, tick: Callable[[], None],
) -> list[dict[str, Tally]]:  # fmt: skip
    """Return the tallies of a bucket for each planting: target, hospital, chance, seed; hospital "" plants nothing."""
    found = []
    as_landed = Measuring(Store(root), catalogue, bucket, months, {}, [catalogue.targets[key] for key in PART])
    for key, hospital, chance, seed in plan:
        target = catalogue.targets[key]
        one = Measuring(Store(root), catalogue, bucket, months, {}, as_landed.targets)
        vars(one).update({name: getattr(as_landed, name) for name in ("bucket", "homes", "cuts", "ground", "tables")})
        if hospital:
            rng = np.random.default_rng([seed, bucket])
            vars(one)["tables"] = Held(plant(as_landed, target, hospital, chance, last[key], rng))
        by = one.tally(target)[PART[key]]
        found.append({level: by[level] for level in ("region", "hospital")})
    tick()
    return found


def plant(
    measuring: Measuring, target: Target, hospital: str, chance: float, last: int, rng: np.random.Generator
) -> Tables:
    """Return a bucket's rows with some of a hospital's cases of the six months before month `last` made worse."""
    cases, as_of = measuring.found(target)
    month = measuring.months.of(cases.day)
    inside = (month >= last - SIX) & (month < last)
    if target.id == LABS:
        yes = (cases.elements or {})["albuminuria"] == State.YES
        homes = measuring.homes["hospital"]
        home = np.array(homes.names)[homes.at(measuring.ground.year_of(as_of), measuring.bucket.place(cases.person))]
        hit = inside & yes & (home == hospital) & (rng.random(len(cases.day)) < chance)
        return without_tests(measuring.tables, cases.person[hit], cases.day[hit] + 1 - 730, cases.day[hit] + 1)
    mine = measuring.levels(target, cases)["hospital"] == hospital
    hit = inside & mine & (cases.state == State.NO) & (rng.random(len(cases.day)) < chance)
    return with_readmissions(measuring.tables, cases.person[hit], cases.day[hit], cases.unit[hit])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--seeds", type=int, default=20)
    asked = parser.parse_args()

    work, catalogue = Workspace(asked.work), load()
    store = Store(work.store)
    months = months_of(work, store)
    until = store.day("covers_to"), store.day("delivered")
    mature = {key: months.mature(one.maturity_days, one.known_until(*until))
              for key, one in catalogue.targets.items() if key in PART}  # fmt: skip
    last = {key: int(np.flatnonzero(ready)[-1]) + 1 for key, ready in mature.items()}
    every = range(store.buckets)

    def counted(plan: list[tuple[str, str, float, int]]) -> list[dict[str, Tally]]:
        jobs = [(store.root, catalogue, months, last, plan, bucket) for bucket in every]
        whole: list[dict[str, Tally]] = [{} for _ in plan]
        for part in shared_out(planted_bucket, jobs, lambda: None):
            for mine, by in zip(whole, part, strict=True):
                for level, tally in by.items():
                    mine[level] = mine[level].add(tally) if level in mine else tally
        return whole

    base = dict(zip(PART, counted([(key, "", 0.0, 0) for key in PART]), strict=True))
    plan, rng = [], np.random.default_rng(1)
    for key in PART:
        tally = base[key]["hospital"]
        units = [one for one in tally.labels if one not in (OTHER, NOT_TOLD)]
        for seed in range(asked.seeds):
            hospital = units[int(rng.integers(len(units)))]
            at = tally.labels.index(hospital)
            no, yes = (tally.months[at, last[key] - SIX : last[key], state].sum() for state in (0, 1))
            plan.append((key, hospital, float(POINTS * (no + yes) / (yes if key == LABS else no)), seed))
    planted = counted(plan)
    print(f"{store.people:,} people, {months.count} months, {asked.seeds} seeds; 8 points for six months, in rows")
    signals, charts, announced = 0, 0, 0.0
    for key in PART:
        goal = Goal("share", catalogue.targets[key].direction, None, 30)
        better = 1 if goal.direction == "higher" else -1
        delays, false, shifts, moved = [], 0, [], []
        for (of, hospital, _, _), by in zip(plan, planted, strict=True):
            if of != key:
                continue
            at = by["hospital"].labels.index(hospital)
            before = base[key]["hospital"]
            same = before.labels.index(hospital)
            delays.append(sequence(upto(by["hospital"], last[key]), at, goal, better))
            false += sequence(upto(before, last[key]), same, goal, better) is not None
            counts, was = (one.months[row, last[key] - SIX : last[key], :2].sum(axis=0)
                           for one, row in ((by["hospital"], at), (before, same)))  # fmt: skip
            moved.append(counts[1] / counts.sum() - was[1] / was.sum())
            share, size = was[1] / was.sum(), was.sum() / SIX
            shifts.append(POINTS / np.sqrt(share * (1 - share) / size))
            rest = others(catalogue.targets[key], by, months, mature[key], goal, hospital)
            signals, charts, announced = signals + rest[0], charts + rest[1], announced + rest[2]
        there = [one for one in delays if one is not None]
        shift, month = float(np.median(shifts)), int(np.median(there)) if there else "-"
        print(
            f"  {PART[key]:<24} moved {100 * np.mean(moved):+.1f} points, {shift:.1f} sigma: found {len(there)} of"
            f" {len(delays)}, month {month}, latest {max(there, default=0)}; told: {told_delay(shift)};"
            f" with nothing planted {false} of {len(delays)}"
        )
    low, high = binom.interval(0.95, charts, announced / charts)
    chance = f"announced {announced:.1f} ({low:.0f} to {high:.0f})"
    print(f"  other hospitals' charts: {signals} of {charts} signal; {chance}")


def upto(tally: Tally, last: int) -> Tally:
    """Return a tally of the months before one."""
    return Tally(tally.labels, tally.months[:, :last], tally.years, tally.people)


def others(
    target: Target, by: Mapping[str, Tally], months: Months, mature: np.ndarray, goal: Goal, hospital: str
) -> tuple[int, int, float]:
    """Return how many charts of other hospitals signal, how many there are, and how many would by chance."""
    cells = cells_of(target, by, months, mature)
    facts = [
        one["facts"]
        for level, unit, one in series_of(cells, Places.of(cells, months), goal, months)
        if level == "hospital" and unit not in (hospital, OTHER, NOT_TOLD) and one["facts"]["points"] >= 12
    ]
    chance = sum(one["false_alarms"]["latest"] for one in facts)
    return sum(one["signal"] is not None for one in facts), len(facts), chance


if __name__ == "__main__":
    main()
