"""The command `watch`: the served models followed month by month, and what it prints."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from pipelines.cli_parts import WORK, Local, Work, out, step
from stratify.catalogue import load


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(watch)


def watch(
    months: Annotated[int, typer.Option("--months", min=1, max=120, help="mature months, the latest")] = 24,
    sample: Annotated[int, typer.Option("--sample", min=100, help="adults looked at in a month, at most")] = 20_000,
    work: Work = WORK,
    catalogue: Local = None,
) -> None:
    """Follow the served models month by month on labels that have matured, and look for drift of what they read.

    Figures and drift are written to watch/. What is breached becomes a proposal (recalibrate, roll back, look at the
    data) with its reason and the command to run; nothing is done by itself.

    Example: stratify watch --work work

    Example: stratify watch --months 36 --sample 50000
    """
    from pipelines.watch import watch_step

    with step("watch", work) as (place, say, done):
        told = done(watch_step(place, load(catalogue), say, months=months, sample=sample))
    show(told, work / "watch", out())


def show(told: Mapping[str, Any], folder: Path, console: Console) -> None:
    """Print what was followed, and each proposal; how many would come by chance is told beside."""
    span = f"{told['months'][0]} to {told['months'][-1]}" if told["months"] else "no month"
    found = f"{len(told['members'])} model(s), {span}; {len(told['proposals'])} proposal(s): {folder}"
    console.print(found, highlight=False, markup=False, soft_wrap=True)
    for one in told["proposals"]:
        console.print(f"  {one}", highlight=False, markup=False, soft_wrap=True)
    chance = sum(count for rule, count in told["expected_false_alarms"].items() if rule != "charts")
    console.print(f"  by chance alone at most: {chance:.2f}; nothing is done by itself", highlight=False, markup=False)
