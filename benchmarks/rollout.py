"""Does the analysis of a rollout find what an offer truly does? Rollouts drawn and followed on simulated regions.

    python benchmarks/rollout.py                              # ten regions of 20,000 people, ten minutes or more
    python benchmarks/rollout.py --people 6000 --regions 3    # smaller

The offer has an effect of our own making on all hazards: strong, weak or none. For each design and effect one line by
region: the true ratio of acute admissions beside what the analysis tells of it; and one with how often the interval
held the truth, how often it lay all below 1, and how wide it was.
"""

from __future__ import annotations

import argparse
import time
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from pipelines.rollout_followed import Recovered, follow
from stratify.care.rollout import Design

RATIOS = (0.7, 0.85, 1.0)
UNITS = {"municipality": "stepped_wedge", "hospital": "stepped_wedge", "person": "random_order"}
END = date(2024, 12, 31)
OWN = """
[[effect]]
offer = "pahs"
on = ["other", "acsc", "psych", "death"]
ratio = {ratio}
standing = "assumed"
source = "a benchmark"
"""


def design_of(units: str, seed: int) -> Design:
    """Return a rollout in three steps, each the 1 January of one of the region's last three years."""
    return Design.model_validate({
        "offer": "pahs", "design": UNITS[units], "units": units, "start": date(END.year - 2, 1, 1), "step_days": 365,
        "steps": 3, "latest": END, "approval": "none: nobody real waits", "seed": seed, "why_scarce": "a benchmark",
    })  # fmt: skip


def line(units: str, ratio: float, found: list[Recovered]) -> str:
    width = np.mean([np.log(one.told.high / one.told.low) for one in found])
    bias = np.mean([np.log(one.told.ratio / one.true) for one in found])
    return (
        f"{units:<13} hazard ratio {ratio:.2f}: interval held the truth in {sum(one.held for one in found)} of "
        f"{len(found)}, lay below 1 in {sum(one.told.high < 1 for one in found)}; on average {np.exp(bias):.3f} of "
        f"the truth, from end to end a factor of {np.exp(width):.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--years", type=int, default=8)
    parser.add_argument("--regions", type=int, default=10, help="each with a seed and a lot of its own")
    parser.add_argument("--units", action="append", choices=list(UNITS))
    asked = parser.parse_args()
    began = time.perf_counter()
    with TemporaryDirectory() as folder:
        own = Path(folder)
        for units in asked.units or UNITS:
            for ratio in RATIOS:
                (own / "offers.toml").write_text(OWN.format(ratio=ratio), encoding="utf-8")
                found = []
                for seed in range(1, asked.regions + 1):
                    region = {"people": asked.people, "years": asked.years, "end": END, "seed": seed}
                    found.append(follow(region, design_of(units, seed), parameters=own))
                    print(f"  {units}, region {seed}: true {found[-1].true:.3f}; {found[-1].told.line()}", flush=True)
                print(line(units, ratio, found), flush=True)
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
