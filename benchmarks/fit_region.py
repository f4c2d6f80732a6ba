"""Fit the onset rates of the simulated region: `level` of each condition, so that the declared prevalence comes out.

    python benchmarks/fit_region.py --people 65536 --rounds 3 [--write]

Simulates people alone (no registers), compares the share of adults who have each condition and are known to care at the
end of the middle year with `prevalence`, and multiplies `level` by what is missing. `--write` puts the levels into
pipelines/synthesis/parameters/conditions.toml. Prints each condition's target, result and level.
"""

from __future__ import annotations

import argparse
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from pipelines.synthesis import parameters as parameter_files
from pipelines.synthesis.codes import Codes
from pipelines.synthesis.parameters import Parameters, read_parameters
from pipelines.synthesis.shard import Plan, live_year, start

FILE = Path(parameter_files.__file__).parent / "parameters" / "conditions.toml"
YEARS = 10


def measured(given: Parameters, people: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of adults with each condition known, in the middle year and at the end."""
    plan = Plan(people, YEARS, date(2024, 12, 31), seed, date(2025, 3, 1), frozenset())
    codes, life, found = Codes(given), start(0, people, plan, given), []
    for number in range(plan.first_year, plan.end.year + 1):
        year = given.year(number)
        for _ in live_year(life, year, plan, codes, given):
            pass
        day = year.first + year.length - 1
        adult = life.people.resident(day) & (life.people.age(day) >= 18)
        found.append((life.state.recognised[adult] <= day).mean(axis=0))
    return np.mean(found[3:7], axis=0), found[-1]


def main() -> None:
    """Run the rounds."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--people", type=int, default=65_536)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--seed", type=int, default=101)
    arguments.add_argument("--write", action="store_true")
    options = arguments.parse_args()
    given = read_parameters()
    for turn in range(options.rounds):
        middle, last = measured(given, options.people, options.seed + turn)
        wanted = given.column("prevalence") / 100
        change = np.clip(wanted / np.maximum(middle, 1e-5), 0.5, 2.0)
        print(f"round {turn + 1}: largest miss {np.max(np.abs(np.log(wanted / middle))):.3f} (log)")
        conditions = []
        for place, condition in enumerate(given.conditions):
            level = round(condition.level * float(change[place]), 3)
            print(f"  {condition.id:16} wanted {wanted[place]:7.3%} middle {middle[place]:7.3%} end {last[place]:7.3%} "
                  f"level {condition.level:.3f} -> {level:.3f}")  # fmt: skip
            conditions.append(condition.model_copy(update={"level": level}))
        given = replace(given, conditions=tuple(conditions))
    if options.write:
        text = FILE.read_text(encoding="utf-8")
        for condition in given.conditions:
            entry = rf'(id = "{condition.id}"\n(?:(?!\[\[).*\n)*?level = )[0-9.]+'
            text = re.sub(entry, rf"\g<1>{condition.level}", text)
        FILE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
