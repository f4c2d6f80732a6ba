"""The command `rollout`: who is offered something in which step, by lot, and what it prints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from pipelines.cli_parts import WORK, Local, Work, out, step
from stratify.catalogue import Catalogue, load


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(rollout)


def rollout(
    design: Annotated[Path, typer.Argument(metavar="DESIGN.toml", help="the offer, the lot, the days, the approval")],
    in_use: Annotated[
        Path | None, typer.Option("--in-use", help="ids of people who have it already, one a line: they are not drawn")
    ] = None,
    declined: Annotated[
        Path | None, typer.Option("--declined", help="ids of people who have declined it, one a line")
    ] = None,
    work: Work = WORK,
    catalogue: Local = None,
) -> None:
    """Draw by lot in which order an offer is introduced where there are too few places for all from the start.

    The file names the offer, the design (stepped_wedge of municipalities or hospitals, random_order of people), start,
    step_days, steps or places, latest (nobody waits beyond it), the reference of an approval, a seed and why places
    are scarce:

        offer = "pahs"

        design = "stepped_wedge"

    Duties, standard care and offers with a window are refused: nobody waits for those. Without an approval it ends
    with exit code 14. People are listed in rollout/assignment.csv, by pseudonym, where [list] in the file names its
    terms, as for a plan's list; else it ends with exit code 14 too. What was drawn is kept and not drawn again.

    Example: stratify rollout pahs.toml --work work

    Example: stratify rollout pahs.toml --in-use have.csv --declined declined.csv
    """
    from pipelines.rollout import LIST
    from pipelines.rollout import rollout as draw

    entries = load(catalogue)
    with step("rollout", work) as (place, say, _):
        told = draw(place, entries, say, design, in_use=in_use, declined=declined)
    show(told, entries, out())
    if told["design"]["units"] == "person":
        listed = work / "rollout" / LIST
        out().print(f"list: {listed}, each row audited beside it", highlight=False, soft_wrap=True)


def show(told: Mapping[str, Any], catalogue: Catalogue, console: Console) -> None:
    """Print what was drawn; a count that is hidden says so."""
    design = told["design"]
    console.print(
        f"{catalogue.offers[design['offer']].name.en}: {design['design'].replace('_', ' ')}, drawn {told['drawn']} "
        f"by seed {design['seed']}; approval: {design['approval']}; nobody waits beyond {design['latest']}",
        highlight=False, markup=False, soft_wrap=True,
    )  # fmt: skip
    units = told.get("units")
    table = Table("step", "offered from", "open to", *(["units"] if units else []), box=None, padding=(0, 2))
    for nth, day in enumerate(told["begins"], 1):
        named = [", ".join(units[str(nth)])] if units else []
        table.add_row(str(nth), day, told["people"][f"step {nth}"], *named)
    console.print(table)
    others = {name: count for name, count in told["people"].items() if not name.startswith("step ")}
    parts = ", ".join(f"{name} {count}" for name, count in others.items())
    console.print(f"  not drawn: {parts}", highlight=False, markup=False, soft_wrap=True)
    for key, words in (("in_use", "have it already (--in-use)"), ("declined", "have declined it (--declined)")):
        if not told["named"][key]:
            console.print(f"  nobody was named who may {words}", highlight=False, markup=False, soft_wrap=True)
