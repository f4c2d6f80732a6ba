"""A region's registers and its truth: the shards shared out among processes, and what the delivery says of itself."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date
from pathlib import Path

from pipelines.processes import shared_out
from pipelines.synthesis.cpr import LAST_YEAR
from pipelines.synthesis.effects import write_effects
from pipelines.synthesis.parameters import read_parameters
from pipelines.synthesis.people import SHARD
from pipelines.synthesis.policy import Policy
from pipelines.synthesis.registers import QUIRKS
from pipelines.synthesis.shard import BLOCK, Plan, simulate_shard
from stratify.errors import UsageError
from stratify.files import write_json

SYSTEM = "urn:stratify:synthetic"
MOST_PEOPLE = 3_000_000
FIRST_YEAR = 1995


def synthesise(
    registers: Path,
    truth: Path,
    *,
    people: int,
    years: int = 10,
    end: date = date(2024, 12, 31),
    seed: int = 0,
    delivered: date = date(2025, 3, 1),
    quirks: Collection[str] = QUIRKS,
    optional: bool = False,
    parameters: Path | None = None,
    policy: Policy | None = None,
    processes: int | None = None,
    block: int = BLOCK,
    fictitious_cpr: bool = False,
    progress: Callable[[float], None] | None = None,
) -> dict[str, int]:
    """Return the rows per register table, after writing them to one folder and the truth to another; both exist, empty.

    `people` live in the region at the start; births, moves and deaths follow. The extract covers `years` whole years
    up to `end`, a 31 December, as a delivery of the day `delivered` holds them. The same arguments give the same bytes,
    whatever `processes` and `block` are. `quirks` are what real registers get wrong (QUIRKS: all), `optional` adds the
    tables of out-of-hours care, `parameters` is a folder of own parameter files, `policy` gives offers from a landmark
    on, `fictitious_cpr` gives people ten-digit numbers that look like a CPR and are no date instead of pseudonyms.
    UsageError says which argument is off.
    """
    plan = Plan(people, years, end, seed, delivered, frozenset(quirks), optional, policy, block, fictitious_cpr)
    check_plan(plan)
    given = read_parameters(parameters)
    if policy is not None:
        policy.check(given, end.year)
    sizes = [min(SHARD, people - first) for first in range(0, people, SHARD)]
    total = len(sizes) * (years + 1)
    count = 0

    def tick() -> None:
        nonlocal count
        count += 1
        if progress:
            progress(count / total)

    jobs = [(part, size, plan, parameters, registers, truth) for part, size in enumerate(sizes)]
    found = shared_out(_one, jobs, tick, processes)
    if progress:
        progress(1.0)  # the last words of processes may be on their way yet
    write_effects(truth, given)
    write_json(
        registers / "delivery.json",
        {
            "source": "synthetic",
            "system": SYSTEM,
            "covers_from": date(plan.first_year, 1, 1).isoformat(),
            "covers_to": end.isoformat(),
            "delivered": delivered.isoformat(),
        },
    )
    names = sorted({name for rows in found for name in rows})
    return {name: sum(rows.get(name, 0) for rows in found) for name in names}


def check_plan(plan: Plan) -> None:
    """Raise UsageError naming every argument that is off."""
    problems = []
    if not 1 <= plan.people <= MOST_PEOPLE:
        problems.append(f"people: 1 to {MOST_PEOPLE} are required, got {plan.people}")
    if (plan.end.month, plan.end.day) != (12, 31):
        problems.append(f"end: a 31 December is required, got {plan.end.isoformat()}")
    if not 1 <= plan.years <= 60:
        problems.append(f"years: 1 to 60 are required, got {plan.years}")
    elif plan.first_year < FIRST_YEAR:
        problems.append(
            f"years: none before {FIRST_YEAR}, the registers were others; got {plan.first_year} as the first"
        )
    if not 0 <= plan.seed < 2**63:
        problems.append(f"seed: 0 or more is required, below 2**63, got {plan.seed}")
    if plan.delivered <= plan.end:
        problems.append(f"delivered: a day after {plan.end.isoformat()} is required, got {plan.delivered.isoformat()}")
    if unknown := sorted(plan.quirks - QUIRKS):
        problems.append(f"quirks: {', '.join(unknown)} unknown; there are {', '.join(sorted(QUIRKS))}")
    if plan.fictitious_cpr and plan.end.year > LAST_YEAR:
        problems.append(f"end: at most {LAST_YEAR} with fictitious CPR numbers, got {plan.end.year}")
    if plan.block < 1:
        problems.append(f"block: at least 1 is required, got {plan.block}")
    if problems:
        raise UsageError("A region cannot be simulated from these arguments.", problems)


def _one(
    part: int, size: int, plan: Plan, parameters: Path | None, registers: Path, truth: Path, tick: Callable[[], None]
) -> dict[str, int]:
    return simulate_shard(part, size, plan, read_parameters(parameters), registers, truth, tick)
