"""The commands of offers: coverage, what-if."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli_parts import WORK, Local, Work, out, step
from stratify.catalogue import load
from stratify.errors import GateError, UsageError
from stratify.files import digest_file

Capacity = Annotated[
    Path | None, typer.Option("--capacity", help="places and units of bridges, as `stratify plan` reads")
]
SHOWN = 0.005  # of a group, who would be shut out without a bridge: of fewer nothing is told


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command in (coverage, whatif):
        app.command()(command)


def coverage(
    capacity: Capacity = None,
    against_truth: Annotated[
        bool, typer.Option("--against-truth", help="also at equal true need, in a simulated region")
    ] = False,
    work: Work = WORK,
    catalogue: Local = None,
) -> None:
    """Show whether those ill in mind and body, and those with the fewest resources, can use as many offers as others.

    Ends with exit code 12 where a group is behind although every bridge is there, or 1 % of it is shut out by a need
    that no bridge meets. Other lines show what few or no bridges would do.

    Example: stratify coverage --work region

    Example: stratify coverage --capacity capacity.toml --against-truth
    """
    from pipelines.coverage import audit, by_stratum, leaning, problems
    from pipelines.left import leave
    from pipelines.steps import manifest_digest
    from stratify.care.capacity import read_capacity

    entries = load(catalogue)
    units = None if capacity is None else read_capacity(capacity, entries, datetime.now(UTC).date()).bridges
    with step("coverage", work) as (place, say, _):
        found = audit(place, entries, say, truth=against_truth, units=units)
        say("each bridge left out")
        leaned = leaning(place, entries)
        whole = {
            "lines": [one.told() for one in found],
            "strata": by_stratum(place, entries),
            "leaning": {group: {key: round(share, 3) for key, share in of.items() if share >= SHOWN}
                        for group, of in leaned.items()},
        }  # fmt: skip
        leave(place.coverage, "coverage", whole, {"scores": manifest_digest(place.scores, "score")})
    for one in found:
        out().print(one.line(), highlight=False, soft_wrap=True)
    for group, bridges in leaned.items():
        most = sorted(((share, key) for key, share in bridges.items() if share >= SHOWN), reverse=True)
        told = ", ".join(f"{entries.bridges[key].name.en} {share:.0%}" for share, key in most) or "no bridge alone"
        out().print(f"{group}: shut out of something without {told}", highlight=False, soft_wrap=True)
    if behind := problems(found):
        raise GateError("equal need is not met equally:", behind)


def whatif(
    capacity: Capacity = None,
    policy: Annotated[list[str] | None, typer.Option("--policy", help="uniform, risk_ranked, differentiated")] = None,
    effects: Annotated[list[str] | None, typer.Option("--effects", help="proven, assumed, none")] = None,
    houses: Annotated[int | None, typer.Option("--places", help="instead: where so many houses would stand")] = None,
    kind: Annotated[str, typer.Option("--kind", help="of houses: health or psychiatry")] = "health",
    work: Work = WORK,
    catalogue: Local = None,
) -> None:
    """Follow policies of offers with the same places on the simulated region: whom they reach, and what comes of it.

    Every effect is simulated. With --effects none only reach is told. Figures are printed as they come. With --places
    houses are put where need has the shortest way to them.

    Example: stratify whatif --capacity capacity.toml --work region

    Example: stratify whatif --capacity capacity.toml --policy uniform --policy differentiated --effects proven

    Example: stratify whatif --places 5 --kind psychiatry
    """
    from pipelines import siting
    from pipelines.left import leave
    from pipelines.policies import POLICIES
    from pipelines.whatif import EFFECTS, lines
    from pipelines.whatif import whatif as whatif_of
    from stratify.care.capacity import read_capacity

    entries = load(catalogue)
    if houses is not None:
        with step("whatif", work) as (place, say, _):
            found = siting.lines(siting.siting(place, entries, say, houses, kind))
        for line in found:
            out().print(line, highlight=False, soft_wrap=True)
        return
    if capacity is None:
        raise UsageError("what-if needs --capacity FILE, or --places K for houses")
    places = read_capacity(capacity, entries, datetime.now(UTC).date())
    with step("whatif", work) as (place, say, _):
        told = whatif_of(place, entries, say, places, policies=policy or POLICIES, effects=effects or tuple(EFFECTS))
        leave(place.whatif, "whatif", told | {"places": dict(places.offers)}, {"capacity": digest_file(capacity)})
    for line in lines(told):
        out().print(line, highlight=False, soft_wrap=True)
